# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of keys, and who signed what."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import certificate_facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    check_signed_by,
    matches,
    public_key_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_certificate_request_and_key_of_one_pair_match(maker, kind, leaf):
    made = maker.make("x", kind=kind)
    texts = [made.certificate, made.request, made.private_key, made.private_key_in(PrivateFormat.PKCS8, "secret")]
    assert {public_key_of(text, "secret") for text in texts} == {
        certificate_facts(made.certificate)["public_key_sha256"]
    }
    assert matches(made.certificate, texts[3], "secret")
    assert not matches(made.request, leaf.certificate)


def test_traditional_encrypted_key(maker):
    made = maker.make("x", kind="rsa")
    pem = made.private_key_in(PrivateFormat.TraditionalOpenSSL, "secret").replace("\n", " ")
    assert matches(made.certificate, pem, "secret")


@pytest.mark.parametrize(
    ("passphrase", "message"),
    [
        (None, "key: the private key is encrypted and no passphrase was given"),
        ("", "key: the private key is encrypted and no passphrase was given"),
        ("wrong", "key: the private key cannot be opened with the given passphrase"),
    ],
)
def test_passphrases(leaf, passphrase, message):
    with pytest.raises(InvalidInputError) as caught:
        public_key_of(leaf.private_key_in(PrivateFormat.PKCS8, "right"), passphrase, "key")
    assert caught.value.message == message


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_signatures_up_a_chain(maker, kind):
    root = maker.make("Root", ca=True, kind=kind)
    middle = maker.make("Middle", root, ca=True, kind=kind)
    leaf = maker.make("leaf", middle)
    assert check_signed_by(leaf.certificate + middle.certificate, root.certificate)
    assert check_signed_by(leaf.certificate + root.certificate + middle.certificate, root.certificate)
    assert check_signed_by(leaf.certificate, middle.certificate)
    assert check_signed_by(leaf.certificate, root.certificate + middle.certificate)
    assert not check_signed_by(leaf.certificate, root.certificate)


def test_a_name_is_no_signature(maker, authority, leaf):
    impostor = maker.make("Authority", ca=True)
    assert check_signed_by(leaf.certificate, authority.certificate)
    assert not check_signed_by(leaf.certificate, impostor.certificate)
    assert not check_signed_by(leaf.certificate, maker.make("Authority", ca=True, kind="rsa").certificate)


def test_only_an_authority_signs(maker, leaf):
    forged = maker.make("forged", leaf)
    assert not check_signed_by(forged.certificate, leaf.certificate)
    assert not check_signed_by(forged.certificate + leaf.certificate, maker.make("x", ca=True).certificate)


def test_a_certificate_among_the_trusted_ones_needs_no_signature(maker):
    alone = maker.make("alone")
    assert check_signed_by(alone.certificate, alone.certificate)
    assert not check_signed_by(alone.certificate, maker.make("alone").certificate)


def test_a_circle_of_intermediates_ends(maker):
    one = maker.make("One", ca=True)
    assert not check_signed_by(
        maker.make("leaf", one).certificate + one.certificate, maker.make("x", ca=True).certificate
    )
