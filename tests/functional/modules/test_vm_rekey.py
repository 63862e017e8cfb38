# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vm_rekey: new keys, compared with the old ones; once for each key when asked so."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    assert_foretold,
    converge,
    is_clear,
    is_encrypted,
    keys_of,
    outcomes,
    prepare,
    refused,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings


def encrypted(lab: Lab, run_module: RunModule, provider: str) -> t.Callable[..., t.Any]:
    """A fleet encrypted by the provider, and the runner of vm_rekey."""
    prepare(lab, run_module if provider == PROVIDER else None)
    done = runner(run_module, provider=provider)()
    assert not done.failed, done.msg
    return runner(run_module, "vm_rekey")


@pytest.mark.parametrize("mode", ["shallow", "deep"])
@pytest.mark.parametrize("provider", [PROVIDER, NATIVE])
def test_every_run_makes_new_keys(lab: Lab, run_module: RunModule, provider: str, mode: str) -> None:
    run = encrypted(lab, run_module, provider)
    machines = lab.vcenter.inventory.vms
    for _round in range(2):
        before = [keys_of(machine) for machine in machines]
        checked, writes = watched(lab, lambda: run(check=True, mode=mode))
        assert (checked.failed, writes) == (False, []), checked.msg
        done, writes = watched(lab, lambda: run(mode=mode))
        assert not done.failed, done.msg
        assert writes.count("ReconfigVM_Task") == len(machines)
        assert_foretold(checked, done)
        for old, machine in zip(before, machines):
            assert is_encrypted(machine, provider)
            assert not set(old) & set(keys_of(machine))
        rewritten = sum(disk.capacity_kb * 1024 for machine in machines for disk in machine.disks)
        assert done["summary"]["rewritten_bytes"] == (rewritten if mode == "deep" else 0)


@pytest.mark.oldest("vm_rekey", "life")
def test_named_keys_are_replaced_once(lab: Lab, run_module: RunModule) -> None:
    run = encrypted(lab, run_module, PROVIDER)
    machines = lab.vcenter.inventory.vms
    old = sorted({key.key_id for machine in machines[:2] for key in keys_of(machine)})
    kept = [keys_of(machine) for machine in machines[2:]]
    done = converge(lab, run, key_ids=old)
    assert [name for name, outcome in outcomes(done).items() if outcome == "done"] == ["vm1", "vm2"]
    assert [keys_of(machine) for machine in machines[2:]] == kept
    converge(lab, run, key_ids=f"none, {keys_of(machines[2])[0].key_id}")  # as one text
    assert keys_of(machines[2]) != kept[0]
    nothing, writes = watched(lab, lambda: run(key_ids=[]))
    assert (nothing.failed, nothing.changed, writes) == (False, False, [])


def test_only_the_part_with_the_named_key(lab: Lab, run_module: RunModule) -> None:
    run = encrypted(lab, run_module, NATIVE)
    machine = lab.vcenter.inventory.vm("vm2")
    lab.vcenter.inventory.encrypt_disk(machine, 1, NATIVE, "another key")
    home = machine.crypto_key
    converge(lab, run, key_ids=["another key"])
    assert machine.crypto_key == home
    assert machine.disks[1].crypto_key not in (None, home) and machine.disks[1].crypto_key.key_id != "another key"


def test_running_vms_and_snapshot_chains_take_a_shallow_recrypt(lab: Lab, run_module: RunModule) -> None:
    run = encrypted(lab, run_module, NATIVE)
    inventory = lab.vcenter.inventory
    machine = inventory.vm("vm1")
    machine.power_state = "poweredOn"
    inventory.snapshot(machine, "nightly")
    result, _writes = watched(lab, lambda: run(selection={"names": ["vm1"]}))
    assert not result.failed and machine.power_state == "poweredOn"
    assert "it has snapshots" in refused(lab, run, "refused_by_guard", mode="deep")


def test_a_deep_recrypt_shuts_down_and_powers_on(lab: Lab, run_module: RunModule) -> None:
    run = encrypted(lab, run_module, NATIVE)
    machine = lab.vcenter.inventory.vm("vm1")
    machine.power_state, machine.tools = "poweredOn", True
    result, _writes = watched(lab, lambda: run(mode="deep", power_off="shutdown"))
    assert not result.failed, result.msg
    assert (rows(result)["vm1"]["shutdown"], machine.power_state) == (True, "poweredOn")


def test_clear_machines_are_left_alone_and_vtpm_homes_are_not(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    assert not runner(run_module, selection={"names": ["vm1"]})().failed
    machine = inventory.vm("vm1")
    machine.tpm = True
    for disk in machine.disks:
        disk.crypto_key = None
    home = machine.crypto_key
    result, writes = watched(lab, runner(run_module, "vm_rekey"))
    assert outcomes(result) == {"vm1": "done", **dict.fromkeys(["vm2", "vm3", "vm4", "vm5", "vm6"], "already")}
    assert (writes, machine.crypto_key != home) == (["ReconfigVM_Task"], True)
    assert all(is_clear(one) for one in inventory.vms[1:])


def test_a_key_that_stays_the_same_is_a_failure(lab: Lab, run_module: RunModule) -> None:
    run = encrypted(lab, run_module, NATIVE)
    lab.vcenter.machine_faults.add("vm1", "half", disks=0)
    result, _writes = watched(lab, lambda: run(max_failures=9))
    assert result.failed and "Hard disk 1 still has its key" in rows(result)["vm1"]["error"]


@pytest.mark.oldest("vm_rekey", "refusal")
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"selection": {}}, "invalid_input", "selection is empty"),
        ({"selection": {"names": ["nobody"]}}, "not_found", "VM nobody"),
        ({"max_parallel_per_host": 0}, "invalid_input", "max_parallel_per_host"),
    ],
)
def test_bad_input(lab: Lab, run_module: RunModule, options: dict[str, t.Any], kind: str, words: str) -> None:
    run = encrypted(lab, run_module, NATIVE)
    assert words in refused(lab, run, kind, **options)


def test_a_missing_right_is_named(lab: Lab, run_module: RunModule) -> None:
    run = encrypted(lab, run_module, NATIVE)
    granted = lab.vcenter.authenticate(lab.vcenter_username, lab.vcenter_password)
    assert granted is not None
    lab.vcenter.authenticate = lambda _login, _password: frozenset(granted) - {"Cryptographer.Recrypt"}
    result = run()
    assert result.failed and "Cryptographer.Recrypt" in result.msg and "encryption_right" in result.msg


@pytest.mark.parametrize("version", ["7.0.2", "9.0"])
def test_other_versions_of_vcenter(version: str) -> None:
    with Lab(LabSettings(vcenter_version=version)) as lab:
        run_module = runner_in(lab)
        run = encrypted(lab, run_module, NATIVE)
        before = [keys_of(machine) for machine in lab.vcenter.inventory.vms]
        result, _writes = watched(lab, run)
        assert not result.failed, result.msg
        assert not any(set(old) & set(keys_of(one)) for old, one in zip(before, lab.vcenter.inventory.vms))


def test_key_is_told_when_the_vms_other_provider_refuses(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machine, inventory = lab.vcenter.inventory.vm("vm1"), lab.vcenter.inventory
    for name in ("a-kms", "b-kms"):
        add_standard(lab, name, default=False)
    inventory.encrypt(machine, "a-kms", lab.generate_key("a-kms"))
    inventory.encrypt_disk(machine, 0, "b-kms", lab.generate_key("b-kms"))
    before, made = keys_of(machine), set(lab.external_kms.keys())
    lab.faults.add("refuse", system="external_kms", operation="Create", skip=1, times=9)
    result, writes = watched(lab, runner(run_module, "vm_rekey", selection={"names": ["vm1"]}))
    assert result.failed and writes == ["GenerateKey"] * 2 and keys_of(machine) == before
    (unused,) = set(lab.external_kms.keys()) - made
    assert f"1 key was made and not used, and left in the KMS: {unused}" in result.warnings
