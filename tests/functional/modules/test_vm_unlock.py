# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module vm_unlock against the lab: VMs locked by a host that started without the KMIP server, and by lost keys."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "vm_unlock", **FAST)


def encrypt(lab, *names, provider=PROVIDER):
    """Encrypt VMs with a key that the KMIP server really has; returns the key."""
    key = lab.generate_key(provider)
    keys = lab.vcenter.crypto.providers[provider]
    lab.vcenter._connections.use_key(keys, key)
    for name in names:
        lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm(name), provider, key)
    return key


def reboot_without_keys(lab):
    lab.external_kms.stop()
    for host in lab.vcenter.inventory.hosts:
        lab.vcenter.lock_machines(host)


def locked(lab):
    return [machine.name for machine in lab.vcenter.inventory.vms if machine.locked]


def outcomes(result):
    return {row["name"]: row["outcome"] for row in result["virtual_machines"]}


def both(lab, run, **options):
    """Check mode (nothing written) and the run; they agree but for the word of the outcome."""
    checked, writes = Writes(lab).of(lambda: run(check=True, **options))
    assert writes == []
    done, writes = Writes(lab).of(lambda: run(**options))
    assert (checked.failed, checked.changed) == (done.failed, done.changed), done.output
    assert checked.msg == done.msg
    words = {"planned": "unlocked"}
    predicted = [{**row, "outcome": words.get(row["outcome"], row["outcome"])} for row in checked["virtual_machines"]]
    assert predicted == done["virtual_machines"]
    assert checked.diff == done.diff
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in done.output] == []
    return done, writes


@pytest.mark.oldest("vm_unlock", "life")
@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_key_server_is_back(version):
    settings = VCenterSettings(version=version, task_polls=2)
    with Lab(LabSettings(vcenter=settings)) as lab:
        add_standard(open_up(lab))
        run = functools.partial(runner_in(lab), "vm_unlock", **FAST)
        encrypt(lab, "vm1", "vm2", "vm4")
        reboot_without_keys(lab)
        assert locked(lab) == ["vm1", "vm2", "vm4"]
        lab.external_kms.start()
        done, writes = both(lab, run)
        assert not done.failed, done.output
        assert writes == ["CryptoUnlock_Task"] * 3
        assert locked(lab) == []
        assert done["virtual_machines"][0] == {
            "name": "vm1",
            "moid": "vm-1",
            "locked": True,
            "outcome": "unlocked",
            "reason": None,
            "next_step": None,
        }
        assert done.diff == {"before": {"locked": ["vm1", "vm2", "vm4"]}, "after": {"locked": []}}
        again, writes = both(lab, run)
        assert (again.failed, again.changed, writes) == (False, False, [])
        assert again["virtual_machines"] == []
        assert again["summary"] == {
            "selected": 6,
            "locked": 0,
            "unlocked": 0,
            "planned": 0,
            "started": 0,
            "blocked": 0,
            "failed": 0,
        }


def test_old_vcenter():
    with Lab(LabSettings(vcenter_version="7.0.1")) as lab:
        result = runner_in(open_up(lab))("vm_unlock", **FAST)
    assert result["failure"]["kind"] == "unsupported"


def test_nothing_is_locked(lab, run):
    done, writes = both(lab, run)
    assert (done.failed, done.changed, writes) == (False, False, [])
    mark = lab.journal.mark()
    run()
    assert lab.journal.entries(since=mark, operation="QueryCryptoKeyStatus") == []


def test_key_server_is_still_down(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1", "vm2")
    reboot_without_keys(lab)
    done, writes = both(lab, run)
    assert done.failed
    assert writes == []
    assert done["failure"]["kind"] == "locked"
    assert done.msg.startswith("2 of 2 locked VMs stay locked. vm1, vm2: vCenter cannot reach the KMIP server.")
    assert "private_cloud_kms" in done.msg
    assert "\n" not in done.msg
    assert outcomes(done) == {"vm1": "blocked", "vm2": "blocked"}
    assert done["summary"]["blocked"] == 2


# each reason that vCenter can give here, how it comes about, and a word of the answer


def provider_gone(lab, _key):
    lab.vcenter.crypto.drop(PROVIDER)


def key_gone(lab, _key):
    machine = lab.vcenter.inventory.vm("vm1")
    machine.crypto_key = KeyRef(PROVIDER, "no such key")


def key_not_active(lab, _key):
    machine = lab.vcenter.inventory.vm("vm1")
    fresh = lab.generate_key(PROVIDER)
    machine.disks[0].crypto_key = KeyRef(PROVIDER, fresh)


def no_permission(lab, _key):
    lab.external_kms.allowed = lambda *_who: False


def native_lost(lab, _key):
    add_native(lab)
    lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm("vm1"), "vnkp", "k")
    lab.vcenter.crypto.drop("vnkp")
    add_native(lab)  # another one of that name


REASONS = {
    "provider": (provider_gone, "the key's provider does not exist in this vCenter", "restore_from"),
    "missing": (key_gone, "the key does not exist in the KMS", "restore the key in the KMS"),
    "inactive": (key_not_active, "the key is not active in the KMS", "activate the key"),
    "permission": (no_permission, "does not create keys for it or give it keys", "kmip_server_test"),
    "native": (native_lost, "vCenter does not have the key", "native_key_provider"),
}


@pytest.mark.parametrize("kind", REASONS)
def test_reasons_in_words(lab, run, kind):
    change, reason, next_step = REASONS[kind]
    add_standard(lab)
    key = encrypt(lab, "vm1")
    reboot_without_keys(lab)
    lab.external_kms.start()
    change(lab, key)
    done, writes = both(lab, run)
    row = done["virtual_machines"][0]
    assert writes == []
    assert reason in row["reason"]
    assert next_step in row["next_step"]
    assert row["reason"] in done.msg
    assert locked(lab) == ["vm1"]


def test_some_open_others_do_not(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1", "vm2", "vm3")
    lab.vcenter.inventory.vm("vm2").disks[2].crypto_key = KeyRef(PROVIDER, "no such key")
    reboot_without_keys(lab)
    lab.external_kms.start()
    done, writes = both(lab, run)
    assert writes == ["CryptoUnlock_Task"] * 2
    assert outcomes(done) == {"vm1": "unlocked", "vm2": "blocked", "vm3": "unlocked"}
    assert (done.failed, done.changed) == (True, True)
    assert done.msg.startswith("1 of 3 locked VMs stay locked. vm2: the key does not exist")
    assert locked(lab) == ["vm2"]


def test_force_tries_all_the_same(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1")
    lab.vcenter.inventory.vm("vm1").crypto_key = KeyRef(PROVIDER, "no such key")
    reboot_without_keys(lab)
    lab.external_kms.start()
    done, writes = Writes(lab).of(lambda: run(force=True))
    assert writes == ["CryptoUnlock_Task"]
    assert outcomes(done) == {"vm1": "failed"}
    assert done["virtual_machines"][0]["reason"] == "the key no longer exists in its key provider"


def test_task_that_fails_on_the_host(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1", "vm2")
    reboot_without_keys(lab)
    lab.external_kms.start()
    lab.vcenter.inventory.hosts[0].connection_state = "disconnected"
    done, writes = Writes(lab).of(run)
    assert writes == ["CryptoUnlock_Task"] * 2
    assert outcomes(done) == {"vm1": "failed", "vm2": "unlocked"}
    assert "could not unlock vm1 on localhost" in done["virtual_machines"][0]["reason"]


def test_selection_and_exclusion(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1", "vm2", "vm3", "vm4")
    reboot_without_keys(lab)
    lab.external_kms.start()
    done, _writes = both(lab, run, selection={"patterns": ["vm[123]"]}, exclude={"names": ["vm2"]})
    assert outcomes(done) == {"vm1": "unlocked", "vm3": "unlocked"}
    assert done["summary"]["selected"] == 2
    assert locked(lab) == ["vm2", "vm4"]
    failed = run(selection={"names": ["vm9"]})
    assert failed["failure"]["kind"] == "not_found"


def test_without_waiting(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1")
    reboot_without_keys(lab)
    lab.external_kms.start()
    done = run(wait=False)
    assert outcomes(done) == {"vm1": "started"}
    assert done.changed


def test_without_the_right_to_ask_for_keys(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1")
    reboot_without_keys(lab)
    lab.external_kms.start()
    without(lab, "Cryptographer.ManageKeys")
    done, _writes = both(lab, run)
    assert outcomes(done) == {"vm1": "unlocked"}
    assert "Cryptographer.ManageKeys" in done.warnings[0]


@pytest.mark.oldest("vm_unlock", "refusal")
def test_without_the_right_to_unlock(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1")
    reboot_without_keys(lab)
    lab.external_kms.start()
    without(lab, "Cryptographer.RegisterVM")
    done = run()
    assert outcomes(done) == {"vm1": "failed"}
    assert "Cryptographer.RegisterVM" in done["virtual_machines"][0]["reason"]
    assert locked(lab) == ["vm1"]


def test_many_together(lab, run):
    add_standard(lab)
    for number in range(7, 210):
        lab.vcenter.inventory.add_vm(f"vm{number}")
    encrypt(lab, *[machine.name for machine in lab.vcenter.inventory.vms])
    reboot_without_keys(lab)
    lab.external_kms.start()
    mark = lab.journal.mark()
    done = run()
    assert (done["summary"]["unlocked"], locked(lab)) == (209, [])
    assert lab.journal.count("vcenter", "read", since=mark) < 40


def test_a_lost_answer_is_made_up_for(lab, run):
    add_standard(lab)
    encrypt(lab, "vm1", "vm2")
    reboot_without_keys(lab)
    lab.external_kms.start()
    lab.faults.add("drop_after", system="vcenter", operation="CryptoUnlock_Task")
    first = run()
    assert first.failed
    second = run()
    assert not second.failed, second.output
    assert locked(lab) == []
