# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the preflight table about KMS entries and endpoints."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._preflight import (
    test_preflight_table as tables,
)


@pytest.mark.parametrize(
    ("entry", "port", "told"),
    [
        ({"id": 4, "ip": "192.0.2.9", "port": 5696}, 5697, True),
        ({"id": 4, "ip": "192.0.2.9", "port": 5697}, 5697, False),
        # another server's
        ({"id": 4, "ip": "192.0.2.10", "port": 5696}, 5697, False),
    ],
)
def test_entry_for_another_port_than_the_servers_is_reported(entry: dict[str, t.Any], port: int, told: bool) -> None:
    seen = {"host": "kms.test", "port": port, "addresses": ["192.0.2.8", "192.0.2.9"], "days_left": 90}
    seen.update(not_after="2027", issuer="CN=CA", trusted={"verdict": True})
    cloud = {**tables.CLOUD, "encryption": {"state": "enabled", "kms": [entry]}}
    found = tables.rows(cloud={"private_clouds": [cloud]}, servers=[{"item": {"name": "par"}, "kmip_server": seen}])
    assert ("Port of KMS entry 4" in found) is told
    if told:
        severity, words = found["Port of KMS entry 4"]
        assert severity == "warning"
        for word in ("192.0.2.9", "port 5696", "port 5697", "okms_move_endpoint", "private_cloud_kms"):
            assert word in words


@pytest.mark.parametrize(
    ("ips", "told"),
    [
        ([], False),  # none yet: the run makes all
        (["192.0.2.8"], True),
        (["192.0.2.8", "192.0.2.9"], False),
        (["192.0.2.77"], False),  # another server's
    ],
)
def test_addresses_without_an_entry_beside_others_are_told(ips: list[str], told: bool) -> None:
    seen = {"host": "kms.test", "port": 5697, "addresses": ["192.0.2.8", "192.0.2.9", "2001:db8::8"], "days_left": 90}
    seen.update(not_after="2027", issuer="CN=CA", trusted={"verdict": True})
    entries = [{"id": number, "ip": ip, "port": None} for number, ip in enumerate(ips)]
    cloud = {**tables.CLOUD, "encryption": {"state": "enabled", "kms": entries}}
    found = tables.rows(cloud={"private_clouds": [cloud]}, servers=[{"item": {"name": "par"}, "kmip_server": seen}])
    assert ("KMS entries for par" in found) is told
    if told:
        severity, words = found["KMS entries for par"]
        assert severity == "warning" and "none for 192.0.2.9, which kms.test has too" in words and "db8" not in words


def test_an_endpoint_that_is_missing_or_old_is_told() -> None:
    missing = {"host": None, "refused": "kms has no kmipRsaEndpoint"}
    assert tables.rows(endpoint=missing)["KMIP endpoint"][0] == "blocking"
    old = {"host": "h", "port": 5696, "notice": "stays on port 5696"}
    assert tables.rows(endpoint=old)["KMIP endpoint"][0] == "warning"
    assert "KMIP endpoint" not in tables.rows(endpoint={"host": "h", "port": 5697, "notice": ""})
    assert "KMIP endpoint" not in tables.rows(endpoint={})
