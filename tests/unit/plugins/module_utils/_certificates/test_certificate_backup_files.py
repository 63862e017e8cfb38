# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which password opens a PKCS#12 file."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.backup_files import (
    is_encrypted,
    opens,
)


def file(password):
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"vnkp", key, None, None, encryption)


def test_file_with_a_password():
    content = file("pässword")
    assert opens(content, "pässword")
    assert not opens(content, "other")
    assert not opens(content, "")
    assert is_encrypted(content)


def test_file_without_a_password():
    content = file("")
    assert opens(content, "")
    assert not is_encrypted(content)


@pytest.mark.parametrize("content", [b"", b"text", b"\x30\x03\x02\x01\x03", b"\x30" * 64])
def test_other_files(content):
    assert not opens(content, "")
    assert not opens(content, "password")
