# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 11: from a change in vCenter to its event: seconds, and what the source asks meanwhile."""

from __future__ import annotations

import asyncio
import pathlib
import runpy
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings

from .figures import Figures, heading, table
from .large_lab import inventory

SIZES = (10, 1000)
CHANGES = 20
LIMIT = 2.0  # seconds from a change to its event
SOURCE = harness.ROOT / "extensions/eda/plugins/event_source/vcenter_encryption.py"
HEAD = ("VMs", "events", "mean s", "longest s", "requests until watching", "requests per event")


def run(figures: Figures, _directory: pathlib.Path) -> None:
    """Measure and tell."""
    heading(
        "11. From a change to its event, by the event source vcenter_encryption",
        f"{CHANGES} VMs are added one after the other; each is an event before the next one comes.",
        "The lab looks for changes 20 times a second, and shares its processor with the source.",
    )
    rows = []
    for size in SIZES:
        with Lab(LabSettings(inventory=inventory(size, encrypted=False))) as lab:
            found = asyncio.run(_watched(open_up(lab)))
        rows.append([size, CHANGES, *found])
        figures.expect(f"seconds from a change to its event, {size:,} VMs", found[1], LIMIT)
        figures.expect(f"requests for an event, {size:,} VMs", found[3], 1.1)
    table(HEAD, rows)
    figures.keep("events", rows=[dict(zip(HEAD, row)) for row in rows])


async def _watched(lab: Lab) -> list[t.Any]:
    """Mean and longest wait, requests until the first event and for each further one."""
    queue: asyncio.Queue[t.Any] = asyncio.Queue()
    args = {**harness.connection(lab, "vsphere"), "interval": 3600}
    task = asyncio.ensure_future(runpy.run_path(str(SOURCE))["main"](queue, args))
    seconds = []
    try:
        while not lab.journal.count(operation="ListKmsClusters"):  # which follows the first state of the inventory
            await asyncio.sleep(0.05)
        with lab.vcenter.lock:
            lab.vcenter.inventory.add_vm("first", ["scsi"])
        await asyncio.wait_for(queue.get(), 60)
        mark = lab.journal.mark()
        for number in range(CHANGES):
            began = time.monotonic()
            with lab.vcenter.lock:
                lab.vcenter.inventory.add_vm(f"new{number}", ["scsi"])
            await asyncio.wait_for(queue.get(), 60)
            seconds.append(time.monotonic() - began)
        asked = lab.journal.count(operation="WaitForUpdatesEx", since=mark)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [sum(seconds) / CHANGES, max(seconds), mark, asked / CHANGES]
