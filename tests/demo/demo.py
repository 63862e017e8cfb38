# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells, runs playbooks as a user would, and counts what they did."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

from . import screen
from .lab_process import LabProcess

HERE = pathlib.Path(__file__).resolve().parent


class Demo:
    """Tells, runs, counts. Ansible's own output goes to the log, and to the screen too when `verbose`."""

    def __init__(self, lab: LabProcess, directory: pathlib.Path, log: pathlib.Path, verbose: bool = False) -> None:
        self.lab, self.directory, self.log = lab, directory, log
        self.failures: list[str] = []
        self.runs: list[tuple[str, float, dict[str, dict[str, int]]]] = []
        self._verbose = verbose
        self._stats, self._shown = directory / "stats.json", directory / "shown.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("", encoding="utf-8")
        # a host with its own variables: the Python of this process, whatever others the computer has
        vault = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (directory / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"vault1": vault}}}), encoding="utf-8")

    def heading(self, number: int, chapters: int, title: str, sentence: str) -> None:
        """The beginning of a chapter."""
        rule = "=" * screen.WIDTH
        print(f"\n{rule}\n{number}/{chapters}  {title}\n{rule}\n{sentence}", flush=True)

    def tell(self, sentence: str) -> None:
        """What is about to happen."""
        print(f"\n{sentence}", flush=True)

    def expect(self, condition: bool, what: str) -> None:
        """Print one checked fact; a wrong one makes the demo fail at its end."""
        print(f"  [{'ok' if condition else 'WRONG'}] {what}", flush=True)
        if not condition:
            self.failures.append(what)

    def play(self, name: str, playbook: str, variables: dict[str, t.Any], *arguments: str) -> dict[str, int]:
        """Run a playbook and show what it says to people; returns Ansible's recap with the exit code as `code`."""
        mark = self.lab.ask("/mark")["mark"]
        file = self.directory / "variables.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(variables))
        for made in (self._stats, self._shown):
            made.unlink(missing_ok=True)
        program = str(pathlib.Path(sys.executable).parent / "ansible-playbook")
        began = time.monotonic()
        code = self._run([program, playbook, "-e", f"@{file}", *arguments])
        self.runs.append((name, time.monotonic() - began, self.lab.ask(f"/journal/summary?since={mark}")["summary"]))
        self._show(pathlib.Path(playbook).name, arguments)
        recap = json.loads(self._stats.read_text())["hosts"].get("localhost", {}) if self._stats.exists() else {}
        return {"changed": -1, "failures": -1, **recap, "code": code}

    def _run(self, command: list[str]) -> int:
        """Ansible's output, as it comes, to the log."""
        with (
            self.log.open("a", encoding="utf-8") as log,
            subprocess.Popen(
                command,
                env=self._environment(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
        ):
            log.write(f"\n$ {' '.join(command)}\n")
            for line in process.stdout or ():
                log.write(line)
                if self._verbose:
                    print(line, end="", flush=True)
        return process.returncode

    def _show(self, playbook: str, arguments: t.Sequence[str]) -> None:
        rows = [json.loads(line) for line in self._shown.read_text().splitlines()] if self._shown.exists() else []
        command = " ".join(["ansible-playbook", playbook, *arguments])
        lines = [f"  $ {command}   ({screen.duration(self.runs[-1][1])})", *screen.told(rows)]
        print("\n".join(lines), flush=True)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OVH_", "VMWARE_", "KMIP_"))}
        callbacks = [HERE.parent / "functional/callback", HERE / "callback"]
        return {
            **kept,
            **self.lab.environment,
            "ANSIBLE_HOME": str(self.directory / "ansible"),
            "ANSIBLE_INVENTORY": str(self.directory / "hosts.yml"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_CALLBACK_PLUGINS": os.pathsep.join(map(str, callbacks)),
            "ANSIBLE_CALLBACKS_ENABLED": "recap_file,shown_file",
            "LAB_RECAP_FILE": str(self._stats),
            "DEMO_SHOWN_FILE": str(self._shown),
            "PYTHONUNBUFFERED": "1",
        }

    def writes(self) -> int:
        """Writes of the last run, all systems."""
        return sum(row["write"] for row in self.runs[-1][2].values())

    def twice(self, option: str, playbook: str, variables: dict[str, t.Any]) -> None:
        """Run a playbook, and again: the second run must find its work done."""
        self.tell("The run:")
        recap = self.play(f"{option}, first run", playbook, variables)
        self.expect(recap["code"] == 0, "the first run ends without error")
        self.tell("The same again, which looks at everything and changes nothing:")
        recap = self.play(f"{option}, second run", playbook, variables)
        self.expect(recap["code"] == 0 and recap["changed"] == 0, "the second run has changed=0")
        self.expect(self.writes() == 0, "the journal of the second run holds no write")

    def table(self) -> None:
        """Requests, logins and writes of each run."""
        print(f"\n  {'run':34} {'seconds':>8}   {'system':14} {'requests':>8} {'logins':>7} {'writes':>7}")
        for name, seconds, summary in self.runs:
            for index, (system, row) in enumerate(sorted(summary.items())):
                left = f"{name:34} {seconds:8.1f}" if index == 0 else " " * 43
                print(f"  {left}   {system:14} {row['requests']:8} {row['login']:7} {row['write']:7}")
