#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_secret
short_description: Keep a file in HashiCorp Vault
description:
  - Keeps a file, such as the backup of a native key provider, as the value of a secret in a KV engine of version 2, and
    gets it back.
  - The module compares SHA-256 sums. It writes a new version only if the newest one holds another file. The write is
    bound to the number of that newest version (check-and-set), so it never overwrites what somebody else wrote
    meanwhile. With a new version, the secret also gets C(cas_required), so that other writers must name a number too.
    The module reads each new version back and compares it.
  - The module refuses to write if that would destroy an older version, if the server would hide the new one after a
    time, and if the secret holds anything other than a file of this module, such as a password.
  - No result, diff or message contains the file.
  - The policy of the token needs C(read), C(create) and C(update) on C(<mount>/data/<path>) and C(read) and C(update)
    on C(<mount>/metadata/<path>); to remove a secret, C(delete) on the latter.
  - OpenBao serves the same API.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vault
  - ovhcloud.vmware_encryption._vault
  - ovhcloud.vmware_encryption._secret_file
requirements:
  - requests >= 2.28
seealso:
  - module: ovhcloud.vmware_encryption.okms_secret
  - module: ovhcloud.vmware_encryption.native_key_provider_backup
"""

EXAMPLES = r"""
- name: Keep the backup of a native key provider
  ovhcloud.vmware_encryption.vault_secret:
    url: https://vault.example.com:8200
    token: "{{ vault_token }}"
    path: vmware/nkp-prod
    file: /srv/backup/nkp-prod.p12

- name: Get it back
  ovhcloud.vmware_encryption.vault_secret:
    url: https://vault.example.com:8200
    token: "{{ vault_token }}"
    path: vmware/nkp-prod
    file: /tmp/restore/nkp-prod.p12
    state: fetched
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

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.spec import secret_options
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vault.config import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vault.engine import secret_resource

SPEC = ArgSpec(connection(), secret_options())


def main() -> None:
    """Entry point."""
    run(SPEC, secret_resource)


if __name__ == "__main__":
    main()
