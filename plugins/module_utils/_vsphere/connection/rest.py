# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vCenter's REST interface: a session, opened by the first call and handed on or closed; only reads are repeated."""

from __future__ import annotations

import contextlib
import http
import ssl
import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import (
    Bounds,
    TooLongError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    UnreachableError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.kept import REST, Slot, take
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub, scrub_data
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry, TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.tls import certificate_error
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import (
    REQUESTS,
    USER_AGENT,
    Answer,
    BoundedAdapter,
    may_pass,
    never_sent,
    retry_after,
    whole,
    wish,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    from_transport,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.logins import (
    LoginRecord,
    place_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest_errors import to_error
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    LEAVE_TIMEOUT,
    Target,
    target_of,
)

with contextlib.suppress(ImportError):  # REQUESTS tells it
    import requests
    from requests.auth import HTTPBasicAuth

# /api exists since 7.0 U2, the oldest vCenter that is supported; the older /rest is deprecated (vSphere Automation API)
_SESSION = "/api/session"
_SESSION_HEADER = "vmware-api-session-id"
_CONNECT_TIMEOUT = 30.0  # seconds
_GET_REFUSED = (404, 405)
_LOOKS_AFTER_LOST_ANSWER = 4


def outcome_unknown(error: CollectionError) -> bool:
    """True when a write may have taken effect although it failed: look before anything else."""
    return bool(error.details.get("maybe_done")) or int(error.details.get("http_status", 0)) >= 500


def write_surely(write: t.Callable[[], object], took_effect: t.Callable[[], bool], patience: Patience) -> None:
    """Write once; when the answer is lost, look whether it took effect before giving up."""
    try:
        write()
    except CollectionError as error:
        if not outcome_unknown(error):
            raise
        try:
            what = "effect of a request whose answer was lost"
            wait_for(took_effect, bool, what, patience.briefly(_LOOKS_AFTER_LOST_ANSWER))
        except WaitTimeoutError:
            raise error from None
        except CollectionError as look:
            note = f"Whether it took effect is unknown, because the look at it failed, too ({look.message})"
            raise type(error)(f"{error.message}. {note}. Rerun", **error.details) from error


def connect_rest(context: Context) -> Rest:
    """A session with the options of the group `vsphere`; the login waits for the first call."""
    require(REQUESTS)
    params = context.params
    target, place = target_of(params), place_of(params)
    slot = take(REST, [*place.values(), params["username"], params["password"]])
    return context.closing(Rest(target, params["username"], params["password"], place=place, slot=slot))


def log_out_rest(record: LoginRecord) -> None:
    """End a session that no task needs any more."""
    target = target_of({**record["place"], "username": "-", "password": "-", "request_timeout": LEAVE_TIMEOUT})
    rest = Rest(target, "-", "-", slot=Slot(data=dict(record)))
    rest._proved = True  # it must not log in again
    rest.delete("log out", _SESSION)


class Rest:
    """Calls by path. `what` completes "could not ..." in the error."""

    def __init__(
        self,
        target: Target,
        username: str,
        password: str,
        retry: Retry | None = None,
        place: t.Mapping[str, t.Any] | None = None,
        slot: Slot | None = None,
    ) -> None:
        """`place`: as of place_of, for whoever goes on with the session in the slot."""
        self._target = target
        self._login = (username, password)
        self._bounds = Bounds(target.timeout)
        self._retry = retry or Retry(within=target.timeout)
        self._place = place or {}
        self.slot = slot or Slot()
        self._id: str | None = self.slot.data.get("id")
        self._proved = False
        host = f"[{target.hostname}]" if ":" in target.hostname else target.hostname
        self._base = f"https://{host}:{target.port}"
        self._verify = target.tls.verify_mode != ssl.CERT_NONE
        self._http = requests.Session()
        self._http.trust_env = False  # no CA bundle, proxy or .netrc of the environment: SOAP does not see them either
        self._http.mount("https://", BoundedAdapter(self._bounds, target.tls))
        self._http.headers["User-Agent"] = USER_AGENT
        if target.proxy_host:
            self._http.proxies = {"https": f"http://{target.proxy_host}:{target.proxy_port}"}

    @property
    def timeout(self) -> float:
        """Seconds for a whole answer."""
        return self._bounds.seconds

    def close(self) -> None:
        """Leave the session to the next task, or log out; a session that is already gone is fine."""
        self._bounds.seconds = min(self._bounds.seconds, LEAVE_TIMEOUT)
        if self._id is not None and not self.slot.handed_on:
            with contextlib.suppress(CollectionError):
                self._call("log out", "DELETE", _SESSION)
        self._id = None
        self._http.close()
        self.slot.release()

    def get(self, what: str, path: str) -> t.Any:
        """Read; repeated after lost answers and passing failures."""
        return self._repeated(lambda: self._call(what, "GET", path))

    def ask(self, what: str, path: str, body: t.Any) -> t.Any:
        """A POST that changes nothing; repeated like a read."""
        return self._repeated(lambda: self._call(what, "POST", path, body))

    def post(self, what: str, path: str, body: t.Any) -> t.Any:
        """Write, sent once."""
        return self._call(what, "POST", path, body)

    def patch(self, what: str, path: str, body: t.Any) -> t.Any:
        """Write, sent once."""
        return self._call(what, "PATCH", path, body)

    def delete(self, what: str, path: str) -> t.Any:
        """Write, sent once."""
        return self._call(what, "DELETE", path)

    def download(self, what: str, url: str, token: str) -> bytes:
        """A file that vCenter offers to the bearer of a token.

        Only the path of the URL counts: its host can be `localhost` or a name of the appliance that is not known here.
        The method is not documented: POST is tried where GET is refused.
        """
        split = urlsplit(url)
        path = split.path + (f"?{split.query}" if split.query else "")
        if not path.startswith("/"):
            raise ApiError(f"could not {what}: vCenter gave no usable address for the file")
        headers = {"Authorization": f"Bearer {token}"}
        answer = self._exchange(what, "GET", path, None, headers, token)
        if answer.status_code in _GET_REFUSED:
            answer = self._exchange(what, "POST", path, None, headers, token)
        self._check(what, answer, token)
        return answer.content

    def _repeated(self, call: t.Callable[[], t.Any]) -> t.Any:
        def attempt() -> t.Any:
            try:
                return call()
            except CollectionError as error:
                if may_pass(error):
                    raise TryAgain(error, error.details.get("retry_after")) from error
                raise

        return self._retry.call(attempt)

    def _call(self, what: str, method: str, path: str, body: t.Any = None) -> t.Any:
        fresh = self._id is None
        answer = self._exchange(what, method, path, body, {_SESSION_HEADER: self._id or self._begin()})
        if answer.status_code == http.HTTPStatus.UNAUTHORIZED and not (fresh or self._proved):
            # the session of an earlier task has ended, so nothing was done
            answer = self._exchange(what, method, path, body, {_SESSION_HEADER: self._begin()})
        self._proved = True
        self._check(what, answer)
        return self._decoded(what, answer)

    def _begin(self) -> str:
        self.slot.drop()
        self._id = self._log_in()
        self.slot.keep({"id": self._id, "place": self._place})
        return self._id

    def _log_in(self) -> str:
        what = f"log in as {self._login[0]} to the REST interface"
        answer = self._exchange(what, "POST", _SESSION, None, {}, login=True)
        self._check(what, answer)
        found = self._decoded(what, answer)
        if not isinstance(found, str) or not found:
            raise ApiError(f"could not {what} of {self._target.hostname}: the answer contains no session")
        return found

    def _exchange(
        self,
        what: str,
        method: str,
        path: str,
        body: t.Any,
        headers: dict[str, str],
        token: str = "",
        login: bool = False,
    ) -> Answer:
        # requests would encode texts as Latin-1, and fail for all other characters
        name, password = (part.encode("utf-8") for part in self._login)
        try:
            with progress.step(what):
                answer = self._http.request(
                    method,
                    self._base + path,
                    json=body,
                    headers={"Accept": "*/*" if token else "application/json", **headers},
                    auth=HTTPBasicAuth(name, password) if login else None,
                    timeout=(min(_CONNECT_TIMEOUT, self._bounds.seconds), self._bounds.seconds),
                    # on its way to another host, requests drops the password, but not the session's own header
                    allow_redirects=False,
                    verify=self._verify,
                    stream=True,
                )
                return whole(answer, self._bounds)
        except (requests.RequestException, TooLongError) as error:
            made = from_transport(_cause(error), f"{what} on {self._target}")
            made.details["maybe_done"] = not never_sent(error)
            raise self._clean(made, token) from None  # the chain holds the request with its secrets
        except ValueError as error:  # its text may hold a header, and so the session
            said = f"could not {what} on {self._target}: the HTTP library failed ({type(error).__name__})"
            raise UnreachableError(said, maybe_done=True) from None

    def _check(self, what: str, answer: Answer, token: str = "") -> None:
        status = answer.status_code
        # which 2xx a write has is not documented (assumption rest-write-status)
        if status >= 400:
            error = to_error(f"{what} on {self._target.hostname}", status, answer.json())
            pause = retry_after(answer)
            if pause is not None:
                error.message += wish(pause)
                error.details["retry_after"] = pause
            raise self._clean(error, token)
        if status >= 300:
            raise ApiError(
                f"could not {what} on {self._target.hostname}: HTTP {status} redirects elsewhere; something "
                "between Ansible and vCenter may have sent it",
                http_status=status,
            )

    def _decoded(self, what: str, answer: Answer) -> t.Any:
        body = answer.json()
        if body is None and answer.content.strip():
            raise ApiError(
                f"could not {what} on {self._target.hostname}: the answer (HTTP {answer.status_code}) is not "
                "complete JSON; something between Ansible and vCenter may have sent it",
                http_status=answer.status_code,
                maybe_done=True,
            )
        return body

    def _clean(self, error: CollectionError, token: str) -> CollectionError:
        """The same error without the session, the token and the password."""
        secrets = [secret for secret in (self._id, token, self._login[1]) if secret]
        error.message = scrub(error.message, secrets)
        error.details = scrub_data(error.details, secrets)
        error.args = (error.message,)
        return error


def _cause(error: Exception) -> Exception:
    """The exception of the standard library below those of requests and urllib3."""
    refused = certificate_error(error)
    if isinstance(refused, Exception):
        return refused
    if isinstance(error, requests.exceptions.Timeout) or "ReadTimeoutError" in repr(error):
        return TimeoutError()
    seen: list[BaseException] = []
    todo: list[t.Any] = [error]
    while todo:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or one in seen:
            continue
        seen.append(one)
        if isinstance(one, OSError) and not isinstance(one, requests.RequestException):
            return one
        todo += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return OSError(str(error).partition(">: ")[2] or type(error).__name__)
