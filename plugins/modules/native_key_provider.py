#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: native_key_provider
short_description: Manage a native key provider of vCenter
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Creates a native key provider (vNKP), restores it from a backup, makes it the default, and removes it.
  - A new provider is not ready for use before it is backed up, see
    M(ovhcloud.vmware_encryption.native_key_provider_backup).
  - Hosts that are in no cluster cannot use a native key provider; the module warns about them when it creates one.
  - vCenter 7.0 U2 or newer is needed.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._wait
requirements:
  - requests >= 2.28
options:
  name:
    description:
      - Name of the key provider. Key providers of all kinds share their names.
      - It must not have a C(/) in it.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the provider is there.
      - V(absent) removes it, unless somebody uses it. Only its backup brings its keys back.
    type: str
    choices: [present, absent]
    default: present
  tpm_required:
    description:
      - Whether only hosts with a TPM 2.0 may use the provider. vCenter's user interface has the same default.
      - It cannot be changed later; a provider that was made with the other value is an error.
      - With V(true) nothing is created while a host of any cluster has no TPM 2.0.
    type: bool
    default: true
  key_id:
    description:
      - Key id of the provider, a UUID. vCenter makes one up when it is not given.
      - Another key id than that of the provider changes it, unless a virtual machine, a host or a vSAN cluster uses the
        provider. A new backup is needed after that.
      - With O(restore_from) the backup must hold this key id.
    type: str
  key_derivation_key:
    description:
      - Key from which the provider derives all its keys, in base64. vCenter makes one up when it is not given.
      - It counts when the provider is created. vCenter never returns it, so it is not compared afterwards.
      - Whoever has it can decrypt all machines.
    type: str
  restore_from:
    description:
      - Backup from which to make the provider when it is absent. vCenter reads it first without importing it (also in
        check mode); the name in it must be O(name).
      - A provider that is there is never replaced. If its key id is not that of the backup, the module fails.
    type: dict
    suboptions:
      path:
        description: Backup file (PKCS#12) on the host that runs the module.
        type: path
        required: true
      password:
        description: Password of the backup; none for a backup without one.
        type: str
  default:
    description:
      - V(true) makes the provider the default of the system, V(false) takes that away from it.
      - It is refused while the provider is not backed up.
      - If it is not given, the default is left alone.
    type: bool
  default_clusters:
    description:
      - Names of the clusters whose default this provider is, all of them. An empty list clears them.
      - It is refused to add one while the provider is not backed up.
      - If it is not given, the defaults of clusters are left alone.
    type: list
    elements: str
  check_hosts:
    description:
      - Whether to read from every host the health of the provider there. It costs one request for each host.
    type: bool
    default: false
  confirm_name:
    description:
      - The name of the provider again, to remove it (or to change its key id) although somebody uses it.
      - Encrypted machines stay locked after their next restart when their keys are out of reach.
    type: str
  wait_timeout:
    description:
      - How long to wait, in seconds, until vCenter has brought a new provider to the hosts.
      - A health of WARNING that lasts so long, as with a host that is down, is a warning and no failure.
    type: int
    default: 120
seealso:
  - module: ovhcloud.vmware_encryption.native_key_provider_backup
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Native key provider, also for hosts without a TPM
  ovhcloud.vmware_encryption.native_key_provider:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: vnkp
    tpm_required: false

- name: Back it up
  ovhcloud.vmware_encryption.native_key_provider_backup:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: vnkp
    path: /srv/backups/vnkp.p12
    backup_password: "{{ vnkp_backup_password }}"

- name: Make it the default
  ovhcloud.vmware_encryption.native_key_provider:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: vnkp
    tpm_required: false
    default: true

- name: Bring it back after the loss of vCenter
  ovhcloud.vmware_encryption.native_key_provider:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: vnkp
    tpm_required: false
    restore_from:
      path: /srv/backups/vnkp.p12
      password: "{{ vnkp_backup_password }}"
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
vcenter_id:
  description:
    - Instance UUID of that vCenter. A new installation has another one, also under the old name. Empty when vCenter
      does not tell it.
  returned: success
  type: str
  sample: 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44
key_provider:
  description: The key provider; empty when it is absent. In check mode it is the prediction.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the provider.
      type: str
      returned: when present
      sample: vnkp
    type:
      description: Kind of the provider.
      type: str
      returned: when present
      sample: native
    key_id:
      description: Its key id. Null in check mode when vCenter will make one up.
      type: str
      returned: when present
      sample: 4d3b1f70-8a53-4f0e-9f8d-0f6a0d6a7c11
    tpm_required:
      description: Whether only hosts with a TPM 2.0 may use it.
      type: bool
      returned: when present
      sample: false
    has_backup:
      description:
        - Whether vCenter counts it as backed up.
        - Null in check mode for a restore and for a change of the key id.
      type: bool
      returned: when present
      sample: true
    health:
      description:
        - Health as vCenter gives it, V(OK), V(WARNING), V(ERROR) or V(NONE) (not known yet).
        - Null in check mode when the provider is new or its key id changes.
      type: str
      returned: when present
      sample: OK
    reasons:
      description: Why it is not OK. Null where RV(key_provider.health) is null.
      type: list
      elements: str
      returned: when present
      sample: []
    default:
      description: Whether it is the default of the system. Null in check mode when a new provider leaves it open.
      type: bool
      returned: when present
      sample: true
    default_clusters:
      description: Names of the clusters whose default it is.
      type: list
      elements: str
      returned: when present
      sample: []
    hosts:
      description: The hosts of vCenter, with O(check_hosts=true); null otherwise, and where the health is null.
      type: list
      elements: dict
      returned: when present
      contains:
        name:
          description: Name of the host.
          type: str
          returned: always
          sample: esx1
        cluster:
          description: Name of its cluster; null for a standalone host.
          type: str
          returned: always
          sample: cluster-1
        tpm:
          description: Whether it has a TPM 2.0; null when vCenter does not tell.
          type: bool
          returned: always
          sample: false
        health:
          description: Health of the provider on this host; null when the host has not received it.
          type: str
          returned: always
          sample: OK
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    state_option,
    suboptions,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import connect_rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.provider import (
    FIELDS,
    VOLATILE,
    NativeProvider,
    checked_options,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    wait_options(timeout=120),
    name=text(required=True),
    tpm_required=boolean(default=True),
    key_id=text(),
    key_derivation_key=text(secret=True),
    restore_from=suboptions(ArgSpec(path=file_path(required=True), password=text(secret=True))),
    default=boolean(),
    default_clusters=texts(),
    check_hosts=boolean(default=False),
    confirm_name=text(),
    rules={"mutually_exclusive": [("restore_from", "key_derivation_key")]},
)


class NativeKeyProvider(Resource):
    """The provider, its health, and its place as default."""

    result_key = "key_provider"
    fields = FIELDS
    volatile = VOLATILE

    def __init__(self, provider: NativeProvider, vcenter: dict[str, str]) -> None:
        self._provider = provider
        self._vcenter = vcenter

    def extras(self) -> dict[str, t.Any]:
        return dict(self._vcenter)

    def read(self) -> State | None:
        return self._provider.read()

    def wanted(self, before: State | None) -> State:
        return self._provider.wanted(before)

    def guard(self, plan: Plan) -> None:
        self._provider.guard(plan)

    def predict(self, plan: Plan) -> State:
        return self._provider.predict(plan)

    def settle(self, plan: Plan) -> State:
        return self._provider.settle(plan)

    def create(self, plan: Plan) -> State:
        return self._provider.apply(plan)

    def update(self, plan: Plan) -> State:
        return self._provider.apply(plan)

    def delete(self, plan: Plan) -> None:
        self._provider.delete()


def build(context: Context) -> NativeKeyProvider:
    """Log in and bind the provider."""
    checked_options(context.params)
    session, rest = connect(context), connect_rest(context)
    vcenter = {"vcenter": session.hostname, "vcenter_id": session.vcenter_id}
    return NativeKeyProvider(NativeProvider(session, rest, context.params, context.warn), vcenter)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
