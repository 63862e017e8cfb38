#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vsan_encryption_info
short_description: Read vSAN data-at-rest encryption of clusters
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Reads for each vSAN cluster whether its data is encrypted, with which key of which key provider, and on request
    health and free space.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
options:
  clusters:
    description: Names of clusters. If not given, the module reads all clusters. It ignores those without vSAN.
    type: list
    elements: str
  check_health:
    description: Whether to let vSAN run its health tests and report its space. It takes some seconds for each cluster.
    type: bool
    default: false
seealso:
  - module: ovhcloud.vmware_encryption.vsan_encryption
"""

EXAMPLES = r"""
- name: Read whether the data on vSAN is encrypted
  ovhcloud.vmware_encryption.vsan_encryption_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: found

- name: Show clusters without encryption
  ansible.builtin.debug:
    msg: "{{ found.vsan_clusters | rejectattr('enabled') | map(attribute='cluster') | list }}"
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
vsan_clusters:
  description: The clusters with vSAN, by name.
  returned: success
  type: list
  elements: dict
  contains:
    cluster:
      description: Name of the cluster.
      type: str
      returned: always
      sample: cluster-1
    moid:
      description: Its id.
      type: str
      returned: always
      sample: domain-c8
    esa:
      description: Whether its vSAN uses the Express Storage Architecture.
      type: bool
      returned: always
      sample: false
    enabled:
      description: Whether data-at-rest encryption is on.
      type: bool
      returned: always
      sample: true
    provider:
      description: Its key provider, null if encryption is off.
      type: str
      returned: always
      sample: okms-eu-west-rbx
    key_id:
      description: Id of the key (KEK) that protects the disks' keys, null if encryption is off.
      type: str
      returned: always
      sample: 6c1d3b1f-8a53-4f0e-9f8d-0f6a0d6a7c11
    host_key_id:
      description: Id of the hosts' key, for their core dumps, null if encryption is off.
      type: str
      returned: always
      sample: 11d3b1f6-4f0e-8a53-9f8d-7c110f6a0d6a
    erase_disks:
      description: Whether vSAN erases disks before it uses them, null if encryption is off.
      type: bool
      returned: always
      sample: false
    changing:
      description: Whether vSAN is still working on a change.
      type: bool
      returned: always
      sample: false
    checks:
      description: Health and space; null without O(check_health=true).
      type: dict
      returned: always
      contains:
        health:
          description: Health of vSAN, V(green), V(yellow), V(red) or V(unknown).
          type: str
          returned: always
          sample: green
        problems:
          description: Tests of vSAN's health that are not green.
          type: list
          elements: str
          returned: always
          sample: []
        capacity_bytes:
          description: Size of the vSAN datastore.
          type: int
          returned: always
          sample: 43980465111040
        free_bytes:
          description: Its free space, null if vSAN does not report it.
          type: int
          returned: always
          sample: 27487790694400
        free_percent:
          description: The same in percent.
          type: float
          returned: always
          sample: 62.5
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, boolean, texts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.vsan.encryption import read_report

SPEC = ArgSpec(connection(), clusters=texts(), check_health=boolean(default=False), trimmed=("clusters",))


class VsanEncryptionInfo:
    """Reader of the clusters."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        params, session = self._context.params, connect(self._context)
        found = read_report(session, params["clusters"], params["check_health"])
        return {"vcenter": session.hostname, "vsan_clusters": found}


def main() -> None:
    """Entry point."""
    run_info(SPEC, VsanEncryptionInfo)


if __name__ == "__main__":
    main()
