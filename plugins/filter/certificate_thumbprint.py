# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter certificate_thumbprint: the thumbprint of a certificate in PEM form."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.thumbprints import thumbprint_of

DOCUMENTATION = r"""
name: certificate_thumbprint
short_description: Compute a certificate's thumbprint
version_added: 0.1.0
description:
  - Returns the SHA-256 (or SHA-1) thumbprint of the first certificate in a PEM text, in the form that the modules of
    this collection accept and return, to compare certificates or to pin a server.
  - Real or literal line breaks, one long line, and text around the blocks are accepted.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, algorithm, otherwise
options:
  _input:
    description: The certificate in PEM form; the text, not a path.
    type: str
    required: true
  algorithm:
    description: Kind of the thumbprint.
    type: str
    choices: [sha256, sha1]
    default: sha256
  otherwise:
    description: What to return for a text that holds no certificate, instead of failing.
    type: str
"""

EXAMPLES = r"""
- name: Pin a KMIP server by a certificate from its operator
  ovhcloud.vmware_encryption.kmip_server_info:
    host: kms.example.com
    thumbprints:
      - "{{ lookup('ansible.builtin.file', 'kms.pem') | ovhcloud.vmware_encryption.certificate_thumbprint }}"
    on_untrusted: fail
"""

RETURN = r"""
_value:
  description: The thumbprint in upper case with colons. Empty for an empty text.
  type: str
"""

TAKES = "the text of a certificate in PEM form"


def certificate_thumbprint(text: str, algorithm: str = "sha256", otherwise: str | None = None) -> str:
    """The thumbprint of the first block. Raises AnsibleFilterError, which does not quote the text."""
    if algorithm not in ("sha256", "sha1"):
        raise AnsibleFilterError(f"certificate_thumbprint: {algorithm} is neither sha256 nor sha1")
    if not isinstance(text, str):
        raise AnsibleFilterError("certificate_thumbprint: expected a text")
    try:
        return thumbprint_of(text, algorithm)
    except ValueError as error:
        if otherwise is not None:
            return otherwise
        raise AnsibleFilterError(f"certificate_thumbprint: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"certificate_thumbprint": shaped(certificate_thumbprint, AnsibleFilterError, TAKES)}
