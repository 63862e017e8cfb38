# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login leaves to the next task: the services of vCenter, without a request."""

from __future__ import annotations

import pytest
from pyVmomi import vim
from pyVmomi.SoapAdapter import SoapStubAdapter

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.logins import (
    KnownServices,
    record_of,
    resume,
)


class Stub:
    cookie, version = "vmware_soap_session=1", "vim.version.v8_0_2_0"

    @staticmethod
    def GetSessionId():  # noqa: N802  (pyVmomi's name)
        return "1"


@pytest.fixture
def services():
    content = vim.ServiceInstanceContent(about=vim.AboutInfo(apiType="VirtualCenter", instanceUuid="ab"))
    content.rootFolder = vim.Folder("group-d1")
    content.cryptoManager = vim.encryption.CryptoManagerKmip("CryptoManager")
    return KnownServices(record_of(content, Stub, {}), Stub)


def test_services_are_those_of_the_login(services):
    assert (services.about.apiType, services.about.instanceUuid) == ("VirtualCenter", "ab")
    assert isinstance(services.rootFolder, vim.Folder)
    assert isinstance(services.cryptoManager, vim.encryption.CryptoManagerKmip)
    assert services.rootFolder._moId == "group-d1"
    assert services.rootFolder._stub is Stub
    assert services.rootFolder is services.rootFolder


def test_service_that_this_vcenter_lacks_is_none(services):
    assert services.eventManager is None


def test_name_that_no_vcenter_has_is_refused(services):
    assert not hasattr(services, "cryptoMangler")


def test_resumed_login_has_its_cookie_and_its_session():
    """The cookie goes with requests, the session into the SOAP header of other services."""
    record = {"session": "1", "cookie": 'vmware_soap_session="1"; Path=/; HttpOnly; Secure; '}
    stub = SoapStubAdapter(host="vc.example.com", version=Stub.version)
    resume(stub, record)
    assert (stub.cookie, stub.GetSessionId()) == (record["cookie"], "1")
