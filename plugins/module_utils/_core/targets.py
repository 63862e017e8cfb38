# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where files will be written: judged before anything changes, and without changing anything."""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.job_container import (
    inside,
    inspect_process,
    vanishes,
)

ROOM = 65536  # bytes that must be free for a file, when nobody says how large it becomes


def absolute(path: str, start: str) -> str:
    """The path as it is meant in the folder `start`; `~` and variables are expanded as Ansible does for modules."""
    return os.path.abspath(os.path.join(start, os.path.expanduser(os.path.expandvars(path))))


def check_file(name: str, path: str) -> None:
    """Raise unless a new file can take its place at the path."""
    _check_text(name, path)
    reason = obstacle(path)
    if reason:
        raise InvalidInputError(f"{name}: {path} {reason}")


def obstacle(path: str) -> str:
    """What is in the way of a new file; empty for a plain file, and for nothing."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    if stat.S_ISLNK(found.st_mode):
        return (
            "is a symbolic link, which a new file would replace; name the file to which it points, "
            f"{os.path.realpath(path)}"
        )
    if stat.S_ISDIR(found.st_mode):
        return "is a folder; name a file in it"
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file; name another one"
    # an owner may have taken the right to write from the file, which is replaced all the same
    if not os.access(path, os.W_OK) and (os.geteuid() == 0 or found.st_uid != os.geteuid()):
        return "is read-only for this user"
    return ""


def missing_folders(folder: str) -> list[str]:
    """Folders that must be made for this one to be there, the outermost first."""
    missing: list[str] = []
    while not os.path.lexists(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing


def check_folder(name: str, folder: str, room: int = 0) -> None:
    """Raise unless files of that size can be put into the folder, or into the one in which it would be made."""
    _check_text(name, folder)
    missing = missing_folders(folder)
    there = os.path.dirname(missing[0]) if missing else folder
    if not os.path.isdir(there):
        raise InvalidInputError(f"{name}: {there} is not a folder, so {folder} cannot be one")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InvalidInputError(f"{name}: cannot write files to {there}: it is read-only for this user")
    free = _free(there)
    if free is not None and free < room:
        raise InvalidInputError(f"{name}: {there} has {free} bytes left on its file system, but needs {room}")


def check_lasting(name: str, path: str, volumes: t.Sequence[str], how: str) -> None:
    """Raise when the path goes with the container of this job; `how` says how to allow it."""
    around = inspect_process()
    if any(inside(os.path.realpath(path), os.path.realpath(volume)) for volume in volumes if volume):
        return
    if vanishes(path, around):
        raise GuardError(
            f"{name}: {path} lies in this job's container ({', '.join(around.signs)}) and vanishes with it; "
            f"nothing was changed. Choose a path on a volume that outlives the job, or {how}"
        )


def _check_text(name: str, path: str) -> None:
    if "\0" in path:
        raise InvalidInputError(f"{name}: a path cannot contain a NUL character")


def _free(folder: str) -> int | None:
    """Bytes that this user may still write there; None when the file system does not say."""
    try:
        numbers = os.statvfs(folder)
    except OSError:
        return None
    if numbers.f_files and not numbers.f_ffree:
        return 0
    blocks = numbers.f_bfree if os.geteuid() == 0 else numbers.f_bavail
    return blocks * numbers.f_frsize if numbers.f_blocks else None
