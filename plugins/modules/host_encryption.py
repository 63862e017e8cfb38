#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_encryption
short_description: Enable encryption mode on hosts
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Brings hosts into encryption mode (crypto safe), so that they can run encrypted VMs.
  - vCenter gives a host its former key, its cluster's key, or a new key from its cluster's default key provider,
    unless O(provider) is given. No key passes through this module. Locked VMs on the host are unlocked too.
  - vCenter enables the mode by itself when it encrypts a VM. Enabling it beforehand shows that keys are available, and
    restores hosts that started during a KMS outage.
  - vSphere cannot turn the mode off without a restart of the host, so this module does not do it.
  - The vSphere user needs the privileges C(Cryptographer.RegisterHost) on the hosts and
    C(Cryptographer.ManageKeyServers).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._wait
options:
  hosts:
    description:
      - Names of hosts. One that is not connected or does not support encryption is an error before any change.
      - O(hosts), O(clusters) or O(all=true) is required.
    type: list
    elements: str
  clusters:
    description:
      - Names of clusters whose hosts to select. The module warns about a host that cannot be in encryption mode.
    type: list
    elements: str
  all:
    description: Whether to select all hosts and clusters.
    type: bool
    default: false
  state:
    description: V(enabled) turns encryption mode on.
    type: str
    choices: [enabled]
    default: enabled
  provider:
    description:
      - Name of the key provider whose keys the hosts must have. A host with another provider's key gets a new one;
        hosts of one cluster get the same one. This needs no restart.
      - A host encrypts its core dumps with its key. Older ones can only be read while the former key exists.
      - If it is not given, existing keys stay, and vCenter chooses the keys of hosts that have none.
    type: str
  cluster_mode:
    description:
      - Mode of O(clusters), or of all clusters with O(all=true). With V(force_enable), vCenter keeps every host in
        encryption mode, including hosts that join later; with V(on_demand), it enables the mode when it is needed.
      - Requires O(clusters) or O(all=true). If it is not given, the mode stays unchanged.
    type: str
    choices: [on_demand, force_enable]
  wait_timeout:
    description: How long to wait until vCenter shows the hosts in encryption mode, in seconds.
    type: int
    default: 120
seealso:
  - module: ovhcloud.vmware_encryption.host_encryption_info
  - module: ovhcloud.vmware_encryption.vm_unlock
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Enable encryption mode on all hosts of a cluster, now and for hosts that join later
  ovhcloud.vmware_encryption.host_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    clusters: [cluster-1]
    cluster_mode: force_enable

- name: Give all hosts keys of another key provider
  ovhcloud.vmware_encryption.host_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    all: true
    provider: okms-prod

- name: Restore a host that started during a KMS outage
  ovhcloud.vmware_encryption.host_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    hosts: [esx1]
"""

RETURN = r"""
host_encryption:
  description: The selected hosts and clusters. In check mode, the prediction.
  returned: success, and failure once the module has tried to change hosts
  type: dict
  contains:
    hosts:
      description: The hosts, by name.
      type: list
      elements: dict
      returned: always
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
          description: Id of the host's key, null without a key, and in check mode for a key that
            vCenter will choose.
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
      description: The clusters of O(clusters), or all with O(all=true).
      type: list
      elements: dict
      returned: always
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
      returned: always
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

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    given,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.encryption import (
    HostEncryption,
    check_host_options,
)

SPEC = ArgSpec(
    connection(),
    wait_options(timeout=120),
    hosts=texts(),
    clusters=texts(),
    all=boolean(default=False),
    state=text(default="enabled", choices=("enabled",)),
    provider=text(),
    cluster_mode=text(choices=("on_demand", "force_enable")),
    trimmed=("hosts", "clusters", "provider"),
)


def build(context: Context) -> HostEncryption:
    """Log in and bind the hosts."""
    check_host_options(context.params)
    context.params["provider"] = given(context.params["provider"])
    return HostEncryption(connect(context), context.params, context.warn)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
