# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""private_cloud_kms with a host of several addresses: one entry each, in one call, and none of another KMS."""

from __future__ import annotations

import socket
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
HOST = "kms.example.net"
SHA1 = ":".join(["0A"] * 20)
OTHER = ":".join(["B1"] * 20)
FIRST, SECOND, THIRD, FOURTH = (f"203.0.113.{number}" for number in (20, 21, 22, 23))
KMS = "/dedicatedCloud/{serviceName}/vmEncryption/kms"
OPTIONS: dict[str, t.Any] = {"service_name": CLOUD, "host": HOST, "wait_interval": 0.01, "wait_timeout": 60}
PRESENT: dict[str, t.Any] = {**OPTIONS, "thumbprint": SHA1, "description": f"okms {HOST}"}
ABSENT: dict[str, t.Any] = {**OPTIONS, "state": "absent", "confirm_host": HOST}


class Names:
    """The addresses of host names, which may change."""

    def __init__(self) -> None:
        self.known = {HOST: [FIRST, SECOND, THIRD]}
        self._real = socket.getaddrinfo

    def lookup(self, host: t.Any, *args: t.Any, **options: t.Any) -> t.Any:
        if not str(host).endswith("example.net"):
            return self._real(host, *args, **options)
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in self.known[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.lookup)
    return made


def entries(lab: Lab) -> dict[str, t.Any]:
    """What the private cloud has, by address."""
    return {entry.ip: entry for entry in lab.ovhcloud.state.pccs[CLOUD].kms.values()}


def posts(lab: Lab) -> int:
    return len(lab.journal.entries(operation=f"POST {KMS}"))


def by_ip(result: t.Any, key: str = "kms_entries") -> dict[str, dict[str, t.Any]]:
    return {entry["ip"]: entry for entry in result[key]}


def delivered(lab: Lab, run_module: RunModule, **more: t.Any) -> dict[str, dict[str, t.Any]]:
    lab.ovhcloud.vcenter_trusts = lambda ip: True
    return by_ip(run_module("private_cloud_kms", **{**PRESENT, **more}, wait_for="delivered"))


def test_each_address_gets_an_entry_in_one_call(lab: Lab, run_module: RunModule, names: Names) -> None:
    mark = lab.journal.mark()
    predicted = run_module("private_cloud_kms", check=True, **PRESENT)
    assert predicted.changed and lab.journal.writes(mark) == []
    expected = {ip: {"thumbprint": SHA1, "description": f"okms {HOST}"} for ip in (FIRST, SECOND, THIRD)}
    assert predicted.diff == {"before": {}, "after": expected}

    made = run_module("private_cloud_kms", **PRESENT)
    assert made.changed and made.diff == predicted.diff and list(by_ip(made)) == [FIRST, SECOND, THIRD]
    for ip, entry in by_ip(made).items():
        assert entry["waiting_for_vcenter"] and lab.ovhcloud.flow_open(ip)
        assert all(value in (None, entry[key]) for key, value in by_ip(predicted)[ip].items())

    mark = lab.journal.mark()
    again = run_module("private_cloud_kms", **PRESENT)
    assert not again.changed and by_ip(again) == {ip: {**e, "task_id": None} for ip, e in by_ip(made).items()}
    finished = delivered(lab, run_module)
    assert {entry["state"] for entry in finished.values()} == {"delivered"}
    assert lab.journal.writes(mark) == [] and posts(lab) == 3


def test_one_entry_that_is_not_open_keeps_the_call_waiting(lab: Lab, run_module: RunModule, names: Names) -> None:
    lab.ovhcloud.vcenter_trusts = lambda ip: ip != SECOND
    result = run_module("private_cloud_kms", **{**PRESENT, "wait_timeout": 1}, wait_for="delivered")
    assert result.failed and f"({SECOND}) in state creating" in result.msg and "\n" not in result.msg
    assert f"({FIRST})" not in result.msg and len(result["failure"]["task_ids"]) == 3
    assert result.changed and len(result["kms_entries"]) == 3
    lab.ovhcloud.vcenter_trusts = lambda ip: True
    assert not run_module("private_cloud_kms", **PRESENT, wait_for="delivered").changed and posts(lab) == 3


@pytest.mark.parametrize("order", ["after_vcenter", "before_vcenter"])
def test_both_orders_of_delivery_need_no_second_thought(
    lab: Lab, run_module: RunModule, names: Names, order: str
) -> None:
    """The control panel waits for vCenter first, the guide waits for `delivered` first."""
    lab.ovhcloud.settings.kms_delivered = order
    state = "delivered" if order == "before_vcenter" else "creating"
    opened = run_module("private_cloud_kms", **PRESENT)
    assert {entry["state"] for entry in opened["kms_entries"]} == {state}
    # the task still waits for vCenter: that is no reason to wait for an entry that is delivered already
    patience = 1 if state == "creating" else 60
    late = run_module("private_cloud_kms", **{**PRESENT, "wait_timeout": patience}, wait_for="delivered")
    assert late.failed == (order == "after_vcenter")
    assert all(task.state == "doing" for task in lab.ovhcloud.state.pccs[CLOUD].tasks.values())
    assert not run_module("private_cloud_kms", **PRESENT).changed
    finished = delivered(lab, run_module)
    assert {entry["state"] for entry in finished.values()} == {"delivered"} and posts(lab) == 3


def test_only_what_differs_is_corrected(lab: Lab, run_module: RunModule, names: Names) -> None:
    before = delivered(lab, run_module)
    options = {**PRESENT, "address_thumbprints": {SECOND: OTHER.lower(), FOURTH: "ignored"}}
    mark = lab.journal.mark()
    predicted = run_module("private_cloud_kms", check=True, **options)
    assert predicted.changed and lab.journal.writes(mark) == []
    changed = run_module("private_cloud_kms", **options)
    assert changed.changed and by_ip(changed) == by_ip(predicted) == {
        **before,
        SECOND: {**before[SECOND], "thumbprint": OTHER},
    }
    assert changed.diff == {"before": {SECOND: {"thumbprint": SHA1}}, "after": {SECOND: {"thumbprint": OTHER}}}
    assert [entry.operation for entry in lab.journal.writes(mark)] == [f"POST {KMS}/{{kmsId}}/changeProperties"]
    assert not run_module("private_cloud_kms", **options).changed


def test_a_new_address_is_opened_beside_the_others(lab: Lab, run_module: RunModule, names: Names) -> None:
    before = delivered(lab, run_module)
    names.known[HOST].append(FOURTH)
    mark = lab.journal.mark()
    made = delivered(lab, run_module)
    assert {**made, FOURTH: None} == {**before, FOURTH: None} and made[FOURTH]["id"]
    assert [entry.operation for entry in lab.journal.writes(mark)] == [f"POST {KMS}"]


def test_entries_of_lost_addresses_stay_until_asked_for(lab: Lab, run_module: RunModule, names: Names) -> None:
    delivered(lab, run_module)
    strangers: dict[str, t.Any] = {"service_name": CLOUD, "thumbprint": SHA1, "wait_interval": 0.01}
    run_module("private_cloud_kms", **strangers, host="203.0.113.90", description="okms other.example.net")
    run_module("private_cloud_kms", **strangers, host="203.0.113.91", description=f"{HOST} of the other team")
    names.known[HOST] = [SECOND, FOURTH]
    mark = lab.journal.mark()
    told = run_module("private_cloud_kms", **PRESENT, wait_for="delivered")
    assert (
        told.changed and list(by_ip(told)) == [SECOND, FOURTH] and list(by_ip(told, "stale_entries")) == [FIRST, THIRD]
    )
    assert FIRST in told.warnings[0] and "remove_stale: true" in told.warnings[0]
    assert [entry.operation for entry in lab.journal.writes(mark)] == [f"POST {KMS}"]

    mark = lab.journal.mark()
    predicted = run_module("private_cloud_kms", check=True, **PRESENT, remove_stale=True)
    assert predicted.changed and set(predicted.diff["before"]) == {FIRST, THIRD} and predicted.diff["after"] == {}
    assert lab.journal.writes(mark) == []
    needed = run_module("private_cloud_kms", **PRESENT, remove_stale=True, needed_hosts=[THIRD])
    assert needed.failed and needed["failure"]["needed_by"] == [THIRD] and lab.journal.writes(mark) == []

    removed = run_module("private_cloud_kms", **PRESENT, remove_stale=True)
    assert removed.changed and removed.diff == predicted.diff and removed["stale_entries"] == []
    assert removed["kms_entries"] == predicted["kms_entries"] and not removed.warnings
    assert set(entries(lab)) == {SECOND, FOURTH, "203.0.113.90", "203.0.113.91"}
    assert not run_module("private_cloud_kms", **PRESENT, remove_stale=True).changed


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "status"])
def test_a_failure_in_the_middle_is_resumed(lab: Lab, run_module: RunModule, names: Names, action: str) -> None:
    lab.faults.add(action, system="ovhcloud", operation=f"POST {KMS}".replace("{serviceName}", "*"), skip=1, status=400)
    first = run_module("private_cloud_kms", **PRESENT)
    assert first.failed == (action != "drop_after") and first.changed
    if first.failed:
        assert list(entries(lab)) == [FIRST] == list(by_ip(first)) == list(first.diff["after"])
    second = run_module("private_cloud_kms", **PRESENT)
    assert not second.failed and second.changed == (action != "drop_after") and len(entries(lab)) == 3
    assert posts(lab) == (3 if action == "drop_after" else 4)
    assert not run_module("private_cloud_kms", **PRESENT).changed


def test_absent_removes_all_entries_of_the_host(lab: Lab, run_module: RunModule, names: Names) -> None:
    delivered(lab, run_module)
    run_module("private_cloud_kms", **{**PRESENT, "host": "203.0.113.90", "description": "okms other.example.net"})
    names.known[HOST] = [SECOND, THIRD]
    mark = lab.journal.mark()
    for wrong in (None, SECOND, "other.example.net"):
        refused = run_module("private_cloud_kms", **{**ABSENT, "confirm_host": wrong})
        assert refused.failed and HOST in refused.msg and "\n" not in refused.msg
    predicted = run_module("private_cloud_kms", check=True, **ABSENT)
    assert predicted.changed and set(predicted.diff["before"]) == {FIRST, SECOND, THIRD}
    assert lab.journal.writes(mark) == []

    removed = run_module("private_cloud_kms", **ABSENT)
    assert removed.changed and removed.diff == predicted.diff
    assert removed["kms_entries"] == removed["stale_entries"] == [] and set(entries(lab)) == {"203.0.113.90"}
    again = run_module("private_cloud_kms", **ABSENT)
    assert not again.changed and again["kms_entries"] == []


def test_a_removal_that_broke_off_is_resumed(lab: Lab, run_module: RunModule, names: Names) -> None:
    delivered(lab, run_module)
    lab.faults.add("drop_before", system="ovhcloud", operation="DELETE *", skip=1)
    first = run_module("private_cloud_kms", **ABSENT)
    assert first.failed and first.changed and list(by_ip(first)) == [SECOND, THIRD]
    assert set(first.diff["before"]) == {FIRST}
    assert run_module("private_cloud_kms", **ABSENT).changed and entries(lab) == {}


def test_a_name_that_is_gone_still_stands_for_its_entries(lab: Lab, run_module: RunModule, names: Names) -> None:
    delivered(lab, run_module)
    del names.known[HOST]
    refused = run_module("private_cloud_kms", **PRESENT)
    assert refused.failed and f"host {HOST} has no IPv4 address here" in refused.msg
    assert run_module("private_cloud_kms", **ABSENT).changed and entries(lab) == {}
    assert not run_module("private_cloud_kms", **ABSENT).changed  # none is left, whatever its address is
    names.known["node.example.net"] = [SECOND]
    node = {**PRESENT, "host": "node.example.net", "description": "node"}
    assert not run_module("private_cloud_kms", **node).failed
    unknown = run_module("private_cloud_kms", **ABSENT)
    assert unknown.failed and f"host {HOST} has no IPv4 address here" in unknown.msg


def test_two_names_of_one_address_do_not_fight(lab: Lab, run_module: RunModule, names: Names) -> None:
    names.known["node.example.net"] = [SECOND]
    delivered(lab, run_module)
    node = {**PRESENT, "host": "node.example.net", "description": "okms node.example.net"}
    assert not run_module("private_cloud_kms", **node).changed
    assert entries(lab)[SECOND].description == f"okms {HOST}"
    refused = run_module("private_cloud_kms", **ABSENT, needed_hosts=["node.example.net"])
    assert refused.failed and refused["failure"]["needed_by"] == ["node.example.net"] and len(entries(lab)) == 3


def test_a_wrong_port_is_told_with_the_next_step(lab: Lab, run_module: RunModule, names: Names) -> None:
    real = 5696  # of addresses that are not OVHcloud's
    for check in (True, False):
        result = run_module("private_cloud_kms", check=check, **PRESENT, port=real + 1)
        assert not result.failed
    assert {entry["port_matches"] for entry in result["kms_entries"]} == {False}
    assert f"than {real + 1}, which vCenter uses" in result.warnings[0] and f"{THIRD} (id " in result.warnings[0]
    assert f"state: absent, confirm_host: {FIRST}" in result.warnings[0]
    good = run_module("private_cloud_kms", **PRESENT, port=real)
    assert not good.warnings and {entry["port_matches"] for entry in good["kms_entries"]} == {True}
    assert {entry["port_matches"] for entry in run_module("private_cloud_kms", **PRESENT)["kms_entries"]} == {None}


def test_an_entry_in_error_stops_the_set_before_any_write(lab: Lab, run_module: RunModule, names: Names) -> None:
    delivered(lab, run_module)
    entries(lab)[SECOND].state = "error"
    names.known[HOST].append(FOURTH)
    mark = lab.journal.mark()
    result = run_module("private_cloud_kms", **PRESENT)
    assert result.failed and f"({SECOND}) in state error" in result.msg and lab.journal.writes(mark) == []


def test_a_missing_thumbprint_is_named(lab: Lab, run_module: RunModule, names: Names) -> None:
    mark = lab.journal.mark()
    options = {**PRESENT, "thumbprint": None, "address_thumbprints": {FIRST: SHA1, SECOND: SHA1}}
    result = run_module("private_cloud_kms", **options)
    assert result.failed and f"address_thumbprints has no thumbprint for {THIRD}" in result.msg
    assert lab.journal.writes(mark) == []
