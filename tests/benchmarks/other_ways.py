# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How it is done without this collection, with pyVmomi alone. What each function returns is printed by child.py."""

from __future__ import annotations

import contextlib
import itertools
import json
import ssl
import time
import typing as t
import urllib.request

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

POLICY = "4d5f673c-536f-11e6-beb8-9e71128cae77"  # the bundled "VM Encryption Policy"
# what vm_encryption_info reads, as attributes of a virtual machine: each is a request
ATTRIBUTES = ("name", "parent", "config", "runtime", "guest", "resourcePool", "datastore", "snapshot")


@contextlib.contextmanager
def session(where: t.Mapping[str, t.Any]) -> t.Iterator[t.Any]:
    """Logged in, and out."""
    context = ssl.create_default_context(cafile=where["ca_path"])
    found = SmartConnect(
        host=where["hostname"],
        port=where["port"],
        user=where["username"],
        pwd=where["password"],
        sslContext=context,
    )
    try:
        yield found
    finally:
        Disconnect(found)


def _requests(control_url: str) -> int:
    with urllib.request.urlopen(f"{control_url}/mark", timeout=20) as answer:
        return int(json.load(answer)["mark"])


def _loop(
    control_url: str, count: int, machines: t.Iterable[t.Any], read: t.Callable[[t.Any], None]
) -> dict[str, t.Any]:
    """Read VM by VM, and say what the loop alone took."""
    mark, began = _requests(control_url), time.monotonic()
    for machine in itertools.islice(machines, count):
        read(machine)
    return {"seconds": time.monotonic() - began, "requests": _requests(control_url) - mark}


@contextlib.contextmanager
def _all_machines(content: t.Any) -> t.Iterator[t.Any]:
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    try:
        yield view.view
    finally:
        view.DestroyView()


def attributes(where: dict[str, t.Any], control_url: str, count: int) -> dict[str, t.Any]:
    """VM by VM, by plain attribute access."""

    def read(machine: t.Any) -> None:
        for name in ATTRIBUTES:
            getattr(machine, name)

    with session(where) as found, _all_machines(found.content) as machines:
        return _loop(control_url, count, machines, read)


def one_read_each(where: dict[str, t.Any], control_url: str, count: int, paths: list[str]) -> dict[str, t.Any]:
    """VM by VM, with one RetrieveProperties for the paths that vm_encryption_info reads."""
    query = vmodl.query.PropertyCollector
    wanted = [query.PropertySpec(type=vim.VirtualMachine, pathSet=paths)]
    with session(where) as found, _all_machines(found.content) as machines:
        collector = found.content.propertyCollector

        def read(machine: t.Any) -> None:
            collector.RetrieveProperties([query.FilterSpec(objectSet=[query.ObjectSpec(obj=machine)], propSet=wanted)])

        return _loop(control_url, count, machines, read)


def encrypt_one(where: dict[str, t.Any], path: str, provider: str) -> dict[str, t.Any]:
    """Encrypt one VM, as a small script for one VM does it: log in, find, look, make a key, reconfigure, wait."""
    with session(where) as found:
        content = found.RetrieveContent()
        machine = content.searchIndex.FindByInventoryPath(path)
        devices = machine.config.hardware.device
        made = content.cryptoManager.GenerateKey(keyProvider=vim.encryption.KeyProviderId(id=provider))
        if not made.success:
            raise RuntimeError(made.reason)
        crypto = vim.encryption.CryptoSpecEncrypt(cryptoKeyId=made.keyId)
        profile = [vim.vm.DefinedProfileSpec(profileId=POLICY)]
        change = vim.vm.device.VirtualDeviceSpec
        disks = [
            change(operation="edit", device=device, profile=profile, backing=change.BackingSpec(crypto=crypto))
            for device in devices
            if isinstance(device, vim.vm.device.VirtualDisk)
        ]
        spec = vim.vm.ConfigSpec(crypto=crypto, vmProfile=profile, deviceChange=disks)
        WaitForTask(machine.ReconfigVM_Task(spec), si=found)
        return {"disks": len(disks)}
