# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: stable when nothing is new, its trend, its text."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import model
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet

LATER = fleet.NOW + datetime.timedelta(hours=5)


def _report(facts: dict[str, t.Any], days: float = 0.0, *earlier: t.Any, previous: t.Any = None) -> dict[str, t.Any]:
    return model.report(facts, Thresholds(), fleet.NOW + datetime.timedelta(days=days), previous, earlier)


def _facts(encrypted: int, clear: int = 0) -> dict[str, t.Any]:
    machines = [fleet.machine(n) for n in range(encrypted)]
    machines += [fleet.machine(encrypted + n, "unencrypted") for n in range(clear)]
    return {"vcenter": "vc", "virtual_machines": machines, "key_providers": fleet.providers()}


def test_the_same_facts_later_are_the_same_text() -> None:
    facts = fleet.facts(50)
    first = dumped_report(model.report(facts, Thresholds(), fleet.NOW))
    facts["virtual_machines"].reverse()  # vCenter promises no order
    again = dumped_report(model.report(facts, Thresholds(), LATER, model.loaded(first)))
    assert again == first


@pytest.mark.parametrize("change", ["machine", "days", "limit"])
def test_whatever_is_new_gives_a_new_time(change: str) -> None:
    facts, limits = fleet.facts(50), Thresholds()
    first = model.loaded(dumped_report(model.report(facts, limits, fleet.NOW)))
    if change == "machine":
        facts["virtual_machines"][0]["disks"][0]["key_id"] = "another"
    elif change == "days":
        facts["key_providers"][0]["client_certificate"]["days_left"] -= 1
    else:
        limits = Thresholds(warn_days=90)
    second = model.report(facts, limits, LATER, first)
    assert second["generated_at"] == "2026-03-02T11:15:00Z"
    assert [one["generated_at"] for one in second["trend"]] == ["2026-03-02T06:15:00Z", "2026-03-02T11:15:00Z"]


def test_trend_continues_and_includes_earlier_reports() -> None:
    first = _report(_facts(1, 9))
    second = _report(_facts(5, 5), 10, previous=first)
    third = _report(_facts(10), 20, previous=second)
    shares = [one["percent_encrypted"] for one in third["trend"]]
    assert shares == [10.0, 50.0, 100.0]
    older = _report(_facts(0, 10), -30)
    joined = _report(_facts(10), 20, older, previous=second)
    assert [one["percent_encrypted"] for one in joined["trend"]] == [0.0, 10.0, 50.0, 100.0]
    # once more with the same files: nothing is new
    assert dumped_report(_report(_facts(10), 21, older, previous=joined)) == dumped_report(joined)


def test_days_that_are_over_keep_their_last_point_only() -> None:
    made: t.Any = None
    for hour in range(0, 24 * 6, 6):
        made = _report(_facts(hour + 1), hour / 24, previous=made)
    days = [one["generated_at"][:10] for one in made["trend"]]
    assert days[:4] == ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"]
    assert len(made["trend"]) == 4 + 9


def test_a_report_of_another_vcenter_is_refused() -> None:
    with pytest.raises(model.NotAReportError, match="of the vCenter vc, not of other"):
        _report({**_facts(1), "vcenter": "other"}, previous=_report(_facts(1)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[]", "not an audit report"),
        ('{"format": "else"}', "not an audit report"),
        ('{"format": "ovhcloud.vmware_encryption.audit", "schema": 2}', "schema 2 is unknown"),
    ],
)
def test_what_is_no_report_is_refused(text: str, said: str) -> None:
    with pytest.raises(model.NotAReportError, match=said):
        model.loaded(text)


def test_text_is_json_that_ansible_does_not_template() -> None:
    facts = fleet.facts(5)
    facts["virtual_machines"] += fleet.hostile()
    made = model.report(facts, Thresholds(), fleet.NOW)
    text = dumped_report(made)
    assert json.loads(text) == json.loads(json.dumps(made))
    assert not any(mark in text for mark in ("{{", "{%", "{#"))
    text.encode("ascii")


def _keys(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(one)


def test_no_key_is_hidden_in_jinja_by_a_method_of_dictionaries() -> None:
    assert {key for key in _keys(model.report(fleet.facts(50), Thresholds(), fleet.NOW)) if hasattr(dict, key)} == set()


def test_mail_addresses_and_other_data_of_people_stay_out() -> None:
    made = _report(fleet.facts(5))
    assert "example.net" not in dumped_report(made)
    assert made["private_cloud"]["key_managers"] == ["admin"]


def test_defaults_of_system_and_clusters() -> None:
    assert _report(fleet.facts(5))["defaults"] == {
        "system": "okms-eu-west-rbx",
        "clusters": [{"cluster": "dev", "provider": "nkp-prod"}],
    }


def test_headlines() -> None:
    lines = model.headlines(_report(_facts(3, 1)))
    assert lines[0] == "3 of 4 VMs are encrypted (75 %)"
    assert lines[1].startswith("1 exception: ")
    assert any(line.startswith("critical: nkp-lab: ") for line in lines)
    assert model.headlines(_report(_facts(0)))[0] == "0 of 0 VMs are encrypted"
