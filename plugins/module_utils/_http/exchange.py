# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both HTTP clients need around `requests`: answers within bounds, and what may be said of one that failed."""

from __future__ import annotations

import contextlib
import json
import ssl
import typing as t
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import (
    Bounds,
    bound_pools,
    read_body,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import Library
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError

HTTPAdapter: t.Any = object
try:
    import requests
    from requests.adapters import HTTPAdapter
except ImportError as import_error:
    REQUESTS = Library("requests", "2.28", error=str(import_error))
else:
    REQUESTS = Library("requests", "2.28", version=requests.__version__)

USER_AGENT = "ansible-ovhcloud.vmware_encryption"
PASSING = (429, 500, 502, 503, 504)  # statuses after which the same question may be answered
_PART = 1 << 16
_LONGEST_PAUSE = 1e9  # seconds; what a header asks for beyond that is no number to count with


class Answer(t.NamedTuple):
    """A whole answer."""

    status_code: int
    headers: t.Mapping[str, str]
    content: bytes

    def json(self) -> t.Any:
        """The decoded body, None when it is not JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None


class BoundedAdapter(HTTPAdapter):  # type: ignore[misc]
    """Answers within the bounds. With a TLS context nothing else is trusted: requests would add its own CAs to it."""

    def __init__(self, bounds: Bounds, tls: ssl.SSLContext | None = None) -> None:
        self._bounds, self._tls = bounds, tls
        super().__init__()

    def init_poolmanager(self, *arguments: t.Any, **named: t.Any) -> None:
        super().init_poolmanager(*arguments, **{**named, **self._ours()})
        bound_pools(self.poolmanager, self._bounds)

    def proxy_manager_for(self, proxy: str, **named: t.Any) -> t.Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **{**named, **self._ours()})
        if not known:
            bound_pools(manager, self._bounds)
        return manager

    def cert_verify(self, *arguments: t.Any, **named: t.Any) -> None:
        if self._tls is None:
            super().cert_verify(*arguments, **named)

    def _ours(self) -> dict[str, t.Any]:
        return {} if self._tls is None else {"ssl_context": self._tls}


def whole(response: requests.Response, bounds: Bounds) -> Answer:
    """The answer with its body, which must end within the bounds."""
    with contextlib.closing(response):
        return Answer(response.status_code, response.headers, read_body(response.iter_content(_PART), bounds))


def retry_after(answer: Answer) -> float | None:
    """Seconds that the server asks for, given as such or as a date (RFC 9110, 10.2.3)."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(value)
        # by the server's own clock where it says so: ours may be wrong
        now = parsedate_to_datetime(answer.headers.get("Date", ""))
        return max(0.0, (moment - now).total_seconds())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None  # absent, or nothing that can be read


def wish(pause: float | None) -> str:
    """That pause for the end of a message, if it is worth a word."""
    return f"; it asks to wait {pause:.0f} s" if pause and pause >= 1 else ""


def api_path(template: str, *parts: t.Any) -> str:
    """A path with its parts percent-encoded, slashes and colons included: api_path("/x/{}", name)."""
    return template.format(*(quote(str(part), safe="") for part in parts))


def never_sent(error: Exception) -> bool:
    """Whether a request surely did not leave, so that a write was not carried out."""
    if isinstance(error, requests.exceptions.SSLError):
        # TLS may also break after the request was sent, or while the answer is read: only the handshake comes before
        return _failed_early(error)
    before = isinstance(error, requests.exceptions.ConnectTimeout)
    return before or "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def _failed_early(error: BaseException) -> bool:
    """Whether this, or what requests and urllib3 wrapped into it, is marked by `Connecting`.

    Not by its context: an error that is being handled meanwhile belongs to another request.
    """
    parts = (getattr(error, "reason", None), *error.args)
    inner = (part for part in parts if isinstance(part, BaseException))
    return hasattr(error, "before_request") or any(_failed_early(part) for part in inner)


def may_pass(error: CollectionError) -> bool:
    """Whether a read that failed like this is worth repeating: its answer was lost, or the server was busy."""
    return bool(error.details.get("maybe_done")) or error.details.get("http_status") in PASSING
