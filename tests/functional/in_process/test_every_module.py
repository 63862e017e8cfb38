# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module returns and shows the same, byte by byte, in a fork of Ansible's worker and as a program of its own."""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process.both_ways import both, written
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_odd_characters import needed
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, examples

SHORT = "ovhcloud.vmware_encryption."
# actions have a file there too, for their documentation
FILES = (harness.ROOT / "plugins/modules").glob("*.py")
MODULES = sorted(path.stem for path in FILES if "def main(" in path.read_text(encoding="utf-8"))


# what two runs of one module tell in two ways: the time, and how far the clocks are apart
CLOCK = re.compile(r'("(?:clock_offset|last_used|since|time)": )("[^"]*"|[-.e0-9]+)')


def still(text: str) -> str:
    """Without what the clock says."""
    return CLOCK.sub(r"\1now", text)


def task(module: str, case: str, **options: t.Any) -> dict[str, t.Any]:
    """One task, which may fail."""
    return {"name": f"{module}, {case}", SHORT + module: options, "ignore_errors": True}


# stand before Python's own syslog and the journal's library, and keep in a file what they are told
SYSLOG = """
import json, os
LOG_USER, LOG_INFO = 8, 6
_told = []
def openlog(*given): _told[:] = given
def syslog(*given):
    with open(os.environ["PROBE_LOG"], "a") as file:
        print(json.dumps([*_told, *given]), file=file)
"""
JOURNAL = """
import json, os
def sendv(*given): pass
def send(**given):
    with open(os.environ["PROBE_LOG"], "a") as file:
        print(json.dumps(given), file=file)
"""
PLANTED = "Planted-word-9"
# needed with the default of `state` only
FILE = {name: {"file": "no-such-file"} for name in ("okms_secret", "vault_secret")}
SERVERS = {"servers": [{"name": "kms", "address": "kms.example.net", "username": "u", "password": PLANTED}]}
# secrets with which a module connects
CONNECTION = {
    "vsphere": ("password",),
    "ovhcloud": ("application_secret", "consumer_key", "client_secret", "access_token"),
}


def logging_to(folder: pathlib.Path, library: str) -> dict[str, str]:
    """The environment in which all that Ansible logs through syslog, or the journal, is in the file `logged`."""
    (folder / "first/systemd").mkdir(parents=True)
    (folder / "first/syslog.py").write_text(SYSLOG)
    (folder / "first/systemd/__init__.py").touch()
    (folder / "first/systemd/daemon.py").write_text("def booted(): return True")
    (folder / "first/systemd/journal.py").write_text(JOURNAL if library == "journal" else "")
    path = os.pathsep.join([str(folder / "first"), os.environ.get("PYTHONPATH", "")])
    return {"PYTHONPATH": path, "PROBE_LOG": str(folder / "logged")}


def secrets_of(module: str) -> dict[str, t.Any]:
    """Each secret of the module's own, planted; those of its connection come from the environment."""
    options = importlib.import_module(f"{harness.COLLECTION}.plugins.modules.{module}").SPEC.options
    group = next((name for name, modules in harness.GROUPS.items() if module in modules), "")
    own = {name: one for name, one in options.items() if name not in CONNECTION.get(group, ())}
    found: dict[str, t.Any] = {name: PLANTED for name, one in own.items() if one.get("no_log")}
    return {**found, **(SERVERS if "servers" in own else {})}


def logged(folder: pathlib.Path) -> tuple[list[str], list[str]]:
    """What was logged by the forks, and by the programs after them."""
    lines = (folder / "logged").read_text().splitlines()
    half = len(lines) // 2
    return lines[:half], lines[half:]


@pytest.mark.oldest("both ways", "each module")
def test_each_module_is_the_same_both_ways(lab: Lab, tmp_path: pathlib.Path) -> None:
    """With an option that no module knows, with what it needs, and with secrets: results, screen and syslog."""
    examples.furnish(lab)
    some = MODULES[::6]  # Ansible itself refuses it, before the module begins
    tasks = [task(name, "refused", no_such_option=1) for name in some]
    tasks += [task(name, "asked", **{**needed(name), **FILE.get(name, {})}) for name in MODULES]
    tasks += [task(name, "secret", **{**needed(name), **more}) for name in MODULES if (more := secrets_of(name))]
    environment = {**lab.environment(), **logging_to(tmp_path, "syslog")}
    seen = both(written(tmp_path, tasks), "-v", "--check", "--diff", environment=environment)
    fork, program = seen["fork"], seen["program"]
    assert fork.code == program.code == 0, program.screen
    assert len(fork.lines) == len(tasks)
    assert list(map(still, fork.lines)) == list(map(still, program.lines))
    assert still(fork.screen) == still(program.screen)
    refused = {name: fork.of(f"{name}, refused")["msg"] for name in some}
    # what is missing comes first with some of them
    words = ("Unsupported parameters", "missing required arguments", "one of the following is required")
    assert {name: said for name, said in refused.items() if not said.startswith(words)} == {}
    fork_said, program_said = logged(tmp_path)
    assert fork_said == program_said
    # one for each module that got as far as its options, and no secret in any
    told = {json.loads(line)[0] for line in fork_said}
    assert told == {f"ansible-{SHORT}{name}" for name in MODULES}
    found = "\n".join([*fork_said, *fork.lines])
    # not in the screen: from 2.19 on, Ansible shows the lines of a playbook in which a task failed
    assert PLANTED not in found and not [secret for secret in lab.secrets() if secret in found + fork.screen]


@pytest.mark.oldest("both ways", "journal")
def test_journal_gets_no_secret_of_either_way(tmp_path: pathlib.Path) -> None:
    """It gets the options one by one."""
    tasks = [task("standard_key_provider", "plain", **{**needed("standard_key_provider"), **SERVERS})]
    tasks += [{**tasks[0], "name": "hidden", "no_log": True}]
    environment = {**logging_to(tmp_path, "journal"), "VMWARE_PASSWORD": PLANTED, "VMWARE_HOST": "127.0.0.1"}
    seen = both(written(tmp_path, tasks), environment={**environment, "VMWARE_USER": "u", "VMWARE_PORT": "1"})
    fork, program = logged(tmp_path)
    assert fork == program and len(fork) == 1  # the other one is hidden
    (sent,) = map(json.loads, fork)
    assert sent["NAME"] == "p" and SERVERS["servers"][0]["address"] in sent["SERVERS"] and "Invoked" in sent["MESSAGE"]
    assert PLANTED not in fork[0] + "".join(seen["fork"].lines)
