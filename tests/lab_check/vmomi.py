# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyVmomi alone against the lab's vCenter: session, inventory, and the whole trust flow with the lab's OKMS."""

from __future__ import annotations

import ssl
import typing as t

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from ..lab import Lab
from .checks import Checks

PROVIDER = "lab-check"


def _connect(lab: Lab, password: str) -> t.Any:
    context = ssl.create_default_context(cafile=str(lab.ca_path))
    return SmartConnect(
        host=lab.vcenter_hostname, port=lab.vcenter_port, user=lab.vcenter_username, pwd=password, sslContext=context
    )


def check(lab: Lab, checks: Checks, okms_id: str) -> None:
    """Run all checks."""
    checks.raises(vim.fault.InvalidLogin, lambda: _connect(lab, "wrong"), "pyVmomi: wrong password")
    lab.give_encryption_right()
    instance = _connect(lab, lab.vcenter_password)
    try:
        _inventory(checks, instance)
        _trust(lab, checks, instance.content.cryptoManager, okms_id)
    finally:
        Disconnect(instance)
    checks.raises(vim.fault.NotAuthenticated, instance.CurrentTime, "pyVmomi: a call after logout")


def _inventory(checks: Checks, instance: t.Any) -> None:
    content = instance.content
    checks.that(content.about.apiType == "VirtualCenter", f"pyVmomi: {content.about.fullName}")
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    names = [machine.name for machine in view.view]
    view.Destroy()
    checks.that(len(names) > 0, f"pyVmomi: {len(names)} VMs in the inventory")


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
