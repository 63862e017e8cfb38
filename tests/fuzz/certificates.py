# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: certificates, requests, keys, PKCS#12 and JWK, as users paste them and as servers send them."""

from __future__ import annotations

import base64
import json
import os
import tempfile
import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates import (
    backup_files,
    client_use,
    facts,
    jwk,
    keys,
    pem,
    pem_files,
    signing,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms import service_keys

from .engine import check_message, target
from .inputs import NESTED, damaged, damaged_text, json_text, odd_text
from .samples import NOW, PASSPHRASE, der_of, pem_of, samples

SAMPLES = samples()
CERTIFICATES = damaged([SAMPLES.leaf_der, SAMPLES.authority_der], sized=True).map(pem_of)
REQUESTS = damaged([der_of(SAMPLES.request)], sized=True).map(lambda data: pem_of(data, pem.REQUEST))
KEYS = [SAMPLES.rsa_key, SAMPLES.ec_key, SAMPLES.ciphered_key]


def edited(text: str, old: str, new: str) -> str:
    """The certificate with other bytes (hex) in it."""
    changed = der_of(text).replace(bytes.fromhex(old), bytes.fromhex(new), 1)
    return pem_of(changed)


# what cryptography reads only in part: version 2 and 10, names of kinds that it does not know (x400Address, the tag
# 3, and EDIPartyName, the tag 5, in place of a registered id), a negative serial number, an extension twice
VERSION_2, VERSION_10 = (edited(SAMPLES.leaf, "a003020102", f"a0030201{last}") for last in ("01", "09"))
X400, EDI = (edited(SAMPLES.leaf, "88032a0304", f"{tag}032a0304") for tag in ("a3", "a5"))
NEGATIVE = edited(SAMPLES.leaf, "02020a0b", "0202fa0b")
TWICE = edited(SAMPLES.leaf, "0603551d13", "0603551d11")


def of_year_1() -> str:
    """Valid from a year on that Linux writes with one digit: a time with four digits (the tag 18), two bytes longer."""
    data = bytearray(SAMPLES.leaf_der.replace(b"\x30\x1e\x17\x0d26", b"\x30\x20\x18\x0f0001"))
    for size in (2, 6):
        data[size : size + 2] = (int.from_bytes(data[size : size + 2], "big") + 2).to_bytes(2, "big")
    return pem_of(bytes(data))


PARTLY = (of_year_1(), VERSION_2, VERSION_10, X400, EDI, NEGATIVE, TWICE)


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _each(*calls: t.Callable[[], object]) -> None:
    """Call all, although some refuse; when all do, it is a refusal."""
    refusals: list[InvalidInputError] = []
    for call in calls:
        try:
            call()
        except InvalidInputError as error:
            check_message(error.message)
            refusals.append(error)
    if len(refusals) == len(calls):
        raise refusals[0]


@target("PEM texts", damaged_text(list(SAMPLES[:7])), ["\ud800", "-----BEGIN CERTIFICATE-----\ud800"])
def _pem(text: str) -> None:
    labels = (None, pem.CERTIFICATE, pem.REQUEST, pem.PRIVATE_KEY)
    _each(
        lambda: pem.split(text),
        *(lambda label=label: pem.normalise(text, label, "option", single=True) for label in labels),
    )


@target("PEM files", st.binary(max_size=300) | damaged_text(list(SAMPLES[:7])).map(_bytes_of), [b"", b"\xef\xbb\xbf\n"])
def _pem_file(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file.pem")
        with open(path, "wb") as file:
            file.write(content)
        given = {"certificate": "", "certificate_path": path}
        _each(
            pem_files.PemFile(path, "output_path", pem.CERTIFICATE).check,
            *(
                lambda label=label: pem_files.pem_of(given, "certificate", label)
                for label in (pem.CERTIFICATE, pem.REQUEST)
            ),
        )


@target("certificate facts", CERTIFICATES, PARTLY)
def _facts(text: str) -> None:
    def told() -> None:
        found = facts.certificate_facts(text)
        facts.days_left(found["not_before"], NOW)
        facts.days_left(found["not_after"], NOW)

    def in_part() -> None:
        found, unread = facts.facts_in_part(text)
        assert found["sha256"] and not {"sha1", "sha256"}.intersection(unread)

    _each(told, in_part, lambda: facts.same_certificate(text, SAMPLES.leaf), lambda: keys.public_key_of(text))


@target("certificate signed by", CERTIFICATES, PARTLY)
def _signed_by(text: str) -> None:
    _each(
        lambda: keys.check_signed_by(text, SAMPLES.authority),
        lambda: keys.check_signed_by(SAMPLES.leaf, text),
        lambda: keys.check_signed_by(SAMPLES.leaf + text, SAMPLES.authority),
    )


@target("certificates of clients", st.tuples(CERTIFICATES, CERTIFICATES), [(one, SAMPLES.authority) for one in PARTLY])
def _clients(value: tuple[str, str]) -> None:
    client_use.check_client_certificate("".join(value), keys.public_key_of(SAMPLES.leaf), "certificate", NOW)


@target("certificate of a CA", CERTIFICATES, PARTLY)
def _signer(text: str) -> None:
    signing.signer_of(text, SAMPLES.rsa_key, None, NOW)


@target(
    "certificate requests",
    st.tuples(REQUESTS, st.one_of(st.none(), odd_text), st.one_of(st.integers(1), st.sampled_from((1, 825, 10**9)))),
    [(SAMPLES.request, None, 10**9), (SAMPLES.request, "\ud800", 1)],
)
def _requests(value: tuple[str, str | None, int]) -> None:
    text, common_name, days = value
    _each(lambda: facts.request_subject(text), lambda: keys.public_key_of(text))
    asked = signing.request_of(text, common_name)
    signer = signing.signer_of(SAMPLES.authority, SAMPLES.rsa_key, None, NOW)
    made = signing.sign(signer, asked, days, NOW)
    assert signing.answers(made, asked, signer)


@target("private keys", st.tuples(damaged_text(KEYS), st.one_of(st.none(), odd_text, st.just(PASSPHRASE))))
def _private_keys(value: tuple[str, str | None]) -> None:
    text, passphrase = value
    _each(lambda: keys.open_private_key(text, passphrase), lambda: keys.public_key_of(text, passphrase))


@target(
    "private keys in DER",
    st.tuples(damaged([der_of(key) for key in KEYS], sized=True), st.sampled_from(("", "ENCRYPTED "))),
)
def _private_keys_in_der(value: tuple[bytes, str]) -> None:
    data, kind = value
    text = pem_of(data, f"{kind}PRIVATE KEY")
    _each(lambda: keys.open_private_key(text), lambda: jwk.read_key(text, "key"))


@target("public keys", st.one_of(damaged_text([SAMPLES.public_key]), damaged([der_of(SAMPLES.public_key)]).map(
    lambda data: pem_of(data, "PUBLIC KEY")
)))  # fmt: skip
def _public_keys(text: str) -> None:
    keys.public_key_in(text)


@target(
    "PKCS#12 files",
    st.tuples(damaged([SAMPLES.pkcs12]), st.one_of(st.sampled_from(("", PASSPHRASE, "a\0b", "\ud800")), odd_text)),
    [(SAMPLES.pkcs12, "a\0b"), (SAMPLES.pkcs12, "\ud800")],
    share=0.3,
)
def _pkcs12(value: tuple[bytes, str]) -> None:
    content, password = value
    backup_files.opens(content, password)
    backup_files.is_encrypted(content)


def _jwk_of(text: str) -> dict[str, t.Any]:
    return jwk.read_key(text, "key").jwk


JWKS = (
    {**_jwk_of(SAMPLES.rsa_key), "kid": "name", "key_ops": ["sign", "verify"], "alg": "RS256"},
    {**_jwk_of(SAMPLES.ec_key), "use": "sig", "key_ops": ["sign"]},
    {"kty": "oct", "k": base64.b64encode(bytes(32)).decode(), "key_ops": ["encrypt", "decrypt"]},
)


@target(
    "JWK and other keys to import",
    st.one_of(json_text(JWKS), odd_text),
    [json.dumps({**JWKS[2], "key_ops": [["encrypt"]]}), json.dumps({**JWKS[2], "kid": {"a": 1}}), *NESTED],
)
def _keys_to_import(text: str) -> None:
    given = jwk.read_key(text, "key")
    given.secrets()
    sent = service_keys.imported({"operations": None, "name": "key"}, given)
    assert all(isinstance(one, str) for one in (*sent["key_ops"], sent["kid"], sent["use"]))


@target(
    "thumbprints", st.one_of(damaged_text(["SHA256:" + "AA:" * 31 + "AA", "sha1 fingerprint=" + "0b" * 20]), odd_text)
)
def _thumbprints(text: str) -> None:
    facts.thumbprint(text)
