# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Version negotiation, faults and transport errors of the vSphere back end."""

from __future__ import annotations

import http.client
import ssl

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import Bounds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    InvalidInputError,
    UnreachableError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    UnreadableAnswerError,
    fault_text,
    from_fault,
    from_transport,
    translated,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest_errors import to_error

VERSIONS = b"""<?xml version="1.0"?>
<namespaces version="1.0">
  <namespace><name>urn:vim25</name><version>8.0.3.0</version>
    <priorVersions><version>8.0.2.0</version><version>7.0.2.0</version></priorVersions></namespace>
  <namespace><name>urn:other</name><version>9.9.9.9</version></namespace>
</namespaces>"""


BOUNDS = Bounds(60)


def no_service(path, version):
    """For sessions that are asked for nothing but their own data."""
    raise AssertionError(f"{path} {version}")


def test_versions_are_those_of_the_vim_namespace():
    assert session.parse_versions(VERSIONS, "connect") == ["8.0.3.0", "8.0.2.0", "7.0.2.0"]


@pytest.mark.parametrize(
    "body",
    [b"<html><br></html>", *(VERSIONS.replace(b"?>", b' encoding="%s"?>' % code) for code in (b"hex", b"idna", b"x"))],
)
def test_broken_version_file_is_no_vcenter(body):
    with pytest.raises(UnreachableError, match="not a vCenter"):
        session.parse_versions(body, "connect to vCenter x")


@pytest.mark.parametrize(
    ("offered", "negotiated"),
    [
        (["7.0.2.0", "6.7"], "vim.version.v7_0_2_0"),
        (["7.0.2.0", "8.0.3.0"], "vim.version.v8_0_3_0"),
        (["99.0.0.0", "8.0.1.0"], "vim.version.v8_0_1_0"),
    ],
)
def test_newest_common_version_is_taken(offered, negotiated):
    assert session.negotiate(offered, "connect") == negotiated


def test_no_common_version():
    with pytest.raises(UnsupportedError, match="no version"):
        session.negotiate(["99.0"], "connect")


@pytest.mark.parametrize(("found", "fits"), [("7.0.2.0", False), ("8.0.0.1", False), ("8.0.1.0", True), ("9.0", True)])
def test_required_version(found, fits):
    here = session.Session("vc.example.com", stub=None, content=None, version=found, stub_of=no_service, bounds=BOUNDS)
    if fits:
        here.require("8.0.1", "the subject")
        return
    with pytest.raises(
        UnsupportedError, match=rf"the subject needs vCenter 8.0.1 or newer; vc.example.com speaks {found}"
    ):
        here.require("8.0.1", "the subject")


@pytest.mark.parametrize(
    ("kind", "version", "words"), [("HostAgent", "8.0.3.0", "not a vCenter"), ("VirtualCenter", "6.7.3", "7.0.2")]
)
def test_other_servers_never_get_the_password(kind, version, words):
    about = vim.AboutInfo(name="VMware", fullName="VMware ESXi 8.0.3", apiType=kind)
    content = vim.ServiceInstanceContent(about=about)
    with pytest.raises(UnsupportedError, match=words):
        session.check_server(session.Session("esx.example.com", None, content, version, no_service, BOUNDS))


def test_ca_path_that_does_not_exist():
    with pytest.raises(InvalidInputError, match=r"ca_path /nowhere/ca\.pem cannot be used"):
        session.tls_context(True, "/nowhere/ca.pem")


def test_validation_can_be_switched_off():
    assert session.tls_context(False, None).verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (vim.fault.InvalidLogin(), errors.AuthenticationError),
        (vim.fault.NotAuthenticated(privilegeId="System.View"), errors.AuthenticationError),
        (vim.fault.NoPermission(privilegeId="System.Read"), errors.ForbiddenError),
        (vmodl.fault.MethodNotFound(), errors.UnsupportedError),
        (vmodl.fault.NotSupported(), errors.UnsupportedError),
        (vmodl.fault.ManagedObjectNotFound(), errors.NotFoundError),
        (vim.fault.NotFound(), errors.NotFoundError),
        (vim.fault.AlreadyExists(), errors.ConflictError),
        (vim.fault.DuplicateName(), errors.ConflictError),
        (vim.fault.EncryptionKeyRequired(), errors.ConflictError),  # an InvalidState
        (vmodl.fault.InvalidArgument(), errors.ApiError),
        (vmodl.fault.SystemError(), errors.ApiError),
    ],
)
def test_kind_of_error_for_a_fault(fault, expected):
    found = from_fault(fault, "do it on vc")
    assert found.__class__ is expected
    assert found.message.startswith("could not do it on vc: ")


def test_missing_privilege_names_it_the_object_and_the_way_out():
    fault = vim.fault.NoPermission(privilegeId="Cryptographer.ManageKeyServers", object=vim.Folder("group-d1"))
    found = from_fault(fault, "list the key providers on vc")
    assert "Cryptographer.ManageKeyServers on vim.Folder:group-d1" in found.message
    assert "encryption_right" in found.message
    assert "next login" in found.message
    assert found.details["privilege"] == "Cryptographer.ManageKeyServers"


def test_text_of_a_fault_is_one_line_with_its_type():
    fault = vmodl.fault.InvalidArgument(msg="A specified\n parameter was not correct", invalidProperty="clusterId")
    assert fault_text(fault) == "A specified parameter was not correct (InvalidArgument: clusterId)"


def test_text_of_a_fault_without_text_comes_from_its_messages():
    message = vmodl.LocalizableMessage(key="msg.hostd.configSpec.enc.snapshots")
    assert fault_text(vim.fault.InvalidVmConfig(faultMessage=[message])).startswith(
        "msg.hostd.configSpec.enc.snapshots ("
    )


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ssl.SSLCertVerificationError("self-signed certificate"), errors.UnreachableError, "not trusted"),
        (ssl.SSLError("wrong version"), errors.UnreachableError, "TLS failed"),
        (TimeoutError("timed out"), errors.UnreachableError, "timed out"),
        (ConnectionRefusedError(111, "Connection refused"), errors.UnreachableError, "Connection refused"),
        (http.client.RemoteDisconnected("Remote end closed"), errors.UnreachableError, "Remote end closed"),
        (http.client.BadStatusLine("503"), UnreadableAnswerError, "503"),
        (http.client.HTTPException("503 Busy"), errors.ApiError, "503"),
    ],
)
def test_transport_errors(error, kind, words):
    found = from_transport(error, "connect to vCenter vc:443")
    assert found.__class__ is kind
    assert words in found.message


def test_privilege_and_type_of_an_error_are_one_bounded_line():
    wild = "Odd\n" + "x" * 5000
    fault = vim.fault.NoPermission(privilegeId=wild)
    for error in (from_fault(fault, "look"), to_error("look", 403, {"error_type": wild, "messages": []})):
        assert "\n" not in error.message and len(error.message) < 1000
        assert "\n" not in str(error.details.values()) and len(str(error.details)) < 1000


@pytest.mark.parametrize("error", [UnicodeEncodeError("utf-8", "Pass-word\udc80", 9, 10, "surrogates not allowed")])
def test_value_that_cannot_be_sent_is_not_shown(error):
    with pytest.raises(InvalidInputError, match="could not look: a value") as caught, translated("look"):
        raise error
    assert "Pass-word" not in str(caught.value) and caught.value.__cause__ is None
