# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter certificate_renewal_proof: whether vCenter gets keys with its certificate, and which older ones can go."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.proof import proof

DOCUMENTATION = r"""
name: certificate_renewal_proof
short_description: Tell whether vCenter gets keys with its certificate, and which older access certificates can go
version_added: 0.1.0
description:
  - A certificate works if a server and vCenter trust each other, no server refuses it, and vCenter gets a key that is
    in use, if there is one.
  - An older access certificate can be revoked if the one in use works and was issued at least O(revoke_after) days ago,
    no key provider of this vCenter presents the older one, and the role okms issued the older one. It must also be for
    the same key provider, or the role must have noted that the one in use replaces it. The role lets OKMS sign a
    request of vCenter, so the private key is nowhere else.
  - OKMS signs anybody's requests. What somebody else issued may be in use elsewhere, so it stays.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, provider, credentials
options:
  _input:
    description:
      - Result of M(ovhcloud.vmware_encryption.key_provider_info) for all key providers, with C(check_keys=true).
    type: dict
    required: true
  provider:
    description: Name of the key provider.
    type: str
    required: true
  credentials:
    description:
      - The access certificates of its OKMS domain, as M(ovhcloud.vmware_encryption.okms_credential_info) returns them.
    type: list
    elements: dict
    default: []
  revoke_after:
    description: Days since the issue of the certificate in use before an older one can be revoked.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Stop unless vCenter gets keys
  ansible.builtin.assert:
    that: (found | ovhcloud.vmware_encryption.certificate_renewal_proof('okms')).problem | length == 0
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    problem:
      description: Why the certificate does not work, empty if it does.
      type: str
    lost:
      description: Keys in use that vCenter did not get, with the reason and the next step.
      type: list
      elements: str
    in_use:
      description: The access certificate that vCenter presents, empty if it does not belong to the domain.
      type: dict
    older:
      description: Older access certificates of this key provider that still work and are not needed.
      type: list
      elements: dict
    revoke:
      description: Those of them that can be revoked now.
      type: list
      elements: dict
    days_to_wait:
      description: Days until they can be revoked, 0 if they can, or if there are none.
      type: int
"""

TAKES = "a result of key_provider_info, and access certificates of okms_credential_info"
Facts = t.Mapping[str, t.Any]
Rows = t.Sequence[Facts]


def certificate_renewal_proof(
    read: Facts, provider: str, credentials: Rows | None = None, revoke_after: t.Any = 0
) -> dict[str, t.Any]:
    """What vCenter's certificate can do, and what it makes superfluous."""
    return proof(read, provider, credentials, int(revoke_after))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"certificate_renewal_proof": shaped(certificate_renewal_proof, AnsibleFilterError, TAKES)}
