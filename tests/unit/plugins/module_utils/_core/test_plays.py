# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the play behind a text is still at work: running, over, killed and not yet waited for, and elsewhere."""

from __future__ import annotations

import multiprocessing
import os
import signal
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plays import at_work, this_play

FORK = multiprocessing.get_context("fork")


def _play(ends: t.Any) -> None:
    """Stands for ansible-playbook: a worker of it says which play it is."""
    worker = FORK.Process(target=lambda: ends.send(this_play("host-1")))
    worker.start()
    worker.join()
    ends.recv()


def test_play_is_at_work_until_it_is_killed() -> None:
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_play, args=(theirs,))
    process.start()
    name = ours.recv()
    assert name.startswith("host-1@") and f":{process.pid}:" in name
    assert at_work(name)
    assert not at_work(name + "0")  # another process got its number later
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # over, and still a zombie
    assert not at_work(name)
    process.join()
    assert not at_work(name)


@pytest.mark.parametrize("name", ["", "x", "@", "@a:b:c:d", "@:::", "@unknown:1", "a@b:1:\u00b2:1", "@a:1:1:1"])
def test_play_of_another_machine_counts_as_over(name: str) -> None:
    assert not at_work(name)


def test_play_without_proc_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_proc(_path: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr("os.readlink", without_proc)
    assert this_play("h") != this_play("h") and not at_work(this_play("h"))
