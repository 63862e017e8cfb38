# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of many VMs share: providers, runs that are watched, and the checks that all must pass."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import ModuleResult
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    Run,
    make_green,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NATIVE = "nkp"
FAST: dict[str, t.Any] = {"wait_interval": 0.01, "wait_timeout": 60}
EVERY: dict[str, t.Any] = {"selection": {"all": True}}
Machine = t.Any


def prepare(lab: Lab, run_module: Run | None = None) -> Lab:
    """A backed-up native provider as default, and with run_module a green standard one beside it."""
    open_up(lab)
    if run_module is not None:
        make_green(lab, run_module)
    lab.vcenter.crypto.add_native(NATIVE, has_backup=True)
    lab.vcenter.crypto.default = NATIVE
    return lab


def runner(run_module: Run, module: str = "vm_encryption", **options: t.Any) -> Run:
    """The module with the pace of the lab, for all VMs unless told otherwise."""
    return functools.partial(run_module, module, **{**EVERY, **FAST, **options})


def watched(lab: Lab, run: t.Callable[[], ModuleResult]) -> tuple[ModuleResult, list[str]]:
    """The result and the writing calls; one login, one logout, no secret in the output."""
    mark = lab.journal.mark()
    result = run()
    assert lab.journal.count("vcenter", "login", since=mark) == 1
    assert lab.journal.count("vcenter", "logout", since=mark) == 1
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in result.output] == []
    return result, [entry.operation for entry in lab.journal.writes(mark, "vcenter")]


def rows(result: ModuleResult) -> dict[str, dict[str, t.Any]]:
    """The VMs of a result by name."""
    return {row["name"]: row for row in result["virtual_machines"]}


def outcomes(result: ModuleResult) -> dict[str, str]:
    """What became of each VM."""
    return {name: row["outcome"] for name, row in rows(result).items()}


def keys_of(machine: Machine) -> list[t.Any]:
    """The keys of home and disks, None for clear, as the lab has them."""
    return [machine.crypto_key, *(disk.crypto_key for disk in machine.disks)]


def is_encrypted(machine: Machine, provider: str) -> bool:
    """Whether home and every disk have a key of the provider."""
    return all(key is not None and key.provider == provider for key in keys_of(machine))


def is_clear(machine: Machine) -> bool:
    """Whether nothing of it is encrypted."""
    return not any(keys_of(machine))


def assert_foretold(checked: ModuleResult, done: ModuleResult) -> None:
    """The prediction of check mode equals what was done, but for what it says is not known."""
    assert checked.changed == done.changed
    foretold, real = rows(checked), rows(done)
    assert list(foretold) == list(real)
    for name, row in foretold.items():
        other = real[name]
        assert (row["action"], row["shutdown"], row["obstacles"]) == (
            other["action"],
            other["shutdown"],
            other["obstacles"],
        )
        assert row["before"] == other["before"]
        assert other["outcome"] == ("done" if row["outcome"] == "planned" else row["outcome"]), name
        for key, value in row["after"].items():
            assert value is None or value == other["after"][key], (name, key)
    assert {**checked["summary"], "planned": 0, "done": 0} == {**done["summary"], "planned": 0, "done": 0}


def converge(lab: Lab, run: Run, **options: t.Any) -> ModuleResult:
    """Check mode (no writes, true prediction), do it, do it again (no change, no writes)."""
    checked, writes = watched(lab, lambda: run(check=True, **options))
    assert (checked.failed, writes) == (False, []), checked.msg
    done, writes = watched(lab, lambda: run(**options))
    assert not done.failed, done.msg
    assert done.changed and writes
    assert_foretold(checked, done)
    assert set(done.diff["before"]) == {name for name, row in rows(done).items() if row["outcome"] == "done"}
    again, writes = watched(lab, lambda: run(**options))
    assert (again.failed, again.changed, writes) == (False, False, []), again.output
    return done


def refused(lab: Lab, run: Run, kind: str, **options: t.Any) -> str:
    """The message of a refusal that changed nothing, the same in check mode."""
    messages = []
    for check in (True, False):
        mark = lab.journal.mark()
        result = run(check=check, **options)
        assert lab.journal.writes(mark, "vcenter") == []
        assert result.failed, result.output
        assert result["failure"]["kind"] == kind, result.output
        assert "\n" not in result.msg
        messages.append(result.msg)
    assert messages[0] == messages[1]
    return messages[0]
