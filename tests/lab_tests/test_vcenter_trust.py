# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust between the lab's vCenter and a real KMIP server: nothing turns green but by a real connection."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    KmsSite,
    VCenterSite,
    provider_id,
)

KP = provider_id("kp")


class Scene:
    """A vCenter, a KMIP server, and a provider `kp` registered with it."""

    def __init__(self, directory, **settings):
        self.site = VCenterSite(**settings)
        self.kms = KmsSite(self.site, directory)
        self.manager = self.site.connect().content.cryptoManager
        self.manager.RegisterKmipServer(self.kms.spec("kp"))

    def close(self):
        self.kms.server.stop()
        self.site.close()

    def trust_server(self):
        self.manager.UploadKmipServerCert(KP, self.kms.authority.certificate_pem)

    def sign(self, csr_pem, name="okms-1"):
        csr = x509.load_pem_x509_csr(csr_pem.encode())
        certificate = self.kms.clients.issue(name, csr.public_key(), "client")
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def make_green(self):
        self.trust_server()
        self.manager.UpdateKmsSignedCsrClientCert(KP, self.sign(self.manager.GenerateClientCsr(KP)))

    def status(self):
        cluster = self.manager.RetrieveKmipServersStatus(self.manager.ListKmipServers()).info.result[0]
        return cluster, cluster.servers[0]

    def flags(self):
        cluster, server = self.status()
        return cluster.overallStatus, server.status, server.clientTrustServer, server.serverTrustClient


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    made.close()


def test_every_step_to_green(scene):
    manager = scene.manager
    assert scene.flags() == ("red", "red", False, False)
    shown = manager.RetrieveKmipServerCert(KP, scene.kms.info())
    assert shown.certificate == scene.kms.server.server_certificate_pem
    assert shown.clientTrustServer is False
    scene.trust_server()
    assert manager.RetrieveKmipServerCert(KP, scene.kms.info()).clientTrustServer is True
    assert scene.flags() == ("red", "red", True, False)
    assert manager.IsKmsClusterActive(KP) is False
    csr = manager.GenerateClientCsr(KP)
    assert manager.RetrieveClientCsr(KP) == csr
    manager.UpdateKmsSignedCsrClientCert(KP, scene.sign(csr))
    assert scene.flags() == ("green", "green", True, True)
    assert manager.IsKmsClusterActive(KP) is True
    assert manager.RetrieveClientCsr(KP) == ""
    assert scene.site.vcenter.provider_is_green_at("127.0.0.1") is True
    assert scene.site.vcenter.provider_is_green_at("127.0.0.9") is False
    assert {entry.actor for entry in scene.site.journal.entries("okms_kmip")} == {"okms-1"}


def test_certificates_are_described_as_vcenter_does(scene):
    scene.make_green()
    cluster, server = scene.status()
    assert cluster.clientCertInfo.subject == "commonName                = okms-1"
    assert server.certInfo.subject == "commonName                = okms"
    assert server.certInfo.serialNumber.startswith("0x")
    assert len(server.certInfo.fingerprint) == 59
    assert server.certInfo.secondsBeforeExpire > 0
    assert server.connectionStatus


def test_real_key(scene):
    scene.make_green()
    result = scene.manager.GenerateKey(KP)
    assert (result.success, result.keyId.providerId.id) == (True, "kp")
    assert list(scene.kms.server.keys()) == [result.keyId.keyId]
    operations = [name for _actor, name in scene.kms.server.seen]
    assert {"Create", "Get"} <= set(operations)
    status = scene.manager.QueryCryptoKeyStatus([result.keyId], 1)[0]
    assert (status.keyAvailable, status.reason) == (False, "KeyStateNotActiveOrEnabled")
    unknown = vim.encryption.CryptoKeyId(keyId="4711", providerId=KP)
    assert scene.manager.QueryCryptoKeyStatus([unknown], 1)[0].reason == "KeyStateMissingInKMS"
    assert list(scene.manager.ListKeys()) == []
    attributes = vim.encryption.CryptoManagerKmip.CustomAttributeSpec(attributes=[vim.KeyValue(key="a", value="b")])
    assert scene.manager.SetKeyCustomAttributes(result.keyId, attributes).success is True
    assert scene.manager.SetKeyCustomAttributes(unknown, attributes).success is False


def test_no_key_without_trust(scene):
    result = scene.manager.GenerateKey(KP)
    assert result.success is False
    assert result.reason
    assert scene.kms.server.object_count() == 0


def test_refusing_key_server(scene):
    scene.make_green()
    scene.kms.server.allowed = lambda _name, _serial, operation: operation != "Create"
    result = scene.manager.GenerateKey(KP)
    assert (result.success, "Create" in result.reason) == (False, True)


def test_closed_flow(scene):
    scene.make_green()
    scene.site.vcenter.flow_open = lambda _host, _port: False
    assert scene.flags()[:2] == ("red", "red")
    assert scene.manager.RetrieveKmipServerCert(KP, scene.kms.info()).certificate == ""
    assert scene.manager.GenerateKey(KP).success is False
    assert scene.site.vcenter.provider_is_green_at("127.0.0.1") is False


def test_server_certificate_of_a_new_provider_and_of_nobody(scene):
    new = provider_id("new")
    assert scene.manager.RetrieveKmipServerCert(new, scene.kms.info("x")).certificate
    info = vim.encryption.KmipServerInfo(name="x", address="127.0.0.1", port=1)
    nobody = scene.manager.RetrieveKmipServerCert(new, info)
    assert (nobody.certificate, nobody.certInfo, nobody.clientTrustServer) == ("", None, None)


def test_leaf_is_trusted_until_it_changes(scene):
    scene.manager.UploadKmipServerCert(KP, scene.kms.server.server_certificate_pem)
    assert scene.flags()[2] is True
    scene.kms.server.replace_server_certificate()
    assert scene.flags()[2] is False


def test_mixed_servers_are_yellow(scene):
    scene.make_green()
    spec = scene.kms.spec("kp", "dead")
    spec.info.port = 1
    scene.manager.RegisterKmipServer(spec)
    assert scene.status()[0].overallStatus == "yellow"
    assert scene.manager.GenerateKey(KP).success is True


def test_uploads_add_up_or_replace(scene):
    other = scene.kms.clients.certificate_pem
    scene.trust_server()
    scene.manager.UploadKmipServerCert(KP, other)
    assert scene.flags()[2] is True
    scene.site.vcenter.settings.server_certificates_accumulate = False
    scene.manager.UploadKmipServerCert(KP, other)
    assert scene.flags()[2] is False


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_unreadable_certificate(scene, text):
    with pytest.raises(vmodl.fault.InvalidArgument):
        scene.manager.UploadKmipServerCert(KP, text)
    scene.manager.GenerateClientCsr(KP)
    with pytest.raises(vmodl.fault.InvalidArgument):
        scene.manager.UpdateKmsSignedCsrClientCert(KP, text)
    with pytest.raises(vmodl.fault.InvalidArgument):
        scene.manager.UploadClientCert(KP, text, text)


def test_second_csr_throws_the_first_key_away(scene):
    first = scene.sign(scene.manager.GenerateClientCsr(KP))
    second = scene.manager.GenerateClientCsr(KP)
    with pytest.raises(vmodl.fault.InvalidArgument):
        scene.manager.UpdateKmsSignedCsrClientCert(KP, first)
    assert scene.manager.RetrieveClientCsr(KP) == second


def test_working_certificate_stays_until_the_new_one(scene):
    scene.make_green()
    before = scene.manager.RetrieveClientCert(KP)
    csr = scene.manager.GenerateClientCsr(KP)
    scene.manager.GenerateSelfSignedClientCert(KP)
    assert scene.manager.RetrieveClientCert(KP) == before
    assert scene.flags()[0] == "green"
    renewed = scene.sign(csr)
    scene.manager.UpdateKmsSignedCsrClientCert(KP, renewed)
    assert scene.manager.RetrieveClientCert(KP) == renewed
    assert scene.flags()[0] == "green"


def test_csr_that_stays_readable(tmp_path):
    scene = Scene(tmp_path, keep_csr_after_use=True)
    try:
        csr = scene.manager.GenerateClientCsr(KP)
        scene.manager.UpdateKmsSignedCsrClientCert(KP, scene.sign(csr))
        assert scene.manager.RetrieveClientCsr(KP) == csr
    finally:
        scene.close()


def test_subject_of_the_csr(scene):
    request = vim.encryption.CryptoManagerKmip.CertSignRequest(commonName="vc1", organization="Example", country="FR")
    csr = x509.load_pem_x509_csr(scene.manager.GenerateClientCsr(KP, request).encode())
    subject = csr.subject.rfc4514_string()
    assert "CN=vc1" in subject
    assert "O=Example" in subject
    assert "C=FR" in subject


def test_uploaded_pair(scene):
    scene.trust_server()
    certificate, key = scene.kms.clients.leaf("okms-2", "client")
    _other, wrong = scene.kms.clients.leaf("okms-3", "client")
    with pytest.raises(vmodl.fault.InvalidArgument):
        scene.manager.UploadClientCert(KP, certificate, wrong)
    scene.manager.UploadClientCert(KP, certificate, key)
    assert scene.manager.RetrieveClientCert(KP) == certificate
    assert scene.flags()[0] == "green"


def test_self_signed(scene):
    scene.trust_server()
    assert scene.manager.RetrieveSelfSignedClientCert(KP) == ""
    certificate = scene.manager.GenerateSelfSignedClientCert(KP)
    assert scene.manager.RetrieveSelfSignedClientCert(KP) == certificate
    with pytest.raises(vmodl.fault.InvalidArgument):
        scene.manager.UpdateSelfSignedClientCert(KP, scene.kms.clients.certificate_pem)
    scene.manager.UpdateSelfSignedClientCert(KP, certificate)
    assert scene.manager.RetrieveClientCert(KP) == certificate
    assert scene.flags()[3] is False
    scene.kms.server.trust_client_certificate(certificate)
    assert scene.flags()[0] == "green"


def test_own_certificate_of_vcenter(scene):
    scene.trust_server()
    own = scene.manager.RetrieveClientCert(KP)
    assert own.startswith("-----BEGIN CERTIFICATE-----")
    scene.kms.server.trust_client_certificate(own)
    assert scene.flags()[0] == "green"
    scene.site.vcenter.settings.default_client_certificate = False
    assert scene.manager.RetrieveClientCert(KP) == ""
    assert scene.flags()[0] == "red"
    assert scene.status()[0].clientCertInfo is None


def test_revoked_certificate_turns_red(scene):
    scene.make_green()
    serial = x509.load_pem_x509_certificate(scene.manager.RetrieveClientCert(KP).encode()).serial_number
    scene.kms.clients.revoke(serial)
    scene.kms.server.refresh_revocations()
    assert scene.flags() == ("red", "red", True, False)


def test_expiry_turns_red(scene):
    scene.make_green()
    scene.site.clock.advance(400 * 86400)
    assert scene.flags()[:2] == ("red", "red")


def test_flags_left_out(scene):
    scene.site.vcenter.settings.false_trust_unset = True
    assert scene.flags() == ("red", "red", None, None)


def test_status_without_a_list_of_servers_means_all(scene):
    clusters = scene.manager.ListKmsClusters(False)
    assert list(clusters[0].servers) == []
    servers = scene.manager.RetrieveKmipServersStatus(clusters).info.result[0].servers
    assert [server.name for server in servers] == ["kms1"]


def test_status_of_the_servers_passed_in(scene):
    scene.manager.RegisterKmipServer(scene.kms.spec("kp", "kms2"))
    clusters = scene.manager.ListKmipServers()
    del clusters[0].servers[0]
    servers = scene.manager.RetrieveKmipServersStatus(clusters).info.result[0].servers
    assert [server.name for server in servers] == ["kms2"]


@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_all_versions_turn_green(tmp_path, version):
    scene = Scene(tmp_path, version=version)
    try:
        scene.make_green()
        assert scene.flags() == ("green", "green", True, True)
    finally:
        scene.close()
