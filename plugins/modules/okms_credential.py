#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_credential
short_description: Issue, replace and revoke access credentials of an OVHcloud KMS (OKMS) domain
description:
  - An access credential is a client certificate for the KMIP and REST servers of one OKMS domain.
  - Issues one from a certificate signing request, or with a key that OKMS creates, and waits until it is ready.
  - A credential with this name is kept while its identities are the requested ones, its public key is the one in
    O(csr) (or in the file O(private_key_path)), and more than O(renew_before) days of its validity are left, by the
    API's clock. Otherwise, the module issues a new one. A credential itself cannot be changed.
  - The new credential is ready before the module returns, and older ones stay unchanged. RV(replaced) names the older
    ones; revoke them with O(state=absent) when the new one is in use.
  - The module does not issue a new credential just because O(description) or O(validity) differs.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
  - ovhcloud.vmware_encryption._wait
requirements:
  - cryptography >= 38.0
options:
  okms_id:
    description:
      - Id of the OKMS domain.
      - An empty string stands for a domain that will be ordered. Check mode then predicts a new credential, a
        real run fails.
    type: str
    required: true
  name:
    description:
      - Name of the credential, at most 50 characters. Required when O(state=present).
      - Names are not unique in OKMS.
    type: str
  description:
    description: Description, at most 200 characters. Only used when the module issues a credential.
    type: str
  identity_urns:
    description:
      - The IAM identities that the certificate acts as, 1 to 25.
      - By default, the identity that calls the API. Prefer a separate identity, because whoever holds the certificate
        has all the identity's rights on the keys.
    type: list
    elements: str
  csr:
    description:
      - Certificate signing request in PEM. OKMS then never holds the private key.
      - Only certificates from a request are within OKMS's PCI DSS scope.
      - An empty string stands for a request that does not exist yet. Check mode then predicts a new credential, a real
        run fails.
    type: str
  csr_path:
    description: File with the content of O(csr). Mutually exclusive with it.
    type: path
  certificate_type:
    description: Type of the key that OKMS creates, by default V(ECDSA). Mutually exclusive with O(csr) and O(csr_path).
    type: str
    choices: [ECDSA, RSA]
  validity:
    description: Validity of a new credential, 2 to 365 days.
    type: int
    default: 365
  renew_before:
    description:
      - The module issues a new credential if this many days or fewer are left. O(validity) must be at least two days
        more.
      - By default, the smaller of 120 days and a third of the credential's lifetime, so that there are months left if
        a renewal fails.
    type: int
  private_key_path:
    description:
      - File for the private key that OKMS creates. The module writes it with mode 0600 as soon as the key exists, and
        never returns it. Its folder must exist.
      - Required without O(csr) and O(csr_path), and mutually exclusive with them.
      - By the key in this file, the module recognises an existing credential as yours. If the file is lost, the module
        issues a new credential.
      - Once a new key is completely written, the module keeps an existing key file under the same name with
        C(.previous) appended.
      - The file is on the host that runs the module. In AWX, this is a container that AWX removes after the job.
    type: path
  certificate_path:
    description:
      - File to which to write the certificate, with mode 0644. The module replaces it when it issues a new one, or if
        the file lacks the certificate.
      - The module never overwrites a file that holds something other than certificates.
    type: path
  credential_id:
    description: Id of the credential to revoke. Only for O(state=absent).
    type: str
  in_use_by:
    description:
      - What uses the access that this credential gives, one line for each user. Only for O(state=absent), which the
        module refuses while the list is not empty, unless O(confirm_name) is given.
      - This module does not see vCenter. Fill it with C(in_use_by) of
        M(ovhcloud.vmware_encryption.key_provider_info), read with C(users=true).
        Omit it for a replaced credential that vCenter no longer presents.
    type: list
    elements: str
    default: []
  confirm_name:
    description:
      - The credential's name, typed again, to revoke the credential although O(in_use_by) is not empty. Only for
        O(state=absent).
      - vCenter cannot get keys with a revoked credential, and encrypted VMs do not start without their keys.
    type: str
  state:
    description:
      - Whether a usable credential must exist.
      - V(absent) revokes the credential O(credential_id), or the one with O(name) if there is exactly one. The module
        does not check what uses it, but see O(in_use_by).
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: ovhcloud.vmware_encryption.okms_credential_info
  - module: ovhcloud.vmware_encryption.okms
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Get vCenter's request
  ovhcloud.vmware_encryption.key_provider_csr:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    provider: okms-eu-west-rbx
  register: request

- name: Sign it
  ovhcloud.vmware_encryption.okms_credential:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: vcenter-prod
    identity_urns:
      - urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip
    csr: "{{ request.csr.csr }}"
  register: credential
  when: request.csr.pending

- name: Issue a credential whose key OKMS creates, and let a schedule renew it early
  ovhcloud.vmware_encryption.okms_credential:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: backup-tool
    identity_urns:
      - urn:v1:eu:identity:user:ab12345-ovh/backup
    private_key_path: /etc/backup/okms.key

- name: Sign the request in a file, and write the certificate beside it
  ovhcloud.vmware_encryption.okms_credential:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: backup-tool
    identity_urns:
      - urn:v1:eu:identity:user:ab12345-ovh/backup
    csr_path: /etc/backup/okms.csr
    certificate_path: /etc/backup/okms.pem

- name: Revoke what it replaced, once vCenter uses the new certificate
  ovhcloud.vmware_encryption.okms_credential:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    credential_id: "{{ item }}"
    state: absent
  loop: "{{ credential.replaced | default([]) }}"
"""

RETURN = r"""
credential:
  description: The credential, empty if it is absent. In check mode, unknown values are null.
  returned: success
  type: dict
  contains:
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
    private_key_path:
      description: File of the private key, null if the credential was issued from a request.
      type: str
      sample: /etc/backup/okms.key
    certificate_path:
      description: File that holds the certificate, null without the option O(certificate_path).
      type: str
      sample: /etc/backup/okms.pem
lacks_policy:
  description:
    - Whether the identity that calls the API still needs an IAM policy with the C(okms:kmip) actions on the domain.
      Without O(identity_urns), the certificate acts as this identity, and OKMS refuses it on KMIP until then.
    - The account itself, and users in a group with the role ADMIN, need no policy.
    - Null if identities are named, if OVHcloud does not return it, and for O(state=absent).
  returned: success
  type: bool
  sample: false
replaced:
  description: Ids of the other credentials with this name that still work. Revoke them when nothing uses them any more.
  returned: success
  type: list
  elements: str
  sample: []
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    CRYPTOGRAPHY,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    file_path,
    integer,
    state_option,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.credential_resource import (
    OkmsCredential,
    prepare,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    wait_options(),
    okms_id=text(required=True),
    name=text(),
    description=text(),
    identity_urns=texts(),
    csr=text(),
    csr_path=file_path(),
    certificate_type=text(choices=("ECDSA", "RSA")),
    validity=integer(default=365),
    renew_before=integer(),
    private_key_path=file_path(secret=False),
    certificate_path=file_path(),
    credential_id=text(),
    in_use_by=texts(default=()),
    confirm_name=text(),
    trimmed=("okms_id", "name", "credential_id", "identity_urns"),
    rules={
        "required_if": [
            ("state", "present", ("name",)),
            ("state", "present", ("csr", "csr_path", "private_key_path"), True),
            ("state", "absent", ("credential_id", "name"), True),
        ],
    },
)


def build(context: Context) -> OkmsCredential:
    """The resource for the options of the module."""
    require(CRYPTOGRAPHY)
    prepare(context.params)
    return OkmsCredential(context, connect(context))


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
