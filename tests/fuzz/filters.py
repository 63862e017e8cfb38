# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: filters, which read files of earlier audits and results that playbooks hand on."""

from __future__ import annotations

import copy
import datetime
import importlib
import json
import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._workflow.facts import facts_of, stats_of
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet

from .engine import target
from .inputs import bent, damaged_text, json_text, odd_text, odd_value
from .samples import samples

NOW = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
_PACKAGE = "ansible_collections.ovhcloud.vmware_encryption.plugins.filter"


LOADED: set[str] = set()


def filter_of(name: str) -> t.Callable[..., t.Any]:
    """The filter as Ansible gets it."""
    LOADED.add(name)
    module = importlib.import_module(f"{_PACKAGE}.{name}")
    return t.cast("t.Callable[..., t.Any]", module.FilterModule().filters()[name])


MACHINE = {
    "name": "vm1",
    "moid": "vm-1",
    "outcome": "planned",
    "action": "encrypt",
    "shutdown": True,
    "rewritten_bytes": 1 << 30,
    "obstacles": [{"code": "snapshots", "reason": "it has snapshots", "next_step": "remove them"}],
    "error": None,
    "before": {"power_state": "powered_on", "policies": {"home": "vSAN Default", "disk 1": None}},
    "after": {"power_state": "powered_on", "policies": {"home": "VM Encryption Policy"}},
}
RESULTS = (
    {
        "changed": True,
        "failed": False,
        "virtual_machines": [MACHINE, {**MACHINE, "outcome": "failed", "error": "it is locked"}],
        "created_policies": [{"name": "new", "made_from": "Gold", "rules": ["a"]}],
    },
    {
        "msg": "failed",
        "failure": {"kind": "api", "stopped": "the KMS gives no keys"},
        "virtual_machines": [{**MACHINE, "outcome": outcome} for outcome in ("done", "blocked", "excluded", "already")],
    },
)
WAVE = {"number": 1, "count": 2, "kind": "canary", "ids": ["vm-1"], "total": 9, "step": "Wave 1 of 2 (canary): vm1"}
PROGRESS = {"done": 1, "failed": 0, "blocked": 0, "bytes": 5, "failures": [], "settled": ["vm-2"], "steps": []}
STEPS = [
    {"step": "Order", "result": {"changed": True}, "idle": None},
    {"step": "Open", "result": {"skipped": True, "changed": False}, "idle": "not asked for"},
    {"step": "Check", "result": {"failed": True, "msg": "no"}},
    {"step": "Audit logs", "summaries": [{"done": ["Audit logs ended"], "to_do": [], "blocked_by": []}]},
]

plan, waves, progress = map(filter_of, ("encryption_plan", "encryption_waves", "encryption_progress"))
campaign, removal = map(filter_of, ("encryption_campaign", "decommission_plan"))
connection, scope, own_kms = map(filter_of, ("okms_connection", "preflight_scope", "external_kms_state"))
keys, summary, cost = map(filter_of, ("encryption_keys", "step_summary", "okms_cost"))
failure = filter_of("failure_message")
endpoint, thumbprint, preflight = map(filter_of, ("okms_endpoint", "certificate_thumbprint", "preflight_table"))
report, page = map(filter_of, ("encryption_audit_report", "encryption_audit_html"))
table, headlines, numbers = map(
    filter_of, ("encryption_audit_csv", "encryption_audit_headlines", "encryption_audit_metrics")
)


@target("filter encryption_plan", bent(RESULTS))
def _plan(value: t.Any) -> None:
    plan(value)


@target("filter encryption_waves", st.tuples(bent(RESULTS), st.one_of(st.integers(0, 3), odd_value)))
def _waves(value: tuple[t.Any, t.Any]) -> None:
    waves(value[0], canary=value[1])


@target("filter encryption_progress", st.tuples(bent([PROGRESS, {}]), bent([WAVE]), bent(RESULTS)))
def _progress(value: tuple[t.Any, t.Any, t.Any]) -> None:
    progress(*value)


PLAN = {
    "table": [],
    "selected": 2,
    "already": 1,
    "to_do": 1,
    "shutdowns": ["vm-1"],
    "running": [],
    "blocked": ["locked"],
}


@target("filter encryption_campaign", st.tuples(bent([PLAN, {}]), bent([[WAVE]]), bent([PROGRESS, {}]), bent([WAVE])))
def _campaign(value: tuple[t.Any, t.Any, t.Any, t.Any]) -> None:
    campaign(*value)


@target("filter encryption_keys", bent([fleet.machines(3)]))
def _keys(value: t.Any) -> None:
    keys(value, "okms-prod")


WORKFLOW_FACTS = (
    {"provider": [{"name": "okms", "status": "green", "default": True}], "order": {"order": {"order_id": 1}}},
    {"campaign": {"plan": {"selected": 1, "blocked_vms": [{"name": "vm1", "reason": "locked"}]}, "progress": {}}},
    {"report": {"text": "{}", "fail_on": ["critical"]}, "preflight": {"rows": [{"check": "Region"}], "ok": 1}},
)
SUMMARY = {"done": ["a"], "changed": [], "skipped": [], "to_do": ["b"], "blocked_by": []}


@target("facts for workflows", st.tuples(bent([SUMMARY]), bent(WORKFLOW_FACTS)))
def _facts(value: tuple[t.Any, t.Any]) -> None:
    given = [one if isinstance(one, dict) else {} for one in value]
    made = facts_of(given[0], False, given[1])
    assert len(json.dumps(stats_of("okms", made, "a", ["a"]))) < 200_000


@target("filter step_summary", st.tuples(bent([STEPS]), st.one_of(st.just([]), odd_value)))
def _summary(value: tuple[t.Any, t.Any]) -> None:
    summary(value[0], remaining=value[1])


@target(
    "filter failure_message",
    bent([{"failed": True, "msg": "Some items failed", "results": [{"failed": True, "msg": "no"}]}]),
)
def _failure(value: t.Any) -> None:
    failure(value)


DOMAIN = {
    "id": "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31",
    "display_name": "kms",
    "region": "eu-west-rbx",
    "state": "OK",
    "kmip_object_count": 3,
    "kmip_endpoints": {
        "rsa": {"kind": "rsa", "host": "eu.okms.ovh.net", "port": 5697, "ca": "ca"},
        "ecdsa": {"kind": "ecdsa", "host": "eu.okms.ovh.net", "port": 5696, "ca": None},
    },
    "costs": {
        "currency": "EUR",
        "total": 0.72,
        "complete": True,
        "objects": [{"object": "KMIP object", "count": 3, "price": 0.06, "cost": 0.18}],
    },
}


READ = {
    "info": {"key_providers": fleet.providers(), "missing_key_providers": [{"name": "lost", "users": {}}]},
    "dossier": {"providers": {"okms-prod": {"servers": [{"address": "eu.okms.ovh.net"}], "variables": {}}}},
    "domains": {"okms_domains": [DOMAIN]},
    "credentials": {"credentials": [{"name": "vcenter", "status": "READY", "certificate_sha256": "AA"}]},
    "kms_entries": {"results": [{"item": "eu.okms.ovh.net", "failure": {"needed_by": ["other"]}}]},
}
REMOVAL = {
    **dict.fromkeys(("okms_id", "private_cloud", "credential_name", "policy", "new_default"), ""),
    **{"provider": "okms-prod", "in_use_by": [], "kms_hosts": [], "okms_endpoint": "auto"},
}


@target("filter decommission_plan", bent([READ]))
def _removal(value: t.Any) -> None:
    removal(value, REMOVAL)


@target("filter okms_cost", st.tuples(bent([DOMAIN]), bent([fleet.providers()])))
def _cost(value: tuple[t.Any, t.Any]) -> None:
    cost(*value)


@target("filter okms_endpoint", st.tuples(bent([DOMAIN]), odd_text, bent(fleet.providers())))
def _endpoint(value: tuple[t.Any, str, t.Any]) -> None:
    endpoint(value[0], "auto", value[2], value[1])
    endpoint(value[0], value[1], value[2])


@target("filter certificate_thumbprint", st.one_of(damaged_text([samples().leaf]), odd_value))
def _thumbprint(value: t.Any) -> None:
    thumbprint(value)


RIGHTS = {
    "usable": True,
    "problem": None,
    "identities": ["urn:v1:eu:identity:account:ab12345-ovh"],
    "credential": {"expires": "2027", "days_left": 3},
    "missing_calls": ["GET /me"],
    "missing_actions": ["a:b"],
    "unchecked_actions": ["c:d"],
    "calls": [{"method": "DELETE", "path": "/x/*", "action": "a:b", "optional": True}],
}
READY = {
    "reachable": True,
    "logged_in": True,
    "source_address": "198.51.100.5",
    "version": "8.0.3",
    "build": "1",
    "clock_offset": 0.1,
    "missing_privileges": ["Cryptographer.Access"],
    "hosts": [
        {
            "name": "esx1",
            "cluster": "c1",
            "version": "8.0.3",
            "build": "1",
            "connection_state": "connected",
            "tpm": True,
        }
    ],
}
CLOUD = {
    "service_name": "pcc-1",
    "state": "delivered",
    "location": "rbx2a",
    "user_access_policy": "filtered",
    "allowed_networks": [{"network": "198.51.100.0/24", "state": "allowed"}],
    "advanced_security": True,
    "users": [{"name": "admin", "login": "admin", "encryption_right": True, "token_validator": True}],
    "encryption": {"state": "enabled", "kms": [{"id": 1, "ip": "192.0.2.10", "port": 5696, "state": "delivered"}]},
}
SEEN = {
    "host": "kms",
    "port": 5697,
    "addresses": ["192.0.2.10", "192.0.2.11"],
    "trusted": {"verdict": True, "reasons": []},
    "days_left": 3,
    "not_after": "2027-01-01T00:00:00Z",
    "issuer": "CN=x",
    "sha256": "AA",
}
PREFLIGHT = [
    {
        "option": option,
        "settings": {"allow_order": True, "grant": True, "tpm_required": True, "judged": True, "pinned": ["kms"]},
        "rights": RIGHTS,
        "account": {"account": {"state": "complete", "nichandle": "ab12345-ovh", "payment_method": None}},
        "order": {"changed": True, "okms": {"order": {"id": 1}}},
        "domains": {"okms_domains": [DOMAIN], "regions": [{"id": "eu-west-rbx"}]},
        "cloud": {"private_clouds": [CLOUD]},
        "tasks": {"private_clouds": [{**CLOUD, "tasks": [{"id": 1, "state": "todo"}]}]},
        "vcenter": {"vcenter": READY, "vcenter_readiness": READY},
        "servers": [{"item": {"name": "kms"}, "kmip_server": SEEN}, {"item": {"name": "kms2"}, "msg": "no answer"}],
        "endpoint": {"host": "eu.okms.ovh.net", "refused": "", "notice": "stays"},
    }
    for option in ("okms", "external_kms", "native_key_provider")
]


PLACE = {"address": "192.0.2.50", "sha1": "AA:BB", "sha256": "AA", "verdict": True}
SERVER = {"host": "eu.okms.ovh.net", "port": 5697, "trusted": {"verdict": True}, "by_address": [PLACE]}
ENTRY = {"ip": "192.0.2.50", "state": "delivered", "port": 5697, "thumbprint": "AA:BB", "description": "kms"}
ENDPOINT = {"host": "eu.okms.ovh.net", "port": 5697, "move": {}, "refused": ""}


@target(
    "filter okms_connection",
    st.tuples(bent([fleet.providers()[0]]), bent([ENDPOINT]), bent([SERVER]), bent([[ENTRY]])),
)
def _connection(value: tuple[t.Any, t.Any, t.Any, t.Any]) -> None:
    connection(*value, server="kms-a")


OWN_KMS = {
    "servers": {"results": [{"item": "kms-a", "kmip_server": {**SERVER, "addresses": ["192.0.2.50"], "sha1": "AA"}}]},
    "entries": {"results": [{"item": "eu.okms.ovh.net", "kms_entries": [{**ENTRY, "id": 1}]}]},
    "providers": [{}, {"key_providers": fleet.providers()[:1]}],
    "finished": {"key_providers": fleet.providers()[:1]},
    "made": {"changed": True, "client_certificate": {"waiting": "-----BEGIN CERTIFICATE-----", "certificate": ""}},
    "csr": {"csr": {"pending": True}},
}
OWN_OPTIONS = {"renew_before": 30, "csr_path": "/tmp/a b.csr", "certificate_path": "/tmp/a.pem"}


@target(
    "filter external_kms_state", st.tuples(bent([OWN_KMS]), st.sampled_from(("key_pair", "csr", "ca", "self_signed")))
)
def _own_kms(value: tuple[t.Any, str]) -> None:
    own_kms(value[0], {**OWN_OPTIONS, "identity": value[1]})


SCOPE = {
    "options": {
        **{"option": "okms", "show": "all", "okms_region": "EU_WEST_PAR"},
        **{"iam": True, "kmip_policy": True, "identity_urns": ["urn"], "vsphere_user": "admin"},
    },
    "vcenter": {"readiness": {"reachable": True, "logged_in": True}, "key_providers": fleet.providers()},
    "domains": {"okms_domains": [DOMAIN], "regions": [{"id": "eu-west-par"}]},
    "rights": {"rights": {"usable": True, "missing_calls": ["GET /x"], "missing_actions": ["iam/get"]}},
    "cloud": {"private_clouds": [{"users": [{"login": "admin", "name": "admin"}], "encryption": {"kms": [ENTRY]}}]},
    "servers": [{"item": "eu", "kmip_server": SERVER}],
}


@target("filter preflight_scope", bent([SCOPE], most=4))
def _scope(value: t.Any) -> None:
    scope(value)


@target("filter preflight_table", bent(PREFLIGHT, most=4))
def _preflight(value: t.Any) -> None:
    preflight(value)


ENTRY = {"backup": {"created_at": "2026-09-01T08:00:00Z", "path": "/safe/nkp.p12"}}
FACTS = {**fleet.facts(6), "dossier": {"providers": {"nkp": ENTRY}}}


@target("filter encryption_audit_report", bent([FACTS], most=4), share=0.3)
def _report(facts: t.Any) -> None:
    made = report(facts, now=NOW)
    headlines(made)
    table(made)
    page(made)


REPORT = json.loads(report(copy.deepcopy(FACTS), now=NOW))
# what an audit of the day before left
EARLIER = {**REPORT, "generated_at": "2026-09-30T00:00:00Z"}


@target("audit files as page", json_text([REPORT]), share=0.3)
def _page(text: str) -> None:
    page(text)


@target("audit files as CSV, headlines and metrics", json_text([REPORT]), share=0.6)
def _table(text: str) -> None:
    headlines(text)
    table(text)
    numbers(text)


@target("audit files of earlier runs", st.tuples(json_text([EARLIER]), json_text([EARLIER])), share=0.5)
def _earlier(texts: tuple[str, str]) -> None:
    report(copy.deepcopy(FACTS), previous=texts[0], history=[texts[1]], now=NOW)


absolute = filter_of("absolute_path")


@target("filter absolute_path", st.one_of(odd_text, odd_value), ["a\0b", ["a", ["~nobody-of-that-name/x"]]])
def _absolute(value: t.Any) -> None:
    absolute(value)


process = filter_of("play_process")


@target("filter play_process", odd_value, share=0.2)
def _process(value: t.Any) -> None:
    process(value)
