# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters encryption_audit_*: thin, with errors that say what is wrong."""

from __future__ import annotations

import datetime
import json
import re

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter import (
    encryption_audit_csv,
    encryption_audit_headlines,
    encryption_audit_html,
    encryption_audit_metrics,
    encryption_audit_report,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet

report = encryption_audit_report.FilterModule().filters()["encryption_audit_report"]
page = encryption_audit_html.FilterModule().filters()["encryption_audit_html"]
table = encryption_audit_csv.FilterModule().filters()["encryption_audit_csv"]
numbers = encryption_audit_metrics.FilterModule().filters()["encryption_audit_metrics"]
headlines = encryption_audit_headlines.FilterModule().filters()["encryption_audit_headlines"]


def test_from_facts_to_each_form() -> None:
    text = report(fleet.facts(20), warn_days=90, critical_days=10, backup_max_age=50, key_max_age=70)
    made = json.loads(text)
    assert made["limits"] == {"warn_days": 90, "critical_days": 10, "backup_max_age": 50, "key_max_age": 70}
    assert page(text).startswith("<!DOCTYPE html>")
    assert "The first 3 of" in page(text, rows=3)
    assert table(text).startswith("record,vm,moid,")
    share = f'{{source="encryption_audit",vcenter="{made["vcenter"]}",state="encrypted"}}'
    assert f"vmware_encryption_virtual_machines{share} {made['totals']['encrypted']}\n" in numbers(text)
    assert headlines(text)[0].endswith(f"({made['totals']['percent_encrypted']:g} %)")


def test_the_previous_text_is_given_back_when_nothing_is_new() -> None:
    # ages of backups go with the clock, and the private cloud's end dates with the day
    facts, later = {**fleet.facts(20), "dossier": None}, fleet.NOW + datetime.timedelta(hours=1)
    text = report(facts, now=fleet.NOW)
    assert report(facts, previous=text, now=later) == text
    assert len(json.loads(report(fleet.facts(21), history=[text]))["trend"]) == 2


def test_facts_that_are_missing_are_named() -> None:
    with pytest.raises(AnsibleFilterError, match="lack virtual_machines, key_providers"):
        report({"vcenter": "vc"})


@pytest.mark.parametrize("call", [page, table, headlines, numbers])
def test_what_is_no_report_is_refused(call) -> None:
    with pytest.raises(AnsibleFilterError, match="not an audit report"):
        call("{}")


def test_an_earlier_file_that_is_no_report_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="encryption_audit_report: not JSON"):
        report(fleet.facts(1), previous="<html>")


def test_report_names_user_node_and_version() -> None:
    made = json.loads(report({**fleet.facts(1), "run_by": {"user": "", "job": ""}}))
    assert made["run_by"]["user"] and made["run_by"]["control_node"] and "job" not in made["run_by"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", made["collection_version"])
    made = json.loads(report({**fleet.facts(1), "run_by": {"user": "anna", "job": 4711}}))
    assert (made["run_by"]["user"], made["run_by"]["job"]) == ("anna", "4711")
