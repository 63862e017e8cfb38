# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play run both ways: modules in forks of Ansible's workers, and as programs of their own, as any other module."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness

SETTING = "OVHCLOUD_VMWARE_ENCRYPTION_IN_PROCESS"
WAYS = {"fork": {}, "program": {SETTING: "false"}}
SAID = re.compile(r"^<\S+> (\S+) runs (in a fork of Ansible's worker|as a program of its own: .*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a play returned and showed."""

    code: int
    screen: str
    lines: list[str]

    def of(self, task: str) -> dict[str, t.Any]:
        """What the task of that name returned at last."""
        events = map(json.loads, self.lines)
        return [result for _event, _action, name, result in events if name == task][-1]

    def ways(self) -> list[str]:
        """How each task ran, as -vvv tells."""
        return [how for _action, how in SAID.findall(self.screen)]


def written(folder: pathlib.Path, tasks: t.Sequence[dict[str, t.Any]], **play: t.Any) -> pathlib.Path:
    """A play on this computer."""
    file = folder / "play.yml"
    file.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **play}]))
    return file


def run(
    play: pathlib.Path,
    *words: str,
    environment: t.Mapping[str, str] | None = None,
) -> Seen:
    """With an ansible-playbook of its own."""
    kept = play.with_suffix(".results")
    kept.unlink(missing_ok=True)
    done = subprocess.run(
        command(play, *words),
        env={**environment_of(play), **(environment or {})},
        cwd=play.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Seen(done.returncode, done.stdout, kept.read_text().splitlines() if kept.exists() else [])


def command(play: pathlib.Path, *words: str) -> list[str]:
    """To run the play."""
    return [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), str(play), *words]


def environment_of(play: pathlib.Path) -> dict[str, str]:
    """In which the play leaves its results."""
    return {
        **harness.ansible_environment(play.parent),
        "ANSIBLE_CALLBACKS_ENABLED": "results_file",
        "ANSIBLE_INJECT_INVOCATION": "true",
        "LAB_RESULTS_FILE": str(play.with_suffix(".results")),
        "PYTHONHASHSEED": "0",  # what is censored comes in the order of a set
        "OVHCLOUD_VMWARE_ENCRYPTION_PROGRESS": "0",  # lines that a fork shows only on a busy computer
    }


def both(play: pathlib.Path, *words: str, environment: t.Mapping[str, str] | None = None) -> dict[str, Seen]:
    """The same play each way."""
    return {way: run(play, *words, environment={**(environment or {}), **more}) for way, more in WAYS.items()}
