# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that tasks of one run share."""

from __future__ import annotations

import os
import pathlib
import shutil
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import kept

WHO = ("vc.example.com", 443, "alice", "a password")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """Where this process shares sessions."""
    kept.share_in(str(tmp_path))
    yield tmp_path
    kept.share_in("")


def left_by(data: dict[str, t.Any]) -> None:
    """A task that keeps this."""
    slot = kept.take(kept.SOAP, WHO)
    assert slot.keep(data)
    slot.release()


def test_the_next_task_goes_on_with_the_session(folder: pathlib.Path) -> None:
    assert kept.take(kept.SOAP, WHO).data == {}
    left_by({"cookie": "one"})
    assert kept.take(kept.SOAP, WHO).data == {"cookie": "one"}
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600] * 2


def test_another_user_gets_no_session_of_this_one(folder: pathlib.Path) -> None:
    left_by({"cookie": "one"})
    for number in range(len(WHO)):
        other = [*WHO]
        other[number] = "other"
        assert kept.take(kept.SOAP, other).data == {}
    assert kept.take(kept.REST, WHO).data == {}


def test_names_of_files_say_nothing_of_the_password(folder: pathlib.Path) -> None:
    left_by({"cookie": "one"})
    (name,) = (path.name for path in folder.iterdir())
    kept.share_in(str(folder))  # another run, with another key
    assert kept.take(kept.SOAP, WHO).data == {}
    assert name in os.listdir(folder) and len(os.listdir(folder)) == 2


def test_tasks_side_by_side_have_a_session_each(folder: pathlib.Path) -> None:
    left_by({"cookie": "one"})
    first, second = kept.take(kept.SOAP, WHO), kept.take(kept.SOAP, WHO)
    assert (first.data, second.data) == ({"cookie": "one"}, {})
    second.keep({"cookie": "two"})
    first.release()
    assert kept.take(kept.SOAP, WHO).data == {"cookie": "one"}
    second.release()
    assert kept.take(kept.SOAP, WHO).data == {"cookie": "two"}


def test_a_dropped_session_is_gone(folder: pathlib.Path) -> None:
    left_by({"cookie": "one"})
    slot = kept.take(kept.SOAP, WHO)
    slot.drop()
    slot.release()
    assert kept.take(kept.SOAP, WHO).data == {}


def test_renewed_kind_starts_anew_and_is_still_ended(folder: pathlib.Path) -> None:
    left_by({"cookie": "one"})
    holder = kept.take(kept.SOAP, WHO)
    kept.renew_vcenter()
    left_by({"cookie": "two"})
    assert holder.data == {"cookie": "one"}
    holder.release()
    assert kept.take(kept.SOAP, WHO).data == {"cookie": "two"}
    assert kept.left_in(str(folder)) == [(kept.SOAP, {"cookie": "two"}), (kept.SOAP, {"cookie": "one"})]


@pytest.mark.parametrize("text", [b"", b'{"cookie": "on', b"[]", b"\xff"])
def test_half_a_record_is_no_session(folder: pathlib.Path, text: bytes) -> None:
    left_by({"cookie": "one"})
    next(folder.iterdir()).write_bytes(text)
    assert kept.take(kept.SOAP, WHO).data == {}
    assert kept.left_in(str(folder)) == []


@pytest.mark.parametrize("folder_name", ["", "/nowhere"])
def test_nothing_is_kept_without_a_folder(folder_name: str) -> None:
    kept.share_in(folder_name)
    slot = kept.take(kept.SOAP, WHO)
    assert not slot.keep({"cookie": "one"})
    assert slot.data == {}
    slot.release()
    kept.renew_vcenter()
    kept.share_in("")


def test_a_full_disk_leaves_a_task_with_its_own_session(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: t.Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert not kept.take(kept.SOAP, WHO).keep({"cookie": "one"})


def test_task_that_outlives_its_run_hands_nothing_on(folder: pathlib.Path) -> None:
    slot, alone = kept.take(kept.SOAP, WHO), kept.Slot()
    assert slot.keep({"cookie": "one"}) and slot.handed_on and not alone.handed_on
    shutil.rmtree(folder)  # what the process of the run does at its end
    assert slot.keep({"cookie": "two"}) and not slot.handed_on
    slot.release()
