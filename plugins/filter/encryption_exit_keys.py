# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_exit_keys: the keys of VMs that move to another vCenter."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.arrival import arrived_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.move import wanted_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.record import (
    NotARecordError,
    loaded_record,
)

DOCUMENTATION = r"""
name: encryption_exit_keys
short_description: List the keys of VMs that move to another vCenter
version_added: 0.1.0
description:
  - Takes VMs as M(ovhcloud.vmware_encryption.vm_encryption_info) returns them, and returns all keys of those that a key
    provider encrypts, each once, in the form that M(ovhcloud.vmware_encryption.encryption_key_info) takes.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The VMs.
    type: list
    elements: dict
    required: true
  provider:
    description: Name of the key provider whose VMs move, needed without O(record). All keys of these VMs are returned,
      those of other providers too.
    type: str
    default: ""
  record:
    description: Text of the record of the move. With it, the filter returns the keys of the VMs that have arrived.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Read the VMs of the old vCenter
  ovhcloud.vmware_encryption.vm_encryption_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: old

- name: Check whether the new vCenter can get their keys
  ovhcloud.vmware_encryption.encryption_key_info:
    hostname: pcc-198-51-100-20.ovh.com
    username: admin@pcc-198-51-100-20.ovh.com
    password: "{{ new_vsphere_password }}"
    keys: "{{ old.virtual_machines | ovhcloud.vmware_encryption.encryption_exit_keys('okms-prod') }}"
"""

RETURN = r"""
_value:
  description: The keys, with C(provider) and C(key_id).
  type: list
  elements: dict
  sample: [{provider: okms-prod, key_id: 9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10}]
"""

TAKES = "VMs of vm_encryption_info"


def encryption_exit_keys(machines: t.Sequence[t.Any], provider: str = "", record: str = "") -> list[dict[str, str]]:
    """The keys. Raises AnsibleFilterError when the record is none."""
    try:
        return arrived_keys(loaded_record(record), machines) if record.strip() else wanted_keys(machines, provider)
    except NotARecordError as error:
        raise AnsibleFilterError(f"encryption_exit_keys: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_exit_keys": shaped(encryption_exit_keys, AnsibleFilterError, TAKES)}
