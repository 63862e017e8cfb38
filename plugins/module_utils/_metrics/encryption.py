# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring wants to know of a vCenter, the same for drift_check and encryption_audit. Pure.

Base units of Prometheus: ends are seconds since the epoch, so that the days left are a matter of the query and go on
counting down when nothing writes the file any more.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._metrics.exposition import (
    Family,
    Labels,
    exposition,
)

PREFIX = "vmware_encryption"
LAST_RUN = f"{PREFIX}_last_run_timestamp_seconds"
Facts = t.Mapping[str, t.Any]
Records = t.Sequence[Facts]
Samples = list[tuple[Labels, float]]
STATES = ("encrypted", "partly_encrypted", "vtpm_only", "unencrypted", "unreadable")


def metrics(facts: Facts, now: datetime.datetime) -> str:
    """The text of the file.

    `source` tells the two checks apart: the same series in two files would make the node exporter refuse both.
    """
    common = {"source": str(facts["source"]), "vcenter": str(facts["vcenter"])}
    return exposition(
        [
            Family(LAST_RUN, "When the check last ran, in seconds since the epoch.", [(common, now.timestamp())]),
            *_machines(facts.get("totals") or {}, common),
            *_providers(facts.get("key_providers") or [], common),
            *_ends(facts, common),
            *_findings(facts, common),
        ]
    )


def _machines(totals: Facts, common: Labels) -> t.Iterator[Family]:
    if not totals:
        return
    by_state = [({**common, "state": state}, float(totals.get(state) or 0)) for state in STATES]
    yield Family(f"{PREFIX}_virtual_machines", "VMs by state of their encryption, templates included.", by_state)
    numbers = {
        "locked_virtual_machines": ("VMs that are locked because their keys are unavailable.", "locked"),
        "disk_capacity_bytes": ("Capacity of all disks of VMs.", "capacity_bytes"),
        "encrypted_disk_capacity_bytes": ("Capacity of the encrypted disks of VMs.", "capacity_encrypted_bytes"),
    }
    for name, (text, key) in numbers.items():
        yield Family(f"{PREFIX}_{name}", text, [(common, float(totals.get(key) or 0))])


def _providers(providers: Records, common: Labels) -> t.Iterator[Family]:
    rows = [({**common, "provider": str(one["name"]), "type": str(one.get("type"))}, one) for one in providers]
    # gray: vCenter does not know, and may say so of a good native provider (assumption native-status)
    told = [(labels, one["status"]) for labels, one in rows if one.get("status") not in (None, "gray")]
    healthy: Samples = [(labels, float(status == "green")) for labels, status in told]
    default: Samples = [(labels, float(bool(one.get("default")))) for labels, one in rows]
    yield Family(
        f"{PREFIX}_key_provider_healthy", "Whether vCenter calls the key provider healthy (1) or not (0).", healthy
    )
    yield Family(
        f"{PREFIX}_key_provider_default", "Whether the key provider is vCenter's default (1) or not (0).", default
    )


def _ends(facts: Facts, common: Labels) -> t.Iterator[Family]:
    certificates: Samples = [
        (
            {
                **common,
                "kind": str(one["kind"]),
                "name": str(one["name"]),
                "used": "true" if one.get("used_by") else "false",
            },
            _seconds(one["not_after"]),
        )
        for one in facts.get("certificates") or []
        if one.get("not_after")
    ]
    text = "When the certificate or credential expires, in seconds since the epoch."
    yield Family(f"{PREFIX}_certificate_expiry_timestamp_seconds", text, certificates)
    backups = facts.get("backups") or []
    made: Samples = [
        ({**common, "provider": str(one["provider"])}, _seconds(one["created_at"]))
        for one in backups
        if one.get("created_at")
    ]
    text = "When the native key provider's backup was made, in seconds since the epoch."
    yield Family(f"{PREFIX}_native_backup_created_timestamp_seconds", text, made)
    counted: Samples = [
        ({**common, "provider": str(one["provider"])}, float(bool(one.get("has_backup")))) for one in backups
    ]
    text = "Whether vCenter counts the native key provider as backed up (1) or not (0)."
    yield Family(f"{PREFIX}_native_backup_present", text, counted)


def _findings(facts: Facts, common: Labels) -> t.Iterator[Family]:
    """Each kind and severity has its series, also when there is nothing: what is missing alarms nobody."""
    texts = {
        "drift_findings": "Differences between what the dossier and the variables say and what is there.",
        "audit_findings": "Findings of the audit, by severity.",
    }
    for name, text in texts.items():
        rows = [dict(row) for row in facts.get(name) or []]
        counted: Samples = [(row, float(row.pop("count"))) for row in rows]
        yield Family(f"{PREFIX}_{name}", text, [({**common, **labels}, count) for labels, count in counted])


def _seconds(text: t.Any) -> float:
    """A time of the results as seconds since the epoch. Raises ValueError when it is none."""
    moment = datetime.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()
