# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one guarded import of cryptography."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import Library

__all__ = [
    "CRYPTOGRAPHY",
    "UNREADABLE",
    "InvalidSignature",
    "UnsupportedAlgorithm",
    "ec",
    "hashes",
    "padding",
    "pkcs12",
    "rsa",
    "serialization",
    "x509",
]

_MINIMUM = "38.0"  # Debian 12; the oldest that PyKMIP 0.11 was tried with

x509: t.Any = None
serialization: t.Any = None
ec: t.Any = None
hashes: t.Any = None
padding: t.Any = None
pkcs12: t.Any = None
rsa: t.Any = None
InvalidSignature: t.Any = Exception
UnsupportedAlgorithm: t.Any = Exception
UNREADABLE: tuple[t.Any, ...] = (ValueError, TypeError)

try:
    import cryptography
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import pkcs12
except ImportError as import_error:
    CRYPTOGRAPHY = Library("cryptography", _MINIMUM, error=str(import_error))
else:
    CRYPTOGRAPHY = Library("cryptography", _MINIMUM, version=cryptography.__version__)
    # what it raises for a certificate that it cannot read, or only in part; three of them are no ValueError
    UNREADABLE = (
        *UNREADABLE,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    )
