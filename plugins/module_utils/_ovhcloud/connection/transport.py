# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP exchange with OVHcloud that ends in time, and what its answer holds."""

from __future__ import annotations

import contextlib
import functools
import socket
import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import (
    Bounds,
    TooLongError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.tls import certificate_error, distrust
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import (
    USER_AGENT,
    Answer,
    BoundedAdapter,
    never_sent,
    whole,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import Settings
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import one_line

with contextlib.suppress(ImportError):  # REQUESTS tells it
    import requests

_CONNECT_TIMEOUT = 20.0

RequestSigner = t.Callable[[str, str, str], "dict[str, str]"]


class Transport:
    """One HTTP session. `clean` makes a text from outside fit for a message."""

    def __init__(self, settings: Settings, clean: t.Callable[[str], str]) -> None:
        self._settings = settings
        self._clean = clean
        self._bounds = Bounds(settings.timeout)
        self._http: requests.Session | None = None

    def close(self) -> None:
        """Drop the connections; there is no session on the other side."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def exchange(
        self, method: str, url: str, body: str | None, headers: dict[str, str], identity: RequestSigner | None
    ) -> Answer:
        """Send once, read the whole answer. In what is raised, maybe_done says whether it may have been carried out."""

        def sign(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
            # also without identity: an `auth` of our own keeps requests from taking one out of ~/.netrc
            # signed after preparing: the signature covers URL and body exactly as they are sent (python-ovh)
            if identity is not None:
                prepared.headers.update(identity(method, str(prepared.url), body or ""))
            return prepared

        session = self._session()
        request = requests.Request(method, url, headers=headers, data=body, auth=sign)
        seconds = self._settings.timeout
        try:
            prepared = session.prepare_request(request)
            options = session.merge_environment_settings(prepared.url, {}, True, self._settings.verify, None)
            timeout = (min(_CONNECT_TIMEOUT, seconds), seconds)
            # on a redirect to another host, requests takes away Authorization only: X-Ovh headers would go along
            sending = functools.partial(session.send, prepared, timeout=timeout, allow_redirects=False, **options)
            with progress.step(f"{method} {urlsplit(url).path}"):
                return whole(sending(), self._bounds)
        except (requests.RequestException, TooLongError) as error:
            raise self._unreachable(method, url, error) from error
        except OSError as error:
            raise InvalidInputError(f"cannot use the CA bundle {self._settings.verify}: {error}") from error
        except ValueError as error:  # its text and its chain may hold a header, and so a secret
            said = f"{method} {urlsplit(url).path}: the HTTP library failed ({type(error).__name__})"
            raise UnreachableError(said, maybe_done=True) from None

    def _session(self) -> requests.Session:
        if self._http is None:
            self._http = requests.Session()
            self._http.headers["User-Agent"] = USER_AGENT
            self._http.mount("https://", BoundedAdapter(self._bounds))
        return self._http

    def _unreachable(self, method: str, url: str, error: Exception) -> CollectionError:
        """The error of a call without an answer; maybe_done says whether it may have been carried out."""
        split = urlsplit(url)
        cause = _innermost(error)
        if isinstance(cause, TooLongError):
            made = ApiError(f"{method} {split.path}: cannot read what {split.netloc} sends: {cause}", maybe_done=True)
            made.given_up = True  # it would be as long again
            return made
        refused = certificate_error(error)
        if refused is not None:
            why = distrust(refused, split.hostname or split.netloc)
            hint = " (ca_path names the CA to trust)" if why.unknown_ca else ""
            said = f"the TLS certificate of {split.netloc} is not trusted: {self._clean(why.cause)}{hint}"
        else:
            said = f"no answer from {split.netloc}: {self._reason(error, cause)}"
        return UnreachableError(f"{method} {split.path}: {said}", maybe_done=not never_sent(error))

    def _reason(self, error: Exception, cause: t.Any) -> str:
        if isinstance(error, requests.exceptions.ConnectTimeout):
            return f"no connection within {min(_CONNECT_TIMEOUT, self._settings.timeout):g} s"
        if isinstance(cause, socket.timeout) or "Timeout" in type(cause).__name__:
            return f"none that is complete within {self._settings.timeout:g} s (option timeout)"
        text = str(cause) or type(cause).__name__
        return self._clean(text.partition(">: ")[2] or text)  # without the memory addresses of urllib3's texts


def query_id(answer: Answer) -> str | None:
    """The id by which OVHcloud's support finds the call."""
    value = answer.headers.get("X-Ovh-QueryID") or answer.headers.get("X-OVH-Query-ID")
    return one_line(value) if value else None


def _innermost(error: Exception) -> t.Any:
    cause: t.Any = error
    for _depth in range(10):
        inner = getattr(cause, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((part for part in getattr(cause, "args", ()) if isinstance(part, BaseException)), None)
        if inner is None:
            break
        cause = inner
    return cause
