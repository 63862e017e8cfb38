#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_secret
short_description: Keep a file in Secret Manager of an OVHcloud KMS (OKMS) domain
description:
  - Keeps a file, such as the backup of a native key provider, as the value of a secret, and gets it back. A secret
    holds 64 KB, which is enough for a file of 47 KB.
  - The module compares SHA-256 sums. It writes a new version only if the newest one holds another file. The write is
    bound to the number of that newest version (check-and-set), so it never overwrites what somebody else wrote
    meanwhile. With a new version, the secret also gets C(cas_required), so that other writers must name a number too.
    The module reads each new version back and compares it.
  - The module refuses to write if that would destroy an older version, if the server would hide the new one after a
    time, and if the secret holds anything other than a file of this module, such as a password.
  - No result, diff or message contains the file.
  - Requires a token. The identity (service account, or user with a personal access token) needs, on the domain,
    C(okms:apiovh:resource/get), C(okms:apikms:secret/get), C(okms:apiovh:secret/get) and
    C(okms:apikms:secret/version/getData) to read, and C(okms:apikms:secret/create),
    C(okms:apikms:secret/version/create) and C(okms:apikms:secret/updateMetadata) to write. C(secret/get) does not
    include the value. To remove, it needs C(okms:apikms:secret/delete), which no backup needs.
  - If a region is lost, its domains and their secrets are unavailable until OVHcloud rebuilds it.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
  - ovhcloud.vmware_encryption._secret_file
requirements:
  - requests >= 2.28
options:
  okms_id:
    description: Id of the OKMS domain.
    type: str
    required: true
seealso:
  - module: ovhcloud.vmware_encryption.vault_secret
  - module: ovhcloud.vmware_encryption.native_key_provider_backup
"""

EXAMPLES = r"""
- name: Keep the backup of a native key provider
  ovhcloud.vmware_encryption.okms_secret:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    path: vmware/nkp-prod
    file: /srv/backup/nkp-prod.p12

- name: Get it back
  ovhcloud.vmware_encryption.okms_secret:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    path: vmware/nkp-prod
    file: /tmp/restore/nkp-prod.p12
    state: fetched

- name: Get back the one from before the key id changed
  ovhcloud.vmware_encryption.okms_secret:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    path: vmware/nkp-prod
    file: /tmp/restore/nkp-old.p12
    state: fetched
    version: 1

- name: Remove it with all its versions
  ovhcloud.vmware_encryption.okms_secret:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    path: vmware/nkp-old
    state: absent
    confirm_name: vmware/nkp-old
"""

RETURN = r"""
secret:
  description: The secret, empty if it is absent. In check mode, the prediction. Nothing in it is secret.
  returned: success
  type: dict
  contains:
    path:
      description: Path of the secret.
      type: str
      sample: vmware/nkp-prod
    version:
      description: Number of the version that holds, or held, the file.
      type: int
      sample: 3
    versions:
      description: Numbers of all versions that are kept, the oldest first, including hidden ones.
      type: list
      elements: int
      sample: [1, 2, 3]
    created_at:
      description: When that version was written. Null in check mode if the module would write one.
      type: str
      sample: "2026-11-29T06:40:12Z"
    sha256:
      description: SHA-256 of the file. Null if the newest version is hidden or destroyed, and for O(state=absent).
      type: str
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    size:
      description: Size of the file in bytes. Null whenever RV(secret.sha256) is.
      type: int
      sample: 2489
    max_versions:
      description: How many versions the secret keeps.
      type: int
      sample: 100
    expires_after:
      description: Time after which the server hides each version, null for never.
      type: str
      sample: null
    file:
      description: The file on the host that ran the module, null if none was given.
      type: str
      sample: /srv/backup/nkp-prod.p12
    mode:
      description: Permissions of the file, with O(state=fetched) only.
      type: str
      sample: "0600"
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.spec import secret_options
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.secret_manager import (
    secret_resource,
)

SPEC = ArgSpec(
    connection(),
    secret_options(),
    okms_id=text(required=True),
)


def main() -> None:
    """Entry point."""
    run(SPEC, secret_resource)


if __name__ == "__main__":
    main()
