# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drift check: repairs, severities, its time, and texts that harm nobody."""

from __future__ import annotations

import datetime
import json

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import KINDS, SEVERITIES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.report import report
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._drift.drift_site import (
    CREDENTIAL,
    HOST,
    NOW,
    Facts,
    each,
    found,
    kms,
    lost_trust,
    made,
    provider,
    site,
    with_expected,
)


def test_site_in_order_has_no_rows() -> None:
    clean = made()
    assert (clean["lines"], clean["message"], clean["failing"]) == ([], "no differences", [])
    assert clean["fixes"] == {"entries": [], "servers": []}


def test_repairs_are_calls_with_what_was_verified() -> None:
    fixes = made(each(lambda f: kms(f).clear(), lost_trust))["fixes"]
    assert fixes["entries"] == [
        {
            "service_name": "pcc-1",
            "host": HOST,
            "port": 5697,
            "address_thumbprints": {"192.0.2.50": "AA:01"},
            "description": f"OVHcloud KMS: {HOST}",
        }
    ]
    (server,) = fixes["servers"]
    assert (server["name"], server["servers"]) == ("okms-prod", [{"name": "rbx", "address": HOST, "port": 5697}])
    assert server["server_ca"] == "CA"


def test_missing_server_comes_back_with_its_settings() -> None:
    given = {"proxy_address": "192.0.2.9", "proxy_port": 3128, "timeout": 20}

    def change(facts: Facts) -> None:
        facts["dossier"]["okms-prod"]["servers"][0].update(given)
        provider(facts)["servers"].clear()
        provider(facts)["connections"].clear()

    (server,) = made(change)["fixes"]["servers"]
    assert server["servers"] == [{"name": "rbx", "address": HOST, "port": 5697, **given}]


def test_what_is_gone_after_a_repair_is_fixed() -> None:
    before = made(each(lambda f: kms(f).clear(), lost_trust))["text"]
    after = made(lost_trust, before=before)
    assert after["counts"] == {"critical": 1, "warning": 0, "notice": 0, "fixed": 1}
    assert [row["fix"] for row in json.loads(after["text"])["findings"]] == ["failed"]
    assert after["lines"][-1].startswith("fixed     kms_entry: 192.0.2.50 of okms-prod/rbx")
    assert after["message"] == "1 critical difference, 0 warnings, 0 notices, 1 fixed"


def test_reason_of_a_failed_repair_is_told() -> None:
    def change(facts: Facts) -> None:
        lost_trust(facts)
        facts["fixes"] = {"servers": [{"msg": "vCenter refuses", "failure": {"kind": "api"}}], "entries": []}

    assert made(change, before=made(lost_trust)["text"])["lines"][-1] == "not fixed: vCenter refuses"


@pytest.mark.parametrize(("threshold", "failing"), [("never", 0), ("critical", 1), ("warning", 2), ("notice", 3)])
def test_threshold_takes_in_what_is_worse(threshold: str, failing: int) -> None:
    def change(facts: Facts) -> None:
        lost_trust(facts)
        kms(facts)[0].update(port=5696)
        facts["credentials"][0]["credentials"].append({**CREDENTIAL, "public_key_sha256": "P2"})
        facts["settings"]["fail_at"] = threshold

    assert len(made(change)["failing"]) == failing


def test_worst_rows_come_first() -> None:
    rows = found(each(lost_trust, lambda f: kms(f)[0].update(port=5696), lambda f: provider(f).update(default=False)))
    assert [row["severity"] for row in rows] == sorted((row["severity"] for row in rows), key=SEVERITIES.index)


def test_report_keeps_its_time_until_it_says_something_new() -> None:
    first = made(lost_trust)["text"]
    facts = site()
    lost_trust(facts)
    later = NOW + datetime.timedelta(days=1)
    assert report(with_expected(facts), later, previous=first)["text"] == first
    assert (
        json.loads(report(with_expected(site()), later, previous=first)["text"])["generated_at"]
        == "2026-10-02T00:00:00Z"
    )
    for broken in ("{", "[1]", '{"format": "other"}', ""):
        assert json.loads(report(with_expected(site()), NOW, previous=broken)["text"])["findings"] == []


def test_names_that_look_like_templates_are_none() -> None:
    text = made(lambda f: provider(f, 1).update(name="{{ evil }}{% x %}{# y #}"))["text"]
    assert "{{" not in text and "{%" not in text and "{#" not in text
    assert "{{ evil }}{% x %}{# y #}" in {row["subject"] for row in json.loads(text)["findings"]}


def test_metrics_count_each_kind_and_severity() -> None:
    lines = made(lost_trust)["metrics"].splitlines()
    series = [line for line in lines if line.startswith("vmware_encryption_drift_findings{")]
    assert len(series) == len(KINDS) * len(SEVERITIES)
    assert [line.rpartition("kind=")[2] for line in series if line.endswith(" 1")] == ['"trust",severity="critical"} 1']
