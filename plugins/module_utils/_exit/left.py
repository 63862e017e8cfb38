# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a vCenter is encrypted, and what stands in the way of its decryption: one row each. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.scope import USERS, users_not_read
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result

Facts = t.Mapping[str, t.Any]
Rows = t.Sequence[Facts]
UNENCRYPTED, UNREADABLE = "unencrypted", "unreadable"
VM, VTPM, TEMPLATE, SNAPSHOTS, LINKED, TOLERANT, LOCKED = (
    "vm", "vtpm", "template", "snapshots", "linked_clone", "fault_tolerance", "locked",
)  # fmt: skip
VSAN, HOST, OTHER, NOT_READ = "vsan", "host", "other_user", "not_read"
KINDS = (NOT_READ, UNREADABLE, LOCKED, VTPM, TEMPLATE, LINKED, TOLERANT, SNAPSHOTS, VM, VSAN, HOST, OTHER)
VTPM_STEP = (
    "In the guest, end or suspend what the vTPM seals (BitLocker: keep its recovery key at hand), shut it down, remove "
    "the vTPM (module vm_vtpm), and rerun. Removing the vTPM destroys its secrets, so this role never does it"
)
# in the order of precedence: what a person must do first
_MACHINES: tuple[tuple[str, t.Callable[[Facts], bool], str, str], ...] = (
    (
        UNREADABLE, lambda one: one.get("encryption_state") == UNREADABLE,
        "its configuration cannot be read, so nobody knows whether it is encrypted",
        "Give the vSphere user the right to read it, or restore its connection to vCenter",
    ),
    (
        LOCKED, lambda one: bool(one.get("locked")),
        "it is locked: its host does not have its key",
        "Make the key provider green again, unlock the VM (module vm_unlock), and rerun",
    ),
    (
        TEMPLATE, lambda one: bool(one.get("template")),
        "it is an encrypted template",
        "Convert it to a VM, rerun, and convert it back",
    ),
    (VTPM, lambda one: bool(one.get("vtpm")), "it has a vTPM, which needs an encrypted home", VTPM_STEP),
    (
        LINKED, lambda one: bool(one.get("linked_clone")),
        "it is a linked clone, which shares disks with another VM",
        "Make it a full clone, and rerun",
    ),
    (
        TOLERANT, lambda one: bool(one.get("fault_tolerance")),
        "it is protected by Fault Tolerance",
        "Turn Fault Tolerance off, and rerun",
    ),
    (
        SNAPSHOTS, lambda one: bool(one.get("snapshots")) or bool(one.get("consolidation_needed")),
        "it has snapshots, or disks that need consolidation",
        "Remove or consolidate its snapshots, and rerun; the collection never removes them",
    ),
    (VM, lambda _one: True, "it is encrypted", "Rerun with a selection that includes it"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Left:
    """One thing that is encrypted or has a key, or that nobody could look at."""

    kind: str
    subject: str
    moid: t.Optional[str]
    provider: t.Optional[str]
    reason: str
    next_step: str


def encrypted(machines: Rows) -> list[Facts]:
    """VMs and templates of which anything is encrypted, and those of which nobody knows."""
    return [one for one in machines if one.get("encryption_state") != UNENCRYPTED]


def kind_of(machine: Facts) -> str:
    """What stands first in the way of a VM that is encrypted, `VM` if nothing does."""
    return next(kind for kind, holds, _reason, _step in _MACHINES if holds(machine))


def left(facts: Facts) -> list[dict[str, t.Any]]:
    """Everything, the rows that need a person first."""
    rows = [
        *(_machine(one) for one in encrypted(facts["virtual_machines"])),
        *_vsan(facts.get("vsan_clusters") or []),
        *_hosts(facts.get("hosts") or []),
        *_others([*facts["key_providers"], *(facts.get("missing_key_providers") or [])], facts),
        *_not_read({**(facts.get("not_read") or {}), USERS: users_not_read(facts)}),
    ]
    rows.sort(key=lambda one: (KINDS.index(one.kind), one.subject, one.moid or ""))
    return [as_result(one) for one in rows]


def _machine(machine: Facts) -> Left:
    kind = kind_of(machine)
    reason, step = next((reason, step) for known, _holds, reason, step in _MACHINES if known == kind)
    providers = ", ".join(str(name) for name in machine.get("providers") or []) or None
    return Left(kind, str(machine["name"]), machine.get("moid"), providers, reason, step)


def _vsan_encrypted(cluster: Facts) -> bool:
    """While encryption is being switched off, data that is not yet written again still needs its keys."""
    return bool(cluster.get("enabled") or cluster.get("changing"))


def _vsan(clusters: Rows) -> list[Left]:
    encrypted_now = (
        "its vSAN is encrypted",
        "Name the cluster in encryption_exit_vsan_clusters, which rewrites its disks, or leave it to OVHcloud",
    )
    ends = ("its vSAN is still being decrypted", "Wait until vSAN has rewritten its disks, and rerun")
    return [
        Left(
            VSAN,
            str(one["cluster"]),
            one.get("moid"),
            one.get("provider"),
            *(encrypted_now if one.get("enabled") else ends),
        )
        for one in clusters
        if _vsan_encrypted(one)
    ]


def _hosts(hosts: Rows) -> list[Left]:
    # the key goes with the restart: until then the host is pendingIncapable (vSphere API, CryptoManagerHostDisable)
    step = (
        "Disable its encryption mode in vCenter (Configure, Security Profile, Host Encryption Mode), put it into "
        "maintenance mode, restart it, and rerun"
    )
    return [
        Left(
            HOST, str(one["name"]), one.get("moid"), one.get("provider"), "it is in encryption mode and has a key", step
        )
        for one in hosts
        if one.get("key_id")
    ]


def _others(providers: Rows, facts: Facts) -> list[Left]:
    """Users of keys that were not found above: first class disks, disks below snapshots, what this user cannot see."""
    known = {one.get("moid") for one in encrypted(facts["virtual_machines"])}
    clusters = {one.get("cluster") for one in facts.get("vsan_clusters") or [] if _vsan_encrypted(one)}
    step = "Find out what it is, and whether it may go, with the module key_provider_info"
    rows = []
    for one in providers:
        users, name = one.get("users") or {}, str(one["name"])
        unseen = [f"VM {vm['name']}" for vm in users.get("virtual_machines") or [] if vm.get("moid") not in known]
        unseen += [
            f"vSAN of cluster {cluster}" for cluster in users.get("vsan_clusters") or [] if cluster not in clusters
        ]
        lines = [*unseen, *(str(line) for line in users.get("others") or [])]
        rows += [Left(OTHER, line, None, name, f"it uses a key of {name}", step) for line in lines]
    return rows


def _not_read(reasons: Facts) -> list[Left]:
    step = "Give the vSphere user the right to read it, and rerun"
    return [Left(NOT_READ, str(part), None, None, str(why), step) for part, why in reasons.items() if why]
