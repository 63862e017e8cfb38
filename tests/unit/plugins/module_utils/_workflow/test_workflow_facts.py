# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of roles: outcome, provider, order, numbers, bounds, and what must not be in them."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._workflow.facts import (
    MOST_ENTRIES,
    MOST_HOSTS,
    facts_of,
    stats_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._workflow.rows import blocked_vms, failed_vms

KEY = "4d3b1f70-8a53-4f0e-9f8d-0f6a0d6a7c11"


def summary(**lists: list[str]) -> dict[str, list[str]]:
    return {"done": [], "changed": [], "skipped": [], "to_do": [], "blocked_by": [], **lists}


@pytest.mark.parametrize(
    ("lists", "check", "stopped", "outcome"),
    [
        ({"done": ["a"]}, False, "", "unchanged"),
        ({"done": ["a"], "changed": ["b"]}, False, "", "changed"),
        ({"to_do": ["b"]}, True, "", "planned"),
        ({"done": ["a"]}, True, "", "unchanged"),
        ({"changed": ["b"], "blocked_by": ["Order: no money"]}, False, "", "failed"),
        ({"changed": ["b"], "to_do": ["sign it"]}, False, "sign it", "failed"),
        # somebody has to do something later, which is no failure
        ({"to_do": ["keep it"]}, False, "", "unchanged"),
    ],
)
def test_outcome_follows_the_summary(lists: dict[str, list[str]], check: bool, stopped: str, outcome: str) -> None:
    facts = facts_of(summary(**lists), check, {"stopped": stopped})
    assert (facts["outcome"], facts["check"]) == (outcome, check)
    assert facts["blocked_by"] == ("; ".join(lists.get("blocked_by", [])) or stopped)
    assert facts["steps"] == {kind: len(lists.get(kind, [])) for kind in ("done", "changed", "skipped", "to_do")}


@pytest.mark.parametrize(
    ("states", "provider"),
    [
        ([], {"name": "", "type": "", "status": "", "default": False}),
        ([{}, None, {"name": "okms"}], {"name": "okms", "type": "", "status": "", "default": False}),
        (
            [
                {"status": "green"},
                {"name": "okms", "type": "standard", "status": "red", "default": False},
                {"default": True},
            ],
            {"name": "okms", "type": "standard", "status": "green", "default": False},
        ),
        (
            [{"name": "nkp", "type": "native", "health": "WARNING", "default": True}],
            {"name": "nkp", "type": "native", "status": "yellow", "default": True},
        ),
    ],
)
def test_newest_state_of_the_provider_counts(states: t.Any, provider: dict[str, t.Any]) -> None:
    assert facts_of(summary(), False, {"provider": states})["provider"] == provider


ORDERED = {"order_id": 214000123, "status": "delivered", "price_with_tax": 12.0, "currency": "EUR"}
PRICED = {"subsidiary": "FR", "order": {"price": 10.0, "tax": 2.004, "currency": "EUR"}}


@pytest.mark.parametrize(
    ("result", "order"),
    [
        ({}, {"number": 0, "status": "", "price": None, "currency": ""}),
        ({"order": {}, "pricing": {}}, {"number": 0, "status": "", "price": None, "currency": ""}),
        (
            {"order": ORDERED, "pricing": {}},
            {"number": 214000123, "status": "delivered", "price": 12.0, "currency": "EUR"},
        ),
        ({"order": {}, "pricing": PRICED}, {"number": 0, "status": "", "price": 12.0, "currency": "EUR"}),
    ],
)
def test_order_has_its_number_or_the_price_to_come(result: dict[str, t.Any], order: dict[str, t.Any]) -> None:
    assert facts_of(summary(), True, {"order": result})["order"] == order


def row(name: str, outcome: str, **more: t.Any) -> dict[str, t.Any]:
    obstacle = {"code": "locked", "reason": f"it is locked, {KEY} is gone", "next_step": "restore it"}
    return {"name": name, "outcome": outcome, "obstacles": [obstacle], "before": {"key_ids": [KEY]}, **more}


def test_campaign_counts_plan_and_progress() -> None:
    blocked = blocked_vms([row("db-01", "blocked"), row("db-02", "planned")])
    failed = failed_vms([row("db-02", "failed", error=f"no {KEY}", after=None)])
    plan = {"selected": 12, "already": 8, "to_do": 3, "blocked_vms": blocked}
    progress = {"done": 1, "failed": 1, "failed_vms": failed, "blocked_vms": [{"name": "db-03", "reason": "later"}]}
    facts = facts_of(summary(), False, {"campaign": {"plan": plan, "progress": progress}})
    assert facts["counts"] == {"selected": 12, "already": 8, "done": 1, "blocked": 2, "failed": 1, "left": 2}
    assert [one["name"] for one in facts["blocked"]] == ["db-01", "db-03"]
    assert facts["blocked"][0]["reason"] == "locked: it is locked, ******** is gone. Next step: restore it"
    assert facts["failed"] == [{"name": "db-02", "reason": "no ********"}]
    none = facts_of(summary(), False, {"campaign": {"plan": {}, "progress": {}}})
    assert set(none) == set(facts) and set(none["counts"].values()) == {0}


def test_counts_are_numbers_on_every_core() -> None:
    given = {"counts": {"a": 2, "b": "2", "c": " 3 ", "d": "", "e": None, "f": "many", "g": True, "h": "9" * 40}}
    counts = {"a": 2, "b": 2, "c": 3, "d": 0, "e": 0, "f": 0, "g": 0, "h": 0}
    assert facts_of(summary(), False, given)["counts"] == counts


def test_preflight_tells_what_blocks() -> None:
    rows = [
        {"check": "Region", "severity": "blocking", "found": "none", "next_step": "name one"},
        {"check": "Clock", "severity": "warning", "found": "late", "next_step": "set it"},
    ]
    facts = facts_of(summary(), False, {"preflight": {"rows": rows, "blocking": 1, "warning": 1, "ok": 7}})
    assert facts["findings"] == {"blocking": 1, "warning": 1, "ok": 7}
    assert facts["blocked"] == [{"name": "Region", "reason": "none. Next step: name one"}]
    assert facts_of(summary(to_do=["set it"]), True, {"preflight": {}})["outcome"] == "unchanged"


def test_findings_are_told_as_names_and_reasons() -> None:
    finding = {"subject": "vm1", "text": "It is encrypted.", "next_step": "Decrypt it."}
    facts = facts_of(summary(), False, {"blocked": [finding, "the host esx1", {"subject": "vm2", "text": "Odd."}]})
    assert facts["blocked"] == [
        {"name": "vm1", "reason": "It is encrypted. Next step: Decrypt it."},
        {"name": "the host esx1", "reason": ""},
        {"name": "vm2", "reason": "Odd."},
    ]


def report(**findings: int) -> str:
    lists = ("findings", "by_provider", "by_cluster", "certificates", "backups", "key_providers", "exceptions", "trend")
    kinds = {"critical": 0, "warning": 0, "notice": 0, **findings}
    return json.dumps(
        {
            "format": "ovhcloud.vmware_encryption.audit",
            "schema": 1,
            "vcenter": "pcc.example.com",
            "generated_at": "2026-09-01T08:00:00Z",
            "limits": {},
            "defaults": {},
            "virtual_machines": [],
            "totals": {"virtual_machines": 5, "encrypted": 4, "locked": 1, "findings": kinds},
            **{name: [] for name in lists},
        }
    )


@pytest.mark.parametrize(
    ("fail_on", "outcome", "said"),
    [
        ([], "unchanged", ""),
        (["critical"], "unchanged", ""),
        (["critical", "warning"], "failed", "2 findings (critical, warning)"),
    ],
)
def test_audit_tells_findings_by_severity(fail_on: list[str], outcome: str, said: str) -> None:
    facts = facts_of(summary(), False, {"report": {"text": report(warning=2), "fail_on": fail_on}})
    assert facts["findings"] == {"critical": 0, "warning": 2, "notice": 0}
    assert (facts["counts"]["virtual_machines"], facts["counts"]["encrypted"], facts["counts"]["locked"]) == (5, 4, 1)
    assert (facts["outcome"], facts["blocked_by"]) == (outcome, said)
    missing = facts_of(summary(), False, {"report": {"text": "", "fail_on": fail_on}})
    assert set(missing) == set(facts) and missing["counts"]["encrypted"] == 0


def test_lists_and_texts_are_bounded() -> None:
    many = [{"name": "n" * 5000, "reason": "r" * 5000} for _number in range(5000)]
    progress = {"failed_vms": many, "failed": 5000}
    given = {"campaign": {"plan": {"blocked_vms": many}, "progress": progress}, "files": {"state": "/p" * 5000}}
    facts = facts_of(summary(to_do=["t" * 5000] * 5000, blocked_by=["b" * 5000] * 5000), False, given)
    for name in ("to_do", "blocked", "failed"):
        assert (len(facts[name]), facts[f"{name}_more"]) == (MOST_ENTRIES, 5000 - MOST_ENTRIES)
    assert facts["counts"]["blocked"] == 5000
    assert len(json.dumps(facts)) < 100_000


def test_facts_hold_no_secret_and_no_key_id() -> None:
    said = [
        f"vCenter: cannot find the key {KEY}",
        f"(keyId = '{KEY}')",
        "GET /order?orderPassword=hunter22 failed",
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
    ]
    given = {"stopped": said[0], "blocked": [{"reason": said[1]}]}
    facts = facts_of(summary(to_do=said, blocked_by=said), False, given)
    text = json.dumps(facts)
    assert not [word for word in (KEY, "hunter22", "abc") if word in text]
    # ids of other things are told
    domain = {"id": KEY, "display_name": "kms", "region": "eu-west-rbx"}
    assert facts_of(summary(), False, {"okms": domain})["okms"] == {"id": KEY, "name": "kms", "region": "eu-west-rbx"}


@pytest.mark.parametrize("odd", [None, "text", 7, [], {}, [None], [7], {"plan": 3}, {"rows": "x"}, {"order": "x"}])
def test_odd_values_leave_every_fact_in_place(odd: t.Any) -> None:
    names = ("provider", "okms", "order", "campaign", "counts", "blocked", "findings", "report", "preflight", "files")
    for name in names:
        assert set(facts_of(summary(), False, {name: odd})) == set(facts_of(summary(), False, {name: {}}))
    assert facts_of({"done": odd, "blocked_by": odd}, False, {"stopped": odd})


def test_facts_of_several_hosts_stand_side_by_side() -> None:
    facts = facts_of(summary(), False, {"blocked": [{"name": "a", "reason": "b"}], "counts": {"done": 1}})
    assert stats_of("okms", facts, "one", ["one"]) == {"encryption_facts_okms": facts}
    hosts = [f"pcc-{number}" for number in range(MOST_HOSTS + 3)]
    told = stats_of("okms", facts, hosts[1], hosts)["encryption_facts_okms"]
    assert told["hosts_more"] == 3
    assert told["hosts"][hosts[1]]["counts"] == {"done": 1}
    assert not {"blocked", "blocked_more", "to_do", "to_do_more"} & set(told["hosts"][hosts[1]])
    assert stats_of("okms", facts, hosts[-1], hosts)["encryption_facts_okms"] == {"hosts": {}, "hosts_more": 3}
