# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks for auditors, the age of keys, the scope: each verdict, and what it is about."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import checks, model
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet

Report = dict[str, t.Any]
DAY = datetime.timedelta(days=1)


def made(days: int = 0, previous: t.Optional[Report] = None, **changes: t.Any) -> Report:
    """A report so many days after the first one, through its text as files keep it."""
    base: Report = {
        "vcenter": "vc",
        "virtual_machines": [fleet.machine(number, vmotion_encryption="required") for number in range(4)],
        "key_providers": [fleet.provider("okms-eu-west-rbx", "standard", default=True), fleet.providers()[1]],
    }
    report = model.report({**base, **changes}, Thresholds(), fleet.NOW + days * DAY, previous)
    return model.loaded(dumped_report(report))


def verdict(report: Report, name: str) -> tuple[str, str]:
    """Result and observation of one check."""
    return next((row["result"], row["observed"]) for row in report["checks"] if row["check"] == name)


def test_every_check_has_a_criterion_and_known_clauses() -> None:
    rows = made()["checks"]
    assert sorted(row["check"] for row in rows) == sorted(checks.CLAUSES)
    assert all(row["title"] and row["criterion"] and row["observed"] for row in rows)
    assert [row["result"] for row in rows] == sorted((row["result"] for row in rows), key=checks.RESULTS.index)
    for row in rows:
        assert row["clauses"] == list(checks.CLAUSES[row["check"]])


@pytest.mark.parametrize(
    ("name", "changes", "result"),
    [
        ("vms_encrypted", {}, checks.PASS),
        ("vms_encrypted", {"virtual_machines": [fleet.machine(1, "unencrypted")]}, checks.FAIL),
        ("vms_encrypted", {"virtual_machines": [fleet.machine(1, "partly_encrypted")]}, checks.FAIL),
        (
            "vms_encrypted",
            {"virtual_machines": [fleet.machine(1, "unencrypted", infrastructure_kind="vcenter")]},
            checks.PASS,
        ),
        ("vms_encrypted", {"virtual_machines": [fleet.machine(1, "unreadable")]}, checks.OPEN),
        ("vms_encrypted", {"virtual_machines": []}, checks.OPEN),
        ("keys_available", {}, checks.PASS),
        ("keys_available", {"virtual_machines": [fleet.machine(1, locked=True)]}, checks.FAIL),
        ("keys_available", {"virtual_machines": [], "key_providers": []}, checks.OPEN),
        ("default_provider", {}, checks.PASS),
        ("default_provider", {"key_providers": [fleet.provider("a", "standard")]}, checks.FAIL),
        ("backups", {"key_providers": [fleet.provider("a", "standard", default=True)]}, checks.OPEN),
        ("backups", {"key_providers": [fleet.provider("a", "native", has_backup=False)]}, checks.FAIL),
        ("backups", {}, checks.OPEN),
        ("backups", {"dossier": fleet.facts(1)["dossier"]}, checks.PASS),
        ("certificates", {}, checks.OPEN),
        ("certificates", {"key_providers": fleet.providers()}, checks.FAIL),
        ("key_origin", {}, checks.OPEN),
        ("key_origin", {"okms_credentials": fleet.credentials()}, checks.FAIL),
        ("key_origin", {"okms_credentials": fleet.credentials()[:1]}, checks.PASS),
        ("vmotion", {}, checks.PASS),
        ("vmotion", {"virtual_machines": [fleet.machine(1, vmotion_encryption="opportunistic")]}, checks.FAIL),
        ("trace", {}, checks.OPEN),
        ("trace", {"okms_logs": fleet.logs()}, checks.FAIL),
        ("trace", {"okms_logs": {**fleet.logs(), "log_kinds": fleet.logs()["log_kinds"][:1]}}, checks.PASS),
        ("complete", {}, checks.PASS),
        ("complete", {"not_read": {"hosts": "no right"}}, checks.FAIL),
    ],
)
def test_verdict_follows_the_facts(name: str, changes: Report, result: str) -> None:
    assert verdict(made(**changes), name)[0] == result


def test_keys_of_the_first_report_are_of_unknown_age() -> None:
    first = made()
    assert verdict(first, "key_age") == (checks.OPEN, "4 keys may be older than the first report, of 2026-03-02")
    assert {row["first_seen"] for row in first["key_ages"]} == {"2026-03-02"}


def test_keys_that_came_later_have_a_known_age() -> None:
    empty = made(virtual_machines=[])
    later = made(days=10, previous=empty)
    assert verdict(later, "key_age") == (checks.PASS, "4 keys, the oldest seen since 2026-03-12")
    old = made(days=400, previous=later)
    assert verdict(old, "key_age") == (checks.FAIL, "4 keys of 4, the oldest seen since 2026-03-12")


def test_report_of_an_older_release_tells_the_day_of_its_keys() -> None:
    first = made()
    older = {key: value for key, value in first.items() if key != "key_ages"}
    assert {row["first_seen"] for row in made(days=3, previous=older)["key_ages"]} == {"2026-03-02"}


def test_rotated_key_starts_anew() -> None:
    machines = [fleet.machine(1)]
    first = made(virtual_machines=machines)
    machines[0] = fleet.machine(2, name=machines[0]["name"])
    assert [row["first_seen"] for row in made(days=5, previous=first, virtual_machines=machines)["key_ages"]] == [
        "2026-03-07"
    ]


def test_scope_tells_what_was_read_and_what_was_not() -> None:
    rows = {row["part"]: row for row in made(hosts=None, not_read={"hosts": "no right to read them"})["scope"]}
    assert rows["virtual machines"] == {"part": "virtual machines", "standing": "read", "number": 4, "reason": None}
    assert (rows["hosts"]["standing"], rows["hosts"]["reason"]) == ("not read", "no right to read them")
    assert rows["OKMS domain"]["standing"] == "not asked for"


def test_who_ran_it_alone_is_no_news() -> None:
    first = made(run_by={"user": "anna"})
    second = made(days=0, previous=first, run_by={"user": "ben", "job": "8"})
    assert second == first and second["run_by"] == {"user": "anna"}


@pytest.mark.parametrize("default", ["system", "cluster"])
def test_vms_off_the_default_provider_are_a_notice(default: str) -> None:
    machines = [fleet.machine(3, name=name) for name in ("a", "b")]  # of nkp-prod, in cluster prod-a
    other = fleet.provider("team-kms", "standard", default=default == "system", default_clusters=["prod-a"])
    report = made(
        virtual_machines=machines, key_providers=[other, fleet.provider("nkp-prod", "native", has_backup=True)]
    )
    found = [one for one in report["findings"] if one["topic"] == "not_default"]
    assert [one["severity"] for one in found] == ["notice"]
    assert "nkp-prod, while the default is team-kms" in found[0]["text"]
    mine = fleet.provider("nkp-prod", "native", has_backup=True, default=True)
    report = made(virtual_machines=machines, key_providers=[fleet.provider("team-kms", "standard"), mine])
    assert not [one for one in report["findings"] if one["topic"] == "not_default"]
