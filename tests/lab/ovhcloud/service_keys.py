# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service keys of OKMS (not those of vCenter, which are made over KMIP)."""

from __future__ import annotations

import base64
import typing as t

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .core import Area, Call, new_uuid, serves, stamp
from .errors import ApiError, bad_request, not_found
from .okms import tagged, usable
from .state import Okms, ServiceKey

_DESTROYED = ("DESTROYED", "DESTROYED_COMPROMISED")
_NAME_LIMIT, _CONTEXT_LIMIT = 32, 64
_PAIRS = {
    "oct": ({"encrypt", "decrypt"}, {"wrapKey", "unwrapKey"}),
    "RSA": ({"sign", "verify"},),
    "EC": ({"sign", "verify"},),
}
_SIZES = {"oct": (128, 192, 256), "RSA": (2048, 3072, 4096)}
_CURVES: dict[str, t.Callable[[], ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
}
_IMPORT_FIELDS = {"oct": ("k",), "RSA": ("n", "e", "d", "p", "q", "dp", "dq", "qi"), "EC": ("crv", "x", "y", "d")}
_PUBLIC_FIELDS = ("kty", "kid", "use", "key_ops", "alg", "crv", "n", "e", "x", "y")
_RESPONSE_FIELDS = (*_PUBLIC_FIELDS, "d", "dp", "dq", "k", "p", "q", "qi")


class ServiceKeyArea(Area):
    """Calls under /v2/okms/resource/{okmsId}/serviceKey."""

    @serves("GET /v2/okms/resource/{okmsId}/serviceKey")
    def keys(self, call: Call) -> list[dict[str, t.Any]]:
        """All service keys."""
        domain = usable(self, call)
        found = [self._with_iam(domain, key) for key in domain.service_keys.values()]
        return tagged(found, call.query.get("iamTags"))

    @serves("POST /v2/okms/resource/{okmsId}/serviceKey")
    def create(self, call: Call) -> dict[str, t.Any]:
        """Generate or import a key."""
        domain, body = usable(self, call), call.body
        _check_name(body.get("name"), required=True)
        if len(body.get("context") or "") > _CONTEXT_LIMIT:
            raise _refused("ContextMaxExceeded")
        key = self._imported(body) if body.get("keys") is not None else self._generated(body)
        key.state = self.core.settings.service_key_state
        key.protection_level = body.get("protectionLevel") or "SOFTWARE"
        domain.service_keys[key.key_id] = key
        return self._shown(key, "JWK")

    @serves("GET /v2/okms/resource/{okmsId}/serviceKey/{keyId}")
    def get(self, call: Call) -> dict[str, t.Any]:
        """One key; `format` adds its public part."""
        domain = usable(self, call)
        return self._with_iam(domain, self._key(domain, call), call.query.get("format", ""))

    @serves("PUT /v2/okms/resource/{okmsId}/serviceKey/{keyId}")
    def update(self, call: Call) -> dict[str, t.Any]:
        """Rename, activate, deactivate."""
        key, body = self._key(usable(self, call), call), call.body
        state, reason = body.get("state"), body.get("deactivationReason")
        if body.get("name") is not None:
            _check_name(body["name"], required=True)
        if key.state in _DESTROYED:
            raise bad_request(f"A key in state {key.state} cannot be changed")
        if state in ("DEACTIVATED", "COMPROMISED") and reason is None:
            raise _refused("DeactivationReasonRequired")
        if state in (None, "ACTIVE") and reason is not None:
            raise _refused("DeactivationReasonIncompatible")
        if state == "DEACTIVATED" and reason in ("KEY_COMPROMISE", "CA_COMPROMISE"):
            raise _refused("DeactivationReasonIncompatibleReason")
        key.name, key.state = body.get("name") or key.name, state or key.state
        return self._shown(key)

    @serves("DELETE /v2/okms/resource/{okmsId}/serviceKey/{keyId}")
    def delete(self, call: Call) -> None:
        """Destroy a key that was deactivated before."""
        domain = usable(self, call)
        key = self._key(domain, call)
        if key.state not in ("DEACTIVATED", "COMPROMISED"):
            raise bad_request(f"A key in state {key.state} cannot be deleted, deactivate it first")
        if self.core.settings.destroyed_keys_stay:
            # the states DESTROYED and DESTROYED_COMPROMISED of the contract's enum have to be seen somewhere
            key.state = "DESTROYED" if key.state == "DEACTIVATED" else "DESTROYED_COMPROMISED"
        else:
            del domain.service_keys[key.key_id]

    # --- the regional API: what only it knows (guides kms-usage and import-export-keys-byok of 2026-08)

    @serves("POST /api/{okmsId}/v1/servicekey")
    def create_there(self, call: Call) -> dict[str, t.Any]:
        """Generate or import a key; the same key as in the central API."""
        made = self.create(call)
        key = self._key_of(usable(self, call), made["id"])
        key.extractable = bool(call.body.get("extractable"))
        key.never_extractable = not key.extractable
        return self._shown_there(key)

    @serves("GET /api/{okmsId}/v1/servicekey/{keyId}")
    def get_there(self, call: Call) -> dict[str, t.Any]:
        """One key with its attributes."""
        return self._shown_there(self._key(usable(self, call), call))

    @serves("PATCH /api/{okmsId}/v1/servicekey/{keyId}")
    def patch_there(self, call: Call) -> dict[str, t.Any]:
        """Change name or extractable; what was extractable once never was not."""
        key = self._key(usable(self, call), call)
        key.name = call.body.get("name") or key.name
        if call.body.get("extractable") is not None:
            key.extractable = call.body["extractable"]
            key.never_extractable = key.never_extractable and not key.extractable
        return self._shown_there(key)

    def _shown_there(self, key: ServiceKey) -> dict[str, t.Any]:
        attributes = {
            "state": key.state.lower(),
            "extractable": key.extractable,
            "never_extractable": key.never_extractable,
        }
        return {
            "attributes": attributes if self.core.settings.key_attributes else None,
            "class": "SECRET_KEY" if key.kind == "oct" else "KEY_PAIR",
            "curve": key.curve,
            "id": key.key_id,
            "keys": None,
            "name": key.name,
            "operations": key.operations,
            "protectionLevel": key.protection_level,
            "size": key.size,
            "type": key.kind,
        }

    # --- making keys

    def _generated(self, body: dict[str, t.Any]) -> ServiceKey:
        kind, size, curve, operations = (body.get(name) for name in ("type", "size", "curve", "operations"))
        rules = (
            (kind is None, "TypeRequired"),
            (not operations, "OperationsRequired"),
            (kind in _PAIRS and set(operations or ()) not in _PAIRS[kind], "OperationsInvalid"),
            (kind == "EC" and curve is None, "CurveRequired"),
            (kind == "EC" and size is not None, "SizeIncompatible"),
            (kind in _SIZES and size is None, "SizeRequired"),
            (kind in _SIZES and size not in _SIZES.get(kind, ()), "SizeInvalid"),
            (kind in _SIZES and curve is not None, "CurveIncompatible"),
        )
        _first_broken(rules)
        key_id, pem = new_uuid(), None
        public: dict[str, t.Any] = {}
        if kind == "RSA":
            made: t.Any = rsa.generate_private_key(65537, size or 2048).public_key()
            numbers = made.public_numbers()
            public, pem = {"n": _b64(numbers.n), "e": _b64(numbers.e)}, _pem(made)
        elif kind == "EC":
            made = ec.generate_private_key(_CURVES[str(curve)]()).public_key()
            numbers, length = made.public_numbers(), (made.key_size + 7) // 8
            public = {"crv": curve, "x": _b64(numbers.x, length), "y": _b64(numbers.y, length)}
            pem = _pem(made)
        use = "sig" if kind != "oct" else "enc"
        jwk = {"kty": kind, "kid": key_id, "use": use, "key_ops": operations, **public}
        return ServiceKey(key_id, body["name"], str(kind), size, curve, operations, self.core.now(), jwk, pem)

    def _imported(self, body: dict[str, t.Any]) -> ServiceKey:
        keys = body["keys"]
        rules = (
            (any(body.get(name) is not None for name in ("type", "size", "curve", "operations")), "KeysIncompatible"),
            (len(keys) < 1, "KeysMinRequired"),
            (len(keys) > 1, "KeysMaxExceeded"),
            # guide of 2026-08-26: keys on HSM cannot be imported; the class is not published
            (body.get("protectionLevel") == "HSM", "ProtectionLevelIncompatible"),
        )
        _first_broken(rules)
        jwk = keys[0]
        _first_broken([(not jwk.get(name), f"{name.capitalize()}Required") for name in _IMPORT_FIELDS[jwk["kty"]]])
        operations = jwk.get("key_ops")
        wrong = not operations or set(operations) not in _PAIRS[jwk["kty"]]
        _first_broken([(not operations, "KeyOpsRequired"), (wrong, "KeyOpsInvalidUsage")])
        size = None
        if jwk["kty"] != "EC":
            size = len(_bytes(jwk.get("k") or jwk["n"], "K" if jwk["kty"] == "oct" else "N")) * 8
            if size not in _SIZES[jwk["kty"]]:
                raise _refused("KInvalidFormat" if jwk["kty"] == "oct" else "NInvalidSize")
        key_id = new_uuid()
        public = {name: jwk[name] for name in _PUBLIC_FIELDS if jwk.get(name) is not None}
        public["kid"] = key_id
        pem = _imported_pem(jwk)
        return ServiceKey(
            key_id, body["name"], jwk["kty"], size, jwk.get("crv"), operations, self.core.now(), public, pem
        )

    # --- showing keys

    def _key(self, domain: Okms, call: Call) -> ServiceKey:
        return self._key_of(domain, call.params["keyId"])

    @staticmethod
    def _key_of(domain: Okms, key_id: str) -> ServiceKey:
        found = domain.service_keys.get(key_id)
        if found is None:
            raise not_found(f"service key {key_id}")
        return found

    def _shown(self, key: ServiceKey, form: str = "") -> dict[str, t.Any]:
        jwk = {**dict.fromkeys(_RESPONSE_FIELDS), **key.jwk}
        told = {"protectionLevel": key.protection_level} if self.core.settings.key_tells_protection else {}
        return {
            **told,
            "createdAt": stamp(key.created),
            "curve": key.curve,
            "id": key.key_id,
            "keys": [jwk] if form == "JWK" else None,
            "keysPEM": [{"pem": key.pem}] if form == "PEM" and key.pem else None,
            "name": key.name,
            "operations": key.operations,
            "size": key.size,
            "state": key.state,
            "type": key.kind,
        }

    def _with_iam(self, domain: Okms, key: ServiceKey, form: str = "") -> dict[str, t.Any]:
        urn = self.core.urn("okms", f"{domain.okms_id}/serviceKey/{key.key_id}")
        iam = {"displayName": key.name, "id": key.key_id, "state": "OK", "tags": None, "urn": urn}
        return {**self._shown(key, form), "iam": iam}


def _refused(suffix: str) -> ApiError:
    return bad_request(f"The service key was refused: {suffix}", f"ServiceKey{suffix}")


def _first_broken(rules: t.Iterable[tuple[bool, str]]) -> None:
    for broken, suffix in rules:
        if broken:
            raise _refused(suffix)


def _check_name(name: str | None, required: bool) -> None:
    if required and not name:
        raise _refused("NameMinRequired")
    if len(name or "") > _NAME_LIMIT:
        raise _refused("NameMaxExceeded")
    # printable ASCII only, as the console of OVHcloud says
    if name and not (name.isascii() and name.isprintable()):
        raise _refused("NameInvalidCharacter")


def _b64(number: int, length: int = 0) -> str:
    data = number.to_bytes(length or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str, field: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise _refused(f"{field}InvalidFormat") from None


def _imported_pem(jwk: dict[str, t.Any]) -> str | None:
    """Public part of an imported key; RFC 7518, 6.2.1 and 6.3.1."""
    number = {name: int.from_bytes(_bytes(jwk[name], name.upper()), "big") for name in "xyne" if jwk.get(name)}
    try:
        if jwk["kty"] == "RSA":
            return _pem(rsa.RSAPublicNumbers(number["e"], number["n"]).public_key())
        if jwk["kty"] == "EC":
            curve = _CURVES[jwk["crv"]]()
            return _pem(ec.EllipticCurvePublicNumbers(number["x"], number["y"], curve).public_key())
    except ValueError:
        raise _refused("NInvalidFormat" if jwk["kty"] == "RSA" else "XInvalidFormat") from None
    return None


def _pem(key: t.Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_bytes(serialization.Encoding.PEM, form).decode())
