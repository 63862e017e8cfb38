# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What should be there: by the dossier, by variables, by both."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.expected import expected
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._drift.drift_site import (
    DOMAIN,
    DOMAINS,
    DOSSIER,
    HOST,
)

OKMS = {
    "private_cloud": "pcc-2",
    "region": "eu-west-rbx",
    "display_name": "kms",
    "provider": "okms",
    "endpoint": "auto",
}
EXTERNAL = {
    "private_cloud": "pcc-2",
    "provider": "team-kms",
    "servers": [{"name": "kms1", "address": "kms1.example.net", "password": "planted", "thumbprint": "AB"}],
    "private_key": "planted",
    "server_ca": "CA",
}


def one(facts: dict[str, t.Any]) -> dict[str, t.Any]:
    """The only provider."""
    (found,) = expected(facts)["providers"]
    return t.cast("dict[str, t.Any]", found)


def test_nothing_is_expected_of_nothing() -> None:
    made = expected({})
    assert made["providers"] == made["servers"] == made["domains"] == made["native"] == []
    assert (made["private_cloud"], made["known"]) == ("", False)


def test_dossier_alone_is_enough() -> None:
    made = expected({"dossier": DOSSIER, "domains": DOMAINS})
    assert [row["name"] for row in made["providers"]] == ["nkp-prod", "okms-prod"]
    assert (made["domains"], made["native"], made["private_cloud"]) == ([{"okms_id": DOMAIN}], ["nkp-prod"], "pcc-1")
    (server,) = made["servers"]
    assert (server["address"], server["port"], server["ca"], server["judged"]) == (HOST, 5697, "CA", True)
    assert server["description"] == f"OVHcloud KMS: {HOST}"
    assert made["policies"] == ["okms-pcc-okms-prod-kmip"]


def test_variables_alone_are_enough() -> None:
    before = expected({"variables": {"okms": OKMS}})
    assert before["domains"] == [{"display_name": "kms", "region": "eu-west-rbx"}] and before["servers"] == []
    (server,) = expected({"variables": {"okms": OKMS}, "domains": DOMAINS})["servers"]
    assert (server["name"], server["address"], server["port"], server["ca"]) == ("eu-west-rbx", HOST, 5697, "CA")


@pytest.mark.parametrize(
    "answers", [{"provider": "okms", "private_cloud": "pcc-2", "display_name": "kms"}, {"region": ""}, {}]
)
def test_variables_that_name_nothing_are_not_used(answers: dict[str, t.Any]) -> None:
    assert expected({"variables": {"okms": answers}})["providers"] == []


def test_variables_count_where_both_say_something() -> None:
    answers = {**OKMS, "provider": "okms-prod", "id": "another", "default_provider": True, "vsphere_user": "new"}
    found = one({"dossier": {"okms-prod": DOSSIER["okms-prod"]}, "variables": {"okms": answers}})
    assert (found["okms"]["id"], found["answers"]["vsphere_user"], found["default"]) == ("another", "new", True)
    assert found["sources"] == ["dossier", "variables"]
    named = {row["name"] for row in found["contradictions"]}
    assert named == {"okms_private_cloud", "okms_vsphere_user", "okms_id"}
    # what the variables leave open, the dossier knows
    assert found["answers"]["entry_description"] == "OVHcloud KMS"


@pytest.mark.parametrize("name", ["okms_entry_description", "okms_flow_description"])
def test_entries_are_described_as_the_role_does(name: str) -> None:
    entry = DOSSIER["okms-prod"]
    found = one({"dossier": {"okms-prod": {**entry, "variables": {name: "ours"}}}})
    assert found["servers"][0]["description"] == f"ours: {HOST}"


def test_nothing_secret_goes_on() -> None:
    made = expected(
        {"variables": {"external_kms": EXTERNAL, "native_key_provider": {"name": "n", "backup_path": "/b"}}}
    )
    for server in made["servers"]:
        assert "password" not in server
    assert "planted" not in json.dumps(made["servers"]) and "private_key" not in json.dumps(made)


@pytest.mark.parametrize(
    ("answers", "entry", "thumbprints", "ca", "judged"),
    [
        ({}, {}, ["AB"], "CA", True),
        ({"server_ca": ""}, {}, ["AB"], "", True),
        ({"servers": [{"name": "kms1", "address": "k"}]}, {}, [], "CA", True),
        ({"servers": [{"name": "kms1", "address": "k"}], "server_ca": ""}, {}, [], "", False),
        (
            {"servers": [{"name": "kms1", "address": "k"}], "server_ca": ""},
            {"role": "external_kms", "server_certificates": ["S1", "S2"]},
            ["S1", "S2"],
            "",
            True,
        ),
    ],
)
def test_own_kms_is_vouched_for_by_its_pin_or_ca(
    answers: dict[str, t.Any], entry: dict[str, t.Any], thumbprints: list[str], ca: str, judged: bool
) -> None:
    dossier = {"team-kms": entry} if entry else {}
    made = one({"dossier": dossier, "variables": {"external_kms": {**EXTERNAL, **answers}}})["servers"][0]
    assert (made["thumbprints"], made["ca"], made["judged"], made["port"]) == (thumbprints, ca, judged, 5696)


@pytest.mark.parametrize(
    ("pins", "domains", "told"),
    [
        ([], DOMAINS, ([], "CA", True)),
        (["AB"], DOMAINS, (["AB"], "", True)),
        ("AB", [], (["AB"], "", True)),
        # the domain could not be read: nothing says which certificate the server must have
        ([], [], ([], "", False)),
    ],
)
def test_okms_is_vouched_for_by_pins_or_its_domain(
    pins: t.Any, domains: list[dict[str, t.Any]], told: tuple[list[str], str, bool]
) -> None:
    entry = DOSSIER["okms-prod"]
    dossier = {"okms-prod": {**entry, "variables": {**entry["variables"], "okms_server_thumbprints": pins}}}
    server = one({"dossier": dossier, "domains": domains})["servers"][0]
    assert (server["thumbprints"], server["ca"], server["judged"]) == told


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, "okms-pcc-okms-prod-kmip"),
        ({"okms_kmip_policy": False}, ""),
        ({"okms_kmip_policy": "no"}, ""),
        ({"okms_identity_urns": []}, ""),
    ],
)
def test_policy_is_expected_only_if_the_role_keeps_one(changed: dict[str, t.Any], named: str) -> None:
    entry = DOSSIER["okms-prod"]
    found = one({"dossier": {"okms-prod": {**entry, "variables": {**entry["variables"], **changed}}}})
    assert (found["policy"] or {"name": ""})["name"] == named


def test_name_of_the_policy_is_that_of_the_role() -> None:
    answers = {**OKMS, "provider": "a provider", "identity_urns": ["urn:v1:x"], "kmip_policy": True}
    assert one({"variables": {"okms": answers}})["policy"]["name"] == "okms-pcc-2-a-provider-kmip"


def test_checksum_is_of_the_file_that_the_dossier_names() -> None:
    entry = {"nkp-prod": DOSSIER["nkp-prod"]}
    answers = {"name": "nkp-prod", "backup_path": "/elsewhere.p12"}
    assert one({"dossier": entry})["backup"]["sha256"] == "ab" * 32
    moved = one({"dossier": entry, "variables": {"native_key_provider": answers}})["backup"]
    assert (moved["path"], moved["sha256"], moved["created_at"]) == ("/elsewhere.p12", "", None)
