# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make demo`; exit code 0 only when the second runs changed nothing and the counts are right."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import sys
import tempfile
import time
import typing as t

from . import fleet, moving, options
from .demo import Demo
from .lab_process import LabProcess
from .screen import Chapter, contents, duration

# what is left for people to look at
REPORTS = pathlib.Path(__file__).resolve().parents[2] / ".cache/demo"
LOG = REPORTS / "ansible.log"


def _audit(demo: Demo) -> None:
    fleet.audit(demo, REPORTS)


CHAPTERS = (
    Chapter(
        "Option 2, OVHcloud KMS: price and plan, the setup, again without a change",
        "From an empty account to a healthy, trusted default key provider: order, KMS entries, rights, certificate.",
        145,
        options.okms,
    ),
    Chapter(
        "Proof and a bad day: a key in OKMS, then a revoked credential",
        "vCenter makes a key as it does when a VM is encrypted; the credential is revoked; the next run repairs it.",
        57,
        options.keys,
    ),
    Chapter(
        "VMs: a plan, an obstacle, encryption in waves",
        "Six VMs, of which two run and one has a snapshot.",
        45,
        fleet.encrypt,
    ),
    Chapter(
        "Option 3, vSphere Native Key Provider",
        "Created, backed up, the backup opened and copied, and only then made the default.",
        21,
        options.native,
    ),
    Chapter(
        "Recovery: vCenter loses its key providers",
        "A drill proves that dossier and backup would do; then they have to.",
        61,
        options.recovery,
    ),
    Chapter(
        "Option 1, KMIP servers of your own",
        "Two servers of one cluster; vCenter's certificate request is signed by a CA at hand.",
        32,
        options.external,
    ),
    Chapter(
        "VMs move to another key provider while they run",
        "Everything leaves option 2 for option 3 by shallow recrypt.",
        13,
        fleet.migrate,
    ),
    Chapter("New keys for all VMs", "One campaign; a second run of it finds nothing to do.", 19, fleet.rotate),
    Chapter("Audit report", "One page, CSV and JSON; it stays when the demo has ended.", 23, _audit),
    Chapter(
        "Moving to another private cloud",
        "A second vCenter gets the same key provider and proves that it gets every key; the VMs move and are counted.",
        22,
        moving.move,
    ),
)


def main(words: t.Sequence[str]) -> int:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show Ansible's own output too")
    verbose = parser.parse_args(words).verbose
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vmware-encryption-demo-")))
        print("\n".join(contents(CHAPTERS)))
        print(f"\nAnsible's own output goes to {LOG}; with ARGS=-v it is shown here too.", flush=True)
        lab = stack.enter_context(LabProcess(directory, words=["--plain"]))
        demo = Demo(lab, directory, LOG, verbose)
        demo.tell(
            f"The lab runs (started in {lab.start_seconds:.1f} s): OVHcloud API, OKMS, KMIP servers and vCenter speak"
            " their real protocols.\nNothing leaves this machine and nothing costs money."
        )
        for number, chapter in enumerate(CHAPTERS, 1):
            demo.heading(number, len(CHAPTERS), chapter.title, chapter.sentence)
            chapter.show(demo)
        demo.table()
        print(f"\n  whole demo: {duration(time.monotonic() - began)}")
    for failure in demo.failures:
        print(f"  WRONG: {failure}")
    if demo.failures:
        print(f"\n  {len(demo.failures)} thing(s) went wrong; what Ansible said is in {LOG}.")
    else:
        print("\n  The demo went as it should.")
    return 1 if demo.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
