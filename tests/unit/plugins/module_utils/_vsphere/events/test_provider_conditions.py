# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When key providers, certificates, backups and defaults are an event."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.provider_conditions import (
    Backup,
    EventThresholds,
    ProviderConditions,
    defaults_of,
)

Facts = dict[str, t.Any]


def certificate(sha1: str | None = "AA:BB", days_left: int | None = 200) -> Facts:
    return {
        "subject": "CN=kms",
        "not_after": "2027-01-01T00:00:00Z",
        "sha1": sha1,
        "sha256": None,
        "days_left": days_left,
    }


def provider(status: str | None = "green", name: str = "okms", **more: t.Any) -> Facts:
    return {"name": name, "type": "standard", "status": status, "reasons": [], "connections": None, **more}


def shown_by(server: Facts | None) -> Facts:
    return provider(connections=[{"name": "kms1", "certificate": server}])


def run(
    *reports: t.Sequence[Facts], initial: bool = False, backups: t.Any = None, **limits: t.Any
) -> list[list[Facts]]:
    conditions = ProviderConditions(EventThresholds(**limits), initial)
    return [conditions.see(report, backups or {}) for report in reports]


def types(found: list[list[Facts]]) -> list[list[str]]:
    return [[event["type"] for event in events] for events in found]


RED = provider("red", reasons=["kms1: vCenter cannot reach it"])
UNTRUSTED = provider("red", reasons=["kms1: vCenter does not trust the server's certificate"])


def test_status_is_told_once_and_again_with_other_reasons() -> None:
    found = run(*[[one] for one in (provider(), RED, RED, UNTRUSTED, provider(), provider())])
    assert types(found) == [[], ["provider_not_green"], [], ["provider_not_green"], ["provider_green"], []]
    assert found[1] == [
        {
            "type": "provider_not_green",
            "status": "red",
            "reasons": ["kms1: vCenter cannot reach it"],
            "provider": {"name": "okms", "type": "standard"},
            "initial": False,
        }
    ]


@pytest.mark.parametrize("unknown", [None, "gray"])
def test_colour_that_says_nothing_changes_nothing(unknown: str | None) -> None:
    found = run([RED], [provider(unknown)], [RED], [provider()], [provider(unknown)], [provider()])
    assert types(found) == [[], [], [], ["provider_green"], [], []]


def test_order_of_reasons_is_no_change() -> None:
    one, other = provider("yellow", reasons=["a", "b"]), provider("yellow", reasons=["b", "a"])
    assert types(run([provider()], [one], [other])) == [[], ["provider_not_green"], []]


@pytest.mark.parametrize(("initial", "expected"), [(False, []), (True, ["provider_not_green"])])
def test_first_state_is_told_only_on_request(initial: bool, expected: list[str]) -> None:
    found = run([RED, provider(name="other")], [RED], initial=initial)
    assert types(found) == [expected, []]
    assert all(event["initial"] for event in found[0])


def test_new_provider_is_told_only_when_it_is_not_green() -> None:
    added = [provider(name="a"), {**RED, "name": "b"}]
    assert types(run([], added)) == [[], ["provider_not_green"]]


def test_provider_that_comes_back_is_judged_anew() -> None:
    assert types(run([provider()], [RED], [], [RED])) == [[], ["provider_not_green"], [], ["provider_not_green"]]


def test_end_of_a_certificate_is_told_at_each_threshold() -> None:
    days = (40, 31, 30, 29, 14, 13, 2, 1, 0, -5)
    found = run(*[[provider(client_certificate=certificate(days_left=left))] for left in days])
    told = [(left, event["threshold"]) for left, events in zip(days, found) for event in events]
    assert told == [(30, 30), (14, 14), (2, 3), (1, 1), (0, 0)]
    assert found[2][0]["certificate"] == "client" and found[2][0]["server"] is None


def test_new_certificate_begins_again_clock_going_back_does_not() -> None:
    ends = [("A", 10), ("A", 15), ("A", 10), ("B", 300), ("B", 10), ("C", 10)]
    found = run(*[[provider(client_certificate=certificate(sha1, left))] for sha1, left in ends])
    assert types(found) == [[], [], [], [], ["certificate_expiring"], ["certificate_expiring"]]


def test_thresholds_are_those_of_the_option() -> None:
    found = run(*[[shown_by(certificate(days_left=left))] for left in (100, 59, 4)], days=(60, 5))
    assert [(event["server"], event["threshold"]) for events in found for event in events] == [
        ("kms1", 60),
        ("kms1", 5),
    ]


def test_server_certificate_that_changes_is_told_once() -> None:
    shown = [certificate("A"), None, certificate(None), certificate("A"), certificate("B"), certificate("B")]
    found = run(*[[shown_by(one)] for one in shown])
    assert types(found) == [[], [], [], [], ["server_certificate_changed"], []]
    assert (found[4][0]["before"], found[4][0]["sha1"], found[4][0]["server"]) == ("A", "B", "kms1")


def test_default_that_moves_is_told_for_system_and_cluster() -> None:
    before = [provider(name="a", default=True), provider(name="b", default_clusters=["cl1"])]
    after = [provider(name="a", default_clusters=["cl1"]), provider(name="b", default=True)]
    found = run(before, after, after, [provider(name="a"), provider(name="b")])
    assert [(e["cluster"], e["before"], e["after"]) for e in found[1]] == [(None, "a", "b"), ("cl1", "b", "a")]
    assert found[2] == []
    assert [(e["cluster"], e["before"], e["after"]) for e in found[3]] == [(None, "b", None), ("cl1", "a", None)]
    assert defaults_of(before) == {"": "a", "cl1": "b"}


@pytest.mark.parametrize(("days", "expected"), [(365, []), (366, ["backup_too_old"])])
def test_backup_is_too_old_after_its_age(days: int, expected: list[str]) -> None:
    conditions = ProviderConditions()
    nkp = [provider(name="nkp")]
    conditions.see(nkp, {"nkp": Backup("2025-11-01T00:00:00Z", 300)})
    told = conditions.see(nkp, {"nkp": Backup("2025-11-01T00:00:00Z", days)})
    assert [event["type"] for event in told] == expected
    assert conditions.see(nkp, {"nkp": Backup("2025-11-01T00:00:00Z", days + 1)}) == (
        []
        if expected
        else [
            {
                "type": "backup_too_old",
                "created_at": "2025-11-01T00:00:00Z",
                "age_days": 366,
                "initial": False,
                "provider": {"name": "nkp", "type": "standard"},
            }
        ]
    )
    assert conditions.see(nkp, {"nkp": Backup("2026-11-01T00:00:00Z", 1)}) == []


@pytest.mark.parametrize("lacking", [{"connections": None}, {"connections": []}])
def test_look_without_connections_repeats_and_loses_nothing(lacking: Facts) -> None:
    old, new = shown_by(certificate("A", 10)), shown_by(certificate("B", 200))
    found = run([shown_by(certificate("A", 40))], [old], [provider(**lacking)], [old], [provider(**lacking)], [new])
    assert types(found) == [[], ["certificate_expiring"], [], [], [], ["server_certificate_changed"]]


def test_look_without_client_certificate_repeats_nothing() -> None:
    expiring = provider(client_certificate=certificate(days_left=10))
    assert types(run([], [expiring], [provider()], [expiring])) == [[], ["certificate_expiring"], [], []]


def test_look_without_the_dossier_repeats_no_old_backup() -> None:
    conditions, old = ProviderConditions(), {"nkp": Backup("2025-11-01T00:00:00Z", 400)}
    seen = [conditions.see([provider(name="nkp")], backups) for backups in ({}, old, {}, old)]
    assert types(seen) == [[], ["backup_too_old"], [], []]


def test_server_that_is_removed_is_forgotten() -> None:
    conditions = ProviderConditions()
    conditions.see([shown_by(certificate("A"))], {})
    other = [{"name": "kms2", "certificate": certificate("B")}]
    conditions.see([provider(connections=other, servers=[{"name": "kms2"}])], {})
    assert {key[2] for key in conditions.known if len(key) == 3} == {"kms2"}
    conditions.see([provider(connections=[], servers=[{"name": "kms2"}, {"name": "kms3"}])], {})
    assert {key[2] for key in conditions.known if len(key) == 3} == {"kms2"}


def test_memory_is_flat_while_providers_come_and_go() -> None:
    conditions = ProviderConditions()
    for number in range(2000):
        shown = [{"name": f"kms{number}", "certificate": certificate(str(number), number % 40)}]
        one = provider(("green", "red")[number % 2], f"provider-{number}", connections=shown, default=True)
        conditions.see([{**one, "client_certificate": certificate(f"c{number}")}], {one["name"]: Backup("x", number)})
    assert len(conditions.known) == 6
