# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of certificates and written thumbprints."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    FACTS,
    certificate_facts,
    days_left,
    facts_in_part,
    same_certificate,
    thumbprint,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import normalise
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

SHA1 = "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD"
SHA256 = f"{SHA1}:EE:FF:00:11:22:33:44:55:66:77:88:99"


def test_facts_of_a_leaf(leaf):
    facts = certificate_facts(leaf.certificate)
    key = leaf.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert tuple(facts) == FACTS
    assert facts == {
        "subject": "CN=leaf",
        "issuer": "CN=Authority",
        "serial_number": "0A:0B",
        "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2027-01-01T00:00:00Z",
        "sha1": leaf.x509.fingerprint(hashes.SHA1()).hex(":").upper(),
        "sha256": leaf.x509.fingerprint(hashes.SHA256()).hex(":").upper(),
        "public_key_sha256": hashlib.sha256(key).hexdigest(),
        "subject_alternative_names": ["DNS:kms.example.com"],
        "key_type": "EC secp256r1",
        "is_ca": False,
        "self_signed": False,
    }


def changed(pem, old, new):
    """The certificate with other bytes in it; its signature is wrong then, which nobody looks at here."""
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert der.count(bytes.fromhex(old)) == 1
    return ssl.DER_cert_to_PEM_cert(der.replace(bytes.fromhex(old), bytes.fromhex(new)))


@pytest.mark.parametrize("version", ["01", "09"])
def test_unknown_version_is_one_line(leaf, version):
    pem = changed(leaf.certificate, "a003020102", "a0030201" + version)
    for read in (certificate_facts, normalise):
        with pytest.raises(InvalidInputError) as raised:
            read(pem, name="ca")
        assert raised.value.message.startswith("ca: block 1") and "\n" not in raised.value.message


def test_alternative_name_of_an_unknown_kind_is_one_line(maker):
    made = maker.make("x", names=[x509.DNSName("a.example.com")]).certificate
    name = b"a.example.com".hex()
    pem = changed(made, f"820d{name}", f"a50d{name}")  # EDIPartyName
    with pytest.raises(InvalidInputError, match="ca: a field of the certificate cannot be read"):
        certificate_facts(pem, name="ca")


def test_facts_of_an_authority_come_from_the_first_block(authority, leaf):
    facts = certificate_facts(authority.certificate.replace("\n", "\\n") + leaf.certificate)
    assert (facts["subject"], facts["is_ca"], facts["self_signed"]) == ("CN=Authority", True, True)


@pytest.mark.parametrize(("kind", "word"), [("rsa", "RSA 2048"), ("ec", "EC secp256r1"), ("ed25519", "Ed25519")])
def test_key_types(maker, kind, word):
    assert certificate_facts(maker.make("x", kind=kind).certificate)["key_type"] == word


def test_every_kind_of_alternative_name(maker):
    text = b"okms.domain:1f0e"
    names = [
        x509.DNSName("*.okms.example.com"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.UniformResourceIdentifier("urn:x"),
        x509.RFC822Name("a@example.com"),
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), bytes([12, len(text)]) + text),
        x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x04\x01\xff"),
        x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "dir")])),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    ]
    assert certificate_facts(maker.make("x", names=names).certificate)["subject_alternative_names"] == [
        "DNS:*.okms.example.com",
        "IP:192.0.2.1",
        "IP:2001:db8::1",
        "URI:urn:x",
        "email:a@example.com",
        "UPN:okms.domain:1f0e",
        "otherName 1.2.3:0401ff",
        "DirName:CN=dir",
        "RID:1.2.3.4",
    ]


def test_facts_of_something_else(leaf):
    with pytest.raises(InvalidInputError, match=r"^ca: block 1 is not a readable certificate$"):
        certificate_facts(leaf.request, "ca")


@pytest.mark.parametrize(
    ("now", "days"),
    [("2026-12-31T00:00:00", 1), ("2026-12-31T00:00:01", 0), ("2027-01-01T00:00:00", 0), ("2027-01-01T00:00:01", -1)],
)
def test_days_left(now, days):
    moment = datetime.datetime.fromisoformat(now).replace(tzinfo=datetime.timezone.utc)
    assert days_left("2027-01-01T00:00:00Z", moment) == days


@pytest.mark.parametrize("canonical", [SHA1, SHA256])
def test_thumbprints_in_every_form(canonical):
    algorithm = {59: "sha1", 95: "sha256"}[len(canonical)]
    forms = [
        canonical,
        canonical.lower(),
        canonical.replace(":", ""),
        canonical.replace(":", " "),
        canonical.replace(":", "-"),
        f'  "{canonical}"\n',
        f"{algorithm}:{canonical}",
        f"SHA-{algorithm[3:]}: {canonical}",
        f"{algorithm} Fingerprint={canonical}",
        f"{algorithm.upper()} Thumbprint: {canonical.replace(':', '')}",
    ]
    assert [thumbprint(form) for form in forms] == [(algorithm, canonical)] * len(forms)


@pytest.mark.parametrize(
    "text", ["", SHA1[:-1], f"{SHA1}:00", f"sha256:{SHA1}", f"sha1:{SHA256}", SHA1.replace("A", "G"), "md5"]
)
def test_no_thumbprint(text):
    with pytest.raises(InvalidInputError, match=r"^pins: .* is not a thumbprint; expected 40 .* or 64 "):
        thumbprint(text, "pins")


def test_odd_certificate_is_read_in_part(maker):
    made = maker.make("x", names=[x509.DNSName("a.example.com"), x509.DNSName("b.example.com")]).certificate
    name = b"a.example.com".hex()
    pem = changed(changed(made, f"820d{name}", f"a50d{name}"), "a003020102", "a003020109")
    facts, unreadable = facts_in_part(pem)
    assert (facts["subject"], facts["subject_alternative_names"]) == ("CN=x", ["DNS:b.example.com"])
    assert unreadable == ["subject_alternative_names", "is_ca"]
    assert facts["sha256"].replace(":", "").lower() == hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert same_certificate(pem, pem) and not same_certificate(pem, made)


def test_whole_certificate_is_the_same_in_part(leaf):
    assert facts_in_part(leaf.certificate) == (certificate_facts(leaf.certificate), [])


def test_same_certificate_goes_by_der(leaf, authority):
    assert same_certificate(leaf.certificate, leaf.certificate.replace("\n", " ") + authority.certificate)
    assert not same_certificate(leaf.certificate, authority.certificate)
