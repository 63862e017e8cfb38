# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that several runs write: read and replaced under a lock that ends with its process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import write_private
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, ticks

LARGEST = 64 * 1024 * 1024  # bytes; a file of records has some thousand lines
# a run holds the lock for one reading and one writing
PATIENCE = Patience(timeout=60.0, interval=0.05)
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


def read_record(path: str, name: str, needed: bool = False) -> str:
    """The text of the file that the option `name` points to; empty when there is none, unless it is needed."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return _text_of(file, path, name)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, FileNotFoundError) and not needed:
            return ""
        raise InvalidInputError(f"{name}: cannot read {path}: {_words(error)}", path=path) from error


def change_record(
    path: str,
    name: str,
    change: t.Callable[[str], str | None],
    warn: t.Callable[[str], None],
    patience: Patience = PATIENCE,
) -> None:
    """Replace the text of the file by what `change` makes of it, None to remove it; no other run comes between.

    A link is followed. The new text appears whole or not at all (0600).
    """
    try:
        place = os.path.realpath(path)
    except ValueError as error:  # a NUL
        raise InvalidInputError(f"{name}: cannot write {path}: {_words(error)}", path=path) from error
    with _locked(place, path, name, warn, patience) as file:
        old = _text_of(file, path, name)
        try:
            new = change(old)
            if not new:
                os.unlink(place)
            elif new != old:
                write_private(place, new)
        except BaseException:
            if not old and _is_at(file, place):  # made for the lock only
                os.unlink(place)
            raise


@contextlib.contextmanager
def usable(kind: str, path: str, wrong: type[ValueError]) -> t.Iterator[None]:
    """Name the file when what reads or changes its text raises `wrong`: the text is not that of such a file."""
    try:
        yield
    except wrong as error:
        raise InvalidInputError(f"cannot use the {kind} {path}: {error}", path=path) from error


@contextlib.contextmanager
def _locked(
    place: str, path: str, name: str, warn: t.Callable[[str], None], patience: Patience
) -> t.Iterator[t.BinaryIO]:
    """The open file, made when it is missing. It is the one that the path names as long as the lock is held."""
    for _gone in ticks(patience):
        with _opened(place, path, name) as file:
            if _lock(file, path, warn) and _is_at(file, place):
                yield file
                return
    raise ConflictError(
        f"{name}: another run has held {path} for {patience.timeout:g} s. Nothing was written: check what that "
        "run is waiting for, and rerun",
        path=path,
    )


def _opened(place: str, path: str, name: str) -> t.BinaryIO:
    # without O_NONBLOCK, a FIFO at this path would be waited for
    flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return t.cast("t.BinaryIO", os.fdopen(os.open(place, flags, 0o600), "rb"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{name}: cannot write {path}: {_words(error)}", path=path) from error


def _lock(file: t.BinaryIO, path: str, warn: t.Callable[[str], None]) -> bool:
    try:
        # not lockf: its lock ends when the process closes any descriptor of the same file (fcntl(2))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            return False
        warn(f"the file system of {path} has no locks: do not let two runs that use this file work at the same time")
    return True


def _is_at(file: t.BinaryIO, place: str) -> bool:
    """Whether it is still the file of that name: the run before has put a new one there, or removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(place))
    except OSError:
        return False


def _text_of(file: t.BinaryIO, path: str, name: str) -> str:
    seen = os.fstat(file.fileno())
    if not stat.S_ISREG(seen.st_mode):
        raise InvalidInputError(f"{name}: {path} is not a regular file", path=path)
    if seen.st_size > LARGEST:
        raise InvalidInputError(f"{name}: {path} is too large to be a file of this collection", path=path)
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name}: {path} is not a text file", path=path) from error


def _words(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "the path cannot be used"


def now_text() -> str:
    """The time as files tell it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
