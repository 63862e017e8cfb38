# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the findings: what is bad, how bad, and what to do."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import of_hosts, used_places
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import report
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet

GOOD = fleet.provider("okms-eu-west-rbx", "standard", default=True)


def _found(**changes: t.Any) -> list[dict[str, t.Any]]:
    facts = {"vcenter": "vc", "virtual_machines": [fleet.machine(0)], "key_providers": [GOOD], **changes}
    made = report(facts, Thresholds(), fleet.NOW)
    assert made["totals"]["findings"] == {
        kind: sum(one["severity"] == kind for one in made["findings"]) for kind in ("critical", "warning", "notice")
    }
    assert all(one["next_step"].endswith(".") and one["text"].endswith(".") for one in made["findings"])
    return t.cast("list[dict[str, t.Any]]", made["findings"])


def _client(days: int) -> dict[str, t.Any]:
    return {"key_providers": [{**GOOD, "client_certificate": fleet.certificate("vcenter", days)}]}


def _server(days: int) -> dict[str, t.Any]:
    connection = {"name": "kms-a", "certificate": fleet.certificate("kms-a", days)}
    return {"key_providers": [{**GOOD, "connections": [connection]}]}


def _credential(days: int, key: str, from_csr: bool = True) -> dict[str, t.Any]:
    ends = fleet.certificate("c", days)["not_after"]
    one = {"name": "c", "okms_id": "o", "expires_at": ends, "days_left": days, "public_key_sha256": key}
    return {**_client(200), "okms_credentials": [{**one, "from_csr": from_csr, "status": "READY"}]}


def _native(**changes: t.Any) -> dict[str, t.Any]:
    return {"key_providers": [GOOD, fleet.provider("nkp", "native", **changes)]}


def _flow(state: str, port: int = 5696) -> dict[str, t.Any]:
    return {"private_cloud": {"encryption": {"kms": [{"ip": "192.0.2.1", "port": port, "state": state}]}}}


def _ports(entry: int, server: int) -> dict[str, t.Any]:
    there = {"name": "okms", "address": "eu-west-rbx.okms.ovh.net", "port": server}
    return {**_flow("delivered", entry), "key_providers": [{**GOOD, "servers": [there]}]}


def _host(state: str, cluster: str = "prod-a") -> dict[str, t.Any]:
    return {"hosts": [{"name": "esx1", "cluster": cluster, "state": state}]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"virtual_machines": []}, []),
        ({"virtual_machines": [fleet.machine(0, locked=True)]}, [("critical", "locked")]),
        ({"virtual_machines": [fleet.machine(0, mixed_keys=True)]}, [("notice", "mixed_keys")]),
        ({"virtual_machines": [fleet.machine(3)]}, [("critical", "provider_missing")]),
        ({"virtual_machines": [fleet.machine(0, "unencrypted")]}, [("warning", "unencrypted")]),
        ({"virtual_machines": [fleet.machine(0, "vtpm_only")]}, [("warning", "vtpm_only")]),
        ({"virtual_machines": [fleet.machine(0, "partly_encrypted")]}, [("warning", "partly_encrypted")]),
        ({"virtual_machines": [fleet.machine(0, "unreadable", providers=[])]}, [("warning", "unreadable")]),
        (
            {"virtual_machines": [fleet.machine(0, "unencrypted", infrastructure_kind="vcenter")]},
            [("notice", "excluded")],
        ),
        ({"key_providers": [], "virtual_machines": []}, [("critical", "no_provider")]),
        ({"key_providers": [{**GOOD, "default": False}]}, [("warning", "no_default")]),
        ({"key_providers": [{**GOOD, "default": False, "default_clusters": ["C0"]}]}, []),
        ({"key_providers": [{**GOOD, "status": "red", "reasons": ["x"]}]}, [("critical", "provider_status")]),
        ({"key_providers": [{**GOOD, "status": "yellow", "reasons": ["x"]}]}, [("warning", "provider_status")]),
        (_native(has_backup=True, status="red", reasons=["x"]), [("warning", "provider_status")]),
        (_native(has_backup=True, status="unknown"), []),
        (_native(has_backup=False, status="red", reasons=["the native key provider was never backed up"]),
         [("critical", "backup_missing")]),
        ({"key_providers": [{**GOOD, "csr_pending": True}]}, [("notice", "csr_pending")]),
        (_client(61), []),
        (_client(60), [("warning", "vcenter_client_warning")]),
        (_client(30), [("critical", "vcenter_client_critical")]),
        (_client(-1), [("critical", "vcenter_client_expired")]),
        (_server(10), [("critical", "kms_server_critical")]),
        # the same certificate is not told twice
        (_credential(10, "key of vcenter"), []),
        (_credential(10, "of nobody"), [("notice", "okms_credential_critical")]),
        (_credential(200, "of nobody", from_csr=False), [("notice", "not_from_csr")]),
        ({"api_rights": {"credential": {"expires": "2026-03-20T00:00:00Z", "days_left": 17}}},
         [("critical", "api_credential_critical")]),
        (_flow("delivered"), []),
        (_flow("toDeliver"), [("warning", "kms_entry")]),
        (_ports(5697, 5697), []),
        (_ports(5696, 5697), [("warning", "kms_port")]),
        (_ports(5697, 5696), [("warning", "kms_port")]),
        ({"vsan_clusters": [{"cluster": "C0", "enabled": True, "provider": "okms-eu-west-rbx"}]}, []),
        ({"vsan_clusters": [{"cluster": "C0", "enabled": False, "provider": None}]}, []),
        ({"vsan_clusters": [{"cluster": "C0", "enabled": True, "provider": "gone"}]},
         [("critical", "vsan_provider_missing")]),
        (_host("safe"), []),
        (_host("prepared"), [("notice", "host_mode")]),
        (_host("incapable", "a cluster without encrypted VMs"), []),
        ({"not_read": {"hosts": "no permission", "storage policies": ""}}, [("warning", "not_read")]),
        ({"key_providers": [{**GOOD, "users": {"not_read": "no right"}}]}, [("warning", "not_read")]),
    ],
)  # fmt: skip
def test_each_fact_gives_its_finding(changes: dict[str, t.Any], expected: list[tuple[str, str]]) -> None:
    assert [(one["severity"], one["topic"]) for one in _found(**changes)] == expected


def test_a_finding_names_whom_it_is_about() -> None:
    (one,) = _found(
        virtual_machines=[fleet.machine(0), *(fleet.machine(n, "unencrypted", f"vm {n}") for n in range(1, 9))]
    )
    assert one["count"] == 8
    assert one["affected"] == [f"vm {n}" for n in range(1, 9)]
    assert one["text"] == "8 VMs are not encrypted."


def test_an_old_backup_is_told_before_and_after() -> None:
    def told(created: str) -> list[tuple[str, str]]:
        dossier = {"providers": {"nkp": {"backup": {"created_at": created}}}}
        return [(one["severity"], one["topic"]) for one in _found(**_native(has_backup=True), dossier=dossier)]

    assert told("2026-02-01T00:00:00Z") == []
    assert told("2025-04-01T00:00:00Z") == [("notice", "backup_old")]
    assert told("2024-04-01T00:00:00Z") == [("warning", "backup_old")]


def test_the_worst_comes_first() -> None:
    severities = [one["severity"] for one in report(fleet.facts(60), Thresholds(), fleet.NOW)["findings"]]
    assert severities == sorted(severities, key=("critical", "warning", "notice").index)
    assert len(set(severities)) == 3


def test_cluster_without_any_encrypted_vm_is_unused() -> None:
    machines = [
        fleet.machine(0, "unencrypted", cluster="a"),
        fleet.machine(1, "unreadable", cluster="b"),
        fleet.machine(2, "vtpm_only", cluster="c"),
        fleet.machine(3, "partly_encrypted", cluster="c"),
    ]
    assert used_places(machines) == {"c"}


def test_encrypted_vm_outside_of_clusters_counts_for_its_host() -> None:
    places = used_places([{**fleet.machine(0, "encrypted", cluster=None), "host": "esx-alone"}])
    hosts = [{"name": name, "cluster": None, "state": "incapable"} for name in ("esx-alone", "esx-other")]
    assert places == {"esx-alone"} and [one["affected"] for one in of_hosts(hosts, places)] == [["esx-alone"]]
