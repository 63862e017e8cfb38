# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbprint of a certificate in PEM form, and one that somebody wrote, without a library: pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

_BLOCK = re.compile(r"-----\s*BEGIN CERTIFICATE\s*-----(.*?)-----\s*END CERTIFICATE\s*-----", re.DOTALL)
_PREFIX = re.compile(r"sha-?(?:1|256)[^:=]*[:=]", re.IGNORECASE)
_BREAK = re.compile(r"(?:\\+[rn]|\s)+")


def thumbprint_of(text: str, algorithm: str = "sha256") -> str:
    """The thumbprint of the first block; empty for an empty text. Raises ValueError, which does not quote the text."""
    if not text.strip():
        return ""
    block = _BLOCK.search(text)
    if block is None:
        raise ValueError("the text contains no certificate in PEM form")
    try:
        der = base64.b64decode(_BREAK.sub("", block.group(1)), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the certificate is not valid base64") from error
    digits = hashlib.new(algorithm, der, usedforsecurity=False).hexdigest().upper()
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def digits_of(text: str) -> str:
    """A thumbprint as people write it, maybe with colons, blanks, quotes and a prefix, as its digits in capitals."""
    plain = text.strip().strip("\"'")
    prefix = _PREFIX.match(plain)
    return re.sub(r"[\s:-]", "", plain[prefix.end() :] if prefix else plain).upper()
