# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys to be imported: PEM, JWK and base64."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.jwk import read_key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    public_key_in,
    public_key_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

# RFC 7517, A.1 and A.2: the EC key, and the public part of the RSA key
EC_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
    "use": "enc",
    "kid": "1",
}


def pem(key) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def test_the_key_of_the_rfc() -> None:
    given = read_key(json.dumps(EC_JWK), "key")
    assert (given.kind, given.curve, given.size, given.jwk["kid"]) == ("EC", "P-256", None, "1")
    number = int.from_bytes(base64.urlsafe_b64decode(EC_JWK["d"] + "="), "big")
    assert given.public_key_sha256 == public_key_of(pem(ec.derive_private_key(number, ec.SECP256R1())))
    assert given.secrets() == [EC_JWK["d"]]
    assert EC_JWK["d"] not in repr(given)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_an_ec_key_in_pem(curve) -> None:
    # the smallest private number: coordinates and number keep their full length
    given = read_key(pem(ec.derive_private_key(1, curve)), "key")
    length = (curve.key_size + 7) // 8
    assert {len(base64.urlsafe_b64decode(given.jwk[part] + "==")) for part in "xyd"} == {length}
    assert read_key(json.dumps(given.jwk), "key") == given


def test_an_rsa_key_in_pem() -> None:
    key = rsa.generate_private_key(65537, 2048)
    given = read_key(pem(key), "key")
    assert (given.kind, given.size, given.curve) == ("RSA", 2048, None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    assert given.public_key_sha256 == public_key_in(public)
    assert given.jwk["e"] == "AQAB"
    assert len(given.secrets()) == 6


@pytest.mark.parametrize("text", ["/+8AAQ==", "_-8AAQ", " _-8A\nAQ "])
def test_base64_in_any_alphabet(text: str) -> None:
    given = read_key(text, "key")
    assert (given.kind, given.size, given.jwk["k"]) == ("oct", 32, "_-8AAQ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("=", "is empty"),
        ("hidden?", "neither PEM nor a JWK"),
        ("{'kty': 'hidden'}", "to_json"),
        ('{"kty": "OKP", "x": "hidden"}', "oct, RSA, EC"),
        ('{"kty": "RSA", "n": "hidden", "e": "AQAB"}', "lacks d, p, q, dp, dq, qi"),
        (json.dumps({**EC_JWK, "crv": "P-111"}), "P-256, P-384, P-521"),
        (json.dumps({**EC_JWK, "x": EC_JWK["y"]}), "not a valid EC key"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "only RSA keys and EC keys"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "only RSA keys and EC keys"),
    ],
    # every process makes keys of its own, so they must not be in the names
    ids=["nothing", "padding", "text", "dictionary", "kind", "public", "curve", "point", "ed25519", "secp256k1"],
)
def test_what_is_wrong_is_said_without_the_content(text: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        read_key(text, "key")
    assert "hidden" not in caught.value.message
    assert caught.value.message.startswith("key:")


def test_no_public_key() -> None:
    with pytest.raises(InvalidInputError, match="not a readable public key"):
        public_key_in("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
