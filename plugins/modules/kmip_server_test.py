#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove with a key that a client certificate can do on a KMIP server what vCenter will ask for."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kmip_server_test
short_description: Prove that a client certificate can do what vCenter will ask of a KMIP server
version_added: 0.1.0
description:
  - Creates a key on a KMIP server as vCenter does, reads its attributes, sets one, activates it, reads it, looks for
    it, and removes it again (revoke, destroy), all with one client certificate.
  - Reports which step failed and which right it needs. Even if a server accepts a certificate, the right for
    a single operation can be missing; OVHcloud OKMS has one IAM action for each.
  - The test continues after a refused operation, so that one run shows all missing rights.
  - The module counts the key's bytes and discards them; they are in no result and no log.
  - If a key could not be destroyed, the result and the message contain its id.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  key_name:
    description:
      - Start of the test key's name, 1 to 64 printable ASCII characters without blanks.
      - The module appends a dash and eight random characters, so that the name is new on the server.
    type: str
    default: ansible-kmip-server-test
  on_failure:
    description:
      - What to do if the test fails, or if the server is unreachable or not the expected one.
      - V(fail) fails, but still returns RV(kmip_server_test). V(report) returns what was found, and warns if a
        key was left behind.
      - Invalid options, such as another certificate's private key, always fail.
    type: str
    choices: [fail, report]
    default: fail
attributes:
  check_mode:
    support: full
    details: >-
      The module performs only the steps that change nothing. Whether the others would succeed is not known before, so
      RV(kmip_server_test.passed) is null if nothing has failed so far.
  diff_mode:
    support: none
    details: A successful test leaves nothing behind that could be compared.
  idempotent:
    support: N/A
    details: >-
      This is an action; each run creates a key and destroys it. It counts as changed only if a key was left behind.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_kmip
  - ovhcloud.vmware_encryption._kmip
notes:
  - A client certificate with its private key is required; a KMIP user name alone is not enough.
  - A process that is killed during the test leaves the key behind. Its name starts with O(key_name).
seealso:
  - module: ovhcloud.vmware_encryption.kmip_server_info
  - module: ovhcloud.vmware_encryption.okms_credential
  - module: ovhcloud.vmware_encryption.standard_key_provider
"""

EXAMPLES = r"""
- name: Find the OKMS domain
  ovhcloud.vmware_encryption.okms_info:
    display_name: kms-prod-rbx
  register: found

- name: Prove that the OKMS access certificate can do what vCenter will ask for
  ovhcloud.vmware_encryption.kmip_server_test:
    host: "{{ found.okms_domains[0].kmip_for_vcenter.host }}"
    port: "{{ found.okms_domains[0].kmip_for_vcenter.port }}"
    ca: "{{ found.okms_domains[0].kmip_for_vcenter.ca | default(omit, true) }}"
    client_certificate_path: /etc/pki/okms-client.pem
    client_private_key_path: /etc/pki/okms-client.key

- name: Test our own KMIP server, which also asks for a user name
  ovhcloud.vmware_encryption.kmip_server_test:
    host: kms.example.com
    thumbprints:
      - "{{ kms_thumbprint_sha256 }}"
    client_certificate_path: /etc/pki/vcenter.pem
    client_private_key_path: /etc/pki/vcenter.key
    username: vcenter
    password: "{{ kms_password }}"

- name: Test without stopping the play
  ovhcloud.vmware_encryption.kmip_server_test:
    host: kms.example.com
    ca_path: /etc/pki/kms-ca.pem
    client_certificate_path: /etc/pki/vcenter.pem
    client_private_key_path: /etc/pki/vcenter.key
    on_failure: report
  register: test

- name: Show the missing rights
  ansible.builtin.debug:
    msg: "{{ test.kmip_server_test.steps | selectattr('ok', 'false') | map(attribute='right') | unique }}"
"""

RETURN = r"""
kmip_server_test:
  description: What the test found.
  returned: success, and on failure unless the options were wrong
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
      description: Name for which the server's certificate must be valid.
      type: str
      sample: eu-west-rbx.okms.ovh.net
    address:
      description: Address that answered, null if none did.
      type: str
      sample: 192.0.2.50
    tls_version:
      description: Negotiated TLS version, null if the server did not answer.
      type: str
      sample: TLSv1.3
    server_certificate:
      description: The server's certificate, null if the server did not answer.
      type: dict
      contains: &certificate
        subject:
          description: Subject (RFC 4514).
          type: str
          sample: CN=*.okms.ovh.net
        issuer:
          description: Issuer (RFC 4514).
          type: str
          sample: CN=CCMServersCA
        serial_number:
          description: Serial number in hexadecimal digits with colons.
          type: str
          sample: 0A:1B:2C
        not_after:
          description: End of validity (UTC, ISO 8601).
          type: str
          sample: "2027-01-01T00:00:00Z"
        days_left:
          description: Whole days until the end of validity, negative after it.
          type: int
          sample: 211
        sha1:
          description: SHA-1 thumbprint.
          type: str
          sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD
        sha256:
          description: SHA-256 thumbprint.
          type: str
          sample: AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99
    client_certificate:
      description: The client certificate of the test.
      type: dict
      contains: *certificate
    passed:
      description:
        - Whether all required steps succeeded and no key was left behind.
        - Null in check mode, if the steps that change nothing succeeded.
      type: bool
      sample: true
    protocol_version:
      description: Negotiated KMIP version, null if there is none.
      type: str
      sample: "1.4"
    vendor:
      description: What the server calls itself, null if it did not return it.
      type: str
      sample: OVHcloud KMS
    missing:
      description:
        - Operations of this test that the server does not list among those it offers, null if it did not list any.
        - Only a hint, because servers support more than they list. The steps are the proof.
      type: list
      elements: str
      sample: []
    steps:
      description:
        - The result of each step, in the order of the test.
        - The steps are V(server_certificate), V(connection), V(discover_versions), V(query), V(create),
          V(state_after_create), V(add_attribute), V(activate), V(state_after_activate), V(get), V(locate), V(revoke),
          V(destroy) and V(get_after_destroy).
      type: list
      elements: dict
      contains:
        step:
          description: Name of the step.
          type: str
          sample: activate
        operation:
          description: KMIP operation of the step, null if it has none.
          type: str
          sample: Activate
        required:
          description: Whether vCenter needs it. The test passes without the other steps.
          type: bool
          sample: true
        right:
          description: IAM action that OVHcloud OKMS requires, null if there is none.
          type: str
          sample: okms:kmip:activate
        ok:
          description: Whether the step succeeded, null if it was not tried.
          type: bool
          sample: false
        error_kind:
          description:
            - Why it failed, as a stable word, null if it did not.
            - For example V(permission_denied), V(not_authenticated), V(operation_not_supported), V(operation_failed),
              V(client_certificate_rejected), V(server_untrusted), V(server_pin_mismatch), V(unreachable), V(timeout),
              V(connection_lost), V(protocol_error), V(unexpected_answer).
            - V(permission_denied) is ambiguous. KMIP uses it for a missing right, for somebody else's key, and for a
              key in the wrong state.
          type: str
          sample: permission_denied
        error:
          description: Why the step failed or was not tried, in words. Null if it succeeded.
          type: str
          sample: "KMIP server kms.example.com:5696: Activate failed: not authorized (reason 12)"
        seconds:
          description: How long it took, null if it was not tried.
          type: float
          sample: 0.012
    key_name:
      description: Name of the test key, null if the module did not try to create one.
      type: str
      sample: ansible-kmip-server-test-1f0c9ab2
    key_id:
      description: Id of the test key on the server, null if none was created or its id is not known.
      type: str
      sample: 8d3a6a5c-0f3e-4a54-8f4e-2a4f2c7d9b10
    left_behind:
      description: Ids of test keys that could not be destroyed. Revoke and destroy them on the server.
      type: list
      elements: str
      sample: []
    perhaps_left_behind:
      description:
        - Whether a key with the name RV(kmip_server_test.key_name) and an unknown id may be left behind, because the
          answer to its creation was lost and the server could not be asked about it.
      type: bool
      sample: false
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import run_action
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.probe import (
    KmipServerTest,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.spec import connection

SPEC = ArgSpec(
    connection(),
    key_name=text(default="ansible-kmip-server-test", secret=False),
    on_failure=text(default="fail", choices=("fail", "report")),
)


def main() -> None:
    """Run the module."""
    run_action(SPEC, KmipServerTest)


if __name__ == "__main__":
    main()
