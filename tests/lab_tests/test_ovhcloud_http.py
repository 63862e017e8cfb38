# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every call of the lab's OVHcloud API has in common: routing, checks, authentication, paging, errors, journal."""

from __future__ import annotations

import ovh
import pytest
from ovh import client as ovh_client

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud import contracts
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.schema import Checker
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.ovhcloud_site import PCC, Site


@pytest.fixture
def site():
    made = Site()
    yield made
    made.stop()


def test_every_operation_of_the_contracts_has_a_handler(site):
    assert site.app.served == {operation.name for operation in contracts.operations()}


def test_both_names_of_v1(site):
    for prefix in ("/1.0", "/v1"):
        answer = site.session.get(f"{site.url}{prefix}/auth/time", timeout=60)
        assert abs(answer.json() - site.clock.time()) < 5
        assert answer.headers["X-Ovh-QueryID"].startswith("EU.ext-")
        assert answer.headers["Content-Type"].startswith("application/json")


def test_unknown_path_and_method(site):
    assert site.refused("GET", "/no/such/path") == (404, "INVALID_URL")
    assert site.refused("PUT", "/me/order") == (405, "Client::MethodNotAllowed")


@pytest.mark.parametrize(
    "method, path, body, params",
    [
        ("GET", "/me/order", None, {"colour": "red"}),
        ("GET", "/me/payment/method", None, {"default": "yes"}),
        ("GET", "/me/payment/method", None, {"status": "FINE"}),
        ("GET", "/me/order/first", None, None),
        ("GET", "/order/catalog/public/okms", None, None),
        ("GET", f"{PCC}/task", None, [("state", "done"), ("state", "todo")]),
        ("POST", "/order/cart", {}, None),
        ("POST", "/order/cart", {"ovhSubsidiary": "XX"}, None),
        ("POST", "/order/cart", {"ovhSubsidiary": "FR", "colour": "red"}, None),
        ("POST", "/order/cart", {"ovhSubsidiary": "FR", "description": None}, None),
        ("POST", f"{PCC}/vmEncryption/kms", {"ip": "kms.example.net", "sslThumbprint": "AA"}, None),
        ("POST", f"{PCC}/vmEncryption/kms", {"ip": "192.0.2.7"}, None),
        ("POST", f"{PCC}/user/1201/changeProperties", {"encryptionRight": "yes"}, None),
        ("POST", f"{PCC}/user/1201/changeProperties", [], None),
    ],
)
def test_requests_that_break_the_contract(site, method, path, body, params):
    assert site.refused(method, path, body, params=params) == (400, "Client::BadRequest")


def test_a_body_that_is_not_json(site):
    assert site.refused("POST", "/order/cart", raw=b"{") == (400, "Client::BadRequest")


def test_a_breach_of_the_lab_itself_is_an_error_of_the_lab(site):
    site.state.account.email = 5
    assert site.refused("GET", "/me") == (500, "Server::InternalServerError::LabContract")
    assert site.app.contract_errors == ["GET /me: answer.email: 5 is not of type string"]
    site.app.contract_errors.clear()


@pytest.mark.parametrize(
    "kind, value, fine",
    [
        ("long", 1, True),
        ("long", True, False),
        ("double", 1, True),
        ("datetime", "2026-09-01T08:00:00.123456+02:00", True),
        ("datetime", "2026-09-01", False),
        ("duration", "P1M", True),
        ("duration", "P", False),
        ("uuid", "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31", True),
        ("uuid", "7c0f", False),
        ("ipv4Block", "192.0.2.0/24", True),
        ("ipv4Block", "192.0.2.1/24", False),
        ("coreTypes.ServiceId:long", 5, True),
        ("map[string]string", {"a": "b"}, True),
        ("map[string]string", {"a": 1}, False),
        ("map[string][]long", {"a": [1]}, True),
        ("colour", "red", False),
        ("string[]", ["a", None], False),
    ],
)
def test_types_of_the_contracts(kind, value, fine):
    assert (not list(Checker({}, answer=True).problems(kind, value, "value"))) is fine


def test_signature_over_query_and_body(site):
    site.call("GET", "/me/order", params={"date.from": "2026-01-01T00:00:00Z"})
    site.call("POST", "/order/cart", {"ovhSubsidiary": "FR", "description": "é"})


def test_refusals_of_signature(site):
    assert site.refused("GET", "/me", secret="wrong") == (400, "INVALID_SIGNATURE")
    assert site.refused("GET", "/me", skew=-31) == (400, "QUERY_TIME_OUT")
    site.consumer_key = "unknown"
    assert site.refused("GET", "/me") == (403, "INVALID_CREDENTIAL")
    answer = site.session.get(f"{site.url}/1.0/me", headers={"X-Ovh-Application": "unknown"}, timeout=60)
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "INVALID_KEY")
    assert answer.json()["httpCode"] == "403 Forbidden"
    answer = site.session.get(f"{site.url}/1.0/me", timeout=60)
    assert (answer.status_code, answer.json()["class"]) == (401, "Client::Unauthorized")


def test_the_lab_clock_counts(site):
    site.clock.advance(300)
    assert site.call("GET", "/me")["nichandle"] == "ab12345-ovh"
    assert site.refused("GET", "/me", skew=-300) == (400, "QUERY_TIME_OUT")


def test_rules_and_life_of_a_consumer_key(site):
    site.consumer_key = site.app.add_consumer_key(rules=[("GET", "/me"), ("GET", "/v2/okms/*")], lifetime=60)
    site.call("GET", "/me")
    site.call("GET", "/v2/okms/resource")
    assert site.refused("GET", "/me/order") == (403, "NOT_GRANTED_CALL")
    assert site.refused("GET", "/dedicatedCloud") == (403, "NOT_GRANTED_CALL")
    current = site.call("GET", "/auth/currentCredential")
    assert current["rules"] == [{"method": "GET", "path": "/me"}, {"method": "GET", "path": "/v2/okms/*"}]
    assert (current["status"], current["expiration"] is not None) == ("validated", True)
    site.clock.advance(61)
    assert site.refused("GET", "/me") == (403, "NOT_CREDENTIAL")
    assert site.call("GET", "/auth/currentCredential")["status"] == "expired"
    site.settings.credential_status_readable = False
    assert site.refused("GET", "/auth/currentCredential") == (403, "NOT_CREDENTIAL")


def test_a_consumer_key_needs_a_human(site):
    url, headers = f"{site.url}/1.0/auth/credential", {"X-Ovh-Application": site.app.keys.application_key}
    rules = {"accessRules": [{"method": "GET", "path": "/*"}]}
    answer = site.session.post(url, json=rules, headers=headers, timeout=60).json()
    assert answer["state"] == "pendingValidation"
    site.consumer_key = answer["consumerKey"]
    assert site.refused("GET", "/me") == (403, "NOT_CREDENTIAL")
    site.app.validate_consumer_key(site.consumer_key)
    site.call("GET", "/me")
    assert site.call("POST", "/auth/logout") is None
    assert site.refused("GET", "/me") == (403, "NOT_CREDENTIAL")


def _token(site, **form):
    keys = site.app.keys
    fields = {"grant_type": "client_credentials", "client_id": keys.client_id, "client_secret": keys.client_secret}
    return site.session.post(f"{site.url}/auth/oauth2/token", data={**fields, **form}, timeout=60)


def test_oauth2(site):
    site.settings.token_lifetime = 60
    answer = _token(site, scope="all").json()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 60, "all")
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    details = site.session.get(f"{site.url}/1.0/auth/details", headers=headers, timeout=60).json()
    assert details["method"] == "oauth2_client_credentials"
    assert details["identities"] == [f"urn:v1:eu:identity:credential:ab12345-ovh/oauth2-{site.app.keys.client_id}"]
    site.clock.advance(61)
    answer = site.session.get(f"{site.url}/1.0/auth/details", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["class"]) == (401, "Client::Unauthorized")


@pytest.mark.parametrize(
    "form, status, code",
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "EU.nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "some"}, 400, "invalid_scope"),
    ],
)
def test_refusals_of_the_token_endpoint(site, form, status, code):
    answer = _token(site, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_static_bearer_and_basic_client(site):
    headers = {"Authorization": f"Bearer {site.app.keys.access_token}"}
    assert site.session.get(f"{site.url}/v1/auth/details", headers=headers, timeout=60).json()["method"] == "account"
    keys = site.app.keys
    form, pair = {"grant_type": "client_credentials"}, (keys.client_id, keys.client_secret)
    answer = site.session.post(f"{site.url}/auth/oauth2/token", data=form, auth=pair, timeout=60)
    assert answer.json()["token_type"] == "Bearer"


def test_iam_refusal_names_the_action(site):
    robot = site.app.add_identity("robot", ["okms:apiovh:*/get"])
    site.consumer_key = site.app.add_consumer_key(robot)
    domain = site.app.new_okms("eu-west-rbx", "kms")
    site.call("GET", f"/v2/okms/resource/{domain.okms_id}")
    answer = site.signed("POST", f"/v2/okms/resource/{domain.okms_id}/credential", {"name": "x", "identityURNs": []})
    assert answer.status_code == 403
    assert answer.json() == {
        "class": "Client::Forbidden",
        "message": "User not granted for this request",
        "details": {
            "unauthorizedActionsByAuthentication": "",
            "unauthorizedActionsByIAM": "okms:apiovh:credential/create",
        },
    }
    assert site.call("GET", "/auth/details")["user"] == "robot"


def test_pages(site):
    for number in range(5):
        site.app.new_okms("eu-west-rbx", f"kms-{number}")
    first = site.signed("GET", "/v2/okms/resource")
    assert (len(first.json()), "X-Pagination-Cursor-Next" in first.headers) == (2, True)
    assert len(site.signed("GET", "/v2/okms/resource", headers={"X-Pagination-Size": "100"}).json()) == 3
    assert [item["iam"]["displayName"] for item in site.pages("/v2/okms/resource")] == [f"kms-{n}" for n in range(5)]
    assert site.refused("GET", "/v2/okms/resource", headers={"X-Pagination-Cursor": "bad"}) == (
        400,
        "Client::BadRequest",
    )
    path = f"/v2/okms/resource/{next(iter(site.state.okms))}/credential"
    expected = "Client::BadRequest::CredentialPaginationCursorInvalidValue"
    assert site.refused("GET", path, headers={"X-Pagination-Cursor": "bad"}) == (400, expected)


def test_void_in_both_styles(site):
    cart = site.call("POST", "/order/cart", {"ovhSubsidiary": "FR"})["cartId"]
    assert site.signed("POST", f"/order/cart/{cart}/assign").text == "null"
    site.settings.void = "empty"
    answer = site.signed("POST", f"/order/cart/{cart}/assign")
    assert (answer.status_code, answer.content) == (204, b"")


def test_journal_names(site):
    domain = site.app.new_okms("eu-west-rbx", "kms")
    site.call("GET", f"/v2/okms/resource/{domain.okms_id}")
    site.call("POST", "/order/cart", {"ovhSubsidiary": "FR"})
    site.call(
        "POST", "/v2/iam/authorization/check", {"resourceURNs": ["urn:v1:eu:resource:okms:x"], "actions": ["a:b"]}
    )
    _token(site)
    site.refused("GET", "/no/such/path")
    rows = [(entry.operation, entry.kind) for entry in site.journal.entries("ovhcloud")]
    assert rows == [
        ("GET /v2/okms/resource/{okmsId}", "read"),
        ("POST /order/cart", "write"),
        ("POST /v2/iam/authorization/check", "read"),
        ("POST /auth/oauth2/token", "login"),
        ("GET /1.0/no/such/path", "read"),
    ]
    entry = site.journal.entries("ovhcloud")[0]
    assert (entry.target, entry.status) == (f"/v2/okms/resource/{domain.okms_id}", "200")
    assert entry.actor == "urn:v1:eu:identity:account:ab12345-ovh"


def test_faults_answer_in_the_words_of_the_api(site):
    site.faults.add("refuse", operation="GET /me")
    assert site.refused("GET", "/me") == (403, "Client::Forbidden")
    for status, name in ((429, "Client::TooManyRequests"), (460, "Client::ServiceExpired"), (503, "Server::")):
        site.faults.add("status", operation="GET /me", status=status)
        found = site.refused("GET", "/me")
        assert found[0] == status and found[1].startswith(name)
    site.call("GET", "/me")


def test_python_ovh(site, monkeypatch):
    monkeypatch.setitem(ovh_client.ENDPOINTS, "ovh-eu", f"{site.url}/1.0")
    monkeypatch.setitem(ovh_client.OAUTH2_TOKEN_URLS, "ovh-eu", f"{site.url}/auth/oauth2/token")
    keys = site.app.keys
    signed = ovh.Client("ovh-eu", keys.application_key, keys.application_secret, keys.consumer_key)
    assert signed.get("/me")["nichandle"] == "ab12345-ovh"
    assert signed.get("/v2/okms/reference/regions")[0]["id"] == "eu-west-rbx"
    assert signed.get("/me/payment/method", default=True) == [1234]
    with pytest.raises(ovh.exceptions.ResourceNotFoundError) as caught:
        signed.get("/me/order/5")
    assert caught.value.query_id.startswith("EU.ext-")
    broken = ovh.Client("ovh-eu", keys.application_key, "wrong", keys.consumer_key)
    with pytest.raises(ovh.exceptions.BadParametersError, match="Invalid signature"):
        broken.get("/me")
    site.consumer_key = site.app.add_consumer_key(rules=[("GET", "/me")])
    narrow = ovh.Client("ovh-eu", keys.application_key, keys.application_secret, site.consumer_key)
    with pytest.raises(ovh.exceptions.NotGrantedCall):
        narrow.get("/me/order")


def test_python_ovh_with_oauth2(site, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setitem(ovh_client.ENDPOINTS, "ovh-eu", f"{site.url}/1.0")
    monkeypatch.setitem(ovh_client.OAUTH2_TOKEN_URLS, "ovh-eu", f"{site.url}/auth/oauth2/token")
    client = ovh.Client("ovh-eu", client_id=site.app.keys.client_id, client_secret=site.app.keys.client_secret)
    assert client.get("/auth/details")["method"] == "oauth2_client_credentials"
    assert site.journal.count("ovhcloud", "login") == 1
