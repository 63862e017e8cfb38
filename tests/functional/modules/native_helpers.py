# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of native key providers share."""

from __future__ import annotations

import functools
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import ModuleResult
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, Run
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NAME = "vnkp"
PASSWORD = "a password with ü and $igns"
SYSTEMS = ("vcenter", "vcenter_rest")


def run_in(lab: Lab, name: str, /, **options: t.Any) -> ModuleResult:
    """A module in a lab that is not the test's usual one."""
    return harness.run_module(name, **{**harness.connection(lab, "vsphere"), **options})


def ok(result: ModuleResult) -> ModuleResult:
    """The same, which must not have failed."""
    assert not result.failed, result.output
    return result


def provider_runner(run_module: Run) -> Run:
    """The module native_key_provider for the usual provider."""
    return functools.partial(run_module, "native_key_provider", name=NAME, **FAST)


def backup_runner(run_module: Run, folder: pathlib.Path) -> Run:
    """The module native_key_provider_backup for it; the tests themselves may run in a container."""
    return functools.partial(
        run_module,
        "native_key_provider_backup",
        name=NAME,
        path=str(folder / "vnkp.p12"),
        backup_password=PASSWORD,
        allow_ephemeral=True,
        **FAST,
    )


def watched(lab: Lab, run: t.Callable[[], ModuleResult]) -> tuple[ModuleResult, list[str]]:
    """The result and what was written in vCenter; every session that was opened is closed, each kind at most once."""
    mark = lab.journal.mark()
    result = run()
    for system in SYSTEMS:
        opened = lab.journal.count(system, "login", since=mark)
        assert opened <= 1
        assert lab.journal.count(system, "logout", since=mark) >= opened  # a SOAP session counts before its login
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in result.output] == []
    return result, [entry.operation for system in SYSTEMS for entry in lab.journal.writes(mark, system)]


def converge(lab: Lab, run: Run, key: str, unknown: t.Collection[str] = (), **options: t.Any) -> ModuleResult:
    """Check mode (no writes, true prediction), do it, do it again (no change, no writes)."""
    checked, writes = watched(lab, lambda: run(check=True, **options))
    assert (checked.failed, writes) == (False, []), checked.msg
    done, writes = watched(lab, lambda: run(**options))
    assert not done.failed, done.msg
    assert checked.changed and done.changed and writes
    assert set(checked[key]) == set(done[key])
    for field, value in checked[key].items():
        assert value == (None if field in unknown else done[key][field]), field
    again, writes = watched(lab, lambda: run(**options))
    assert (again.failed, again.changed, writes) == (False, False, []), again.output
    assert again[key] == done[key]
    return done


def refused(lab: Lab, run: Run, kind: str, **options: t.Any) -> str:
    """The message of a refusal that changed nothing, the same in check mode."""
    messages = []
    for check in (True, False):
        result, writes = watched(lab, lambda check=check: run(check=check, **options))  # type: ignore[misc]
        assert (result.failed, writes) == (True, []), result.output
        assert result["failure"]["kind"] == kind, result.output
        assert "\n" not in result.msg
        messages.append(result.msg)
    assert messages[0] == messages[1]
    return messages[0]
