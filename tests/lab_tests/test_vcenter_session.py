# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Login, versions, privileges and faults of the lab's vCenter, with pyVmomi as the client."""

from __future__ import annotations

import http.client

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import PASSWORD, USER, VCenterSite


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


def post(site, body, action='"urn:vim25/8.0.3.0"', headers=None, chunked=False):
    connection = http.client.HTTPSConnection("localhost", site.port, context=site.context())
    payload = iter([body[:20], body[20:]]) if chunked else body
    given = {"SOAPAction": action, "Content-Type": "text/xml", **(headers or {})}
    connection.request("POST", "/sdk", payload, given, encode_chunked=chunked)
    answer = connection.getresponse()
    result = answer.status, answer.read().decode(), answer.headers
    connection.close()
    return result


def envelope(inner):
    return (f'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>{inner}</Body></Envelope>').encode()


CURRENT_TIME = envelope(
    '<CurrentTime xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this></CurrentTime>'
)
CONTENT = envelope(
    '<RetrieveServiceContent xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this>'
    "</RetrieveServiceContent>"
)


@pytest.mark.parametrize(
    ("version", "spoken", "api"),
    [
        ("7.0.2", "vim.version.v7_0_2_0", "7.0.2.0"),
        ("8.0.3", "vim.version.v8_0_3_0", "8.0.3.0"),
        ("9.0", "vim.version.v9_0_0_0", "9.0.0.0"),
    ],
)
def test_version_is_negotiated(version, spoken, api):
    site = VCenterSite(version=version)
    try:
        instance = site.connect()
        assert instance._stub.version == spoken
        assert instance.content.about.apiVersion == api
    finally:
        site.close()


def test_old_version_knows_no_newer_method_and_drops_its_fields():
    site = VCenterSite(version="7.0.2")
    try:
        manager = site.connect().content.cryptoManager
        site.vcenter.crypto.add_native("native")
        assert manager.ListKmsClusters()[0].hasBackup is False
        key = vim.encryption.CryptoKeyId(keyId="k")
        with pytest.raises(vmodl.fault.MethodNotFound):
            manager.SetKeyCustomAttributes(key, vim.encryption.CryptoManagerKmip.CustomAttributeSpec())
    finally:
        site.close()


def test_bad_password(site):
    with pytest.raises(vim.fault.InvalidLogin) as caught:
        site.connect("wrong")
    assert "incorrect user name or password" in str(caught.value)
    assert site.vcenter.sessions.active() == []


def test_login_session_and_logout(site):
    instance = site.connect()
    session = instance.content.sessionManager.currentSession
    assert session.userName == USER
    assert instance.content.sessionManager.SessionIsActive(session.key, USER) is True
    assert instance.content.sessionManager.SessionIsActive("other", USER) is False
    instance.content.sessionManager.Logout()
    with pytest.raises(vim.fault.NotAuthenticated) as caught:
        instance.CurrentTime()
    assert caught.value.privilegeId == "System.View"
    assert [entry.kind for entry in site.journal.entries("vcenter") if entry.kind != "read"] == ["login", "logout"]


def test_second_login_on_a_session_is_refused(site):
    instance = site.connect()
    with pytest.raises(vim.fault.InvalidLogin):
        instance.content.sessionManager.Login(USER, PASSWORD)


def test_cookie_alone_is_no_session(site):
    _status, _body, headers = post(site, CONTENT)
    status, body, _headers = post(site, CURRENT_TIME, headers={"Cookie": headers["Set-Cookie"]})
    assert (status, "NotAuthenticatedFault" in body) == (500, True)


def test_session_limit():
    site = VCenterSite(session_limit=1)
    try:
        site.connect()
        with pytest.raises(http.client.HTTPException, match="503"):
            site.connect()
    finally:
        site.close()


def test_idle_session_ends():
    site = VCenterSite(idle_timeout=1800)
    try:
        instance = site.connect()
        site.clock.advance(1000)
        instance.CurrentTime()
        site.clock.advance(2000)
        with pytest.raises(vim.fault.NotAuthenticated):
            instance.CurrentTime()
    finally:
        site.close()


def test_privileges_are_those_of_the_login(site):
    site.privileges = {"Cryptographer.ManageKeys"}
    first = site.connect()
    with pytest.raises(vim.fault.NoPermission) as caught:
        first.content.cryptoManager.ListKmsClusters()
    assert caught.value.privilegeId == "Cryptographer.ManageKeyServers"
    assert caught.value.object == vim.encryption.CryptoManagerKmip("CryptoManager")
    site.privileges = {"Cryptographer.ManageKeys", "Cryptographer.ManageKeyServers"}
    with pytest.raises(vim.fault.NoPermission):
        first.content.cryptoManager.ListKmsClusters()
    assert list(site.connect().content.cryptoManager.ListKmsClusters()) == []


def test_own_privileges_can_be_asked_for(site):
    site.privileges = {"Cryptographer.ManageKeys"}
    content = site.connect().content
    wanted = ["Cryptographer.ManageKeys", "Cryptographer.ManageKeyServers", "System.Read"]
    session = content.sessionManager.currentSession.key
    found = content.authorizationManager.HasPrivilegeOnEntities([content.rootFolder], session, wanted)
    assert [one.isGranted for one in found[0].privAvailability] == [True, False, True]


def test_property_without_privilege(site):
    site.privileges = set()
    content = site.connect().content
    with pytest.raises(vim.fault.NoPermission):
        _unused = content.cryptoManager.kmipServers
    assert content.cryptoManager.enabled is True


@pytest.mark.parametrize("chunked", [False, True])
def test_envelope_of_other_clients(site, chunked):
    status, body, headers = post(site, CONTENT, "urn:vim25/9.1.0.0", chunked=chunked)
    assert (status, "<apiVersion>8.0.3.0</apiVersion>" in body) == (200, True)
    assert headers["Set-Cookie"].startswith('vmware_soap_session="')


@pytest.mark.parametrize("body", [b"", b"no xml", b"<a/>", envelope(""), CONTENT[:-20]])
def test_unreadable_request(site, body):
    status, text, _headers = post(site, body)
    assert (status, "InvalidRequestFault" in text) == (500, True)


def test_unknown_method_and_object(site):
    content = site.connect().content
    with pytest.raises(vmodl.fault.MethodNotFound):
        content.sessionManager.ImpersonateUser("x", "en")
    machine = vim.VirtualMachine("vm-99", content.rootFolder._stub)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        _unused = machine.name
    unknown = '<NoSuch xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this><x>1</x></NoSuch>'
    cookie = {"Cookie": content.rootFolder._stub.cookie}
    assert "MethodNotFoundFault" in post(site, envelope(unknown), headers=cookie)[1]


def test_faults_by_rule(site):
    manager = site.connect().content.cryptoManager
    site.faults.add("refuse", system="vcenter", operation="ListKmsClusters")
    with pytest.raises(vim.fault.NoPermission) as caught:
        manager.ListKmsClusters()
    assert caught.value.privilegeId == "Cryptographer.ManageKeyServers"
    site.faults.add("status", system="vcenter", operation="ListKmsClusters", status=500)
    with pytest.raises(vmodl.fault.SystemError):
        manager.ListKmsClusters()
    site.faults.add("status", system="vcenter", operation="ListKmsClusters", status=503)
    with pytest.raises(http.client.HTTPException, match="503"):
        manager.ListKmsClusters()


def test_journal_names_calls(site):
    instance = site.connect()
    mark = site.journal.mark()
    instance.content.cryptoManager.RegisterKmsCluster(vim.encryption.KeyProviderId(id="kp"))
    entry = site.journal.writes(mark)[0]
    assert (entry.operation, entry.target, entry.actor) == (
        "RegisterKmsCluster",
        "CryptoManagerKmip:CryptoManager",
        USER,
    )
