# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON-RPC of the lab's vCenter with plain requests; `make lab-check` drives it with the vendor's SDK."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    PASSWORD,
    USER,
    RestClient,
    VCenterSite,
)

KMS, ON_HOST = (
    "com.vmware.vcenter.crypto_manager.kms.providers",
    "com.vmware.vcenter.crypto_manager.hosts.kms.providers",
)
CATEGORY, TAG, ASSOCIATION = (f"com.vmware.cis.tagging.{name}" for name in ("category", "tag", "tag_association"))
CALL = {"serviceId": KMS, "operationId": "list", "input": {"STRUCTURE": {"operation-input": {}}}}
SESSION = "com.vmware.cis.session"
BY_PASSWORD = {"schemeId": "com.vmware.vapi.std.security.user_pass", "userName": USER, "password": PASSWORD}


class Client:
    """Calls as the SDK for Python sends them."""

    def __init__(self, site, directory):
        self.rest = RestClient(site, directory, login=False)
        self.security = BY_PASSWORD
        self.log_in()

    def log_in(self):
        session = self(SESSION, "create")["output"]["SECRET"]
        self.security = {"schemeId": "com.vmware.vapi.std.security.session_id", "sessionId": session}
        return session

    def post(self, body, **options):
        return self.rest("POST", "/api", body, **options)

    def __call__(self, service, operation, security=None, **fields):
        context = {"appCtx": {"opId": "one"}, "securityCtx": security or self.security}
        given = {"STRUCTURE": {"operation-input": fields}}
        params = {"serviceId": service, "operationId": operation, "input": given, "ctx": context}
        answer = self.post({"jsonrpc": "2.0", "method": "invoke", "params": params, "id": "7"})
        assert (answer.status_code, answer.json()["id"], answer.json()["jsonrpc"]) == (200, "7", "2.0")
        return answer.json()["result"]

    def value(self, *names, **fields):
        result = self(*names, **fields)
        assert list(result) == ["output"], result
        return result["output"]

    def error(self, *names, **fields):
        """Name, type and text of an error."""
        ((name, found),) = self(*names, **fields)["error"]["ERROR"].items()
        ((_type, message),) = found["messages"][0]["STRUCTURE"].items()
        assert found["error_type"] == {"OPTIONAL": name.rpartition(".")[2].upper()}
        return name.rpartition(".")[2], message["default_message"]


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


@pytest.fixture
def client(site, tmp_path):
    made = Client(site, tmp_path)
    yield made
    made.rest.close()


def spec(name, **fields):
    return {"spec": {"STRUCTURE": {f"{KMS}.{name}": fields}}}


def fields_of(value):
    ((fields,),) = [list(one.values()) for one in value.values()]
    return fields


def test_session_is_one_with_those_of_rest(site, client, tmp_path):
    shown = fields_of(client.value(SESSION, "get"))
    assert (shown["user"], set(shown)) == (USER, {"user", "created_time", "last_accessed_time"})
    headers = {"vmware-api-session-id": client.security["sessionId"]}
    assert client.rest("GET", "/api/session", headers=headers).json()["user"] == USER
    assert client.value(SESSION, "delete") is None
    assert client.error(SESSION, "get")[0] == "unauthenticated"
    assert client.rest("GET", "/api/session", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "security", [{**BY_PASSWORD, "password": "wrong"}, {"schemeId": "com.vmware.vapi.std.security.saml_bearer_token"}]
)
def test_login_that_fails_is_unauthenticated(client, security):
    assert client.error(SESSION, "create", security=security)[0] == "unauthenticated"


def test_life_of_a_native_provider(site, client):
    constraints = {"STRUCTURE": {f"{KMS}.constraints_spec": {"tpm_required": {"OPTIONAL": False}}}}
    made = spec("create_spec", provider="nkp", constraints={"OPTIONAL": constraints}, native_spec={"OPTIONAL": None})
    assert client.value(KMS, "create", **made) is None
    assert client.error(KMS, "create", **made) == ("already_exists", "Key provider nkp already exists.")
    client.value(KMS, "list")
    info = fields_of(client.value(KMS, "get", provider="nkp"))
    assert (info["health"], info["type"]) == ("ERROR", "NATIVE")
    assert fields_of(info["constraints"]["OPTIONAL"]) == {"tpm_required": False}
    message = fields_of(info["details"][0])
    assert message["id"].endswith("keyProviderNotBackedUp")
    assert fields_of(message["params"]["OPTIONAL"][0])["key"] == "keyProviderId"

    exported = fields_of(
        client.value(KMS, "export", **spec("export_spec", provider="nkp", password={"OPTIONAL": {"SECRET": "pw"}}))
    )
    location = fields_of(exported["location"]["OPTIONAL"])
    token = fields_of(location["download_token"])["token"]["SECRET"]
    file = client.rest("POST", "/cryptomanager/kms/nkp", headers={"Authorization": f"Bearer {token}"})
    assert file.status_code == 200
    filters = {"providers": {"OPTIONAL": None}, "health": {"OPTIONAL": ["OK"]}}
    filter_spec = {"OPTIONAL": {"STRUCTURE": {f"{KMS}.filter_spec": filters}}}
    found = client.value(KMS, "list", filter_spec=filter_spec)
    assert [fields_of(one) for one in found] == [{"provider": "nkp", "type": "NATIVE", "health": "OK"}]
    host = site.vcenter.inventory.hosts[0].reference._moId
    assert fields_of(client.value(ON_HOST, "list", host=host)[0])["health"] == "OK"
    assert fields_of(client.value(ON_HOST, "get", host=host, provider="nkp"))["details"] == []

    assert client.value(KMS, "delete", provider="nkp") is None
    content = {"OPTIONAL": {"BINARY": base64.b64encode(file.content).decode()}}
    for dry_run in (True, False):
        body = spec(
            "import_spec", config=content, password={"OPTIONAL": {"SECRET": "pw"}}, dry_run={"OPTIONAL": dry_run}
        )
        assert fields_of(client.value(KMS, "import_provider", **body))["provider"] == "nkp"
        assert len(client.value(KMS, "list")) == int(not dry_run)


def test_dry_run_is_filed_as_reading(site, client):
    mark = site.journal.mark()
    client.error(
        KMS, "import_provider", **spec("import_spec", config={"OPTIONAL": {"BINARY": ""}}, dry_run={"OPTIONAL": True})
    )
    client.value(KMS, "list")
    assert site.journal.writes(mark) == []
    client.error(KMS, "delete", provider="none")
    assert [entry.operation for entry in site.journal.writes(mark)] == [f"{KMS}.delete"]


@pytest.mark.parametrize(
    ("service", "operation", "fields"),
    [
        (KMS, "list", {"filter_spec": {"OPTIONAL": "all"}}),
        (KMS, "create", {"spec": ["nkp"]}),
        (KMS, "import_provider", {"spec": {"OPTIONAL": None}}),
        (KMS, "import_provider", {"spec": ["nkp"]}),
        (KMS, "get", {"provider": 7}),
        (ASSOCIATION, "list_attached_tags", {"object_id": {"STRUCTURE": {"x": {"type": ["a"], "id": "b"}}}}),
        (ASSOCIATION, "list_attached_tags_on_objects", {"object_ids": ["vm-1"]}),
    ],
    ids=str,
)
def test_fields_of_a_wrong_kind_are_an_invalid_argument(client, service, operation, fields):
    assert client.error(service, operation, **fields)[0] == "invalid_argument"


def test_tags(site, client):
    vm1 = site.vcenter.inventory.vm("vm1")
    prod = site.vcenter.tagging.attach("env", "prod", vm1)
    gold = site.vcenter.tagging.attach("tier", "gold")
    target = {"STRUCTURE": {"com.vmware.vapi.std.dynamic_ID": {"type": "VirtualMachine", "id": vm1.reference._moId}}}
    assert client.value(CATEGORY, "list") == [prod.category.id, gold.category.id]
    assert fields_of(client.value(CATEGORY, "get", category_id=prod.category.id))["name"] == "env"
    assert client.value(TAG, "list") == [prod.id, gold.id]
    assert fields_of(client.value(TAG, "get", tag_id=gold.id))["category_id"] == gold.category.id
    assert client.value(TAG, "list_tags_for_category", category_id=prod.category.id) == [prod.id]
    assert client.value(ASSOCIATION, "list_attached_tags", object_id=target) == [prod.id]
    assert client.value(ASSOCIATION, "list_attachable_tags", object_id=target) == [gold.id]
    assert client.value(ASSOCIATION, "list_attached_objects", tag_id=prod.id) == [target]
    found = client.value(ASSOCIATION, "list_attached_tags_on_objects", object_ids=[target])
    assert [fields_of(one) for one in found] == [{"object_id": target, "tag_ids": [prod.id]}]
    found = client.value(ASSOCIATION, "list_attached_objects_on_tags", tag_ids=[prod.id, gold.id])
    assert [fields_of(one)["object_ids"] for one in found] == [[target], []]
    assert client.error(TAG, "get", tag_id="urn:none")[0] == "not_found"
    assert client.error(TAG, "get")[0] == "invalid_argument"


def test_privileges_and_unknown_operations(site, client):
    site.privileges = set()
    client.security = BY_PASSWORD
    client.log_in()
    name, text = client.error(KMS, "list")
    assert name == "unauthorized" and "Cryptographer.ReadKeyServersInfo" in text
    assert client.value(TAG, "list") == []
    assert client.error("com.vmware.vcenter.VM", "list")[0] == "operation_not_found"


@pytest.mark.parametrize("version", ["7.0.1", "7.0.2", "9.0"])
def test_versions(version, tmp_path):
    site = VCenterSite(version=version)
    client = Client(site, tmp_path)
    try:
        assert client.value(TAG, "list") == []
        if version == "7.0.1":  # native providers came with 7.0 U2
            assert client.error(KMS, "list")[0] == "operation_not_found"
        else:
            assert client.value(KMS, "list") == []
    finally:
        client.rest.close()
        site.close()


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ([], -32600),
        ({"jsonrpc": "1.0", "method": "invoke"}, -32600),
        ({"jsonrpc": "2.0", "method": "list"}, -32601),
        ({"jsonrpc": "2.0", "method": "invoke"}, -32602),
        ({"jsonrpc": "2.0", "method": "invoke", "params": {"serviceId": "a", "operationId": "b", "input": []}}, -32602),
        (
            {
                "jsonrpc": "2.0",
                "method": "invoke",
                "params": {"serviceId": "a", "operationId": "b", "input": {"TEXT": "x"}},
            },
            -32602,
        ),
    ],
    ids=str,
)
def test_what_is_no_call_is_an_error_of_json_rpc(client, body, number):
    answer = client.post(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, number)


def test_what_is_no_json_is_an_error_of_json_rpc(site, client):
    answer = client.rest.http.post(f"https://localhost:{site.port}/api", data=b"{", timeout=60)
    assert answer.json()["error"]["code"] == -32700


def test_faults_answer_as_the_endpoint_does(site, client):
    site.faults.add("refuse", system="vcenter_rest", operation=f"{KMS}.list")
    assert client.error(KMS, "list")[0] == "unauthorized"
    site.faults.add("status", system="vcenter_rest", operation=f"{KMS}.list", status=503)
    assert client.post({"jsonrpc": "2.0", "method": "invoke", "params": CALL}).status_code == 503
    assert client.value(KMS, "list") == []
