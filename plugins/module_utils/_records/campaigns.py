# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: which VMs runs have shut down, and which keys campaigns replace. Pure: texts in, texts out.

Format 1 had one vCenter and one campaign, and did not say which run had shut down a VM.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import (
    BOOL,
    LIST,
    OBJECT,
    TEXT,
    TEXTS,
    Record,
    ShapeError,
    check,
    check_each,
    check_fields,
    name_of,
    parsed,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import (
    VCenter,
    named,
    of_id,
    of_name,
    ordered,
)

STATE_FORMAT = 2
AtWork = t.Callable[[str], bool]


class CampaignChange(t.NamedTuple):
    """What a run wants to note."""

    run: str = ""
    campaign: str = ""
    key_ids: t.Sequence[str] | None = None  # count when the campaign begins
    power_on: t.Sequence[str] = ()
    settled: t.Sequence[str] = ()
    finished: bool | None = None
    taken_over: t.Sequence[t.Mapping[str, str]] = ()  # claims of runs that were over when this one began


@dataclasses.dataclass(frozen=True)
class CampaignRecord:
    """What a run has to know: the campaign, and which VMs it has to power on."""

    vcenter: str
    vcenter_id: str
    campaign: str
    key_ids: list[str] | None
    finished: bool
    power_on: list[str]  # those of this run, and of runs that are over
    others: list[str]  # those of other runs at work
    claims: list[Record]
    taken_over: list[Record]


def loaded_state(text: str) -> Record:
    """The state in a text, in today's format; an empty text is one without entries. Raises ShapeError."""
    if not text.strip():
        return {"format": STATE_FORMAT, "vcenters": []}
    found = parsed(text)
    if found.get("format") == 1:
        check_fields(found, {"vcenter": TEXT, "campaign": TEXT, "power_on": TEXTS}, "the file", ["power_on"])
        sections = [_of_format_1(found)]
    elif found.get("format") == STATE_FORMAT:
        sections = check(found.get("vcenters"), LIST, "vcenters")
    else:
        check(
            found.get("power_on", found.get("vcenters")),
            LIST,
            "it is not a state file of this collection, its list of VMs",
        )
        raise ShapeError(f"its format is unknown, expected {STATE_FORMAT}")
    return {"format": STATE_FORMAT, "vcenters": [_section(one, number) for number, one in enumerate(sections, start=1)]}


def _of_format_1(found: Record) -> Record:
    campaign = {"key_ids": found.get("key_ids"), "finished": found.get("finished") or False}
    name = found.get("campaign") or ""
    return {
        "id": "",
        "name": found.get("vcenter") or "",
        "power_on": [{"id": one, "run": ""} for one in found["power_on"]],
        "campaigns": {name: campaign} if name else {},
    }


def _section(told: t.Any, number: int) -> Record:
    where = f"vCenter {number}"
    check_fields(told, {"id": TEXT, "name": TEXT, "power_on": LIST, "campaigns": OBJECT}, where)
    claims, campaigns = told.get("power_on") or [], told.get("campaigns") or {}
    check_each(claims, {"id": TEXT, "run": TEXT}, f"{where}.power_on", ["id"])
    for name, one in campaigns.items():
        check_fields(one, {"key_ids": TEXTS, "finished": BOOL}, f"{where}.campaigns.{name_of(name)}")
    return {
        "id": (told.get("id") or "").lower(),
        "name": told.get("name") or "",
        "power_on": [{"id": one["id"], "run": one.get("run") or ""} for one in claims],
        "campaigns": {
            name: {"key_ids": one.get("key_ids"), "finished": one.get("finished") or False}
            for name, one in campaigns.items()
        },
    }


def changed_state(state: Record, vcenter: VCenter, change: CampaignChange) -> Record:
    """The state after the change. What other runs have noted is not touched, unless this one took it over."""
    own, others = _split(state["vcenters"], vcenter)
    taken_over = [{"id": one["id"], "run": one["run"]} for one in change.taken_over]
    ended = {*change.settled, *change.power_on}
    kept = [
        one for one in own["power_on"] if one["id"] not in ended or (one["run"] != change.run and one not in taken_over)
    ]
    new = [{"id": one, "run": change.run} for one in dict.fromkeys(change.power_on) if one not in change.settled]
    campaigns = dict(own["campaigns"])
    if change.campaign:
        known = campaigns.get(change.campaign, {"key_ids": None, "finished": False})
        keys = known["key_ids"] if known["key_ids"] is not None else change.key_ids
        finished = known["finished"] if change.finished is None else change.finished
        campaigns[change.campaign] = {"key_ids": None if keys is None else sorted(set(keys)), "finished": finished}
    section = {**own, "power_on": [*kept, *new], "campaigns": campaigns}
    full = [one for one in (*others, section) if one["power_on"] or one["campaigns"]]
    return {"format": STATE_FORMAT, "vcenters": ordered(full)}


def _split(sections: list[Record], vcenter: VCenter) -> tuple[Record, list[Record]]:
    """The section of the vCenter, with what older files hold of it, and all others."""
    mine = [one for one in (of_name(sections, vcenter), of_id(sections, vcenter)) if one is not None]
    own: Record = {"id": vcenter.id or (mine[-1]["id"] if mine else ""), "name": vcenter.name}
    own["power_on"] = [claim for one in mine for claim in one["power_on"]]
    own["campaigns"] = {name: campaign for one in mine for name, campaign in one["campaigns"].items()}
    return own, [one for one in sections if not any(one is other for other in mine)]


def view(state: Record, vcenter: VCenter, change: CampaignChange, at_work: AtWork) -> Record:
    """What a run has to know: the campaign, and which VMs it has to power on."""
    own, _others = _split(state["vcenters"], vcenter)
    claims = own["power_on"]
    theirs = [one for one in claims if one["run"] != change.run and at_work(one["run"])]
    campaign = own["campaigns"].get(change.campaign, {"key_ids": None, "finished": False})
    return as_result(
        CampaignRecord(
            vcenter=vcenter.name,
            vcenter_id=vcenter.id,
            campaign=change.campaign,
            key_ids=campaign["key_ids"],
            finished=campaign["finished"],
            power_on=list(dict.fromkeys(one["id"] for one in claims if one not in theirs)),
            others=list(dict.fromkeys(one["id"] for one in theirs)),
            claims=claims,
            taken_over=[one for one in claims if one["run"] != change.run and one not in theirs],
        )
    )


def unknown_owners(state: Record, vcenter: VCenter) -> list[str]:
    """Vcenters without an instance UUID, under another address than this one, that have VMs to power on."""
    _own, others = _split(state["vcenters"], vcenter)
    return [f"{named(one)} ({len(one['power_on'])})" for one in others if not one["id"] and one["power_on"]]


def dumped_state(state: Record) -> str | None:
    """The text of the file; None when there is nothing to keep."""
    return json.dumps(state, indent=2, sort_keys=True) + "\n" if state["vcenters"] else None
