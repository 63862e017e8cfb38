# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a key provider: shapes and words."""

from __future__ import annotations

import http.client

import pytest
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import GuardError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import (
    listing,
    refuse_while_used,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import errors, sdk
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys import key as keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage import inventory, users
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage import keys as usage_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage import vsan as usage_vsan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.result import Usage

Disk = vim.vm.device.VirtualDisk
Tpm = vim.vm.device.VirtualTPM


def key(provider, key_id="1"):
    owner = vim.encryption.KeyProviderId(id=provider) if provider else None
    return vim.encryption.CryptoKeyId(keyId=key_id, providerId=owner)


def disk(number, provider=None, below=None):
    parent = Disk.FlatVer2BackingInfo(keyId=key(below)) if below else None
    backing = Disk.FlatVer2BackingInfo(keyId=key(provider) if provider else None, parent=parent)
    label = vim.Description(label=f"Hard disk {number}", summary="")
    return Disk(key=2000 + number, backing=backing, deviceInfo=label)


def machine(number, home=None, devices=(), **others):
    values = {"name": f"vm{number}", "config.hardware.device": list(devices), **others}
    if home:
        values["config.keyId"] = key(home)
    return Found(vim.VirtualMachine(f"vm-{number}"), values)


def host(number, provider=None, named=True):
    values = {"name": f"esx{number}"}
    if provider or not named:
        values["runtime.cryptoKeyId"] = key(provider, "h")
    return Found(vim.HostSystem(f"host-{number}"), values)


def used(provider, *found, vsan=(), strangers=()):
    return users.usage_of(provider, inventory.inventory_of(found), vsan, strangers)


def test_parts_of_machines_by_provider():
    found = machine(1, "p", [disk(1, "p"), disk(2, "q"), disk(3), disk(4, below="q"), Tpm(key=11000)])
    (mine,), (other,) = used("p", found).virtual_machines, used("q", found).virtual_machines
    assert (mine.home, mine.disks, mine.vtpm) == (True, ("Hard disk 1",), True)
    assert (other.home, other.disks, other.vtpm) == (False, ("Hard disk 2", "Hard disk 4"), False)
    assert mine.line == "VM vm1 (home, Hard disk 1, vTPM)"
    assert (other.line, other.short) == ("VM vm1 (Hard disk 2, Hard disk 4)", "vm1 (disks only)")
    assert used("r", found).virtual_machines == []


def test_machine_that_is_encrypted_for_its_vtpm_only():
    (use,) = used("p", machine(1, "p", [disk(1), Tpm(key=11000)])).virtual_machines
    assert use.line == "VM vm1 (vTPM only)" and use.short == "vm1 (vTPM only)"


def test_clear_machines_and_hosts_use_nothing():
    assert not used("p", machine(1, None, [disk(1), Tpm(key=11000)]), host(1), host(2, "q"))


def test_what_cannot_be_told_may_use_any_provider():
    vsan = [
        usage_vsan.VsanUse("C0", "p"),
        usage_vsan.VsanUse("C1", "q"),
        usage_vsan.VsanUse("C2", None, "vSAN of cluster C2 (could not be read)"),
    ]
    lost = Found(vim.VirtualMachine("vm-2"), {"name": "lost"})
    unnamed = machine(3, None, [], **{"config.keyId": key(None)})
    found = used("p", lost, unnamed, host(1, named=False), vsan=vsan, strangers=["third party X"])
    assert found.others == [
        "third party X",
        "VM lost (its configuration cannot be read)",
        "VM vm3 (its key names no provider)",
        "host esx1 (its key names no provider)",
        "vSAN of cluster C2 (could not be read)",
    ]
    assert (found.virtual_machines, found.hosts, found.vsan_clusters) == ([], [], ["C0"])


def test_summary_on_one_line():
    several = [machine(1, "p"), machine(2, None, [disk(1, "p")]), machine(3, "p", [Tpm(key=1)])]
    found = used("p", *several, host(1, "p"), vsan=[usage_vsan.VsanUse("C1", "p")])
    found.clusters_default = ["C0"]
    assert found.summary() == (
        "used by 3 VMs (vm1, vm2 (disks only), vm3 (vTPM only)), host esx1, vSAN of cluster C1, default of cluster C0"
    )
    assert len(found.lines()) == 6
    assert set(found.as_result()) == {
        "virtual_machines", "hosts", "clusters_default", "system_default", "vsan_clusters", "others", "key_ids",
        "not_read",
    }  # fmt: skip


def test_summary_of_many_is_short():
    found = used("p", *(machine(number, "p") for number in range(100, 400)), host(1, "p"), host(2, "p"))
    assert found.summary().startswith("used by 300 VMs (vm100, ")
    assert found.summary().endswith("vm109 and 290 more), hosts esx1, esx2")


def test_users_that_could_not_be_read_count_as_use():
    found = Usage(not_read="no right")
    assert found and found.summary() == "used by users that could not be read (no right)"
    assert found.needs() == found.lines() == ["users that could not be read (no right)"]


def test_nobody():
    assert not Usage()
    assert Usage().summary() == "not used"


def test_keys_tell_users_that_the_inventory_does_not_show():
    seen = inventory.inventory_of([machine(1, "p"), machine(2), host(1, "p")])
    answer = vim.encryption.CryptoManagerKmip.CryptoKeyStatus(
        keyId=key("p"),
        encryptedVMs=[vim.VirtualMachine(f"vm-{number}") for number in (1, 2, 9)],
        affectedHosts=[vim.HostSystem("host-1"), vim.HostSystem("host-9")],
        referencedByTags=["backup"],
    )
    asked: list[str] = []

    def names_of(objects):
        asked.extend(sdk.moid_of(item) for item in objects)
        return {"vm-2": "vm2"}

    lines = usage_keys.unseen([usage_keys.status_of(answer)], seen, names_of)
    assert lines == {
        "p": [
            "VM vm-9 (known from its key's status)",
            "VM vm2 (known from its key's status)",
            "host host-9 (known from its key's status)",
            "third party backup",
        ]
    }
    assert asked == ["vm-2", "vm-9", "host-9"]


def test_keys_of_everybody_are_asked_for():
    seen = inventory.inventory_of([machine(1, "p", [disk(1, "q")]), host(1, "p"), host(2)])
    assert seen.used_keys() == {Key("p", "1"), Key("q", "1"), Key("p", "h")}
    assert keys.key_of(keys.native_key(Key(None, "1"))) == Key(None, "1")


def config(enabled, provider=None, changing=False):
    owner = vim.encryption.KeyProviderId(id=provider) if provider else None
    encryption = vim.vsan.DataEncryptionConfig(encryptionEnabled=enabled, kmsProviderId=owner, changing=changing)
    return vim.vsan.ConfigInfoEx(enabled=True, dataEncryptionConfig=encryption)


@pytest.mark.parametrize(
    ("answer", "provider"),
    [
        (config(True, "p"), "p"),
        (config(False, "p", changing=True), "p"),
        (config(False, "p"), "none"),
        (config(False), "none"),
        (config(True), None),
        (vim.vsan.ConfigInfoEx(enabled=False), "none"),
        (None, "none"),
    ],
)
def test_provider_of_a_vsan(answer, provider):
    use = usage_vsan.vsan_use_of("C0", answer)
    assert (use.provider if use else "none") == provider
    assert use is None or (use.doubt is None) == (use.provider is not None)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (http.client.HTTPException("404 Not Found"), 404),
        (http.client.HTTPException("503 Service Unavailable"), 503),
        (http.client.BadStatusLine("404"), None),
        (OSError("404 "), None),
    ],
)
def test_http_status_is_told(error, status):
    assert errors.from_transport(error, "read").details.get("http_status") == status


def test_listing():
    assert listing(["a", "b"]) == "a, b"
    assert listing(["a", "b", "c"], most=2) == "a, b and 1 more"


def test_refusal_names_the_users_and_the_way_out():
    refuse_while_used("the KMS", ["", " "], "type it again")
    with pytest.raises(GuardError) as caught:
        refuse_while_used("the KMS", ["VM a (home)", " host b "], "type it again")
    assert "the KMS is in use by VM a (home), host b; nothing was changed" in caught.value.message
    assert "or type it again" in caught.value.message
    assert caught.value.details == {"in_use_by": ["VM a (home)", "host b"]}
