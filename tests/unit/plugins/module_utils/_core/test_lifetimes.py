# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the two limits of a certificate's life."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import (
    alarm_within,
    life_of,
    lifetime,
    renew_within,
)


@pytest.mark.parametrize(
    ("life", "renew", "alarm"),
    [
        (3650, 120, 30),
        (365, 120, 30),
        (360, 120, 30),
        (300, 100, 30),
        (90, 30, 9),
        (7, 2, 0),
        (0, 0, 0),
        (None, 120, 30),
    ],
)
def test_limits_follow_the_lifetime(life: int | None, renew: int, alarm: int) -> None:
    assert (renew_within(None, life), alarm_within(None, life)) == (renew, alarm)
    # what somebody names counts, whatever the lifetime
    assert (renew_within(45, life), alarm_within(0, life)) == (45, 0)


@pytest.mark.parametrize(
    ("begin", "end", "days"),
    [
        ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 365),
        # signed certificates begin some minutes earlier
        ("2025-12-31T23:55:00Z", "2027-01-01T00:00:00Z", 365),
        ("2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 0),
        (None, "2027-01-01T00:00:00Z", None),
        ("2026-01-01T00:00:00Z", "", None),
        ("soon", "2027-01-01T00:00:00Z", None),
    ],
)
def test_lifetime_is_counted_in_whole_days(begin: str | None, end: str | None, days: int | None) -> None:
    assert lifetime(begin, end) == days


@pytest.mark.parametrize(
    ("left", "lasts", "alarming"),
    [
        (121, True, False),
        (120, False, False),
        (30, False, False),
        (29, False, True),
        (-1, False, True),
        (None, False, True),
    ],
)
def test_a_certificate_of_a_year_by_its_days_left(left: int | None, lasts: bool, alarming: bool) -> None:
    certificate = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2027-01-01T00:00:00Z", "days_left": left}
    life = life_of(certificate, None)
    assert (life.lasts, life.alarming) == (lasts, alarming)


@pytest.mark.parametrize(
    ("renew", "alarm", "expected"), [(None, None, 30), (10, None, 10), (90, None, 30), (10, 20, 20), (0, None, 0)]
)
def test_a_late_renewal_makes_the_default_alarm_late(renew: int | None, alarm: int | None, expected: int) -> None:
    assert life_of({}, renew, alarm).fail_below == expected


def test_no_certificate_does_not_last() -> None:
    life = life_of({}, None)
    assert (life.lasts, life.alarming, life.lifetime) == (False, True, None)
