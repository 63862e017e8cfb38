# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left, the plan, and the proof, from facts."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.left import encrypted, kind_of, left
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.plan import duration, plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.proof import (
    NotAReportError,
    loaded,
    proof,
)

NOW = datetime.datetime(2026, 10, 1, 12, tzinfo=datetime.timezone.utc)
GIB = 1 << 30
VM: dict[str, t.Any] = {
    "name": "db-01",
    "moid": "vm-1",
    "encryption_state": "encrypted",
    "power_state": "powered_on",
    "providers": ["okms"],
    "disks": [{"encrypted": True, "capacity_bytes": 100 * GIB}, {"encrypted": False, "capacity_bytes": 900 * GIB}],
}
PROVIDER: dict[str, t.Any] = {"name": "okms", "type": "standard", "default": True, "needed_by": ["VM db-01"]}


def facts(*machines: t.Any, **more: t.Any) -> dict[str, t.Any]:
    """Those of a vCenter with these VMs."""
    return {"vcenter": "vc", "key_providers": [PROVIDER], "virtual_machines": list(machines), "hosts": [], **more}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "vm"),
        ({"vtpm": True}, "vtpm"),
        ({"vtpm": True, "encryption_state": "vtpm_only"}, "vtpm"),
        ({"vtpm": True, "template": True}, "template"),
        ({"vtpm": True, "locked": True}, "locked"),
        ({"snapshots": 2}, "snapshots"),
        ({"consolidation_needed": True}, "snapshots"),
        ({"linked_clone": True, "snapshots": 1}, "linked_clone"),
        ({"fault_tolerance": True}, "fault_tolerance"),
        ({"encryption_state": "unreadable", "vtpm": True}, "unreadable"),
    ],
)
def test_what_stands_first_in_the_way(changes: dict[str, t.Any], kind: str) -> None:
    assert kind_of({**VM, **changes}) == kind
    assert left(facts({**VM, **changes}))[0]["kind"] == kind


def test_clear_vms_are_not_left_and_unknown_ones_are() -> None:
    machines = [{**VM, "encryption_state": state} for state in ("unencrypted", "unreadable", "partly_encrypted")]
    assert [one["encryption_state"] for one in encrypted(machines)] == ["unreadable", "partly_encrypted"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"hosts": [{"name": "esx1", "key_id": "k", "provider": "okms"}]}, "host"),
        ({"vsan_clusters": [{"cluster": "c1", "enabled": True}]}, "vsan"),
        # vSAN needs its keys until the last disk group is written again
        ({"vsan_clusters": [{"cluster": "c1", "enabled": False, "changing": True}]}, "vsan"),
        ({"key_providers": [{**PROVIDER, "users": {"vsan_clusters": ["c1"]}}]}, "other_user"),
        (
            {
                "vsan_clusters": [{"cluster": "c1", "enabled": True}, {"cluster": "c2", "enabled": False}],
                "key_providers": [{**PROVIDER, "users": {"vsan_clusters": ["c1"]}}],
            },
            "vsan",
        ),
        ({"not_read": {"hosts": "no right", "x": ""}}, "not_read"),
        ({"key_providers": [{**PROVIDER, "users": {"others": ["a first class disk"]}}]}, "other_user"),
        (
            {"key_providers": [{**PROVIDER, "users": {"virtual_machines": [{"name": "x", "moid": "vm-9"}]}}]},
            "other_user",
        ),
        ({"key_providers": [{**PROVIDER, "users": {"not_read": "no right"}}] * 2}, "not_read"),
        ({"missing_key_providers": [{"name": "gone", "users": {"not_read": "no right"}}]}, "not_read"),
        ({"missing_key_providers": [{"name": "gone", "users": {"others": ["x"]}}]}, "other_user"),
    ],
)
def test_what_has_a_key_or_was_not_read_is_left(more: dict[str, t.Any], kind: str) -> None:
    found = left(facts(**more))
    assert [one["kind"] for one in found] == [kind] and found[0]["next_step"]
    assert not proof(facts(**more), NOW)["nothing_left"]


def test_users_of_keys_that_were_not_read_have_no_number() -> None:
    def row(**users: t.Any) -> t.Any:
        made = proof(facts(key_providers=[{**PROVIDER, "users": users}]), NOW)
        return next(one for one in made["checked"] if one["what"].startswith("Key providers"))

    assert (row(others=[])["number"], row(others=[])["left"]) == (1, 0)
    assert (row(not_read="no right")["number"], row(not_read="no right")["left"]) == (None, None)


def test_downtime_is_of_encrypted_disks_of_running_vms() -> None:
    off = {**VM, "name": "db-02", "moid": "vm-2", "power_state": "powered_off"}
    made = plan(facts(VM, off, {**VM, "name": "tpm", "vtpm": True, "moid": "vm-3"}), rate=100, parallel=4)
    assert made["downtime"] == [{"name": "db-01", "bytes": 100 * GIB, "seconds": 1024}]
    assert (made["ready"], made["encrypted"]) == (["db-01", "db-02"], ["vm-1", "vm-2", "vm-3"])
    assert "18 min in all" in made["table"][1] and made["table"][2].startswith("with a vTPM (1): tpm -> In the guest")


@pytest.mark.parametrize(("seconds", "words"), [(0, "1 min"), (61, "2 min"), (3600, "1 h 0 min"), (7261, "2 h 2 min")])
def test_durations_are_rounded_up(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_parallel_work_takes_as_long_as_its_longest_vm() -> None:
    machines = [{**VM, "name": f"vm{number}", "moid": str(number)} for number in range(8)]
    assert plan(facts(*machines), rate=100, parallel=4)["seconds"] == 2 * 1024
    assert plan(facts(*machines), rate=100, parallel=100)["seconds"] == 1024


def test_same_facts_keep_the_time_of_the_proof() -> None:
    old = dumped_report(proof(facts(VM), NOW))
    later = NOW + datetime.timedelta(days=3)
    assert dumped_report(proof(facts(VM), later, old)) == old
    changed = proof(facts(), later, old)
    assert (changed["generated_at"], changed["nothing_left"]) == ("2026-10-04T12:00:00Z", True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[]", "not a proof"),
        ('{"format": "ovhcloud.vmware_encryption.audit", "schema": 1}', "not a proof"),
        ('{"format": "ovhcloud.vmware_encryption.exit", "schema": 1}', "damaged"),
    ],
)
def test_what_is_no_proof_is_refused(text: str, words: str) -> None:
    with pytest.raises(NotAReportError, match=words):
        loaded(text)


def test_proof_of_another_vcenter_is_refused() -> None:
    with pytest.raises(NotAReportError, match="vCenter vc, not of other"):
        proof({**facts(), "vcenter": "other"}, NOW, dumped_report(proof(facts(), NOW)))


def test_billing_says_what_ends_it() -> None:
    made = proof(facts(okms={"okms_id": "7c0f", "text": "3 KMIP objects, 0.18 EUR a month"}), NOW)
    assert json.loads(dumped_report(made))["billing"][0]["next_step"].startswith(
        "It ends when the OKMS domain is terminated"
    )
