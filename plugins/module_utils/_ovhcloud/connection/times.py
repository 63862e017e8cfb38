# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's times (RFC 3339 with any offset and any precision) in UTC: pure."""

from __future__ import annotations

import datetime
import re

_LENGTH = 20
_FRACTION = re.compile(r"\.\d+")


def parse(text: str) -> datetime.datetime:
    """An aware time in UTC, cut to seconds. Raises ValueError."""
    # Python before 3.11 knows neither Z nor fractions of any length
    plain = _FRACTION.sub("", text.strip()).replace("Z", "+00:00")
    moment = datetime.datetime.fromisoformat(plain)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc)


def utc(text: str | None) -> str | None:
    """`2026-09-01T10:00:00.123+02:00` -> `2026-09-01T08:00:00Z`; None stays None."""
    # Linux writes the year 1 with one digit, which nobody reads
    return None if text is None else parse(text).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(_LENGTH)
