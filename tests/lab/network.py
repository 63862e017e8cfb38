# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses and names of one lab: a block of 127.0.0.0/8 of its own, so that labs can run side by side."""

from __future__ import annotations

import errno
import os
import random
import socket
import threading

from . import names

GUARD_PORT = 5696  # one that the lab needs: a computer on which it is taken everywhere is told so at once
DRAWS = 50


def _reserve() -> tuple[socket.socket, str]:
    """A socket that keeps a block of addresses from other labs, and the first three numbers of the block."""
    pick = random.SystemRandom()  # tests may have seeded the common one
    for _draw in range(DRAWS):
        block = f"127.{pick.randrange(1, 255)}.{pick.randrange(256)}"
        guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            guard.bind((f"{block}.254", GUARD_PORT))
            return guard, block
        except OSError as exc:
            guard.close()
            if exc.errno != errno.EADDRINUSE:
                raise OSError(
                    exc.errno,
                    f"the lab needs addresses such as {block}.1, which this system does not have: {exc.strerror}",
                ) from exc
    raise OSError(errno.EADDRINUSE, f"something listens on port {GUARD_PORT} of every address of this machine")


class Network:
    """Hands out addresses and keeps the table of names; close it at the end."""

    def __init__(self, folder: str) -> None:
        self.table_path = os.path.join(folder, "hosts")
        self._guard, self._block = _reserve()
        self._names: dict[str, list[str]] = {}
        self._taken = 0
        self._lock = threading.Lock()
        self._variable_before: str | None = None

    def add(self, name: str, count: int = 1) -> list[str]:
        """So many new addresses for a new name."""
        with self._lock:
            numbers = range(self._taken + 1, self._taken + 1 + count)
            self._taken += count
            self._names[name] = [f"{self._block}.{number}" for number in numbers]
            self._write()
            return list(self._names[name])

    def change(self, name: str, addresses: list[str]) -> None:
        """Give a name other addresses, as an operator of DNS does."""
        with self._lock:
            self._names[name] = list(addresses)
            self._write()

    def spare(self) -> str:
        """An address that has no name yet."""
        with self._lock:
            self._taken += 1
            return f"{self._block}.{self._taken}"

    def _write(self) -> None:
        lines = [f"{address} {name}\n" for name, addresses in self._names.items() for address in addresses]
        half = f"{self.table_path}.part"
        with open(half, "w", encoding="ascii") as stream:
            stream.writelines(lines)
        os.replace(half, self.table_path)

    def addresses(self, host: str) -> list[str]:
        """IPv4 addresses of a host, whatever its process believes; none when it has none."""
        known = self._names.get(host.rstrip(".").lower())
        if known is not None:
            return list(known)
        try:
            return socket.gethostbyname_ex(host)[2]
        except (OSError, UnicodeError):  # the latter: an empty label
            return []

    def enter(self) -> None:
        """Let this process know the names, until `close`."""
        names.install()
        self._variable_before = os.environ.get(names.VARIABLE)
        os.environ[names.VARIABLE] = self.table_path

    def close(self) -> None:
        """Give the block back."""
        self._guard.close()
        if os.environ.get(names.VARIABLE) == self.table_path:
            if self._variable_before is None:
                del os.environ[names.VARIABLE]
            else:
                os.environ[names.VARIABLE] = self._variable_before
