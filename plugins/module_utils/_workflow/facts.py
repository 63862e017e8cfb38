# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role tells the next node of a workflow: pure, of bounded size, without secrets and key ids.

A fact that a role has is there in each of its runs, so a later run leaves nothing of an earlier one.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import SEVERITIES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import NotAReportError, loaded
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import HIDDEN, scrub
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

PREFIX = "encryption_facts_"  # no option of a role begins with it
MOST_ENTRIES, MOST_HOSTS = 50, 200  # of a list, and hosts that have facts of their own
LONGEST_NAME = 100  # characters; other texts have the length of a message
LISTS = ("to_do", "blocked", "failed")  # each has a number of what was cut beside it
_STEPS = ("done", "changed", "skipped", "to_do")
_COLOURS = {"OK": "green", "WARNING": "yellow", "ERROR": "red", "NONE": "gray"}
_TOTALS = ("virtual_machines", "encrypted", "partly_encrypted", "vtpm_only", "unencrypted", "unreadable", "locked")
# vCenter and we call it key, key id or keyId; ids of keys are counted, and not told
_KEY_ID = re.compile(
    r"(\bkeys?[ _-]?(?:ids?)?\W{1,5})[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
_WHOLE = re.compile(r"[0-9]{1,18}")

Facts = dict[str, t.Any]
Given = t.Mapping[str, t.Any]


def facts_of(summary: Given, check: bool, given: Given) -> Facts:
    """The facts of one run; `given` has what the role knows, by the names that `PARTS` has."""
    stopped = _text(given.get("stopped"))
    failures = [_text(text) for text in _list(summary.get("blocked_by"))] or [stopped] * bool(stopped)
    steps = {kind: len(_list(summary.get(kind))) for kind in _STEPS}
    found: Facts = {
        "check": bool(check),
        "outcome": _outcome(check, steps, failures),
        "steps": steps,
        **_cut("to_do", [_text(text) for text in _list(summary.get("to_do"))]),
        "blocked_by": "; ".join(failures[:MOST_ENTRIES]),
    }
    for part, made in PARTS.items():
        if part in given:
            found.update(made(given[part]))
    if "preflight" in given and found["outcome"] == "planned":
        found["outcome"] = "unchanged"  # it only reads: what it lists is for somebody else to do
    return found


def stats_of(role: str, facts: Facts, host: str, hosts: t.Sequence[str]) -> Facts:
    """The facts under their name. Those of several hosts stand side by side, and without lists."""
    name = f"{PREFIX}{role}"
    if len(hosts) < 2:
        return {name: facts}
    lists = {key for one in LISTS for key in (one, f"{one}_more")}
    short = {key: value for key, value in facts.items() if key not in lists}
    told = host in hosts[:MOST_HOSTS]
    return {name: {"hosts": {host: short} if told else {}, "hosts_more": max(0, len(hosts) - MOST_HOSTS)}}


def _outcome(check: bool, steps: t.Mapping[str, int], failures: t.Sequence[str]) -> str:
    if failures:
        return "failed"
    if check:
        return "planned" if steps["to_do"] else "unchanged"
    return "changed" if steps["changed"] else "unchanged"


def _provider(states: t.Any) -> Facts:
    """What is known of the key provider: of each value, the newest one that is known. The newest state is first."""
    known = [state for state in _list(states) if isinstance(state, t.Mapping)]

    def newest(key: str) -> t.Any:
        return next((state[key] for state in known if state.get(key) not in (None, "")), None)

    status = newest("status") or _COLOURS.get(str(newest("health")))
    return {
        "provider": {
            "name": _name(newest("name")),
            "type": _name(newest("type")),
            "status": _name(status),
            "default": bool(newest("default")),
        }
    }


def _order(result: t.Any) -> Facts:
    """The order of a result of the module okms, or what an order would cost."""
    order, pricing = _dict(_dict(result).get("order")), _dict(_dict(_dict(result).get("pricing")).get("order"))
    price = order.get("price_with_tax")
    if price is None and pricing:
        price = _number(pricing.get("price")) + _number(pricing.get("tax"))
    return {
        "order": {
            "number": _count(order.get("order_id")),
            "status": _name(order.get("status")),
            "price": None if price is None else round(_number(price), 2),
            "currency": _name(order.get("currency") or pricing.get("currency")),
        }
    }


def _okms(domain: t.Any) -> Facts:
    known = _dict(domain)
    names = {"id": "id", "name": "display_name", "region": "region"}
    return {"okms": {key: _name(known.get(name)) for key, name in names.items()}}


def _campaign(given: t.Any) -> Facts:
    """How far a run over many VMs came, and which of them are blocked or failed."""
    plan, progress = _dict(_dict(given).get("plan")), _dict(_dict(given).get("progress"))
    blocked = [*_list(plan.get("blocked_vms")), *_list(progress.get("blocked_vms"))]
    counts = {
        "selected": plan.get("selected"),
        "already": plan.get("already"),
        "done": progress.get("done"),
        "blocked": len(blocked),
        "failed": progress.get("failed"),
        "left": _count(plan.get("to_do")) - _count(progress.get("done")),
    }
    return {**_counts(counts), **_blocked(blocked), **_cut("failed", _entries(progress.get("failed_vms")))}


def _blocked(entries: t.Any) -> Facts:
    return _cut("blocked", _entries(entries))


def _counts(counts: t.Any, name: str = "counts") -> Facts:
    return {name: {_name(key): _count(value) for key, value in _dict(counts).items()}}


def _report(given: t.Any) -> Facts:
    """Numbers of the report of an audit; findings of a severity in `fail_on` fail the role after its summary."""
    try:
        totals = loaded(str(_dict(given).get("text") or "{}"))["totals"]
    except NotAReportError:
        totals = {}
    findings = _counts({kind: _dict(totals.get("findings")).get(kind) for kind in SEVERITIES}, "findings")
    severities = [str(one) for one in _list(_dict(given).get("fail_on"))]
    bad = sum(findings["findings"].get(kind, 0) for kind in severities)
    failed = {"outcome": "failed", "blocked_by": f"{plural(bad, 'finding')} ({', '.join(severities)})"} if bad else {}
    return {**_counts({key: totals.get(key) for key in _TOTALS}), **findings, **failed}


def _preflight(table: t.Any) -> Facts:
    """Numbers of the preflight's rows by severity, and what blocks."""
    rows = [row for row in _list(_dict(table).get("rows")) if isinstance(row, t.Mapping)]
    findings = {kind: _dict(table).get(kind) for kind in ("blocking", "warning", "ok")}
    blocking = [row for row in rows if row.get("severity") == "blocking"]
    reasons = [
        {"name": row.get("check"), "reason": f"{row.get('found')}. Next step: {row.get('next_step')}"}
        for row in blocking
    ]
    return {**_counts(findings, "findings"), **_blocked(reasons)}


def _files(paths: t.Any) -> Facts:
    """Paths of what was written or would be, blank for what is not asked for."""
    return {"files": {_name(key): _text(path) for key, path in _dict(paths).items()}}


def _entries(entries: t.Any) -> list[Facts]:
    """Names and reasons, also of findings; what is only a text has no reason."""
    known = [one if isinstance(one, t.Mapping) else {"name": one} for one in _list(entries)]
    return [{"name": _name(one.get("name") or one.get("subject")), "reason": _text(_reason(one))} for one in known]


def _reason(one: Given) -> t.Any:
    if one.get("reason") or not one.get("text"):
        return one.get("reason")
    return f"{one['text']} Next step: {one['next_step']}" if one.get("next_step") else one["text"]


def _cut(name: str, entries: t.Sequence[t.Any]) -> Facts:
    return {name: list(entries[:MOST_ENTRIES]), f"{name}_more": max(0, len(entries) - MOST_ENTRIES)}


# what a role gives -> the facts that come of it
PARTS: dict[str, t.Callable[[t.Any], Facts]] = {
    "provider": _provider,
    "okms": _okms,
    "order": _order,
    "campaign": _campaign,
    "counts": _counts,
    "key_counts": lambda given: _counts(given, "key_counts"),
    "blocked": _blocked,
    "findings": lambda given: _counts(given, "findings"),
    "report": _report,
    "preflight": _preflight,
    "files": _files,
}


def _list(value: t.Any) -> list[t.Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _dict(value: t.Any) -> Given:
    return value if isinstance(value, t.Mapping) else {}


def _count(value: t.Any) -> int:
    """Before ansible-core 2.19, the number that a template makes is text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else 0


def _number(value: t.Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def _name(value: t.Any) -> str:
    return "" if value is None else one_line(str(value), LONGEST_NAME)


def _text(value: t.Any) -> str:
    """One line, without secrets and ids of keys."""
    return "" if value is None else _KEY_ID.sub(rf"\g<1>{HIDDEN}", one_line(scrub(str(value))))
