# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last chapter of the demonstration: encrypted VMs move to another private cloud."""

from __future__ import annotations

import json
import pathlib
import typing as t

from .demo import Demo
from .options import COLLECTION, NATIVE_PROVIDER


def move(demo: Demo) -> None:
    """The target gets the same key provider and proves that it can get every key; then VMs move and are counted."""
    other = demo.lab.ask("/clouds", {})
    target = json.loads(pathlib.Path(other["file"]).read_text(encoding="utf-8"))
    names = ("hostname", "port", "username", "password", "ca_path")
    here = dict(
        zip(names, (demo.lab.environment[f"VMWARE_{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD", "CA_PATH")))
    )
    variables: dict[str, t.Any] = {
        **{f"vcenter_{name}": value for name, value in target.items()},
        "encryption_exit_mode": "prepare_target",
        "encryption_exit_directory": str(demo.directory / "move"),
        "encryption_exit_source": {**here, "port": int(here["port"])},
        "encryption_exit_provider": NATIVE_PROVIDER,
        "encryption_exit_private_cloud": other["private_cloud"],
        "encryption_exit_wait_interval": 0.1,
        "native_key_provider_vsphere_user": "admin",
        "native_key_provider_restore_from": str(demo.directory / "safe/nkp-prod.p12"),
        "native_key_provider_backup_password": "a password for the demo",
    }
    early = demo.lab.ask(f"/clouds/{other['private_cloud']}/machines/vm1", {})
    demo.expect(not early["moved"], "a VM cannot move yet: the other vCenter cannot decrypt its key")
    recap = demo.play("prepare the other private cloud", f"{COLLECTION}.encryption_exit", variables)
    demo.expect(recap["code"] == 0, "the other vCenter has the same key provider, and gets every key that the VMs use")
    machines = [machine["name"] for machine in demo.lab.ask("/machines")["machines"]]
    moved = [demo.lab.ask(f"/clouds/{other['private_cloud']}/machines/{name}", {})["moved"] for name in machines]
    demo.expect(all(moved), f"{len(moved)} VMs have moved, encrypted, by vMotion")
    recap = demo.play(
        "verify the move", f"{COLLECTION}.encryption_exit", {**variables, "encryption_exit_mode": "verify_target"}
    )
    demo.expect(recap["code"] == 0, "all of them have arrived, encrypted and readable")
