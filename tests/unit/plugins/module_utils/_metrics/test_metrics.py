# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in Prometheus' text format: names, HELP and TYPE, escaped labels, base units."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._metrics.encryption import STATES, metrics
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._metrics.exposition import Family, exposition

NOW = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
NOTHING: dict[str, t.Any] = {"source": "drift_check", "vcenter": "vc.example.com"}


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("plain", "plain"),
        ('a "quoted" name', 'a \\"quoted\\" name'),
        ("back\\slash", "back\\\\slash"),
        ("two\nlines", "two\\nlines"),
        ("\r\v\u2028\x85", "    "),
        ("{{ 1 }}", "{{ 1 }}"),
        ("é", "é"),
    ],
)
def test_label_values_are_escaped(label: str, written: str) -> None:
    text = exposition([Family("a_metric", "Text.", [({"name": label}, 1)])])
    assert text.splitlines()[2:] == [f'a_metric{{name="{written}"}} 1']


def test_help_is_one_line_before_type_and_samples() -> None:
    text = exposition([Family("a_metric", "A \\ and\ntwo lines.", [({}, 1.5), ({"b": "2"}, 2)])])
    assert text.splitlines() == [
        "# HELP a_metric A \\\\ and\\ntwo lines.",
        "# TYPE a_metric gauge",
        "a_metric 1.5",
        'a_metric{b="2"} 2',
    ]


def test_family_without_samples_is_left_out() -> None:
    assert exposition([Family("a_metric", "Text.", [])]) == ""


def test_series_that_stands_twice_keeps_the_smallest_value() -> None:
    text = exposition([Family("a_metric", "Text.", [({"a": "b"}, 7), ({"a": "b"}, 3), ({"a": "c"}, 5)])])
    assert text.splitlines()[2:] == ['a_metric{a="b"} 3', 'a_metric{a="c"} 5']


@pytest.mark.parametrize("name", ["Upper", "1st", "with-dash", "", "runs_total"])
def test_name_that_is_no_gauge_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a gauge"):
        exposition([Family(name, "Text.", [({}, 1)])])


@pytest.mark.parametrize("label", ["with-dash", "1st", "__reserved", ""])
def test_label_name_that_is_none_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="no name of a label"):
        exposition([Family("a_metric", "Text.", [({label: "x"}, 1)])])


def values(text: str) -> dict[str, float]:
    """The samples by their series, without what all of them have and without the common beginning."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, _blank, value = line.rpartition(" ")
            series = series.replace('source="drift_check",vcenter="vc.example.com"', "-")
            found[series.replace("vmware_encryption_", "")] = float(value)
    return found


def test_facts_become_gauges_in_base_units() -> None:
    totals: dict[str, t.Any] = {**dict.fromkeys(STATES, 0), "encrypted": 12, "unencrypted": 3, "locked": 1}
    totals.update(capacity_bytes=2048, capacity_encrypted_bytes=1024)
    end = {"kind": "vcenter_client", "name": "vCenter", "used_by": ["okms"], "not_after": "2026-10-02T00:00:00Z"}
    facts = {
        **NOTHING,
        "totals": totals,
        "key_providers": [
            {"name": "okms", "type": "standard", "status": "green", "default": True},
            {"name": "nkp", "type": "native", "status": "red", "default": False},
            {"name": "unknown", "type": "trusted", "status": None, "default": False},
            {"name": "saved", "type": "native", "status": "gray", "default": False},
        ],
        "certificates": [end, {**end, "not_after": None}],
        "backups": [{"provider": "nkp", "has_backup": True, "created_at": "2026-09-30T00:00:00Z"}],
        "drift_findings": [{"kind": "trust", "severity": "critical", "count": 2}],
    }
    found = values(metrics(facts, NOW))
    assert found["last_run_timestamp_seconds{-}"] == NOW.timestamp()
    assert found['virtual_machines{-,state="encrypted"}'] == 12
    assert found['virtual_machines{-,state="vtpm_only"}'] == 0
    assert found["locked_virtual_machines{-}"] == 1
    assert found["encrypted_disk_capacity_bytes{-}"] == 1024
    healthy = {series: value for series, value in found.items() if series.startswith("key_provider_healthy")}
    assert healthy == {
        'key_provider_healthy{-,provider="nkp",type="native"}': 0,
        'key_provider_healthy{-,provider="okms",type="standard"}': 1,
    }
    expiry = 'certificate_expiry_timestamp_seconds{-,kind="vcenter_client",name="vCenter",used="true"}'
    assert found[expiry] - NOW.timestamp() == 86400
    assert NOW.timestamp() - found['native_backup_created_timestamp_seconds{-,provider="nkp"}'] == 86400
    assert found['drift_findings{-,kind="trust",severity="critical"}'] == 2


def test_parts_that_were_not_read_have_no_metrics() -> None:
    assert list(values(metrics(NOTHING, NOW))) == ["last_run_timestamp_seconds{-}"]
