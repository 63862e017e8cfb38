# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint of the service for storage policies: a second SOAP service in the login of the first."""

from __future__ import annotations

import typing as t

from pyVmomi import pbm, vim, vmodl

from ..faults import FaultRule
from ..web import Described, Request, Response
from . import errors, sessions, soap, vmomi
from .dispatcher import FREE, Call, Dispatcher
from .pbm import ComplianceManager, PbmServiceInstance, ProfileManager
from .pbm_profiles import Profiles
from .store import ObjectStore

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory

PATHS = ("/pbm", "/pbm/sdk")
VERSIONS_FILE = "/sdk/pbmServiceVersions.xml"
SESSION_HEADER = "vcSessionCookie"


class PbmApi:
    """Answers at PATHS. The login is in the SOAP header; a cookie alone is not enough."""

    def __init__(self, core: Core, known: sessions.Sessions, profiles: Profiles, inventory: Inventory) -> None:
        self._core = core
        self._sessions = known
        store = ObjectStore()  # its managers have the ids of vCenter's own
        services = (
            PbmServiceInstance(store, core.settings.instance_uuid),
            ProfileManager(core, store, profiles, inventory),
            ComplianceManager(core, store, profiles, inventory),
        )
        self._dispatcher = Dispatcher(core, services, store)

    @property
    def _version(self) -> str:
        return vmomi.PBM_VERSIONS[self._core.settings.version]

    def claims(self, request: Request) -> bool:
        """Whether the request is for this service."""
        return request.method == "POST" and request.path.rstrip("/") in self._core.settings.pbm_paths

    def versions(self) -> bytes:
        """The file that tells the versions."""
        return soap.versions_file(self._version, vmomi.PBM_NAMESPACE)

    def describe(self, request: Request) -> Described:
        """Name the call and find its session."""
        action = request.headers.get("SOAPAction") or ""
        version = soap.shared_version(action, self._version)
        request.memo["version"] = version
        try:
            self._check_version(action)
            call = soap.parse(request.body, version)
        except vmomi.MethodFault as fault:
            request.memo["fault"] = fault
            return Described("unreadable", "read")
        session = self._sessions.find(call.header.get(SESSION_HEADER))
        request.memo.update(call=call, session=session)
        target = sessions.describe_target(call.this)
        return Described(call.name, self._dispatcher.kind(call.name), target, session.user if session else "")

    def _check_version(self, action: str) -> None:
        """There is no negotiation: a version that this vCenter does not know fails, unless it is lenient."""
        wanted = action.strip().strip('"').removeprefix("urn:")
        if wanted.rstrip("/") == "pbm":  # govmomi and clients made like it name no version: this one's
            return
        known = vmomi.version_of(wanted)
        if self._core.settings.pbm_strict_version and not (known and vmomi.includes(self._version, known)):
            raise vmodl.fault.InvalidRequest(msg=f'Unsupported version URI "urn:{wanted}"')

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        version = request.memo["version"]
        if "fault" in request.memo:
            return self._fault(request.memo["fault"], version)
        asked: soap.SoapRequest = request.memo["call"]
        session = request.memo["session"]
        call = Call(asked.name, asked.this, asked.arguments, session, version, "", request.peer)
        self._sessions.use(session)
        try:
            if session is None and asked.name not in FREE:
                raise self._unknown_session(asked.this)
            result, kind, flags = self._dispatcher.call(asked, call)
            inner = "" if result is None else soap.serialise("returnval", result, kind, version, flags)
        except vim.fault.NotAuthenticated as fault:
            return self._fault(fault, version)
        except vim.fault.NoPermission as fault:
            return self._fault(self._forbidden(fault), version)
        except vmomi.MethodFault as fault:
            return self._fault(fault, version)
        finally:
            self._sessions.use(None)
        return Response(200, soap.answer(asked.name, inner, vmomi.PBM_NAMESPACE), dict(soap.CONTENT_TYPE))

    def _unknown_session(self, reference: t.Any) -> Exception:
        if self._core.settings.pbm_session_fault == "NotAuthenticated":
            return errors.not_authenticated(reference)
        return vmodl.fault.SecurityError(msg="The session is not authenticated.")

    def _forbidden(self, fault: t.Any) -> t.Any:
        """The service has a fault of its own for this (assumption: pbm-session-fault)."""
        if self._core.settings.pbm_permission_fault == "NoPermission":
            return fault
        missing = pbm.fault.NoPermission.EntityPrivileges(privilegeIds=[fault.privilegeId])
        return pbm.fault.NoPermission(missingPrivileges=[missing], msg=fault.msg)

    @staticmethod
    def _fault(fault: t.Any, version: str) -> Response:
        return Response(500, soap.fault(fault, version), dict(soap.CONTENT_TYPE))

    def refusal(self, request: Request) -> Response:
        """NoPermission with the privilege that the method needs."""
        asked: soap.SoapRequest | None = request.memo.get("call")
        privilege = (asked.info.privId if asked and asked.info else None) or "StorageProfile.View"
        reference = asked.this if asked else None
        return self._fault(self._forbidden(errors.no_permission(reference, privilege)), request.memo["version"])

    def failure(self, request: Request, rule: FaultRule) -> Response:
        """A SOAP fault with 500, plain text with any other status."""
        if rule.status == 500:
            fault = pbm.fault.PBMFault(msg="the storage policy service is not available")
            return self._fault(fault, request.memo["version"])
        return Response(rule.status, b"Service Unavailable", {"Content-Type": "text/plain"})
