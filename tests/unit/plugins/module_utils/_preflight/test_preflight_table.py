# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the preflight table."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.rows import listed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.table import (
    table as preflight_table,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.vcenter import contains, odd_one

RIGHTS: dict[str, t.Any] = {
    "usable": True,
    "problem": None,
    "account": "ab12345-ovh",
    "method": "account",
    "identities": ["urn:v1:eu:identity:account:ab12345-ovh"],
    "credential": None,
    "missing_calls": [],
    "missing_actions": [],
    "unchecked_actions": [],
}
HOST: dict[str, t.Any] = {
    "name": "esx1",
    "cluster": "c1",
    "version": "8.0.3",
    "build": "1",
    "connection_state": "connected",
    "crypto_state": "incapable",
    "tpm": True,
}
READY: dict[str, t.Any] = {
    "reachable": True,
    "logged_in": True,
    "problem": None,
    "problem_kind": None,
    "source_address": "198.51.100.5",
    "version": "8.0.3",
    "build": "1",
    "clock_offset": 0.1,
    "missing_privileges": [],
    "hosts": [HOST],
}
NICE = {"method": "DELETE", "path": "/x/*", "action": "a:b", "optional": True}
CLOUD: dict[str, t.Any] = {
    "service_name": "pcc-1",
    "state": "delivered",
    "location": "rbx2a",
    "user_access_policy": "filtered",
    "allowed_networks": [],
    "advanced_security": False,
}


def rows(option: str = "okms", **facts: t.Any) -> dict[str, tuple[str, str]]:
    """check -> (severity, found and next step)."""
    found = preflight_table({"option": option, **facts})["rows"]
    return {row["check"]: (row["severity"], f"{row['found']} {row['next_step']}") for row in found}


@pytest.mark.parametrize(
    ("changes", "check", "severity", "words"),
    [
        ({}, "OVHcloud credential", "ok", "without end"),
        ({"usable": False, "problem": "expired"}, "OVHcloud credential", "blocking", "expired"),
        ({"credential": {"expires": "2027", "days_left": 3}}, "OVHcloud credential", "warning", "in 3 days"),
        ({"credential": {"expires": "2027", "days_left": 31}}, "OVHcloud credential", "ok", "until 2027"),
        ({"missing_calls": ["GET /me"]}, "Access rules of the consumer key", "blocking", "GET /me"),
        ({"missing_actions": ["a:b", "c:d"]}, "IAM actions", "blocking", "a:b, c:d"),
        ({"missing_actions": ["a:b"], "calls": [NICE]}, "IAM actions", "ok", "granted"),
        ({"missing_actions": ["a:b", "c:d"], "calls": [NICE]}, "IAM actions", "blocking", "lacks c:d"),
        ({"missing_actions": ["a:b"], "calls": [NICE]}, "Rights that help", "warning", "a:b"),
        ({"missing_calls": ["DELETE /x/*"], "calls": [NICE]}, "Access rules of the consumer key", "ok", "granted"),
        ({"unchecked_actions": ["a:b"]}, "IAM actions", "warning", "a:b"),
        ({}, "IAM actions", "ok", "granted"),
    ],
)
def test_rights(changes: dict[str, t.Any], check: str, severity: str, words: str) -> None:
    found = rows(rights={"rights": {**RIGHTS, **changes}, "clock_offset": 0.0})[check]
    assert found[0] == severity and words in found[1]


FORWARD = "ldp:apiovh:output/graylog/stream/forwardTo"


@pytest.mark.parametrize(
    ("wanted", "changes", "expected"),
    [
        (True, {}, ("ok", "the run sends them to a stream")),
        (True, {"unchecked_actions": [FORWARD]}, ("warning", FORWARD)),
        (True, {"missing_actions": ["okms:apiovh:log/kind/get"]}, None),  # the row of IAM actions names it
        (True, {"usable": False, "problem": "expired"}, None),
        (False, {"unchecked_actions": [FORWARD]}, None),
    ],
)
def test_audit_logs(wanted: bool, changes: dict[str, t.Any], expected: tuple[str, str] | None) -> None:
    facts: dict[str, t.Any] = {"settings": {"logs": wanted}, "rights": {"rights": {**RIGHTS, **changes}}}
    found = rows(**facts)
    assert ("Audit logs" in found) is (expected is not None)
    if expected:
        assert found["Audit logs"][0] == expected[0] and expected[1] in found["Audit logs"][1]
        assert found["IAM actions"][0] == "ok"
    assert "Audit logs" not in rows("external_kms", **facts)


USER = "urn:v1:eu:identity:user:ab12345-ovh/robot"
POLICY_RIGHT = "account:apiovh:iam/policy/create"


@pytest.mark.parametrize(
    ("settings", "changes", "severity", "words"),
    [
        ({}, {}, "ok", "the account itself, which needs none"),
        ({}, {"identities": [USER], "lacks_kmip_policy": True}, "blocking", f"acts as {USER}, which has no policy"),
        ({}, {"identities": [USER], "lacks_kmip_policy": True}, "blocking", "okms_identity_urns"),
        ({}, {"identities": [USER], "lacks_kmip_policy": False}, "ok", "role ADMIN"),
        ({}, {"identities": [USER], "lacks_kmip_policy": None}, "warning", "is unknown"),
        ({"identity_urns": [USER], "kmip_policy": True}, {}, "ok", f"the run maintains the one for {USER}"),
        ({"identity_urns": [USER], "kmip_policy": False}, {}, "warning", "okms_kmip_policy: true"),
        (
            {"identity_urns": [USER], "kmip_policy": True},
            {"missing_actions": [POLICY_RIGHT]},
            "warning",
            "okms_kmip_policy: false",
        ),
    ],
)
def test_policy_for_kmip(settings: dict[str, t.Any], changes: dict[str, t.Any], severity: str, words: str) -> None:
    facts: dict[str, t.Any] = {"settings": settings, "rights": {"rights": {**RIGHTS, **changes}}}
    found = rows(**facts)["IAM policy for KMIP"]
    assert found[0] == severity and words in found[1]
    assert "IAM policy for KMIP" not in rows("external_kms", **facts)


@pytest.mark.parametrize(
    ("settings", "method", "severity"),
    [
        ({"allow_order": True}, None, "warning"),
        ({"allow_order": True, "max_price": 5}, None, "blocking"),
        ({"allow_order": True}, 12, "ok"),
        ({"allow_order": False}, None, None),
    ],
)
def test_payment(settings: dict[str, t.Any], method: int | None, severity: str | None) -> None:
    account = {"state": "complete", "payment_methods_known": True, "default_payment_method": method}
    found = rows(settings=settings, account={"account": account}, domains={"okms_domains": []})
    assert found.get("Payment method", (None,))[0] == severity


@pytest.mark.parametrize(
    ("status", "price", "severity", "words"),
    [
        ("notPaid", 12.0, "blocking", "order 7 waits for payment of 12 EUR"),
        ("notPaid", None, "blocking", "order 7 waits for payment of an unknown amount"),
        ("notPaid", 0.0, "ok", "order 7 no longer needs a payment method"),
        ("delivering", 12.0, "ok", "order 7 no longer needs a payment method"),
    ],
)
def test_payment_of_an_order_that_is_under_way(status: str, price: float | None, severity: str, words: str) -> None:
    account = {"state": "complete", "payment_methods_known": True, "default_payment_method": None}
    order = {"order_id": 7, "status": status, "price_with_tax": price, "currency": "EUR"}
    found = rows(
        settings={"allow_order": True, "max_price": 20},
        account={"account": account},
        domains={"okms_domains": []},
        order={"order": order, "okms": {}},
    )["Payment method"]
    assert found[0] == severity and words in found[1]


def test_an_account_that_cannot_be_read_is_a_row() -> None:
    failed = {"msg": "error 500", "failure": {"kind": "api"}}
    assert rows(settings={"allow_order": True}, account=failed)["Payment method"][0] == "warning"
    refused = {"msg": "no right", "failure": {"kind": "forbidden"}}
    assert "Payment method" not in rows(settings={"allow_order": True}, account=refused)


@pytest.mark.parametrize(
    ("domains", "settings", "expected"),
    [
        ([], {"region": "EU_WEST_RBX", "allow_order": True}, {"Region": "ok", "OKMS domain": "ok"}),
        ([], {"region": "mars", "allow_order": True}, {"Region": "blocking", "OKMS domain": "ok"}),
        ([], {"region": "eu-west-rbx"}, {"Region": "ok", "OKMS domain": "blocking"}),
        ([], {"okms_id": "x", "region": "eu-west-rbx"}, {"Region": "ok", "OKMS domain": "blocking"}),
        ([{"id": "x", "display_name": "k", "region": "r", "state": "OK"}], {}, {"OKMS domain": "ok"}),
        ([{"id": "x", "display_name": "k", "region": "r", "state": "SUSPENDED"}], {}, {"OKMS domain": "blocking"}),
    ],
)
def test_domain(domains: list[t.Any], settings: dict[str, t.Any], expected: dict[str, str]) -> None:
    found = rows(settings=settings, domains={"okms_domains": domains, "regions": [{"id": "eu-west-rbx"}]})
    assert {check: row[0] for check, row in found.items()} == expected


@pytest.mark.parametrize(
    ("address", "networks", "words"),
    [
        (None, [], "198.51.100.5/32"),
        ("8.8.8.8", [], "8.8.8.8/32 to reach vCenter"),
        ("10.0.0.1", [], "private address"),
        ("8.8.8.8", ["8.8.8.0/24"], "check host name"),
        ("2a01::1", [], "2a01::1/128"),
    ],
)
def test_no_way_to_vcenter(address: str | None, networks: list[str], words: str) -> None:
    cloud = {**CLOUD, "allowed_networks": [{"network": network} for network in networks]}
    away = {**READY, "reachable": False, "problem": "timed out", "missing_privileges": None, "hosts": None}
    away["clock_offset"] = None
    found = rows(settings={"address": address}, cloud={"private_clouds": [cloud]}, vcenter={"readiness": away})
    assert (
        found["vCenter reachable from the control node"][0] == "blocking"
        and words in found["vCenter reachable from the control node"][1]
    )


def test_privileges_that_the_encryption_right_does_not_give() -> None:
    missing = ["Cryptographer.ManageKeys", "StorageProfile.Apply", "Vsan.Cluster.ShallowRekey"]
    vcenter = {"vcenter": "vc", "readiness": {**READY, "missing_privileges": missing}}
    found = rows(vcenter=vcenter)
    assert found["vSphere privileges"][0] == "blocking" and "StorageProfile" not in found["vSphere privileges"][1]
    severity, text = found["vSphere privileges of VMs, policies, vSAN"][:2]
    assert severity == "warning" and "missing StorageProfile.Apply, Vsan.Cluster.ShallowRekey" in text


@pytest.mark.parametrize(
    ("missing", "settings", "severity"),
    [
        ([], {}, "ok"),
        (["Cryptographer.ManageKeyServers"], {}, "blocking"),
        (["Cryptographer.ManageKeyServers"], {"grant": True}, "ok"),
        (["Cryptographer.Encrypt"], {}, "warning"),
    ],
)
def test_privileges(missing: list[str], settings: dict[str, t.Any], severity: str) -> None:
    vcenter = {"vcenter": "vc", "readiness": {**READY, "missing_privileges": missing}}
    assert rows(settings=settings, vcenter=vcenter)["vSphere privileges"][0] == severity


@pytest.mark.parametrize(
    ("option", "host", "required", "expected"),
    [
        ("native_key_provider", {}, True, {"ESXi versions": "ok", "TPM of the hosts": "ok"}),
        ("native_key_provider", {"tpm": False}, True, {"ESXi versions": "ok", "TPM of the hosts": "blocking"}),
        ("native_key_provider", {"tpm": None}, True, {"ESXi versions": "ok", "TPM of the hosts": "warning"}),
        ("native_key_provider", {"tpm": False}, False, {"ESXi versions": "ok", "TPM of the hosts": "ok"}),
        ("native_key_provider", {"version": "7.0.1"}, False, {"ESXi versions": "blocking", "TPM of the hosts": "ok"}),
        ("okms", {"version": "7.0.1", "tpm": False}, True, {"ESXi versions": "ok"}),
        ("okms", {"connection_state": "notResponding"}, True, {"ESXi versions": "ok", "Hosts connected": "warning"}),
    ],
)
def test_hosts(option: str, host: dict[str, t.Any], required: bool, expected: dict[str, str]) -> None:
    vcenter = {"vcenter": "vc", "readiness": {**READY, "hosts": [{**HOST, **host}]}}
    found = rows(option, settings={"tpm_required": required}, vcenter=vcenter)
    assert {
        check: found[check][0] for check in found if check in {*expected, "Hosts connected", "TPM of the hosts"}
    } == (expected)


@pytest.mark.parametrize(
    ("names", "required", "severity"),
    [
        (["PREMIER", "SDDC"], True, "warning"),
        (["ESSENTIALS"], True, "warning"),
        (["ESSENTIALS"], False, "ok"),
        (["PREMIER"], True, "ok"),
    ],
)
def test_tpm_on_ranges_older_than_premier(names: list[str], required: bool, severity: str) -> None:
    """OVHcloud's guide vm-encrypt-vnkp unticks the requirement there, whatever the hosts report."""
    clouds = {"private_clouds": [{**CLOUD, "life_cycle": {"commercial_names": names, "ends": []}}]}
    vcenter = {"vcenter": "vc", "readiness": {**READY, "hosts": [HOST]}}
    found = rows("native_key_provider", settings={"tpm_required": required}, vcenter=vcenter, cloud=clouds)
    assert found["TPM of the hosts"][0] == severity


@pytest.mark.parametrize(
    ("api", "vcenter", "severity", "words"),
    [
        (1.0, 2.0, "ok", "OVHcloud +1 s"),
        (300.0, 301.0, "warning", "clock of the control node"),
        (0.0, 61.0, "blocking", "clock of vCenter"),
        (-61.0, 0.0, "blocking", "clock of OVHcloud"),
        (None, 90.0, "blocking", "clock of vCenter"),
        (59.0, 0.0, "ok", ""),
    ],
)
def test_clocks(api: float | None, vcenter: float, severity: str, words: str) -> None:
    rights = {"rights": RIGHTS, "clock_offset": api} if api is not None else {}
    found = rows(rights=rights, vcenter={"vcenter": "vc", "readiness": {**READY, "clock_offset": vcenter}})["Clocks"]
    assert found[0] == severity and words in found[1]


def test_a_machine_that_signs_must_have_the_time() -> None:
    vcenter = {"vcenter": "vc", "readiness": {**READY, "clock_offset": 301.0}}
    found = rows("external_kms", rights={"rights": RIGHTS, "clock_offset": 300.0}, vcenter=vcenter)["Clocks"]
    assert found[0] == "blocking" and "clock of the control node" in found[1]


def test_a_failed_task_is_a_row() -> None:
    failed = {"failed": False, "msg": "no answer", "failure": {"kind": "unreachable"}}
    found = rows(rights=failed, vcenter=failed, settings={"service_name": "pcc-1"}, cloud=failed, domains=failed)
    assert {check: row[0] for check, row in found.items()} == dict.fromkeys(
        ("OVHcloud credential", "Private cloud", "OKMS domain", "vCenter reachable from the control node"), "blocking"
    )
    refused = {"msg": "no right", "failure": {"kind": "forbidden"}}
    assert rows(settings={"service_name": "pcc-1"}, cloud=refused, domains=refused) == {}


@pytest.mark.parametrize(
    ("replication", "severity"), [({"zerto": True}, "warning"), ({"zerto": False}, None), (None, None)]
)
def test_zerto_of_the_private_cloud(replication: dict[str, bool] | None, severity: str | None) -> None:
    cloud = {"private_clouds": [{"state": None, "replication": replication}]}
    found = rows(settings={"service_name": "pcc-1"}, cloud=cloud).get("Zerto", (None,))
    assert found[0] == severity


@pytest.mark.parametrize("clusters", [[], ["C0"], None])
def test_vsan_is_said_to_be_by_arrangement(clusters: list[str] | None) -> None:
    found = rows(vcenter={"vcenter": "vc", "readiness": {**READY, "vsan_clusters": clusters}})
    assert ("vSAN" in found) == bool(clusters)
    assert not clusters or (found["vSAN"][0] == "ok" and "Technical Account Manager" in found["vSAN"][1])


def test_what_was_not_named_is_told() -> None:
    nothing: dict[str, t.Any] = {"settings": {"service_name": ""}}
    assert {check: row[0] for check, row in rows("okms", **nothing).items()} == {"Private cloud": "warning"}
    assert {check: row[0] for check, row in rows("external_kms", **nothing).items()} == {"KMS": "warning"}
    assert rows("native_key_provider", **nothing) == {}


def test_worst_rows_come_first_and_blocking_ones_in_message() -> None:
    vcenter = {"vcenter": "vc", "readiness": {**READY, "missing_privileges": ["Cryptographer.ManageKeys"]}}
    table = preflight_table({"option": "okms", "vcenter": vcenter})
    assert [row["severity"] for row in table["rows"]] == ["blocking", "ok", "ok", "ok", "ok"]
    found, _arrow, step = table["lines"][0].partition(" -> ")
    assert found == "blocking  vSphere privileges: missing Cryptographer.ManageKeys"
    assert step.startswith("name the user in okms_vsphere_user")
    assert (table["blocking"], table["warning"], table["ok"]) == (1, 0, 4)
    assert "1 finding blocks option okms: (1) vSphere privileges" in table["message"]
    assert "nothing blocks" in preflight_table({"option": "okms"})["message"]


@pytest.mark.parametrize(
    ("option", "wanted", "severity", "words"),
    [
        ({"state": "enabled", "available": True}, True, "ok", "it is enabled"),
        ({"state": "disabled", "available": True}, True, "ok", "it will be enabled"),
        ({"state": "disabled", "available": True}, False, "ok", "not enabled; local users are used"),
        ({"state": "disabled", "available": False}, True, "blocking", "service pack hds-2024 use a local vSphere user"),
        ({"state": "disabled", "available": False}, False, "ok", "service pack hds-2024"),
    ],
)
def test_iam_is_told_with_what_will_become_of_it(
    option: dict[str, t.Any], wanted: bool, severity: str, words: str
) -> None:
    cloud = {**CLOUD, "service_pack": "hds-2024", "iam": option}
    found = rows(cloud={"private_clouds": [cloud]}, settings={"iam": wanted})["IAM of the private cloud"]
    assert found[0] == severity and words in found[1]


def test_small_parts() -> None:
    assert listed([1, 2, 3], 2) == "1, 2 and 1 more"
    assert contains(["10.0.0.0/8"], "10.1.1.1") and not contains(["x"], "10.1.1.1")
    assert odd_one({"the control node": 0.0, "OVHcloud": 100.0}) == "the control node"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"cost": {"text": "OKMS kms-prod holds 12 KMIP objects: 0.72 EUR a month"}}, "0.72 EUR a month"),
        ({"cost": {}, "settings": {"allow_order": True}}, "0.06 EUR for each KMIP object per month"),
        ({"cost": {}, "settings": {}}, None),
    ],
)
def test_cost_of_okms(facts: dict[str, t.Any], words: str | None) -> None:
    usage = [{"price": 0.06, "currency": "EUR", "object": "KMIP object", "unit": "month"}]
    found = rows(order={"pricing": {"usage": usage}}, **facts)
    assert ("Cost of OKMS" in found) is (words is not None)
    if words is not None:
        assert found["Cost of OKMS"][0] == "ok"
        assert words in found["Cost of OKMS"][1]
