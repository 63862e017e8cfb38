# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter certificate_thumbprint."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.certificate_thumbprint import FilterModule

certificate_thumbprint = FilterModule().filters()["certificate_thumbprint"]
DER = bytes(range(200))
BODY = base64.encodebytes(DER).decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{BODY}-----END CERTIFICATE-----\n"
OTHER = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", " "),
        f"subject: kms\n  {PEM}{OTHER}",
    ],
    ids=["plain", "crlf", "literal", "one line", "with text and chain"],
)
def test_every_form_has_the_same_thumbprint(text: str) -> None:
    plain = certificate_thumbprint(text).replace(":", "").lower()
    assert plain == hashlib.sha256(DER).hexdigest()


def test_sha1_and_empty_text() -> None:
    assert certificate_thumbprint(PEM, "sha1").replace(":", "").lower() == hashlib.sha1(DER).hexdigest()
    assert certificate_thumbprint(PEM).count(":") == 31
    assert certificate_thumbprint(" \n") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" ", ""), ("no certificate", "unreadable"), (PEM.replace("AAEC", "A*EC"), "unreadable")],
)
def test_what_cannot_be_read_can_have_another_answer(text: str, expected: str) -> None:
    assert certificate_thumbprint(text, otherwise="unreadable") == expected
    assert certificate_thumbprint(PEM, otherwise="unreadable") == certificate_thumbprint(PEM)


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [("no certificate", "sha256"), (PEM, "md5"), (PEM.replace("AAEC", "A*EC"), "sha256"), (None, "sha256")],
)
def test_what_it_refuses(text: str, algorithm: str) -> None:
    with pytest.raises(AnsibleFilterError, match="certificate_thumbprint"):
        certificate_thumbprint(text, algorithm)
