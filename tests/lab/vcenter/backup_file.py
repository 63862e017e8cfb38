# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that a native provider is backed up in: PKCS#12, with or without a password.

What the vendor's file holds is not published. This one holds the key derivation key as a private key of 32 bytes; the
rest travels as the friendly name of its certificate, so that any PKCS#12 library opens the file or finds the password
to be wrong.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

KEY_BYTES = 32
LIFETIME = datetime.timedelta(days=3650)


@dataclasses.dataclass
class Backup:
    """All that makes a native provider."""

    provider: str
    key_id: str
    key: bytes = dataclasses.field(repr=False)
    tpm_required: bool | None = None
    export_time: str = ""


def _facts(backup: Backup) -> bytes:
    facts = {**dataclasses.asdict(backup), "key": None}
    return json.dumps(facts).encode()


def write(backup: Backup, password: str, now: datetime.datetime) -> bytes:
    """The file; an empty password leaves it unencrypted."""
    key = Ed25519PrivateKey.from_private_bytes(backup.key)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Native key provider")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + LIFETIME)
        .sign(key, None)
    )
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(_facts(backup), key, certificate, None, encryption)


def read(content: bytes, password: str) -> Backup:
    """What a file holds; raises ValueError when it is none, or the password is wrong."""
    opened = pkcs12.load_pkcs12(content, password.encode() or None)
    if opened.cert is None or not isinstance(opened.key, Ed25519PrivateKey):
        raise ValueError("the file holds no native provider")
    facts: dict[str, t.Any] = json.loads(opened.cert.friendly_name or b"{}")
    try:
        return Backup(**{**facts, "key": opened.key.private_bytes_raw()})
    except TypeError as exc:
        raise ValueError("the file holds no native provider") from exc
