# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PKCS#12 files: whether a password opens one. What is inside is nobody's business here."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import (
    CRYPTOGRAPHY,
    UnsupportedAlgorithm,
    pkcs12,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require


def opens(content: bytes, password: str) -> bool:
    """Whether the content is a PKCS#12 file and this password (empty: none) opens it."""
    require(CRYPTOGRAPHY)
    if "\0" in password:
        return False  # no such password can be asked for, and the library would end the process
    try:
        pkcs12.load_pkcs12(content, password.encode("utf-8") or None)
    except ValueError:
        return False
    except UnsupportedAlgorithm:
        return True  # the password was right, only the kind of key inside is unknown to the library
    return True


def is_encrypted(content: bytes) -> bool:
    """Whether a password is needed to open it."""
    return not opens(content, "")
