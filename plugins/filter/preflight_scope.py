# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter preflight_scope: what the role preflight looks at next, and what it hands on."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.scope import scope

DOCUMENTATION = r"""
name: preflight_scope
short_description: Tell what a preflight looks at next
version_added: 0.1.0
description:
  - Takes the options of the role C(preflight) and what it has read so far, and tells what matters next.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, profile, allow_order
options:
  _input:
    description: What was read. Parts that were not read are absent or empty.
    type: dict
    required: true
    suboptions:
      options:
        description: The options of the role, as its first task has checked them.
        type: dict
        required: true
      vcenter:
        description: Registered result of M(ovhcloud.vmware_encryption.vcenter_readiness_info).
        type: dict
      domains:
        description: Registered result of M(ovhcloud.vmware_encryption.okms_info) with the regions.
        type: dict
      rights:
        description: Registered result of M(ovhcloud.vmware_encryption.api_rights_info).
        type: dict
      cloud:
        description: Registered result of M(ovhcloud.vmware_encryption.private_cloud_info).
        type: dict
      servers:
        description: Results of M(ovhcloud.vmware_encryption.kmip_server_info), registered in a loop over names.
        type: list
        elements: dict
  profile:
    description: The profile of rights that the role that follows needs.
    type: str
    default: operate
  allow_order:
    description: Whether that role may order a domain. If not given, it may with the profile V(order) only.
    type: bool
"""

EXAMPLES = r"""
- name: Show what of the private cloud is read
  ansible.builtin.debug:
    msg: "{{ ({'options': options, 'rights': rights} | ovhcloud.vmware_encryption.preflight_scope).gather }}"
"""

RETURN = r"""
_value:
  description: What follows from it.
  type: dict
  contains:
    domain:
      description: The OKMS domain, empty when there is none that works.
      type: dict
    place:
      description: The region in which one would be ordered.
      type: dict
    provider:
      description: The key provider that the options name, empty when vCenter has none.
      type: dict
    profile:
      description: The profile of rights that is needed.
      type: str
    features:
      description: What else is wanted, for M(ovhcloud.vmware_encryption.api_rights_info).
      type: list
      elements: str
    allow_order:
      description: Whether the run may order a domain.
      type: bool
    orders:
      description: Whether the run is going to order one.
      type: bool
    usable:
      description: Whether OVHcloud accepts the credential.
      type: bool
    counts_keys:
      description: Whether the keys of the domain are counted for its cost.
      type: bool
    gather:
      description: What is read of the private cloud.
      type: list
      elements: str
    secured:
      description: Whether operations on the private cloud wait for a code.
      type: bool
    read:
      description: What the role that follows need not read again.
      type: dict
"""

TAKES = "the options of the role preflight and registered results of info modules"


def preflight_scope(facts: t.Any, profile: str = "operate", allow_order: bool | None = None) -> dict[str, t.Any]:
    """What follows from what was read."""
    if not isinstance(facts, t.Mapping) or "options" not in facts:
        raise AnsibleFilterError("preflight_scope: the input is a dictionary with the key 'options'")
    return scope(facts, profile, allow_order)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"preflight_scope": shaped(preflight_scope, AnsibleFilterError, TAKES)}
