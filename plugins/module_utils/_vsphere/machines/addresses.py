# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a name stands for, to find the virtual machine that has one of them."""

from __future__ import annotations

import contextlib
import socket
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found


def resolved(host: str) -> set[str]:
    """The address and what the control node resolves it to; vCenter's own resolver may know more."""
    found = {host.lower()}
    with contextlib.suppress(OSError, UnicodeError):
        found.update(str(entry[4][0]).partition("%")[0].lower() for entry in socket.getaddrinfo(host, None))
    return found


def machines_by_address(found: t.Iterable[Found]) -> dict[str, Found]:
    """The VM by each address that VMware Tools report. Pure."""
    known: dict[str, Found] = {}
    for machine in found:
        cards = machine.properties.get("guest.net") or []
        addresses = [address for card in cards for address in card.ipAddress or []]
        for address in [machine.properties.get("guest.ipAddress"), *addresses]:
            if address:
                known.setdefault(address.partition("%")[0].lower(), machine)
    return known
