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
  - Turns data-at-rest encryption of vSAN on and off, changes its key provider, and gives it new keys.
  - Turning it on or off and a deep rekey write all disks anew, one disk group after the other. That takes hours.
  - Before the first write the module looks at the key provider, at the health of vSAN, and, when disks are written
    anew, at its free space, also in check mode.
  - vSAN of the Express Storage Architecture (ESA) takes encryption only when the cluster is created; the module warns,
    and tells vSAN's refusal.
  - The vSphere user needs the privileges C(Host.Inventory.EditCluster), C(Cryptographer.ManageKeyServers),
    C(Cryptographer.ManageKeys) and C(Cryptographer.ManageEncryptionPolicy), for a shallow rekey also
    C(Vsan.Cluster.ShallowRekey).
  - On OVHcloud's own vSAN clusters, encryption of vSAN is not supported by default. Ask the Technical Account Manager
    first; encryption of the VMs is the supported way there.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._wait
attributes:
  idempotent:
    support: partial
    details:
      - A O(rekey) without O(key_ids) is done in each run.
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  state:
    description:
      - V(enabled) encrypts the data on vSAN.
      - V(disabled) writes it in clear again; O(confirm_name) is needed for it.
    type: str
    choices: [enabled, disabled]
    default: enabled
  provider:
    description:
      - Name of the key provider. Another one than the present one replaces it; the disks are not written anew for that.
      - If it is not given, the present one stays; when encryption is turned on, the default of the cluster is taken,
        else that of the system.
    type: str
  erase_disks:
    description:
      - Whether vSAN erases what was on a disk before it uses the disk. It takes much longer, and is needed only when
        disks held data in clear that must not be found again.
      - If it is not given, the setting is left alone; it is V(false) when encryption is turned on.
    type: bool
  rekey:
    description:
      - V(shallow) replaces the key that protects the keys of the disks, in seconds.
      - V(deep) has all disks written anew with new keys too.
      - When O(provider) changes, a shallow rekey is part of it. Nothing is rekeyed in the run that turns encryption on.
    type: str
    choices: [none, shallow, deep]
    default: none
  key_ids:
    description:
      - Keys that are to be replaced. It is rekeyed only while the key of the cluster is one of these, so that a
        repeated run does nothing.
      - Without it every run rekeys.
    type: list
    elements: str
  allow_reduced_redundancy:
    description:
      - Whether data may be less protected while disks are written anew, as it must be in clusters with too few hosts.
      - Back up the data before.
    type: bool
    default: false
  require_healthy:
    description:
      - Whether nothing is changed while the health of vSAN is red. Yellow is only a warning.
      - V(false) is needed to leave a key provider that does not work any more.
    type: bool
    default: true
  min_free_percent:
    description:
      - Free space that vSAN must have before its disks are written anew, in per cent. V(0) does not look at it.
    type: float
    default: 30
  confirm_name:
    description: The name of the cluster again, for O(state=disabled).
    type: str
  wait:
    description:
      - Whether to wait until vSAN has finished.
      - With V(false) the module returns when the work has begun; RV(vsan_encryption.changing) tells whether it goes on.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait at most for each step, in seconds.
      - vSAN goes on with its work when the wait has ended. Run again with O(rekey=none) to wait for its end.
    type: int
    default: 86400
  wait_interval:
    description: Pause between two looks, in seconds.
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

- name: Which keys are in use?
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
  description: vSAN data-at-rest encryption of the cluster. In check mode it is the prediction.
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
      description: Whether its vSAN is of the Express Storage Architecture.
      type: bool
      returned: always
      sample: false
    enabled:
      description: Whether data-at-rest encryption is on.
      type: bool
      returned: always
      sample: true
    provider:
      description: Its key provider; null when encryption is off.
      type: str
      returned: always
      sample: okms-eu-west-rbx
    key_id:
      description: Id of the key (KEK) that protects the keys of the disks;
        null when encryption is off, and in check mode when it will be new.
      type: str
      returned: always
      sample: 6c1d3b1f-8a53-4f0e-9f8d-0f6a0d6a7c11
    host_key_id:
      description: Id of the key of the hosts, for their core dumps;
        null when encryption is off, and in check mode when it will be new.
      type: str
      returned: always
      sample: 11d3b1f6-4f0e-8a53-9f8d-7c110f6a0d6a
    erase_disks:
      description: Whether disks are erased before vSAN uses them; null when encryption is off.
      type: bool
      returned: always
      sample: false
    changing:
      description: Whether vSAN is still at work on a change.
        Null in check mode with O(wait=false), when something would be changed.
      type: bool
      returned: always
      sample: false
    rekey:
      description: What was rekeyed in this run, V(none), V(shallow) or V(deep).
      type: str
      returned: always
      sample: none
checks:
  description: What the module looked at before the first write; null when there is nothing to do.
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
      description: Free space of it; null when vSAN does not tell.
      type: int
      returned: always
      sample: 27487790694400
    free_percent:
      description: The same as a share.
      type: float
      returned: always
      sample: 62.5
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    number,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.vsan.encryption import (
    FIELDS,
    VOLATILE,
    VsanEncryption,
    checked_options,
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
)


class ClusterEncryption(Resource):
    """vSAN encryption of one cluster."""

    result_key = "vsan_encryption"
    fields = FIELDS
    volatile = VOLATILE

    def __init__(self, vsan: VsanEncryption) -> None:
        self._vsan = vsan

    def read(self) -> State | None:
        return self._vsan.read()

    def wanted(self, before: State | None) -> State:
        return self._vsan.wanted(before or {})

    def guard(self, plan: Plan) -> None:
        self._vsan.guard(plan)

    def predict(self, plan: Plan) -> State:
        return self._vsan.predict(plan)

    def settle(self, plan: Plan) -> State:
        return self._vsan.settle(plan)

    def create(self, plan: Plan) -> State:
        return self._vsan.apply(plan)

    def update(self, plan: Plan) -> State:
        return self._vsan.apply(plan)

    def delete(self, plan: Plan) -> None:
        """Not a state of this module."""

    def extras(self) -> dict[str, t.Any]:
        return {"checks": self._vsan.checks}


def build(context: Context) -> ClusterEncryption:
    """Log in and bind the cluster."""
    checked_options(context.params)
    return ClusterEncryption(VsanEncryption(connect(context), context.params, context.warn))


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
