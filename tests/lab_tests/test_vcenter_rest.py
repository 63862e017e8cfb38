# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""REST of the lab's vCenter: sessions of both trees, native key providers, errors, with plain requests."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    PASSWORD,
    USER,
    RestClient,
    VCenterSite,
    provider_id,
)

PROVIDERS = "/api/vcenter/crypto-manager/kms/providers"
OLD = "/rest/com/vmware/cis/session"
READ, WRITE = "Cryptographer.ReadKeyServersInfo", "Cryptographer.ManageKeyServers"
KEY_ID = "7d1a2b3c-0000-4000-8000-000000000001"


@pytest.fixture
def site():
    made = VCenterSite(native_settling_reads=0)
    yield made
    made.close()


@pytest.fixture
def anonymous(site, tmp_path):
    client = RestClient(site, tmp_path, login=False)
    yield client
    client.close()


@pytest.fixture
def rest(site, tmp_path):
    client = RestClient(site, tmp_path)
    yield client
    client.close()


def error(answer):
    return answer.status_code, answer.json()["error_type"]


# sessions


def test_session_of_the_new_tree(site, rest):
    assert rest("GET", "/api/session").json()["user"] == USER
    assert rest("GET", PROVIDERS).json() == []
    answer = rest("DELETE", "/api/session")
    assert (answer.status_code, answer.content) == (204, b"")
    assert error(rest("GET", PROVIDERS)) == (401, "UNAUTHENTICATED")
    assert site.vcenter.sessions.active() == []
    kinds = [(entry.system, entry.operation, entry.kind, entry.actor) for entry in site.journal.entries()]
    assert kinds == [
        ("vcenter_rest", "POST /api/session", "login", USER),
        ("vcenter_rest", "GET /api/session", "read", USER),
        ("vcenter_rest", f"GET {PROVIDERS}", "read", USER),
        ("vcenter_rest", "DELETE /api/session", "logout", USER),
        ("vcenter_rest", f"GET {PROVIDERS}", "read", ""),
    ]


def test_one_session_for_both_trees(site, anonymous):
    answer = anonymous("POST", OLD, auth=(USER, PASSWORD), headers={"vmware-use-header-authn": "true"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    header = {"vmware-api-session-id": answer.json()["value"]}
    assert anonymous("GET", PROVIDERS, headers=header).json() == []
    assert anonymous("POST", OLD + "?~action=get", headers=header).json()["value"]["user"] == USER
    cookie = {"Cookie": "vmware-api-session-id=" + answer.json()["value"]}
    assert anonymous("GET", "/api/session", headers=cookie).status_code == 200
    assert anonymous("DELETE", OLD, headers=header).status_code == 200
    assert [entry.kind for entry in site.journal.entries()] == ["login", "read", "read", "read", "logout"]
    old = anonymous("POST", OLD + "?~action=get", headers=header)
    assert (old.status_code, old.json()["type"]) == (401, "com.vmware.vapi.std.errors.unauthenticated")
    assert old.json()["value"]["messages"][0]["id"].startswith("com.vmware.vapi.")


def test_cookie_of_the_old_tree_stays_there(anonymous):
    assert anonymous("POST", OLD, auth=(USER, PASSWORD)).status_code == 200
    assert anonymous("POST", OLD + "?~action=get").status_code == 200
    assert anonymous("GET", "/api/session").status_code == 401


@pytest.mark.parametrize("auth", [(USER, "wrong"), None])
def test_refused_login(site, anonymous, auth):
    answer = anonymous("POST", "/api/session", auth=auth)
    assert error(answer) == (401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    broken = anonymous("POST", OLD, headers={"Authorization": "Basic %%"})
    assert (broken.status_code, broken.json()["type"]) == (401, "com.vmware.vapi.std.errors.unauthenticated")
    assert site.vcenter.sessions.active() == []


def test_session_id_is_no_soap_cookie(site, rest):
    stub = site.connect()._stub
    session_id = rest.http.headers["vmware-api-session-id"]
    assert site.vcenter.sessions.find(session_id) is None
    cookie = stub.cookie.split('"')[1]
    answer = rest("GET", PROVIDERS, headers={"vmware-api-session-id": cookie})
    assert answer.status_code == 401


def test_session_limit_and_idle_sessions(tmp_path):
    site = VCenterSite(session_limit=1, idle_timeout=1800)
    client = RestClient(site, tmp_path)
    try:
        assert error(client("POST", "/api/session", auth=(USER, PASSWORD))) == (503, "SERVICE_UNAVAILABLE")
        site.clock.advance(2000)
        assert client("GET", "/api/session").status_code == 401
    finally:
        client.close()
        site.close()


# availability and privileges


@pytest.mark.parametrize("version", ["7.0.1", "7.0.2", "8.0.3", "9.0"])
def test_versions(tmp_path, version):
    site = VCenterSite(version=version)
    client = RestClient(site, tmp_path, login=False)
    try:
        session_id = client("POST", OLD, auth=(USER, PASSWORD)).json()["value"]
        header = {"vmware-api-session-id": session_id}
        wanted = 404 if version == "7.0.1" else 200
        assert client("GET", PROVIDERS, headers=header).status_code == wanted
        assert client("POST", "/api/session", auth=(USER, PASSWORD)).status_code == (404 if wanted == 404 else 201)
        assert site.connect().content.about.apiVersion.startswith(version)
    finally:
        client.close()
        site.close()


def test_privileges(site, tmp_path):
    site.vcenter.crypto.add_native("native")
    site.privileges = {READ}
    reader = RestClient(site, tmp_path)
    site.privileges = {WRITE}
    writer = RestClient(site, tmp_path)
    assert reader("GET", PROVIDERS).status_code == 200
    assert error(reader("POST", PROVIDERS, {"provider": "x"})) == (403, "UNAUTHORIZED")
    assert error(reader("POST", PROVIDERS + "?action=export", {"provider": "native"})) == (403, "UNAUTHORIZED")
    assert error(reader("DELETE", PROVIDERS + "/native")) == (403, "UNAUTHORIZED")
    assert error(writer("GET", PROVIDERS)) == (403, "UNAUTHORIZED")
    assert writer("POST", PROVIDERS, {"provider": "x"}).status_code == 204
    reader.close()
    writer.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", PROVIDERS + "/native?action=export"), ("POST", PROVIDERS + "?action=x"), ("GET", "/api/nothing")],
)
def test_no_such_operation(rest, method, path):
    assert error(rest(method, path)) == (404, "OPERATION_NOT_FOUND")
    old = rest("GET", "/rest/nothing")
    assert (old.status_code, old.json()["type"]) == (404, "com.vmware.vapi.std.errors.operation_not_found")


def test_faults_by_rule(site, rest):
    site.faults.add("refuse", system="vcenter_rest", operation=f"GET {PROVIDERS}")
    assert error(rest("GET", PROVIDERS)) == (403, "UNAUTHORIZED")
    site.faults.add("status", system="vcenter_rest", status=503, retry_after=1)
    answer = rest("GET", PROVIDERS)
    assert (error(answer), answer.headers["Retry-After"]) == ((503, "SERVICE_UNAVAILABLE"), "1")
    site.faults.add("status", system="vcenter_rest", status=502)
    assert rest("GET", PROVIDERS).status_code == 502
    site.faults.add("status", system="vcenter", status=503)
    assert rest("GET", PROVIDERS).status_code == 200


# providers


def test_life_of_a_provider(site, rest):
    mark = site.journal.mark()
    body = {"provider": "nkp ü", "constraints": {"tpm_required": True}}
    answer = rest("POST", PROVIDERS, body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert rest("GET", PROVIDERS).json() == [{"provider": "nkp ü", "type": "NATIVE", "health": "ERROR"}]
    one = rest("GET", PROVIDERS + "/nkp%20%C3%BC").json()
    assert one["constraints"] == {"tpm_required": True}
    detail = one["details"][0]
    assert detail["id"] == "com.vmware.vim.vpxd.encryption.keyProviderNotBackedUp"
    assert detail["default_message"] == "Key provider nkp ü requires backup."
    assert detail["params"] == {"keyProviderId": {"s": "nkp ü"}}
    assert rest("PATCH", PROVIDERS + "/nkp%20%C3%BC", {"native_spec": {"key_id": KEY_ID}}).status_code == 204
    assert rest("GET", PROVIDERS + "/nkp%20%C3%BC").json()["native_info"] == {"key_id": KEY_ID}
    assert error(rest("POST", PROVIDERS, body)) == (400, "ALREADY_EXISTS")
    assert rest("DELETE", PROVIDERS + "/nkp%20%C3%BC").status_code == 204
    assert error(rest("GET", PROVIDERS + "/nkp%20%C3%BC")) == (404, "NOT_FOUND")
    assert error(rest("DELETE", PROVIDERS + "/nkp%20%C3%BC")) == (404, "NOT_FOUND")
    operations = [entry.operation for entry in site.journal.writes(mark)]
    one_path = PROVIDERS + "/{provider}"
    changes = [f"POST {PROVIDERS}", f"PATCH {one_path}", f"POST {PROVIDERS}", f"DELETE {one_path}"]
    assert operations == [*changes, f"DELETE {one_path}"]
    assert site.journal.writes(mark)[1].target == PROVIDERS + "/nkp%20%C3%BC"


@pytest.mark.parametrize("status", [200, 201])
def test_other_codes_of_success(site, rest, status):
    site.vcenter.settings.rest_write_status = status
    assert rest("POST", PROVIDERS, {"provider": "nkp"}).status_code == status
    assert rest("DELETE", PROVIDERS + "/nkp").status_code == status


def test_given_key(site, rest):
    key = base64.b64encode(b"k" * 32).decode()
    spec = {"key_id": KEY_ID, "key_derivation_key": key}
    assert rest("POST", PROVIDERS, {"provider": "nkp", "native_spec": spec}).status_code == 204
    assert site.vcenter.crypto.providers["nkp"].derivation_key == b"k" * 32
    assert key in site.vcenter.secrets()
    assert "kkkk" not in repr(site.vcenter.crypto.providers["nkp"])
    one = rest("GET", PROVIDERS + "/nkp").json()
    assert one["native_info"] == {"key_id": KEY_ID}
    assert "constraints" not in one


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "INVALID_ARGUMENT"),
        ([], "INVALID_ARGUMENT"),
        ({"provider": ""}, "INVALID_ARGUMENT"),
        ({"provider": 1}, "INVALID_ARGUMENT"),
        ({"provider": "x", "other": 1}, "UNEXPECTED_INPUT"),
        ({"provider": "x", "constraints": {"tpm_required": "yes"}}, "INVALID_ARGUMENT"),
        ({"provider": "x", "native_spec": {"key_id": "abc"}}, "INVALID_ARGUMENT"),
        ({"provider": "x", "native_spec": {"key_derivation_key": "%"}}, "INVALID_ARGUMENT"),
        ({"provider": "x", "native_spec": {"key_derivation_key": "AAAA"}}, "INVALID_ARGUMENT"),
    ],
)
def test_wrong_input(site, rest, body, kind):
    assert error(rest("POST", PROVIDERS, body)) == (400, kind)
    assert site.vcenter.crypto.providers == {}


def test_body_that_is_no_json(rest):
    answer = rest.http.post(rest.url + PROVIDERS, data=b"{", timeout=60)
    assert error(answer) == (400, "INVALID_REQUEST")


def test_update_takes_the_key_id_only(site, rest):
    site.vcenter.crypto.add_native("nkp", has_backup=True)
    body = {"constraints": {"tpm_required": True}}
    assert error(rest("PATCH", PROVIDERS + "/nkp", body)) == (400, "UNEXPECTED_INPUT")
    assert rest("PATCH", PROVIDERS + "/nkp", {}).status_code == 204
    assert rest("GET", PROVIDERS + "/nkp").json()["health"] == "OK"
    rest("PATCH", PROVIDERS + "/nkp", {"native_spec": {"key_id": KEY_ID}})
    assert rest("GET", PROVIDERS + "/nkp").json()["health"] == "ERROR"
    site.vcenter.settings.native_update_keeps_backup = True
    site.vcenter.crypto.providers["nkp"].has_backup = True
    rest("PATCH", PROVIDERS + "/nkp", {"native_spec": {"key_id": KEY_ID[::-1]}})
    assert rest("GET", PROVIDERS + "/nkp").json()["health"] == "OK"


def test_other_kinds_of_providers(site, rest):
    site.connect().content.cryptoManager.RegisterKmsCluster(provider_id("standard"), "vCenter")
    assert rest("GET", PROVIDERS).json() == []
    assert error(rest("GET", PROVIDERS + "/standard")) == (404, "NOT_FOUND")
    assert error(rest("DELETE", PROVIDERS + "/standard")) == (400, "UNSUPPORTED")
    assert error(rest("PATCH", PROVIDERS + "/standard", {})) == (400, "UNSUPPORTED")
    assert error(rest("POST", PROVIDERS + "?action=export", {"provider": "standard"})) == (400, "UNSUPPORTED")
    assert error(rest("POST", PROVIDERS, {"provider": "standard"})) == (400, "ALREADY_EXISTS")


def test_filters(site, rest):
    for name, saved in (("a", True), ("b", False), ("c", False)):
        site.vcenter.crypto.add_native(name, has_backup=saved)

    def names(query):
        return [one["provider"] for one in rest("GET", f"{PROVIDERS}?{query}").json()]

    assert names("providers=a&providers=b&providers=x") == ["a", "b"]
    assert names("health=ERROR&health=NONE") == ["b", "c"]
    assert names("providers=a&health=ERROR") == []
    assert error(rest("GET", PROVIDERS + "?health=GREEN")) == (400, "INVALID_ARGUMENT")


def test_health_needs_a_moment(site, rest):
    site.vcenter.settings.native_settling_reads = 2
    site.vcenter.settings.native_unsaved_health = "WARNING"
    rest("POST", PROVIDERS, {"provider": "nkp"})
    seen = [rest("GET", PROVIDERS + "/nkp").json()["health"] for _reading in range(3)]
    assert seen == ["NONE", "NONE", "WARNING"]


def test_hosts(site, rest):
    site.vcenter.settings.native_settling_reads = 1
    site.vcenter.inventory.host("esx2").tpm = False
    site.vcenter.inventory.host("esx3").connection_state = "disconnected"
    site.connect().content.cryptoManager.RegisterKmsCluster(provider_id("trusted"))
    rest("POST", PROVIDERS, {"provider": "tpm", "constraints": {"tpm_required": True}})
    base = "/api/vcenter/crypto-manager/hosts/{}/kms/providers"

    def names(host):
        return [one["provider"] for one in rest("GET", base.format(host)).json()]

    assert names("host-1") == ["trusted"]  # not there yet
    assert [names(f"host-{number}") for number in (1, 2, 3)] == [["trusted", "tpm"], ["trusted"], ["trusted"]]
    one = rest("GET", base.format("host-1") + "/tpm").json()
    key_id = site.vcenter.crypto.providers["tpm"].key_id
    assert (one["type"], one["health"], one["native_info"]) == ("NATIVE", "ERROR", {"key_id": key_id})
    assert rest("GET", base.format("host-1") + "/trusted").json()["type"] == "TRUST_AUTHORITY"
    assert error(rest("GET", base.format("host-2") + "/tpm")) == (404, "NOT_FOUND")
    assert error(rest("GET", base.format("host-9"))) == (404, "NOT_FOUND")


def test_soap_sees_them_too(site, rest):
    manager = site.connect().content.cryptoManager
    rest("POST", PROVIDERS, {"provider": "nkp", "constraints": {"tpm_required": False}})
    manager.MarkDefault(provider_id("nkp"))
    listed = manager.ListKmsClusters(True, 8)[0]
    key_id = rest("GET", PROVIDERS + "/nkp").json()["native_info"]["key_id"]
    assert (listed.managementType, listed.hasBackup, listed.tpmRequired, listed.keyId) == (
        "nativeProvider",
        False,
        False,
        key_id,
    )
    assert manager.IsKmsClusterActive(provider_id("nkp")) is True
    manager.UnregisterKmsCluster(provider_id("nkp"))
    assert rest("GET", PROVIDERS).json() == []
    rest("POST", PROVIDERS, {"provider": "nkp"})
    manager.MarkDefault(provider_id("nkp"))
    rest("DELETE", PROVIDERS + "/nkp")
    assert manager.GetDefaultKmsCluster() is None
