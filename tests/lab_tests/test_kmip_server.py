# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's KMIP server with PyKMIP's stock client, and with vCenter's part played."""

from __future__ import annotations

import socket
import ssl
import struct

import pytest
from cryptography import x509
from kmip.core import enums
from kmip.pie.client import ProxyKmipClient
from kmip.pie.exceptions import KmipOperationFailure

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.faults import Faults
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import KmipServer, KmsRefused, VCenterKmsClient
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, load_pair, write_private

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
BUILD = "8.0.3 build-24022510"


class Setting:
    """A KMIP server, its authorities, and ways to connect."""

    def __init__(self, directory, maximum=ssl.TLSVersion.TLSv1_3):
        self.directory = directory
        self.clock = LabClock()
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self.users = Authority("CCMUsersCA", self.clock)
        self.servers = Authority("lab KMIP servers", self.clock)
        self.server = KmipServer(
            "okms",
            self.servers,
            [self.users],
            self.clock,
            self.journal,
            "okms_kmip",
            str(directory),
            self.faults,
            maximum,
        )
        self.port = self.server.start()

    def client(self, pair, trusted=None, **options):
        trusted = [self.servers.certificate_pem] if trusted is None else trusted
        certificate, key = pair
        return VCenterKmsClient("127.0.0.1", self.port, trusted, certificate, key, clock=self.clock, **options)

    def stock(self, pair):
        paths = {"cert": self.directory / "c.pem", "key": self.directory / "k.pem", "ca": self.directory / "ca.pem"}
        for path, text in zip(paths.values(), [*pair, self.servers.certificate_pem]):
            write_private(str(path), text)
        files = {name: str(path) for name, path in paths.items()}
        return ProxyKmipClient("127.0.0.1", self.port, ssl_version="PROTOCOL_TLS", config_file="/dev/null", **files)

    def socket(self, pair):
        context = ssl.create_default_context(cadata=self.servers.certificate_pem)
        load_pair(context, *pair)
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 5), server_hostname="localhost")


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def lab(request, tmp_path):
    setting = Setting(tmp_path, request.param)
    yield setting
    setting.server.close()


@pytest.fixture
def modern(tmp_path):
    setting = Setting(tmp_path)
    yield setting
    setting.server.close()


def serial(pair):
    return x509.load_pem_x509_certificate(pair[0].encode()).serial_number


def test_stock_client_runs_the_life_of_a_key(modern):
    with modern.stock(modern.users.leaf("someone", "client")) as client:
        key = client.create(enums.CryptographicAlgorithm.AES, 256, name="a key")
        client.activate(key)
        assert len(client.get(key).value) == 32
        assert modern.server.keys()[key]["state"] == "Active"
        with pytest.raises(KmipOperationFailure):
            client.destroy(key)
        client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, key)
        client.destroy(key)
    assert modern.server.object_count() == 0
    kinds = [(entry.operation, entry.kind, entry.status) for entry in modern.journal.entries(system="okms_kmip")]
    assert kinds == [
        ("Create", "write", "Success"),
        ("Activate", "write", "Success"),
        ("Get", "read", "Success"),
        ("Destroy", "write", "PermissionDenied"),
        ("Revoke", "write", "Success"),
        ("Destroy", "write", "Success"),
    ]
    assert {entry.actor for entry in modern.journal.entries()} == {"someone"}


def test_vcenter_trust_and_keys(lab):
    client = lab.client(lab.users.leaf("okms-1", "client"))
    probe = client.probe()
    assert probe.green and probe.detail == ""
    assert probe.certificate_pem.strip() == lab.server.server_certificate_pem.strip()
    key = client.create_key(BUILD)
    assert client.key_state(key) == "KeyStateNotActiveOrEnabled"
    assert len(client.use_key(key)) == 32
    assert client.key_state(key) == "available"
    assert client.key_state("no-such-key") == "KeyStateMissingInKMS"
    held = lab.server.keys()[key]
    assert held["owner"] == "okms-1" and held["length"] == 256
    assert held["attributes"] == {
        "x-Product_Version": BUILD,
        "x-Vendor": "VMware, Inc.",
        "x-Product": "VMware vSphere",
    }
    assert [name for _client, name in lab.server.seen[:9]] == [
        "DiscoverVersions",
        "Query",
        "Create",
        "GetAttributes",
        "AddAttribute",
        "AddAttribute",
        "AddAttribute",
        "GetAttributes",
        "Get",
    ]
    assert lab.server.object_count("okms-1") == 1 and lab.server.object_count("okms-2") == 0


def test_keys_of_another_domain_stay_closed(modern):
    key = modern.client(modern.users.leaf("okms-1", "client")).create_key(BUILD)
    other = modern.client(modern.users.leaf("okms-2", "client"))
    assert other.probe().green
    assert other.key_state(key) == "NoPermissionToAccessKeyProvider"


def test_a_leaf_may_be_the_anchor(lab):
    pair = lab.users.leaf("okms-1", "client")
    assert lab.client(pair, [lab.server.server_certificate_pem]).probe().green


def test_vcenter_distrusts_the_server(lab):
    pair = lab.users.leaf("okms-1", "client")
    for trusted in ([], [lab.users.certificate_pem]):
        probe = lab.client(pair, trusted).probe()
        assert (probe.reachable, probe.client_trusts_server, probe.server_trusts_client) == (True, False, False)
        assert "does not trust the key server" in probe.detail
    assert lab.server.seen == []


def refused(lab, pair, word):
    probe = lab.client(pair).probe()
    assert (probe.reachable, probe.client_trusts_server, probe.server_trusts_client) == (True, True, False)
    assert word in probe.detail.lower()
    client = lab.client(pair)
    with pytest.raises(KmsRefused, match="does not trust vCenter"):
        client.create_key(BUILD)
    assert client.key_state("1") == "KeyStateClusterUnreachable"


def test_unknown_authority_is_refused(lab):
    refused(lab, lab.servers.leaf("okms-1", "client"), "unknown ca")
    assert lab.server.seen == []


def test_no_certificate_is_refused(lab):
    probe = lab.client((None, None)).probe()
    assert (probe.client_trusts_server, probe.server_trusts_client) == (True, False)


def test_revoked_is_refused_with_the_alert(lab):
    pair, other = lab.users.leaf("okms-1", "client"), lab.users.leaf("okms-1", "client")
    assert lab.client(pair).probe().green
    lab.users.revoke(serial(pair))
    lab.server.refresh_revocations()
    refused(lab, pair, "certificate revoked")
    assert lab.client(other).probe().green


def test_expired_by_the_lab_clock_is_refused(lab):
    pair, longer = lab.users.leaf("okms-1", "client", days=1), lab.users.leaf("okms-1", "client", days=90)
    assert lab.client(pair).probe().green
    lab.clock.advance(2 * 86400)
    refused(lab, pair, "certificate revoked")
    assert lab.client(longer).probe().green


def test_certificates_issued_in_the_lab_future_get_in(lab):
    lab.clock.advance(300 * 86400)
    assert lab.client(lab.users.leaf("okms-1", "client")).probe().green


def test_server_certificate_expires_and_is_replaced(lab):
    pair = lab.users.leaf("okms-1", "client")
    client = lab.client(pair)
    before = client.probe().certificate_pem
    lab.clock.advance(370 * 86400)
    assert "expired" in client.probe().detail
    lab.server.replace_server_certificate()
    pair = lab.users.leaf("okms-1", "client")
    after = lab.client(pair).probe()
    assert after.green and after.certificate_pem != before


def test_open_sessions_of_revoked_certificates_are_cut(lab):
    pair, other = lab.users.leaf("okms-1", "client"), lab.users.leaf("okms-1", "client")
    with lab.stock(pair) as cut, lab.stock(other) as kept:
        cut.create(enums.CryptographicAlgorithm.AES, 256)
        kept.create(enums.CryptographicAlgorithm.AES, 256)
        lab.users.revoke(serial(pair))
        lab.server.refresh_revocations()
        with pytest.raises((OSError, EOFError)):
            cut.create(enums.CryptographicAlgorithm.AES, 256)
        kept.create(enums.CryptographicAlgorithm.AES, 256)
    assert lab.server.object_count() == 3


def test_open_sessions_notice_revocation_without_refresh(modern):
    pair = modern.users.leaf("okms-1", "client")
    with modern.stock(pair) as client:
        client.create(enums.CryptographicAlgorithm.AES, 256)
        modern.clock.advance(400 * 86400)
        with pytest.raises((OSError, EOFError)):
            client.create(enums.CryptographicAlgorithm.AES, 256)


def test_permission_per_operation(modern):
    pair = modern.users.leaf("okms-1", "client")
    asked = []

    def allowed(subject, number, operation):
        asked.append((subject, number, operation))
        return operation != "Create"

    modern.server.allowed = allowed
    client = modern.client(pair)
    assert client.probe().green
    with pytest.raises(KmsRefused, match="Create operation failed on the server: Permission_Denied") as caught:
        client.create_key(BUILD)
    assert caught.value.reason == 12
    assert asked[-1] == ("okms-1", serial(pair), "Create")
    assert modern.server.object_count() == 0
    assert modern.journal.entries(operation="Create")[0].status == "PermissionDenied"


def test_add_attribute_may_fail(modern):
    modern.server.allowed = lambda subject, number, operation: operation != "AddAttribute"
    client = modern.client(modern.users.leaf("okms-1", "client"))
    assert len(client.use_key(client.create_key(BUILD))) == 32


def test_user_name_and_password_are_sent(modern):
    client = modern.client(modern.users.leaf("okms-1", "client"), username="vcenter", password="planted")
    assert client.probe().green


def test_a_self_signed_client_certificate_can_be_imported(lab):
    own = Authority("vcenter itself", lab.clock)
    pair = own.leaf("vcenter", "client")
    assert not lab.client(pair).probe().green
    lab.server.trust_client_certificate(pair[0])
    assert lab.client(pair).probe().green
    known = lab.users.leaf("okms-1", "client")
    lab.users.revoke(serial(known))
    lab.server.refresh_revocations()
    assert not lab.client(known).probe().server_trusts_client


def test_nothing_listens(modern):
    pair = modern.users.leaf("okms-1", "client")
    client = modern.client(pair)
    modern.server.stop()
    assert client.fetch_server_certificate() == ""
    assert not client.probe().reachable
    assert client.key_state("1") == "KeyStateClusterUnreachable"


def test_not_tls_has_no_certificate():
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]
        client = VCenterKmsClient("127.0.0.1", port, [], None, None, timeout=0.2)
        assert client.fetch_server_certificate() == ""


def test_rsa_server(tmp_path):
    clock = LabClock()
    users = Authority("users", clock)
    servers = Authority("servers", clock, "rsa")
    server = KmipServer("kms", servers, [users], clock, Journal(clock), "external_kms", str(tmp_path), kind="rsa")
    try:
        pair = users.leaf("vcenter", "client", kind="rsa")
        client = VCenterKmsClient("127.0.0.1", server.start(), [servers.certificate_pem], *pair)
        assert client.probe().green
    finally:
        server.close()


@pytest.mark.parametrize("action, left", [("drop_before", 0), ("drop_after", 1), ("refuse", 0), ("status", 0)])
def test_faults(modern, action, left):
    modern.faults.add(action, system="okms_kmip", operation="Create")
    client = modern.client(modern.users.leaf("okms-1", "client"))
    with pytest.raises(KmsRefused):
        client.create_key(BUILD)
    assert modern.server.object_count() == left
    client.create_key(BUILD)
    assert modern.server.object_count() == left + 1


def test_oversized_and_rubbish_requests_end_only_their_session(modern):
    pair = modern.users.leaf("okms-1", "client")
    with modern.socket(pair) as tls:
        tls.sendall(b"\x42\x00\x78\x01" + struct.pack("!I", 1 << 21))
        assert tls.recv(1) == b""
    with modern.socket(pair) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert modern.client(pair).probe().green


def test_kmip_2_is_not_offered(modern):
    with modern.stock(modern.users.leaf("someone", "client")) as client:
        offered = client.proxy.discover_versions().protocol_versions
    assert [(version.major, version.minor) for version in offered] == [(1, 4), (1, 3), (1, 2), (1, 1), (1, 0)]


def test_store_does_not_wait_for_the_disk(lab):
    with lab.server.engine._data_store.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "memory"
