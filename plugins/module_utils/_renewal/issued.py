# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the description of an access certificate says: whether the role okms issued it, and what it replaced. Pure."""

from __future__ import annotations

import re
import typing as t

_REPLACES = re.compile(r", replaces ([0-9A-Za-z-]+)")
_PURPOSE = re.compile(r"vCenter of .+, key provider .+")


def purpose_of(credential: t.Mapping[str, t.Any]) -> str:
    """What the role okms issued it for; empty when it was somebody else, whose private key may be anywhere."""
    text = str(credential.get("description") or "").partition(", replaces ")[0]
    return text if _PURPOSE.fullmatch(text) else ""


def replaced_by(credential: t.Mapping[str, t.Any]) -> set[str]:
    """Ids of those that it replaced."""
    return set(_REPLACES.findall(str(credential.get("description") or "")))
