# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcenter_field_info and ovhcloud_field_info: empty estates, refusals, and answers that differ from their contract."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud import contract_shapes

MODULES = ("vcenter_field_info", "ovhcloud_field_info")


def fits(result: t.Any) -> dict[str, t.Any]:
    return {one["id"]: one["fits"] for one in result["field"]["sightings"]}


def reasons(result: t.Any) -> dict[str, str]:
    return {one["id"]: one["reason"] for one in result["field"]["sightings"]}


@pytest.mark.oldest("vcenter_field_info", "life")
def test_vcenter_without_key_providers(lab: Lab, run_module: RunModule) -> None:
    open_up(lab)
    mark = lab.journal.mark()
    found = run_module("vcenter_field_info")
    assert not found.failed and not found.changed and lab.journal.writes(mark) == []
    assert run_module("vcenter_field_info", check=True).data == found.data
    field = found["field"]
    assert (field["version"], field["build"], field["unknown_privileges"]) == ("8.0.3", "25600417", [])
    assert fits(found)["argument-fault"] == ["InvalidArgument"]
    assert reasons(found)["native-status"] == "there is no native key provider"
    # the inventory has untagged VMs only, and policies that nobody uses
    assert (fits(found)["untagged-objects"], fits(found)["policy-query-limit"]) == ([False], [0])


@pytest.mark.oldest("vcenter_field_info", "refusal")
def test_vcenter_of_a_user_without_rights(lab: Lab, run_module: RunModule) -> None:
    without(lab, "StorageProfile.View")
    found = run_module("vcenter_field_info")
    assert fits(found)["kmip-servers-privilege"] == [True]
    assert fits(found)["pbm-permission-fault"] == ["NoPermission"]
    assert reasons(found)["argument-fault"] == "it could not be read (forbidden)"
    assert reasons(found)["policy-parts-limit"] == "the storage policies or the VMs cannot be read"
    refused = run_module("vcenter_field_info", password="wr0ng")
    assert refused.failed and refused["failure"]["kind"] == "authentication" and "\n" not in refused.msg


@pytest.mark.oldest("ovhcloud_field_info", "life")
def test_account_without_okms(lab: Lab, run_module: RunModule) -> None:
    contracts = json.loads(contract_shapes.FILE.read_text(encoding="utf-8"))
    mark = lab.journal.mark()
    found = run_module("ovhcloud_field_info", contracts=contracts)
    assert not found.failed and not found.changed and lab.journal.writes(mark) == []
    assert found["field"]["shapes"] == []
    assert reasons(found)["public-ca"] == "there is no OKMS domain"
    again = run_module("ovhcloud_field_info", check=True, contracts=contracts)
    assert again.data == found.data
    assert run_module("ovhcloud_field_info", service_name="pcc-203-0-113-9").failed is False


def test_every_route_has_a_contract(lab: Lab, run_module: RunModule) -> None:
    """What is read and not compared would never be noticed."""
    lab.ovhcloud.new_okms(lab.region, "kms-prod")
    mark = lab.journal.mark()
    assert not run_module("ovhcloud_field_info").failed
    read = {entry.operation for entry in lab.journal.entries(since=mark) if entry.operation.startswith("GET /")}
    routes = {re.sub(r"\{\w+\}", "{}", name.removeprefix("GET ")) for name in read}
    assert routes - set(contract_shapes.ROUTES) == {"/auth/time"}


@pytest.mark.oldest("ovhcloud_field_info", "refusal")
def test_account_that_may_not_read(lab: Lab, run_module: RunModule) -> None:
    refused = run_module("ovhcloud_field_info", application_secret="wr0ng")
    assert refused.failed and refused["failure"]["kind"] == "authentication" and "\n" not in refused.msg
    client_id, secret = lab.ovhcloud.add_service_account("nobody", [])
    options: dict[str, t.Any] = dict.fromkeys(("application_key", "application_secret", "consumer_key"))
    options.update(client_id=client_id, client_secret=secret, token_url=lab.token_url)
    found = run_module("ovhcloud_field_info", **options)
    assert not found.failed, found.msg
    assert "(forbidden)" in reasons(found)["order-line-route"]
    assert reasons(found)["signature-window"] == "only calls with an application key are signed"


def test_answers_that_differ_from_their_contract(lab: Lab, run_module: RunModule) -> None:
    """New fields and words are told by name; what could be a value of the customer's is not."""
    contracts = json.loads(contract_shapes.FILE.read_text(encoding="utf-8"))
    change = {"state": "frozen", "billingType": "of planted-name", "newField": "planted", "a planted key": 1}
    lab.ovhcloud.newer["GET /dedicatedCloud/{serviceName}"] = lambda answer: {
        **{name: value for name, value in answer.items() if name != "webInterfaceUrl"},
        **change,
        "bandwidth": 7,
    }
    found = run_module("ovhcloud_field_info", contracts=contracts)
    (row,) = found["field"]["shapes"]
    assert row == {
        "route": "/dedicatedCloud/{}",
        "unknown_fields": ["(not shown)", "newField"],
        "missing_fields": ["webInterfaceUrl"],
        "unknown_words": ["billingType: (not shown)", "state: frozen"],
        "other_types": ["bandwidth: a number"],
    }
    assert "planted" not in found.output


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (rb"(<returnval[^>]*>)(?=<)", rb"\1<fieldOfTomorrow>planted</fieldOfTomorrow>", "fieldOfTomorrow"),
        (rb"(<ListKmsClustersResponse [^>]*>)", rb'\1<returnval xsi:type="TypeOfTomorrow"/>', "TypeOfTomorrow"),
        (rb">(true|false)<", rb">planted<", "(not shown)"),
    ],
    ids=["field", "type", "value"],
)
def test_names_that_pyvmomi_does_not_know_are_told(
    lab: Lab, run_module: RunModule, old: bytes, new: bytes, name: str
) -> None:
    open_up(lab)
    add_standard(lab, "planted-provider")
    lab.faults.add(
        "rewrite", system="vcenter", operation="ListKmsClusters", rewrite=lambda body: re.sub(old, new, body, count=1)
    )
    found = run_module("vcenter_field_info")
    assert found["field"]["unknown_names"] == [name], found.output
    assert "planted" not in found.output
    assert run_module("vcenter_field_info")["field"]["unknown_names"] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_lost_answer_is_one_thing_unseen(lab: Lab, run_module: RunModule, module: str) -> None:
    open_up(lab)
    operation = {"vcenter_field_info": "ListKmsClusters", "ovhcloud_field_info": "GET /me/order"}[module]
    lab.faults.add("refuse", operation=operation, times=1000)
    found = run_module(module)
    name = {"vcenter_field_info": "native-status", "ovhcloud_field_info": "order-line-route"}[module]
    assert not found.failed and "it could not be read" in reasons(found)[name], found.output


@pytest.mark.parametrize(
    ("module", "operation", "fault", "names"),
    [
        ("ovhcloud_field_info", "GET /auth/details", {"status": 500, "skip": 2}, {"signature-window"}),
        ("ovhcloud_field_info", "GET /dedicatedCloud", {"status": 429, "skip": 1}, {"object-lists"}),
        ("vcenter_field_info", "PbmQueryAssociatedEntities", {"status": 500}, {"policy-query-limit"}),
        ("vcenter_field_info", "*list-attached-tags-on-objects*", {"status": 503, "skip": 1}, {"tagging-limit"}),
    ],
)
def test_a_service_in_trouble_is_no_difference(
    lab: Lab, run_module: RunModule, module: str, operation: str, fault: dict[str, int], names: set[str]
) -> None:
    """Too many requests and errors of a server are no refusal: nothing was seen then."""
    open_up(lab)
    lab.faults.add("status", operation=operation, times=1000, **fault)
    patience: dict[str, t.Any] = {"timeout": 2} if module.startswith("ovh") else {"request_timeout": 5}
    found = run_module(module, **patience)
    assert not found.failed, found.msg
    for name in names:
        assert fits(found)[name] is None and "could not be read" in reasons(found)[name], fits(found)[name]
