# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter preflight_scope: what is looked at next, and what is handed on."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.preflight_scope import FilterModule

preflight_scope = FilterModule().filters()["preflight_scope"]
OPTIONS: dict[str, t.Any] = {
    "option": "okms",
    "show": "findings",
    "okms_region": "EU_WEST_RBX",
    "iam": False,
    "kmip_policy": True,
    "logs": False,
    "identity_urns": [],
    "vsphere_user": "admin",
}
DOMAIN = {"id": "id-1", "state": "OK", "kmip_object_count": 3}
READY = {"reachable": True, "logged_in": True}
PROVIDER = {"name": "okms", "servers": [{"address": "eu"}], "status": "green"}
ADMIN = {"login": "admin@pcc.example.com", "name": "admin", "encryption_right": True}


def scope(options: t.Any = None, **read: t.Any) -> dict[str, t.Any]:
    """What follows from what was read."""
    given = {**OPTIONS, **(options or {})}
    may = given.pop("profile", "operate"), given.pop("allow_order", None)
    return t.cast("dict[str, t.Any]", preflight_scope({"options": given, **read}, *may))


def domains(*found: dict[str, t.Any]) -> dict[str, t.Any]:
    """A result of okms_info."""
    return {"okms_domains": list(found), "regions": [{"id": "eu-west-par"}, {"id": "eu-west-rbx"}]}


def test_before_anything_was_read_nothing_is_known() -> None:
    found = scope(vcenter={"failed": True}, domains={"skipped": True}, rights={}, cloud={}, servers=[])
    assert (found["domain"], found["place"], found["provider"], found["usable"]) == ({}, {}, {}, False)
    assert found["read"] == {
        "provider_known": False,
        "provider": {},
        "user": {},
        "entries": [],
        "servers": {},
        "domain": {},
    }


@pytest.mark.parametrize(
    ("found", "domain", "handed"),
    [
        ([], {}, {}),
        ([DOMAIN], DOMAIN, DOMAIN),
        # one that has ended stays readable
        ([{**DOMAIN, "state": "EXPIRED"}], {}, {}),
        ([{**DOMAIN, "state": "SUSPENDED"}, DOMAIN], DOMAIN, DOMAIN),
        # which of them is meant is not for the preflight to say
        ([DOMAIN, {**DOMAIN, "id": "id-2"}], DOMAIN, {}),
    ],
)
def test_domain_that_is_clear_is_handed_on(found: list[t.Any], domain: t.Any, handed: t.Any) -> None:
    seen = scope(domains=domains(*found))
    assert (seen["domain"], seen["read"]["domain"], seen["place"]["id"]) == (domain, handed, "eu-west-rbx")


@pytest.mark.parametrize(
    ("options", "found", "profile", "allow_order", "orders"),
    [
        ({}, [], "operate", False, False),
        ({"profile": "order"}, [], "order", True, True),
        ({"profile": "order"}, [DOMAIN], "operate", True, False),
        ({"profile": "order", "allow_order": False}, [], "order", False, False),
        ({"allow_order": True}, [], "operate", True, True),
        ({"option": "external_kms", "profile": "order"}, [], "order", True, False),
    ],
)
def test_nothing_is_ordered_when_the_domain_is_there(
    options: t.Any, found: list[t.Any], profile: str, allow_order: bool, orders: bool
) -> None:
    seen = scope(options, domains=domains(*found))
    assert (seen["profile"], seen["allow_order"], seen["orders"]) == (profile, allow_order, orders)


@pytest.mark.parametrize(
    ("options", "features"),
    [
        ({}, []),
        ({"iam": True}, ["iam"]),
        ({"identity_urns": ["urn"]}, ["kmip_policy"]),
        ({"identity_urns": ["urn"], "kmip_policy": False}, []),
        ({"identity_urns": ["urn"], "option": "external_kms"}, []),
        ({"identity_urns": ["urn"], "iam": True}, ["iam", "kmip_policy"]),
        ({"logs": True, "iam": True}, ["iam", "logs"]),
    ],
)
def test_features_are_those_that_the_role_keeps(options: t.Any, features: list[str]) -> None:
    assert scope(options)["features"] == features


@pytest.mark.parametrize(
    ("options", "read", "gather"),
    [
        ({}, {}, ["users", "replication"]),
        ({"iam": True}, {}, ["users", "replication", "iam"]),
        ({"show": "all"}, {}, ["users", "replication", "life_cycle", "iam"]),
        ({}, {"vcenter": {"readiness": {"reachable": False}}}, ["users", "replication", "networks"]),
        # a provider that works: its entries matter, and that Zerto ends was told when it was made
        ({}, {"vcenter": {"readiness": READY, "key_providers": [PROVIDER]}}, ["users", "kms"]),
        (
            {"show": "all"},
            {"vcenter": {"readiness": READY, "key_providers": [PROVIDER]}},
            ["users", "replication", "life_cycle", "iam", "kms"],
        ),
        (
            {},
            {"vcenter": {"readiness": READY, "key_providers": [{**PROVIDER, "status": "red"}]}},
            ["users", "replication", "kms"],
        ),
        ({}, {"vcenter": {"readiness": READY, "key_providers": [{**PROVIDER, "servers": []}]}}, ["users"]),
    ],
)
def test_of_the_private_cloud_what_matters_is_read(options: t.Any, read: t.Any, gather: list[str]) -> None:
    assert scope(options, **read)["gather"] == gather


@pytest.mark.parametrize(
    ("calls", "actions", "gone"),
    [
        (["GET /dedicatedCloud/pcc-1/datacenter"], [], "replication life_cycle"),
        (["GET /dedicatedCloud/pcc-1/iam"], [], "iam"),
        ([], ["pccVMware:apiovh:iam/get"], "iam"),
        ([], ["pccVMware:apiovh:vmEncryption/kms/get"], "kms"),
        (["GET /dedicatedCloud/pcc-1/allowedNetwork"], [], "networks"),
        (["GET /v2/iam/policy"], ["account:apiovh:iam/policy/get"], ""),
    ],
)
def test_what_may_not_be_read_is_left_out(calls: list[str], actions: list[str], gone: str) -> None:
    vcenter = {"readiness": {"reachable": False}, "key_providers": [PROVIDER]}
    rights = {"rights": {"usable": True, "missing_calls": calls, "missing_actions": actions}}
    everything = ["users", "replication", "life_cycle", "iam", "networks", "kms"]
    seen = scope({"show": "all"}, vcenter=vcenter, rights=rights)
    assert (seen["gather"], seen["usable"]) == ([name for name in everything if name not in gone.split()], True)


@pytest.mark.parametrize(
    ("show", "domain", "logged_in", "counts"),
    [
        ("all", DOMAIN, True, True),
        ("findings", DOMAIN, True, False),
        ("all", {**DOMAIN, "kmip_object_count": 0}, True, False),
        ("all", {**DOMAIN, "kmip_object_count": None}, True, False),
        ("all", DOMAIN, False, False),
    ],
)
def test_keys_are_counted_where_their_cost_is_shown(show: str, domain: t.Any, logged_in: bool, counts: bool) -> None:
    seen = scope({"show": show}, domains=domains(domain), vcenter={"readiness": {**READY, "logged_in": logged_in}})
    assert seen["counts_keys"] is counts


@pytest.mark.parametrize(
    ("users", "wanted", "handed"),
    [
        ([ADMIN], "admin", ADMIN),
        ([ADMIN], "admin@pcc.example.com", ADMIN),
        ([ADMIN], "", {}),
        ([ADMIN], "operator", {}),
        ([ADMIN, {**ADMIN, "login": "admin@other"}], "admin", {}),
        (None, "admin", {}),
    ],
)
def test_user_that_is_clear_is_handed_on(users: t.Any, wanted: str, handed: t.Any) -> None:
    cloud = {"private_clouds": [{"users": users, "encryption": {"kms": [{"ip": "192.0.2.50"}]}}]}
    seen = scope({"vsphere_user": wanted}, cloud=cloud)
    assert (seen["read"]["user"], seen["read"]["entries"]) == (handed, [{"ip": "192.0.2.50"}])


def test_provider_and_servers_are_handed_on() -> None:
    gone = {"item": {"name": "gone"}, "failed": True, "msg": "no answer"}
    servers = [{"item": {"name": "eu"}, "kmip_server": {"host": "eu"}}, gone]
    none = {"readiness": READY, "key_providers": []}
    seen = scope(vcenter=none, servers=servers)["read"]
    assert (seen["provider_known"], seen["provider"], seen["servers"]) == (True, {}, {"eu": {"host": "eu"}})
    refused = scope(vcenter={"readiness": READY, "key_providers": None})["read"]
    assert (refused["provider_known"], refused["provider"]) == (False, {})


@pytest.mark.parametrize("facts", ["text", {}, {"options": {}}, {"options": OPTIONS, "domains": "text"}])
def test_what_the_role_has_not_read_is_refused(facts: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="preflight_scope"):
        preflight_scope(facts)
