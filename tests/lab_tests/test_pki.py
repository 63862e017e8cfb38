# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's PKI: strict verification, CRLs, the lab's clock."""

from __future__ import annotations

import datetime
import hashlib
import os
import socket
import ssl
import stat
import threading

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import pki
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import (
    LOCAL_NAMES,
    Authority,
    load_pair,
    new_key,
    server_context,
    thumbprints,
    write_private,
)


@pytest.fixture
def clock():
    return LabClock()


def handshake(server, client, host="localhost"):
    """The client's view of one TLS connection over a socket pair."""
    ours, theirs = socket.socketpair()
    failures = []

    def answer():
        try:
            with server.wrap_socket(theirs, server_side=True) as tls:
                tls.recv(1)
        except OSError as exc:
            failures.append(exc)
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=host) as tls:
            return tls.version()
    finally:
        ours.close()
        thread.join(5)


@pytest.mark.parametrize(("most", "different"), [(0, 4), (3, 3)])
def test_rsa_keys_come_again_only_where_tests_allow_it(most, different):
    keys = pki.RsaKeys()
    keys.most = most
    given = [keys.give().private_numbers().p for _number in range(4)]
    assert len(set(given)) == different
    assert (given[0] == given[3]) is bool(most)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("host", LOCAL_NAMES)
def test_server_leaf_passes_strict_verification(clock, kind, host):
    authority = Authority("lab servers", clock, kind)
    client = ssl.create_default_context(cadata=authority.certificate_pem)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server = server_context(*authority.leaf("localhost", "server", LOCAL_NAMES, kind))
    assert handshake(server, client, host) == "TLSv1.3"


def test_other_names_and_other_authorities_fail(clock):
    authority = Authority("lab servers", clock)
    server = server_context(*authority.leaf("localhost", "server", LOCAL_NAMES))
    client = ssl.create_default_context(cadata=authority.certificate_pem)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(server, client, "elsewhere.test")
    stranger = ssl.create_default_context(cadata=Authority("other", clock).certificate_pem)
    with pytest.raises(ssl.SSLCertVerificationError, match="issuer"):
        handshake(server, stranger)


def test_issue_keeps_serial_extensions_and_days(clock):
    authority = Authority("CCMUsersCA", clock)
    name = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01x")
    extra = [(x509.SubjectAlternativeName([name]), True)]
    made = authority.issue("an-okms-id", new_key().public_key(), days=10, serial=4711, extra_extensions=extra)
    assert made.serial_number == 4711
    assert made.subject.rfc4514_string() == "CN=an-okms-id"
    assert made.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert made.not_valid_after_utc - made.not_valid_before_utc == datetime.timedelta(days=10, minutes=5)
    made.verify_directly_issued_by(authority.certificate)


def test_crl_lists_revoked_and_expired(clock):
    authority = Authority("CCMUsersCA", clock)
    short = authority.issue("short", new_key().public_key(), days=1)
    long = authority.issue("long", new_key().public_key(), days=30)
    assert authority.withdrawn() == frozenset()
    authority.revoke(long.serial_number)
    assert authority.withdrawn() == {long.serial_number}
    clock.advance(2 * 86400)
    crl = x509.load_pem_x509_crl(authority.crl_pem().encode())
    assert {entry.serial_number for entry in crl} == {short.serial_number, long.serial_number}
    assert crl.is_signature_valid(authority.key.public_key())


def test_server_certificates_of_the_lab_future_are_valid_now(clock):
    authority = Authority("lab servers", clock)
    clock.advance(300 * 86400)
    client = ssl.create_default_context(cadata=authority.certificate_pem)
    server = server_context(*authority.leaf("localhost", "server", LOCAL_NAMES))
    assert handshake(server, client) == "TLSv1.3"


def test_private_files_are_private_even_when_replaced(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text("old and longer")
    path.chmod(0o644)
    write_private(str(path), "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_thumbprints_are_of_the_der(clock):
    pem, _key = Authority("a", clock).leaf("b", "client")
    der = ssl.PEM_cert_to_DER_cert(pem)
    found = thumbprints(pem)
    assert found["sha1"].replace(":", "") == hashlib.sha1(der).hexdigest().upper()
    assert found["sha256"].replace(":", "") == hashlib.sha256(der).hexdigest().upper()
    assert found["sha1"].count(":") == 19


def test_a_foreign_key_is_refused(clock):
    authority = Authority("a", clock)
    pem, _key = authority.leaf("b", "client")
    _pem, key = authority.leaf("c", "client")
    with pytest.raises(ssl.SSLError):
        load_pair(ssl.create_default_context(), pem, key)
