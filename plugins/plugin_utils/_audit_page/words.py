# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and units of the page."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural

STATE = {
    "encrypted": "encrypted",
    "partly_encrypted": "partly encrypted",
    "vtpm_only": "home only (vTPM)",
    "unencrypted": "unencrypted",
    "unreadable": "not readable",
}
CATEGORY = {
    "ready": "ready",
    "power_off": "needs power-off",
    "blocked": "blocked",
    "unreadable": "not readable",
    "excluded": "excluded on purpose",
}
LEVEL = {
    "ok": "ok",
    "warning": "warning",
    "critical": "critical",
    "expired": "critical: expired",
    "unknown": "unknown",
    "missing": "critical: missing",
}
CERTIFICATE = {
    "vcenter_client": "vCenter's client certificate",
    "kms_server": "certificate of the KMIP server",
    "okms_credential": "OKMS credential",
    "api_credential": "OVHcloud API key",
}
# kind and text of a badge: a backup that is missing loses data, one that is old is a warning
BACKUP = {
    "missing": ("critical", "critical: missing"),
    "expired": ("warning", "warning: too old"),
    "critical": ("notice", "notice: renew soon"),
    "warning": ("notice", "notice: renew soon"),
    "ok": ("ok", "ok"),
    "unknown": ("ok", "ok, age unknown"),
}
STANDING = {"read": "ok", "not read": "warning"}  # of a part of the scope -> kind of its badge
PROVIDER = {"standard": "standard (KMIP server)", "native": "native (vCenter)", "trusted": "trusted"}
_SIGN = {
    "critical": "\u25b2", "expired": "\u25b2", "missing": "\u25b2", "red": "\u25b2", "unencrypted": "\u25b2",
    "warning": "\u25cf", "yellow": "\u25cf", "partly_encrypted": "\u25cf", "vtpm_only": "\u25cf",
    "pass": "\u2713", "fail": "\u25b2", "ok": "\u2713", "green": "\u2713", "encrypted": "\u2713", "good": "\u2713",
}  # fmt: skip


def sign(kind: str) -> str:
    """The sign of a badge, so that its colour is never alone."""
    return _SIGN.get(kind, "\u25cb")


def share(value: t.Optional[float]) -> str:
    """`87.5 %`."""
    if value is None:
        return "\u2013"
    return f"{value:g}\u00a0%"


def size(count: int) -> str:
    """Bytes in the unit that fits."""
    number, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while number >= 1024 and len(units) > 1:
        number /= 1024
        units.pop(0)
    return f"{number:.3g}\u00a0{units[0]}" if number < 1000 else f"{number:.0f}\u00a0{units[0]}"


def days(count: t.Optional[int]) -> str:
    """Days left, in words."""
    if count is None:
        return "unknown"
    if count < 0:
        return f"expired {plural(-count, 'day')} ago"
    return plural(count, "day")


def day(text: t.Optional[str]) -> str:
    """The date of a time."""
    return str(text)[:10] if text else "\u2013"


def moment(text: str) -> str:
    """`2026-03-02 06:15 UTC`."""
    return f"{text[:10]} {text[11:16]} UTC"


def number(count: int) -> str:
    """`12,345`."""
    return f"{count:,}"
