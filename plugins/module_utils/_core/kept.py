# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that the tasks of one run of Ansible share, as private files in its own temporary folder.

The process that runs the play calls `share_in`; the forks in which modules run know the folder from it. A module that
runs as a program of its own knows none and has its session to itself. A file belongs to the process that holds its
lock, so tasks that run side by side have a session each. Nothing outlives the run, see plugin_utils.shared_sessions.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import typing as t

# kinds of sessions
SOAP, REST, OVHCLOUD = "soap", "rest", "ovhcloud"
_MOST = 1000  # sessions of one kind and identity: more than there are forks of Ansible
_LARGEST = 1 << 16  # bytes
_ENDED = ".ended"

_folder = ""
_key = b""


def share_in(folder: str) -> None:
    """Let this process and its forks share sessions in the folder, which is theirs; an empty one ends it."""
    global _folder, _key
    _folder, _key = folder, secrets.token_bytes(32)


class Slot:
    """A place for one session, held until `release`. `data`: what the last holder kept; empty: nothing yet."""

    def __init__(self, file: int | None = None, data: dict[str, t.Any] | None = None) -> None:
        self._file = file
        self.data = data or {}

    def keep(self, data: dict[str, t.Any]) -> bool:
        """Hand this on to the next task; False when nothing can be kept, so that the session must be ended here."""
        if self._file is None:
            return False
        text = json.dumps(data).encode()
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text, 0)
        except OSError:  # a full disk must stop nobody who could do without
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            return False
        self.data = data
        return True

    @property
    def handed_on(self) -> bool:
        """Whether somebody else will use or end what was kept: not if the run is over, which removes the file."""
        return bool(self.data) and (self._file is None or os.fstat(self._file).st_nlink > 0)

    def drop(self) -> None:
        """The session has ended."""
        self.data = {}
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)

    def release(self) -> None:
        """Let the next task have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def take(kind: str, identity: t.Sequence[t.Any]) -> Slot:
    """The first session of this kind and identity that no other task holds.

    `identity` is all that decides whose session it is and who was trusted, the password included: it is in the name of
    the file as a keyed digest only, and the key never leaves the memory of the run.
    """
    if not _folder:
        return Slot()
    digest = hmac.new(_key, json.dumps([kind, *identity]).encode(), hashlib.sha256).hexdigest()
    try:
        for number in range(_MOST):
            path = os.path.join(_folder, f"{kind}-{digest}-{number}")
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            if _held(file, path):
                return Slot(file, _data(file))
            os.close(file)
    except OSError:
        pass  # without the folder, each task has its own session
    return Slot()


def renew_vcenter() -> None:
    """Let tasks from now on log in to vCenter anew: what a session may do was decided when it began."""
    with contextlib.suppress(OSError):
        for name in os.listdir(_folder) if _folder else []:
            if name.partition("-")[0] in (SOAP, REST) and not name.endswith(_ENDED):
                path = os.path.join(_folder, name)
                # renamed and not removed: the end of the run logs out what is in it
                os.replace(path, f"{path}-{secrets.token_hex(4)}{_ENDED}")


def left_in(folder: str) -> list[tuple[str, dict[str, t.Any]]]:
    """Kind and data of all that is kept there."""
    found = []
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb", 0) as file:
                data = _data(file.fileno())
            if data:
                found.append((name.partition("-")[0], data))
    return found


def _held(file: int, path: str) -> bool:
    """Whether this process has the lock now, and the file is still the one at the path."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file).st_ino == os.stat(path).st_ino
    except OSError:
        return False


def _data(file: int) -> dict[str, t.Any]:
    try:
        found = json.loads(os.pread(file, _LARGEST, 0) or b"{}")
    except ValueError:  # its writer was killed
        return {}
    return found if isinstance(found, dict) else {}
