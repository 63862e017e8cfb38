# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM in the lab: policies decide what limited identities and KMIP certificates may do."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.ovhcloud_site import PCC, Site

ACCOUNT = "urn:v1:eu:resource:account:ab12345-ovh"


@pytest.fixture
def site():
    made = Site(credential_reads=0)
    made.domain = made.app.new_okms("eu-west-rbx", "kms")
    made.urn = f"urn:v1:eu:resource:okms:{made.domain.okms_id}"
    yield made
    made.stop()


def _policy(identity, urns, allow, name="p1", **more):
    permissions = {"allow": [{"action": action} for action in allow], **more}
    return {
        "name": name,
        "identities": [identity],
        "resources": [{"urn": urn} for urn in urns],
        "permissions": permissions,
    }


def test_life_of_a_policy(site):
    user = site.call("GET", "/me/identity/user/vcenter-kmip")["urn"]
    body = _policy(user, [site.urn], ["okms:kmip:create"])
    made = site.call("POST", "/v2/iam/policy", {**body, "description": "kmip"})
    path = f"/v2/iam/policy/{made['id']}"
    assert (made["owner"], made["updatedAt"], made["permissions"]["deny"]) == ("ab12345-ovh", None, None)
    assert site.refused("POST", "/v2/iam/policy", body) == (409, "Client::Conflict")
    assert site.refused("POST", "/v2/iam/policy", {**body, "name": "ovh-x"})[0] == 400
    assert site.refused("POST", "/v2/iam/policy", {**body, "name": "y", "identities": ["me"]})[0] == 400
    assert site.refused("PUT", path, {"name": "p1"})[0] == 400
    detailed = site.call("GET", f"{path}?details=true")["resources"][0]
    assert (detailed["urn"], detailed["resource"]["displayName"]) == (site.urn, "kms")
    changed = site.call("PUT", path, _policy(user, [site.urn], ["okms:kmip:*"]))
    assert (changed["description"], changed["updatedAt"] is not None) == (None, True)
    assert len(site.call("GET", "/v2/iam/policy", params={"identity": user})) == 1
    assert site.call("GET", "/v2/iam/policy", params={"action": "x:y"}) == []
    assert site.call("DELETE", path) is None
    assert site.refused("GET", path) == (404, "Client::NotFound")


def test_policies_grant_and_deny(site):
    robot = site.app.add_identity("robot", [])
    root, site.consumer_key = site.consumer_key, site.app.add_consumer_key(robot)
    assert site.refused("GET", "/me") == (403, "Client::Forbidden")
    site.consumer_key = root
    site.call("POST", "/v2/iam/policy", _policy(robot.urn, [ACCOUNT], ["account:apiovh:*"]))
    site.consumer_key = site.app.add_consumer_key(robot)
    site.call("GET", "/me")
    body = {"actions": ["account:apiovh:me/get", "okms:apiovh:resource/get"]}
    answer = site.call("POST", f"/v2/iam/resource/{quote(ACCOUNT, safe='')}/authorization/check", body)
    assert answer == {
        "authorizedActions": ["account:apiovh:me/get"],
        "unauthorizedActions": ["okms:apiovh:resource/get"],
    }
    batch = site.call("POST", "/v2/iam/authorization/check", {**body, "resourceURNs": [ACCOUNT, site.urn]})
    assert [item["authorizedActions"] for item in batch] == [["account:apiovh:me/get"], []]
    site.consumer_key = root
    denied = {"deny": [{"action": "account:apiovh:me/get"}]}
    site.call("POST", "/v2/iam/policy", _policy(robot.urn, ["*"], [], name="p2", **denied))
    site.consumer_key = site.app.add_consumer_key(robot)
    assert site.refused("GET", "/me") == (403, "Client::Forbidden")


def test_policies_by_group_and_managed_permissions(site):
    robot = site.app.add_identity("robot", [])
    group = site.call("POST", "/v2/iam/resourceGroup", {"name": "kms", "resources": [{"id": site.domain.iam_id}]})
    body = {
        **_policy(robot.urn, [group["urn"]], []),
        "permissionsGroups": [{"urn": "urn:v1:eu:permissionsGroup:ovh:globalReadOnly"}],
    }
    site.call("POST", "/v2/iam/policy", body)
    assert site.call("GET", f"/v2/iam/resourceGroup/{group['id']}") == site.pages("/v2/iam/resourceGroup")[0]
    site.consumer_key = site.app.add_consumer_key(robot)
    site.call("GET", f"/v2/okms/resource/{site.domain.okms_id}")
    assert site.refused("GET", PCC) == (403, "Client::Forbidden")


def test_expired_policies_count_no_more(site):
    robot = site.app.add_identity("robot", [])
    body = {**_policy(robot.urn, [ACCOUNT], ["*"]), "expiredAt": "2020-01-01T00:00:00Z"}
    site.call("POST", "/v2/iam/policy", body)
    site.consumer_key = site.app.add_consumer_key(robot)
    assert site.refused("GET", "/me") == (403, "Client::Forbidden")


def test_kmip_rights_of_certificates(site):
    okms_id = site.domain.okms_id

    def issue(identity):
        site.call("POST", f"/v2/okms/resource/{okms_id}/credential", {"name": "c", "identityURNs": [identity]})
        return list(site.domain.credentials.values())[-1].certificate.serial_number

    root = issue(site.app.core.state.root.urn)
    user = site.call("GET", "/me/identity/user/vcenter-kmip")["urn"]
    limited = issue(user)
    admin = issue(site.app.account.add_user("boss", "ADMIN"))
    assert site.app.kmip_allowed(okms_id, root, "Create") and site.app.kmip_allowed(okms_id, admin, "Create")
    assert not site.app.kmip_allowed(okms_id, limited, "Create")
    assert site.app.kmip_allowed(okms_id, limited, "DiscoverVersions")
    site.call(
        "POST", "/v2/iam/policy", _policy(user, [site.urn, f"{site.urn}/*"], ["okms:kmip:create", "okms:kmip:get"])
    )
    assert site.app.kmip_allowed(okms_id, limited, "Create") and site.app.kmip_allowed(okms_id, limited, "Get")
    assert not site.app.kmip_allowed(okms_id, limited, "Destroy")
    assert not site.app.kmip_allowed(okms_id, 5, "Create")


def test_resources_and_tags(site):
    assert [item["name"] for item in site.call("GET", "/v2/iam/resource", params={"resourceType": "okms"})] == [
        site.domain.okms_id
    ]
    path = f"/v2/iam/resource/{quote(site.urn, safe='')}"
    assert site.call("POST", f"{path}/tag", {"key": "env", "value": "prod"}) is None
    assert site.refused("POST", f"{path}/tag", {"key": "ovh:x", "value": "1"})[0] == 400
    assert site.call("GET", path)["tags"] == {"env": "prod"}
    assert site.call("DELETE", f"{path}/tag/env") is None
    assert site.refused("DELETE", f"{path}/tag/env")[0] == 404
    assert site.refused("GET", f"/v2/iam/resource/{quote('urn:v1:eu:resource:okms:x', safe='')}")[0] == 404


def test_reference(site):
    kmip = [item["action"] for item in site.pages("/v2/iam/reference/action?resourceType=okms/kmip")]
    assert "okms:kmip:locate" in kmip
    own = {item["action"] for item in site.pages("/v2/iam/reference/action?resourceType=okms")}
    assert "okms:apiovh:credential/create" in own
    assert "okms/kmip" in site.pages("/v2/iam/reference/resource/type")
    groups = [item["name"] for item in site.pages("/v2/iam/permissionsGroup")]
    assert "globalAdmin" in groups


def test_local_users_and_service_accounts(site):
    body = {"login": "new", "password": "Abcdef123", "email": "new@example.net", "description": "x", "group": "DEFAULT"}
    assert site.call("POST", "/me/identity/user", body) is None
    assert site.refused("POST", "/me/identity/user", body)[0] == 409
    assert "new" in site.call("GET", "/me/identity/user")
    assert site.call("GET", "/me/identity/group/ADMIN")["role"] == "ADMIN"
    assert "ADMIN" in site.call("GET", "/me/identity/group")
    assert site.call("DELETE", "/me/identity/user/new") is None
    client_id = site.app.add_service_account("robot", ["x:*"])[0]
    assert client_id in site.call("GET", "/me/api/oauth2/client")
    assert site.call("GET", f"/me/api/oauth2/client/{client_id}")["identity"].endswith(client_id)


def test_lists_show_what_may_be_read(site):
    other = site.app.new_okms("eu-west-sbg", "other")
    robot = site.app.add_identity("robot", [])
    site.call("POST", "/v2/iam/policy", _policy(robot.urn, [site.urn], ["okms:apiovh:resource/get"]))
    site.consumer_key = site.app.add_consumer_key(robot)
    assert [item["id"] for item in site.pages("/v2/okms/resource")] == [site.domain.okms_id]
    assert site.refused("GET", f"/v2/okms/resource/{other.okms_id}") == (403, "Client::Forbidden")
    assert site.refused("GET", "/dedicatedCloud") == (403, "Client::Forbidden")
