# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One session of vCenter serves all tasks of a run and ends with it, however it ends."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process import both_ways
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NAME = "ovhcloud.vmware_encryption"
READ: dict[str, t.Any] = {f"{NAME}.key_provider_info": {}}
PROVIDER: dict[str, t.Any] = {f"{NAME}.native_key_provider": {"name": "nkp", "tpm_required": False}}
PLAYS: dict[str, tuple[list[dict[str, t.Any]], int]] = {
    "to its end": ([READ, PROVIDER, READ], 0),
    "to a failure": ([READ, PROVIDER, {"ansible.builtin.fail": {}}], 2),
    "to an end in its middle": ([READ, PROVIDER, {"ansible.builtin.meta": "end_play"}, READ], 0),
}


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> t.Callable[[t.Sequence[dict[str, t.Any]]], pathlib.Path]:
    """Write a play against the lab."""
    lab.give_encryption_right()
    defaults = {f"group/{NAME}.vsphere": harness.connection(lab, "vsphere")}
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}

    def written(tasks: t.Sequence[dict[str, t.Any]], **more: t.Any) -> pathlib.Path:
        return both_ways.written(tmp_path, tasks, module_defaults=defaults, vars=python, connection="local", **more)

    return written


@pytest.mark.oldest("sessions", "life")
@pytest.mark.parametrize("end", list(PLAYS))
def test_a_run_logs_in_once_and_leaves_nothing(lab: Lab, play: t.Any, tmp_path: pathlib.Path, end: str) -> None:
    tasks, code = PLAYS[end]
    seen = both_ways.run(play(tasks))
    assert seen.code == code, seen.screen
    soap = [entry for entry in lab.journal.entries() if entry.system == "vcenter" and entry.kind == "login"]
    assert [entry.operation for entry in soap] == ["Login"]
    assert lab.vcenter.sessions.active() == []
    assert list((tmp_path / "ansible/tmp").iterdir()) == []


def test_programs_of_their_own_log_in_each(lab: Lab, play: t.Any) -> None:
    seen = both_ways.run(play([READ, READ]), environment=both_ways.WAYS["program"])
    assert seen.code == 0, seen.screen
    assert lab.journal.count("vcenter", operation="Login") == 2
    assert lab.vcenter.sessions.active() == []


def test_hosts_side_by_side_have_sessions_of_their_own(lab: Lab, play: t.Any, tmp_path: pathlib.Path) -> None:
    file = play([READ, READ, READ])
    (content,) = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump([{**content, "hosts": "all", "strategy": "free"}]))
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {name: {} for name in "abcd"}}}))
    seen = both_ways.run(file, "-i", str(hosts), "--forks", "4")
    assert seen.code == 0, seen.screen
    assert lab.journal.count("vcenter", operation="Login") <= 4
    assert lab.vcenter.sessions.active() == []


@pytest.mark.oldest("sessions", "stopped")
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["ctrl-C", "SIGTERM", "SIGKILL"]
)
def test_a_run_that_is_stopped(lab: Lab, play: t.Any, tmp_path: pathlib.Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready"
    wait = {"ansible.builtin.command": f"sh -c 'touch {ready}; exec tail -f /dev/null'"}
    file = play([READ, PROVIDER, wait, READ])
    with subprocess.Popen(
        both_ways.command(file),
        env=both_ways.environment_of(file),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        while not ready.exists():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
            assert process.returncode is None
        left = [path for path in (tmp_path / "ansible/tmp").glob("*/vmware_encryption_*/*") if path.is_file()]
        assert {path.stat().st_mode & 0o777 for path in left} == {0o600}
        others = harness.descendants(process.pid)
        for pid in [process.pid, *([] if number == signal.SIGTERM else others)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        process.wait(120)
        for pid in others:  # before 2.19, ansible-core leaves its workers running
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if number != signal.SIGKILL:
        assert lab.vcenter.sessions.active() == []
        assert not list((tmp_path / "ansible/tmp").glob("*/vmware_encryption_*"))
    else:  # nothing can end them, and no later run reads what is left
        assert len(lab.vcenter.sessions.active()) == 2
        assert both_ways.run(play([READ])).code == 0
        assert lab.journal.count("vcenter", operation="Login") == 2
        assert len(lab.vcenter.sessions.active()) == 2
