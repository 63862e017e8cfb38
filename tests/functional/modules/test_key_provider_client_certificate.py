# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module key_provider_client_certificate against the lab."""

from __future__ import annotations

import functools

import pytest
from cryptography.hazmat.primitives import serialization

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    converge,
    make_green,
    make_provider,
    open_up,
    server_of,
    sha256_of,
    sign,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings

UNKNOWN = ("accepted", "status")


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "key_provider_client_certificate", provider=PROVIDER, **FAST)


@pytest.fixture
def signed(lab, run_module):
    """A certificate that answers the waiting CSR of a new provider."""
    make_provider(lab, run_module)
    return sign(lab.external_clients, run_module("key_provider_csr", provider=PROVIDER)["csr"]["csr"])


@pytest.mark.oldest("key_provider_client_certificate", "life")
def test_signed_csr(lab, run, signed):
    made = converge(lab, run, "client_certificate", UNKNOWN, certificate=signed)
    facts = made["client_certificate"]
    assert (facts["method"], facts["accepted"], facts["status"]) == ("signed_csr", True, "green")
    assert facts["sha256"] == sha256_of(signed)
    assert facts["days_left"] == 364
    assert set(made.diff["before"]) <= {"certificate", "sha256", "subject", "issuer", "not_after", "public_key_sha256"}


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.replace("\n", "\\n"),
        lambda pem: pem.replace("\n", " "),
        lambda pem: f"   {pem}\n\n",
    ],
    ids=["crlf", "literal", "one line", "blanks"],
)
def test_every_well_meant_form_of_pem(run, signed, change):
    assert run(certificate=change(signed)).changed
    assert run(certificate=signed).changed is False


def test_certificate_with_its_chain(lab, run, signed):
    chain = signed + lab.external_clients.certificate_pem
    assert run(certificate=chain).changed
    assert run(certificate=chain).changed is False
    assert run(certificate=signed).changed is False


def test_okms_signs_in_every_version():
    for version in ("7.0.2", "9.0"):
        with Lab(LabSettings(vcenter_version=version)) as lab:
            connection = harness.connection(open_up(lab), "vsphere")
            run_module = functools.partial(harness.run_module, **connection)
            servers, ca = [server_of(lab.okms_kmip)], lab.okms_public_ca
            make_provider(lab, run_module, servers=servers, server_ca=ca)
            csr = run_module("key_provider_csr", provider=PROVIDER)["csr"]["csr"]
            certificate = sign(lab.okms_users, csr, "okms-id")
            run = functools.partial(run_module, "key_provider_client_certificate", provider=PROVIDER, **FAST)
            made = converge(lab, run, "client_certificate", UNKNOWN, certificate=certificate)
            assert made["client_certificate"]["status"] == "green"


@pytest.mark.parametrize("passphrase", [None, "correct-horse-battery"])
def test_certificate_and_key(lab, run, run_module, passphrase):
    make_provider(lab, run_module)
    certificate, key = lab.external_clients.leaf("vcenter", "client")
    if passphrase:
        opened = serialization.load_pem_private_key(key.encode(), None)
        key = opened.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase.encode()),
        ).decode()
    options = {"certificate": certificate, "private_key": key, "private_key_passphrase": passphrase}
    made = converge(lab, run, "client_certificate", UNKNOWN, **options)
    assert made["client_certificate"]["method"] == "certificate_and_key"
    assert "PRIVATE KEY" not in made.output
    assert key.splitlines()[1] not in made.output


def test_self_signed(lab, run, run_module):
    make_provider(lab, run_module)
    unknown = {"certificate", "sha256", "subject", "issuer", "not_after", "days_left", "public_key_sha256", *UNKNOWN}
    made = converge(lab, run, "client_certificate", unknown, self_signed=True, wait_for="uploaded")
    assert made["client_certificate"]["accepted"] is False
    lab.external_kms.trust_client_certificate(made["client_certificate"]["certificate"])
    accepted, writes = Writes(lab).of(lambda: run(self_signed=True))
    assert (accepted.changed, accepted["client_certificate"]["accepted"], writes) == (False, True, [])


def test_certificate_for_another_csr(lab, run, signed, run_module):
    stranger, _key = lab.external_clients.leaf("vcenter", "client")
    for check in (True, False):
        refused, writes = Writes(lab).of(lambda: run(check=check, certificate=stranger))  # noqa: B023
        assert refused.failed and writes == []
        assert "answers another CSR" in refused.msg and "nothing was changed" in refused.msg
        assert refused["failure"]["expected"] in refused.msg and refused["failure"]["found"] in refused.msg
    assert run(certificate=signed).changed
    none = run(certificate=stranger)
    assert none.failed and "key_provider_csr" in none.msg


@pytest.mark.oldest("key_provider_client_certificate", "refusal")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "certificate is required"),
        ({"certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}, "certificate: block 1"),
        ({"certificate": "/etc/ssl/vcenter.pem"}, "certificate"),
        ({"certificate": "x", "self_signed": True}, "contradicts"),
    ],
)
def test_bad_input(lab, run, options, words):
    mark = lab.journal.mark()
    result = run(**options)
    assert result.failed and words in result.msg
    assert "\n" not in result.msg
    assert lab.journal.count("vcenter", since=mark) == 0


def test_key_of_another_certificate(lab, run, run_module):
    make_provider(lab, run_module)
    certificate, _key = lab.external_clients.leaf("vcenter", "client")
    _other, key = lab.external_clients.leaf("vcenter", "client")
    mark = lab.journal.mark()
    result = run(certificate=certificate, private_key=key)
    assert result.failed and "private_key does not belong to certificate" in result.msg
    assert lab.journal.writes(mark) == []


def test_expired_certificate_is_not_uploaded(lab, run, signed):
    lab.clock.advance(366 * 86400)
    result, writes = Writes(lab).of(lambda: run(certificate=signed))
    assert result.failed and writes == []
    assert "expired on" in result.msg


def test_not_accepted_by_the_kms(lab, run, run_module):
    make_provider(lab, run_module)
    csr = run_module("key_provider_csr", provider=PROVIDER)["csr"]["csr"]
    foreign = sign(lab.okms_users, csr)
    timed_out = run(certificate=foreign, wait_timeout=0)
    assert timed_out.failed and timed_out["failure"]["kind"] == "timeout"
    assert "does not accept vCenter's client certificate" in timed_out.msg
    later, writes = Writes(lab).of(lambda: run(certificate=foreign, wait=False))
    assert (later.failed, later.changed, writes) == (False, False, [])
    assert later["client_certificate"]["accepted"] is False


def test_a_certificate_refused_for_too_long_ends_the_wait(lab, run, run_module):
    make_provider(lab, run_module)
    csr = run_module("key_provider_csr", provider=PROVIDER)["csr"]["csr"]
    ended = run(certificate=sign(lab.okms_users, csr), wait_timeout=600, refused_timeout=0)
    assert ended.failed and ended["failure"]["kind"] == "conflict"
    assert "IAM policy with the okms:kmip actions" in ended.msg and "okms_identity_urns" in ended.msg
    assert "\n" not in ended.msg


def test_renewal_replaces_the_certificate(lab, run, run_module):
    first = make_green(lab, run_module)
    csr = run_module("key_provider_csr", provider=PROVIDER, renew=True)["csr"]["csr"]
    renewed = converge(lab, run, "client_certificate", UNKNOWN, certificate=sign(lab.external_clients, csr))
    assert renewed.diff["before"]["sha256"] == sha256_of(first)
    assert renewed["client_certificate"]["accepted"] is True


def test_self_signed_is_renewed_without_a_gap(lab, run, run_module):
    make_provider(lab, run_module)
    old = run(self_signed=True, wait_for="uploaded")["client_certificate"]
    lab.external_kms.trust_client_certificate(old["certificate"])
    successor = {"self_signed": True, "renew": True, "activate": False}
    made = converge(lab, run, "client_certificate", ("waiting", *UNKNOWN), **successor)["client_certificate"]
    assert (made["sha256"], made["accepted"]) == (old["sha256"], True)
    assert sha256_of(made["waiting"]) != old["sha256"]
    lab.external_kms.trust_client_certificate(made["waiting"])
    done = run(self_signed=True, renew=True)
    assert done.changed, done.msg
    assert done["client_certificate"]["sha256"] == sha256_of(made["waiting"])
    assert (done["client_certificate"]["accepted"], done["client_certificate"]["waiting"]) == (True, None)
    assert run(self_signed=True).changed is False


def test_renewal_options_are_for_self_signed_certificates(lab, run, signed):
    mark = lab.journal.mark()
    for options in ({"certificate": signed, "renew": True}, {"self_signed": True, "activate": False}):
        refused = run(**options)
        assert refused.failed and "renew" in refused.msg
    assert lab.journal.writes(mark) == []


def test_a_successor_for_another_name_is_warned_of(lab, run, run_module):
    make_green(lab, run_module)
    csr = run_module("key_provider_csr", provider=PROVIDER, renew=True)["csr"]["csr"]
    same = run(check=True, certificate=sign(lab.external_clients, csr))
    other = run(check=True, certificate=sign(lab.external_clients, csr, name="another-client"))
    assert same.warnings == [] and other.changed
    assert "the new certificate is for CN=another-client, the one in use is for CN=vcenter" in other.warnings[0]


def test_warning_names_no_subject_that_vcenter_will_choose(lab, run, run_module, signed):
    run(certificate=signed)
    for check in (True, False):
        made = run(check=check, self_signed=True, wait_for="uploaded")
        assert made.changed, made.msg
        (warning,) = made.warnings
        assert "the new certificate will get a subject of vCenter's choice, the one in use is for CN=" in warning
