# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after every interruption, and what the state is in the end, whatever went wrong on the way."""

from __future__ import annotations

import collections
import json
import pathlib
import typing as t

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import providers
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.pbm_rules import storage_of

NATIVE = "nativeProvider"
OF_THE_DRIVER = ("variables.json", "screen.txt", "hosts.json")


def rules(lab: Lab) -> dict[str, t.Any]:
    """What the storage policies of homes and disks ask for besides encryption, whatever the policies are called."""
    return {
        f"{machine.name} {part}": one["rules"]
        for machine in lab.vcenter.inventory.vms
        for part, one in storage_of(lab.vcenter.policies, machine).items()
    }


def unsafe(lab: Lab) -> frozenset[str]:
    """Default providers that are not green, or not backed up."""
    providers = lab.snapshot()["providers"]
    return frozenset(one["id"] for one in providers if one["default"] and not _is_safe(lab, one))


def broken(lab: Lab, rules_before: t.Mapping[str, t.Any], unsafe_before: t.Container[str] = frozenset()) -> list[str]:
    """Promises that do not hold at this very moment, also between an interruption and the next run.

    A default provider that was unsafe before the first run is what that run was started for.
    """
    state = lab.snapshot()
    found = [f"{len(state[kind])} of {kind}" for kind in ("orders", "payments", "okms") if len(state[kind]) > 1]
    entries = collections.Counter((entry["private_cloud"], entry["ip"]) for entry in state["kms_entries"])
    found += [f"{number} flow entries for {place}" for place, number in entries.items() if number > 1]
    found += [f"default {one} is not backed up or not green" for one in sorted(unsafe(lab)) if one not in unsafe_before]
    now = rules(lab)
    found += [f"{part} has lost the rules of its policy" for part, old in rules_before.items() if now[part] != old]
    return found + _orphans(lab)


def _is_safe(lab: Lab, provider: dict[str, t.Any]) -> bool:
    made = lab.vcenter.crypto.providers[provider["id"]]
    if provider["type"] == NATIVE:
        return bool(made.has_backup)
    return any(lab.vcenter.provider_is_green_at(server["address"]) for server in provider["servers"])


def _orphans(lab: Lab) -> list[str]:
    """VMs, hosts and vSAN clusters whose keys are of a provider that is not there."""
    inventory = lab.vcenter.inventory
    needs = [(machine.name, key.provider) for machine in inventory.vms for key in machine.crypto_keys()]
    needs += [(host.name, host.crypto_key.provider) for host in inventory.hosts if host.crypto_key]
    needs += [(one.name, one.vsan_encryption) for one in inventory.clusters if one.vsan_encryption]
    known = set(lab.vcenter.crypto.providers)
    return [
        f"{name} needs the key provider {provider}, which is gone" for name, provider in needs if provider not in known
    ]


def outcome(lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    """The state in the end without ids, times and keys: equal to that of a run in which nothing went wrong.

    `folder` is where the play was told to keep its files.
    """
    state = lab.snapshot()
    usable = [one for one in state["credentials"] if one["status"] == "READY"]
    doors = [door for server in lab.kmip_servers().values() for door in server.doors]
    pins = {thumbprints(door.certificate_pem)["sha1"] for door in doors}
    return {
        "orders": sorted(order["status"] for order in state["orders"]),
        "payments": len(state["payments"]),
        "okms": sorted((one["name"], one["region"], one["state"]) for one in state["okms"]),
        "usable_credentials": sorted((one["name"], one["from_csr"]) for one in usable),
        # one that was made twice would count twice
        "logs": sorted(
            (one.display_name, kind)
            for one in lab.ovhcloud.state.okms.values()
            for kind in (subscription.kind for subscription in one.log_subscriptions.values())
        ),
        "kms_entries": sorted(
            (_place(one["ip"]), one["port"], one["state"], one["flow_open"], one["thumbprint"] in pins)
            for one in state["kms_entries"]
        ),
        "users": sorted((one["name"], one["encryption_right"]) for one in state["users"]),
        "providers": [_provider(lab, provider) for provider in state["providers"]],
        "machines": {machine.name: _machine(machine) for machine in lab.vcenter.inventory.vms},
        # one that was made twice would have a number
        "storage_policies": sorted(one.name for one in lab.vcenter.policies.by_id.values()),
        "private_clouds": sorted((one.name, one.iam_state, *one.roles) for one in lab.ovhcloud.state.pccs.values()),
        "policies": sorted(
            (one["name"], *one["identities"], json.dumps(one["permissions"], sort_keys=True))
            for one in lab.ovhcloud.state.policies.values()
        ),
        # one for each time that a termination was asked for
        "mails": len(lab.ovhcloud.state.mails),
        "services": sorted((one.product, one.state) for one in lab.ovhcloud.state.services.values()),
        "dossiers": [_dossier(path) for path in sorted(folder.glob("dossier.json"))],
        "files": sorted(_file(path) for path in folder.rglob("*") if path.is_file() and path.name not in OF_THE_DRIVER),
    }


def _place(address: str) -> str:
    """The part of an address that every lab has: each draws its own block."""
    return address.rpartition(".")[2] if address.startswith("127.") else address


def _file(path: pathlib.Path) -> tuple[str, str, bool]:
    """Name, permissions, and whether it opens: a key or a backup that cannot be read is lost."""
    data, opens = path.read_bytes(), True
    try:
        if path.suffix == ".p12":
            pkcs12.load_pkcs12(data, providers.BACKUP_PASSWORD.encode())
        elif b"PRIVATE KEY" in data:
            serialization.load_pem_private_key(data, None)
    except ValueError:
        opens = False
    return path.name, oct(path.stat().st_mode & 0o777), opens


def _dossier(path: pathlib.Path) -> list[t.Any]:
    """Of each vCenter, which key providers the dossier has, and which of them as default or as retired."""
    return [
        [
            section["name"],
            sorted((name, entry.get("default")) for name, entry in section["providers"].items()),
            sorted(section["retired"]),
        ]
        for section in json.loads(path.read_text())["vcenters"]
    ]


def _provider(lab: Lab, provider: dict[str, t.Any]) -> dict[str, t.Any]:
    made = lab.vcenter.crypto.providers[provider["id"]]
    servers = sorted((one["name"], _place(one["address"]), one["port"]) for one in provider["servers"])
    green = [lab.vcenter.provider_is_green_at(one["address"]) for one in provider["servers"]]
    return {
        "id": provider["id"],
        "type": provider["type"],
        "default": provider["default"],
        "servers": servers,
        "green": green,
        "pending_csr": provider["pending_csr"],
        "has_backup": made.has_backup,
    }


def _machine(machine: t.Any) -> dict[str, t.Any]:
    parts = [machine.crypto_key, *(disk.crypto_key for disk in machine.disks)]
    return {
        "power": machine.power_state,
        "providers": [key.provider if key else None for key in parts],
        "one_key": len({key for key in parts if key}) <= 1,
        "vmotion": machine.migrate_encryption,
        "fault_tolerance": machine.ft_encryption,
        "policies": [part.policy is not None for part in (machine, *machine.disks)],
        "snapshots": len(machine.snapshots),
        "vtpm": machine.tpm,
    }
