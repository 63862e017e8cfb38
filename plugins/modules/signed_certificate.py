#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: signed_certificate
short_description: Sign a certificate request with a CA whose key you have
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Signs a certificate signing request (CSR), such as that of M(ovhcloud.vmware_encryption.key_provider_csr), with a
    CA's certificate and private key, and keeps the certificate in a file.
  - The certificate is for TLS clients. It gets the CSR's subject, a random serial number, and the extensions
    that a client needs. The module ignores extensions in the CSR.
  - If the certificate in the file answers the same CSR, was signed by the same CA and does not expire soon, the module
    leaves it unchanged.
  - It runs where the CA's key is, without any connection.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_certificates
requirements:
  - cryptography >= 38.0
options:
  csr:
    description:
      - Certificate signing request in PEM form, as text. The module verifies its signature.
      - This or O(csr_path) is required to sign. In check mode without them, the module checks the CA, its key and
        O(path) before there is a request.
    type: str
  csr_path:
    description: File with the content of O(csr). Mutually exclusive with it.
    type: path
  ca_certificate:
    description:
      - Certificate of the CA in PEM form, as text. Certificates above it can follow.
      - Either this or O(ca_certificate_path) is required.
    type: str
  ca_certificate_path:
    description: File with the content of O(ca_certificate), which takes precedence if both are given.
    type: path
  ca_private_key:
    description:
      - Private key of the CA in PEM form, as text.
      - Either this or O(ca_private_key_path) is required.
    type: str
  ca_private_key_path:
    description: File with the content of O(ca_private_key), which takes precedence if both are given.
    type: path
  ca_private_key_passphrase:
    description: Passphrase of the CA's private key, if it is encrypted.
    type: str
  path:
    description:
      - File that keeps the certificate, followed by the CA's certificate unless that is a root.
      - The module never overwrites a file that holds something other than certificates.
    type: path
    required: true
  common_name:
    description: Common name (CN) that replaces the CSR's. Other fields of its subject stay.
    type: str
  validity:
    description: Validity of a new certificate in days. It ends with the CA's at the latest.
    type: int
    default: 365
  renew_before:
    description:
      - How many days before its expiry the module replaces the certificate. O(validity) must be at least two days more.
      - By default, the smaller of 120 days and a third of the certificate's lifetime.
    type: int
seealso:
  - module: ovhcloud.vmware_encryption.key_provider_csr
  - module: ovhcloud.vmware_encryption.key_provider_client_certificate
"""

EXAMPLES = r"""
- name: Get vCenter's CSR
  ovhcloud.vmware_encryption.key_provider_csr:
    provider: team-kms
  register: request

- name: Sign it with the CA that the KMS trusts
  ovhcloud.vmware_encryption.signed_certificate:
    csr: "{{ request.csr.csr }}"
    ca_certificate_path: /etc/pki/kms-clients/ca.pem
    ca_private_key_path: /etc/pki/kms-clients/ca.key
    ca_private_key_passphrase: "{{ vault_ca_passphrase }}"
    path: /etc/pki/kms-clients/vcenter.pem
  register: signed
  when: request.csr.pending

- name: Give it to vCenter
  ovhcloud.vmware_encryption.key_provider_client_certificate:
    provider: team-kms
    certificate: "{{ signed.certificate.chain }}"
  when: request.csr.pending
"""

RETURN = r"""
certificate:
  description: The certificate. In check mode, the prediction; values known only after signing are null.
  returned: success
  type: dict
  contains:
    path:
      description: File that keeps it.
      type: str
      sample: /etc/pki/kms-clients/vcenter.pem
    certificate:
      description: The certificate in PEM form.
      type: str
      sample: |
        -----BEGIN CERTIFICATE-----
        MIIB...
        -----END CERTIFICATE-----
    chain:
      description: The same, followed by the CA's certificate unless that is a root.
      type: str
      sample: |
        -----BEGIN CERTIFICATE-----
        MIIB...
        -----END CERTIFICATE-----
    subject:
      description: Subject (RFC 4514).
      type: str
      sample: CN=vcenter,O=VMware
    issuer:
      description: Subject of the CA (RFC 4514).
      type: str
      sample: CN=Clients of the KMS
    serial_number:
      description: Serial number in hexadecimal digits with colons.
      type: str
      sample: 0A:1B:2C
    not_before:
      description: Start of validity (UTC, ISO 8601).
      type: str
      sample: "2026-01-01T00:00:00Z"
    not_after:
      description: End of validity (UTC, ISO 8601).
      type: str
      sample: "2027-01-01T00:00:00Z"
    days_left:
      description: Whole days until the end of validity.
      type: int
      sample: 364
    sha1:
      description: SHA-1 thumbprint.
      type: str
      sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD
    sha256:
      description: SHA-256 thumbprint.
      type: str
      sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99
    public_key_sha256:
      description: SHA-256 over the public key (SubjectPublicKeyInfo), lower case hexadecimal digits.
      type: str
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

import datetime

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import REQUEST
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem_files import pem_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.signing import (
    SignedCertificate,
    request_of,
    signer_of,
    text_or_file,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    file_path,
    given,
    integer,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run

SPEC = ArgSpec(
    csr=text(),
    csr_path=file_path(),
    ca_certificate=text(),
    ca_certificate_path=file_path(),
    ca_private_key=text(secret=True),
    ca_private_key_path=file_path(secret=False),
    ca_private_key_passphrase=text(secret=True),
    path={**file_path(), "required": True},
    common_name=text(),
    validity=integer(default=365),
    renew_before=integer(),
)


def build(context: Context) -> SignedCertificate:
    """Read and check everything but the file."""
    params = context.params
    # its first day has begun when it is signed: with less, each run would replace it
    if params["renew_before"] is not None and not 0 <= params["renew_before"] <= params["validity"] - 2:
        raise InvalidInputError(
            f"validity ({params['validity']}) must be at least two days more than renew_before "
            f"({params['renew_before']}), which must not be negative"
        )
    now = datetime.datetime.now(datetime.timezone.utc)
    csr = pem_of(params, "csr", REQUEST)
    request = request_of(csr, given(params["common_name"])) if csr else None
    certificate, key = text_or_file(params, "ca_certificate"), text_or_file(params, "ca_private_key")
    signer = signer_of(certificate, key, given(params["ca_private_key_passphrase"]), now)
    return SignedCertificate(context, request, signer, now)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
