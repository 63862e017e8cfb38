# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The external KMS: two servers with the same keys, the ways a client gets their trust, user name and password."""

from __future__ import annotations

import contextlib
import json
import pathlib
import ssl

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from kmip.core import enums
from kmip.pie.client import ProxyKmipClient
from kmip.pie.exceptions import KmipOperationFailure
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import KmsRefused, KmsUnavailable, VCenterKmsClient
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import (
    Authority,
    certificate_pem,
    key_pem,
    new_key,
    write_private,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import identity

BUILD = "8.0.3 build-24022510"
LOGIN = ("vcenter", "planted-password")
REFUSED = "Authentication_Not_Successful"


@pytest.fixture
def lab():
    with Lab() as running:
        yield running


def client(lab, pair, number=0, **options):
    host, port = lab.external_kms[number].address
    trusted = [lab.external_authority.certificate_pem]
    certificate, key = pair
    return VCenterKmsClient(host, port, trusted, certificate, key, clock=lab.clock, **options)


def both(lab, pair):
    """What the connection tests of the two servers say about trust in the client."""
    return [client(lab, pair, number).probe().server_trusts_client for number in (0, 1)]


def self_signed(lab):
    made = identity.make_self_signed(None, "vcenter.lab.test", "ec", lab.clock.now())
    return made.certificate_pem, made.key_pem


def csr(key, name="vcenter"):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)] if name else [])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def serial(pem):
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_two_servers_with_certificates_of_one_authority(lab):
    one, two = lab.external_kms
    assert (one.name, two.name, len(lab.external_kms)) == ("kms1", "kms2", 2)
    assert one.address[0] != two.address[0] and one.host != two.host
    shown = [x509.load_pem_x509_certificate(server.server_certificate_pem.encode()) for server in (one, two)]
    assert shown[0].public_key() != shown[1].public_key()
    for certificate in shown:
        certificate.verify_directly_issued_by(lab.external_authority.certificate)
    assert both(lab, lab.external_client_pair()) == [True, True]


def test_a_key_of_one_is_served_by_the_other(lab):
    pair = lab.external_client_pair()
    made = client(lab, pair).create_key(BUILD)
    material = client(lab, pair).use_key(made)
    assert client(lab, pair, 1).use_key(made) == material
    assert client(lab, pair, 1).key_state(made) == "available"
    other = client(lab, pair, 1).create_key(BUILD)
    assert other != made and client(lab, pair).key_state(other) == "KeyStateNotActiveOrEnabled"
    assert lab.external_kms[0].keys() == lab.external_kms[1].keys() == lab.external_kms.keys()
    assert lab.external_kms.keys()[other]["attributes"]["x-Vendor"] == "VMware, Inc."
    assert lab.external_kms.object_count("vcenter") == 2 and lab.external_kms.object_count("someone") == 0
    assert ("vcenter", "Create") in lab.external_kms[1].seen


def test_one_of_two_goes_down_and_comes_back_on_its_port(lab):
    pair, (one, two) = lab.external_client_pair(), lab.external_kms
    made, address = client(lab, pair).create_key(BUILD), one.address
    for _round in range(2):
        one.stop()
        assert not one.running and one.address == address
        assert not client(lab, pair).probe().reachable
        assert client(lab, pair).key_state(made) == "KeyStateClusterUnreachable"
        assert len(client(lab, pair, 1).use_key(made)) == 32
        one.start()
        assert one.running and one.address == address and two.running
        assert client(lab, pair).probe().green
        assert client(lab, pair).key_state(made) == "available"
    lab.external_kms.stop()
    assert lab.external_kms.keys()[made]["state"] == "Active"
    assert not client(lab, pair, 1).probe().reachable
    lab.external_kms.start()
    assert both(lab, pair) == [True, True]


def test_start_and_stop_may_be_said_twice(lab):
    one = lab.external_kms[0]
    port = one.start()
    assert one.start() == port
    one.stop()
    one.stop()
    assert one.start() == port
    assert client(lab, lab.external_client_pair()).probe().green


def test_server_cas_certificate_is_no_client_certificate(lab):
    assert both(lab, lab.external_authority.leaf("vcenter", "client")) == [False, False]
    assert both(lab, lab.okms_users.leaf("vcenter", "client")) == [False, False]


def test_csr_signed_elsewhere(lab):
    key = new_key()
    signed = lab.external_sign(csr(key, "vcenter.lab.test"))
    assert both(lab, (signed, key_pem(key))) == [True, True]
    assert lab.external_kms[0].seen[-1][0] == "vcenter.lab.test"
    lab.external_clients.revoke(serial(signed))
    lab.external_kms.refresh_revocations()
    probe = client(lab, (signed, key_pem(key))).probe()
    assert not probe.server_trusts_client and "revoked" in probe.detail


def test_only_a_sound_csr_is_signed(lab):
    with pytest.raises(ValueError, match="common name"):
        lab.external_sign(csr(new_key(), ""))
    request = x509.load_pem_x509_csr(csr(new_key()).encode()).public_bytes(serialization.Encoding.DER)
    broken = request[:-1] + bytes([request[-1] ^ 1])
    pem = ssl.DER_cert_to_PEM_cert(broken).replace("CERTIFICATE", "CERTIFICATE REQUEST")
    with pytest.raises(ValueError, match="not signed by its own key"):
        lab.external_sign(pem)


def authority_from(files, passphrase, clock):
    """An authority that works from certificate and key in files and keeps no record with the lab."""
    certificate, key = (pathlib.Path(path).read_bytes() for path in files)
    made = Authority("from files", clock)
    made.certificate = x509.load_pem_x509_certificate(certificate)
    made.key = serialization.load_pem_private_key(key, passphrase.encode() if passphrase else None)
    return made


@pytest.mark.parametrize("passphrase", [None, "a pass phrase"])
def test_csr_signed_with_the_key_of_the_authority_at_hand(lab, tmp_path, passphrase):
    files = lab.external_ca_files(tmp_path, passphrase)
    assert {pathlib.Path(path).stat().st_mode & 0o777 for path in files} == {0o600}
    assert ("ENCRYPTED" in pathlib.Path(files[1]).read_text()) == bool(passphrase)
    key = new_key()
    pair = authority_from(files, passphrase, lab.clock).sign_request(csr(key), days=10), key_pem(key)
    assert both(lab, pair) == [True, True]
    lab.clock.advance(11 * 86400)
    assert both(lab, pair) == [False, False]
    lab.clock.advance(-11 * 86400)
    lab.external_clients.revoke(serial(pair[0]))
    assert both(lab, pair) == [False, False]


def test_self_signed_certificates_are_imported_and_taken_back(lab):
    pair, other = self_signed(lab), self_signed(lab)
    lab.external_kms[0].trust_client_certificate(pair[0])
    assert both(lab, pair) == [True, False]
    lab.external_kms.trust_client_certificate(pair[0])
    assert both(lab, pair) == [True, True] and both(lab, other) == [False, False]
    lab.external_kms.untrust_client_certificate(pair[0])
    assert both(lab, pair) == [False, False]


def stock(lab, folder, pair, **options):
    """PyKMIP's own client."""
    paths = {name: str(folder / f"{name}.pem") for name in ("cert", "key", "ca")}
    for path, text in zip(paths.values(), [*pair, lab.external_authority.certificate_pem]):
        write_private(path, text)
    host, port = lab.external_kms[0].address
    return ProxyKmipClient(host, port, ssl_version="PROTOCOL_TLS", config_file="/dev/null", **paths, **options)


def test_an_import_taken_back_ends_open_sessions(lab, tmp_path):
    pair = self_signed(lab)
    lab.external_kms.trust_client_certificate(pair[0])
    with stock(lab, tmp_path, pair) as session:
        session.create(enums.CryptographicAlgorithm.AES, 256)
        lab.external_kms.untrust_client_certificate(pair[0])
        with pytest.raises((OSError, EOFError)):
            session.create(enums.CryptographicAlgorithm.AES, 256)
    assert lab.external_kms.object_count() == 1


def test_an_imported_certificate_expires_with_the_lab_clock(lab):
    pair = self_signed(lab)
    lab.external_kms.trust_client_certificate(pair[0])
    lab.clock.advance(20 * 365 * 86400)
    assert not lab.external_kms[0].accepts(x509.load_pem_x509_certificate(pair[0].encode()))
    lab.clock.advance(-20 * 365 * 86400)
    assert both(lab, pair) == [True, True]


def test_an_import_leaves_revocation_of_the_others_in_force(lab):
    lab.external_kms.trust_client_certificate(self_signed(lab)[0])
    revoked, imported, kept = (lab.external_client_pair(name) for name in ("one", "two", "three"))
    lab.external_kms.trust_client_certificate(imported[0])
    assert both(lab, revoked) == both(lab, imported) == [True, True]
    for pair in (revoked, imported):
        lab.external_clients.revoke(serial(pair[0]))
    lab.external_kms.refresh_revocations()
    assert both(lab, revoked) == both(lab, imported) == [False, False]
    assert both(lab, kept) == [True, True]
    with pytest.raises(KmsUnavailable):
        client(lab, revoked).create_key(BUILD)


@pytest.mark.parametrize(
    "username, password, granted",
    [
        (*LOGIN, True),
        (None, None, False),
        ("vcenter", "wrong", False),
        ("other", LOGIN[1], False),
        ("vcenter", "", False),
    ],
)
def test_user_name_and_password(lab, username, password, granted):
    lab.external_kms.login = LOGIN
    pair = lab.external_client_pair()
    who = client(lab, pair, username=username, password=password)
    probe = who.probe()
    assert (probe.reachable, probe.client_trusts_server) == (True, True)
    assert probe.green == granted and (REFUSED in probe.detail) != granted
    if granted:
        who.create_key(BUILD)
    else:
        with pytest.raises(KmsRefused, match=REFUSED) as caught:
            who.create_key(BUILD)
        assert caught.value.reason == 3
    assert lab.external_kms.object_count() == int(granted)
    statuses = {entry.status for entry in lab.journal.entries(system="external_kms")}
    assert statuses == {"Success" if granted else "AuthenticationNotSuccessful"}
    assert not [entry for entry in lab.journal.entries() if LOGIN[1] in str(entry)]


def test_the_stock_client_is_told_reason_3(lab, tmp_path):
    lab.external_kms[0].login = LOGIN
    pair = lab.external_client_pair()
    with stock(lab, tmp_path, pair) as session, pytest.raises(KmipOperationFailure) as caught:
        session.create(enums.CryptographicAlgorithm.AES, 256)
    assert caught.value.reason is enums.ResultReason.AUTHENTICATION_NOT_SUCCESSFUL
    assert caught.value.reason.value == 3
    with stock(lab, tmp_path, pair, username=LOGIN[0], password=LOGIN[1]) as session:
        session.create(enums.CryptographicAlgorithm.AES, 256)
    assert client(lab, pair, 1).probe().green
    lab.external_kms.login = None
    assert client(lab, pair).probe().green


def test_operations_are_denied_on_one_or_on_both(lab):
    pair = lab.external_client_pair()
    lab.external_kms[0].allowed = lambda subject, number, operation: operation != "Create"
    with pytest.raises(KmsRefused, match="Permission_Denied"):
        client(lab, pair).create_key(BUILD)
    made = client(lab, pair, 1).create_key(BUILD)
    lab.external_kms.allowed = lambda subject, number, operation: operation != "Get"
    for number in (0, 1):
        with pytest.raises(KmsRefused, match="Get operation failed on the server: Permission_Denied"):
            client(lab, pair, number).use_key(made)


@contextlib.contextmanager
def crypto_manager(lab):
    context = ssl.create_default_context(cafile=lab.ca_path)
    where = {"host": lab.vcenter_hostname, "port": lab.vcenter_port, "sslContext": context}
    session = SmartConnect(user=lab.vcenter_username, pwd=lab.vcenter_password, **where)
    try:
        yield session.RetrieveContent().cryptoManager
    finally:
        Disconnect(session)


def register(lab, manager, pair, passwords):
    """A provider on both servers; one password for each."""
    provider = vim.encryption.KeyProviderId(id="team")
    for server, password in zip(lab.external_kms, passwords):
        host, port = server.address
        info = vim.encryption.KmipServerInfo(name=server.name, address=host, port=port, userName=LOGIN[0])
        spec = vim.encryption.KmipServerSpec(clusterId=provider, info=info, password=password)
        manager.RegisterKmipServer(server=spec)
    manager.UploadKmipServerCert(cluster=provider, certificate=lab.external_authority.certificate_pem)
    manager.UploadClientCert(cluster=provider, certificate=pair[0], privateKey=pair[1])


def test_vcenter_sends_user_name_and_password():
    with Lab(LabSettings(external_kms_login=LOGIN)) as lab:
        assert LOGIN[1] in lab.secrets()
        lab.give_encryption_right()
        lab.vcenter.flow_open = lambda host, port: True
        with crypto_manager(lab) as manager:
            register(lab, manager, lab.external_client_pair(), (LOGIN[1], "wrong"))
        assert len(lab.generate_key("team")) > 0
        assert {entry.status for entry in lab.journal.entries(system="external_kms")} == {"Success"}
        lab.external_kms[0].stop()
        with pytest.raises(RuntimeError, match=REFUSED):
            lab.generate_key("team")
        lab.external_kms[1].login = (LOGIN[0], "wrong")
        assert len(lab.generate_key("team")) > 0
        assert not [secret for secret in lab.secrets() if secret in json.dumps(lab.snapshot())]


def post(lab, path, **body):
    return requests.post(lab.control_url + path, json=body, timeout=60)


def test_control_port(lab):
    assert post(lab, "/kms/kms1/stop").status_code == 400  # never asked for
    pair = self_signed(lab)
    assert post(lab, "/external-kms/trust", certificate=pair[0]).status_code == 200
    assert both(lab, pair) == [True, True]
    key = new_key()
    signed = post(lab, "/external-kms/sign", csr=csr(key)).json()["certificate"]
    assert both(lab, (signed, key_pem(key))) == [True, True]
    assert post(lab, "/kms/kms1/stop").json() == {"server": "kms1", "running": False}
    rows = lab.snapshot()["kmip"]
    assert {name: row["running"] for name, row in rows.items()} == {"okms": True, "kms1": False, "kms2": True}
    assert rows["kms1"]["port"] == lab.external_kms[0].address[1] and rows["kms1"]["login_wanted"] is False
    assert post(lab, "/kms/kms1/start").json() == {"server": "kms1", "running": True}
    assert both(lab, pair) == [True, True]
    renewed = post(lab, "/kms-certificate/renew", server="kms2").json()
    assert lab.snapshot()["kmip"]["kms2"]["sha256"] == renewed["sha256"]
    for path, body in [("/external-kms/sign", {"csr": "x"}), ("/external-kms/trust", {}), ("/kms/other/stop", {})]:
        assert post(lab, path, **body).status_code == 400


def test_control_port_reveals_nothing_of_the_ca(lab):
    lab.external_kms.login = LOGIN
    text = requests.get(lab.control_url + "/state", timeout=60).text
    assert LOGIN[1] not in text and "PRIVATE" not in text
    assert certificate_pem(lab.external_clients.certificate) == lab.external_clients.certificate_pem
