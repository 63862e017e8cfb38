# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 9: the role vm_encryption over 10,000 VMs in three waves: memory of the control node, seconds, requests."""

from __future__ import annotations

import pathlib
import typing as t

from . import ansible_runs
from .figures import Figures, heading, table
from .large_lab import NATIVE
from .measure import MIB, Bench

VMS, WAVES = 10_000, 3
LIMIT = 400  # MiB
HEAD = ("run", "seconds", "CPU s", "tasks", "requests", "per VM", "logins", "ansible-playbook MiB", "largest other MiB")


def run(figures: Figures, directory: pathlib.Path, vms: int = VMS) -> None:
    """Measure and tell."""
    batch = -(-vms // WAVES)
    heading(
        f"9. The role vm_encryption over {vms:,} machines in {WAVES} waves of {batch:,}, by ansible-playbook here",
        "Memory is the peak of the process that runs the play, and of the largest process that it has started, which",
        "shares much of it. The lab's tasks end at once, and its native key provider makes keys without KMIP.",
    )
    folder = directory / "waves"
    folder.mkdir()
    rows: list[list[t.Any]] = []
    with Bench(directory, vms) as bench:
        variables = {
            "vm_encryption_selection": {"all": True},
            "vm_encryption_provider": NATIVE,
            "vm_encryption_canary": 0,
            "vm_encryption_wave_size": batch,
            "vm_encryption_wait_interval": 0.1,
            "vm_encryption_state_path": str(folder / "state.json"),
        }
        for title in ("first", "second, nothing to do"):
            name = "ovhcloud.vmware_encryption.vm_encryption"
            done = ansible_runs.play(name, folder, lab=bench.lab, variables=variables)
            rows.append(_row(title, done, vms))
            memory = {"peak_mib": done.peak / MIB, "largest_other_mib": done.largest_child / MIB}
            figures.keep("waves", **{title.partition(",")[0]: {**done.figures(), **memory}})
            for what, found in (("ansible-playbook", done.peak), ("its largest worker or module", done.largest_child)):
                figures.expect(f"{title}: MiB of {what} for {vms:,} machines", found / MIB, LIMIT)
            figures.expect(f"{title}: logins at vCenter", done.logins, 1)
    table(HEAD, rows)


def _row(title: str, done: ansible_runs.Run, vms: int) -> list[t.Any]:
    cells = [title, done.seconds, done.cpu, done.started, done.vcenter, done.vcenter / vms, done.logins]
    return [*cells, done.peak / MIB, done.largest_child / MIB]
