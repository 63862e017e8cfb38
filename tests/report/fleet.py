# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up fleets in the shape of the info modules: any size, the same in every run, with names meant to do harm."""

from __future__ import annotations

import datetime
import typing as t

Facts = dict[str, t.Any]

NOW = datetime.datetime(2026, 3, 2, 6, 15, tzinfo=datetime.timezone.utc)
HOSTILE = (
    "<script>window.harm=1</script>",
    "\"><img src=x onerror='window.harm=1'>",
    "' onmouseover='window.harm=1",
    '=HYPERLINK("http://192.0.2.1","x")',
    "{{ 7 * 191 }}{% raw %}",
    "</title></style><b>\u202egnp.exe",
    "&lt;&amp;\u0000\ud800 \U0001f4a3 Ünïcode",
)
GIB = 1024**3
_APPS = ("erp-db", "erp-app", "web-shop", "mail", "build", "files", "crm-db", "crm-app", "proxy", "grafana")
_CLUSTERS = ("prod-a", "prod-b", "dev")
_PROVIDERS = ("okms-eu-west-rbx", "okms-eu-west-rbx", "okms-eu-west-rbx", "nkp-prod")
POLICY = "VM Encryption Policy"


def machine(number: int, state: str = "encrypted", name: t.Optional[str] = None, **changes: t.Any) -> Facts:
    """One record of vm_encryption_info."""
    provider = _PROVIDERS[number % len(_PROVIDERS)]
    home = state in ("encrypted", "vtpm_only")
    disks = [
        disk(number, one, provider, state == "encrypted" or (state == "partly_encrypted" and one == 0))
        for one in range(1 + number % 3)
    ]
    if state == "partly_encrypted":
        disks.append(disk(number, len(disks), provider, False))
    any_encrypted = state in ("encrypted", "partly_encrypted", "vtpm_only")
    cluster = _CLUSTERS[number % 3]
    return {
        "name": name or f"{_APPS[number % len(_APPS)]}-{number // len(_APPS) + 1:02d}",
        "moid": f"vm-{1000 + number}",
        "instance_uuid": f"50000000-0000-4000-8000-{number:012d}",
        "uuid": f"42000000-0000-4000-8000-{number:012d}",
        "folder": f"/DC0/vm/{'dev' if cluster == 'dev' else 'prod'}",
        "cluster": cluster,
        "host": f"esx{number % 9 + 1}.example.com",
        "resource_pool": "Resources",
        "vapp": None,
        "tags": None,
        "power_state": "powered_on",
        "connection_state": "connected",
        "template": False,
        "encryption_state": state,
        "vtpm": state == "vtpm_only",
        "locked": False,
        "home": _part(home, provider, number, 0),
        "disks": disks,
        "providers": [provider] if any_encrypted else [],
        "key_ids": [_key(number)] if any_encrypted else [],
        "mixed_keys": False,
        "snapshots": 0,
        "snapshot_tree": "none",
        "linked_clone": False,
        "fault_tolerance": False,
        "vmotion_encryption": "required" if any_encrypted else ("opportunistic", "disabled")[number % 2],
        "infrastructure_kind": None,
        "obstacles": [],
        **changes,
    }


def _key(number: int) -> str:
    return f"9c0c1f62-7f8b-4a5e-8c43-{number:012x}"


def _part(encrypted: bool, provider: str, number: int, _which: int) -> Facts:
    return {
        "encrypted": encrypted,
        "provider": provider if encrypted else None,
        "key_id": _key(number) if encrypted else None,
        "policy": POLICY if encrypted else "Datastore Default",
    }


def disk(number: int, which: int, provider: str, encrypted: bool) -> Facts:
    """One disk of a record."""
    return {
        "label": f"Hard disk {which + 1}",
        "key": 2000 + which,
        "controller": f"SCSI 0:{which}",
        "file": f"[ssd-{number % 4:03d}] vm-{number}/vm-{number}_{which}.vmdk",
        "datastore": f"ssd-{number % 4:03d}",
        "capacity_bytes": (40 + 20 * ((number * 7 + which) % 20)) * GIB,
        "kind": "flat",
        "shared": False,
        **_part(encrypted, provider, number, which),
    }


def obstacle(code: str, reason: str, next_step: str) -> Facts:
    """Something that stands in the way of encrypting."""
    return {"operation": "encrypt", "code": code, "reason": reason, "next_step": next_step}


POWERED_ON = obstacle("powered_on", "it is powered on", "shut it down, or allow it with vm_encryption_power_off")
SNAPSHOTS = obstacle("snapshots", "it has 2 snapshots", "remove the snapshots, then run vm_encryption again")
RDM = obstacle("rdm", "Hard disk 2 is a raw device mapping", "move its data to a virtual disk")


def machines(count: int) -> list[Facts]:
    """Mostly encrypted, with every kind of exception among the rest."""
    made = []
    for number in range(count):
        if number % 29 == 7:
            made.append(machine(number, "vtpm_only", obstacles=[POWERED_ON]))
        elif number % 31 == 5:
            made.append(machine(number, "partly_encrypted", obstacles=[POWERED_ON, SNAPSHOTS]))
        elif number % 37 == 9:
            made.append(machine(number, "unencrypted", obstacles=[RDM]))
        elif number % 11 == 3:
            made.append(machine(number, "unencrypted", obstacles=[POWERED_ON]))
        elif number % 53 == 10:
            made.append(machine(number, "unencrypted", power_state="powered_off"))
        elif number % 97 == 30:
            changes: Facts = {
                "connection_state": "disconnected",
                "home": None,
                "disks": [],
                "providers": [],
                "key_ids": [],
            }
            made.append(machine(number, "unreadable", **changes))
        else:
            made.append(machine(number, locked=number == 41))
    made.append(machine(count, "unencrypted", "vcenter-01", infrastructure_kind="vcenter"))
    return made


def hostile() -> list[Facts]:
    """VMs whose names try to break out of the page or the spreadsheet."""
    return [machine(90000 + number, "unencrypted", name) for number, name in enumerate(HOSTILE)]


def certificate(name: str, days: int) -> Facts:
    """What key_provider_info says of a certificate."""
    ends = (NOW + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "subject": f"CN={name}",
        "issuer": "CN=OKMS client CA",
        "serial_number": "3A:7F",
        "not_before": "2025-09-01T06:00:00Z",
        "not_after": ends,
        "days_left": days,
        "sha1": "5B:A9",
        "sha256": "6B:86",
        "public_key_sha256": f"key of {name}",
    }


def provider(name: str, kind: str, **changes: t.Any) -> Facts:
    """One record of key_provider_info."""
    return {
        "name": name,
        "type": kind,
        "servers": [],
        "default": False,
        "default_clusters": [],
        "has_backup": None,
        "tpm_required": None,
        "key_id": None,
        "status": "green",
        "connections": [],
        "client_certificate": None,
        "csr_pending": None,
        "reasons": [],
        "users": None,
        "in_use_by": [],
        **changes,
    }


def providers() -> list[Facts]:
    """A healthy standard provider near the end of its certificate, a native one, and one that nobody looks after."""
    servers = [
        {"name": name, "status": "green", "connection_status": "Connected", "vcenter_trusts_server": True,
         "server_trusts_vcenter": True, "certificate": certificate(f"{name}.example.com", days)}
        for name, days in (("kms-a", 210), ("kms-b", 340))
    ]  # fmt: skip
    return [
        provider(
            "okms-eu-west-rbx",
            "standard",
            default=True,
            connections=[{**servers[0], "name": "okms", "certificate": certificate("eu-west-rbx.okms.ovh.net", 301)}],
            client_certificate=certificate("vcenter", 24),
            csr_pending=False,
        ),
        provider("nkp-prod", "native", default_clusters=["dev"], has_backup=True, tpm_required=True, key_id="0a1b"),
        provider(
            "nkp-lab",
            "native",
            status="unknown",
            has_backup=False,
            reasons=["the native key provider was never backed up"],
        ),
        provider(
            "old-kms",
            "standard",
            status="yellow",
            connections=servers,
            client_certificate=certificate("vcenter at old-kms", 52),
            csr_pending=True,
            reasons=["kms-b: cannot be reached from vCenter (connection refused)"],
        ),
    ]


def credentials() -> list[Facts]:
    """OKMS credentials: one that vCenter uses, and one that nobody does."""

    def one(name: str, days: int, key: str, from_csr: bool) -> Facts:
        ends = certificate(name, days)["not_after"]
        return {"okms_id": "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31", "id": name, "name": name, "status": "READY",
                "from_csr": from_csr, "expires_at": ends, "days_left": days, "public_key_sha256": key}  # fmt: skip

    return [one("vcenter-prod", 24, "key of vcenter", True), one("old-laptop", -12, "of nobody", False)]


def logs() -> Facts:
    """Audit logs of the domain: one kind goes to a stream, the other one nowhere."""
    domain, stream = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31", "8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f"
    kinds = [{"okms_id": domain, "name": name, "display_name": f"{name} audit"} for name in ("KMIP", "REST")]
    sent = {"okms_id": domain, "id": "s-1", "kind": "KMIP", "stream_id": stream, "ldp_service": "ldp-rb-12345",
            "created_at": "2026-01-05T10:00:00Z"}  # fmt: skip
    return {"okms_id": domain, "log_kinds": kinds, "log_subscriptions": [sent]}


def facts(count: int = 240) -> Facts:
    """Everything that the role hands to the report."""
    names = [f"esx{number}.example.com" for number in range(1, 10)]
    return {
        "vcenter": "pcc-192-0-2-10.ovh.com",
        "vcenter_about": {"id": "0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44", "version": "8.0.3", "build": "24022515",
                          "user": "admin@pcc-192-0-2-10.ovh.com"},
        "run_by": {"user": "auditor", "control_node": "awx-1.example.com", "job": "4711"},
        "collection_version": "0.1.0",
        "not_read": {"OKMS domain": "the credential lacks okms:apiovh:resource/get"},
        "virtual_machines": machines(count),
        "key_providers": providers(),
        "okms_credentials": credentials(),
        "okms_logs": logs(),
        "hosts": [
            {"name": name, "cluster": _CLUSTERS[number % 3], "state": "incapable" if number == 4 else "safe",
             "provider": "okms-eu-west-rbx" if number != 4 else None, "key_id": _key(500) if number != 4 else None}
            for number, name in enumerate(names)
        ],
        "storage_policies": [
            {"name": POLICY, "description": "Sample storage policy for VM encryption", "encryption": True,
             "bundled": True, "used_by": {"virtual_machines": 197, "disks": 387, "others": 0}}],
        "vsan_clusters": [
            {"cluster": "prod-a", "enabled": True, "provider": _PROVIDERS[0], "key_id": _key(77), "changing": False},
            {"cluster": "dev", "enabled": False, "provider": None, "key_id": None, "changing": False},
        ],
        "private_cloud": {
            "service_name": "pcc-192-0-2-10", "description": "prod", "location": "rbx2a",
            "vcenter_host": "pcc-192-0-2-10.ovh.com",
            "version": {"major": "8.0", "minor": "3", "build": "24022515"}, "advanced_security": False,
            "encryption": {"state": "enabled", "kms": [
                {"id": 1, "ip": "203.0.113.20", "port": 5697, "state": "delivered", "description": "okms"}]},
            "users": [{"name": "admin", "email": "ops@example.net", "encryption_right": True},
                      {"name": "reader", "email": "audit@example.net", "encryption_right": False}],
        },
        "dossier": {"providers": {"nkp-prod": {"backup": {
            "created_at": "2025-11-20T08:00:00Z", "path": "/var/backups/vmware/nkp-prod.p12"}}}},
    }  # fmt: skip
