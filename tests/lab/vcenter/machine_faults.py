# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of single VMs, planned by a test."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from . import vm_faults

# error: nothing is done; half: home and the first `disks` disks are done; hang: the task never ends;
# lost: the task vanishes and nothing is done; lost_done: it vanishes after it did its work
KINDS = ("error", "half", "hang", "lost", "lost_done")


@dataclasses.dataclass
class MachineFault:
    """One fault. `machine` is a shell pattern on names; `key` a message key of vm_faults or the name of a type."""

    kind: str
    machine: str
    operation: str = "ReconfigVM_Task"
    key: str = "SystemError"
    disks: int = 0
    text: str = ""  # in place of the fault's own
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault of a machine {self.kind!r}, one of {', '.join(KINDS)}")
        vm_faults.named(self.key)

    def fault(self) -> t.Any:
        """The error of the task."""
        made = vm_faults.named(self.key)
        made.msg = self.text or made.msg
        return made


class MachineFaults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[MachineFault] = []

    def add(self, machine: str, kind: str, **details: t.Any) -> MachineFault:
        """Plan a fault, see MachineFault for its fields."""
        made = MachineFault(kind, machine, **details)
        self._faults.append(made)
        return made

    def clear(self) -> None:
        """Forget all."""
        self._faults.clear()

    def pick(self, machine: str, operation: str) -> MachineFault | None:
        """The fault that hits this operation, used up by one."""
        for one in list(self._faults):
            if one.times and one.operation == operation and fnmatch.fnmatchcase(machine, one.machine):
                one.times -= 1
                return one
        return None
