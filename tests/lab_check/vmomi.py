# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyVmomi alone against the lab's vCenter: session, inventory, storage policies, and the trust flow with the OKMS."""

from __future__ import annotations

import ssl
import typing as t

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import SoapStubAdapter, pbm, vim, vmodl

from ..lab import Lab
from . import machines
from .checks import Checks

PROVIDER = "lab-check"
VM_ENCRYPTION_POLICY = "4d5f673c-536f-11e6-beb8-9e71128cae77"


def _context(lab: Lab) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(lab.ca_path))


def _connect(lab: Lab, password: str, user: str = "") -> t.Any:
    return SmartConnect(
        host=lab.vcenter_hostname,
        port=lab.vcenter_port,
        user=user or lab.vcenter_username,
        pwd=password,
        sslContext=_context(lab),
    )


def check(lab: Lab, checks: Checks, okms_id: str) -> None:
    """Run all checks."""
    checks.raises(vim.fault.InvalidLogin, lambda: _connect(lab, "wrong"), "pyVmomi: wrong password")
    lab.give_encryption_right()
    instance = _connect(lab, lab.vcenter_password)
    try:
        _inventory(checks, instance)
        _managers(checks, instance.content)
        for path in ("/pbm", "/pbm/sdk"):
            _policies(lab, checks, instance, path)
        _trust(lab, checks, instance.content.cryptoManager, okms_id)
        machines.check(lab, checks, instance.content, PROVIDER)
    finally:
        Disconnect(instance)
    _sessions(lab, checks)
    checks.raises(vim.fault.NotAuthenticated, instance.CurrentTime, "pyVmomi: a call after logout")


def _inventory(checks: Checks, instance: t.Any) -> None:
    content = instance.content
    checks.that(content.about.apiType == "VirtualCenter", f"pyVmomi: {content.about.fullName}")
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    names = [machine.name for machine in view.view]
    view.Destroy()
    checks.that(len(names) > 0, f"pyVmomi: {len(names)} VMs in the inventory")


def _sessions(lab: Lab, checks: Checks) -> None:
    """What `govc session.ls` reads: an administrator sees all sessions, a user of the private cloud none."""
    name, password = lab.administrator
    administrator, user = _connect(lab, password, name), _connect(lab, lab.vcenter_password)
    try:
        sessions = administrator.content.sessionManager.sessionList
        names = {one.userName for one in sessions}
        checks.that(
            {name, lab.vcenter_username} <= names, f"pyVmomi: {len(sessions)} sessions read by an administrator"
        )
        manager = user.content.sessionManager
        checks.raises(vim.fault.NoPermission, lambda: manager.sessionList, "pyVmomi: sessions read by a user")
    finally:
        Disconnect(administrator)
        Disconnect(user)


def _managers(checks: Checks, content: t.Any) -> None:
    """What inventory tools read in passing."""
    checks.that(content.licenseManager.licenses[0].total > 0, "pyVmomi: licences")
    checks.that(content.setting.QueryOptions("VirtualCenter.FQDN")[0].value != "", "pyVmomi: settings")
    events = content.eventManager.QueryEvents(vim.event.EventFilterSpec())
    checks.that(content.eventManager.latestEvent.key == events[-1].key, f"pyVmomi: {len(events)} events")
    checks.that(len(content.perfManager.perfCounter) > 0, "pyVmomi: performance counters")
    checks.that(content.extensionManager.FindExtension("com.vmware.vim.eam") is not None, "pyVmomi: extensions")
    checks.that(len(content.authorizationManager.roleList) > 0, "pyVmomi: roles")
    checks.that(content.customFieldsManager.field is not None, "pyVmomi: custom fields")
    datastore = content.rootFolder.childEntity[0].datastore[0]
    checks.that(datastore.info.url == datastore.summary.url, "pyVmomi: info of a datastore")


def _policies(lab: Lab, checks: Checks, instance: t.Any, path: str) -> None:
    """As the samples of pyVmomi do it: a stub of its own, with the session in the SOAP header."""
    stub = SoapStubAdapter(
        host=lab.vcenter_hostname,
        port=lab.vcenter_port,
        path=path,
        version="pbm.version.version2",
        sslContext=_context(lab),
    )
    manager: t.Any = pbm.ServiceInstance("ServiceInstance", stub).RetrieveContent().profileManager
    storage = pbm.profile.ResourceType(resourceType="STORAGE")
    checks.raises(vmodl.fault.SecurityError, lambda: manager.QueryProfile(storage), f"pyVmomi: {path} without login")
    stub.requestContext = {"vcSessionCookie": instance._stub.GetSessionId()}
    found = manager.RetrieveContent(manager.QueryProfile(storage, "REQUIREMENT"))
    names = {profile.profileId.uniqueId: profile.name for profile in found}
    checks.that(names.get(VM_ENCRYPTION_POLICY) == "VM Encryption Policy", f"pyVmomi: {len(names)} policies at {path}")
    constraints = next(one.constraints for one in found if one.profileId.uniqueId == VM_ENCRYPTION_POLICY)
    name = f"lab check of {path}"
    spec = pbm.profile.CapabilityBasedProfileCreateSpec(name=name, resourceType=storage, constraints=constraints)
    made = manager.Create(spec)
    checks.raises(pbm.fault.DuplicateName, lambda: manager.Create(spec), "pyVmomi: a policy of the same name")
    outcome = manager.Delete([made])[0]
    checks.that(outcome.profileId.uniqueId == made.uniqueId and outcome.fault is None, "pyVmomi: policy removed")


def _trust(lab: Lab, checks: Checks, manager: t.Any, okms_id: str) -> None:
    provider = vim.encryption.KeyProviderId(id=PROVIDER)
    host, port = lab.okms_kmip.address
    info = vim.encryption.KmipServerInfo(name="okms", address=host, port=port)
    manager.RegisterKmipServer(vim.encryption.KmipServerSpec(clusterId=provider, info=info))
    checks.that([row.clusterId.id for row in manager.ListKmipServers()] == [PROVIDER], "pyVmomi: provider registered")
    served = manager.RetrieveKmipServerCert(provider, info)
    checks.that(
        "BEGIN CERTIFICATE" in served.certificate and not served.clientTrustServer, "pyVmomi: server not trusted yet"
    )
    manager.UploadKmipServerCert(provider, served.certificate)
    request = manager.GenerateClientCsr(provider)
    certificate = lab.sign_request(okms_id, request)
    manager.UpdateKmsSignedCsrClientCert(provider, certificate)
    task = manager.RetrieveKmipServersStatus_Task(manager.ListKmipServers())
    WaitForTask(task)
    status = task.info.result[0]
    checks.that(status.overallStatus == "green", f"pyVmomi: status {status.overallStatus}")
    checks.that(
        status.servers[0].serverTrustClient and status.servers[0].clientTrustServer, "pyVmomi: both sides trust"
    )
    manager.MarkDefault(provider)
    key = manager.GenerateKey()
    made = lab.okms_kmip.keys()
    checks.that(key.success and key.keyId.keyId in made, "pyVmomi: GenerateKey made a key in the KMIP server")
    checks.raises(
        vmodl.MethodFault,
        lambda: manager.MarkDefault(vim.encryption.KeyProviderId(id="none")),
        "pyVmomi: no such provider",
    )
