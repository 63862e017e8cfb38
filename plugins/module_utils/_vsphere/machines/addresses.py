# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a name stands for, to find the virtual machine that has one of them."""

from __future__ import annotations

import contextlib
import socket


def resolved(host: str) -> set[str]:
    """The address and what this host resolves it to; vCenter's own resolver may know more."""
    found = {host.lower()}
    with contextlib.suppress(OSError, UnicodeError):
        found.update(str(entry[4][0]).partition("%")[0].lower() for entry in socket.getaddrinfo(host, None))
    return found
