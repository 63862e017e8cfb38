# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What works between vCenter and the servers of a key provider: pure, from what key_provider_info returns."""

from __future__ import annotations

import typing as t

Facts = t.Mapping[str, t.Any]
Rows = t.Sequence[Facts]


def refused(provider: Facts) -> t.Iterator[str]:
    """By each server that does not accept vCenter's certificate."""
    for one in provider.get("connections") or []:
        if one["vcenter_trusts_server"] and not one["server_trusts_vcenter"]:
            yield f"the KMIP server {one['name']} refuses vCenter's certificate"


def untrusted(provider: Facts) -> t.Iterator[str]:
    """Each server whose certificate vCenter does not trust."""
    for one in provider.get("connections") or []:
        # of a server that vCenter does not reach, it has seen no certificate
        if one.get("certificate") and not one["vcenter_trusts_server"] and one["status"] != "green":
            yield f"vCenter does not trust the certificate of the KMIP server {one['name']}"


def broken(provider: Facts) -> t.Iterator[str]:
    """What does not work now. While another server works, trust in one can wait, a refused certificate cannot."""
    green = any(one["status"] == "green" for one in provider.get("connections") or [])
    if not provider.get("client_certificate") and not green:
        yield "vCenter has no certificate for the KMS"
        return
    yield from refused(provider)
    if not green:
        yield from untrusted(provider)


def all_lost(provider: Facts) -> t.Iterator[str]:
    """If vCenter gets none of the keys in use that it was asked for."""
    lost, asked = _lost(provider)
    if lost and len(lost) >= asked:
        yield f"vCenter gets none of the {len(lost)} keys in use, such as {lost[0]}"


def some_lost(provider: Facts) -> t.Iterator[str]:
    """If it gets others: its certificate may be as it should be."""
    lost, asked = _lost(provider)
    if 0 < len(lost) < asked:
        yield f"vCenter does not get {len(lost)} of {asked} keys in use, such as {lost[0]}"


def _lost(provider: Facts) -> tuple[list[str], int]:
    """Keys in use that vCenter does not get, and the number of those that it was asked for."""
    keys = provider.get("keys_in_use") or {}
    return list(keys.get("unavailable") or []), int(keys.get("asked") or 0)
