# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of assumptions compared with what was seen, as a table and as a file to attach to a report. Pure."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dated_report
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import (
    Sightings,
    Value,
    same,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._field.servers import (
    KINDS,
    Told,
    rows_of,
    see_tls,
)

Report = dict[str, t.Any]

FORMAT, SCHEMA = "ovhcloud.vmware_encryption.field", 1
DIFFERENT, AS_ASSUMED, NOT_SEEN = "different", "as_assumed", "not_seen"
STATES = (DIFFERENT, AS_ASSUMED, NOT_SEEN)
HIDDEN = "(hidden)"
_SYSTEMS = ("vcenter", "ovhcloud")
_SHORTEST = 4  # characters of a name that is looked for: shorter ones are parts of words


def report(facts: Told, now: datetime.datetime, previous: str = "") -> dict[str, t.Any]:
    """Everything that the role does with what was read."""
    read = {name: (facts.get(name) or {}).get("field") or {} for name in _SYSTEMS}
    servers = rows_of(facts.get("servers") or [], facts.get("server_answers") or [])
    sightings = _sightings(read, servers)
    unread = _unread(facts, read)
    rows = [_row(entry, sightings.get(entry["id"]), unread) for entry in facts["catalogue"]]
    counts = {state: sum(row["state"] == state for row in rows) for state in STATES}
    made = {
        "format": FORMAT,
        "schema": SCHEMA,
        "vcenter": {name: read["vcenter"].get(name) for name in ("version", "build", "api_version")},
        "counts": counts,
        "assumptions": rows,
        "servers": servers,
        "shapes": [*(read["ovhcloud"].get("shapes") or []), *_soap(read["vcenter"].get("unknown_names") or [])],
        "unknown_privileges": read["vcenter"].get("unknown_privileges") or [],
    }
    made = _hidden(made, _hideable([str(name) for name in facts.get("names") or []], facts["catalogue"]))
    return {
        "text": dated_report(made, now, previous),
        "lines": _lines(made),
        "counts": counts,
        "message": _message(counts, unread),
        "read": [name for name in _SYSTEMS if read[name]],
        "unread": unread,
    }


def _sightings(read: t.Mapping[str, Told], servers: t.Sequence[Told]) -> dict[str, Told]:
    seen = Sightings()
    see_tls(servers, seen)
    found = [*(one for name in _SYSTEMS for one in read[name].get("sightings") or []), *seen.results()]
    return {str(one["id"]): one for one in found}


def _soap(names: t.Sequence[str]) -> list[Report]:
    """Names in vCenter's answers that pyVmomi does not know; it does not say of which answer."""
    return [{"route": "vCenter (SOAP)", "unknown_names": list(names)}] if names else []


def _unread(facts: Told, read: t.Mapping[str, Told]) -> list[str]:
    """Systems that were not read, each with the kind of the error: its text has names in it."""
    words = {"vcenter": "vCenter", "ovhcloud": "OVHcloud"}
    return [
        f"{words[name]} was not read ({((facts.get(name) or {}).get('failure') or {}).get('kind') or 'failed'})"
        for name in _SYSTEMS
        if not read[name]
    ]


def _row(entry: Told, sighting: Told | None, unread: t.Sequence[str]) -> Report:
    row: Report = {"id": entry["id"], "assumed": entry["default"], "found": None, "state": NOT_SEEN, "why": ""}
    if entry.get("not_seen_because"):
        return {**row, "why": entry["not_seen_because"]}
    if sighting is None:
        return {**row, "why": "; ".join(unread) or "it was not looked at"}
    fits = sighting.get("fits")
    if fits is None:
        return {**row, "why": str(sighting.get("reason") or "nothing shows it")}
    if not any(same(one, entry["default"]) for one in fits):
        return {**row, "found": list(fits), "state": DIFFERENT}
    if len(fits) > 1:
        return {**row, "why": f"what was read fits {' and '.join(map(shown, fits))}"}
    return {**row, "found": list(fits), "state": AS_ASSUMED}


def shown(value: Value) -> str:
    """A value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value)) or "nothing"
    return "null" if value is None else str(value) or "empty"


def _lines(made: Report) -> list[str]:
    words = {DIFFERENT: "different", AS_ASSUMED: "as assumed", NOT_SEEN: "not seen"}
    rows = sorted(made["assumptions"], key=lambda row: (STATES.index(row["state"]), row["id"]))
    lines = [f"{words[row['state']]:<11} {row['id']}: {_said(row)}" for row in rows]
    for row in made["servers"]:
        port = f" port {row['port']}" if row["port"] else ""
        told = f"{row['tls']}, {row['key']}, {plural(row['certificates'] or 1, 'certificate')}"
        lines.append(f"{'server':<11} {row['kind']}{port}: {told if row['reached'] else 'not reached'}")
    for row in made["shapes"]:
        found = [f"{kind.replace('_', ' ')} {', '.join(row[kind])}" for kind in _kinds(row)]
        lines.append(f"{'shape':<11} {row['route']}: {'; '.join(found)}")
    lines += [f"{'privilege':<11} {name}: this vCenter does not have it" for name in made["unknown_privileges"]]
    return lines


def _kinds(row: Told) -> list[str]:
    return [kind for kind, found in row.items() if kind != "route" and found]


def _said(row: Report) -> str:
    if row["state"] == NOT_SEEN:
        return str(row["why"])
    if row["state"] == AS_ASSUMED:
        return shown(row["assumed"])
    found = " or ".join(map(shown, row["found"])) or "none of the known values"
    return f"assumed {shown(row['assumed'])}, found {found}"


def _message(counts: t.Mapping[str, int], unread: t.Sequence[str]) -> str:
    said = f"{counts[AS_ASSUMED]} as assumed, {counts[DIFFERENT]} different, {counts[NOT_SEEN]} not seen"
    return "; ".join([said, *unread])


def _hideable(names: t.Iterable[str], catalogue: t.Sequence[Told]) -> list[str]:
    """The names that are not words of the catalogue, of which a vCenter may have one: they tell nothing there."""
    words = " ".join([json.dumps(catalogue), FORMAT, *STATES, *KINDS]).lower()
    return [name for name in names if len(name) >= _SHORTEST and name.lower() not in words]


def _hidden(value: t.Any, names: t.Sequence[str]) -> t.Any:
    """The values without the names that the run was given: nothing should have let one in."""
    if isinstance(value, dict):
        return {key: _hidden(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(item, names) for item in value]
    if isinstance(value, str):
        for name in names:
            value = re.sub(re.escape(name), HIDDEN, value, flags=re.IGNORECASE)
    return value
