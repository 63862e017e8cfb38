# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make demo`; exit code 0 only when the second runs changed nothing and the counts are right."""

from __future__ import annotations

import contextlib
import pathlib
import sys
import tempfile
import time

from . import fleet, options
from .demo import Demo
from .lab_process import LabProcess

# what is left for people to look at
REPORTS = pathlib.Path(__file__).resolve().parents[2] / ".cache/demo"


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
        options.okms(demo)
        options.keys(demo)
        fleet.encrypt(demo)
        options.native(demo)
        options.recovery(demo)
        options.external(demo)
        fleet.migrate(demo)
        fleet.rotate(demo)
        fleet.audit(demo, REPORTS)
        demo.tell("Figures")
        demo.table()
        print(f"\n  whole demo: {time.monotonic() - began:.0f} s")
    for failure in demo.failures:
        print(f"  WRONG: {failure}")
    print("\n  The demo went as it should." if not demo.failures else f"\n  {len(demo.failures)} thing(s) went wrong.")
    return 1 if demo.failures else 0


if __name__ == "__main__":
    sys.exit(main())
