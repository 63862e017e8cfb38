# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that nothing encrypted is left in a vCenter, or the list of what is: the same facts give the same text."""

from __future__ import annotations

import datetime
import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import NotAReportError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.scope import users_not_read
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.left import (
    HOST,
    NOT_READ,
    OTHER,
    VSAN,
    Facts,
    left,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.life_cycle import coming

__all__ = ["NotAReportError", "loaded", "proof"]

FORMAT = "ovhcloud.vmware_encryption.exit"
SCHEMA = 1
_KINDS: dict[str, type] = {
    "vcenter": str, "generated_at": str, "nothing_left": bool, "left": list, "checked": list, "key_providers": list,
    "virtual_machines": list, "billing": list, "life_cycle": list, "headline": str,
}  # fmt: skip
_MACHINE = (
    "name",
    "moid",
    "instance_uuid",
    "cluster",
    "template",
    "encryption_state",
    "vtpm",
    "snapshots",
    "power_state",
)


def proof(facts: Facts, now: datetime.datetime, previous: str = "") -> dict[str, t.Any]:
    """The content. When it says what `previous` said, it keeps that one's time and run."""
    made = _content(facts, now.date())
    run = {"generated_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "run_by": facts.get("run_by") or None}
    old = loaded(previous) if previous.strip() else None
    if old is not None and old["vcenter"] != made["vcenter"]:
        raise NotAReportError(f"the proof there is of the vCenter {one_line(old['vcenter'])}, not of {made['vcenter']}")
    # through JSON, as the earlier proof went: tuples become lists
    if old is not None and {key: old.get(key) for key in made} == json.loads(json.dumps(made)):
        run = {key: old.get(key) for key in run}
    return {**run, **made}


def _content(facts: Facts, today: datetime.date) -> dict[str, t.Any]:
    rows, machines = left(facts), facts["virtual_machines"]
    cloud = facts.get("private_cloud") or {}
    ends = (cloud.get("life_cycle") or {}).get("ends")
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "vcenter": str(facts["vcenter"]),
        "vcenter_about": facts.get("vcenter_about") or None,
        "collection_version": facts.get("collection_version") or None,
        "private_cloud": cloud.get("service_name"),
        "nothing_left": not rows,
        "headline": _headline(rows),
        "left": rows,
        "checked": _checked(facts, rows),
        "key_providers": [_provider(one) for one in facts["key_providers"]],
        "billing": _billing(facts),
        "life_cycle": [one.words for one in coming(ends, today)] if cloud else [],
        "virtual_machines": [{key: one.get(key) for key in _MACHINE} for one in _sorted(machines)],
    }


def _sorted(machines: t.Sequence[Facts]) -> list[Facts]:
    return sorted(machines, key=lambda one: (str(one.get("name")), str(one.get("moid"))))


def _headline(rows: t.Sequence[Facts]) -> str:
    if not rows:
        return "Nothing encrypted is left"
    return f"{plural(len(rows), 'thing is', 'things are')} still encrypted, or could not be looked at"


def _checked(facts: Facts, rows: t.Sequence[Facts]) -> list[dict[str, t.Any]]:
    """What was looked at: how many there are, and how many of them are left."""
    machines = facts["virtual_machines"]
    templates = [one for one in machines if one.get("template")]
    snapshots = [one for one in machines if one.get("snapshots")]
    kinds = [str(one["kind"]) for one in rows]
    of_machines = [one for one in rows if one["kind"] not in (VSAN, HOST, OTHER, NOT_READ)]
    named = {one["moid"] for one in of_machines}

    def among(some: t.Sequence[Facts]) -> int:
        return sum(one.get("moid") in named for one in some)

    return [
        _check("VMs: home and each disk", len(machines) - len(templates), len(of_machines) - among(templates)),
        _check("Templates", len(templates), among(templates)),
        _check("VMs with snapshots, whose disks keep the keys", len(snapshots), among(snapshots)),
        _check("vSAN data-at-rest encryption of clusters", facts.get("vsan_clusters"), kinds.count(VSAN)),
        _check("Host keys (encryption mode)", facts.get("hosts"), kinds.count(HOST)),
        _check(
            "Key providers: users of their keys",
            None if users_not_read(facts) else facts["key_providers"],
            kinds.count(OTHER),
        ),
    ]


def _check(what: str, found: t.Any, remaining: int) -> dict[str, t.Any]:
    number = len(found) if isinstance(found, list) else found
    return {"what": what, "number": number, "left": remaining if number is not None else None}


def _provider(one: Facts) -> dict[str, t.Any]:
    return {
        "name": one["name"], "type": one.get("type"), "default": bool(one.get("default")),
        "in_use_by": len(one.get("needed_by") or []),
    }  # fmt: skip


def _billing(facts: Facts) -> list[dict[str, t.Any]]:
    """What is paid for keys, and what ends it."""
    domain = facts.get("okms") or {}
    if not domain:
        return []
    step = (
        "It ends when the OKMS domain is terminated (playbook decommission, decommission_terminate_okms), which "
        "destroys all of its keys: first make sure that no backup, replica or other vCenter needs them"
    )
    return [{"what": f"OKMS domain {domain['okms_id']}", "text": str(domain["text"]), "next_step": step}]


def loaded(text: str) -> dict[str, t.Any]:
    """The proof in a text. Raises NotAReportError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAReportError(f"not JSON: {one_line(str(error))}") from error
    if not isinstance(found, dict) or (found.get("format"), found.get("schema")) != (FORMAT, SCHEMA):
        raise NotAReportError("not a proof of the role encryption_exit")
    wrong = sorted(name for name, kind in _KINDS.items() if not isinstance(found.get(name), kind))
    if wrong:
        raise NotAReportError(f"a damaged proof: {', '.join(wrong)} missing or of a wrong kind")
    return t.cast("dict[str, t.Any]", found)
