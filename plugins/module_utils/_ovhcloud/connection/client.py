# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP calls to the OVHcloud API: signing, paging, careful retries, errors with their query id."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import time
import typing as t
from urllib.parse import quote, urlencode

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import sendable
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.kept import OVHCLOUD, Slot, take
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry, TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import (
    PASSING,
    REQUESTS,
    Answer,
    may_pass,
    retry_after,
    wish,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    AccessToken,
    ApplicationKey,
    ServiceAccount,
    Settings,
    load,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    CredentialInvalidError,
    Failure,
    credential_hint,
    extended,
    one_line,
    query_note,
    to_error,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.transport import (
    RequestSigner,
    Transport,
    query_id,
)

# the most that the regional API serves (swagger of OKMS); of this one it is unknown (assumption list-page-maximum)
PAGE_SIZE = 100
_RENEW_BEFORE = 30.0  # seconds of life that a token must have left
_END_OF_TIME = 253402300800  # the year 10000


def query(params: t.Mapping[str, t.Any] | None) -> str:
    """The query string with its question mark: booleans in lower case, lists repeated, without None."""
    pairs: list[tuple[str, str]] = []
    for name, value in (params or {}).items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is not None:
                pairs.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
    return "?" + urlencode(pairs, quote_via=quote, safe="") if pairs else ""


def join_url(base_url: str, call_path: str) -> str:
    """The full URL; a path with its own version drops the version of the base."""
    if call_path.startswith(("/v1/", "/v2/")):
        for version in ("/1.0", "/v1"):
            if base_url.endswith(version):
                base_url = base_url[: -len(version)]
    return base_url + call_path


def connect(context: Context) -> Client:
    """A client for the options of the module; closed when the module ends."""
    require(REQUESTS)
    settings = load(context.params)
    for problem in settings.unread:
        context.warn(f"{problem} and is ignored")
    credentials = settings.credentials
    who = [type(credentials).__name__, *dataclasses.astuple(credentials)]
    return context.closing(Client(settings, slot=take(OVHCLOUD, [settings.base_url, settings.verify, *who])))


class Client:
    """One session with the API. Only reads are repeated by themselves, and only as long as one answer may take."""

    def __init__(self, settings: Settings, retry: Retry | None = None, slot: Slot | None = None) -> None:
        """`slot`: where the token and the difference of the clocks come from, and are left for the next task."""
        self.settings = settings
        self._slot = slot or Slot()
        self._retry = retry or Retry(within=settings.timeout)
        self._transport = Transport(settings, self._clean)
        self._delta: float | None = self._slot.data.get("delta")
        self._token: tuple[str, float] | None = self._slot.data.get("token")

    def close(self) -> None:
        """Drop the connections; there is no session on the other side."""
        self._transport.close()
        self._slot.keep({"delta": self._delta, "token": self._token})
        self._slot.release()

    def get(
        self,
        call_path: str,
        params: t.Mapping[str, t.Any] | None = None,
        headers: t.Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> t.Any:
        """Read; repeated on 429, 5xx and lost connections. anonymous=True: a public route, needs no credentials."""
        return self._read("GET", call_path + query(params), headers=headers, authenticated=not anonymous)[0]

    def get_with(self, call_path: str, headers: t.Mapping[str, str]) -> tuple[t.Any, t.Mapping[str, str]]:
        """Read with more headers; the answer and its headers."""
        body, answer = self._read("GET", call_path, headers=headers)
        return body, answer.headers

    def ask(self, call_path: str, body: t.Any) -> tuple[t.Any, int]:
        """A POST that only asks, repeated like a read; the answer and its HTTP status."""
        found, answer = self._read("POST", call_path, body)
        return found, int(answer.status_code)

    def get_all(self, call_path: str, params: t.Mapping[str, t.Any] | None = None) -> list[t.Any]:
        """All items of a v2 list, over all its pages."""
        items: list[t.Any] = []
        headers = {"X-Pagination-Size": str(PAGE_SIZE)}
        cursors: set[str] = set()
        while True:
            page, answer = self._read("GET", call_path + query(params), headers=headers)
            if not isinstance(page, list):
                raise ApiError(f"GET {call_path}: OVHcloud answered something that is not a list")
            items.extend(page)
            cursor = answer.headers.get("X-Pagination-Cursor-Next")
            if not cursor:
                return items
            if cursor in cursors:
                raise ApiError(f"GET {call_path}: OVHcloud gave the same page cursor twice after {len(items)} items")
            cursors.add(cursor)
            headers["X-Pagination-Cursor"] = cursor

    def post(self, call_path: str, body: t.Any = None, read: bool = False) -> t.Any:
        """Write, sent once. read=True: a POST that only asks, repeated like a read."""
        # Not even on 429: OVHcloud does not say that nothing was done then. A second POST could order, pay or issue
        # twice, and a rerun looks first; a second PUT or DELETE only has the same effect again.
        if read:
            return self._read("POST", call_path, body)[0]
        return self._send("POST", call_path, body)[0]

    def put(self, call_path: str, body: t.Any) -> t.Any:
        """Write; repeated only on 429: even if something was done then, a second one has the same effect."""
        return self._unless_busy("PUT", call_path, body)

    def patch(self, call_path: str, body: t.Any) -> t.Any:
        """Write; repeated only on 429: even if something was done then, a second one has the same effect."""
        return self._unless_busy("PATCH", call_path, body)

    def delete(self, call_path: str) -> t.Any:
        """Write; repeated only on 429: even if something was done then, a second one has the same effect."""
        return self._unless_busy("DELETE", call_path, None)

    def now(self) -> datetime.datetime:
        """The API's clock (UTC): the clock of the runner may be wrong."""
        return datetime.datetime.fromtimestamp(self._timestamp(), tz=datetime.timezone.utc)

    def clock_offset(self) -> float:
        """Seconds by which the API's clock is ahead of the control node's."""
        self._timestamp()
        return float(self._delta or 0.0)

    def _timestamp(self) -> int:
        # a signature needs the API's time: the clock here is corrected by the difference, as in python-ovh
        if self._delta is None:
            seconds = self._read("GET", "/auth/time", authenticated=False)[0]
            if not isinstance(seconds, int) or not 0 < seconds < _END_OF_TIME:
                raise ApiError("GET /auth/time: OVHcloud answered something that is not a time")
            self._delta = seconds - time.time()
        return int(time.time() + self._delta)

    def _read(
        self,
        method: str,
        call_path: str,
        body: t.Any = None,
        headers: t.Mapping[str, str] | None = None,
        authenticated: bool = True,
    ) -> tuple[t.Any, Answer]:
        def attempt() -> tuple[t.Any, Answer]:
            try:
                return self._send(method, call_path, body, headers, authenticated)
            except CollectionError as error:
                if may_pass(error):
                    raise TryAgain(error, error.details.get("retry_after")) from error
                raise

        return self._retry.call(attempt)

    def _unless_busy(self, method: str, call_path: str, body: t.Any) -> t.Any:
        def attempt() -> t.Any:
            try:
                return self._send(method, call_path, body)[0]
            except CollectionError as error:
                if error.details.get("http_status") == 429:
                    raise TryAgain(error, error.details.get("retry_after")) from error
                raise

        return self._retry.call(attempt)

    def _send(
        self,
        method: str,
        call_path: str,
        body: t.Any = None,
        headers: t.Mapping[str, str] | None = None,
        authenticated: bool = True,
    ) -> tuple[t.Any, Answer]:
        """One call, and once more when the token or the time in its signature was refused and can be renewed."""
        url = join_url(self.settings.base_url, call_path)
        text = None if body is None else json.dumps(body, separators=(",", ":"))
        all_headers = {"Accept": "application/json", **(headers or {})}
        if text is not None:
            all_headers["Content-Type"] = "application/json"
        identity: RequestSigner | None = self._identity if authenticated else None
        answer = self._transport.exchange(method, url, text, all_headers, identity)
        if authenticated and self._stale(answer):
            self._token = self._delta = None
            answer = self._transport.exchange(method, url, text, all_headers, identity)
        return self._decode(method, call_path.partition("?")[0], answer), answer

    def _stale(self, answer: Answer) -> bool:
        """Whether the call was refused, and not carried out, for a token or a clock that went wrong in mid-run."""
        if isinstance(self.settings.credentials, ServiceAccount):
            return answer.status_code == 401
        body = answer.json()
        # how far the time in a signature may be off is unknown (assumption signature-window)
        timed_out = isinstance(body, dict) and body.get("errorCode") == "QUERY_TIME_OUT"
        return timed_out and isinstance(self.settings.credentials, ApplicationKey)

    def _identity(self, method: str, url: str, body: str) -> dict[str, str]:
        credentials = self.settings.credentials
        if isinstance(credentials, ApplicationKey):
            return signed_headers(credentials, method, url, body, self._timestamp())
        if isinstance(credentials, AccessToken):
            return bearer_headers(credentials.access_token)
        if self._token is None or self._token[1] <= time.monotonic():
            self._token = self._retry.call(lambda: self._new_token(credentials))
        return bearer_headers(self._token[0])

    def _new_token(self, account: ServiceAccount) -> tuple[str, float]:
        """A new token and the monotonic time, which all processes of a computer share, until which it is used."""
        form = {"grant_type": "client_credentials", "client_id": account.client_id, "scope": "all"}
        text = urlencode({**form, "client_secret": account.client_secret})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        shown = f"OAuth2 token from {account.token_url} for {account.client_id}"
        try:
            answer = self._transport.exchange("POST", account.token_url, text, headers, None)
        except UnreachableError as error:
            if error.details.get("maybe_done"):
                # a POST, and repeated nevertheless: one token more changes nothing
                raise TryAgain(error) from error
            raise
        body = answer.json()
        if answer.status_code in PASSING:
            note = query_note(query_id(answer))
            pause = retry_after(answer)
            raise TryAgain(ApiError(f"{shown}: answered {answer.status_code}{wish(pause)}{note}"), pause)
        token = body.get("access_token") if isinstance(body, dict) else None
        if answer.status_code < 400 and not (isinstance(token, str) and token):
            kind = one_line(answer.headers.get("Content-Type", "").partition(";")[0]) or "no content type"
            said = f"{shown}: answered {answer.status_code} without a token ({kind}): check token_url"
            raise ApiError(said + query_note(query_id(answer)), http_status=answer.status_code)
        if answer.status_code >= 400 or not isinstance(body, dict):
            reason = body.get("error_description") or body.get("error") if isinstance(body, dict) else None
            said = f", {self._clean(str(reason))}" if reason else ""
            raise AuthenticationError(
                f"{shown}: refused with {answer.status_code}{said}: check client_id, client_secret and token_url"
                + query_note(query_id(answer)),
                http_status=answer.status_code,
            )
        expires_in = body.get("expires_in")
        # without a time that can be read it is used until it is refused
        life = float(max(0, min(expires_in, _END_OF_TIME))) if isinstance(expires_in, (int, float)) else _END_OF_TIME
        if not sendable(str(token)):
            raise ApiError(f"{shown}: the answer holds a token with characters that HTTP cannot send")
        return str(token), time.monotonic() + max(0.0, life - _RENEW_BEFORE)

    def _decode(self, method: str, call_path: str, answer: Answer) -> t.Any:
        body = answer.json()
        call_id = query_id(answer)
        content_type = one_line(answer.headers.get("Content-Type", "").partition(";")[0])
        if answer.status_code >= 400:
            failure = Failure(method, call_path, answer.status_code, body, call_id, content_type)
            error = to_error(failure)
            if isinstance(error, CredentialInvalidError):
                error = self._explain(call_path, error)
            pause = retry_after(answer)
            if pause is not None:
                error = extended(error, f"{error.message}{wish(pause)}", retry_after=pause)
            raise error
        if answer.status_code >= 300:
            raise ApiError(
                f"{method} {call_path}: the endpoint redirects with {answer.status_code}, which an API never does: "
                f"check endpoint{query_note(call_id)}",
                http_status=answer.status_code,
            )
        # any 2xx will do, with null or nothing when there is no result (assumptions post-status, void-answer)
        if body is None and answer.content.strip() not in (b"", b"null"):
            raise ApiError(
                f"{method} {call_path}: OVHcloud answered {answer.status_code} with something that is not complete "
                f"JSON ({content_type or 'no content type'}){query_note(call_id)}",
                http_status=answer.status_code,
                maybe_done=True,
                **({"query_id": call_id} if call_id else {}),
            )
        return body

    def _explain(self, call_path: str, error: CollectionError) -> CollectionError:
        """The same refusal with its reason, when the API tells the status of the consumer key."""
        if call_path == "/auth/currentCredential" or not isinstance(self.settings.credentials, ApplicationKey):
            return error
        try:
            # an invalid key may not even read its own status (assumption credential-status-readable)
            status = self._send("GET", "/auth/currentCredential")[0]
        except CollectionError:
            return error  # the first refusal says all that is known
        if not isinstance(status, dict):
            return error
        hint = credential_hint(str(status.get("status")), one_line(str(status.get("expiration") or "")))
        return CredentialInvalidError(f"{error.message}: {hint}", **error.details)

    def _clean(self, text: str) -> str:
        token = [self._token[0]] if self._token else []
        return scrub(one_line(text), [*self.settings.secrets(), *token])


def signature(secret: str, consumer_key: str, method: str, url: str, body: str, timestamp: int) -> str:
    """Signature v1 over the exact URL and body that are sent."""
    text = "+".join((secret, consumer_key, method.upper(), url, body, str(timestamp)))
    # the API's own scheme asks for SHA-1
    return "$1$" + hashlib.sha1(text.encode("utf-8")).hexdigest()  # nosec B324


def signed_headers(key: ApplicationKey, method: str, url: str, body: str, timestamp: int) -> dict[str, str]:
    """Headers of a call with an application key; `timestamp` in seconds of the API's clock."""
    return {
        "X-Ovh-Application": key.application_key,
        "X-Ovh-Consumer": key.consumer_key,
        "X-Ovh-Timestamp": str(timestamp),
        "X-Ovh-Signature": signature(key.application_secret, key.consumer_key, method, url, body, timestamp),
    }


def bearer_headers(token: str) -> dict[str, str]:
    """Headers of a call with an OAuth2 or static token."""
    return {"Authorization": f"Bearer {token}"}
