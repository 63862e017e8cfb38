# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM texts in every form in which people and tools hand them over, made canonical, or one line on what is wrong.

Accepted: any line ends, literal `\\n` and `\\r\\n`, one long line with or without blanks, indentation, a byte order
mark, quotes or other text around the blocks. Error messages name the option and the block and never quote the content.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import (
    CRYPTOGRAPHY,
    UNREADABLE,
    serialization,
    x509,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

CERTIFICATE = "CERTIFICATE"
REQUEST = "CERTIFICATE REQUEST"
PRIVATE_KEY = "PRIVATE KEY"

_ESCAPES = re.compile(r"\\+[rn]")
_BOUNDARY = re.compile(r"-----\s*(BEGIN|END)\s*([A-Z0-9][A-Z0-9 ]*?)\s*-----")
# RFC 1421 headers of a key that OpenSSL encrypted in the traditional way; the cipher's block is 16 or 8 bytes
_HEADERS = re.compile(
    r"\s*Proc-Type:\s*4,\s*ENCRYPTED\s*DEK-Info:\s*((?:AES|CAMELLIA|ARIA|SM4)-[A-Z0-9-]+,\s*[0-9A-Fa-f]{32}"
    r"|[A-Z0-9-]+,\s*[0-9A-Fa-f]{16})"
)
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_LABELS = {
    label.replace(" ", ""): label
    for label in (CERTIFICATE, REQUEST, PRIVATE_KEY, "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")
}
_LABELS.update({"X509CERTIFICATE": CERTIFICATE, "NEWCERTIFICATEREQUEST": REQUEST})
_KEY_LABELS = (PRIVATE_KEY, "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")
_PARAMETERS = "EC PARAMETERS"  # OpenSSL writes them before a key; the key names its curve itself


@dataclasses.dataclass(frozen=True)
class _Block:
    label: str
    body: str
    headers: str = ""

    @property
    def pem(self) -> str:
        lines = [self.body[start : start + 64] for start in range(0, len(self.body), 64)]
        rows = [f"-----BEGIN {self.label}-----", self.headers, *lines, f"-----END {self.label}-----"]
        return "".join(f"{row}\n" for row in rows if row)


def normalise(text: str, label: str | None = None, name: str = "PEM", single: bool = False) -> str:
    """Canonical PEM (lines of 64, LF) of all blocks; every block was parsed.

    `label` is the wanted kind (CERTIFICATE, CERTIFICATE REQUEST, PRIVATE KEY with its traditional and encrypted
    forms), `name` the option for messages; with `single` more than one block is an error. Raises InvalidInputError.
    """
    require(CRYPTOGRAPHY)
    blocks = _blocks(text, name, label)
    if single and len(blocks) > 1:
        raise InvalidInputError(f"{name}: contains {len(blocks)} PEM blocks, expected exactly one")
    for number, block in enumerate(blocks, 1):
        _parse(block, f"{name}: block {number} ({block.label})")
    return "".join(block.pem for block in blocks)


def split(text: str, name: str = "PEM") -> list[str]:
    """The blocks one by one, each canonical. Raises InvalidInputError."""
    return [block.pem for block in _blocks(text, name, None)]


def _blocks(text: str, name: str, label: str | None) -> list[_Block]:
    plain = _ESCAPES.sub("\n", text)
    if not plain.strip().strip("\ufeff"):
        raise InvalidInputError(f"{name}: is empty")
    found: list[_Block] = []
    opened: re.Match[str] | None = None
    number = 1
    for match in _BOUNDARY.finditer(plain):
        where = f"{name}: block {number} ({match.group(2)})"
        if match.group(1) == "BEGIN":
            if opened:
                raise InvalidInputError(f"{name}: block {number} ({opened.group(2)}) has no END line")
            opened = match
            continue
        if not opened:
            raise InvalidInputError(f"{where} has no BEGIN line")
        if opened.group(2) != match.group(2):
            raise InvalidInputError(f"{name}: block {number} starts as {opened.group(2)} and ends as {match.group(2)}")
        if match.group(2) != _PARAMETERS:
            found.append(_block(match.group(2), plain[opened.end() : match.start()], where, label))
            number += 1
        opened = None
    if opened:
        raise InvalidInputError(f"{name}: block {number} ({opened.group(2)}) has no END line")
    if not found:
        raise InvalidInputError(_nothing(plain, name, label))
    return found


def _nothing(plain: str, name: str, label: str | None) -> str:
    message = (
        f"{name}: contains no PEM block (-----BEGIN {label or CERTIFICATE}----- ... -----END "
        f"{label or CERTIFICATE}-----)"
    )
    if "BEGIN" in plain and re.search("[\u2010-\u2015]", plain):
        return f"{message}; its hyphens have become typographic dashes, copy it as plain text"
    if len(plain.strip()) < 256 and ("/" in plain or plain.strip().endswith((".pem", ".crt", ".key", ".csr"))):
        return f"{message}; it looks like a file name, expected the content"
    return message


def _block(written: str, content: str, where: str, wanted: str | None) -> _Block:
    label = _LABELS.get(written.replace(" ", ""))
    if label is None:
        raise InvalidInputError(f"{where} has an unsupported kind{f', expected {wanted}' if wanted else ''}")
    if wanted and label not in (_KEY_LABELS if wanted == PRIVATE_KEY else (wanted,)):
        raise InvalidInputError(f"{where} is not a {wanted}")
    headers = ""
    encrypted = _HEADERS.match(content)
    if encrypted:
        headers = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {''.join(encrypted.group(1).split())}\n"
        content = content[encrypted.end() :]
    body = "".join(content.split())
    junk = _NOT_BASE64.search(body)
    if junk:
        raise InvalidInputError(f"{where} contains a character that is not base64 (U+{ord(junk.group()):04X})")
    return _Block(label, _decoded(body, where, bool(headers)), headers)


def _decoded(body: str, where: str, encrypted: bool) -> str:
    """The base64 text with its padding, after a look at the length that DER states itself."""
    digits = body.rstrip("=")
    padded = digits + "=" * (-len(digits) % 4)
    try:
        der = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError(f"{where} is not valid base64, characters are missing") from error
    if not der:
        raise InvalidInputError(f"{where} is empty")
    if not encrypted:
        stated = _stated_length(der)
        if stated is None:
            raise InvalidInputError(f"{where} is not DER inside its base64")
        if stated != len(der):
            problem = "cut off" if stated > len(der) else "too long"
            raise InvalidInputError(f"{where} is {problem}: {len(der)} bytes instead of {stated}")
    return padded


def _stated_length(der: bytes) -> int | None:
    """Length in bytes of a DER sequence as its own header says it."""
    if len(der) < 2 or der[0] != 0x30:
        return None
    if der[1] < 0x80:
        return 2 + der[1]
    size = der[1] & 0x7F
    if not 0 < size <= 4 or len(der) < 2 + size:
        return None
    return 2 + size + int.from_bytes(der[2 : 2 + size], "big")


def _parse(block: _Block, where: str) -> None:
    if block.headers or block.label == "ENCRYPTED PRIVATE KEY":
        return  # only readable with its passphrase: keys.py
    loaders: dict[str, tuple[t.Callable[[bytes], t.Any], str]] = {
        CERTIFICATE: (lambda data: x509.load_pem_x509_certificate(data).public_key(), "certificate"),
        REQUEST: (lambda data: x509.load_pem_x509_csr(data).public_key(), "certificate request"),
    }
    load, word = loaders.get(block.label, (lambda data: serialization.load_pem_private_key(data, None), "private key"))
    try:
        load(block.pem.encode())
    except UNREADABLE:
        # not chained: the library's text could quote the content
        raise InvalidInputError(f"{where} is damaged: it is not a readable {word}") from None
