# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a task runs, and what happens to a module when its play is stopped."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import typing as t

import pytest
from ansible.release import __version__

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process import probe
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process.both_ways import (
    WAYS,
    command,
    environment_of,
    run,
    written,
)

FORK = "in a fork of Ansible's worker"
PROGRAM = "as a program of its own: "
OFF = "ovhcloud_vmware_encryption_in_process"
# before 2.19, Ansible ends at once and leaves its workers to themselves
STOPS = [signal.SIGINT, signal.SIGTERM] if tuple(map(int, __version__.split(".")[:2])) >= (2, 19) else [signal.SIGINT]


@pytest.fixture
def collections(tmp_path: pathlib.Path) -> dict[str, str]:
    """The setting for a collection that has the probe."""
    return {"ANSIBLE_COLLECTIONS_PATH": str(probe.collection(tmp_path / "collections"))}


def told(keywords: dict[str, t.Any] | None = None, **options: t.Any) -> dict[str, t.Any]:
    return {probe.NAME: {"do": "tell", **options}, **(keywords or {})}


@pytest.mark.oldest("both ways", "which way")
def test_task_that_needs_a_program_gets_one(tmp_path: pathlib.Path, collections: dict[str, str]) -> None:
    """And says why; all of them end well."""
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({}, FORK),
        ({"vars": {OFF: False}}, f"{PROGRAM}it is turned off"),
        ({"vars": {OFF: "{{ 1 == 2 }}"}}, f"{PROGRAM}it is turned off"),
        ({"async": 60, "poll": 1}, f"{PROGRAM}the task is asynchronous"),
        (
            {"environment": {"PYTHONWARNINGS": "ignore"}},
            f"{PROGRAM}the environment of the task has PYTHONWARNINGS, read only when a program starts",
        ),
        (
            {"vars": {"ansible_python_interpreter": str(other)}},
            f"{PROGRAM}the Python is {other}, that of Ansible OWN",
        ),
        ({"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}, FORK),
    ]
    environment = {**collections, "ANSIBLE_ASYNC_DIR": str(tmp_path / "async")}
    seen = run(written(tmp_path, [told(keywords) for keywords, _way in cases]), "-vvv", environment=environment)
    assert seen.code == 0, seen.screen
    # the program that a script of an environment names may be another link to it
    assert [re.sub("that of Ansible .*", "that of Ansible OWN", way) for way in seen.ways()] == [
        way for _keywords, way in cases
    ]


@pytest.mark.parametrize("how", ["environment", "file", "file, but the variable"])
def test_setting_turns_it_off(tmp_path: pathlib.Path, collections: dict[str, str], how: str) -> None:
    settings = tmp_path / "ansible.cfg"
    settings.write_text("[ovhcloud_vmware_encryption]\nin_process = false\n" if how.startswith("file") else "")
    environment = {**collections, **({OFF.upper(): "no"} if how == "environment" else {})}
    again = {"vars": {OFF: True}} if how.endswith("variable") else {}
    seen = run(written(tmp_path, [told(again)]), "-vvv", environment={**environment, "ANSIBLE_CONFIG": str(settings)})
    assert seen.code == 0, seen.screen
    assert seen.ways() == [FORK if again else f"{PROGRAM}it is turned off"]


def test_files_to_be_kept_are_those_of_a_program(tmp_path: pathlib.Path, collections: dict[str, str]) -> None:
    settings = {**collections, "ANSIBLE_KEEP_REMOTE_FILES": "true", "ANSIBLE_REMOTE_TMP": str(tmp_path / "kept")}
    seen = run(written(tmp_path, [told()]), "-vvv", environment=settings)
    assert seen.code == 0, seen.screen
    assert seen.ways() == [f"{PROGRAM}ANSIBLE_KEEP_REMOTE_FILES keeps the files of modules"]
    assert list((tmp_path / "kept").glob("*/AnsiballZ_probe.py"))


@pytest.mark.oldest("both ways", "host of an inventory")
def test_host_whose_python_ansible_must_find_waits(tmp_path: pathlib.Path, collections: dict[str, str]) -> None:
    inventory = tmp_path / "hosts"
    inventory.write_text("here ansible_connection=local ansible_python_interpreter=auto_silent\n")
    play = written(tmp_path, [told(), told()], hosts="all")
    # without shims that start no Python
    seen = run(play, "-i", str(inventory), "-vvv", environment={**collections, "PATH": "/usr/bin:/bin"})
    assert seen.code == 0, seen.screen
    first, second = seen.ways()
    assert first == f"{PROGRAM}Ansible has yet to find the Python of this host"
    assert second == FORK or re.match(f"{PROGRAM}the Python is .*, that of Ansible ", second)


# --- stopped


class Waiting:
    """A module that waits, seen from outside: the ends of its pipes."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.path = folder / "wait"
        for end in ("begun", "go", "ended"):
            os.mkfifo(f"{self.path}.{end}")

    @contextlib.contextmanager
    def begun(self) -> t.Iterator[t.TextIO]:
        """Once it has begun; it comes to an end when the module does."""
        with open(f"{self.path}.begun") as file:
            assert int(file.readline()) > 0
            yield file

    @contextlib.contextmanager
    def watched(self) -> t.Iterator[int]:
        """The end at which it says that it has begun, without a wait for that."""
        end = os.open(f"{self.path}.begun", os.O_RDONLY | os.O_NONBLOCK)
        try:
            yield end
        finally:
            os.close(end)

    def goes_on(self, begun: int) -> str:
        """Let it go on, and wait for its end: what it said; nothing if it has ended before."""
        os.set_blocking(begun, True)
        # both ways are open here, so this waits for nobody, wherever the module is
        gate, said = os.open(f"{self.path}.go", os.O_RDWR), os.open(f"{self.path}.ended", os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert os.read(begun, 1) == b""  # until it has ended
            return os.read(said, 100).decode()
        finally:
            os.close(gate)
            os.close(said)


def stopped_by_its_limit(folder: pathlib.Path, environment: dict[str, str], how: str, limit: int) -> t.Any:
    """The result of a task that a limit of so many seconds ended; None if its module had not begun by then.

    With one worker, the second task begins when the worker of the first has ended: at the end of a play, Ansible ends
    those that are left, with all that they have started (`_cleanup_processes` and `WorkerProcess._term`).
    """
    folder.mkdir(parents=True)
    waiting = Waiting(folder)
    keyword = {"timeout": limit} if how == "keyword" else {}
    task = {"name": "wait", probe.NAME: {"do": "wait", "path": str(waiting.path)}, "ignore_errors": True, **keyword}
    setting = {} if keyword else {"ANSIBLE_TASK_TIMEOUT": str(limit)}
    play = written(folder, [task, {"name": "after it", "ansible.builtin.debug": {}}])
    with waiting.watched() as begun:
        seen = run(play, environment={**environment, **setting, "ANSIBLE_FORKS": "1"})
        assert [line.split('"')[1] for line in seen.lines] == ["failed", "ok"], seen.screen
        if not os.read(begun, 100):
            return None
        assert waiting.goes_on(begun) == "by itself"
    result = seen.of("wait")
    result.get("timedout", {}).pop("frame", None)
    return {**result, "exception": None}


@pytest.mark.parametrize("how", ["keyword", "setting"])
def test_time_limit_is_the_same_both_ways(tmp_path: pathlib.Path, collections: dict[str, str], how: str) -> None:
    """The task fails, and the module finishes what it has begun, as ever."""
    for limit in (3, 12, 48):  # a busy computer may take longer than the first to begin a module
        one, other = (
            stopped_by_its_limit(tmp_path / str(limit) / way, {**collections, **setting}, how, limit)
            for way, setting in WAYS.items()
        )
        if one and other:
            assert one == other
            return
    raise AssertionError(f"a module had not begun after {limit} s")


@pytest.mark.oldest("both ways", "stopped")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: signal.Signals(number).name)
@pytest.mark.parametrize("way", WAYS)
def test_stopped_play_ends_its_module_cleanly(
    tmp_path: pathlib.Path, collections: dict[str, str], way: str, number: int
) -> None:
    """Ctrl-C goes to all that runs in a terminal, SIGTERM to Ansible. The unfinished file of the module is gone."""
    waiting = Waiting(tmp_path)
    play = written(tmp_path, [{probe.NAME: {"do": "guard", "path": str(waiting.path)}}])
    with subprocess.Popen(
        command(play),
        env={**environment_of(play), **collections, **WAYS[way]},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as ansible:
        with waiting.begun() as module:
            assert os.path.exists(f"{waiting.path}.half")
            (os.killpg if number == signal.SIGINT else os.kill)(ansible.pid, number)
            assert module.read() == ""  # until it has ended
        assert ansible.wait() != 0
    assert not os.path.exists(f"{waiting.path}.half")
