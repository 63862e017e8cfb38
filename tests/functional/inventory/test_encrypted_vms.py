# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin encrypted_vms, in an ansible-inventory of its own against the lab."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.inventory.inventory_helpers import (
    VMS,
    Listed,
    cached,
    inventory,
    source,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory

NONE: dict[str, str] = {}  # no variables: what is used comes from the file
SMALL = [f"vm{number}" for number in range(1, 7)]


def vcenter(lab: Lab) -> dict[str, t.Any]:
    """The connection, as options of the file."""
    return {
        "hostname": lab.vcenter_hostname,
        "port": lab.vcenter_port,
        "username": lab.vcenter_username,
        "password": lab.vcenter_password,
        "ca_path": str(lab.ca_path),
    }


def without_secrets(lab: Lab, listed: Listed, folder: pathlib.Path) -> None:
    """No secret is in what was shown or kept."""
    kept = "".join(path.read_text() for path in (folder / "cache").glob("**/*") if path.is_file())
    shown = listed.output + listed.said + kept
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in shown] == []


@pytest.mark.oldest("inventory encrypted_vms", "life")
def test_groups_by_state_provider_and_policy(lab: Lab, tmp_path: pathlib.Path) -> None:
    machines = open_up(lab).vcenter.inventory
    whole, part, tpm, on = (machines.vm(name) for name in SMALL[:4])
    lab.vcenter.crypto.add_native("vnkp", has_backup=True)
    machines.encrypt(whole, "vnkp", "key-1")
    machines.encrypt(part, "okms prod", "key-2", disks=False)
    machines.give_tpm(tpm, "vnkp", "key-3")
    on.power_state = "poweredOn"
    file = source(
        tmp_path,
        VMS,
        keyed_groups=[{"key": "virtual_machine.power_state", "prefix": "power"}],
        compose={"where": "virtual_machine.folder"},
        strict=True,
        **cached(tmp_path),
    )
    listed = inventory(lab, file)
    assert listed.code == 0, listed.said
    assert listed.group("encrypted") == ["vm1"]
    assert listed.group("partly_encrypted") == ["vm2"]
    assert listed.group("vtpm_only") == ["vm3"]
    assert listed.group("unencrypted") == ["vm4", "vm5", "vm6"]
    assert listed.group("provider_vnkp") == ["vm1", "vm3"]
    assert listed.group("provider_okms_prod") == ["vm2"]
    assert "vm1" in listed.group("policy_VM_Encryption_Policy")
    assert listed.group("needs_power_off") == listed.group("power_powered_on") == ["vm4"]
    assert set(listed.group("locked")) == {"vm2"} & set(listed.group("locked"))
    assert listed.hosts["vm1"]["virtual_machine"]["vcenter"] == lab.vcenter_hostname
    assert listed.hosts["vm1"]["where"] == "/DC0/vm"
    without_secrets(lab, listed, tmp_path)
    mark = lab.journal.mark()
    assert inventory(lab, file).data == listed.data
    assert lab.journal.entries(since=mark) == []


def test_locked_machine_has_its_group(lab: Lab, tmp_path: pathlib.Path) -> None:
    machines = open_up(lab).vcenter.inventory
    machines.encrypt(machines.vm("vm1"), "gone", "key-1")
    machines.vm("vm1").locked = True
    shown = inventory(lab, source(tmp_path, VMS, selection={"names": ["vm1"]}, group_prefix="e_"), "--graph")
    assert shown.code == 0, shown.said
    assert "|--@e_locked:" in shown.output
    assert "|--@locked:" not in shown.output


def test_1000_vms_cost_what_the_module_costs(tmp_path: pathlib.Path) -> None:
    fleet = Inventory.fleet(vms=1000, disks=2, hosts=50, clusters=5, datastores=20)
    for machine in fleet.vms[::2]:
        fleet.encrypt(machine, "okms", "key-1")
    with Lab(LabSettings(inventory=fleet)) as lab:
        file = source(tmp_path, VMS)
        mark = lab.journal.mark()
        listed = inventory(open_up(lab), file)
        assert lab.journal.count(since=mark) <= 23  # ten pages, and what does not grow
        assert len(listed.group("encrypted")) == len(listed.group("unencrypted")) == 500
        assert lab.journal.count("vcenter", "login", since=mark) == lab.journal.count("vcenter", "logout", since=mark)


def test_connection_of_the_file_and_filters(lab: Lab, tmp_path: pathlib.Path) -> None:
    chosen = [{"exclude": "virtual_machine.name in ['vm2', 'vm3']"}]
    wanted = {"selection": {"patterns": ["vm[1-4]"]}, "exclude": {"names": ["vm4"]}, "filters": chosen}
    file = source(tmp_path, VMS, **vcenter(open_up(lab)), **wanted, encryption_groups=False)
    listed = inventory(lab, file, environment=NONE)
    assert listed.code == 0, listed.said
    assert sorted(listed.hosts) == ["vm1"]
    assert listed.group("unencrypted") == []


def test_hostile_and_equal_names_are_hosts_of_their_own(lab: Lab, tmp_path: pathlib.Path) -> None:
    machines = open_up(lab).vcenter.inventory
    evil = "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path / "pwned").replace("/", "%2f") + "') }}"
    for name in ("all", "unencrypted", "two", "two", "a\nb", evil, "gold"):
        machines.add_vm(name)
    groups = [{"key": "virtual_machine.name", "separator": "", "prefix": ""}]
    file = source(tmp_path, VMS, keyed_groups=groups, compose={"copy": "virtual_machine.name ~ ''"})
    listed = inventory(lab, file)
    assert listed.code == 0, listed.said
    facts = {name: one["virtual_machine"] for name, one in listed.hosts.items()}
    twins = [f"two_{one['moid']}" for one in facts.values() if one["name"] == "two"]
    assert len(twins) == 2
    odd = {f"{name}_{one['moid']}" for one in facts.values() for name in ("all", "unencrypted") if one["name"] == name}
    assert len(odd) == 2
    assert set(facts) == {*SMALL, *twins, *odd, "a b", "gold", evil.replace("%2f", "/")}
    assert len(listed.group("unencrypted")) == len(facts)
    assert listed.group("gold_group") == ["gold"]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.oldest("inventory encrypted_vms", "refusal")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"hostname": ""}, "missing connection options: hostname"),
        ({"password": "wr0ng-secret"}, "could not log in as"),
        ({"selection": {"name": ["vm1"]}}, "unknown options: selection.name."),
        ({"selection": {"names": ["vm99"]}, "validate_certs": True}, "vm99"),
    ],
)
def test_bad_input_is_told_on_one_line(
    lab: Lab, tmp_path: pathlib.Path, options: dict[str, t.Any], expected: str
) -> None:
    listed = inventory(lab, source(tmp_path, VMS, **{**vcenter(lab), **options}), environment=NONE)
    assert listed.code != 0
    assert listed.tells(expected), listed.said
    assert "wr0ng-secret" not in listed.said
    assert "Traceback" not in listed.said
