# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End dates of OVHcloud's product and hosts, and how long before them to warn. No other file has such dates. Pure."""

from __future__ import annotations

import datetime
import typing as t

# where the dates below come from; the page is informative, the contract with OVHcloud prevails
SOURCE = 'OVHcloud, page "Lifecycle policy"'
SOURCE_DATE = "2026-05-28"

PRODUCT = "Managed VMware vSphere"
MAINTENANCE, SUPPORT = "maintenance mode", "end of support"
NOTICE_MONTHS = (12, 6, 3)  # before a date


class End(t.NamedTuple):
    """A date. `start` is how the commercial names of the virtual datacenters begin that it is about, empty for all."""

    start: str
    what: str
    phase: str
    date: str


ENDS = (
    End("", PRODUCT, MAINTENANCE, "2027-05-31"),
    End("", PRODUCT, SUPPORT, "2027-10-31"),
    End("SDDC", "hosts of the ranges SDDC", SUPPORT, "2027-06-30"),
    End("ESSENTIALS", "hosts of the range Essentials", SUPPORT, "2027-06-30"),
    End("PREMIER", "hosts of the range Premier", SUPPORT, "2027-10-31"),
)


def ends_of(commercial_names: t.Iterable[str | None] = ()) -> list[End]:
    """The dates of the product and of the hosts in virtual datacenters of these commercial names, the first first."""
    names = [name.upper() for name in commercial_names if name]
    found = [one for one in ENDS if not one.start or any(name.startswith(one.start) for name in names)]
    return sorted(found, key=lambda one: (one.date, one.what))


def without_tpm_requirement(commercial_names: t.Iterable[str | None] = ()) -> list[str]:
    """Those of the names that are older than Premier: OVHcloud's guide vm-encrypt-vnkp has no TPM required there."""
    return sorted({name for name in commercial_names if name and name.upper().startswith(("SDDC", "ESSENTIALS"))})


def end_of_support(commercial_names: t.Iterable[str | None]) -> str:
    """The first date on which support of the product, or of the hosts of one of its virtual datacenters, ends."""
    return next(one.date for one in ends_of(commercial_names) if one.phase == SUPPORT)


class Coming(t.NamedTuple):
    """A date that is near: the last of NOTICE_MONTHS that has been passed, 0 when the date itself has."""

    what: str
    phase: str
    date: str
    months: int

    @property
    def over(self) -> bool:
        """Whether support has ended."""
        return self.months == 0 and self.phase == SUPPORT

    @property
    def words(self) -> str:
        """The date in words, which stay the same until the next of NOTICE_MONTHS."""
        when = f"in less than {self.months} months" if self.months else "it has passed"
        return f"{self.what}: {self.phase} on {self.date}, {when} ({SOURCE} of {SOURCE_DATE})"


def coming(ends: t.Iterable[t.Mapping[str, t.Any]] | None, today: datetime.date) -> list[Coming]:
    """Those of the dates that are near or over. `ends` are dictionaries of what, phase and date; None: product."""
    known = [end._asdict() for end in ends_of()] if ends is None else ends
    found = []
    for one in known:
        day = datetime.date.fromisoformat(str(one["date"]))
        months = 0 if today >= day else next((m for m in sorted(NOTICE_MONTHS) if today >= _before(day, m)), None)
        if months is not None:
            found.append(Coming(str(one["what"]), str(one["phase"]), str(one["date"]), months))
    return found


def _before(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months earlier, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    following = datetime.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return datetime.date(year, month + 1, min(day.day, (following - datetime.timedelta(days=1)).day))
