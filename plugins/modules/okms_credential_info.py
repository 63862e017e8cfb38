#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_credential_info
short_description: List access credentials of OVHcloud KMS (OKMS) domains with the days left
description:
  - Lists the access credentials of one domain, or of all domains that the account can see.
  - If there are none, the list is empty; this is not an error. It never contains private keys; OKMS does not keep them.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
requirements:
  - cryptography >= 38.0
options:
  okms_id:
    description: Only credentials of this domain. Without it, those of all domains.
    type: str
  name:
    description: Only credentials with this name.
    type: str
  credential_id:
    description: Only the credential with this id.
    type: str
  within_days:
    description: Only credentials that expire within this number of days, or have expired.
    type: int
seealso:
  - module: ovhcloud.vmware_encryption.okms_credential
"""

EXAMPLES = r"""
- name: Find the credentials that expire soon
  ovhcloud.vmware_encryption.okms_credential_info:
    within_days: 120
  register: soon
"""

RETURN = r"""
credentials:
  description: The credentials, by domain, name and date.
  returned: success
  type: list
  elements: dict
  contains:
    okms_id:
      description: Id of the domain.
      type: str
      sample: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    id:
      description: Id of the credential.
      type: str
      sample: 1f6a2f0e-93d5-4d1b-8f0e-5f2f1f7f2a10
    name:
      description: Name of the credential.
      type: str
      sample: vcenter-prod
    description:
      description: Its description, null if it has none.
      type: str
      sample: issued by Ansible
    identity_urns:
      description: The identities that the certificate acts as, sorted.
      type: list
      elements: str
      sample: ["urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"]
    status:
      description: V(CREATING), V(READY), V(ERROR), V(DELETING) or V(EXPIRED).
      type: str
      sample: READY
    from_csr:
      description: Whether it was issued from a request.
      type: bool
      sample: true
    certificate_type:
      description: V(ECDSA) or V(RSA).
      type: str
      sample: ECDSA
    created_at:
      description: When it was issued.
      type: str
      sample: "2026-09-01T06:00:00Z"
    expires_at:
      description: When it expires.
      type: str
      sample: "2027-09-01T06:00:00Z"
    days_left:
      description: Whole days until then, negative after it.
      type: int
      sample: 365
    certificate:
      description: The certificate in PEM, null until it is ready.
      type: str
      sample: |
        -----BEGIN CERTIFICATE-----
        ...
        -----END CERTIFICATE-----
    certificate_sha256:
      description: SHA-256 thumbprint of the certificate, null until it is ready.
      type: str
      sample: "5A:7B:..."
    public_key_sha256:
      description: SHA-256 of the public key, to compare with requests and keys. Null until the certificate is ready.
      type: str
      sample: 3f9c...
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import CRYPTOGRAPHY
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, integer, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.credentials import Credentials
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import Domains

SPEC = ArgSpec(
    connection(),
    okms_id=text(),
    name=text(),
    credential_id=text(),
    within_days=integer(),
    trimmed=("okms_id", "name", "credential_id"),
)


class OkmsCredentialInfo:
    """Credentials of one or of all domains."""

    def __init__(self, params: t.Mapping[str, t.Any], client: Client) -> None:
        self.params = params
        self.client = client

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        ids = [self.params["okms_id"]] if self.params["okms_id"] else self._domain_ids()
        found = [state for okms_id in ids for state in self._of_domain(okms_id) if self._matches(state)]
        return {"credentials": found}

    def _domain_ids(self) -> list[str]:
        return [state["id"] for state in Domains(self.client).every()]

    def _of_domain(self, okms_id: str) -> list[State]:
        try:
            states = Credentials(self.client, okms_id).every()
        except (NotFoundError, ServiceExpiredError):
            return []  # a terminated domain is listed for some time, its credentials are not
        hidden = ("private_key_path", "certificate_path")  # known only to the module that issued it
        return [
            {"okms_id": okms_id, **{key: value for key, value in state.items() if key not in hidden}}
            for state in states
        ]

    def _matches(self, state: State) -> bool:
        wanted = ((self.params["name"], state["name"]), (self.params["credential_id"], state["id"]))
        if any(value and value != seen for value, seen in wanted):
            return False
        limit, left = self.params["within_days"], state["days_left"]
        return limit is None or (left is not None and left <= limit)


def build(context: Context) -> OkmsCredentialInfo:
    """The reader for the options of the module."""
    require(CRYPTOGRAPHY)
    return OkmsCredentialInfo(context.params, connect(context))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
