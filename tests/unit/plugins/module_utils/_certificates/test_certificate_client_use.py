# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates a KMS can take for that of a TLS client."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.client_use import (
    check_client_certificate,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import public_key_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
NOW = START + datetime.timedelta(days=30)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE


def usage(*names: str) -> x509.KeyUsage:
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    every += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{name: name in names for name in every})


def refusal(pem: str, key: str = "", now: datetime.datetime = NOW) -> str:
    with pytest.raises(InvalidInputError) as caught:
        check_client_certificate(pem, key, "certificate", now)
    message = caught.value.message
    assert "\n" not in message and message.lower().endswith("nothing was changed")
    return message


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (x509.ExtendedKeyUsage([CLIENT]),),
        (x509.ExtendedKeyUsage([SERVER, CLIENT]),),
        (x509.ExtendedKeyUsage([ANY]),),
        (x509.ExtendedKeyUsage([CLIENT]), usage("digital_signature")),
        (usage("key_agreement"),),
    ],
)
def test_client_certificate_passes(maker: t.Any, authority: t.Any, extensions: t.Any) -> None:
    made = maker.make("vcenter", authority, extensions=extensions)
    check_client_certificate(made.certificate, "", "certificate", NOW)
    check_client_certificate(made.certificate + authority.certificate, public_key_of(made.request), "certificate", NOW)


@pytest.mark.parametrize(
    ("extensions", "words"),
    [
        ((x509.ExtendedKeyUsage([SERVER]),), "extended key usage without clientAuth"),
        ((usage("key_encipherment"),), "key usage without digitalSignature"),
    ],
)
def test_certificate_for_another_use_is_refused(maker: t.Any, authority: t.Any, extensions: t.Any, words: str) -> None:
    message = refusal(maker.make("vcenter", authority, extensions=extensions).certificate)
    assert words in message and "CN=vcenter" in message and "extendedKeyUsage=clientAuth" in message


def test_dates_are_judged_by_the_given_clock(maker: t.Any, authority: t.Any) -> None:
    pem = maker.make("vcenter", authority).certificate
    assert "expired on 2027-01-01" in refusal(pem, now=START + datetime.timedelta(days=366))
    early = refusal(pem, now=START - datetime.timedelta(minutes=6))
    assert "valid only from 2026-01-01T00:00:00Z" in early and "vCenter's clock says 2025-12-31T23:54:00Z" in early
    check_client_certificate(pem, "", "certificate", START - datetime.timedelta(minutes=4))


def test_chain_has_to_lead_from_the_certificate(maker: t.Any, authority: t.Any) -> None:
    root = maker.make("Root", ca=True)
    middle = maker.make("Middle", root, ca=True)
    made = maker.make("vcenter", middle)
    check_client_certificate(made.certificate + middle.certificate + root.certificate, "", "certificate", NOW)
    message = refusal(made.certificate + authority.certificate)
    assert "none of the 1 certificates" in message and "its issuer is CN=Middle" in message
    reverse = refusal(middle.certificate + made.certificate, public_key_of(made.request))
    assert "block 2 of 2; put it first" in reverse
