# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines in the demonstration: encrypted, moved while they run, given new keys, and reported."""

from __future__ import annotations

import json
import pathlib
import typing as t

from .demo import Demo
from .options import COLLECTION, NATIVE_PROVIDER, OKMS_PROVIDER

PACE: dict[str, t.Any] = {"wait_interval": 0.1}
EVERY: dict[str, t.Any] = {"all": True}


def _machines(demo: Demo) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", demo.lab.ask("/machines")["machines"])


def _providers(machine: dict[str, t.Any]) -> set[str | None]:
    """Providers of home and disks, None for what is clear."""
    parts = [machine["key"], *(disk["encrypted_with"] for disk in machine["disks"])]
    return {part["provider"] if part else None for part in parts}


def _role(role: str, **variables: t.Any) -> dict[str, t.Any]:
    return {f"{role}_{name}": value for name, value in {**variables, **PACE}.items()}


def encrypt(demo: Demo) -> None:
    """Option 2 at work: a plan, an obstacle, encrypted VMs, power given back."""
    for name in ("vm1", "vm2"):
        demo.lab.ask(f"/machines/{name}", {"tools": True})
        demo.lab.ask(f"/machines/{name}/power", {"state": "poweredOn"})
    demo.lab.ask("/machines/vm3/snapshots", {"name": "before the update"})
    variables = _role(
        "vm_encryption",
        selection=EVERY,
        provider=OKMS_PROVIDER,
        power_off="shutdown",
        canary=1,
        wave_size=3,
        state_path=str(demo.directory / "safe/vm-encryption.json"),
    )
    demo.tell("A look first, in check mode: the plan says what each VM needs, and nothing is written.")
    recap = demo.play("encrypt, check mode", f"{COLLECTION}.vm_encryption", variables, "--check")
    demo.expect(recap["code"] == 0 and demo.writes() == 0, "the plan wrote nothing")
    demo.twice("encrypt under option 2", f"{COLLECTION}.vm_encryption", variables)
    seen = {machine["name"]: machine for machine in _machines(demo)}
    left = seen.pop("vm3")
    demo.expect(_providers(left) == {None}, "vm3 is left alone because of its snapshot, which nobody removes unasked")
    demo.expect(
        all(_providers(machine) == {OKMS_PROVIDER} for machine in seen.values()),
        f"homes and all disks of the other five are encrypted by {OKMS_PROVIDER}",
    )
    powers = {machine["power_state"] for machine in (seen["vm1"], seen["vm2"])}
    demo.expect(powers == {"poweredOn"}, "the two that ran were shut down for it, and run again")
    demo.lab.ask("/machines/vm3/snapshots", method="DELETE")
    demo.tell("The owner of vm3 has removed the snapshot; the same run again does the rest:")
    recap = demo.play("encrypt, the rest", f"{COLLECTION}.vm_encryption", variables)
    demo.expect(recap["code"] == 0 and recap["changed"] > 0, "vm3 is encrypted too")


def migrate(demo: Demo) -> None:
    """From option 2 to option 3 by shallow recrypt, while everything runs."""
    for machine in _machines(demo):
        # disks on IDE controllers cannot be recrypted while they are in use
        if not any(disk["bus"].startswith("ide") for disk in machine["disks"]):
            demo.lab.ask(f"/machines/{machine['name']}/power", {"state": "poweredOn"})
    variables = _role("key_provider_migration", source=OKMS_PROVIDER, target=NATIVE_PROVIDER)
    demo.twice("move to option 3 while powered on", f"{COLLECTION}.key_provider_migration", variables)
    seen = _machines(demo)
    demo.expect(
        all(_providers(machine) == {NATIVE_PROVIDER} for machine in seen),
        f"all machines have keys of {NATIVE_PROVIDER}, none of {OKMS_PROVIDER}",
    )
    running = sum(machine["power_state"] == "poweredOn" for machine in seen)
    demo.expect(running == 5, f"{running} of them ran all the time")


def rotate(demo: Demo) -> None:
    """New keys, once for each campaign."""
    before = {machine["name"]: machine["key"]["key_id"] for machine in _machines(demo)}
    variables = _role(
        "key_rotation",
        selection=EVERY,
        campaign="demonstration",
        state_path=str(demo.directory / "safe/rotation.json"),
    )
    demo.twice("new keys for all machines", f"{COLLECTION}.key_rotation", variables)
    after = {machine["name"]: machine["key"]["key_id"] for machine in _machines(demo)}
    demo.expect(all(before[name] != key for name, key in after.items()), "no machine has the key that it had")


def audit(demo: Demo, keep: pathlib.Path) -> None:
    """The report for people and its numbers for programs; the page stays when the demonstration ends."""
    reports = demo.directory / "report"
    variables = {
        "encryption_audit_directory": str(reports),
        "encryption_audit_dossier_path": str(demo.directory / "safe/dossier.json"),
        "encryption_audit_private_cloud": demo.lab.state["ovh"]["private_cloud"],
        "encryption_audit_okms_id": demo.lab.ask("/state")["okms"][0]["id"],
    }
    demo.twice("report", f"{COLLECTION}.encryption_audit", variables)
    found = json.loads((reports / "encryption-audit.json").read_text())
    demo.expect(bool(found), "the report is there as a page, as JSON and as CSV")
    keep.mkdir(parents=True, exist_ok=True)
    for name in ("html", "json", "csv"):
        (keep / f"encryption-audit.{name}").write_bytes((reports / f"encryption-audit.{name}").read_bytes())
    print(f"\n  Open the page: {keep / 'encryption-audit.html'}")
