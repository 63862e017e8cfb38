#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_provider_client_certificate
short_description: Give a standard key provider its client certificate
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Activates the certificate with which vCenter identifies itself at the KMS, and waits until the KMS accepts it.
  - O(certificate) alone is the answer to the CSR of M(ovhcloud.vmware_encryption.key_provider_csr). With
    O(private_key), it is a certificate whose key the KMS created. With O(self_signed), vCenter creates both.
  - The module checks a certificate before it uploads it, because the upload uses up the pending CSR. It must have
    X.509 version 3, the public key of the CSR or of O(private_key), a validity that includes vCenter's current time,
    and C(clientAuth) and C(digitalSignature) if it restricts the use of its key. Certificates that follow it must be
    its own chain.
  - If the certificate is already in use, the module does not upload it again. It warns if the subject of a new one
    differs from that of the one in use, because a KMS that identifies its clients by the subject will not give vCenter
    the keys that belong to the former subject.
  - The vSphere user needs the privilege C(Cryptographer.ManageKeyServers), which comes with the encryption right on
    OVHcloud, see M(ovhcloud.vmware_encryption.private_cloud_user).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._wait
attributes:
  idempotent:
    support: partial
    details:
      - With O(renew=true), a run after the activation of the new certificate starts the next renewal.
requirements:
  - cryptography >= 38.0
options:
  provider:
    description: Name of the standard key provider.
    type: str
    required: true
  certificate:
    description:
      - Certificate in PEM form, followed by its chain if there is one, as text.
      - This or O(certificate_path) is required unless O(self_signed=true).
    type: str
  certificate_path:
    description: File with the content of O(certificate). Mutually exclusive with it.
    type: path
  private_key:
    description:
      - Private key of O(certificate) in PEM form, as text. It is sent to vCenter and never returned.
    type: str
  private_key_path:
    description: File with the content of O(private_key). Mutually exclusive with it.
    type: path
  private_key_passphrase:
    description: Passphrase of O(private_key), if it is encrypted. The module sends vCenter the decrypted key.
    type: str
  self_signed:
    description:
      - Whether to use a self-signed certificate that vCenter creates. If one was generated before, the module uses
        it.
      - The KMS must be configured to accept it; with O(wait_for=uploaded), the module does not wait for that.
    type: bool
    default: false
  renew:
    description:
      - Whether to replace the self-signed certificate in use with a new one. Requires
        O(self_signed=true).
      - If a new one was generated before and is not in use yet, the module takes it, so repeated runs with
        O(activate=false) belong to the same renewal. A run after its activation starts the next renewal.
    type: bool
    default: false
  activate:
    description:
      - V(false) only lets vCenter generate the new self-signed certificate of a renewal, and returns it as
        RV(client_certificate.waiting). The current one stays in use until the KMS accepts the new one.
      - Requires O(self_signed=true) and O(renew=true), and a certificate in use.
    type: bool
    default: true
  wait_for:
    description:
      - V(accepted) waits until both trust flags are true and the status is green for every reachable server.
      - V(uploaded) returns when the certificate is in use in vCenter.
    type: str
    choices: [accepted, uploaded]
    default: accepted
  refused_timeout:
    description:
      - Seconds for which the KMS may continuously refuse the certificate before the module fails. Use it
        if nobody will change anything at the KMS meanwhile.
      - On an OVHcloud KMS, V(300) is enough. It refuses the certificate while its identity has no IAM policy for KMIP,
        and a new policy takes up to a minute.
      - If not given, only O(wait_timeout) limits the wait.
    type: int
seealso:
  - module: ovhcloud.vmware_encryption.key_provider_csr
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.okms_credential
"""

EXAMPLES = r"""
- name: Get vCenter's CSR
  ovhcloud.vmware_encryption.key_provider_csr:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    provider: okms-eu-west-rbx
  register: request

- name: Let OKMS sign it
  ovhcloud.vmware_encryption.okms_credential:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: vcenter-prod
    identity_urns:
      - urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip
    csr: "{{ request.csr.csr }}"
  register: credential
  when: request.csr.pending

# its identity needs an IAM policy with the actions for KMIP on the domain, see the examples of iam_policy
- name: Use the certificate that OKMS signed
  ovhcloud.vmware_encryption.key_provider_client_certificate:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    provider: okms-eu-west-rbx
    certificate: "{{ credential.credential.certificate }}"
    refused_timeout: 300
  when: request.csr.pending

- name: Use a certificate and key that our own KMS created, from files on the host that runs the module
  ovhcloud.vmware_encryption.key_provider_client_certificate:
    provider: team-kms
    certificate_path: /etc/kms/vcenter.pem
    private_key_path: /etc/kms/vcenter.key

- name: Use them as text, from a file beside the playbook and from Ansible Vault
  ovhcloud.vmware_encryption.key_provider_client_certificate:
    provider: team-kms
    certificate: "{{ lookup('ansible.builtin.file', 'vcenter.crt') }}"
    private_key: "{{ vault_vcenter_key }}"

- name: Create a self-signed certificate's successor, to import it into the KMS before its activation
  ovhcloud.vmware_encryption.key_provider_client_certificate:
    provider: team-kms
    self_signed: true
    renew: true
    activate: false
  register: successor

- name: Use a self-signed certificate, to import it into the KMS
  ovhcloud.vmware_encryption.key_provider_client_certificate:
    provider: team-kms
    self_signed: true
    wait_for: uploaded
  register: identity
"""

RETURN = r"""
client_certificate:
  description: The client certificate in use. In check mode, the prediction. What depends on a certificate that vCenter
    would generate is null.
  returned: success
  type: dict
  contains:
    provider:
      description: Name of the key provider.
      type: str
      returned: always
      sample: okms-eu-west-rbx
    method:
      description: How this run provides the certificate, V(signed_csr), V(certificate_and_key) or V(self_signed).
      type: str
      returned: always
      sample: signed_csr
    certificate:
      description: The certificate in PEM form.
      type: str
      returned: always
      sample: |
        -----BEGIN CERTIFICATE-----
        MIIB...
        -----END CERTIFICATE-----
    sha256:
      description: SHA-256 thumbprint of the certificate.
      type: str
      returned: always
      sample: 6B:86:B2:73:FF:34:FC:E1:9D:6B:80:4E:FF:5A:3F:57:47:AD:A4:EA:A2:2F:1D:49:C0:1E:52:DD:B7:87:5B:4B
    subject:
      description: Whose certificate it is.
      type: str
      returned: always
      sample: CN=1f6fd3b4-5a9f-4b0e-8a6e-000000000001
    issuer:
      description: Who signed it.
      type: str
      returned: always
      sample: CN=OKMS client CA
    not_after:
      description: End of its validity.
      type: str
      returned: always
      sample: "2027-01-01T00:00:00Z"
    days_left:
      description: Whole days until RV(client_certificate.not_after), by vCenter's clock.
      type: int
      returned: always
      sample: 364
    public_key_sha256:
      description: SHA-256 over the public key (SubjectPublicKeyInfo), hexadecimal.
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    waiting:
      description: Self-signed certificate in PEM form that was generated and is not in use. Null if there is none,
        for other methods, and in check mode if it would be generated.
      type: str
      returned: always
      sample: null
    accepted:
      description: Whether every reachable server is green with both trust flags. Null in check mode if something
        changes.
      type: bool
      returned: always
      sample: true
    status:
      description: Colour that vCenter shows for the provider. Null in check mode if something changes.
      type: str
      returned: always
      sample: green
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    text,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.client_identity import (
    ClientCertificate,
    identity_of,
)

SPEC = ArgSpec(
    connection(),
    wait_options(),
    provider=text(required=True),
    certificate=text(),
    certificate_path=file_path(),
    private_key=text(secret=True),
    private_key_path=file_path(secret=False),
    private_key_passphrase=text(secret=True),
    self_signed=boolean(default=False),
    renew=boolean(default=False),
    activate=boolean(default=True),
    wait_for=text(default="accepted", choices=("accepted", "uploaded")),
    refused_timeout=integer(),
    trimmed=("provider",),
)


def build(context: Context) -> ClientCertificate:
    """Check the options, then log in."""
    identity = identity_of(context.params)
    return ClientCertificate(context, connect(context), identity)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
