# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's vCenter as an application of the lab's web server."""

from __future__ import annotations

import logging
import typing as t

from ..clock import LabClock
from ..faults import FaultRule
from ..journal import Journal
from ..web import Described, Request, Response
from . import entity_properties, errors, sessions, soap, vmomi
from .alarms import Alarms
from .authorization import Authorization
from .core import Core
from .crypto_keys import CryptoKeys
from .crypto_manager import CryptoManager
from .dispatcher import Call, Dispatcher
from .entities import Host
from .history import History
from .host_crypto import HostCrypto
from .inventory import Inventory
from .json_rpc import JsonRpc
from .kms_connections import KmsConnections, Route, addresses_of
from .machine_faults import MachineFaults
from .machine_keys import MachineKeys
from .managers import CustomFields, Extensions, Licenses, Options
from .native_providers import NativeProviders
from .pbm_api import VERSIONS_FILE as PBM_VERSIONS_FILE
from .pbm_api import PbmApi
from .pbm_profiles import Profiles
from .performance import Performance
from .property_collector import PropertyCollectors
from .provider_keys import ProviderKeys
from .rest import RestApi
from .rest_tagging import Tagging
from .service_instance import SearchIndex, ServiceInstance
from .settings import VCenterSettings
from .task_history import TaskHistory
from .tasks import Tasks
from .trust import Trust
from .views import Views
from .vm_operations import VmOperations
from .vm_reconfigure import Reconfigure
from .vm_unlock import MachineUnlock
from .vsan import OBJECTS as VSAN_OBJECTS
from .vsan import Vsan

LOG = logging.getLogger("lab.vcenter")
VSAN = "/vsanHealth"
VERSIONS_FILE = "/sdk/vimServiceVersions.xml"
VSAN_VERSIONS_FILE = "/sdk/vsanServiceVersions.xml"
TEXT = {"Content-Type": "text/plain"}


def _nobody(_login: str, _password: str) -> t.Iterable[str] | None:
    return None


class VCenter:
    """SOAP on /sdk, /vsanHealth and /pbm, REST, and JSON-RPC on /api.

    The callbacks are set by the lab: who may log in with which privileges, and where the network lets vCenter through
    to. They are called without any lock of the vCenter held.
    """

    system = "vcenter"

    def __init__(
        self,
        clock: LabClock,
        journal: Journal,
        settings: VCenterSettings | None = None,
        inventory: Inventory | None = None,
    ) -> None:
        self.journal = journal
        self.settings = settings or VCenterSettings()
        self.inventory = inventory or Inventory()
        self.authenticate: t.Callable[[str, str], t.Iterable[str] | None] = _nobody
        self.flow_open: t.Callable[[str, int], bool] = lambda _address, _port: True
        self.resolve: t.Callable[[str], list[str]] = addresses_of
        self.is_ecdsa_endpoint: t.Callable[[str, int], bool] = lambda _address, _port: False  # of OKMS
        self.session_policy: t.Callable[[], tuple[int, str]] = lambda: (0, "first")
        self._core = Core(clock, self.settings)
        self.crypto = self._core.crypto
        self._connections = KmsConnections(self._core, self._route)
        self.sessions = sessions.Sessions(self._core, self._privileges_of)
        self.sessions.policy = self._session_policy
        self.tasks = Tasks(self._core)
        collectors = PropertyCollectors(self._core)
        self.sessions.on_end += [collectors.forget, lambda session: self._core.store.remove_owned(session.key)]
        self.history = History(self._core)
        self.task_history = TaskHistory(self._core, self.tasks)
        self.alarms = Alarms(self._core)
        self.sessions.on_start.append(self.history.logged_in)
        self.sessions.on_end.append(self.history.logged_out)
        entity_properties.publish(self.inventory, self._core.store)
        self.native = NativeProviders(self._core, self.inventory)
        keys = ProviderKeys(self._core, self._connections, self.native)
        self._hosts = HostCrypto(self._core, self.inventory, keys)
        self.machine_faults = MachineFaults()
        self.machine_keys = MachineKeys(self._core, self.inventory, keys)
        self._rest = RestApi(self._core, self.sessions, self.native)
        self.policies = Profiles(clock.now)
        self._core.is_encryption_policy = self.policies.is_encryption
        self._core.is_policy = self.policies.by_id.__contains__
        self._core.policy_replicates = self.policies.replicates
        self._pbm = PbmApi(self._core, self.sessions, self.policies, self.inventory)
        self.tagging = Tagging(self._core)
        self._rest.add(self.tagging.routes())
        self._json_rpc = JsonRpc(self._core, self.sessions, self.native, self.tagging)
        self._dispatcher = Dispatcher(
            self._core,
            (
                ServiceInstance(self._core, self.inventory),
                SearchIndex(self._core, self.inventory),
                self.sessions,
                Authorization(self._core, self.inventory),
                Licenses(self._core),
                Options(self._core),
                Extensions(self._core),
                CustomFields(self._core),
                Performance(self._core, self.inventory),
                self.history,
                self.task_history,
                Views(self._core, self.inventory),
                collectors,
                CryptoManager(self._core, self.inventory, self._connections, self.tasks),
                Trust(self._core, self._connections),
                CryptoKeys(self._core, self.inventory, self._connections, self.native),
                self._hosts,
                MachineUnlock(self._core, self.inventory, keys, self.tasks),
                Reconfigure(self._core, self.tasks, self.machine_keys, self.machine_faults),
                VmOperations(self._core, self.inventory, self.tasks, self.machine_keys, self.machine_faults),
                Vsan(self._core, self.inventory, self._connections, keys, self.tasks),
            ),
        )

    # these callables may be replaced while the lab runs
    def _session_policy(self) -> tuple[int, str]:
        return self.session_policy()

    def _route(self, host: str, port: int) -> Route | None:
        """Each address of a name has a flow of its own; vCenter does not know which of them it will meet next."""
        addresses = self.resolve(host)
        if not addresses or not all(self.flow_open(address, port) for address in addresses):
            return None
        if not self.is_ecdsa_endpoint(addresses[0], port):
            return Route(addresses[0])
        old = self.settings.version.startswith("7.")
        return Route(addresses[0], self.settings.ecdsa_endpoint_7 if old else self.settings.ecdsa_endpoint)

    def _privileges_of(self, login: str, password: str) -> t.Iterable[str] | None:
        return self.authenticate(login, password)

    @property
    def lock(self) -> t.Any:
        """Held while state is read or changed."""
        return self._core.lock

    def provider_is_green_at(self, ip: str) -> bool:
        """Whether vCenter has a green standard provider with a server at that address; this makes a real connection."""
        with self._core.lock:
            servers = list(self.crypto.server_at(ip))
        return any(self._connections.probe(provider, server).green for provider, server in servers)

    def refuse(self, moid: str, name: str) -> None:
        """NoPermission for one method (its wire name) or one property of one object, such as a manager."""
        with self._core.lock:
            self._core.store.refuse(moid, name)

    def lose_providers(self) -> None:
        """Take out every key provider, as a vCenter installed anew has none."""
        with self._core.lock:
            for name in list(self.crypto.providers):
                self.crypto.drop(name)

    def lock_machines(self, host: Host | str) -> None:
        """A host starts anew and gets no keys, as with a KMIP server that is down: its encrypted VMs are locked."""
        self._hosts.restart(self.inventory.host(host) if isinstance(host, str) else host)

    def restart_host(self, host: Host | str) -> None:
        """A host starts anew and gets its keys."""
        self._hosts.restart(self.inventory.host(host) if isinstance(host, str) else host, with_keys=True)

    def secrets(self) -> list[str]:
        """Secrets of the native providers made so far: keys, passwords and tokens of backups."""
        with self._core.lock:
            return sorted(self.native.known_secrets)

    def close(self) -> None:
        """End all that waits."""
        self._core.close()

    # application

    def _other(self, request: Request) -> JsonRpc | RestApi | PbmApi | None:
        """The part that answers what is not for SOAP on /sdk or /vsanHealth."""
        parts: tuple[JsonRpc | RestApi | PbmApi, ...] = (self._json_rpc, self._rest, self._pbm)
        return next((one for one in parts if one.claims(request)), None)

    def describe(self, request: Request) -> Described:
        """Name the call; the envelope is read once, for `handle` too."""
        other = self._other(request)
        if other is not None:
            return other.describe(request)
        if not self._is_soap(request):
            return Described(f"{request.method} {request.path}", "read")
        cookie = sessions.cookie_in(request.headers.get("Cookie"))
        session = self.sessions.find(cookie)
        request.memo.update(cookie=cookie, session=session)
        vsan = request.path.rstrip("/") == VSAN
        newest = self._core.vsan_version if vsan else self._core.version
        version = soap.shared_version(request.headers.get("SOAPAction") or "", newest)
        if vsan and vmomi.namespace_of(version) != vmomi.VSAN_NAMESPACE:
            version = newest  # the service has one namespace, also for those who name a version of vSphere
        request.memo["version"] = version
        try:
            call = soap.parse(request.body, version)
        except vmomi.MethodFault as fault:
            request.memo["fault"] = fault
            return Described("unreadable", "read", actor=session.user if session else "")
        request.memo["call"] = call
        actor = call.arguments.get("userName", "") if call.name == "Login" else session.user if session else ""
        return Described(call.name, self._dispatcher.kind(call.name), sessions.describe_target(call.this), actor)

    @staticmethod
    def _is_soap(request: Request) -> bool:
        return request.method == "POST" and request.path.rstrip("/") in ("/sdk", VSAN)

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        other = self._other(request)
        if other is not None:
            return other.handle(request)
        if not self._is_soap(request):
            return self._plain(request)
        cookie = request.memo["cookie"] or sessions.new_cookie()
        try:
            response = self._answer(request, cookie)
        except sessions.TooManySessionsError:
            return Response(503, b"Service Unavailable", TEXT)
        if not request.memo["cookie"]:
            response.headers.update(sessions.set_cookie(cookie))
        return response

    def _plain(self, request: Request) -> Response:
        """The files that tell the versions."""
        if request.method == "GET" and request.path == VERSIONS_FILE:
            content = soap.versions_file(self._core.version)
        elif request.method == "GET" and request.path == VSAN_VERSIONS_FILE:
            content = soap.versions_file(self._core.vsan_version, vmomi.VSAN_NAMESPACE)
        elif request.method == "GET" and request.path == PBM_VERSIONS_FILE:
            content = self._pbm.versions()
        else:
            return Response(404, b"not found", dict(TEXT))
        return Response(200, content, {"Content-Type": "text/xml"})

    def _answer(self, request: Request, cookie: str) -> Response:
        version = request.memo["version"]
        if "fault" in request.memo:
            return self._fault(request.memo["fault"], version)
        asked: soap.SoapRequest = request.memo["call"]
        session = request.memo["session"]
        agent = request.headers.get("User-Agent") or ""
        call = Call(asked.name, asked.this, asked.arguments, session, version, cookie, request.peer, agent)
        # vSAN has its own objects; the tasks that it starts are where all others are
        vsan = request.path.rstrip("/") == VSAN
        if asked.this is not None and vsan != (vmomi.moid(asked.this) in VSAN_OBJECTS):
            return self._fault(errors.not_found(asked.this), version)
        self.sessions.use(session)
        try:
            result, kind, flags = self._dispatcher.call(asked, call)
            inner = "" if result is None else soap.serialise("returnval", result, kind, version, flags)
        except vmomi.MethodFault as fault:
            return self._fault(fault, version)
        finally:
            self.sessions.use(None)
        return Response(200, soap.answer(asked.name, inner, vmomi.namespace_of(version)), dict(soap.CONTENT_TYPE))

    @staticmethod
    def _fault(fault: t.Any, version: str) -> Response:
        return Response(500, soap.fault(fault, version), dict(soap.CONTENT_TYPE))

    def refusal(self, request: Request) -> Response:
        """NoPermission with the privilege that the method needs."""
        other = self._other(request)
        if other is not None:
            return other.refusal(request)
        asked: soap.SoapRequest | None = request.memo.get("call")
        if asked is None:
            return Response(403, b"forbidden", TEXT)
        privilege = (asked.info.privId if asked.info else None) or "System.View"
        return self._fault(errors.no_permission(asked.this, privilege), request.memo["version"])

    def failure(self, request: Request, rule: FaultRule) -> Response:
        """A SOAP fault with 500 (the only status it can have), plain text with any other."""
        other = self._other(request)
        if other is not None:
            return other.failure(request, rule)
        if rule.status == 500 and "version" in request.memo:
            return self._fault(errors.system_error("the service is not available"), request.memo["version"])
        return Response(rule.status, b"Service Unavailable", dict(TEXT))
