# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as Prometheus' own parser reads them, whatever vCenter's objects are called."""

from __future__ import annotations

import importlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_audit_metrics import (
    encryption_audit_metrics,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_audit_report import (
    encryption_audit_report,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet

HOSTILE = ('a "quoted" name', "back\\slash\\", "two\nlines", "{braces} = # 1", "\u2028separator", "é", "")
# https://prometheus.io/docs/practices/naming/: one prefix, base units, plural units at the end; no unit for counts
UNITS = {"seconds", "bytes"}
NO_UNIT = {"virtual_machines", "locked_virtual_machines", "key_provider_healthy", "key_provider_default",
           "native_backup_present", "drift_findings", "audit_findings"}  # fmt: skip


def parsed(text: str) -> dict[str, t.Any]:
    """The families by name, as the parser of the client library reads them."""
    parser = importlib.import_module("prometheus_client.parser")
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def check(families: dict[str, t.Any]) -> None:
    """The rules for names, and what Prometheus refuses."""
    for name, family in families.items():
        start, _underscore, rest = name.partition("vmware_encryption_")
        assert (start, family.type) == ("", "gauge") and family.documentation.endswith("."), name
        assert re.fullmatch(r"[a-z_]+", rest) and not rest.endswith("_total")
        assert rest.rpartition("_")[2] in UNITS or rest in NO_UNIT, name
        series = [tuple(sorted(sample.labels.items())) for sample in family.samples]
        assert series and len(series) == len(set(series)), name
        assert {sample.name for sample in family.samples} == {name}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_come_back_as_they_are(name: str) -> None:
    facts = fleet.facts(3)
    facts["key_providers"] = [{**one, "name": name} for one in facts["key_providers"][:1]]
    families = parsed(encryption_audit_metrics(encryption_audit_report(facts)))
    check(families)
    (sample,) = families["vmware_encryption_key_provider_default"].samples
    assert sample.labels["provider"] == name.replace("\u2028", " ")


def test_audit_has_all_its_families() -> None:
    families = parsed(encryption_audit_metrics(encryption_audit_report(fleet.facts(20))))
    check(families)
    assert {name.replace("vmware_encryption_", "") for name in families} == {
        *NO_UNIT - {"drift_findings"}, "last_run_timestamp_seconds", "certificate_expiry_timestamp_seconds",
        "disk_capacity_bytes", "encrypted_disk_capacity_bytes", "native_backup_created_timestamp_seconds",
    }  # fmt: skip
