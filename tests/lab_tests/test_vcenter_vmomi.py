# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of pyVmomi that are no public interface: fails loudly when a release drops one of them."""

from __future__ import annotations

import inspect

import pytest
from pyVmomi import SoapAdapter, VmomiSupport, vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import soap, vmomi


@pytest.mark.parametrize("name", ["_QName", "_Serialize", "Serialize", "SerializeFaultDetail"])
def test_serializer_method_is_overridable(name):
    assert callable(getattr(SoapAdapter.SoapSerializer, name))


def test_serializer_signatures():
    assert list(inspect.signature(SoapAdapter.SoapSerializer._QName).parameters) == ["self", "typ", "defNS"]
    assert list(inspect.signature(SoapAdapter.SoapSerializer._Serialize).parameters) == ["self", "val", "info", "defNS"]


@pytest.mark.parametrize("name", ["Deserialize", "StartElementHandler", "EndElementHandler", "GetResult"])
def test_deserializer_method(name):
    assert callable(getattr(SoapAdapter.SoapDeserializer, name))


def test_deserializer_gives_up_its_stack():
    assert "del self.parser, self.origHandlers, self.stack" in inspect.getsource(
        SoapAdapter.SoapDeserializer.EndElementHandler
    )


@pytest.mark.parametrize("name", ["GetHandlers", "SetHandlers", "XmlEscape", "ExpatDeserializerNSHandlers"])
def test_soap_adapter_function(name):
    assert callable(getattr(SoapAdapter, name))


@pytest.mark.parametrize("name", ["NS_SEP", "SOAP_NSMAP", "SOAP_START", "SOAP_END", "XML_HEADER", "XMLNS_SOAPENV"])
def test_soap_adapter_constant(name):
    assert getattr(SoapAdapter, name)


@pytest.mark.parametrize("name", ["versionMap", "versionIdMap", "IsChildVersion", "GetWsdlMethod", "GetWsdlType"])
def test_support_member(name):
    assert getattr(VmomiSupport, name)


def test_object_members():
    machine = vim.VirtualMachine("vm-1")
    assert (machine._moId, type(machine)._wsdlName) == ("vm-1", "VirtualMachine")
    assert vim.AboutInfo._GetPropertyInfo("name").type is str
    assert [info.name for info in vim.VirtualMachine._GetPropertyList()]


def test_method_metadata():
    info = vmomi.method_info("GenerateKey")
    assert (info.privId, info.type) == ("Cryptographer.ManageKeys", vim.encryption.CryptoManagerKmip)
    assert [parameter.name for parameter in info.params] == ["keyProvider", "spec", "keySpec"]
    assert vmomi.method_info("NoSuchMethod") is None


def test_versions_are_ordered():
    old, middle, new = (vmomi.VERSIONS[name] for name in ("7.0.2", "8.0.3", "9.0"))
    assert vmomi.includes(new, middle)
    assert not vmomi.includes(old, middle)
    assert "7.0.2.0" in vmomi.prior_versions(middle)
    assert "9.0.0.0" not in vmomi.prior_versions(middle)


def test_required_list_may_be_empty():
    status = vim.encryption.CryptoManagerKmip.ClusterStatus(clusterId=vim.encryption.KeyProviderId(id="kp"))
    assert "<servers" not in soap.serialise("returnval", status, type(status), vmomi.VERSIONS["8.0.3"])


def test_reference_in_any_is_named_for_other_clients():
    text = soap.serialise("val", vim.VirtualMachine("vm-1"), object, vmomi.VERSIONS["8.0.3"])
    assert "ManagedObjectReference" in text


def test_newer_fields_are_left_out():
    info = vim.encryption.KmipClusterInfo(
        clusterId=vim.encryption.KeyProviderId(id="kp"), useAsDefault=False, defaultKeyType="rawKey", hasBackup=True
    )
    written = {name: soap.serialise("returnval", info, type(info), version) for name, version in vmomi.VERSIONS.items()}
    assert [name for name, text in written.items() if "defaultKeyType" in text] == ["9.0"]
    assert [name for name, text in written.items() if "hasBackup" not in text] == ["7.0.1"]


def test_control_characters_are_dropped():
    assert soap.serialise("returnval", "a\x01b", str, vmomi.VERSIONS["8.0.3"]).endswith(">ab</returnval>")


def test_kept_form_is_the_usual_one_in_every_version_and_place():
    def make():
        return vim.encryption.KmipClusterInfo(
            clusterId=vim.encryption.KeyProviderId(id="kp"), useAsDefault=False, defaultKeyType="rawKey"
        )

    kept = vmomi.unchanging(make())
    for _turn in range(2):
        for version in vmomi.VERSIONS.values():
            for name, kind in (("returnval", type(kept)), ("val", object)):
                assert soap.serialise(name, kept, kind, version) == soap.serialise(name, make(), kind, version)
