# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP calls to HashiCorp Vault: a token, careful retries, errors in words."""

from __future__ import annotations

import contextlib
import functools
import json
import typing as t
from urllib.parse import urlencode, urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import (
    Bounds,
    TooLongError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry, TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.tls import certificate_error, distrust
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import (
    USER_AGENT,
    Answer,
    BoundedAdapter,
    may_pass,
    never_sent,
    retry_after,
    whole,
    wish,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vault.config import Settings

with contextlib.suppress(ImportError):  # REQUESTS tells it
    import requests

_CONNECT_TIMEOUT = 20.0


class VaultClient:
    """One HTTP session; there is no login. Only reads are repeated."""

    def __init__(self, settings: Settings, retry: Retry | None = None) -> None:
        self._settings = settings
        self._retry = retry or Retry(within=settings.timeout)
        self._bounds = Bounds(settings.timeout)
        self._http = requests.Session()
        self._http.headers["User-Agent"] = USER_AGENT
        self._http.mount("https://", BoundedAdapter(self._bounds))
        self._netloc = urlsplit(settings.url).netloc

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()

    def get(self, call_path: str, params: t.Mapping[str, t.Any] | None = None) -> t.Any:
        """Read; repeated on 429, 5xx and lost answers."""
        query = f"?{urlencode(dict(params))}" if params else ""

        def attempt() -> t.Any:
            try:
                return self._send("GET", call_path + query, None)
            except CollectionError as error:
                if may_pass(error):
                    raise TryAgain(error, error.details.get("retry_after")) from error
                raise

        return self._retry.call(attempt)

    def post(self, call_path: str, body: t.Any) -> t.Any:
        """Write, sent once."""
        return self._send("POST", call_path, body)

    def delete(self, call_path: str) -> t.Any:
        """Remove, sent once."""
        return self._send("DELETE", call_path, None)

    def _send(self, method: str, call_path: str, body: t.Any) -> t.Any:
        answer = self._exchange(method, call_path, None if body is None else json.dumps(body))
        return self._decoded(f"{method} {call_path.partition('?')[0]}", answer)

    def _headers(self, text: str | None) -> dict[str, str]:
        # as Vault's own clients do: an agent or proxy of Vault can demand X-Vault-Request (require_request_header)
        headers = {"Accept": "application/json", "X-Vault-Request": "true", "X-Vault-Token": self._settings.token}
        if self._settings.namespace:
            headers["X-Vault-Namespace"] = self._settings.namespace
        return {**headers, "Content-Type": "application/json"} if text is not None else headers

    def _exchange(self, method: str, call_path: str, text: str | None) -> Answer:
        url, seconds = self._settings.url + call_path, self._settings.timeout
        # an auth of our own keeps requests from taking one out of ~/.netrc
        request = requests.Request(method, url, headers=self._headers(text), data=text, auth=lambda prepared: prepared)
        try:
            prepared = self._http.prepare_request(request)
            options = self._http.merge_environment_settings(prepared.url, {}, True, self._settings.verify, None)
            timeout = (min(_CONNECT_TIMEOUT, seconds), seconds)
            # on a redirect to another host, requests takes away Authorization only: X-Vault-Token would go along
            sending = functools.partial(self._http.send, prepared, timeout=timeout, allow_redirects=False, **options)
            with progress.step(f"{method} {urlsplit(url).path}"):
                return whole(sending(), self._bounds)
        except (requests.RequestException, TooLongError) as error:
            raise self._unreachable(method, call_path, error) from None  # the chain holds the token
        except OSError as error:
            raise InvalidInputError(f"cannot use the CA bundle {self._settings.verify}: {error}") from None
        except ValueError as error:  # its text may hold a header, and so the token
            said = f"{method} {call_path}: the HTTP library failed ({type(error).__name__})"
            raise UnreachableError(said, maybe_done=True) from None

    def _unreachable(self, method: str, call_path: str, error: Exception) -> CollectionError:
        what = f"{method} {call_path.partition('?')[0]}"
        refused = certificate_error(error)
        if refused is not None:
            why = distrust(refused, urlsplit(self._settings.url).hostname or self._netloc)
            hint = " (ca_path names the CA to trust)" if why.unknown_ca else ""
            said = f"the TLS certificate of Vault at {self._netloc} is not trusted: {self._clean(why.cause)}{hint}"
        else:
            text = str(error)
            said = f"no answer from Vault at {self._netloc}: {self._clean(text.partition('>: ')[2] or text)}"
        return UnreachableError(f"{what}: {said}", maybe_done=not never_sent(error))

    def _decoded(self, what: str, answer: Answer) -> t.Any:
        body, status = answer.json(), answer.status_code
        if status >= 400:
            error = self._error(what, status, body)
            pause = retry_after(answer)  # sent with 429 by quotas of Vault (its API page quotas-config)
            if pause is not None:
                raise type(error)(f"{error.message}{wish(pause)}", **error.details, retry_after=pause)
            raise error
        if status >= 300:
            raise ApiError(
                f"{what}: Vault at {self._netloc} redirects with {status}, as a standby node does: give the address of "
                "the active one, or of its load balancer, in url",
                http_status=status,
            )
        if body is None and answer.content.strip():
            raise ApiError(
                f"{what}: Vault at {self._netloc} answered {status} with something that is not complete JSON",
                http_status=status,
                maybe_done=True,
            )
        return body

    def _error(self, what: str, status: int, body: t.Any) -> CollectionError:
        texts = body.get("errors") if isinstance(body, dict) else None
        said = self._clean(" ".join(str(one) for one in texts)).rstrip(".") if isinstance(texts, list) else ""
        failed = f"{what} failed: Vault at {self._netloc} answered {status}" + (f", {said}" if said else "")
        if status == 403:
            why = "the token is wrong, has expired, or its policy does not allow it"
            return ForbiddenError(f"{failed}: {why}", http_status=status)
        # a secret or version that is not there has no text; a path without an engine has one
        if status == 404 and not said:
            return NotFoundError(f"{failed}: it does not exist", http_status=status)
        if status == 404:
            return ApiError(f"{failed}: check mount, namespace, and that the engine has version 2", http_status=status)
        hint = ": unseal it, or give the address of one that is" if status == 503 and "sealed" in said else ""
        return ApiError(f"{failed}{hint}", http_status=status)

    def _clean(self, text: str) -> str:
        return one_line(scrub(text, [self._settings.token]))
