# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that several processes change: nothing is lost, a killed one holds nobody up, and only files are read."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import pathlib
import signal
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import shared_files
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import (
    change_record,
    read_record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience

FORK = multiprocessing.get_context("fork")


def _silent(_message: str) -> None:
    """No warning is expected here."""
    raise AssertionError(_message)


def _slow(path: str, ends: t.Any) -> None:
    """Add "slow" to the file; say so while the lock is held, and go on when told."""

    def change(text: str) -> str:
        ends.send("holds")
        ends.recv()
        return text + "slow "

    change_record(path, "path", change, _silent)


def _second(path: str, ends: t.Any) -> None:
    """Add "second"; each pause of the waiting is told, and lasts until the test says so."""

    def pause(_seconds: float) -> None:
        ends.send("waits")
        ends.recv()

    change_record(path, "path", lambda text: text + "second ", _silent, Patience(60.0, 0.01, sleep=pause))
    ends.send("done")


def _started(work: t.Callable[[str, t.Any], None], path: str) -> tuple[t.Any, t.Any]:
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=work, args=(path, theirs))
    process.start()
    return process, ours


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("killed", [True, False])
def test_second_process_waits_and_keeps_what_the_first_wrote(tmp_path: pathlib.Path, killed: bool, there: bool) -> None:
    path = tmp_path / "record.json"
    if there:
        path.write_text("old ")
    first, to_first = _started(_slow, str(path))
    assert to_first.recv() == "holds"
    second, to_second = _started(_second, str(path))
    assert to_second.recv() == "waits"
    if killed:
        os.kill(first.pid, signal.SIGKILL)
    else:
        to_first.send("go on")
    first.join()
    assert first.exitcode == (-signal.SIGKILL if killed else 0)
    to_second.send("go on")
    assert to_second.recv() == "done"
    second.join()
    assert path.read_text() == ("old " if there else "") + ("" if killed else "slow ") + "second "
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["record.json"]


def test_lock_that_is_never_given_up_ends_the_wait(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("old")
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConflictError, match=r"another run has held .*record\.json for 0 s\. Nothing was"):
            change_record(str(path), "path", str.upper, _silent, Patience(0.0, 0.0))
    assert path.read_text() == "old"


def test_emptied_record_is_removed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "record.json"
    change_record(str(path), "path", lambda _old: "x", _silent)
    assert read_record(str(path), "path") == "x"
    change_record(str(path), "path", lambda _old: None, _silent)
    assert not path.exists() and read_record(str(path), "path") == ""
    with pytest.raises(InvalidInputError, match=r"path: cannot read .*record\.json: No such file"):
        read_record(str(path), "path", needed=True)


def test_link_is_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there/real.json", tmp_path / "link.json"
    link.symlink_to(target)
    change_record(str(link), "path", lambda _old: "x", _silent)
    assert link.is_symlink() and target.read_text() == "x"


def test_file_system_without_locks_is_warned_of(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlockable(_file: t.Any, _how: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", unlockable)
    warned: list[str] = []
    change_record(str(tmp_path / "x"), "path", lambda _old: "x", warned.append)
    assert "has no locks" in warned[0] and (tmp_path / "x").read_text() == "x"


def test_record_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str, _content: str) -> None:
        raise InvalidInputError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr(shared_files, "write_private", full)
    with pytest.raises(InvalidInputError, match="No space left"):
        change_record(str(tmp_path / "x"), "path", lambda _old: "x", _silent)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(143)])
@pytest.mark.parametrize("there", [True, False])
def test_change_that_fails_leaves_what_was_there(tmp_path: pathlib.Path, there: bool, error: BaseException) -> None:
    def fails(_old: str) -> str:
        raise error

    path = tmp_path / "record.json"
    if there:
        path.write_text("old")
    with pytest.raises(type(error)):
        change_record(str(path), "path", fails, _silent)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == ([("record.json", "old")] if there else [])


@pytest.mark.parametrize("kind", ["fifo", "folder", "binary", "huge", "NUL", "no folder"])
def test_what_is_no_record_is_refused_on_one_line(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = str(tmp_path / "x")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)
    elif kind == "NUL":
        path += "\0y"
    elif kind == "no folder":
        path += "/y"
    else:
        pathlib.Path(path).write_bytes(b"\xff\xfe\x00")
        monkeypatch.setattr(shared_files, "LARGEST", 2 if kind == "huge" else 99)
    works: list[t.Callable[[], t.Any]] = [lambda: change_record(path, "path", lambda old: old + "x", _silent)]
    works += [lambda: read_record(path, "path")] if kind != "no folder" else []
    for work in works:
        with pytest.raises(CollectionError) as caught:
            work()
        assert "path: " in caught.value.message and "\n" not in caught.value.message
