# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys to be imported, from PEM, JWK or base64 to a JSON web key (RFC 7517, 7518). Messages never quote the content."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import spki_sha256
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import open_private_key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import (
    CRYPTOGRAPHY,
    UnsupportedAlgorithm,
    ec,
    rsa,
    serialization,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_NEEDED = {
    "oct": ("k",),
    "RSA": ("n", "e", "d", "p", "q", "dp", "dq", "qi"),
    "EC": ("crv", "x", "y", "d"),
}
_SECRET = ("k", "d", "p", "q", "dp", "dq", "qi")
_KEPT = ("kty", "kid", "use", "key_ops", "alg", "crv", "n", "e", "x", "y", *_SECRET)


@dataclasses.dataclass(frozen=True)
class GivenKey:
    """A key that the user gives. `public_key_sha256` is that of its SubjectPublicKeyInfo, None for a symmetric key."""

    jwk: dict[str, t.Any] = dataclasses.field(repr=False)
    kind: str
    size: int | None
    curve: str | None
    public_key_sha256: str | None

    def secrets(self) -> list[str]:
        """The parts that no message may show."""
        return [str(self.jwk[name]) for name in _SECRET if name in self.jwk]


def read_key(text: str, name: str) -> GivenKey:
    """From a private key in PEM, a JWK as JSON, or the base64 of a symmetric key. Raises InvalidInputError."""
    require(CRYPTOGRAPHY)
    plain = text.strip()
    if not plain.strip("="):
        raise InvalidInputError(f"{name}: is empty")
    if "-----BEGIN" in plain:
        return _from_jwk(_jwk_of_pem(open_private_key(plain, name=name), name), name)
    if plain.startswith("{"):
        return _from_jwk(_parsed(plain, name), name)
    data = _bytes(plain, f"{name}: is neither PEM nor a JWK, and")
    return _from_jwk({"kty": "oct", "k": _text(data)}, name)


def _parsed(text: str, name: str) -> dict[str, t.Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):  # the latter: nested too deep
        # not chained: the library's text quotes the content
        raise InvalidInputError(
            f"{name}: is not complete JSON (give the JWK as text, with the filter to_json)"
        ) from None
    if not isinstance(parsed, dict):
        raise InvalidInputError(f"{name}: is not a JWK; expected a JSON object")
    kept = {part: parsed[part] for part in _KEPT if parsed.get(part) is not None}
    _check_parts(kept, name)
    return kept


def _check_parts(jwk: t.Mapping[str, t.Any], name: str) -> None:
    """Every part is a text, and the operations are a list of texts (RFC 7517, 4)."""
    operations = jwk.get("key_ops", [])
    if not isinstance(operations, list) or not all(isinstance(word, str) for word in operations):
        raise InvalidInputError(f"{name}: key_ops of the JWK is not a list of texts")
    wrong = sorted(part for part, value in jwk.items() if part != "key_ops" and not isinstance(value, str))
    if wrong:
        raise InvalidInputError(f"{name}: {', '.join(wrong)} of the JWK must be texts")


def _from_jwk(jwk: dict[str, t.Any], name: str) -> GivenKey:
    kind = str(jwk.get("kty"))
    if kind not in _NEEDED:
        raise InvalidInputError(f"{name}: kty of the JWK must be one of {', '.join(_NEEDED)}")
    missing = [part for part in _NEEDED[kind] if not isinstance(jwk.get(part), str) or not jwk[part]]
    if missing:
        raise InvalidInputError(f"{name}: the JWK of type {kind} lacks {', '.join(missing)}")
    if kind == "oct":
        return GivenKey(jwk, kind, len(_bytes(jwk["k"], f"{name}: k")) * 8, None, None)
    public = _public_key(jwk, name)
    size = public.key_size if kind == "RSA" else None
    return GivenKey(jwk, kind, size, jwk.get("crv") if kind == "EC" else None, spki_sha256(public))


def _public_key(jwk: dict[str, t.Any], name: str) -> t.Any:
    def whole(part: str) -> int:
        return int.from_bytes(_bytes(jwk[part], f"{name}: {part}"), "big")

    try:
        if jwk["kty"] == "RSA":
            return rsa.RSAPublicNumbers(whole("e"), whole("n")).public_key()
        curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
        if jwk["crv"] not in curves:
            raise InvalidInputError(f"{name}: crv of the JWK must be one of {', '.join(curves)}")
        return ec.EllipticCurvePublicNumbers(whole("x"), whole("y"), curves[jwk["crv"]]()).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInputError(f"{name}: the public part of the JWK is not a valid {jwk['kty']} key") from None


def _jwk_of_pem(pem: str, name: str) -> dict[str, t.Any]:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        parts = {
            "n": numbers.public_numbers.n,
            "e": numbers.public_numbers.e,
            "d": numbers.d,
            "p": numbers.p,
            "q": numbers.q,
            "dp": numbers.dmp1,
            "dq": numbers.dmq1,
            "qi": numbers.iqmp,
        }
        return {"kty": "RSA", **{part: _number(value) for part, value in parts.items()}}
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        private = key.private_numbers()
        # leading zeros belong to a coordinate (RFC 7518, 6.2.1.2), but not to a number of RSA (6.3.1)
        length = (key.curve.key_size + 7) // 8
        coordinates = {
            "x": private.public_numbers.x,
            "y": private.public_numbers.y,
            "d": private.private_value,
        }
        coded = {part: _number(value, length) for part, value in coordinates.items()}
        return {"kty": "EC", "crv": _CURVES[key.curve.name], **coded}
    raise InvalidInputError(f"{name}: only RSA keys and EC keys on {', '.join(_CURVES.values())} can be imported")


def _number(value: int, length: int = 0) -> str:
    return _text(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str, where: str) -> bytes:
    """From base64, in its ordinary or its URL-safe alphabet, with or without padding."""
    digits = "".join(text.split()).replace("+", "-").replace("/", "_").rstrip("=")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInputError(f"{where} is not base64") from None
