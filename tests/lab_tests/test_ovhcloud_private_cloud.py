# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private cloud in the lab: service, KMS entries with their waiting task, users, IAM, allowed networks."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.ovhcloud_site import PCC, THUMBPRINT, Site

KMS = f"{PCC}/vmEncryption/kms"
WAITING = "Waiting for customer to configure the KMS Server..."


@pytest.fixture
def site():
    made = Site()
    yield made
    made.stop()


def _until_done(site, task, limit=8):
    for _look in range(limit):
        found = site.call("GET", f"{PCC}/task/{task['taskId']}")
        if found["state"] == "done":
            return found
    raise AssertionError(found)


def _open(site, ip="192.0.2.7"):
    return site.call("POST", KMS, {"ip": ip, "sslThumbprint": THUMBPRINT, "description": "okms"})


def test_service(site):
    assert site.call("GET", "/dedicatedCloud") == ["pcc-192-0-2-10"]
    service = site.call("GET", PCC)
    assert (service["state"], service["advancedSecurity"], service["servicePackName"]) == (
        "delivered",
        False,
        "default",
    )
    site.app.set_vcenter("localhost", 8443, ("7.0", "2", "17694817"))
    assert site.call("GET", PCC)["webInterfaceUrl"] == "https://localhost:8443/"
    assert site.call("GET", f"{PCC}/vcenterVersion")["currentVersion"]["build"] == "17694817"
    for part in ("capabilities", "location", "serviceInfos", "passwordPolicy", "servicePack", "securityOptions"):
        assert site.call("GET", f"{PCC}/{part}")
    assert site.call("GET", f"{PCC}/securityOptions/compatibilityMatrix")[0]["enabled"] is False
    assert site.call("GET", f"{PCC}/securityOptions/pendingOptions") == []
    assert site.refused("GET", "/dedicatedCloud/pcc-1") == (404, "Client::NotFound")
    info = site.call("GET", f"{PCC}/serviceInfos")
    assert site.call("GET", "/services", params={"resourceName": "pcc-192-0-2-10"}) == [info["serviceId"]]
    assert site.call("GET", f"/services/{info['serviceId']}")["resource"]["product"]["name"] == "pccVMware"
    _until_done(site, site.call("POST", f"{PCC}/changeProperties", {"userAccessPolicy": "open"}))
    assert site.call("GET", PCC)["userAccessPolicy"] == "open"


def _objects(site, path, **headers):
    answer = site.signed("GET", path, headers={"X-Pagination-Mode": "CachedObjectList-Pages", **headers})
    return answer.json(), answer.headers.get("X-Pagination-Elements")


def test_lists_give_objects_in_pages_when_asked(site):
    site.app.add_private_cloud("pcc-198-51-100-1")
    shown, count = _objects(site, "/dedicatedCloud")
    assert ([one["serviceName"] for one in shown], count) == (["pcc-192-0-2-10", "pcc-198-51-100-1"], "2")
    second = {"X-Pagination-Size": "1", "X-Pagination-Number": "2"}
    assert _objects(site, "/dedicatedCloud", **second) == (shown[1:], "2")
    assert _objects(site, f"{PCC}/user")[0][0]["name"] == "admin"
    assert _objects(site, f"{PCC}/datacenter")[0] == [site.call("GET", f"{PCC}/datacenter/1")]
    assert _objects(site, "/dedicatedCloud", **{"X-Pagination-Size": "none"})[0]["class"] == "Client::BadRequest"
    site.state.pccs["pcc-198-51-100-1"].expired = True
    assert len(_objects(site, "/dedicatedCloud")[0]) == 1
    assert site.refused("GET", "/dedicatedCloud/pcc-198-51-100-1") == (460, "Client::ServiceExpired")
    site.settings.object_list_refused = "refuse"
    assert _objects(site, "/dedicatedCloud")[0]["class"] == "Client::ServiceExpired"
    site.settings.object_lists = False
    assert _objects(site, "/dedicatedCloud") == (["pcc-192-0-2-10", "pcc-198-51-100-1"], None)


def test_the_kms_task_waits_for_vcenter(site):
    green = []
    site.app.vcenter_trusts = lambda ip: ip in green
    assert site.call("GET", f"{PCC}/vmEncryption") == {"state": "disabled"}
    task = _open(site)
    assert (task["state"], site.app.flow_open("192.0.2.7")) == ("todo", False)
    states = [site.call("GET", f"{PCC}/task/{task['taskId']}") for _look in range(6)]
    assert [item["state"] for item in states] == ["todo"] + ["doing"] * 5
    assert states[-1]["description"] == WAITING
    assert site.app.flow_open("192.0.2.7") and not site.app.flow_open("192.0.2.8")
    number = site.call("GET", KMS)[0]
    assert site.call("GET", f"{KMS}/{number}")["state"] == "creating"
    green.append("192.0.2.7")
    assert site.call("GET", f"{PCC}/task/{task['taskId']}")["state"] == "done"
    assert site.call("GET", f"{KMS}/{number}") == {
        "description": "okms",
        "ip": "192.0.2.7",
        "kmsId": number,
        "kmsTcpPort": 5696,
        "sslThumbprint": THUMBPRINT,
        "state": "delivered",
    }
    assert site.call("GET", f"{PCC}/vmEncryption") == {"state": "enabled"}


def test_reading_the_entry_moves_its_task(site):
    site.app.vcenter_trusts = lambda ip: True
    _open(site)
    number = next(iter(site.state.pccs["pcc-192-0-2-10"].kms))
    states = [site.call("GET", f"{KMS}/{number}")["state"] for _look in range(4)]
    assert states == ["toCreate", "creating", "creating", "delivered"]


def test_change_and_removal_of_a_kms(site):
    site.settings.task_reads = 0
    site.app.vcenter_trusts = lambda ip: True
    assert _open(site)["state"] == "done"
    path = f"{KMS}/{site.call('GET', KMS)[0]}"
    assert site.refused("POST", KMS, {"ip": "192.0.2.7", "sslThumbprint": THUMBPRINT}) == (409, "Client::Conflict")
    assert site.refused("POST", f"{path}/changeProperties", {"description": "x"})[0] == 400
    assert site.refused("POST", f"{path}/changeProperties", {"sslThumbprint": "AA:BB"})[0] == 400
    longer = ":".join(["ab"] * 32)
    assert site.call("POST", f"{path}/changeProperties", {"sslThumbprint": longer})["state"] == "done"
    shown = site.call("GET", path)
    assert (shown["sslThumbprint"], shown["description"]) == (longer, "okms")
    site.settings.task_reads = 1
    task = site.call("DELETE", path)
    assert site.call("GET", path)["state"] == "toDelete"
    assert site.refused("DELETE", path)[0] == 409
    _until_done(site, task)
    assert site.call("GET", KMS) == [] and not site.app.flow_open("192.0.2.7")
    assert site.refused("GET", path)[0] == 404
    assert site.call("GET", f"{PCC}/vmEncryption") == {"state": "disabled"}


def test_removal_gives_a_waiting_creation_up(site):
    task = _open(site)
    site.call("DELETE", f"{KMS}/{next(iter(site.state.pccs['pcc-192-0-2-10'].kms))}")
    assert site.call("GET", f"{PCC}/task/{task['taskId']}")["state"] == "canceled"


def test_tasks_that_fail_and_are_run_again(site):
    site.settings.task_outcome = "error"
    site.settings.task_reads = 0
    user = site.call("GET", f"{PCC}/user?name=admin")[0]
    task = site.call("POST", f"{PCC}/user/{user}/changeProperties", {"encryptionRight": True})
    assert task["state"] == "error"
    assert site.call("GET", f"{PCC}/user/{user}")["encryptionRight"] is False
    assert site.call("POST", f"{PCC}/task/{task['taskId']}/resetTaskState", {"reason": "again"})["state"] == "todo"
    _until_done(site, task)
    assert site.call("GET", f"{PCC}/user/{user}")["encryptionRight"] is True
    assert site.refused("POST", f"{PCC}/task/{task['taskId']}/resetTaskState", {"reason": "again"})[0] == 400


@pytest.mark.parametrize("style, statuses", [("", [200, 200]), ("after_read", [200, 404]), ("at_once", [404, 404])])
def test_finished_tasks_may_vanish(site, style, statuses):
    site.settings.tasks_vanish, site.settings.task_reads = style, 0
    task = site.call("POST", f"{PCC}/user/1201/changeProperties", {"nsxRight": False})
    assert [site.signed("GET", f"{PCC}/task/{task['taskId']}").status_code for _look in range(2)] == statuses
    assert (task["taskId"] in site.call("GET", f"{PCC}/task")) is (style == "")


def test_task_lists(site):
    first = site.call("POST", f"{PCC}/user/1201/changeProperties", {"nsxRight": False})["taskId"]
    second = site.call("POST", f"{PCC}/allowedNetwork", {"network": "203.0.113.5/32"})
    assert site.call("GET", f"{PCC}/task") == [first, second["taskId"]]
    assert site.call("GET", f"{PCC}/task", params={"name": "%Network%", "state": "todo"}) == [second["taskId"]]
    assert site.call("GET", f"{PCC}/task", params={"executionDate": "2999-01-01T00:00:00+00:00"}) == []
    assert site.call("GET", f"{PCC}/user/1201/task") == [first]
    assert site.call("GET", f"{PCC}/user/1201/task/{first}")["userId"] == 1201
    assert site.refused("GET", f"{PCC}/user/1201/task/{second['taskId']}")[0] == 404
    assert site.call("GET", f"{PCC}/allowedNetwork/{second['networkAccessId']}/task") == [second["taskId"]]


def test_user_rights_change_when_the_task_is_done(site):
    user = site.call("GET", f"{PCC}/user", params={"name": "admin"})[0]
    path = f"{PCC}/user/{user}"
    assert site.call("GET", path)["login"] == "admin@pcc-192-0-2-10.ovh.test"
    body = {"encryptionRight": True, "tokenValidator": True, "email": "sec@example.net"}
    task = site.call("POST", f"{path}/changeProperties", body)
    assert site.app.vsphere_user("admin@pcc-192-0-2-10.ovh.test").encryption_right is False
    _until_done(site, task)
    shown = site.call("GET", path)
    assert (shown["encryptionRight"], shown["isTokenValidator"], shown["email"]) == (True, True, "sec@example.net")
    assert site.app.vsphere_user("admin@pcc-192-0-2-10.ovh.test").encryption_right is True


def test_life_of_a_user(site):
    body = {"name": "backup", "encryptionRight": True, "password": "Abcdef123", "right": "readonly"}
    task = site.call("POST", f"{PCC}/user", body)
    path = f"{PCC}/user/{task['userId']}"
    assert site.refused("POST", f"{PCC}/user", body)[0] == 409
    assert site.call("GET", path)["state"] == "creating"
    _until_done(site, task)
    assert site.call("GET", path)["encryptionRight"] is True
    login = site.call("GET", path)["login"]
    assert site.app.vsphere_user(login).password == "Abcdef123"
    assert site.refused("POST", f"{path}/changePassword", {"password": "short"})[0] == 400
    _until_done(site, site.call("POST", f"{path}/changePassword", {"password": "Ghijkl456"}))
    assert site.app.vsphere_user(login).password == "Ghijkl456"
    _until_done(site, site.call("POST", f"{path}/disable"))
    assert site.app.vsphere_user(login) is None
    _until_done(site, site.call("POST", f"{path}/enable"))
    assert site.app.vsphere_user(login).name == "backup"
    right = f"{path}/right/{site.call('GET', f'{path}/right')[0]}"
    _until_done(site, site.call("PUT", right, {"right": "admin"}))
    assert site.call("GET", right)["right"] == "admin"
    _until_done(site, site.call("DELETE", path))
    assert site.refused("GET", path)[0] == 404


def test_advanced_security_waits_for_a_code(site):
    site.settings.advanced_security = True
    assert site.call("GET", PCC)["advancedSecurity"] is True
    task = site.call("POST", f"{PCC}/user/1201/changeProperties", {"encryptionRight": True})
    states = [site.call("GET", f"{PCC}/task/{task['taskId']}")["state"] for _look in range(4)]
    assert states == ["todo", "waitingTodo", "waitingTodo", "waitingTodo"]
    assert site.app.validate_tasks() == 1
    _until_done(site, task)


def test_a_code_is_good_for_15_minutes(site):
    site.settings.advanced_security = True
    task = site.call("POST", f"{PCC}/user/1201/changeProperties", {"encryptionRight": True})
    site.clock.advance(901)
    assert task["taskId"] in site.call("GET", f"{PCC}/task", params={"state": "canceled"})
    assert site.call("GET", f"{PCC}/task/{task['taskId']}")["state"] == "canceled"
    assert site.app.validate_tasks() == 0 and site.call("GET", f"{PCC}/user/1201")["encryptionRight"] is False


def test_iam_option(site):
    iam = f"{PCC}/iam"
    assert site.call("GET", iam) == {"identityProviderId": None, "state": "disabled"}
    assert site.call("GET", f"{iam}/canBeEnabled") is True
    assert site.refused("POST", f"{iam}/addRole", {"name": "crypto"})[0] == 409
    _until_done(site, site.call("POST", f"{iam}/enable"))
    assert site.call("GET", iam) == {"identityProviderId": 12, "state": "enabled"}
    assert site.call("GET", f"{iam}/canBeEnabled") is False
    _until_done(site, site.call("POST", f"{iam}/addRole", {"name": "crypto"}))
    actions = [item["action"] for item in site.pages("/v2/iam/reference/action?resourceType=pccVMware")]
    assert {f"pccVMware:vSphere:assumeRole?{role}" for role in ("iam-admin", "iam-auditor", "iam-crypto")} <= {*actions}
    assert site.refused("POST", f"{iam}/addRole", {"name": "iam-crypto"})[0] == 409
    users = [site.call("GET", f"{PCC}/user/{number}") for number in site.call("GET", f"{PCC}/user")]
    roles = {user["name"]: user["encryptionRight"] for user in users if user["identityProviderType"] == "iam"}
    assert roles == {"iam-admin": True, "iam-auditor": False, "iam-crypto": False}
    _until_done(site, site.call("POST", f"{iam}/disable"))
    assert len(site.call("GET", f"{PCC}/user")) == 2


def test_clouds_without_iam(site):
    site.settings.iam_option = "unavailable"
    assert site.call("GET", f"{PCC}/iam/canBeEnabled") is False
    assert site.refused("POST", f"{PCC}/iam/enable") == (409, "Client::Conflict")
    site.settings.iam_option, site.settings.service_pack = "available", "pcidss-nsxt"
    assert site.call("GET", f"{PCC}/iam/canBeEnabled") is False
    site.settings.iam_option = "missing"
    assert site.refused("GET", f"{PCC}/iam") == (404, "Client::NotFound")


def test_allowed_networks(site):
    path = f"{PCC}/allowedNetwork"
    assert [site.call("GET", f"{path}/{number}")["network"] for number in site.call("GET", path)] == ["198.51.100.0/24"]
    task = site.call("POST", path, {"network": "203.0.113.5/32", "description": "awx"})
    one = f"{path}/{task['networkAccessId']}"
    assert site.call("GET", one)["state"] == "toUpdate"
    _until_done(site, task)
    assert site.call("GET", one)["state"] == "allowed"
    assert site.refused("POST", path, {"network": "203.0.113.5/32"})[0] == 409
    _until_done(site, site.call("PUT", one, {"network": "203.0.113.5/32", "description": "tower"}))
    assert site.call("GET", one)["description"] == "tower"
    _until_done(site, site.call("DELETE", one))
    assert site.refused("GET", one)[0] == 404


def test_a_failed_flow_says_so(site):
    site.settings.task_outcome, site.app.vcenter_trusts = "error", lambda ip: True
    task = _open(site)
    states = [site.call("GET", f"{PCC}/task/{task['taskId']}")["state"] for _look in range(4)]
    assert states[-1] == "error"
    assert site.call("GET", f"{KMS}/{site.call('GET', KMS)[0]}")["state"] == "error"
