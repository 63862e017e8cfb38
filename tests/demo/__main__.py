# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make demo`; exit code 0 only when the second run changed nothing and the counts are right."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

from .lab_process import LabProcess
from .vcenter_key import make_key

HERE = pathlib.Path(__file__).resolve().parent
PROVIDER = "okms-prod"
VARIABLES: dict[str, t.Any] = {
    "okms_display_name": "kms-prod",
    "okms_region": "eu-west-rbx",
    "okms_vsphere_user": "admin",
    "okms_provider": PROVIDER,
    "okms_allow_order": True,
    "okms_wait_interval": 0.2,
    "okms_wait_timeout": 60,
}


class Demo:
    """Tells, runs, counts."""

    def __init__(self, lab: LabProcess, directory: pathlib.Path) -> None:
        self.lab, self.directory = lab, directory
        self.failures: list[str] = []
        self.runs: list[tuple[str, float, dict[str, dict[str, int]]]] = []
        self._stats = directory / "stats.json"

    def tell(self, title: str, *lines: str) -> None:
        """A heading and what is about to happen."""
        print(f"\n{'=' * 100}\n{title}\n{'=' * 100}", flush=True)
        for line in lines:
            print(line, flush=True)

    def expect(self, condition: bool, what: str) -> None:
        """Print one checked fact; a wrong one makes the demo fail at its end."""
        print(f"  [{'ok' if condition else 'WRONG'}] {what}", flush=True)
        if not condition:
            self.failures.append(what)

    def play(self, name: str, playbook: str, *arguments: str) -> dict[str, int]:
        """Run a playbook with its output on the screen; returns Ansible's recap with the exit code as `code`."""
        mark = self.lab.ask("/mark")["mark"]
        variables = self.directory / "variables.json"
        variables.write_text(json.dumps({**VARIABLES, "okms_private_cloud": self.lab.state["ovh"]["private_cloud"]}))
        self._stats.unlink(missing_ok=True)
        command = [
            str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
            playbook,
            "-e",
            f"@{variables}",
            *arguments,
        ]
        began = time.monotonic()
        code = subprocess.run(
            command, env=self._environment(), cwd=self.directory, stdin=subprocess.DEVNULL, check=False
        ).returncode
        self.runs.append((name, time.monotonic() - began, self.lab.ask(f"/journal/summary?since={mark}")["summary"]))
        recap = json.loads(self._stats.read_text()).get("localhost", {}) if self._stats.exists() else {}
        return {"changed": -1, "failures": -1, **recap, "code": code}

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OVH_", "VMWARE_", "KMIP_"))}
        return {
            **kept,
            **self.lab.environment,
            "ANSIBLE_HOME": str(self.directory / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE.parent / "functional/callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "recap_file",
            "LAB_RECAP_FILE": str(self._stats),
            "PYTHONUNBUFFERED": "1",
        }

    def writes(self, run: int) -> int:
        """Writes of a run, all systems."""
        return sum(row["write"] for row in self.runs[run][2].values())

    def table(self) -> None:
        """Requests, logins and writes of each run."""
        print(f"\n  {'run':34} {'seconds':>8}   {'system':14} {'requests':>8} {'logins':>7} {'writes':>7}")
        for name, seconds, summary in self.runs:
            for index, (system, row) in enumerate(sorted(summary.items())):
                left = f"{name:34} {seconds:8.1f}" if index == 0 else " " * 43
                print(f"  {left}   {system:14} {row['requests']:8} {row['login']:7} {row['write']:7}")


def option_2(demo: Demo) -> None:
    """From an empty account to a green default provider, twice."""
    demo.tell(
        "Option 2, a look first: check mode on an empty account",
        "Nothing is written, not even a cart. You see the price, what usage costs, and every step to come.",
    )
    recap = demo.play("check mode", "ovhcloud.vmware_encryption.okms", "--check", "--diff")
    demo.expect(recap["code"] == 0, "check mode ends without error")
    demo.expect(demo.writes(-1) == 0, "check mode wrote nothing")
    demo.tell("Option 2, first run: order, flow, rights, provider, certificate, trust, default")
    recap = demo.play("first run", "ovhcloud.vmware_encryption.okms")
    demo.expect(recap["code"] == 0, "the first run ends without error")
    demo.tell("Option 2, second run: everything is looked at, nothing is changed")
    recap = demo.play("second run", "ovhcloud.vmware_encryption.okms")
    demo.expect(recap["code"] == 0 and recap["changed"] == 0, "the second run has changed=0")
    demo.expect(demo.writes(-1) == 0, "the journal of the second run holds no write")
    state = demo.lab.ask("/state")
    for key in ("orders", "payments", "credentials", "kms_entries", "providers"):
        demo.expect(len(state[key]) == 1, f"one of {key.replace('_', ' ')} over both runs")


def keys(demo: Demo) -> None:
    """vCenter makes a key in OKMS; then the credential is revoked and the provider turns red."""
    demo.tell("Proof: vCenter makes a key in OKMS, as it does when a VM is encrypted")
    key = make_key(demo.lab.environment, PROVIDER)
    seen = demo.lab.ask("/state")
    okms_id = seen["okms"][0]["id"]
    operations = seen["kmip"]["okms"]["seen"].get(okms_id, {})
    demo.expect(operations.get("Create") == 1, f"OKMS saw the certificate CN={okms_id} create key {key}")
    demo.expect(operations.get("Get", 0) >= 1, "and fetch it")
    demo.tell("Bad day: the credential is revoked in OKMS. What does key_provider_info say?")
    demo.lab.ask(f"/okms/{okms_id}/credential/{seen['credentials'][0]['id']}/revoke", {})
    recap = demo.play("key_provider_info, revoked", str(HERE / "status.yml"))
    demo.expect(recap["code"] == 0, "the provider is red and the module says why")


def main() -> int:
    """Run the demonstration."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vmware-encryption-demo-")))
        lab = stack.enter_context(LabProcess(directory))
        demo = Demo(lab, directory)
        demo.tell(
            "The lab",
            f"OVHcloud API, OKMS, KMIP servers and vCenter run on this machine (started in {lab.start_seconds:.1f} s),",
            "speaking their real protocols. Nothing leaves this machine and nothing costs money.",
        )
        option_2(demo)
        keys(demo)
        demo.tell("Figures")
        demo.table()
        print(f"\n  whole demo: {time.monotonic() - began:.0f} s")
    for failure in demo.failures:
        print(f"  WRONG: {failure}")
    print("\n  The demo went as it should." if not demo.failures else f"\n  {len(demo.failures)} thing(s) went wrong.")
    return 1 if demo.failures else 0


if __name__ == "__main__":
    sys.exit(main())
