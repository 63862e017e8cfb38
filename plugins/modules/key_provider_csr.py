#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_provider_csr
short_description: Get the certificate signing request of a standard key provider
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Returns the certificate signing request (CSR) with which vCenter requests its client certificate for the KMS. The
    private key never leaves vCenter.
  - The module returns a pending CSR unchanged, however often it runs, because a new CSR makes
    vCenter discard the former one's private key.
  - It generates a new CSR only if none is pending, and either no server of the provider accepts vCenter's client
    certificate, or O(renew=true).
  - The current certificate stays in use until M(ovhcloud.vmware_encryption.key_provider_client_certificate)
    replaces it with the signed one.
  - The vSphere user needs the privilege C(Cryptographer.ManageKeyServers), which comes with the encryption right on
    OVHcloud, see M(ovhcloud.vmware_encryption.private_cloud_user).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
attributes:
  idempotent:
    support: partial
    details:
      - With O(renew=true), a run after the activation of the certificate starts the next renewal.
requirements:
  - cryptography >= 38.0
options:
  provider:
    description: Name of the standard key provider.
    type: str
    required: true
  renew:
    description:
      - Whether to start a renewal although the KMS accepts the current client certificate.
      - If a CSR is already pending, the renewal uses it, so repeated runs belong to the same renewal.
    type: bool
    default: false
  output_path:
    description:
      - File to which to write the pending CSR, with mode 0644, to have it signed elsewhere.
      - The module never overwrites a file that holds something other than a CSR. If no CSR is pending or needed, it
        does not touch the file.
    type: path
  subject:
    description:
      - Subject of a new CSR. vCenter chooses what is not given.
      - Requires vCenter 8.0 U1 or newer. A pending CSR keeps its subject.
    type: dict
    suboptions:
      common_name:
        description: Common name (CN).
        type: str
      organization:
        description: Organization (O).
        type: str
      organizational_unit:
        description: Organizational unit (OU).
        type: str
      locality:
        description: Locality (L).
        type: str
      state_or_province:
        description: State or province (ST).
        type: str
      country:
        description: Country (C), two letters.
        type: str
      email:
        description: E-mail address.
        type: str
seealso:
  - module: ovhcloud.vmware_encryption.key_provider_client_certificate
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.okms_credential
"""

EXAMPLES = r"""
- name: Get the key provider's CSR
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
  when: request.csr.pending

- name: Write it to a file, to have it signed elsewhere
  ovhcloud.vmware_encryption.key_provider_csr:
    provider: team-kms
    output_path: vcenter.csr

- name: Get a CSR to renew a certificate that still works
  ovhcloud.vmware_encryption.key_provider_csr:
    provider: okms-eu-west-rbx
    renew: true
"""

RETURN = r"""
csr:
  description: The CSR.
  returned: success
  type: dict
  contains:
    provider:
      description: Name of the key provider.
      type: str
      returned: always
      sample: okms-eu-west-rbx
    pending:
      description: Whether a CSR is pending.
      type: bool
      returned: always
      sample: true
    csr:
      description: The pending CSR in PEM form. Null if none is pending, and in check mode if it would be generated.
      type: str
      returned: always
      sample: |
        -----BEGIN CERTIFICATE REQUEST-----
        MIIB...
        -----END CERTIFICATE REQUEST-----
    public_key_sha256:
      description: SHA-256 over the pending CSR's public key (SubjectPublicKeyInfo), hexadecimal. Null
        whenever RV(csr.csr) is.
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    subject:
      description: Subject of the pending CSR. Null whenever RV(csr.csr) is.
      type: str
      returned: always
      sample: CN=vcenter,O=VMware
    saved:
      description: Whether O(output_path) holds the pending CSR. Null without that option, and if none is pending.
      type: bool
      returned: always
      sample: true
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    suboptions,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.client_certificates import (
    SUBJECT_FIELDS,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.client_identity import (
    KeyProviderCsr,
    request_file,
)

SPEC = ArgSpec(
    connection(),
    provider=text(required=True),
    renew=boolean(default=False),
    output_path=file_path(),
    subject=suboptions(ArgSpec(**{name: text() for name in SUBJECT_FIELDS})),
    trimmed=("provider",),
)


def build(context: Context) -> KeyProviderCsr:
    """Check the file, then log in."""
    file = request_file(context.params)
    return KeyProviderCsr(context, connect(context), file)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
