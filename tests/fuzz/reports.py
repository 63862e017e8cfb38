# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: what the doctor and the field check make of results, and of their own earlier reports."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from .engine import target
from .filters import NOW, filter_of
from .inputs import bent, odd_text

diagnosis = filter_of("doctor_report")
ROW = {"cause": "key_gone", "object": None, "text": "x", "time": "2026-10-01T00:00:00Z"}
READ = {
    "error": "",
    "history": {
        "events": [{**ROW, "solved": False}],
        "alarms": [{**ROW, "name": "a", "status": "red"}],
        "failed_tasks": [{**ROW, "task": "t"}],
        "cut": {"events": True},
    },
    "machines": {"virtual_machines": [{"name": "db", "reason": "the key does not exist in the KMS"}]},
    "hosts": {
        "hosts": [{"name": "h", "cluster": "c", "state": "prepared", "key_id": None, "reason": None}],
        "clusters": [{"name": "c", "mode": "force_enable"}],
    },
    "key_providers": {
        "key_providers": [
            {"name": "k", "type": "standard", "status": "red", "connections": [{"name": "s", "status": "red"}]}
        ]
    },
    "cloud": {"private_clouds": [{"service_name": "p", "tasks": [{"id": 1, "state": "error", "started_at": None}]}]},
    "settings": {"fail_at": "warning"},
}


@target("filter doctor_report", st.tuples(bent([READ], most=4), odd_text))
def _diagnosis(value: tuple[t.Any, str]) -> None:
    facts, text = value
    found = diagnosis(facts, previous=text, now=NOW)
    lines = [*found["lines"], *diagnosis({"error": text}, now=NOW)["lines"]]
    assert all(len(line.splitlines()) <= 1 for line in lines), lines


servers_of_domains, field_report = map(filter_of, ("field_servers", "field_report"))
_SIGHTING = {"id": "mixed-keys", "fits": [True], "reason": ""}
FIELD = {
    "catalogue": [{"id": "mixed-keys", "default": True, "seen_by": "look"}],
    "vcenter": {"field": {"version": "8.0.3", "sightings": [_SIGHTING], "unknown_privileges": ["A.B"]}},
    "ovhcloud": {"field": {"sightings": [], "shapes": [{"route": "/me", "unknown_fields": ["new"]}]}},
    "servers": [{"kind": "okms_rsa", "host": "kms.example.net", "port": 5697, "ca": None}],
    "server_answers": [{"kmip_server": {"tls_version": "TLSv1.3", "chain": ["PEM"], "chain_complete": True}}],
    "names": ["vcenter.example.net"],
}
DOMAIN = {
    "kmip_endpoints": {"rsa": {"host": "kms.example.net", "port": 5697, "ca": None}, "ecdsa": None},
    "rest_endpoint": "https://kms.example.net:8443/",
}


@target("filter field_servers", bent([{"domains": [DOMAIN], "regions": [DOMAIN]}], most=4))
def _servers_of_domains(value: t.Any) -> None:
    servers_of_domains(value)


@target("filter field_report", st.tuples(bent([FIELD], most=4), odd_text))
def _field_report(value: tuple[t.Any, str]) -> None:
    field_report(value[0], previous=value[1], now=NOW)
