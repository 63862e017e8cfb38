#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_encryption_info
short_description: Read whether hosts are ready for encryption
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Reads encryption mode, key and key provider of hosts and the mode of clusters, and reports what prevents a host
    from being in encryption mode.
  - The vSphere user needs C(Cryptographer.ManageKeyServers) to know whether hosts have a default key provider. Without
    that privilege, a warning is issued, and this reason is missing.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
options:
  hosts:
    description: Names of hosts. Without this and O(clusters), the module reads all hosts.
    type: list
    elements: str
  clusters:
    description: Names of clusters whose hosts to read.
    type: list
    elements: str
seealso:
  - module: ovhcloud.vmware_encryption.host_encryption
"""

EXAMPLES = r"""
- name: Find hosts that are not in encryption mode
  ovhcloud.vmware_encryption.host_encryption_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: found

- name: Show them, and why
  ansible.builtin.debug:
    msg: "{{ item.name }} is {{ item.state }}: {{ item.reason or 'ready, not enabled' }}"
  loop: "{{ found.hosts | rejectattr('state', 'equalto', 'safe') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
hosts:
  description: The hosts, by name.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the host.
      type: str
      returned: always
      sample: esx1
    moid:
      description: Its id.
      type: str
      returned: always
      sample: host-12
    cluster:
      description: Name of its cluster; null for a standalone host.
      type: str
      returned: always
      sample: cluster-1
    state:
      description:
        - Encryption mode. V(safe) is on, V(incapable) and V(prepared) are off, V(pending_incapable) ends at the
          next restart.
      type: str
      returned: always
      sample: safe
    provider:
      description: Key provider of the host's key; null without a key.
      type: str
      returned: always
      sample: okms-eu-west-rbx
    key_id:
      description: Id of the host's key; null without a key.
      type: str
      returned: always
      sample: 6c1d3b1f-8a53-4f0e-9f8d-0f6a0d6a7c11
    supported:
      description: Whether the host supports encryption.
      type: bool
      returned: always
      sample: true
    reason:
      description:
        - Why encryption mode is not on, and what to do about it.
        - Null if it is on, and if it is ready but not enabled.
      type: str
      returned: always
      sample: the host is not connected (notResponding); connect it again
clusters:
  description: The clusters of O(clusters); all if neither it nor O(hosts) is given.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the cluster.
      type: str
      returned: always
      sample: cluster-1
    mode:
      description: V(on_demand) or V(force_enable).
      type: str
      returned: always
      sample: on_demand
summary:
  description: Number of hosts in each state.
  type: dict
  returned: success
  contains:
    hosts:
      description: All of them.
      type: int
      returned: always
      sample: 4
    incapable:
      description: Those that were never prepared.
      type: int
      returned: always
      sample: 0
    prepared:
      description: Those without a key.
      type: int
      returned: always
      sample: 0
    safe:
      description: Those in encryption mode.
      type: int
      returned: always
      sample: 4
    pending_incapable:
      description: Those whose mode ends with their next restart.
      type: int
      returned: always
      sample: 0
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, texts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.report import HostReport

SPEC = ArgSpec(connection(), hosts=texts(), clusters=texts(), trimmed=("hosts", "clusters"))


def build(context: Context) -> HostReport:
    """Log in and bind the hosts."""
    return HostReport(connect(context), context.params, context.warn)


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
