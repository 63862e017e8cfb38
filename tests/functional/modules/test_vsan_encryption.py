# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules vsan_encryption and vsan_encryption_info against the lab, with keys of real KMIP servers."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    refused,
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    assert_prediction,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

KEY = "vsan_encryption"
KEYS = ("key_id", "host_key_id")
RECONFIGURE, REKEY = "VsanClusterReconfig", "VsanEncryptedClusterRekey_Task"


@pytest.fixture
def lab(lab):
    return prepared(lab)


def prepared(lab):
    open_up(lab)
    lab.vcenter.inventory.cluster("C0").vsan = True
    return lab


@pytest.fixture
def cluster(lab):
    return lab.vcenter.inventory.cluster("C0")


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, KEY, cluster="C0", **FAST)


@pytest.fixture
def info(run_module):
    def call(**options):
        result = run_module("vsan_encryption_info", **options)
        assert not result.failed, result.msg
        return result["vsan_clusters"]

    return call


def ok(result):
    assert not result.failed, result.output
    return result


def once(lab, run, unknown=KEYS, **options):
    """Check mode (no writes, true prediction), then the run; returns it and its writes."""
    count = Writes(lab)
    checked, writes = count.of(lambda: run(check=True, **options))
    assert (checked.failed, writes) == (False, []), checked.output
    done, writes = count.of(lambda: run(**options))
    assert not done.failed, done.output
    assert checked.changed and done.changed and writes
    assert_prediction(checked[KEY], done[KEY], unknown)
    assert checked["checks"] == done["checks"]
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in done.output] == []
    return done, writes


def converge(lab, run, unknown=KEYS, **options):
    """The same, and a second run that changes nothing."""
    done, writes = once(lab, run, unknown, **options)
    again, none = Writes(lab).of(lambda: run(**options))
    assert (again.failed, again.changed, none) == (False, False, []), again.output
    assert again[KEY] == {**done[KEY], "rekey": "none"}
    assert again["checks"] is None
    return done, writes


@pytest.mark.oldest("vsan_encryption", "life")
@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_whole_life_in_all_versions(version):
    settings = VCenterSettings(version=version, task_polls=2, vsan_settling_looks=2)
    with Lab(LabSettings(vcenter=settings)) as lab:
        add_standard(prepared(lab))
        add_native(lab)
        run = functools.partial(runner_in(lab), KEY, cluster="C0", **FAST)
        done, writes = converge(lab, run)
        found = done[KEY]
        assert writes == [RECONFIGURE]
        assert (found["enabled"], found["provider"], found["erase_disks"]) == (True, PROVIDER, False)
        assert (found["changing"], found["rekey"], found["esa"]) == (False, "none", False)
        assert {found["key_id"], found["host_key_id"]} == set(lab.external_kms.keys())
        assert done.diff["before"] == {"enabled": False}
        moved, writes = converge(lab, run, provider="vnkp", erase_disks=True)
        assert writes == [RECONFIGURE]
        assert (moved[KEY]["provider"], moved[KEY]["erase_disks"]) == ("vnkp", True)
        assert moved[KEY]["key_id"] != found["key_id"]
        off, writes = converge(lab, run, (), state="disabled", confirm_name="C0")
        assert writes == [RECONFIGURE]
        assert off[KEY]["provider"] is None


def test_old_vcenter():
    with Lab(LabSettings(vcenter_version="7.0.1")) as lab:
        run = functools.partial(runner_in(prepared(lab)), KEY, cluster="C0", **FAST)
        refused(lab, run, "unsupported")


def test_default_provider(lab, run):
    add_standard(lab)
    add_native(lab)
    lab.vcenter.crypto.entity_defaults["domain-c20"] = "vnkp"
    done, _writes = converge(lab, run)
    assert done[KEY]["provider"] == "vnkp"
    lab.vcenter.crypto.entity_defaults.clear()
    again = ok(run())
    assert (again.changed, again[KEY]["provider"]) == (False, "vnkp")


def test_erasing_alone_needs_no_new_keys(lab, run):
    add_standard(lab)
    keys = ok(run())[KEY]["key_id"]
    done, writes = converge(lab, run, (), erase_disks=True)
    assert writes == [RECONFIGURE]
    assert done[KEY]["key_id"] == keys
    done, _writes = converge(lab, run, (), erase_disks=False)


@pytest.mark.parametrize(("mode", "generations"), [("shallow", 0), ("deep", 1)])
def test_rekey_once(lab, cluster, run, mode, generations):
    add_standard(lab)
    before = ok(run())[KEY]["key_id"]
    generation = cluster.vsan_state.dek_generation
    done, writes = converge(lab, run, rekey=mode, key_ids=f"another, {before}")  # as one text
    assert writes == [REKEY]
    assert done[KEY]["rekey"] == mode
    assert done[KEY]["key_id"] != before
    assert cluster.vsan_state.dek_generation == generation + generations


def test_rekey_in_each_run(lab, run):
    add_standard(lab)
    ok(run())
    first, _writes = once(lab, run, rekey="shallow")
    second, writes = once(lab, run, rekey="shallow")
    assert writes == [REKEY]
    assert second[KEY]["key_id"] != first[KEY]["key_id"]


def test_new_provider_has_new_keys_already(lab, run):
    add_standard(lab)
    add_native(lab)
    ok(run())
    _done, writes = once(lab, run, provider="vnkp", rekey="shallow")
    assert writes == [RECONFIGURE]
    done, writes = once(lab, run, provider=PROVIDER, rekey="deep")
    assert writes == [RECONFIGURE, REKEY]
    assert (done[KEY]["provider"], done[KEY]["rekey"]) == (PROVIDER, "deep")


def test_the_run_that_turns_it_on_does_not_rekey(lab, run):
    add_standard(lab)
    done, writes = once(lab, run, rekey="deep")
    assert (writes, done[KEY]["rekey"]) == ([RECONFIGURE], "none")


def test_rekey_that_changes_nothing_is_a_failure(lab, cluster, run):
    add_standard(lab)
    key = ok(run())[KEY]["key_id"]
    cluster.vsan_state.stuck_key = True
    failed = run(rekey="shallow")
    assert failed["failure"]["kind"] == "api"
    assert f"the key is the same as before ({key})" in failed.msg


def test_poor_health(lab, cluster, run):
    add_standard(lab)
    cluster.vsan_state.health = "red"
    message = refused(lab, run, "refused_by_guard")
    assert message.startswith("vSAN of the cluster C0 is red (Cluster: vSAN object health is red); nothing was changed")
    done, _writes = converge(lab, run, require_healthy=False)
    assert done["checks"]["health"] == "red"
    assert "is red" in done.warnings[0]
    refused(lab, run, "refused_by_guard", rekey="shallow")
    cluster.vsan_state.health = "yellow"
    done, _writes = once(lab, run, rekey="shallow")
    assert done["checks"]["problems"] == ["Cluster: vSAN object health is yellow"]
    assert "is yellow" in done.warnings[0]


def test_little_space(lab, cluster, run):
    add_standard(lab)
    cluster.vsan_state.free = 8 << 40
    message = refused(lab, run, "refused_by_guard")
    assert "has 20 % free space, less than the 30 %" in message
    assert ok(run(min_free_percent=20)).changed
    once(lab, run, rekey="shallow")
    refused(lab, run, "refused_by_guard", rekey="deep")
    refused(lab, run, "refused_by_guard", state="disabled", confirm_name="C0")
    assert ok(run(rekey="deep", min_free_percent=0)).changed


def test_checks_are_part_of_the_result(lab, run):
    add_standard(lab)
    assert ok(run(check=True))["checks"] == {
        "health": "green",
        "problems": [],
        "capacity_bytes": 40 << 40,
        "free_bytes": 25 << 40,
        "free_percent": 62.5,
    }


def test_reduced_redundancy(lab, cluster, run):
    add_standard(lab)
    cluster.vsan_state.tight = True
    failed = run()
    assert failed["failure"]["cause"] == "vSAN cannot empty a disk group and keep full redundancy"
    assert "allow_reduced_redundancy: true" in failed.msg
    ok(run(allow_reduced_redundancy=True))
    assert run(rekey="deep").failed
    once(lab, run, rekey="deep", allow_reduced_redundancy=True)


def test_disabling_needs_the_name(lab, run):
    add_standard(lab)
    ok(run())
    assert "Set confirm_name" in refused(lab, run, "refused_by_guard", state="disabled")
    assert "confirm_name is C1" in refused(lab, run, "refused_by_guard", state="disabled", confirm_name="C1")
    ok(run(state="disabled", confirm_name="C0"))
    assert ok(run(state="disabled")).changed is False


@pytest.mark.parametrize("version", ["8.0.3", "9.0"])
def test_esa(version):
    with Lab(LabSettings(vcenter_version=version)) as lab:
        add_standard(prepared(lab))
        lab.vcenter.inventory.cluster("C0").vsan_state.esa = True
        run = functools.partial(runner_in(lab), KEY, cluster="C0", **FAST)
        failed = run()
        assert "only be encrypted when the cluster is created" in failed["failure"]["cause"]
        assert any("Express Storage Architecture" in warning for warning in failed.warnings)
        lab.vcenter.settings.vsan_esa_can_change = True
        done, _writes = converge(lab, run)
        assert done[KEY]["esa"] is True


def test_key_server_out_of_reach(lab, run):
    add_standard(lab)
    lab.external_kms.stop()
    assert "vCenter cannot reach it" in refused(lab, run, "key_refused")
    lab.external_kms.start()
    ok(run())
    lab.external_kms.stop()
    assert "vCenter cannot reach it" in refused(lab, run, "key_refused", rekey="shallow")
    add_native(lab)
    assert "Data-at-rest encryption: vCenter and KMS is red" in refused(lab, run, "refused_by_guard", provider="vnkp")
    done, _writes = converge(lab, run, provider="vnkp", require_healthy=False)
    assert done[KEY]["provider"] == "vnkp"


def test_key_server_that_makes_no_keys(lab, run):
    add_standard(lab)
    lab.external_kms.allowed = lambda _subject, _serial, operation: operation in ("DiscoverVersions", "Query")
    failed = run()
    assert failed["failure"]["cause"].startswith("the KMS lets vCenter in")
    assert "\n" not in failed.msg
    lab.external_kms.allowed = lambda *_who: True
    converge(lab, run)


def test_native_provider_without_a_backup(lab, run):
    add_native(lab, has_backup=False)
    assert "native_key_provider_backup" in refused(lab, run, "refused_by_guard", provider="vnkp")


@pytest.mark.oldest("vsan_encryption", "refusal")
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"cluster": "C9"}, "not_found", "no cluster C9; there are: C0"),
        ({"provider": "nobody"}, "not_found", "no key provider nobody"),
        ({}, "refused_by_guard", "there is no default key provider for the cluster C0"),
        ({"min_free_percent": 101}, "invalid_input", "min_free_percent must be between"),
        ({"state": "disabled", "rekey": "deep"}, "invalid_input", "rekey needs state: enabled"),
        ({"key_ids": ["k"]}, "invalid_input", "it requires rekey"),
    ],
)
def test_bad_input(lab, run, options, kind, words):
    assert words in refused(lab, run, kind, **options)


def test_cluster_without_vsan(lab, cluster, run, info):
    add_standard(lab)
    cluster.vsan = False
    assert "vSAN is not switched on in the cluster C0" in refused(lab, run, "conflict")
    assert info() == []


def test_vcenter_without_a_vsan_service(lab, run):
    add_standard(lab)
    lab.faults.add("status", system="vcenter", operation="VsanClusterGetConfig", status=404)
    failed = run()
    assert failed["failure"]["kind"] == "unsupported"
    assert "has no vSAN service" in failed.msg


@pytest.mark.parametrize("privilege", ["Host.Inventory.EditCluster", "Cryptographer.ManageEncryptionPolicy"])
def test_missing_privilege(lab, run, privilege):
    add_standard(lab)
    without(lab, privilege)
    failed = run()
    assert failed["failure"]["kind"] == "forbidden"
    assert failed["failure"]["privilege"] == privilege


def test_without_waiting_the_next_run_waits(lab, run):
    add_standard(lab)
    lab.vcenter.settings.task_polls = 5
    lab.vcenter.settings.vsan_settling_looks = 2
    checked = ok(run(check=True, wait=False))
    done = ok(run(wait=False))
    assert checked[KEY]["changing"] is None
    assert (done.changed, done[KEY]["changing"], done[KEY]["enabled"]) == (True, True, True)
    assert "still changing" in refused(lab, run, "conflict", rekey="shallow")
    lab.vcenter.tasks.settle()
    again = ok(run())
    assert (again.changed, again[KEY]["changing"]) == (False, False)


def test_a_wait_that_ends_loses_nothing(lab, run):
    add_native(lab, default=True)  # no task is needed to see whether it works
    lab.vcenter.settings.task_polls = 1000
    failed = run(wait_timeout=0)
    assert failed["failure"]["kind"] == "timeout"
    assert "task-" in failed["failure"]["task_id"]
    lab.vcenter.tasks.settle()
    assert ok(run()).changed is False


def test_short_losses_of_the_connection_do_not_end_the_wait(lab, run):
    add_standard(lab)
    mark = lab.journal.mark()
    assert ok(run(check=True)).changed
    reads = lab.journal.count("vcenter", since=mark, operation="Fetch")
    lab.faults.add("drop_before", system="vcenter", operation="Fetch", skip=reads)
    lab.faults.add("drop_before", system="vcenter", operation="VsanClusterGetConfig", skip=1)
    mark = lab.journal.mark()
    assert ok(run()).changed
    statuses = [entry.status for entry in lab.journal.entries(since=mark, operation="VsanClusterGetConfig")]
    assert len(statuses) == 3


@pytest.mark.oldest("vsan_encryption_info", "life")
def test_info(lab, cluster, run, info):
    add_standard(lab)
    lab.vcenter.inventory.add_cluster()
    row = info()[0]
    assert (row["cluster"], row["enabled"], row["provider"], row["checks"]) == ("C0", False, None, None)
    found = ok(run())[KEY]
    cluster.vsan_state.health = "yellow"
    row = info(clusters=["C0"], check_health=True)[0]
    assert {name: row[name] for name in row if name != "checks"} == {k: v for k, v in found.items() if k != "rekey"}
    assert row["checks"]["health"] == "yellow"
    assert info(clusters=["C1"]) == []
