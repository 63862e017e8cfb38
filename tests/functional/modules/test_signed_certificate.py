# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module signed_certificate: sign, again, renew, and what it refuses."""

from __future__ import annotations

import datetime
import functools
import pathlib
import stat
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, certificate_pem, key_pem

PASSPHRASE = "correct-horse-battery"
UNKNOWN = ("certificate", "chain", "serial_number", "not_before", "not_after", "days_left", "sha1", "sha256")
Run = t.Callable[..., harness.ModuleResult]


def request_pem(key: t.Any, *, common_name: str | None = "vcenter") -> str:
    """A CSR as vCenter makes it."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "VMware")] if common_name is not None else []
    names += [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def key() -> t.Any:
    """The key behind the request."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(params=["ec", "rsa"])
def authority(request: pytest.FixtureRequest) -> Authority:
    """The CA that the KMS trusts."""
    return Authority("Clients of the team", LabClock(), request.param)


@pytest.fixture
def run(authority: Authority, key: t.Any, tmp_path: pathlib.Path) -> Run:
    """The module with everything it needs."""
    options = {
        "csr": request_pem(key),
        "ca_certificate": authority.certificate_pem,
        "ca_private_key": key_pem(authority.key),
        "path": str(tmp_path / "vcenter.pem"),
    }

    def call(**changes: t.Any) -> harness.ModuleResult:
        return harness.run_module("signed_certificate", **{**options, **changes})

    return call


@pytest.mark.oldest("signed_certificate", "life")
def test_check_do_again(run: Run, authority: Authority, key: t.Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "vcenter.pem"
    checked = run(check=True)
    assert checked.changed and not path.exists()
    made = run()
    assert made.changed, made.msg
    for name, value in checked["certificate"].items():
        assert value == (None if name in UNKNOWN else made["certificate"][name]), name
    assert "PRIVATE KEY" not in made.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == made["certificate"]["chain"] == made["certificate"]["certificate"]
    again = run()
    assert (again.changed, again["certificate"]) == (False, made["certificate"])

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    certificate.verify_directly_issued_by(authority.certificate)
    assert certificate.public_key() == key.public_key()
    assert certificate.subject == x509.load_pem_x509_csr(request_pem(key).encode()).subject
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, True, False)
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    issuer = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    expected = x509.SubjectKeyIdentifier.from_public_key(authority.certificate.public_key()).digest
    assert issuer == expected
    assert made["certificate"]["days_left"] == 364


def test_new_csr_subject_or_near_end_makes_a_new_certificate(run: Run) -> None:
    first = run(validity=40)["certificate"]
    assert run(validity=40).changed is False
    renewed = run(validity=365, renew_before=40)
    assert renewed.changed and renewed["certificate"]["serial_number"] != first["serial_number"]
    named = run(common_name="kms-client")
    assert named.changed and "CN=kms-client" in named["certificate"]["subject"]
    assert "O=VMware" in named["certificate"]["subject"]
    assert run(common_name="kms-client").changed is False
    other = run(csr=request_pem(ec.generate_private_key(ec.SECP256R1())), common_name="kms-client")
    assert other.changed
    usage = x509.load_pem_x509_certificate(other["certificate"]["certificate"].encode()).extensions
    assert usage.get_extension_for_class(x509.KeyUsage).value.key_encipherment is False


def test_intermediate_ca_files_and_passphrase_work(run: Run, authority: Authority, tmp_path: pathlib.Path) -> None:
    between = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Intermediate")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject)
        .public_key(between.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=100))
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(authority.key, hashes.SHA256())
    )
    (tmp_path / "ca.pem").write_text(certificate_pem(made))
    (tmp_path / "ca.key").write_text(key_pem(between, PASSPHRASE))
    files = {
        "ca_certificate": None,
        "ca_private_key": None,
        "ca_certificate_path": str(tmp_path / "ca.pem"),
        "ca_private_key_path": str(tmp_path / "ca.key"),
    }
    wrong = run(**files, ca_private_key_passphrase="wrong")
    assert wrong.failed and "passphrase" in wrong.msg
    signed = run(**files, ca_private_key_passphrase=PASSPHRASE)
    assert signed.changed, signed.msg
    assert PASSPHRASE not in signed.output
    assert signed["certificate"]["chain"].count("BEGIN CERTIFICATE") == 2
    assert signed["certificate"]["days_left"] == 99
    assert any("expires with its CA" in warning for warning in signed.warnings)
    assert run(**files, ca_private_key_passphrase=PASSPHRASE).changed is False


@pytest.mark.oldest("signed_certificate", "refusal")
@pytest.mark.parametrize("authority", ["ec"], indirect=True)
def test_what_it_refuses(run: Run, authority: Authority, key: t.Any, tmp_path: pathlib.Path) -> None:
    stranger = Authority("Stranger", LabClock())
    leaf, leaf_key = authority.leaf("vcenter", "client")
    old = Authority("Old", LabClock(-5000 * 86400.0))
    (tmp_path / "key.pem").write_text(key_pem(key))
    damaged = request_pem(key).splitlines()
    damaged[-2] = damaged[-2][:-6] + ("AAAAA=" if damaged[-2].endswith("=") else "AAAAAA")
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"ca_private_key": key_pem(stranger.key)}, "does not belong to ca_certificate"),
        ({"ca_certificate": leaf, "ca_private_key": leaf_key}, "is not a CA"),
        ({"ca_certificate": old.certificate_pem, "ca_private_key": key_pem(old.key)}, "not now"),
        ({"ca_certificate": None}, "ca_certificate or ca_certificate_path is needed"),
        ({"ca_private_key": ""}, "ca_private_key or ca_private_key_path is needed"),
        ({"csr": leaf}, "csr"),
        ({"csr": "\n".join(damaged)}, "csr"),
        ({"csr": request_pem(key, common_name=None)}, "common_name"),
        ({"path": str(tmp_path / "key.pem")}, "is not a CERTIFICATE"),
        ({"path": str(tmp_path / "missing" / "vcenter.pem")}, "cannot write"),
        ({"renew_before": 364}, "renew_before"),
        ({"ca_certificate_path": str(tmp_path / "none"), "ca_certificate": None}, "cannot read"),
    ]
    for options, words in cases:
        refused = run(**options)
        assert refused.failed, options
        assert words in refused.msg, refused.msg
        assert "\n" not in refused.msg
        assert "PRIVATE KEY-----" not in refused.msg
    assert not (tmp_path / "vcenter.pem").exists()
    assert (tmp_path / "key.pem").read_text() == key_pem(key)


@pytest.mark.parametrize("authority", ["ec"], indirect=True)
def test_every_form_of_the_request_is_the_same_request(run: Run, key: t.Any) -> None:
    assert run().changed
    pem = request_pem(key)
    forms: list[t.Callable[[str], str]] = [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\\n"),
        functools.partial(str.strip),
    ]
    for form in forms:
        assert run(csr=form(pem)).changed is False


def test_without_a_request_the_ca_is_judged_in_check_mode(
    run: Run, authority: Authority, tmp_path: pathlib.Path
) -> None:
    judged = run(csr=None, check=True)
    assert (judged.changed, judged["certificate"]["subject"]) == (True, None)
    stranger = Authority("Somebody else", LabClock())
    wrong = run(csr=None, check=True, ca_private_key=key_pem(stranger.key))
    assert wrong.failed and "does not belong to ca_certificate" in wrong.msg
    real = run(csr=None)
    assert real.failed and "csr: a request is needed to sign" in real.msg
    assert list(tmp_path.iterdir()) == []
    assert run().changed
    assert run(csr="", check=True).changed is False
