#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a KMIP server, judge it, and see whether it takes a client certificate."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kmip_server_info
short_description: Read and check a KMIP server's certificates, TLS and operations
version_added: 0.1.0
description:
  - Connects to a KMIP server and returns its certificates with both thumbprints, days left and the TLS version, even
    if the server refuses connections without a client certificate.
  - Checks by authority, thumbprint and host name whether it is the expected server.
  - With a client certificate, it also reports whether the server accepts it, and which protocol versions and operations
    the server offers. It never creates, reads or changes a key.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  every_address:
    description:
      - Whether to check the certificate at each address of the host, see RV(kmip_server.by_address). A host with
        several addresses can present different certificates, for example during their renewal.
      - One wrong certificate makes RV(kmip_server.trusted.verdict) V(false). An address that does not answer does not.
    type: bool
    default: false
  on_untrusted:
    description:
      - What to do if the server is not the expected one (RV(kmip_server.trusted.verdict) is V(false)).
      - V(report) returns what was found. V(fail) fails and shows what was expected and what was presented.
      - The module never uses the client certificate and the password with a server that is not the expected one.
    type: str
    choices: [report, fail]
    default: report
  wait:
    description: Whether to wait until the server is reachable, for example while OVHcloud delivers a KMS entry.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait at most until the server is reachable, in seconds.
    type: int
    default: 60
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_kmip
  - ovhcloud.vmware_encryption._kmip
  - ovhcloud.vmware_encryption._wait
seealso:
  - module: ovhcloud.vmware_encryption.private_cloud_kms
  - module: ovhcloud.vmware_encryption.standard_key_provider
  - module: ovhcloud.vmware_encryption.kmip_server_test
"""

EXAMPLES = r"""
- name: Record the thumbprints of a KMIP server
  ovhcloud.vmware_encryption.kmip_server_info:
    host: kms.example.com
  register: kms

- name: Find the OKMS domain
  ovhcloud.vmware_encryption.okms_info:
    display_name: kms-prod-rbx
  register: found

- name: Fail unless the domain's endpoint has a certificate of the domain's authority
  ovhcloud.vmware_encryption.kmip_server_info:
    host: "{{ found.okms_domains[0].kmip_for_vcenter.host }}"
    port: "{{ found.okms_domains[0].kmip_for_vcenter.port }}"
    ca: "{{ found.okms_domains[0].kmip_for_vcenter.ca | default(omit, true) }}"
    on_untrusted: fail

- name: Fail unless the server has the recorded thumbprint
  ovhcloud.vmware_encryption.kmip_server_info:
    host: 192.0.2.50
    thumbprints:
      - "{{ kms_thumbprint_sha256 }}"
    on_untrusted: fail

- name: Check whether the KMIP server accepts the client certificate
  ovhcloud.vmware_encryption.kmip_server_info:
    host: kms.example.com
    ca_path: /etc/pki/kms-ca.pem
    client_certificate_path: /etc/pki/client.pem
    client_private_key_path: /etc/pki/client.key
  register: kms
  failed_when: kms is failed or not kms.kmip_server.accepted
"""

RETURN = r"""
kmip_server:
  description: The KMIP server.
  returned: success
  type: dict
  contains:
    host:
      description: Host name or address that was asked.
      type: str
      sample: eu-west-rbx.okms.ovh.net
    port:
      description: TCP port.
      type: int
      sample: 5697
    server_name:
      description: Name for which the certificate must be valid.
      type: str
      sample: eu-west-rbx.okms.ovh.net
    address:
      description: Address that answered.
      type: str
      sample: 192.0.2.50
    addresses:
      description: All addresses of the host name.
      type: list
      elements: str
      sample: [192.0.2.50]
    tls_version:
      description: Negotiated TLS version.
      type: str
      sample: TLSv1.3
    cipher:
      description: TLS cipher suite, null if it is not known.
      type: str
      sample: TLS_AES_256_GCM_SHA384
    client_certificate_required:
      description: Whether the server closes a connection without a client certificate, null if it is not known.
      type: bool
      sample: true
    certificate:
      description: Certificate of the server (PEM).
      type: str
      sample: "-----BEGIN CERTIFICATE-----..."
    chain:
      description: All certificates (PEM) that the server presents, its own first.
      type: list
      elements: str
      sample: ["-----BEGIN CERTIFICATE-----..."]
    chain_complete:
      description:
        - V(true) if RV(kmip_server.chain) is all that the server presents.
        - Null if it is not known, because the server speaks only TLS 1.3 and Python is older than 3.13.
      type: bool
      sample: true
    subject:
      description: Subject of the server's certificate (RFC 4514).
      type: str
      sample: CN=*.okms.ovh.net
    issuer:
      description: Issuer of the server's certificate (RFC 4514).
      type: str
      sample: CN=CCMServersCA
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
      description: Whole days until the end of validity, negative after it.
      type: int
      sample: 211
    sha1:
      description: SHA-1 thumbprint of the certificate, as the OVHcloud API and vCenter's user interface show it.
      type: str
      sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD
    sha256:
      description: SHA-256 thumbprint of the server's certificate.
      type: str
      sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99
    public_key_sha256:
      description: SHA-256 of the certificate's public key (SubjectPublicKeyInfo), lower case hexadecimal digits.
      type: str
      sample: 5618adea277c82ffc2ca28761393111580e6971a16ffa02ad025ad9d67b01241
    subject_alternative_names:
      description: Names and addresses for which the certificate is valid.
      type: list
      elements: str
      sample: ["DNS:*.okms.ovh.net"]
    key_type:
      description: Kind of the certificate's key.
      type: str
      sample: EC secp256r1
    is_ca:
      description: Whether the certificate may sign others.
      type: bool
      sample: false
    self_signed:
      description: Whether subject and issuer are the same.
      type: bool
      sample: false
    unreadable_fields:
      description:
        - Names of the certificate fields above that cannot be read, for example because it has names of
          unsupported kinds (C(x400Address), C(ediPartyName)), or an unknown version. They are null, but
          RV(kmip_server.subject_alternative_names) has the names that can be read.
      type: list
      elements: str
      sample: []
    trusted:
      description: Whether it is the expected server.
      type: dict
      contains:
        verdict:
          description:
            - Whether every requirement is met.
            - A thumbprint must match if any are given. Chain and name must be valid, unless only thumbprints were
              given.
          type: bool
          sample: true
        trusted_by:
          description:
            - Checks that succeeded, V(ca) (the chain leads to O(ca), and the name is right), V(authorities) (the same
              for the trusted authorities of the host that runs the module), V(thumbprint).
          type: list
          elements: str
          sample: [ca]
        by_ca:
          description:
            - Whether the chain leads to O(ca) (or to a trusted authority of the host that runs the module) and is
              currently valid.
            - Null if only O(thumbprints) were given.
          type: bool
          sample: true
        by_thumbprint:
          description: Whether one of O(thumbprints) matches, null if there are none.
          type: bool
          sample: true
        hostname_matches:
          description: Whether the certificate is valid for RV(kmip_server.server_name), null if it is not known.
          type: bool
          sample: true
        reasons:
          description: The checks that failed, in words.
          type: list
          elements: str
          sample: ["not trusted by the given CA: certificate has expired"]
    by_address:
      description: What was seen at each address, null unless O(every_address=true).
      type: list
      elements: dict
      contains:
        address:
          description: The address.
          type: str
          sample: 192.0.2.50
        sha1:
          description: SHA-1 thumbprint of the certificate, null if none was seen.
          type: str
          sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD
        sha256:
          description: SHA-256 thumbprint of the certificate, null if none was seen.
          type: str
          sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99
        not_after:
          description: End of its validity (UTC, ISO 8601), null if none was seen.
          type: str
          sample: "2027-01-01T00:00:00Z"
        verdict:
          description: Whether it is the expected server, null if it did not answer.
          type: bool
          sample: true
        reasons:
          description: The checks that failed, in words.
          type: list
          elements: str
          sample: []
        error:
          description: Why nothing was seen, null if something was.
          type: str
          sample: null
    for_vcenter:
      description:
        - Options for M(ovhcloud.vmware_encryption.standard_key_provider), with which vCenter trusts what was verified
          here. Null if it is not the expected server.
        - C(server_chain) holds the certificates between the server's own and the CA.
        - C(server_thumbprints) pins the server's certificate if O(thumbprints) were given or C(server_ca) is null. It
          is null if O(ca) was not given, or if the certificates between the server's own and O(ca) are not known.
      type: dict
      sample:
        server_ca: "-----BEGIN CERTIFICATE-----..."
        server_thumbprints: null
        server_chain: ["-----BEGIN CERTIFICATE-----..."]
    accepted:
      description:
        - Whether the server accepts the client certificate (and user name).
        - Null if there is none, if the server is not the expected one, or if it is not known.
      type: bool
      sample: true
    error_kind:
      description:
        - Why the conversation ended early, as a stable word, null if it did not.
        - For example V(client_certificate_rejected), V(not_authenticated), V(permission_denied), V(timeout),
          V(connection_lost), V(protocol_error), V(server_untrusted), V(server_pin_mismatch).
      type: str
      sample: client_certificate_rejected
    error:
      description: Why the conversation ended early, in words, null if it did not.
      type: str
      sample: "KMIP server kms.example.com:5696: tlsv1 alert unknown ca: the server refuses the client certificate"
    protocol_versions:
      description: KMIP versions that the server offers, null if it did not list any.
      type: list
      elements: str
      sample: ["1.4", "1.3", "1.2", "1.1"]
    operations:
      description: KMIP operations that the server offers, null if it did not list any.
      type: list
      elements: str
      sample: [ACTIVATE, CREATE, GET]
    missing_operations:
      description:
        - Operations that vCenter uses and the server does not list, null if it did not list any.
        - Only a hint, because servers support more than they list. vCenter can work without V(ADD_ATTRIBUTE) and
          V(LOCATE).
      type: list
      elements: str
      sample: []
    vendor:
      description: What the server calls itself, null if it did not return it.
      type: str
      sample: OVHcloud KMS
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    text,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.server_info import KmipServer
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.spec import connection

SPEC = ArgSpec(
    connection(),
    wait_options(timeout=60),
    every_address=boolean(default=False),
    on_untrusted=text(default="report", choices=("report", "fail")),
)


def main() -> None:
    """Run the module."""
    run_info(SPEC, KmipServer)


if __name__ == "__main__":
    main()
