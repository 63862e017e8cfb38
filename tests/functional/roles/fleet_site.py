# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the roles over many VMs share: a small fleet, its players, and what must hold at the end."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

STANDARD, OTHER, NATIVE, SECOND = "team-kms", "new-kms", "nkp", "nkp-2"
Play = t.Callable[..., harness.PlayResult]
Machine = t.Any


def prepare(lab: Lab) -> Lab:
    """Two standard and two native providers that work, the first standard one being the default."""
    open_up(lab)
    add_standard(lab, STANDARD)
    add_standard(lab, OTHER, default=False)
    add_native(lab, NATIVE)
    add_native(lab, SECOND)
    return lab


def player(lab: Lab, folder: pathlib.Path, role: str, **variables: t.Any) -> Play:
    """Runs the playbook of a role at the pace of the lab, for all VMs unless told otherwise."""
    paced = {f"{role}_wait_interval": 0.01, f"{role}_wait_timeout": 60, **variables}

    def run(**options: t.Any) -> harness.PlayResult:
        own = {name: options.pop(name) for name in ("check", "verbosity", "kill_when") if name in options}
        return harness.run_playbook(lab, role, folder, **own, **{**paced, **options})

    return run


def parts(machine: Machine) -> list[t.Any]:
    """The keys of home and disks, None for clear, as the lab has them."""
    return [machine.crypto_key, *(disk.crypto_key for disk in machine.disks)]


def providers(machine: Machine) -> set[str | None]:
    """Providers of home and disks; None stands for what is clear."""
    return {key.provider if key else None for key in parts(machine)}


def key_ids(machine: Machine) -> set[str]:
    """Ids of its keys."""
    return {key.key_id for key in parts(machine) if key}


def half_done(lab: Lab) -> list[str]:
    """VMs that are encrypted in part, but for those with a vTPM and unencrypted disks."""
    return [
        one.name
        for one in lab.vcenter.inventory.vms
        if None in providers(one) and len(providers(one)) > 1 and not (one.tpm and one.crypto_key)
    ]


def calls(lab: Lab, mark: int = 0) -> list[str]:
    """What was written in vCenter."""
    return [entry.operation for entry in lab.journal.writes(mark, "vcenter")]


def at_work(lab: Lab, number: int) -> t.Callable[[], bool]:
    """Whether vCenter has been told to reconfigure so many VMs."""
    return lambda: lab.journal.count("vcenter", operation="ReconfigVM_Task") == number


def quiet(lab: Lab, play: Play, **options: t.Any) -> harness.PlayResult:
    """One more run, which changes nothing."""
    mark = lab.journal.mark()
    again = play(**options)
    assert (again.code, again.failed, again.changed) == (0, 0, 0), again.screen
    written = [(entry.system, entry.operation) for entry in lab.journal.writes(mark)]
    assert written == [], written
    return again


def rehearsed(lab: Lab, play: Play, **options: t.Any) -> str:
    """A run in check mode, which writes nothing; its screen on one line."""
    mark = lab.journal.mark()
    checked = play(check=True, **options)
    assert (checked.code, checked.failed) == (0, 0), checked.screen
    written = [(entry.system, entry.operation) for entry in lab.journal.writes(mark)]
    assert written == [], written
    return flat(checked)


def flat(result: harness.PlayResult) -> str:
    """The screen on one line."""
    return " ".join(result.screen.split())
