# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_keys: which keys virtual machines and vSAN clusters use."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: encryption_keys
short_description: Collect the ids of the keys in use
version_added: 0.1.0
description:
  - Takes the VMs that M(ovhcloud.vmware_encryption.vm_encryption_info) returns, and collects the key ids
    of their homes and disks.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: Virtual machines as the module returns them.
    type: list
    elements: dict
    required: true
  provider:
    description: Name of a key provider, to collect only its keys. Empty for all.
    type: str
    default: ""
  vsan_clusters:
    description: Clusters as M(ovhcloud.vmware_encryption.vsan_encryption_info) returns them, whose keys to include.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Read all VMs
  ovhcloud.vmware_encryption.vm_encryption_info:
  register: fleet

- name: Collect the keys in use now
  ansible.builtin.set_fact:
    key_ids: "{{ fleet.virtual_machines | ovhcloud.vmware_encryption.encryption_keys(provider='okms-prod') }}"
"""

RETURN = r"""
_value:
  description: Ids of keys, sorted.
  type: list
  elements: str
"""

TAKES = "virtual machines as vm_encryption_info returns them"
Rows = t.Sequence[t.Mapping[str, t.Any]]


def encryption_keys(machines: Rows, provider: str = "", vsan_clusters: Rows = ()) -> list[str]:
    """Ids of the keys in use."""
    try:
        parts = [part for one in machines for part in (one["home"] or {}, *one["disks"])]
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError("encryption_keys: these are no virtual machines of vm_encryption_info") from error
    users = [*parts, *vsan_clusters]
    return sorted(
        {str(one["key_id"]) for one in users if one.get("key_id") and provider in ("", str(one.get("provider")))}
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_keys": shaped(encryption_keys, AnsibleFilterError, TAKES)}
