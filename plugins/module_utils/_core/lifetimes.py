# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is due for renewal, and when it is too late to stay calm: pure, from dates and days."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural

LONGEST_RENEWAL, LONGEST_ALARM = 120, 30  # days; months to repair what fails, and a month in which somebody hears it
_RENEWAL_PART, _ALARM_PART = 3, 10  # of the lifetime, for certificates that live shorter than a year
_ISO = "%Y-%m-%dT%H:%M:%SZ"


def lifetime(begin: str | None, end: str | None) -> int | None:
    """Whole days between two ISO times, None if one is not known."""
    if not begin or not end:
        return None
    try:
        return max(0, (datetime.datetime.strptime(end, _ISO) - datetime.datetime.strptime(begin, _ISO)).days)
    except ValueError:
        return None


def renew_within(given: int | None, life: int | None) -> int:
    """Days before its end from which a certificate is renewed: as given, else the smaller of 120 and a third."""
    return _within(given, life, LONGEST_RENEWAL, _RENEWAL_PART)


def alarm_within(given: int | None, life: int | None) -> int:
    """Days before its end from which a certificate fails the job: as given, else the smaller of 30 and a tenth."""
    return _within(given, life, LONGEST_ALARM, _ALARM_PART)


def _within(given: int | None, life: int | None, longest: int, part: int) -> int:
    if given is not None:
        return given
    return longest if life is None else min(longest, life // part)


@dataclasses.dataclass(frozen=True)
class Life:
    """How much of a certificate's life is left, against both limits."""

    days_left: int | None
    lifetime: int | None
    renew_before: int
    fail_below: int

    @property
    def lasts(self) -> bool:
        """Whether nobody has to renew it yet. One whose end is not known does not last."""
        return self.days_left is not None and self.days_left > self.renew_before

    @property
    def alarming(self) -> bool:
        """Whether its end is so near that the job must fail."""
        return self.days_left is None or self.days_left < self.fail_below


def life_of(certificate: t.Mapping[str, t.Any], renew_before: int | None, fail_below: int | None = None) -> Life:
    """From not_before, not_after and days_left, as modules return them."""
    life = lifetime(certificate.get("not_before"), certificate.get("not_after"))
    left = certificate.get("days_left")
    renew, alarm = renew_within(renew_before, life), alarm_within(fail_below, life)
    # by default, nothing is alarming before somebody could renew it
    alarm = min(alarm, renew) if fail_below is None else alarm
    return Life(None if left is None else int(left), life, renew, alarm)


def end_in_words(certificate: t.Mapping[str, t.Any]) -> str:
    """`expires on ..., in 3 days` or `expired on ...`, from not_after and days_left, as modules return them."""
    end, left = certificate.get("not_after"), certificate.get("days_left")
    if not end or left is None:
        return "has no end that can be read"
    return f"expired on {end}" if int(left) < 0 else f"expires on {end}, in {plural(int(left), 'day')}"
