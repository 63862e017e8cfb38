# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module or Ansible's worker that somebody kills (kill -9, a computer without memory) while the module runs."""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import signal
import subprocess
import threading
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process import both_ways
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NAME = "ovhcloud.vmware_encryption"
READ: dict[str, t.Any] = {"name": "read", f"{NAME}.key_provider_info": {}}
PROVIDER: dict[str, t.Any] = {"name": "make", f"{NAME}.native_key_provider": {"name": "nkp", "tpm_required": False}}
SHOWN: dict[str, t.Any] = {"ansible.builtin.debug": {"var": "made.msg"}}
CREATE = "POST */kms/providers*"
DEAD = "A worker was found in a dead state"
LIMIT = 120.0


class Play:
    """A play against the lab whose module is held at a request, as its processes are seen from outside."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self._lab, self._folder = lab, folder
        self._reached, self._go = threading.Event(), threading.Event()

    def written(self, *tasks: dict[str, t.Any]) -> pathlib.Path:
        """The file of a play of these tasks."""
        defaults = {f"group/{NAME}.vsphere": harness.connection(self._lab, "vsphere")}
        python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        return both_ways.written(self._folder, tasks, module_defaults=defaults, vars=python, connection="local")

    @contextlib.contextmanager
    def held(
        self, operation: str, *tasks: dict[str, t.Any], way: str = "fork", skip: int = 0
    ) -> t.Iterator[subprocess.Popen[str]]:
        """The play, at a request of that name."""
        self._lab.faults.add("meanwhile", operation=operation, call=self._hold, skip=int(skip))
        file = self.written(*tasks)
        with subprocess.Popen(
            both_ways.command(file),
            env={**both_ways.environment_of(file), **both_ways.WAYS[way]},
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                assert self._reached.wait(LIMIT)
                yield process
            finally:
                self.release()

    def _hold(self) -> None:
        self._reached.set()
        self._go.wait(LIMIT)

    def release(self) -> None:
        """Let the request take effect."""
        self._go.set()


def chain(process: subprocess.Popen[str]) -> list[int]:
    """The processes from Ansible's worker to the module, each the only child of the one before."""
    return harness.descendants(process.pid)


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    lab.give_encryption_right()
    return Play(lab, tmp_path)


def succeeds(lab: Lab, play: Play, provider: str) -> None:
    """The next run, which leaves nothing."""
    again = both_ways.run(play.written(READ, PROVIDER))
    assert (again.code, list(lab.vcenter.crypto.providers)) == (0, [provider]), again.screen
    assert lab.vcenter.sessions.active() == []


@pytest.mark.oldest("both ways", "killed module")
def test_killed_module_is_one_clear_failure(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    with play.held(CREATE, READ, PROVIDER) as process:
        os.kill(chain(process)[-1], signal.SIGKILL)
        screen = process.communicate()[0]
    assert process.returncode == 2, screen
    assert screen.count("the process of native_key_provider was ended by SIGKILL") >= 1, screen
    assert "JSON" not in screen.upper() and "Traceback" not in screen, screen
    assert lab.vcenter.sessions.active() == []
    assert list((tmp_path / "ansible/tmp").iterdir()) == []
    succeeds(lab, play, "nkp")


def test_killed_program_says_the_same(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    with play.held(CREATE, {**PROVIDER, "register": "made", "ignore_errors": True}, SHOWN, way="program") as process:
        os.kill(chain(process)[-1], signal.SIGKILL)
        screen = process.communicate()[0]
    assert process.returncode == 0 and "native_key_provider was ended by SIGKILL" in screen, screen


@pytest.mark.oldest("both ways", "killed worker")
@pytest.mark.parametrize("request_", [CREATE, "ListKmsClusters"], ids=["writes", "begins"])
def test_module_whose_worker_is_killed_leaves_nothing(
    lab: Lab, play: Play, tmp_path: pathlib.Path, request_: str
) -> None:
    """Ansible says so at once; the module finishes its request, and logs out what the end of the run did not."""
    with play.held(request_, READ, PROVIDER, skip=request_ != CREATE) as process:
        worker, module = chain(process)
        watched = os.pidfd_open(module)
        os.kill(worker, signal.SIGKILL)
        screen = process.communicate()[0]
        assert process.returncode not in (0, None) and screen.count(DEAD) == 1, screen
        assert list((tmp_path / "ansible/tmp").iterdir()) == []
        play.release()
        assert select.select([watched], [], [], LIMIT)[0]
        os.close(watched)
    assert lab.vcenter.sessions.active() == []
    succeeds(lab, play, "nkp")
