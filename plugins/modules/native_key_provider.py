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
  - A new provider is not ready for use until it is backed up, see
    M(ovhcloud.vmware_encryption.native_key_provider_backup).
  - Hosts outside clusters cannot use a native key provider; the module warns about them when it creates one.
  - Requires vCenter 7.0 U2 or newer.
  - The vSphere user needs the privileges C(Cryptographer.ManageKeyServers) and C(Cryptographer.ReadKeyServersInfo). To
    remove a provider or to change its key id, it also needs C(Cryptographer.ManageKeys), because vCenter otherwise does
    not say what uses the keys. On OVHcloud, they come with the encryption right, see
    M(ovhcloud.vmware_encryption.private_cloud_user).
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
      - Name of the key provider. It is unique among key providers of all kinds.
      - It must not contain a C(/).
    type: str
    required: true
  state:
    description:
      - V(present) ensures that the provider exists.
      - V(absent) removes it, unless something uses it. Only its backup can restore its keys.
    type: str
    choices: [present, absent]
    default: present
  tpm_required:
    description:
      - Whether only hosts with a TPM 2.0 can use the provider. vCenter's user interface has the same default.
      - It cannot be changed later; if the provider was created with the other value, the module fails.
      - With V(true), the module creates nothing while a host of any cluster has no TPM 2.0.
      - Choose V(false) for OVHcloud's ranges of hosts that are older than Premier (SDDC, Essentials), as OVHcloud's
        guide does.
    type: bool
    default: true
  key_id:
    description:
      - Key id of the provider, a UUID. If it is not given, vCenter generates one.
      - If the provider has another key id, the module changes it, unless a VM, a host or a vSAN cluster uses the
        provider (see O(confirm_name)). The provider needs a new backup after that.
      - With O(restore_from), the backup must have this key id.
    type: str
  key_derivation_key:
    description:
      - Key from which the provider derives all its keys, in base64. If it is not given, vCenter generates one.
      - Only used when the provider is created, and mutually exclusive with O(restore_from). vCenter never returns it,
        so the module cannot compare it afterwards.
      - Whoever has it can decrypt all VMs.
    type: str
  restore_from:
    description:
      - Backup from which to create the provider if it is absent. vCenter reads it first without importing it (in
        check mode too); the name in it must be O(name).
      - The module never replaces an existing provider. If its key id is not the backup's, the module fails.
    type: dict
    suboptions:
      path:
        description: Backup file (PKCS#12) on the host that runs the module.
        type: path
        required: true
      password:
        description: Password of the backup. Omit it for a backup without a password.
        type: str
  default:
    description:
      - V(true) makes the provider the system's default, V(false) ends this.
      - The module refuses V(true) while the provider has no backup.
      - If it is not given, the default stays unchanged.
    type: bool
  default_clusters:
    description:
      - Names of all clusters whose default this provider must be. With an empty list, it is the default of none.
      - The module refuses to add one while the provider has no backup.
      - If it is not given, the clusters' defaults stay unchanged.
    type: list
    elements: str
  check_hosts:
    description:
      - Whether to read the provider's health from every host. This takes one request for each host.
    type: bool
    default: false
  confirm_name:
    description:
      - The provider's name, typed again, to remove the provider (or to change its key id) although something uses it.
      - The same is needed to create a provider while something needs keys of a lost provider of this name, unless
        O(restore_from) or O(key_derivation_key) brings its key back.
      - Encrypted VMs are locked after their next restart if their keys are unavailable.
    type: str
  wait_timeout:
    description:
      - How long to wait until vCenter has distributed a new provider to the hosts, in seconds.
      - If the health is still WARNING after that, for example because a host is down, the module warns instead of
        failing.
    type: int
    default: 120
seealso:
  - module: ovhcloud.vmware_encryption.native_key_provider_backup
  - module: ovhcloud.vmware_encryption.vcenter_readiness_info
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Create a native key provider, usable by hosts without a TPM too
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

- name: Restore it after the loss of vCenter
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
    - Instance UUID of that vCenter. A new installation has another one, even under the old name. Empty if vCenter
      does not return it.
  returned: success
  type: str
  sample: 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44
backup_proved:
  description:
    - Whether vCenter read the file of O(restore_from) with its password, and the name and the key id in it are this
      provider's. vCenter reads it without importing it, in check mode too.
    - V(false) if the provider exists and vCenter therefore does not read the file; the module then warns.
    - Null without O(restore_from).
  returned: success
  type: bool
  sample: true
key_provider:
  description: The key provider, empty if it is absent. In check mode, the prediction.
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
      description: Its key id. Null in check mode if vCenter will generate one.
      type: str
      returned: when present
      sample: 4d3b1f70-8a53-4f0e-9f8d-0f6a0d6a7c11
    tpm_required:
      description: Whether only hosts with a TPM 2.0 can use it.
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
        - Health as vCenter reports it, V(OK), V(WARNING), V(ERROR) or V(NONE) (not known yet).
        - Null in check mode if the provider is new or its key id changes.
      type: str
      returned: when present
      sample: OK
    reasons:
      description: Why it is not OK. Null if RV(key_provider.health) is null.
      type: list
      elements: str
      returned: when present
      sample: []
    default:
      description: Whether it is the system's default. Null in check mode for a new provider, if
        O(default) is not given.
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
      description: vCenter's hosts. Null without O(check_hosts=true), and if the health is null.
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
          description: Whether it has a TPM 2.0, null if vCenter does not report it.
          type: bool
          returned: always
          sample: false
        health:
          description: The provider's health on this host, null if the host has not received it.
          type: str
          returned: always
          sample: OK
"""


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
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import connect_rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.provider import (
    NativeProvider,
    check_native_options,
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
    trimmed=("name", "default_clusters"),
    rules={"mutually_exclusive": [("restore_from", "key_derivation_key")]},
)


def build(context: Context) -> NativeProvider:
    """Log in and bind the provider."""
    check_native_options(context.params)
    session, rest = connect(context), connect_rest(context)
    return NativeProvider(session, rest, context.params, context.warn)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
