# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter okms_cost: what an OKMS domain costs a month, and how much of it this vCenter uses."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import costs
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: okms_cost
short_description: Compute an OKMS domain's monthly costs, and how much of the domain this vCenter uses
version_added: 0.1.0
description:
  - Takes a domain as M(ovhcloud.vmware_encryption.okms_info) returns it with
    O(ovhcloud.vmware_encryption.okms_info#module:costs=true).
  - OVHcloud bills KMIP objects by their number until they are destroyed. Each new key of a VM leaves its old one
    behind.
  - The API returns the number of KMIP objects in a domain, and vCenter returns which keys it uses. This vCenter does
    not use the rest, but another vCenter, backup, replica or KMIP client may need these objects.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The domain. An empty one gives an empty result.
    type: dict
    required: true
  key_providers:
    description:
      - As M(ovhcloud.vmware_encryption.key_provider_info) returns them with
        O(ovhcloud.vmware_encryption.key_provider_info#module:users=true). The filter counts those whose servers have an
        address of the domain, and whose client certificate names no other domain.
      - Without them, the result says nothing about use.
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: Read the domain and its costs
  ovhcloud.vmware_encryption.okms_info:
    display_name: kms-prod-rbx
    costs: true
  register: okms

- name: Read which keys this vCenter uses
  ovhcloud.vmware_encryption.key_provider_info:
    users: true
  register: providers

- name: Show the domain's monthly costs
  ansible.builtin.debug:
    msg: "{{ (okms.okms_domains | first | ovhcloud.vmware_encryption.okms_cost(providers.key_providers)).text }}"
"""

RETURN = r"""
_value:
  description:
    - The result, with okms_id, display_name, region, kmip_objects, service_keys, secrets, currency, monthly_cost,
      in_use (KMIP objects that this vCenter uses), in_use_is_complete (false if it may use more), unused,
      unused_monthly_cost, and text. Unknown values are null.
  type: dict
  sample:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    display_name: kms-prod-rbx
    region: eu-west-rbx
    kmip_objects: 12
    service_keys: 0
    secrets: 0
    currency: EUR
    monthly_cost: 0.72
    in_use: 9
    in_use_is_complete: true
    unused: 3
    unused_monthly_cost: 0.18
"""

TAKES = "a domain of okms_info and key providers of key_provider_info"


def okms_cost(
    domain: t.Mapping[str, t.Any], key_providers: t.Optional[t.Sequence[t.Mapping[str, t.Any]]] = None
) -> dict[str, t.Any]:
    """The result. Raises AnsibleFilterError when the input is no domain."""
    if not domain:
        return {}
    if not isinstance(domain, t.Mapping) or domain.get("id") is None:
        raise AnsibleFilterError("okms_cost: the input is not a domain of okms_info")
    return costs.okms_cost(domain, key_providers)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"okms_cost": shaped(okms_cost, AnsibleFilterError, TAKES)}
