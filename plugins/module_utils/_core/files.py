# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the user: read with a clear error, write privately and whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t
import uuid

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.leaving import forget, remember
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import obstacle

_END = ".unfinished"
_LONGEST_NAME = 200  # of the name that the hidden one repeats; file systems take 255 bytes


def read_text(path: str, name: str, most: int | None = None) -> str:
    """The text of a file that the option `name` points to, of at most `most` bytes."""
    try:
        return read_bytes(path, name, most).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name}: {path} is not a text file (a binary form such as DER or PKCS#12?)") from error


def read_bytes(path: str, name: str, most: int | None = None) -> bytes:
    """The content of a file that the option `name` points to, of at most `most` bytes."""
    try:
        # a FIFO would be waited for without end, and some devices never end
        if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
            raise InvalidInputError(f"{name}: {path} is not a regular file")
        with open(path, "rb") as file:
            content = file.read() if most is None else file.read(most + 1)
    except OSError as error:
        raise InvalidInputError(f"{name}: cannot read {path}: {error.strerror}") from error
    except ValueError as error:  # what no path can hold, such as a NUL character
        raise InvalidInputError(f"{name}: cannot read this path: {error}") from error
    if most is not None and len(content) > most:
        raise InvalidInputError(f"{name}: {path} is larger than {most} bytes, so it is not the expected file")
    return content


class Reserved:
    """A private file (0600) whose room is taken before its content exists; it appears at its path whole or not at all.

    Made before a step that cannot be repeated: a full disk is told while nothing is lost yet.
    """

    def __init__(self, path: str, room: int = 0) -> None:
        self.path = path
        self.temporary = ""
        reason = obstacle(path)
        if reason:
            raise InvalidInputError(f"cannot write {path}: it {reason}", path=path)
        try:
            self._make()
            self._write(b"\0" * room)
        except OSError as error:
            self.drop()
            raise InvalidInputError(f"cannot write {path}: {error.strerror}", path=path) from error

    def _make(self) -> None:
        self.temporary = f"{_beginning(self.path)}{uuid.uuid4().hex[:12]}{_END}"
        remember(self.temporary)
        os.close(os.open(self.temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def fill(self, content: str | bytes) -> None:
        """Write the content; the path is not touched."""
        try:
            self._write(content.encode("utf-8") if isinstance(content, str) else content)
        except OSError as error:
            raise InvalidInputError(f"cannot write {self.path}: {error.strerror}", path=self.path) from error

    def put(self) -> None:
        """Let what was filled in appear at the path. When that fails, the content stays in the temporary file."""
        try:
            os.replace(self.temporary, self.path)
        except OSError as error:
            raise InvalidInputError(f"cannot write {self.path}: {error.strerror}", path=self.path) from error
        forget(self.temporary)
        self.temporary = ""

    def keep(self) -> str:
        """Leave the temporary file where it is, as the only one with its content; its path, to be told."""
        kept, self.temporary = self.temporary, ""
        forget(kept)
        return kept

    def drop(self) -> None:
        """Remove what never appeared at the path."""
        if self.temporary:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.temporary)
            forget(self.temporary)
            self.temporary = ""

    def _write(self, content: bytes) -> None:
        # over the room that was taken, which is cut only then
        with open(self.temporary, "r+b") as file:
            file.write(content)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


def leftovers(path: str) -> list[str]:
    """Unfinished files for this path: of a process that was killed, or of one that still works."""
    folder, beginning = os.path.split(_beginning(path))
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(os.path.join(folder, name) for name in names if name.startswith(beginning) and name.endswith(_END))


def warn_of_leftovers(path: str, warn: t.Callable[[str], None]) -> None:
    """Tell of files that an interrupted run could not remove: nobody looks for hidden ones."""
    for found in leftovers(path):
        warn(
            f"{found} is the unfinished file of a killed run, and may hold a key; if no other run works on "
            f"{path} now, remove it"
        )


def _beginning(path: str) -> str:
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(folder, f".{name[:_LONGEST_NAME]}.")


def write_private(path: str, content: str | bytes) -> None:
    """Write a file that only its owner can read (0600), atomically: readers see the old content or the new one."""
    file = Reserved(path)
    try:
        file.fill(content)
        file.put()
    finally:
        file.drop()
