# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login to vCenter: negotiated version, typed errors, handed on to the next task of the run or logged out."""

from __future__ import annotations

import contextlib
import datetime
import functools
import http.client
import os
import ssl
import typing as t
import xml.etree.ElementTree

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import (
    Bounds,
    Response,
    UnpackingResponse,
    bounded,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require, version_tuple
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    InvalidInputError,
    UnreachableError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host, check_port
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.kept import SOAP, Slot, take
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.tls import names_only_in_san
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.logins import (
    KnownServices,
    LoginRecord,
    place_of,
    record_of,
    resume,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    PYVMOMI,
    GetServiceVersions,
    SoapStubAdapter,
    moid_of,
    versionIdMap,
    vim,
)

_CONNECT_TIMEOUT = 30.0  # seconds; a wrong address must not hang the run
_IDLE_TIMEOUT = 60  # seconds; vCenter closes idle connections, and one that it closed must not be used again
LEAVE_TIMEOUT = 10.0  # seconds; a vCenter that hangs must not hold a run that is over
_LONGEST_VERSIONS = 1 << 20  # bytes of the version file
_VERSIONS_PATH = "/sdk/vimServiceVersions.xml"
_OLDEST = "7.0.2"  # the first with native key providers, and with REST at /api (vSphere Automation API)
_WITH_SOAP = (http.HTTPStatus.OK, http.HTTPStatus.INTERNAL_SERVER_ERROR)  # a fault has 500 (SOAP 1.1, section 6.2)
_XML = ("text/xml", "application/xml", "application/soap+xml")

_T = t.TypeVar("_T")


class Session:
    """A logged-in session. Reading an attribute of a managed object is a request: pass it through `fetch`."""

    def __init__(
        self,
        hostname: str,
        stub: t.Any,
        content: t.Any,
        version: str,
        stub_of: t.Callable[[str, str], t.Any],
        bounds: Bounds,
    ) -> None:
        self.bounds = bounds
        self.hostname = hostname
        self.content = content
        self.version = version
        self._stub = stub
        self._stub_of = stub_of
        self._others: list[t.Any] = []
        self.slot = Slot()

    def log_in(self, params: t.Mapping[str, t.Any]) -> None:
        """Log in with the options of the group `vsphere`, and leave the login to the next task if there can be one."""
        user = params["username"]
        self.call(f"log in as {user}", self.content.sessionManager.Login, user, params["password"], None)
        self.slot.keep(record_of(self.content, self._stub, place_of(params)))

    def go_on(self, params: t.Mapping[str, t.Any]) -> None:
        """Use the login that an earlier task left in the slot; the first call renews one that has ended."""
        self._stub.InvokeMethod = functools.partial(self._first, params, self._stub.InvokeMethod)

    def _first(
        self, params: t.Mapping[str, t.Any], invoke: t.Callable[..., _T], *arguments: t.Any, **named: t.Any
    ) -> _T:
        del self._stub.InvokeMethod
        try:
            return invoke(*arguments, **named)
        except vim.fault.NotAuthenticated:  # so it was not carried out, and may be repeated
            self.slot.drop()
            self.log_in(params)
            return invoke(*arguments, **named)

    @property
    def retry(self) -> Retry:
        """For reads during long work, which outlive short losses of the connection and one request that hangs."""
        return Retry(within=2 * self.bounds.seconds)

    @property
    def vcenter_id(self) -> str:
        """Instance UUID of this vCenter, which every installation has its own of; empty when it does not tell."""
        return str(getattr(self.content.about, "instanceUuid", None) or "").lower()

    @property
    def crypto(self) -> t.Any:
        """vCenter's CryptoManagerKmip."""
        return self.content.cryptoManager

    def call(self, what: str, method: t.Callable[..., _T], *arguments: t.Any, **named: t.Any) -> _T:
        """Call a method of a managed object; `what` completes "could not ..." in the error."""
        with errors.translated(f"{what} on {self.hostname}"):
            return method(*arguments, **named)

    def needed(self, what: str, method: t.Callable[..., _T | None], *arguments: t.Any, **named: t.Any) -> _T:
        """The same for a method that always answers something."""
        answer = self.call(what, method, *arguments, **named)
        if answer is None:
            raise errors.UnreadableAnswerError(f"could not {what} on {self.hostname}: the answer is empty")
        return answer

    def fetch(self, what: str, managed_object: t.Any, name: str) -> t.Any:
        """Read one property of a managed object: one request."""
        try:
            return self.call(what, getattr, managed_object, name)
        except AttributeError:  # pyVmomi's word for an answer that holds something else
            raise errors.UnreadableAnswerError(f"could not {what} on {self.hostname}: the answer lacks it") from None

    def require(self, minimum: str, feature: str) -> None:
        """Raise UnsupportedError when the negotiated version is older: pyVmomi drops newer fields without a word."""
        if version_tuple(self.version) < version_tuple(minimum):
            raise UnsupportedError(
                f"{feature} needs vCenter {minimum} or newer; {self.hostname} speaks {self.version}",
                required=minimum,
                found=self.version,
            )

    def object(self, kind: t.Callable[[str, t.Any], t.Any], moid: str) -> t.Any:
        """A managed object by its id, which may not exist; no request."""
        return kind(moid, self._stub)

    def now(self) -> datetime.datetime:
        """vCenter's clock, which judges certificates."""
        instance = vim.ServiceInstance("ServiceInstance", self._stub)
        moment = self.needed("read the time", instance.CurrentTime)
        return t.cast(datetime.datetime, moment).astimezone(datetime.timezone.utc)

    def service(self, path: str, version: str, login_in_header: bool = False) -> t.Any:
        """A stub for another SOAP service of this vCenter, in the same login; `version` is a pyVmomi version name.

        Some services take the login from the SOAP header and not from the cookie.
        """
        if "InvokeMethod" in vars(self._stub):
            self.now()  # a session that has ended would be renewed here only
        stub = self._stub_of(path, version)
        stub.cookie = self._stub.cookie
        if login_in_header:
            session_id = self._stub.GetSessionId()
            if not session_id:
                raise UnreachableError(
                    f"could not use the service {path} of {self.hostname}: the login gave no session"
                )
            stub.requestContext = {"vcSessionCookie": session_id}
        self._others.append(stub)
        return stub

    def own(self, managed_object: t.Any) -> t.Any:
        """The same object, reached here: other services return objects (tasks) that only this one knows."""
        return type(managed_object)(moid_of(managed_object), self._stub)

    def close(self) -> None:
        """Leave the login to the next task, or log out; a session that is already gone is fine."""
        self.bounds.seconds = min(self.bounds.seconds, LEAVE_TIMEOUT)
        for stub in (self._stub, *self._others):
            stub.schemeArgs["timeout"] = self.bounds.seconds
        if not self.slot.handed_on:
            with contextlib.suppress(CollectionError):
                self.call("log out", self.content.sessionManager.Logout)
        for stub in (self._stub, *self._others):
            stub.DropConnections()
        self.slot.release()


class Target(t.NamedTuple):
    """Where vCenter is and how to get there."""

    hostname: str
    port: int
    proxy_host: str | None
    proxy_port: int
    tls: ssl.SSLContext
    timeout: float = 300.0  # seconds for a whole answer

    def __str__(self) -> str:
        proxy = f" through the proxy {self.proxy_host}:{self.proxy_port}" if self.proxy_host else ""
        return f"{self.hostname}:{self.port}{proxy}"


def target_of(params: t.Mapping[str, t.Any]) -> Target:
    """Where the options of the group `vsphere` point to; InvalidInputError names what is missing."""
    missing = [name for name in ("hostname", "username", "password") if not given(params.get(name))]
    if missing:
        raise InvalidInputError(
            f"missing connection options: {', '.join(missing)} (or VMWARE_HOST, VMWARE_USER, VMWARE_PASSWORD)"
        )
    proxy_host = (given(params.get("proxy_host")) or "").strip()
    return Target(
        check_host("hostname", params["hostname"]),
        check_port("port", params["port"]),
        check_host("proxy_host", proxy_host) if proxy_host else None,
        check_port("proxy_port", params.get("proxy_port") or 3128),
        tls_context(params["validate_certs"], given(params.get("ca_path"))),
        _positive("request_timeout", params["request_timeout"]),
    )


def _positive(option: str, seconds: float) -> float:
    if seconds <= 0:
        raise InvalidInputError(f"{option}: {seconds:g} is not a positive number of seconds")
    return float(seconds)


def connect(context: Context) -> Session:
    """Log in with the options of the group `vsphere`, or go on with the login of an earlier task of this run.

    When the module ends, the login is left to the next task; without one, as for a program of its own, it is ended.
    """
    require(PYVMOMI)
    params = context.params
    target = target_of(params)
    slot = take(SOAP, [*place_of(params).values(), params["username"], params["password"]])
    try:
        session = _known(target, slot.data) if slot.data else _open(target)
    except BaseException:
        slot.release()
        raise
    session.slot = slot
    context.closing(session)
    if slot.data:
        session.go_on(params)
    else:
        check_server(session)
        session.log_in(params)
    return session


def log_out_soap(record: LoginRecord) -> None:
    """End a login that no task needs any more."""
    target = target_of({**record["place"], "username": "-", "password": "-", "request_timeout": LEAVE_TIMEOUT})
    session = _known(target, record)
    session.call("log out", session.content.sessionManager.Logout)


class _SoapResponse(UnpackingResponse):
    """An answer that is refused when it calls itself something else than XML.

    pyVmomi takes the page of a proxy for an empty answer: an inventory without VMs, a change that was made.
    """

    def begin(self) -> None:
        """Read status and headers."""
        super().begin()
        kind = (self.getheader("Content-Type") or _XML[0]).partition(";")[0].strip().lower()
        if self.status in _WITH_SOAP and kind not in _XML:
            raise http.client.HTTPException(
                f"not SOAP but {errors.one_line(kind)}; something between Ansible and vCenter may have sent it"
            )


def _stub_of(target: Target, bounds: Bounds, path: str, version: str) -> t.Any:
    stub = SoapStubAdapter(
        host=target.hostname,
        port=target.port,
        version=version,
        path=path,
        sslContext=target.tls,
        httpProxyHost=target.proxy_host,
        httpProxyPort=target.proxy_port,
        httpConnectionTimeout=target.timeout,
        connectionPoolTimeout=_IDLE_TIMEOUT,
    )
    stub.scheme = functools.partial(_connection, stub.scheme, bounded(_SoapResponse, bounds))
    return stub


def _connection(kind: t.Callable[..., t.Any], answers: type[Response], *arguments: t.Any, **named: t.Any) -> t.Any:
    made = kind(*arguments, **named)  # the host comes without a name from pyVmomi 8
    made.response_class = answers
    return made


def _open(target: Target) -> Session:
    what = f"connect to vCenter {target}"
    version = negotiate(_offered_versions(target, what), what)
    bounds = Bounds(target.timeout)
    open_stub = functools.partial(_stub_of, target, bounds)
    stub = open_stub("/sdk", version)
    with errors.translated(what):
        content = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
    if content is None:
        raise UnreachableError(f"could not {what}: the answer contains no service, so it is not a vCenter")
    return Session(target.hostname, stub, content, _readable_version(version, content), open_stub, bounds)


def _known(target: Target, record: LoginRecord) -> Session:
    """A session from what an earlier task has left; no request."""
    bounds = Bounds(target.timeout)
    open_stub = functools.partial(_stub_of, target, bounds)
    stub = open_stub("/sdk", record["version"])
    resume(stub, record)
    content = KnownServices(record, stub)
    return Session(target.hostname, stub, content, _readable_version(record["version"], content), open_stub, bounds)


def _readable_version(version: str, content: t.Any) -> str:
    """Release number of the negotiated version: a few have odd wire names, then vCenter's own number is taken."""
    identifier = str(versionIdMap.get(version, ""))
    return identifier if version_tuple(identifier) else str(content.about.apiVersion)


def check_server(session: Session) -> None:
    """Before the password is sent: is this a vCenter, and new enough?"""
    about = session.content.about
    if about.apiType != "VirtualCenter":
        raise UnsupportedError(
            f"{session.hostname} is not a vCenter but {about.fullName or about.name}: key providers exist only in "
            "vCenter"
        )
    session.require(_OLDEST, "this collection")


def tls_context(validate_certs: bool, ca_path: str | None) -> ssl.SSLContext:
    """TLS settings: the control node's CAs or those of ca_path (a PEM file or a directory)."""
    if not validate_certs:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        folder = bool(ca_path) and os.path.isdir(str(ca_path))
        context = ssl.create_default_context(cafile=None if folder else ca_path, capath=ca_path if folder else None)
    except (OSError, ValueError) as error:  # a path with a NUL character is a ValueError
        raise InvalidInputError(f"ca_path {ca_path} cannot be used: {errors.one_line(str(error))}") from error
    # Certificates of vCenter's own CA lack extensions that Python 3.13 and newer ask for.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return names_only_in_san(context)


def _offered_versions(target: Target, what: str) -> list[str]:
    """Version ids from vCenter's version file.

    pyVim.connect does the same without a time-out and sends the password to whatever answers, so it is not used.
    """
    seconds = min(_CONNECT_TIMEOUT, target.timeout)
    host, port = (target.proxy_host, target.proxy_port) if target.proxy_host else (target.hostname, target.port)
    connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=target.tls)
    connection.response_class = bounded(Response, Bounds(seconds, _LONGEST_VERSIONS))
    if target.proxy_host:
        connection.set_tunnel(target.hostname, target.port)
    with errors.translated(what), contextlib.closing(connection):
        connection.request("GET", _VERSIONS_PATH)
        response = connection.getresponse()
        body = response.read()
    if response.status != http.HTTPStatus.OK:
        raise UnreachableError(f"could not {what}: HTTP {response.status} for {_VERSIONS_PATH}, so it is not a vCenter")
    return parse_versions(body, what)


def parse_versions(body: bytes, what: str) -> list[str]:
    """All version ids of the namespace urn:vim25 in a version file."""
    try:
        root = xml.etree.ElementTree.fromstring(body)
    # an encoding that Python does not know, or none for text, is a LookupError, ValueError or UnicodeError
    except (xml.etree.ElementTree.ParseError, LookupError, ValueError) as error:
        raise UnreachableError(f"could not {what}: {_VERSIONS_PATH} is not XML, so it is not a vCenter") from error
    offered: list[str] = []
    for namespace in root.iter("namespace"):
        if namespace.findtext("name") == "urn:vim25":
            offered.extend(element.text for element in namespace.iter("version") if element.text)
    return offered


def negotiate(offered: t.Collection[str], what: str) -> str:
    """The newest version that both pyVmomi and this vCenter know (a pyVmomi version name)."""
    for version in GetServiceVersions("vim25"):
        if versionIdMap[version] in offered:
            return str(version)
    raise UnsupportedError(f"could not {what}: it supports no version of the vSphere API that pyVmomi knows")
