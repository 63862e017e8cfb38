# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a program, with a large inventory and key providers that work: run this module with `python -m`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.__main__ import LIMIT_SECONDS, state, wait
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import write_private
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory

STANDARD, NATIVE = "team-kms", "vnkp"
PER_FOLDER = 500


def inventory(vms: int, encrypted: bool) -> Inventory:
    """VMs with two disks, spread evenly over 50 hosts and 20 datastores; each folder has 500 of them."""
    made = Inventory(hosts=50, vms=0, clusters=5, datastores=20)
    for number in range(vms):
        if number % PER_FOLDER == 0:
            folder = made.add_folder(f"folder{number // PER_FOLDER + 1}")
        store = made.datastores[number % len(made.datastores)]
        machine = made.add_vm(f"vm{number + 1}", ("scsi", "scsi"), folder, datastore=store)
        if encrypted:
            made.encrypt(machine, STANDARD, f"key-{number + 1}")
    return made


def main(argv: t.Sequence[str]) -> int:
    """Run the lab until it is stopped or its parent is gone."""
    parser = argparse.ArgumentParser(prog="large_lab")
    parser.add_argument("--vms", type=int, required=True)
    parser.add_argument("--encrypted", action="store_true", help="all machines are encrypted from the beginning")
    parser.add_argument("--state-file", required=True)
    parser.add_argument("--parent-pid", type=int, required=True)
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = LabSettings(inventory=inventory(options.vms, options.encrypted))
    with contextlib.suppress(KeyboardInterrupt), Lab(settings) as lab:
        open_up(lab)
        add_standard(lab, STANDARD)
        add_native(lab, NATIVE)
        half = f"{options.state_file}.part"
        write_private(half, json.dumps(state(lab)))
        os.replace(half, options.state_file)
        wait(lab, LIMIT_SECONDS, options.parent_pid)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
