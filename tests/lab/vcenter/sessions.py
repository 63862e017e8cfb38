# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins. Privileges are those of the moment of the login: a right given later needs a new one."""

from __future__ import annotations

import contextvars
import dataclasses
import datetime
import typing as t
import uuid

from pyVmomi import vim

from . import errors, vmomi
from .dispatcher import Call, operation

if t.TYPE_CHECKING:
    from .core import Core

COOKIE = "vmware_soap_session"
EVERYTHING = "*"  # in a set of privileges: all of them
SOAP, REST = "soap", "rest"

_current: contextvars.ContextVar[Session | None] = contextvars.ContextVar("vcenter_session", default=None)


class TooManySessionsError(Exception):
    """The vCenter takes no further session; it answers 503 before any SOAP."""


@dataclasses.dataclass
class Session:
    """One login. `cookie` is the secret, `key` the public name."""

    key: str
    cookie: str
    user: str
    privileges: frozenset[str]
    login_time: datetime.datetime
    last_active: datetime.datetime
    ip: str = "127.0.0.1"
    agent: str = ""
    calls: int = 0
    kind: str = SOAP

    def may(self, privilege: str | None) -> bool:
        """Whether the session has the privilege; the System ones come with the login."""
        if not privilege or privilege.startswith("System."):
            return True
        return EVERYTHING in self.privileges or privilege in self.privileges

    def as_data(self) -> t.Any:
        """The vSphere form."""
        return vim.UserSession(
            key=self.key,
            userName=self.user,
            fullName=self.user,
            loginTime=self.login_time,
            lastActiveTime=self.last_active,
            locale="en",
            messageLocale="en",
            extensionSession=False,
            ipAddress=self.ip,
            userAgent=self.agent,
            callCount=self.calls,
        )


class Sessions:
    """The sessions in force and the methods of SessionManager."""

    def __init__(self, core: Core, authenticate: t.Callable[[str, str], t.Iterable[str] | None]) -> None:
        self._core = core
        self._authenticate = authenticate
        self._by_cookie: dict[tuple[str, str], Session] = {}
        self.on_start: list[t.Callable[[Session], None]] = []
        self.on_end: list[t.Callable[[Session], None]] = []
        self.policy: t.Callable[[], tuple[int, str]] = lambda: (0, "first")
        core.store.add(
            vim.SessionManager("SessionManager"),
            self,
            {
                "currentSession": lambda _self: _data(_current.get()),
                "sessionList": lambda own: own._visible(),
                "defaultLocale": lambda _self: "en",
                "supportedLocaleList": lambda _self: ["en"],
                "messageLocaleList": lambda _self: ["en"],
            },
        )

    def active(self) -> list[Session]:
        """All sessions."""
        with self._core.lock:
            return list(self._by_cookie.values())

    def find(self, cookie: str | None, kind: str = SOAP) -> Session | None:
        """The session of a cookie, or of a session id of REST; one that was idle for too long is ended."""
        with self._core.lock:
            session = self._by_cookie.get((kind, cookie or ""))
            limit = self._core.settings.idle_timeout
            if session and limit and (self._core.clock.now() - session.last_active).total_seconds() > limit:
                self.end(session)
                return None
            return session

    def use(self, session: Session | None) -> None:
        """Make this the session of the request at hand."""
        _current.set(session)
        if session:
            session.calls += 1
            session.last_active = self._core.clock.now()

    def end(self, session: Session) -> None:
        """End a session and what belongs to it."""
        with self._core.lock:
            self._by_cookie.pop((session.kind, session.cookie), None)
            for listener in self.on_end:
                listener(session)

    def end_all(self) -> None:
        """Cut every session, as a restart of the vCenter does."""
        for session in self.active():
            self.end(session)

    def _visible(self) -> list[t.Any]:
        session = _current.get()
        if session is None or not session.may("Sessions.TerminateSession"):
            raise errors.no_permission(vim.SessionManager("SessionManager"), "Sessions.TerminateSession")
        return [other.as_data() for other in self.active()]

    @operation("Login", kind="login", blocking=True)
    def login(self, call: Call) -> t.Any:
        """Check name and password with the lab; a cookie that is already logged in is refused."""
        user, password = call.arguments.get("userName", ""), call.arguments.get("password", "")
        session = None
        if not self.find(call.cookie):
            session = self.open(user, password, call.cookie, call.peer, call.agent)
        if session is None:
            raise vim.fault.InvalidLogin(msg="Cannot complete login due to an incorrect user name or password.")
        return session.as_data()

    def open(self, user: str, password: str, cookie: str, peer: str, agent: str, kind: str = SOAP) -> Session | None:
        """A new session, None when the lab does not know name and password; call it without the lock."""
        privileges = self._authenticate(user, password)
        if privileges is None:
            return None
        now = self._core.clock.now()
        granted = frozenset(privileges)
        session = Session(str(uuid.uuid4()), cookie, user, granted, now, now, peer, agent, calls=1, kind=kind)
        with self._core.lock:
            self._make_room()
            self._by_cookie[kind, cookie] = session
            for listener in self.on_start:
                listener(session)
        return session

    def _make_room(self) -> None:
        """A private cloud's limit of sessions logs out the oldest (`first`), or lets nobody else in (`last`)."""
        limit, who = self.policy()
        if limit and len(self._by_cookie) >= limit and who == "first":
            self.end(min(self._by_cookie.values(), key=lambda session: session.login_time))
        if len(self._by_cookie) >= (limit or self._core.settings.session_limit):
            raise TooManySessionsError

    @operation("Logout", kind="logout")
    def logout(self, call: Call) -> None:
        """End the session at hand."""
        self.end(call.session)

    @operation("SessionIsActive")
    def is_active(self, call: Call) -> bool:
        """Whether a session with that key and user exists."""
        wanted = (call.arguments["sessionID"], call.arguments["userName"])
        return any((session.key, session.user) == wanted for session in self.active())

    @operation("TerminateSession", kind="write")
    def terminate(self, call: Call) -> None:
        """End other sessions by their key."""
        by_key = {session.key: session for session in self.active()}
        for key in call.arguments["sessionId"]:
            if key not in by_key:
                raise vim.fault.NotFound(msg="The object or item referred to could not be found.")
            if key == call.session.key:
                raise errors.invalid_argument("sessionId")
            self.end(by_key[key])

    @operation("SetLocale")
    def set_locale(self, call: Call) -> None:
        """Only English is spoken here."""
        if not call.arguments["locale"].lower().startswith("en"):
            raise vim.fault.InvalidLocale(msg="The locale is invalid or unknown to the server.")


def _data(session: Session | None) -> t.Any:
    return session.as_data() if session else None


def current() -> Session:
    """The session of the request at hand."""
    session = _current.get()
    if session is None:
        raise errors.not_authenticated(vim.ServiceInstance("ServiceInstance"))
    return session


def cookie_in(header: str | None, wanted: str = COOKIE) -> str | None:
    """The session id in a Cookie header; pyVmomi sends back the whole Set-Cookie value, quoted or not."""
    for part in (header or "").split(";"):
        name, _equals, value = part.strip().partition("=")
        if name == wanted:
            return value.strip().strip('"') or None
    return None


def new_cookie() -> str:
    """A fresh session id."""
    return uuid.uuid4().hex + uuid.uuid4().hex[:8]


def set_cookie(cookie: str) -> dict[str, str]:
    """The header that hands it out."""
    return {"Set-Cookie": f'{COOKIE}="{cookie}"; Path=/; HttpOnly; Secure;'}


def describe_target(reference: t.Any) -> str:
    """type:moid, for the journal."""
    return f"{vmomi.wire_name(reference)}:{vmomi.moid(reference)}" if reference is not None else ""
