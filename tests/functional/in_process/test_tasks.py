# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks ask of a module, and what a module can do wrong: the same in a fork of Ansible's worker as elsewhere."""

from __future__ import annotations

import os
import pathlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process import probe
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process.both_ways import Seen, both, written

SECRET = "Hidden-word-9"
# the program is in another place each time, and so are its lines
PLACES = re.compile(r'"(?:module_stderr|exception)": "(?:[^"\\]|\\.)*"')


def task(name: str, do: str, keywords: dict[str, t.Any] | None = None, **options: t.Any) -> dict[str, t.Any]:
    """A task with the probe, which may fail."""
    return {"name": name, probe.NAME: {"do": do, **options}, "ignore_errors": True, **(keywords or {})}


def shown(name: str, variable: str) -> dict[str, t.Any]:
    return {"name": name, "ansible.builtin.debug": {"var": variable}}


@pytest.fixture
def seen(tmp_path: pathlib.Path) -> t.Callable[..., dict[str, Seen]]:
    """Runs tasks both ways and says that they were the same."""
    collections = str(probe.collection(tmp_path / "collections"))

    def run(tasks: t.Sequence[dict[str, t.Any]], *words: str, **play: t.Any) -> dict[str, Seen]:
        ways = both(written(tmp_path, tasks, **play), *words, environment={"ANSIBLE_COLLECTIONS_PATH": collections})
        fork, program = ways["fork"], ways["program"]
        assert fork.code == program.code == 0, program.screen
        assert [PLACES.sub("", line) for line in fork.lines] == [PLACES.sub("", line) for line in program.lines]
        assert PLACES.sub("", fork.screen) == PLACES.sub("", program.screen)
        assert len(fork.lines) >= len(tasks)
        return ways

    return run


@pytest.mark.oldest("both ways", "tasks")
def test_task_is_the_same_both_ways(seen: t.Callable[..., dict[str, Seen]], tmp_path: pathlib.Path) -> None:
    """Its surroundings, what it was given, and what Ansible makes of what it returns."""
    ways = seen(
        [
            task("plain", "tell", anything={"a": [1, "x", None, True, "{{ 1 + 1 }}"]}),
            task("check", "tell", {"check_mode": True, "diff": True}),
            task("environment", "tell", {"environment": {"PROBE_A": "1 2'3\"$HOME", "PROBE_B": "{{ 1 + 1 }}"}}),
            task("environment after", "tell"),
            task("defaults", "tell", {"module_defaults": {probe.NAME: {"anything": "by default"}}}),
            task("throttled", "tell", {"throttle": 1}),
            task("delegated", "tell", {"delegate_to": "localhost"}),
            {"name": "short", "probe": {"do": "tell"}, "collections": ["ovhcloud.vmware_encryption"]},
            task("template", "template"),
            task("facts", "facts"),
            shown("fact", "probe_fact"),
            task("loop", "template", {"loop": [1, 2], "register": "kept"}),
            shown("kept", "kept"),
            task("until", "fail", {"retries": 2, "delay": 0, "until": "false"}),
            task("judged", "fail", {"failed_when": False, "changed_when": True}),
            task("difference", "differ", {"diff": True}),
            task("warnings", "warn", word=SECRET),
            task("old option", "tell", old="x"),
            task("secret", "secret", {"register": "kept"}, word=SECRET),
            shown("kept secret", "kept"),
            task("secret task", "secret", {"no_log": True}, word=SECRET),
            task("unknown option", "tell", unknown=1, word=SECRET),
            task("wrong option", "tell", path=["a", {"b": 1}], word=SECRET),
            task("undefined", "tell", anything="{{ nothing_here }}"),
        ],
        "-v",
    )
    assert ways["fork"].of("environment")["environment"]["PROBE_A"] == "1 2'3\"$HOME"
    assert ways["fork"].of("environment after")["environment"]["PROBE_A"] is None
    assert ways["fork"].of("defaults")["given"] == "by default"
    for name in ("secret", "secret task", "unknown option", "wrong option"):
        assert SECRET not in str(ways["fork"].of(name))


@pytest.mark.oldest("both ways", "wrong ends")
def test_wrong_end_is_the_same_both_ways(seen: t.Callable[..., dict[str, Seen]], tmp_path: pathlib.Path) -> None:
    """Without a result, with a traceback, with text around the result, with a thread or files left."""
    ends = ("end_unseen", "crash", "leave", "leave_well", "fail", "chatter", "empty")
    thread, temporary = tmp_path / "thread", tmp_path / "temporary"
    # without files to hand over Ansible does not make it, as with pipelining; a module that then does warns of it
    (pathlib.Path.home() / ".ansible/tmp").mkdir(parents=True)
    ways = seen(
        [
            *(task(end, end, word=SECRET) for end in ends),
            task("crash, secret", "crash", {"no_log": True}),
            task("thread", "thread", path=str(thread)),
            task("temporary", "temporary", path=str(temporary)),
            task("after", "tell"),
        ],
        "-v",
    )
    assert thread.read_text() == "done" and not os.path.exists(temporary.read_text())
    for way in ways.values():
        assert "planned" in way.of("crash")["msg"] + str(way.of("crash")["exception"])
        assert way.of("after")["mask"] == ways["program"].of("after")["mask"]


def test_free_hosts_are_the_same_both_ways(tmp_path: pathlib.Path) -> None:
    inventory = tmp_path / "hosts"
    hosts = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    inventory.write_text("".join(f"host{number} {hosts}\n" for number in range(3)))
    play = written(tmp_path, [task("one", "template"), task("two", "tell")], hosts="all", strategy="free")
    collections = {"ANSIBLE_COLLECTIONS_PATH": str(probe.collection(tmp_path / "collections"))}
    ways = both(play, "-i", str(inventory), "-vvv", environment=collections)
    assert [way.code for way in ways.values()] == [0, 0], ways["fork"].screen
    lines = [sorted(re.sub(r'"verbosity": 3', "", line) for line in way.lines) for way in ways.values()]
    assert lines[0] == lines[1] and len(lines[0]) == 6
    assert ways["fork"].ways() == ["in a fork of Ansible's worker"] * 6
