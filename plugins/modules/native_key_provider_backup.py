#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: native_key_provider_backup
short_description: Back up a native key provider of vCenter
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Exports a native key provider (vNKP), downloads the file, opens it with the password to verify it, and writes it so
    that only its owner can read it. Only the download makes vCenter count the provider as backed up.
  - The module makes a new backup if the file does not exist, if vCenter asks for one, and with O(force=true). You can
    repeat a failed backup at any time.
  - The module never overwrites a backup; it keeps the old file beside the new one. Only backups from before a
    change of the key id can restore older keys.
  - The backup and its password together decrypt every VM. Once they and vCenter are lost, nothing can.
  - Nobody can see from outside whether an existing file belongs to this provider. Use a separate path for each
    provider.
  - The vSphere user needs the privilege C(Cryptographer.ManageKeyServers), which comes with the encryption right on
    OVHcloud, see M(ovhcloud.vmware_encryption.private_cloud_user).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._volumes
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._wait
attributes:
  idempotent:
    support: partial
    details:
      - With O(force=true), every run makes a new backup.
requirements:
  - requests >= 2.28
  - cryptography >= 38.0
options:
  name:
    description: Name of the native key provider. It must exist.
    type: str
    required: true
  path:
    description:
      - File for the backup, usually with the suffix C(.p12), on the host that runs the module. Its folder must
        exist.
      - The module refuses a path in the container of an AWX job (or of another execution environment), because the file
        would vanish with the container; see O(volumes) and O(allow_ephemeral).
      - It also refuses a symbolic link, and anything else that is not a regular file.
    type: path
    required: true
  backup_password:
    description:
      - Password of the backup. Keep it in a secret store that does not depend on this vCenter.
      - If it does not open the file at O(path), the module leaves the file unchanged and fails, unless O(force=true).
    type: str
  allow_unencrypted:
    description: Whether to allow a backup without a password, which holds the keys of all VMs unencrypted.
    type: bool
    default: false
  force:
    description: Whether to make a new backup although there is a good one.
    type: bool
    default: false
  allow_ephemeral:
    description:
      - Whether O(path) may lie in the job's container. Copy the file elsewhere before the job ends.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait until vCenter counts the provider as backed up, in seconds.
    type: int
    default: 120
seealso:
  - module: ovhcloud.vmware_encryption.native_key_provider
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.okms_secret
  - module: ovhcloud.vmware_encryption.vault_secret
"""

EXAMPLES = r"""
- name: Back up a native key provider on the control node
  ovhcloud.vmware_encryption.native_key_provider_backup:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: vnkp
    path: /srv/backups/vnkp.p12
    backup_password: "{{ vnkp_backup_password }}"

- name: Make another backup every month, from AWX, on a host that keeps it
  ovhcloud.vmware_encryption.native_key_provider_backup:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: vnkp
    path: /srv/backups/vnkp.p12
    backup_password: "{{ vnkp_backup_password }}"
    force: true
  delegate_to: backup-host
"""

RETURN = r"""
backup:
  description: The backup file. In check mode, the prediction. Nothing in it is secret.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the key provider.
      type: str
      returned: always
      sample: vnkp
    path:
      description: Where the file is, on the host that ran the module.
      type: str
      returned: always
      sample: /srv/backups/vnkp.p12
    sha256:
      description: SHA-256 checksum of the file. Null in check mode if the module would make a new backup.
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    size:
      description: Size of the file in bytes. Null in check mode if the module would make a new backup.
      type: int
      returned: always
      sample: 2489
    created_at:
      description: When the file was written. Null in check mode if the module would make a new backup.
      type: str
      returned: always
      sample: "2026-11-23T19:24:48Z"
    mode:
      description: Permissions of the file. The module corrects any other than V(0600).
      type: str
      returned: always
      sample: "0600"
    key_id:
      description: Key id of the provider.
      type: str
      returned: always
      sample: 4d3b1f70-8a53-4f0e-9f8d-0f6a0d6a7c11
    has_backup:
      description: Whether vCenter counts the provider as backed up.
      type: bool
      returned: always
      sample: true
    encrypted:
      description: Whether the file needs a password.
      type: bool
      returned: always
      sample: true
    opened:
      description: Whether the password opened the file.
      type: bool
      returned: always
      sample: true
    previous_path:
      description: Where the module keeps (or in check mode would keep) the replaced file, null without one.
      type: str
      returned: always
      sample: null
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import CRYPTOGRAPHY
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    text,
    volumes_option,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import warn_of_leftovers
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import connect_rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.backup import (
    BackupFile,
    check_backup_options,
)

SPEC = ArgSpec(
    connection(),
    volumes_option(),
    wait_options(timeout=120),
    name=text(required=True),
    path=file_path(required=True),
    backup_password=text(secret=True),
    allow_unencrypted=boolean(default=False),
    force=boolean(default=False),
    allow_ephemeral=boolean(default=False),
)


def build(context: Context) -> BackupFile:
    """Log in and bind the file."""
    require(CRYPTOGRAPHY)
    check_backup_options(context.params)
    warn_of_leftovers(context.params["path"], context.warn)
    session, rest = connect(context), connect_rest(context)
    return BackupFile(session, rest, context.params)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
