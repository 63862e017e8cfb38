# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, ports and values of connection options, judged before the first connection: pure."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

_LONGEST_NAME = 254  # with the dot at its end, RFC 1035
_LONGEST = 300  # characters of an option in a message; the longest host name has 253
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def quoted(value: str) -> str:
    """The value in quotes for a message; nothing of it when it may hold a password (user:password@host)."""
    return (
        "(not shown: it may contain a password, which does not belong there)"
        if "@" in value or "%40" in value
        else one_line(repr(value), _LONGEST)
    )


def check_host(option: str, value: str) -> str:
    """A host name or an address without brackets. Raises InvalidInputError."""
    host = value.strip()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not _is_host(host):
        raise InvalidInputError(f"{option}: {quoted(value)} is not a host name or address; the port has its own option")
    return host


def check_port(option: str, value: int) -> int:
    """A TCP port. Raises InvalidInputError."""
    if not 0 < value < 65536:
        raise InvalidInputError(f"{option}: {value} is not between 1 and 65535")
    return value


def check_sendable(option: str, value: str) -> str:
    """A value that HTTP can send in a header. The error never quotes it. Raises InvalidInputError."""
    if not sendable(value):
        raise InvalidInputError(
            f"{option} contains a character that HTTP cannot send (a control character, or one that is not "
            f"ASCII): give {option} again without it"
        )
    return value


def sendable(value: str) -> bool:
    """Whether a header can hold the value: one line of ASCII."""
    return value.isascii() and value.isprintable()


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            return False
        return host.isascii() and host.isprintable() and " " not in host
    try:
        name = host.encode("idna").decode("ascii")  # as the libraries below will do
    except UnicodeError:
        return False
    return len(name) <= _LONGEST_NAME and bool(_NAME.fullmatch(name))
