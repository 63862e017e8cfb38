# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter decommission_plan: who needs a key provider, and what may go with it."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.decommission_plan import FilterModule

decommission_plan = FilterModule().filters()["decommission_plan"]
HOST, OTHER_HOST = "eu-west-rbx.okms.ovh.net", "kms.example.com"
OPTIONS: dict[str, t.Any] = {
    "provider": "okms-prod",
    "new_default": "",
    "in_use_by": [],
    "okms_id": "",
    "private_cloud": "",
    "credential_name": "",
    "policy": "",
    "kms_hosts": [],
    "okms_endpoint": "auto",
}
DOMAIN = {"id": "id-1", "kmip_endpoints": {"rsa": {"host": HOST}, "ecdsa": {"host": f"ecdsa.{HOST}"}}}
KNOWN = {
    "servers": [{"address": HOST}],
    "okms": {"id": "id-1", "policy": "policy-of-the-dossier"},
    "variables": {"okms_private_cloud": "pcc-1", "okms_credential_name": "vcenter-of-the-dossier"},
}


def provider(
    name: str = "okms-prod", host: str = HOST, sha256: str | None = "AA", **changes: t.Any
) -> dict[str, t.Any]:
    """A key provider as key_provider_info tells it."""
    return {
        "name": name,
        "servers": [{"address": host}],
        "default_clusters": [],
        "client_certificate": {"sha256": sha256} if sha256 else None,
        "users": {"system_default": False, "clusters_default": []},
        "needed_by": [],
        **changes,
    }


def credential(name: str, sha256: str | None, status: str = "READY") -> dict[str, t.Any]:
    """An access certificate as okms_credential_info tells it."""
    return {"name": name, "certificate_sha256": sha256, "status": status}


def plan(*providers: dict[str, t.Any], read: t.Any = None, **options: t.Any) -> dict[str, t.Any]:
    """The plan for these providers."""
    seen = {"info": {"key_providers": list(providers)}, **(read or {})}
    return t.cast("dict[str, t.Any]", decommission_plan(seen, {**OPTIONS, **options}))


@pytest.mark.parametrize(
    ("needed_by", "system", "clusters", "defaults"),
    [
        ([], False, [], []),
        ([], True, ["C0"], ["default of cluster C0", "system default"]),
        # whatever it is called: a VM is a user, and no default
        (["VM system default (home)"], False, [], []),
        (["VM vm1 (home)", "host esx1"], True, [], ["system default"]),
    ],
)
def test_defaults_are_told_from_users_by_data(
    needed_by: list[str], system: bool, clusters: list[str], defaults: list[str]
) -> None:
    users = {"system_default": system, "clusters_default": clusters}
    found = plan(provider(needed_by=needed_by, users=users))
    assert (found["users"], found["defaults"]) == (needed_by, defaults)
    assert plan(provider(needed_by=needed_by), in_use_by=["site B"])["users"] == [*needed_by, "site B"]


def test_provider_that_vcenter_lost_keeps_its_users() -> None:
    lost = {"name": "okms-prod", "needed_by": ["VM vm1 (home)"], "users": {"clusters_default": ["C0"]}}
    found = decommission_plan({"info": {"missing_key_providers": [lost]}}, OPTIONS)
    assert (found["provider"], found["users"], found["defaults"]) == ({}, ["VM vm1 (home)"], ["default of cluster C0"])


def test_before_anything_was_read_nothing_is_known() -> None:
    found = decommission_plan({"info": {}, "dossier": None, "domains": {"skipped": True}}, OPTIONS)
    assert {key: value for key, value in found.items() if value} == {
        "credential_name": "vcenter-",
        "policy": "okms--okms-prod-kmip",
    }


def test_successor_takes_over_the_clusters_of_both() -> None:
    old, new = provider(default_clusters=["C2", "C1"]), provider("new", OTHER_HOST, default_clusters=["C1", "C0"])
    found = plan(old, new, new_default="new")
    assert (found["successor"]["name"], found["default_clusters"]) == ("new", ["C0", "C1", "C2"])
    assert plan(old, new_default="okms-prod")["successor"] == {}  # not by itself
    assert plan({**old, "type": "native"}, {**new, "type": "native"})["other_natives"] == ["new"]


@pytest.mark.parametrize(
    ("part", "options", "expected"),
    [
        ({}, {}, ("", "", "vcenter-", "okms--okms-prod-kmip")),
        ({}, {"private_cloud": "pcc-2"}, ("", "pcc-2", "vcenter-pcc-2", "okms-pcc-2-okms-prod-kmip")),
        ({"providers": {"okms-prod": KNOWN}}, {}, ("id-1", "pcc-1", "vcenter-of-the-dossier", "policy-of-the-dossier")),
        ({"retired": {"okms-prod": KNOWN}}, {}, ("id-1", "pcc-1", "vcenter-of-the-dossier", "policy-of-the-dossier")),
        (
            {"providers": {"okms-prod": KNOWN}},
            {"okms_id": "id-2", "private_cloud": "pcc-2", "credential_name": "mine", "policy": "own"},
            ("id-2", "pcc-2", "mine", "own"),
        ),
        ({"providers": {"other": KNOWN}}, {}, ("", "", "vcenter-", "okms--okms-prod-kmip")),
        (
            {"providers": {"okms-prod": {"variables": {"external_kms_private_cloud": "pcc-3"}}}},
            {},
            ("", "pcc-3", "vcenter-pcc-3", "okms-pcc-3-okms-prod-kmip"),
        ),
    ],
)
def test_given_option_beats_the_dossier(part: t.Any, options: t.Any, expected: tuple[str, ...]) -> None:
    found = plan(read={"dossier": part}, **options)
    assert tuple(found[key] for key in ("okms_id", "private_cloud", "credential_name", "policy")) == expected


@pytest.mark.parametrize(
    ("read", "options", "hosts"),
    [
        ({}, {}, []),
        ({}, {"kms_hosts": [OTHER_HOST]}, [OTHER_HOST]),
        ({"dossier": {"retired": {"okms-prod": KNOWN}}}, {"kms_hosts": [OTHER_HOST]}, [OTHER_HOST, HOST]),
        ({"domains": {"okms_domains": [DOMAIN]}}, {}, [HOST, f"ecdsa.{HOST}"]),
        ({"domains": {"okms_domains": [DOMAIN]}}, {"okms_endpoint": "ecdsa"}, [f"ecdsa.{HOST}"]),
        ({"domains": {"okms_domains": [{**DOMAIN, "kmip_endpoints": {"rsa": None}}]}}, {}, []),
    ],
)
def test_hosts_are_known_without_vcenter(read: t.Any, options: t.Any, hosts: list[str]) -> None:
    assert plan(read=read, **options)["hosts"] == hosts
    strange = plan(provider(host="elsewhere"), read=read, **options)["strange"]
    assert strange == ["elsewhere"]


def test_certificate_of_another_provider_is_not_revoked() -> None:
    listed = [
        credential("vcenter-pcc-1", "AA"),
        credential("vcenter-pcc-1", "BB"),
        credential("vcenter-pcc-1", "CC", "DELETING"),
        credential("vcenter-pcc-1", None, "CREATING"),
        credential("backup-tool", "DD"),
        credential("old-tool", "EE", "EXPIRED"),
    ]
    read = {"credentials": {"credentials": listed}, "domains": {"okms_domains": [DOMAIN]}}
    others = [provider("other", HOST, "BB"), provider("native", HOST, None, servers=[])]
    found = plan(provider(), *others, read=read, private_cloud="pcc-1")
    assert [one["certificate_sha256"] for one in found["ours"]] == ["AA", "BB", None]
    assert [one["certificate_sha256"] for one in found["to_revoke"]] == ["AA", None]
    assert found["presented"] == ["vcenter-pcc-1"]
    shared = "access certificate vcenter-pcc-1"
    assert found["neighbours"] == ["key provider other", shared, "access certificate backup-tool"]


def test_entry_that_another_provider_needs_stays() -> None:
    flows = [{"item": HOST, "failure": {"needed_by": ["other"]}}, {"item": OTHER_HOST}]
    found = plan(provider(), provider("other", HOST), read={"kms_entries": {"results": flows}})
    assert (found["shared"], found["other_hosts"]) == ([HOST], [HOST])


@pytest.mark.parametrize("read", ["text", {}, {"info": {"key_providers": [{}]}}, {"info": "text"}])
def test_what_was_not_read_by_the_role_is_refused(read: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="decommission_plan"):
        decommission_plan(read, OPTIONS)


def test_stream_of_the_logs_with_kinds_of_its_own() -> None:
    held = {"providers": {"okms-prod": {"okms": {"log_stream_id": "stream-1", "log_kinds": ["kmip"]}}}}

    def logs(**options: t.Any) -> tuple[str, list[str]]:
        found = decommission_plan({"info": {}, "dossier": held}, {**OPTIONS, **options})
        return found["log_stream_id"], found["log_kinds"]

    assert logs() == logs(log_stream_id="") == logs(log_stream_id="stream-1") == ("stream-1", ["kmip"])
    assert logs(log_stream_id="STREAM-1") == ("STREAM-1", ["kmip"])
    # nothing is known of another stream: all that goes there
    assert logs(log_stream_id="stream-2") == ("stream-2", [])


def test_what_goes_before_needs_nothing() -> None:
    both = (provider(), provider("okms-old", sha256="BB"))
    certificates = {"credentials": [credential("vcenter-pcc", "AA"), credential("vcenter-pcc", "BB")]}
    read = {"domains": {"okms_domains": [DOMAIN]}, "credentials": certificates}
    beside = plan(*both, read=read, private_cloud="pcc")
    alone = plan(*both, read=read, private_cloud="pcc", going=["okms-old"])
    assert beside["neighbours"] == ["key provider okms-old", "access certificate vcenter-pcc"]
    assert alone["neighbours"] == [] and len(alone["to_revoke"]) == 2 and alone["other_hosts"] == []
