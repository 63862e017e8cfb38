# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names of a running lab, without root: look-ups answer from the file that ENCRYPTION_LAB_HOSTS names.

The file has lines as in /etc/hosts, one address and one name each. Names beside one of the file's (in the same domain)
do not exist: no look-up for a service of the lab ever leaves this computer. The virtual environments that make builds
load this file at the start of Python when the variable is set; nothing in the collection knows of it.
"""

from __future__ import annotations

import os
import socket
import typing as t

VARIABLE = "ENCRYPTION_LAB_HOSTS"

_read: dict[tuple[str, int], dict[str, list[str]]] = {}  # (path, time of the last change): table


def _table() -> dict[str, list[str]]:
    """Addresses by name; empty without a lab."""
    path = os.environ.get(VARIABLE)
    if not path:
        return {}
    try:
        state = path, os.stat(path).st_mtime_ns
        if state not in _read:
            table: dict[str, list[str]] = {}
            with open(path, encoding="ascii") as stream:
                for line in stream:
                    words = line.partition("#")[0].split()
                    for name in words[1:]:
                        table.setdefault(name.lower(), []).append(words[0])
            _read.clear()
            _read[state] = table
        return _read[state]
    except OSError:  # that lab has ended
        return {}


def lookup(host: t.Any) -> list[str] | None:
    """The addresses of a name of the lab; empty for a name that its domain does not have; None for all others."""
    if isinstance(host, (bytes, bytearray)):
        host = host.decode("ascii", "replace")
    table = _table()
    if not table or not isinstance(host, str):
        return None
    name = host.rstrip(".").lower()
    if name in table:
        return table[name]
    domain = name.partition(".")[2]
    return [] if "." in domain and any(one.partition(".")[2] == domain for one in table) else None


def _unknown(host: t.Any) -> socket.gaierror:
    return socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {host} (in {os.environ[VARIABLE]})")


def install() -> None:
    """Let this process look names up in the lab first; a second call does nothing."""
    if getattr(socket.getaddrinfo, "asks_the_lab", False):
        return
    addresses, by_name, by_name_ex = socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex

    def getaddrinfo(
        host: t.Any, port: t.Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[t.Any]:
        found = lookup(host)
        if found is None:
            return addresses(host, port, family, type, proto, flags)
        if not found or family not in (socket.AF_UNSPEC, socket.AF_INET):
            raise _unknown(host)
        return [row for one in found for row in addresses(one, port, socket.AF_INET, type, proto, flags)]

    def gethostbyname(host: t.Any) -> str:
        found = lookup(host)
        if found == []:
            raise _unknown(host)
        return found[0] if found else by_name(host)

    def gethostbyname_ex(host: t.Any) -> tuple[str, list[str], list[str]]:
        found = lookup(host)
        if found == []:
            raise _unknown(host)
        return (host, [], found) if found else by_name_ex(host)

    hooks: dict[str, t.Callable[..., t.Any]]
    hooks = {"getaddrinfo": getaddrinfo, "gethostbyname": gethostbyname, "gethostbyname_ex": gethostbyname_ex}
    for name, hook in hooks.items():
        hook.asks_the_lab = True  # type: ignore[attr-defined]
        setattr(socket, name, hook)
