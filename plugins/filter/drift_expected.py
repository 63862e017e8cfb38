# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter drift_expected: what should be there, by the dossier and by the variables of the roles."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.expected import expected

DOCUMENTATION = r"""
name: drift_expected
short_description: Tell which key providers, servers, rights and backups should be there
version_added: 0.1.0
description:
  - Joins what the recovery dossier says about a vCenter with the variables of the roles C(okms), C(external_kms) and
    C(native_key_provider). If both say something, the variables count.
  - A role's variables are used if they name what it sets up, which is C(okms_id) or C(okms_region),
    C(external_kms_servers), or C(native_key_provider_backup_path).
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: What is known.
    type: dict
    required: true
    suboptions:
      dossier:
        description: The providers of M(ovhcloud.vmware_encryption.recovery_dossier_info).
        type: dict
      retired:
        description: Its retired providers.
        type: dict
      variables:
        description: The options of each role by its name, as the role has checked them.
        type: dict
      domains:
        description: The OKMS domains that were read, as M(ovhcloud.vmware_encryption.okms_info) returns them.
        type: list
        elements: dict
      private_cloud:
        description: The private cloud that the user named.
        type: str
"""

EXAMPLES = r"""
- name: Show the KMIP servers that should be there
  ansible.builtin.debug:
    msg: "{{ ({'dossier': known.providers} | ovhcloud.vmware_encryption.drift_expected).servers }}"
"""

RETURN = r"""
_value:
  description: What should be there, and what is read for the comparison.
  type: dict
  contains:
    providers:
      description: The key providers.
      type: list
      elements: dict
    retired:
      description: Names of providers that the dossier lists as removed.
      type: list
      elements: str
    servers:
      description: Their KMIP servers, with the CA or the thumbprints that vouch for each.
      type: list
      elements: dict
    domains:
      description: How to find each OKMS domain, as options of M(ovhcloud.vmware_encryption.okms_info).
      type: list
      elements: dict
    policies:
      description: Names of the IAM policies.
      type: list
      elements: str
    native:
      description: Names of the native providers with a backup.
      type: list
      elements: str
    private_cloud:
      description: Service name of the private cloud, empty if nothing names one.
      type: str
    known:
      description: Whether a dossier says anything about this vCenter.
      type: bool
"""

TAKES = "entries of a recovery dossier and options of roles"


def drift_expected(facts: t.Any) -> dict[str, t.Any]:
    """What should be there."""
    if not isinstance(facts, t.Mapping):
        raise AnsibleFilterError("drift_expected: the input is not a dictionary")
    return expected(facts)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"drift_expected": shaped(drift_expected, AnsibleFilterError, TAKES)}
