# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM in every well-meant form, and one clear line for the others."""

from __future__ import annotations

import base64
import re

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import normalise, split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

FORMS = {
    "as it is": lambda pem: pem,
    "CRLF": lambda pem: pem.replace("\n", "\r\n"),
    "CR": lambda pem: pem.replace("\n", "\r"),
    "literal LF": lambda pem: pem.replace("\n", "\\n"),
    "literal CRLF": lambda pem: pem.replace("\n", "\\r\\n"),
    "literal LF, escaped twice": lambda pem: pem.replace("\n", "\\\\n"),
    "blanks instead of breaks": lambda pem: pem.replace("\n", " "),
    "nothing instead of breaks": lambda pem: pem.replace("\n", ""),
    "no blanks at all": lambda pem: re.sub(r"\s", "", pem),
    "quotes": lambda pem: f'"{pem}"',
    "single quotes and literal": lambda pem: "'" + pem.replace("\n", "\\n") + "'",
    "indentation": lambda pem: "".join(f"    {line}\n" for line in pem.splitlines()),
    "tabs and blanks at the ends": lambda pem: "".join(f"\t{line}  \n" for line in pem.splitlines()),
    "empty lines": lambda pem: pem.replace("\n", "\n\n"),
    "byte order mark": lambda pem: "\ufeff" + pem,
    "text around": lambda pem: f"Certificate:\n    Data: Version: 3 (0x2)\n{pem}subject=CN = leaf\n",
    "JSON": lambda pem: '{"pem": "' + pem.replace("\n", "\\n") + '"}',
    "no last line break": lambda pem: pem.rstrip("\n"),
    "other line length": lambda pem: re.sub(r"(?m)^([A-Za-z0-9+/=]{40})([A-Za-z0-9+/=]+)$", r"\1\n\2", pem),
    "padding lost": lambda pem: pem.replace("=", ""),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_every_kind_becomes_the_same_text(form, leaf, authority):
    kinds = {
        "CERTIFICATE": leaf.certificate,
        "CERTIFICATE REQUEST": leaf.request,
        "PRIVATE KEY": leaf.private_key,
    }
    for label, pem in kinds.items():
        assert normalise(form(pem), label, "option") == pem
    both = leaf.certificate + authority.certificate
    assert normalise(form(both), "CERTIFICATE") == both
    assert split(form(both)) == [leaf.certificate, authority.certificate]


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("passphrase", [None, "correct horse"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_private_keys_keep_their_kind(maker, kind, passphrase, form):
    pem = maker.make("key", kind=kind).private_key_in(form, passphrase)
    for write in FORMS.values():
        assert normalise(write(pem), "PRIVATE KEY") == pem


def test_parameters_of_a_curve_before_its_key_are_dropped(leaf):
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    key = leaf.private_key_in(PrivateFormat.TraditionalOpenSSL)
    assert normalise(parameters + key, "PRIVATE KEY") == key


def test_old_names_of_kinds(leaf):
    request = leaf.request.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
    assert normalise(request, "CERTIFICATE REQUEST") == leaf.request
    assert normalise(leaf.certificate.replace("CERTIFICATE", "X509 CERTIFICATE")) == leaf.certificate


def _cut(pem: str, lines: int) -> str:
    rows = pem.splitlines()
    return "\n".join(rows[: 1 + lines] + rows[-1:])


def _damaged(pem: str) -> str:
    """A whole DER sequence that is no certificate."""
    body = base64.b64encode(b"\x30\x06\x02\x01\x01\x02\x01\x02").decode()
    return "\n".join([pem.splitlines()[0], body, pem.splitlines()[-1]])


WRONG = {
    "empty": (lambda pem: " \n", "server_ca: is empty"),
    "no block": (lambda pem: "hello", "server_ca: contains no PEM block (-----BEGIN CERTIFICATE-----"),
    "file name": (lambda pem: "/etc/pki/ca.pem", "it looks like a file name, expected the content"),
    "dashes of a word processor": (
        lambda pem: pem.replace("-----", "\u2014\u2014-"),
        "its hyphens have become typographic dashes",
    ),
    "no end": (lambda pem: pem.rsplit("-----END", 1)[0], "server_ca: block 2 (CERTIFICATE) has no END line"),
    "no end of the first": (
        lambda pem: pem.replace("-----END CERTIFICATE-----\n", "", 1),
        "server_ca: block 1 (CERTIFICATE) has no END line",
    ),
    "no begin": (
        lambda pem: pem.replace("-----BEGIN CERTIFICATE-----\n", "", 1),
        "server_ca: block 1 (CERTIFICATE) has no BEGIN line",
    ),
    "two kinds in one": (
        lambda pem: pem.replace("END CERTIFICATE", "END PRIVATE KEY", 1),
        "server_ca: block 1 starts as CERTIFICATE and ends as PRIVATE KEY",
    ),
    "other kind": (
        lambda pem: pem.replace("CERTIFICATE", "CERTIFICATE REQUEST"),
        "server_ca: block 1 (CERTIFICATE REQUEST) is not a CERTIFICATE",
    ),
    "unknown kind": (
        lambda pem: pem.replace("CERTIFICATE", "PKCS7"),
        "server_ca: block 1 (PKCS7) has an unsupported kind, expected CERTIFICATE",
    ),
    "junk of Windows-1252": (
        lambda pem: pem.replace("\nMII", "\n\u201cMII", 1),
        "server_ca: block 1 (CERTIFICATE) contains a character that is not base64 (U+201C)",
    ),
    "ellipsis": (
        lambda pem: re.sub("\n(.{20}).*\n", "\n\\1...\n", pem, count=1),
        "server_ca: block 1 (CERTIFICATE) contains a character that is not base64 (U+002E)",
    ),
    "lines lost": (
        lambda pem: pem + _cut(pem.split("-----END")[0] + "-----END CERTIFICATE-----", 2),
        "block 3 (CERTIFICATE) is cut off",
    ),
    "character lost": (lambda pem: pem.replace("\nMII", "\nII", 1), "server_ca: block 1 (CERTIFICATE) is"),
    "no content": (
        lambda pem: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "server_ca: block 1 (CERTIFICATE) is empty",
    ),
    "not DER": (
        lambda pem: "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----",
        "server_ca: block 1 (CERTIFICATE) is not DER inside its base64",
    ),
    "no certificate": (_damaged, "server_ca: block 1 (CERTIFICATE) is damaged: it is not a readable certificate"),
}


@pytest.mark.parametrize(("break_it", "message"), WRONG.values(), ids=WRONG.keys())
def test_broken_texts_are_told_by_option_and_block(break_it, message, leaf, authority):
    with pytest.raises(InvalidInputError) as caught:
        normalise(break_it(leaf.certificate + authority.certificate), "CERTIFICATE", "server_ca")
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_a_private_key_is_never_quoted(leaf):
    lines = leaf.private_key.splitlines()
    broken = [
        _cut(leaf.private_key, 1),
        "\n".join([lines[0], lines[1][:-1] + "\u201d", *lines[2:]]),
        leaf.private_key.replace("-----END PRIVATE KEY-----", ""),
        leaf.private_key.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY"),
        _damaged(leaf.private_key),
    ]
    for text in broken:
        with pytest.raises(InvalidInputError) as caught:
            normalise(text, "PRIVATE KEY", "client_private_key")
        assert caught.value.message.startswith("client_private_key: block 1 (")
        assert not any(line[:16] in caught.value.message for line in lines[1:-1])
        assert caught.value.__cause__ is None or not any(
            line[:16] in str(caught.value.__cause__) for line in lines[1:-1]
        )
    with pytest.raises(InvalidInputError, match=r"^ca: block 2 \(PRIVATE KEY\) is not a CERTIFICATE$"):
        normalise(leaf.certificate + leaf.private_key, "CERTIFICATE", "ca")


def test_single_refuses_more_blocks(leaf, authority):
    with pytest.raises(InvalidInputError, match=r"^certificate: contains 2 PEM blocks, expected exactly one$"):
        normalise(leaf.certificate + authority.certificate, "CERTIFICATE", "certificate", single=True)
