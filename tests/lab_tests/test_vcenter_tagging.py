# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags in the REST interface of the lab's vCenter, with plain requests."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    PASSWORD,
    USER,
    RestClient,
    VCenterSite,
)

CATEGORY, TAG, ON = "/api/cis/tagging/category", "/api/cis/tagging/tag", "/api/cis/tagging/tag-association?action="


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


@pytest.fixture
def rest(site, tmp_path):
    client = RestClient(site, tmp_path)
    yield client
    client.close()


def machine(number):
    return {"type": "VirtualMachine", "id": f"vm-{number}"}


def test_tags_and_categories(site, rest):
    prod = site.vcenter.tagging.attach("env", "prod")
    test = site.vcenter.tagging.attach("env", "test")
    gold = site.vcenter.tagging.attach("tier", "gold")
    assert rest("GET", CATEGORY).json() == [prod.category.id, gold.category.id]
    assert prod.id.startswith("urn:vmomi:InventoryServiceTag:") and prod.id.endswith(":GLOBAL")
    assert rest("GET", f"{CATEGORY}/{prod.category.id}").json()["name"] == "env"
    assert rest("GET", TAG).json() == [prod.id, test.id, gold.id]
    found = rest("GET", f"{TAG}/{gold.id}").json()
    assert (found["name"], found["category_id"]) == ("gold", gold.category.id)
    body = {"category_id": prod.category.id}
    assert rest("POST", TAG + "?action=list-tags-for-category", body).json() == [prod.id, test.id]
    for path in (f"{TAG}/urn:none", f"{CATEGORY}/urn:none"):
        missing = rest("GET", path)
        assert (missing.status_code, missing.json()["error_type"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("listed", [False, True])
def test_what_is_attached(site, rest, listed):
    site.vcenter.settings.untagged_objects_listed = listed
    inventory = site.vcenter.inventory
    prod = site.vcenter.tagging.attach("env", "prod", inventory.vm("vm1"), inventory.vm("vm2"))
    gold = site.vcenter.tagging.attach("tier", "gold", inventory.vm("vm2"), inventory.vm_folder)
    assert rest("POST", ON + "list-attached-tags", {"object_id": machine(2)}).json() == [prod.id, gold.id]
    body = {"object_ids": [machine(1), machine(2), machine(3)]}
    assert rest("POST", ON + "list-attached-tags-on-objects", body).json() == [
        {"object_id": machine(1), "tag_ids": [prod.id]},
        {"object_id": machine(2), "tag_ids": [prod.id, gold.id]},
        *([{"object_id": machine(3), "tag_ids": []}] if listed else []),
    ]
    folder = {"type": "Folder", "id": "group-v3"}
    assert rest("POST", ON + "list-attached-objects-on-tags", {"tag_ids": [gold.id, "urn:none"]}).json() == [
        {"tag_id": gold.id, "object_ids": [machine(2), folder]}
    ]
    assert [entry.kind for entry in site.journal.entries()] == ["login", "read", "read", "read"]


def test_refusals(site, rest):
    site.vcenter.settings.tagging_limit = 2
    for body in (None, {"object_ids": [machine(1), machine(2), machine(3)]}):
        refused = rest("POST", ON + "list-attached-tags-on-objects", body)
        assert (refused.status_code, refused.json()["error_type"]) == (400, "INVALID_ARGUMENT")
    rest.http.headers.pop("vmware-api-session-id")
    assert rest("GET", TAG).status_code == 401


OLD = "/rest/com/vmware/cis/tagging"


def test_the_older_tree_answers_the_same_wrapped(site, rest):
    inventory = site.vcenter.inventory
    prod = site.vcenter.tagging.attach("env", "prod", inventory.vm("vm1"))
    gold = site.vcenter.tagging.attach("tier", "gold")

    def value(method, path, body=None):
        answer = rest(method, OLD + path, body)
        assert answer.status_code == 200, answer.text
        assert list(answer.json()) == ["value"]
        return answer.json()["value"]

    assert value("GET", "/category") == [prod.category.id, gold.category.id]
    assert value("GET", f"/category/id:{prod.category.id}")["name"] == "env"
    assert value("GET", "/tag") == [prod.id, gold.id]
    assert value("GET", f"/tag/id:{gold.id}")["name"] == "gold"
    assert value("POST", f"/tag/id:{prod.category.id}?~action=list-tags-for-category") == [prod.id]
    target, association = machine(1), "/tag-association"
    assert value("POST", f"{association}?~action=list-attached-tags", {"object_id": target}) == [prod.id]
    assert value("POST", f"{association}?~action=list-attachable-tags", {"object_id": target}) == [gold.id]
    assert value("POST", f"{association}/id:{prod.id}?~action=list-attached-objects") == [target]
    found = value("POST", f"{association}?~action=list-attached-tags-on-objects", {"object_ids": [target]})
    assert found == [{"object_id": target, "tag_ids": [prod.id]}]
    found = value("POST", f"{association}?~action=list-attached-objects-on-tags", {"tag_ids": [prod.id]})
    assert found == [{"tag_id": prod.id, "object_ids": [target]}]


def test_errors_of_the_older_tree(rest):
    missing = rest("GET", OLD + "/tag/id:urn:none")
    assert (missing.status_code, missing.json()["type"]) == (404, "com.vmware.vapi.std.errors.not_found")
    for body in ({"object_id": None}, {"object_id": "vm-1"}, ["vm-1"]):
        wrong = rest("POST", OLD + "/tag-association?~action=list-attached-tags", body)
        assert (wrong.status_code, wrong.json()["type"]) == (400, "com.vmware.vapi.std.errors.invalid_argument")


@pytest.mark.parametrize("version", ["7.0.1", "7.0.2"])
def test_the_older_tree_is_there_before_the_newer_one(version, tmp_path):
    site = VCenterSite(version=version)
    rest = RestClient(site, tmp_path, login=False)
    try:
        session = rest("POST", "/rest/com/vmware/cis/session", auth=(USER, PASSWORD)).json()["value"]
        rest.http.headers["vmware-api-session-id"] = session
        assert rest("GET", OLD + "/tag").json() == {"value": []}
        assert rest("GET", TAG).status_code == (404 if version == "7.0.1" else 200)
    finally:
        rest.close()
        site.close()
