#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vsan_encryption
short_description: Manage vSAN data-at-rest encryption of a cluster
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Turns vSAN's data-at-rest encryption on and off, changes its key provider, and gives it new keys.
  - Turning it on or off and a deep rekey rewrite all disks, one disk group after the other. This takes hours.
  - Before the first change, the module checks the key provider, vSAN's health, and, if disks will be
    rewritten, its free space, in check mode too.
  - vSAN with the Express Storage Architecture (ESA) can only be encrypted when the cluster is created; the module
    warns, tries, and reports vSAN's refusal.
  - The vSphere user needs the privileges C(Host.Inventory.EditCluster), C(Cryptographer.ManageKeyServers),
    C(Cryptographer.ManageKeys) and C(Cryptographer.ManageEncryptionPolicy), for a shallow rekey also
    C(Vsan.Cluster.ShallowRekey).
  - On OVHcloud's own vSAN clusters, encryption of vSAN is not supported by default. Ask the Technical Account Manager
    first; the supported way there is to encrypt the VMs.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._wait
attributes:
  idempotent:
    support: partial
    details:
      - With O(rekey) and without O(key_ids), every run rekeys.
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  state:
    description:
      - V(enabled) encrypts the data on vSAN.
      - V(disabled) rewrites it unencrypted; this requires O(confirm_name).
    type: str
    choices: [enabled, disabled]
    default: enabled
  provider:
    description:
      - Name of the key provider. If vSAN uses another one, this one replaces it, without rewriting the disks.
      - If it is not given, the current one stays; to turn encryption on, the module uses the cluster's default,
        otherwise the system's.
    type: str
  erase_disks:
    description:
      - Whether vSAN erases a disk's old content before it uses the disk. This takes much longer, and is needed only if
        old unencrypted data must not be recoverable.
      - If it is not given, the setting stays unchanged; it is V(false) when encryption is turned on.
    type: bool
  rekey:
    description:
      - V(shallow) replaces the key that protects the disks' keys, within seconds.
      - V(deep) also rewrites all disks with new keys.
      - Only for O(state=enabled). A change of O(provider) includes a shallow rekey. The run that turns encryption on
        rekeys nothing.
    type: str
    choices: [none, shallow, deep]
    default: none
  key_ids:
    description:
      - Ids of the keys to replace. The module rekeys only while the cluster's key is one of these, so that a repeated
        run changes nothing.
      - Requires O(rekey). Without O(key_ids), every run with O(rekey) rekeys.
    type: list
    elements: str
  allow_reduced_redundancy:
    description:
      - Whether data may be less protected while disks are rewritten, which is unavoidable in clusters with too few
        hosts.
      - Back up the data first.
    type: bool
    default: false
  require_healthy:
    description:
      - Whether to refuse changes while vSAN's health is red. Yellow is only a warning.
      - Set V(false) to move away from a key provider that no longer works.
    type: bool
    default: true
  min_free_percent:
    description:
      - Free space that vSAN must have before its disks are rewritten, in percent. V(0) disables the check.
    type: float
    default: 30
  confirm_name:
    description: The cluster's name, typed again. Required for O(state=disabled).
    type: str
  wait:
    description:
      - Whether to wait until vSAN has finished.
      - With V(false), the module returns when the work has started; RV(vsan_encryption.changing) tells whether it is
        still running.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait at most for each step, in seconds.
      - vSAN continues its work when the wait has ended. Rerun with O(rekey=none) to wait for its end.
    type: int
    default: 86400
  wait_interval:
    description: Pause between two checks, in seconds.
    type: float
    default: 30
seealso:
  - module: ovhcloud.vmware_encryption.vsan_encryption_info
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Encrypt vSAN with the default key provider
  ovhcloud.vmware_encryption.vsan_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    cluster: cluster-1

- name: Read which keys are in use
  ovhcloud.vmware_encryption.vsan_encryption_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: before

- name: Replace the key, once
  ovhcloud.vmware_encryption.vsan_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    cluster: cluster-1
    rekey: shallow
    key_ids: "{{ before.vsan_clusters | map(attribute='key_id') | select('string') | list }}"

- name: Move vSAN to another key provider
  ovhcloud.vmware_encryption.vsan_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    cluster: cluster-1
    provider: okms-eu-west-rbx
"""

RETURN = r"""
vsan_encryption:
  description: vSAN data-at-rest encryption of the cluster. In check mode, the prediction.
  returned: success
  type: dict
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
      description: Id of the key (KEK) that protects the keys of the disks;
        null if encryption is off, and in check mode if it will be new.
      type: str
      returned: always
      sample: 6c1d3b1f-8a53-4f0e-9f8d-0f6a0d6a7c11
    host_key_id:
      description: Id of the key of the hosts, for their core dumps;
        null if encryption is off, and in check mode if it will be new.
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
        Null in check mode with O(wait=false), if something would be changed.
      type: bool
      returned: always
      sample: false
    rekey:
      description: What was rekeyed in this run, V(none), V(shallow) or V(deep).
      type: str
      returned: always
      sample: none
checks:
  description: What the module checked before the first change, null if there is nothing to do.
  returned: success
  type: dict
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


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    number,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.vsan.encryption import (
    VsanEncryption,
    check_vsan_options,
)

SPEC = ArgSpec(
    connection(),
    wait_options(timeout=86400, interval=30),
    cluster=text(required=True),
    state=text(default="enabled", choices=("enabled", "disabled")),
    provider=text(),
    erase_disks=boolean(),
    rekey=text(default="none", choices=("none", "shallow", "deep")),
    key_ids=texts(secret=False),
    allow_reduced_redundancy=boolean(default=False),
    require_healthy=boolean(default=True),
    min_free_percent=number(default=30),
    confirm_name=text(),
    trimmed=("cluster", "provider", "key_ids"),
)


def build(context: Context) -> VsanEncryption:
    """Log in and bind the cluster."""
    check_vsan_options(context.params)
    return VsanEncryption(connect(context), context.params, context.warn)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
