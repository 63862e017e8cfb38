# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for certificates and backups with the days that they have left."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import (
    Thresholds,
    backups,
    certificates,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet


@pytest.mark.parametrize(
    ("days", "level"),
    [
        (-1, "expired"),
        (0, "critical"),
        (30, "critical"),
        (31, "warning"),
        (60, "warning"),
        (61, "ok"),
        (None, "unknown"),
    ],
)
def test_limits_are_inclusive(days: int | None, level: str) -> None:
    assert Thresholds(60, 30).level(days) == level


def test_certificates_in_use_and_urgent_come_first() -> None:
    found = certificates(fleet.providers(), fleet.credentials(), Thresholds())
    assert [(one["kind"], one["name"], one["days_left"], one["level"]) for one in found] == [
        ("okms_credential", "vcenter-prod", 24, "critical"),
        ("vcenter_client", "vCenter at okms-eu-west-rbx", 24, "critical"),
        ("vcenter_client", "vCenter at old-kms", 52, "warning"),
        ("kms_server", "kms-a of old-kms", 210, "ok"),
        ("kms_server", "okms of okms-eu-west-rbx", 301, "ok"),
        ("kms_server", "kms-b of old-kms", 340, "ok"),
        ("okms_credential", "old-laptop", -12, "expired"),
    ]
    # a credential is that of a provider when it certifies the same key
    assert [one["used_by"] for one in found if one["kind"] == "okms_credential"] == [["okms-eu-west-rbx"], []]


def test_missing_credentials_and_servers_invent_nothing() -> None:
    silent = fleet.provider("kms", "standard", connections=[{"name": "a", "certificate": None}])
    assert certificates([silent, fleet.provider("blind", "standard", connections=None)], None, Thresholds()) == []


@pytest.mark.parametrize(
    ("has_backup", "created", "days_left", "level"),
    [
        (True, None, None, "unknown"),
        (True, "2026-03-01T06:15:00Z", 364, "ok"),
        (True, "2025-04-30T23:00:00Z", 59, "warning"),
        (True, "2025-03-10T00:00:00Z", 8, "critical"),
        (True, "2024-03-01T00:00:00Z", -366, "expired"),
        (False, "2026-03-01T06:15:00Z", 364, "missing"),
        (None, None, None, "missing"),
    ],
)
def test_backups_have_the_age_that_the_dossier_tells(
    has_backup: bool | None, created: str | None, days_left: int | None, level: str
) -> None:
    dossier: dict[str, t.Any] = {"providers": {"nkp": {"backup": {"created_at": created, "path": "/b.p12"}}}}
    providers = [fleet.provider("nkp", "native", has_backup=has_backup), fleet.provider("kms", "standard")]
    (found,) = backups(providers, dossier, fleet.NOW, Thresholds())
    assert (found["days_left"], found["level"], found["path"]) == (days_left, level, "/b.p12")
    assert backups(providers, None, fleet.NOW, Thresholds())[0]["created_at"] is None


def test_the_key_of_the_api_counts_when_it_ends() -> None:
    rights = {"credential": {"expires": "2026-03-20T00:00:00Z", "days_left": 17}}
    (found,) = certificates([], None, Thresholds(), rights)
    assert (found["kind"], found["days_left"], found["level"]) == ("api_credential", 17, "critical")
    for endless in (None, {"credential": None}, {"credential": {"expires": None, "days_left": None}}):
        assert certificates([], None, Thresholds(), endless) == []
