# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's report: what is one finding, what yields to what, and what makes a run fail."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._doctor.report import diagnose

NOW = datetime.datetime(2026, 11, 29, 8, tzinfo=datetime.timezone.utc)
LATER = NOW + datetime.timedelta(hours=1)


def event(cause: str | None, name: str | None = "db", **more: t.Any) -> dict[str, t.Any]:
    """A row of the module."""
    return {"cause": cause, "object": name, "text": "said", "time": "2026-11-28T08:00:00Z", "solved": False, **more}


def report(**facts: t.Any) -> dict[str, t.Any]:
    """The report and what is in its file."""
    made = diagnose(facts, NOW)
    return {**made, "file": json.loads(made["text"])}


def findings(made: dict[str, t.Any]) -> list[tuple[str | None, str, str]]:
    """Cause, object and severity."""
    return [(one["cause"], one["subject"], one["severity"]) for one in made["file"]["findings"]]


def test_nothing_read_is_nothing_found() -> None:
    made = report()
    assert (made["lines"], made["message"], made["failing"]) == ([], "nothing found", 0)


def test_same_cause_at_one_object_is_one_finding_with_its_signs() -> None:
    told = [event("key_gone", text=f"text {number}") for number in range(8)]
    made = report(history={"events": [*told, event("key_gone", "web"), told[0]]})
    assert findings(made) == [("key_gone", "db", "critical"), ("key_gone", "web", "critical")]
    signs = made["file"]["findings"][0]["signs"]
    assert len(signs) == 6 and signs[-1] == "and 3 more"


def test_unknown_texts_stay_apart() -> None:
    made = report(history={"failed_tasks": [event(None, text=text, task="t") for text in ("one", "two")]})
    assert findings(made) == [(None, "db", "warning")] * 2
    assert all("no known cause" in line for line in made["lines"])


def test_solved_event_is_a_notice_unless_it_is_there_again() -> None:
    solved = event("provider_error", solved=True)
    assert findings(report(history={"events": [solved]})) == [("provider_error", "db", "notice")]
    both = report(history={"events": [event("provider_error"), solved]})
    assert findings(both) == [("provider_error", "db", "critical")]


def test_locked_vm_with_a_reason_is_not_told_twice() -> None:
    locked = {"virtual_machines": [{"name": "db", "reason": None}, {"name": "web", "reason": None}]}
    made = report(machines=locked, history={"events": [event("keys_missing_in_kms")]})
    assert findings(made) == [("keys_missing_in_kms", "db", "critical"), ("vm_locked", "web", "critical")]


@pytest.mark.parametrize(
    ("host", "clusters", "told"),
    [
        ({"state": "incapable"}, [], False),
        ({"state": "incapable", "key_id": "k"}, [], True),
        ({"state": "pending_incapable"}, [], True),
        ({"state": "prepared"}, [{"name": "c", "mode": "force_enable"}], True),
        ({"state": "safe", "key_id": "k"}, [{"name": "c", "mode": "force_enable"}], False),
    ],
)
def test_host_is_told_where_the_mode_is_in_use(host: dict[str, t.Any], clusters: list[t.Any], told: bool) -> None:
    row = {"name": "h", "cluster": "c", "key_id": None, "reason": None, **host}
    found = findings(report(hosts={"hosts": [row], "clusters": clusters}))
    assert found == ([("host_mode_off", "h", "warning")] if told else [])


def test_certificate_that_ends_is_told_before_vcenter_does() -> None:
    ends = {"days_left": 12, "not_after": "2026-12-11T08:00:00Z"}
    over = {"days_left": -1, "not_after": "2026-11-28T08:00:00Z"}
    server = {"name": "s", "status": "green", "certificate": over}
    provider = {"name": "k", "type": "standard", "status": "green", "client_certificate": ends, "connections": [server]}
    assert findings(report(key_providers={"key_providers": [provider]})) == [
        ("server_certificate_ends", "key provider k", "critical"),
        ("client_certificate_ends", "key provider k", "warning"),
    ]


def test_parts_that_fail_alike_are_one_finding() -> None:
    failed = {"msg": "could not log in", "failed": True}
    made = report(history=failed, hosts=failed, key_providers={"msg": "other"}, machines={"skipped": True, "msg": "no"})
    assert [(one["cause"], one["signs"]) for one in made["file"]["findings"]] == [
        ("not_read", ["could not log in"]),
        ("not_read", ["other"]),
    ]


def unread(source: str, what: str) -> dict[str, t.Any]:
    """A row of what the module could not read."""
    return {"source": source, "what": what, "reason": f"could not read the {what}", "next_step": "give a role"}


def test_source_that_was_refused_is_never_nothing_found() -> None:
    made = report(history={"events": [], "alarms": [], "failed_tasks": [], "not_read": [unread("alarms", "alarms")]})
    assert findings(made) == [("not_read", "alarms", "warning")] and made["message"] != "nothing found"
    assert made["file"]["findings"][0]["next_step"] == "give a role"
    assert made["lines"] == [
        "warning   alarms: this part could not be read, so nothing is known about it (could not read the alarms) -> "
        "give a role"
    ]


def test_sources_that_were_all_refused_are_told_once_each() -> None:
    rows = [unread("events", "events"), unread("alarms", "alarms")]
    made = report(history={"failed": True, "msg": "could not read the events; the alarms", "not_read": rows})
    assert findings(made) == [("not_read", "alarms", "warning"), ("not_read", "events", "warning")]


@pytest.mark.parametrize(("fail_at", "failing"), [("never", 0), ("critical", 1), ("warning", 2), ("notice", 3)])
def test_severity_decides_what_fails(fail_at: str, failing: int) -> None:
    told = [event("key_gone"), event("rekey_failed"), event("host_key_renewed")]
    assert report(history={"events": told}, settings={"fail_at": fail_at})["failing"] == failing


def test_report_that_says_the_same_keeps_its_time() -> None:
    facts = {"history": {"events": [event("key_gone")]}}
    first = diagnose(facts, NOW)["text"]
    assert diagnose(facts, LATER, first)["text"] == first
    assert diagnose(facts, LATER, "{damaged")["text"] != first
    assert "2026-11-29T09" in diagnose({}, LATER, first)["text"]


def test_names_are_no_templates() -> None:
    made = report(history={"events": [event("key_gone", "{{ lookup('pipe', 'id') }}")]})
    assert "{{" not in made["text"] and "{{" not in "".join(made["lines"])
    assert made["file"]["findings"][0]["subject"] == "{{ lookup('pipe', 'id') }}"


def test_records_that_were_cut_are_told() -> None:
    made = report(history={"events": [], "cut": {"events": True, "failed_tasks": False}})
    assert made["file"]["cut"] == ["events"] and "doctor_limit" in made["lines"][-1]
