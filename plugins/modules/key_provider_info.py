#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_provider_info
short_description: Read the key providers of vCenter
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Reads key providers of all kinds with their health, trust, certificates and days left, backup and defaults. Reports
    why a provider is not green, and on request what uses it.
  - The vSphere user needs the privilege C(Cryptographer.ManageKeyServers), and C(Cryptographer.ReadKeyServersInfo) for
    the health of native providers. On OVHcloud, they come with the encryption right, see
    M(ovhcloud.vmware_encryption.private_cloud_user).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
requirements:
  - cryptography >= 38.0
options:
  name:
    description: Name of the only provider to read. Without it, the module reads all providers.
    type: str
  types:
    description:
      - Kinds of providers to read. Without it, the module reads all kinds.
      - With O(name), the provider must fit both.
    type: list
    elements: str
    choices: [standard, native, trusted, unknown]
  check_status:
    description:
      - Whether vCenter connects to the servers to determine their status. This changes nothing, but takes time if a
        server is unreachable.
    type: bool
    default: true
  users:
    description:
      - Whether to look for VMs (homes, disks, vTPMs), hosts, vSAN clusters and defaults that use the
        providers. The module reads the whole inventory for this, and asks vCenter for the keys' users, which includes
        those that this vSphere user cannot see.
      - Without the privilege C(Cryptographer.ManageKeys), such users are unknown. A warning and
        RV(key_providers[].users.not_read) say so, and each provider counts as needed.
    type: bool
    default: false
  check_keys:
    description:
      - Whether to let vCenter fetch the keys that VMs and hosts use, at most 100 from each standard provider. This
        proves more than a green status, and changes nothing.
      - Requires the privilege C(Cryptographer.ManageKeys).
    type: bool
    default: false
seealso:
  - module: ovhcloud.vmware_encryption.standard_key_provider
  - module: ovhcloud.vmware_encryption.key_provider_client_certificate
  - module: ovhcloud.vmware_encryption.native_key_provider
  - module: ovhcloud.vmware_encryption.encryption_key_info
"""

EXAMPLES = r"""
- name: Read all key providers
  ovhcloud.vmware_encryption.key_provider_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: found

- name: Show why a provider is not green
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.reasons | join('; ') }}"
  loop: "{{ found.key_providers | rejectattr('reasons', 'equalto', []) }}"
  loop_control:
    label: "{{ item.name }}"

- name: Read the native key providers only
  ovhcloud.vmware_encryption.key_provider_info:
    types: [native]

- name: Find what uses this provider
  ovhcloud.vmware_encryption.key_provider_info:
    name: okms-eu-west-rbx
    users: true
  register: provider

- name: Remove the KMS entry for its KMS, unless something uses it
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: 203.0.113.20
    state: absent
    in_use_by: "{{ provider.key_providers | map(attribute='in_use_by') | flatten }}"
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
vcenter_id:
  description:
    - Instance UUID of that vCenter. A new installation has another one, even under the old name. Empty if vCenter
      does not return it.
  returned: success
  type: str
  sample: 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44
vcenter_version:
  description: Version of that vCenter.
  returned: success
  type: str
  sample: 8.0.3
vcenter_build:
  description: Build of that vCenter.
  returned: success
  type: str
  sample: "24022515"
vcenter_user:
  description: The vSphere user that read it.
  returned: success
  type: str
  sample: admin@pcc-192-0-2-10.ovh.com
key_providers:
  description: The providers, by name. Empty if there is none (with that name and of these types).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the provider.
      type: str
      returned: always
      sample: okms-eu-west-rbx
    type:
      description: Kind of the provider, V(standard), V(native), V(trusted) or V(unknown).
      type: str
      returned: always
      sample: standard
    servers:
      description: Servers of a standard provider, by name. Unset values are null.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the server.
          type: str
          returned: always
          sample: okms
        address:
          description: Host name or address.
          type: str
          returned: always
          sample: eu-west-rbx.okms.ovh.net
        port:
          description: TCP port.
          type: int
          returned: always
          sample: 5697
        username:
          description: User name at the server.
          type: str
          returned: always
          sample: null
        proxy_address:
          description: Proxy between vCenter and the server.
          type: str
          returned: always
          sample: null
        proxy_port:
          description: Port of the proxy.
          type: int
          returned: always
          sample: null
        protocol:
          description: KMIP library protocol handler.
          type: str
          returned: always
          sample: null
        reconnect:
          description: Whether vCenter reconnects automatically, as the number in the vSphere API.
          type: int
          returned: always
          sample: null
        nbio:
          description: Whether vCenter needs non-blocking I/O, as the number in the vSphere API.
          type: int
          returned: always
          sample: null
        timeout:
          description: How long vCenter waits, in seconds.
          type: int
          returned: always
          sample: null
    default:
      description: Whether it is the default of the system.
      type: bool
      returned: always
      sample: true
    default_clusters:
      description: Names of the clusters whose default it is.
      type: list
      elements: str
      returned: always
      sample: [cluster-1]
    has_backup:
      description: Whether a native provider is backed up, null if vCenter does not say.
      type: bool
      returned: always
      sample: null
    tpm_required:
      description: Whether a native provider requires hosts with a TPM, null if vCenter does not say.
      type: bool
      returned: always
      sample: null
    key_id:
      description: Key id of a native provider, null for all others.
      type: str
      returned: always
      sample: null
    status:
      description:
        - Colour that vCenter shows for the provider, null with O(check_status=false).
        - For a native provider, the health in vCenter's REST interface, V(green) for C(OK), V(yellow) for
          C(WARNING), V(red) for C(ERROR), V(gray) while vCenter does not know it. If the module cannot read it, a
          warning says so, and the status is the colour of the SOAP interface.
      type: str
      returned: always
      sample: green
    connections:
      description: Connection status between vCenter and each server, null with O(check_status=false).
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the server.
          type: str
          returned: always
          sample: okms
        status:
          description: Colour that vCenter gives the server.
          type: str
          returned: always
          sample: green
        connection_status:
          description: vCenter's own words, null if it says nothing.
          type: str
          returned: always
          sample: Connected
        vcenter_trusts_server:
          description: Whether vCenter trusts the server's certificate, null if vCenter does not say.
          type: bool
          returned: always
          sample: true
        server_trusts_vcenter:
          description: Whether the server accepts vCenter's client certificate, null if vCenter does not say.
          type: bool
          returned: always
          sample: true
        certificate:
          description: Certificate that the server presents to vCenter, null if the server is unreachable.
          type: dict
          returned: always
          contains:
            subject:
              description: Whose certificate it is.
              type: str
              returned: always
              sample: CN=eu-west-rbx.okms.ovh.net
            issuer:
              description: Who signed it.
              type: str
              returned: always
              sample: CN=OKMS public CA
            serial_number:
              description: Serial number, as vCenter writes it.
              type: str
              returned: always
              sample: "0x3A"
            not_before:
              description: Start of its validity.
              type: str
              returned: always
              sample: "2026-01-01T00:00:00Z"
            not_after:
              description: End of its validity.
              type: str
              returned: always
              sample: "2027-01-01T00:00:00Z"
            days_left:
              description: Whole days until then, by vCenter's clock.
              type: int
              returned: always
              sample: 364
            sha1:
              description: SHA-1 thumbprint, as vCenter's user interface shows it.
              type: str
              returned: always
              sample: "5B:A9:3C:9D:B0:CF:F9:3F:52:B5:21:D7:42:0E:43:F6:ED:A2:78:4F"
            sha256:
              description: SHA-256 thumbprint.
              type: str
              returned: always
              sample: 6B:86:B2:73:FF:34:FC:E1:9D:6B:80:4E:FF:5A:3F:57:47:AD:A4:EA:A2:2F:1D:49:C0:1E:52:DD:B7:87:5B:4B
    client_certificate:
      description: Certificate with which vCenter identifies itself at a standard provider's servers, null if
        there is none.
      type: dict
      returned: always
      contains:
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
        serial_number:
          description: Serial number, hexadecimal.
          type: str
          returned: always
          sample: 3A:7F
        not_before:
          description: Start of its validity.
          type: str
          returned: always
          sample: "2026-01-01T00:00:00Z"
        not_after:
          description: End of its validity.
          type: str
          returned: always
          sample: "2027-01-01T00:00:00Z"
        days_left:
          description: Whole days until then, by vCenter's clock.
          type: int
          returned: always
          sample: 364
        sha1:
          description: SHA-1 thumbprint.
          type: str
          returned: always
          sample: "5B:A9:3C:9D:B0:CF:F9:3F:52:B5:21:D7:42:0E:43:F6:ED:A2:78:4F"
        sha256:
          description: SHA-256 thumbprint.
          type: str
          returned: always
          sample: 6B:86:B2:73:FF:34:FC:E1:9D:6B:80:4E:FF:5A:3F:57:47:AD:A4:EA:A2:2F:1D:49:C0:1E:52:DD:B7:87:5B:4B
        public_key_sha256:
          description: SHA-256 over the public key (SubjectPublicKeyInfo), hexadecimal.
          type: str
          returned: always
          sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    csr_pending:
      description:
        - Whether a CSR is pending. Null for other kinds of providers.
        - Also null while the provider is green and its certificate has more than 120 days left, because the module
          then does not ask vCenter.
      type: bool
      returned: always
      sample: false
    reasons:
      description: Why the provider is not green. Empty if it is green, or if no reason is known, as with
        O(check_status=false).
      type: list
      elements: str
      returned: always
      sample:
        - "okms: the KMS does not accept vCenter's client certificate (revoked, expired, not issued by it, or on
          OKMS without an IAM policy for KMIP)"
    keys_in_use:
      description: Whether vCenter gets the keys in use. Null without O(check_keys=true), and for other kinds of
        providers.
      type: dict
      returned: always
      contains:
        asked:
          description: Number of keys that vCenter was asked for.
          type: int
          returned: always
          sample: 12
        unavailable:
          description: Those that it did not get, with the reason and the next step.
          type: list
          elements: str
          returned: always
          sample: []
    users:
      description: Who uses the provider; null without O(users=true).
      type: dict
      returned: always
      contains:
        virtual_machines:
          description: VMs with something that this provider encrypts.
          type: list
          elements: dict
          returned: always
          contains:
            name:
              description: Name of the VM.
              type: str
              returned: always
              sample: db-01
            moid:
              description: Its id in vCenter.
              type: str
              returned: always
              sample: vm-12
            home:
              description: Whether its home (configuration, swap) is encrypted. The home's key is also the vTPM's.
              type: bool
              returned: always
              sample: true
            disks:
              description: Labels of its encrypted disks, including those below snapshots.
              type: list
              elements: str
              returned: always
              sample: [Hard disk 1]
            vtpm:
              description: Whether it has a vTPM, which is lost with the home's key even if no disk is encrypted.
              type: bool
              returned: always
              sample: false
        hosts:
          description: Names of the hosts whose host key is from this provider.
          type: list
          elements: str
          returned: always
          sample: [esx1.example.com]
        clusters_default:
          description: Names of the clusters whose default it is.
          type: list
          elements: str
          returned: always
          sample: [cluster-1]
        system_default:
          description: Whether it is the default of the system.
          type: bool
          returned: always
          sample: true
        vsan_clusters:
          description: Names of the clusters whose vSAN it encrypts.
          type: list
          elements: str
          returned: always
          sample: []
        others:
          description:
            - Users that are only known from the keys' status, such as third parties and objects that this vSphere user
              cannot see, and objects that could not be read and so could use any provider.
          type: list
          elements: str
          returned: always
          sample: [third party backup-appliance]
        key_ids:
          description: Ids of the keys that VMs and hosts use, sorted.
          type: list
          elements: str
          returned: always
          sample: [9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10]
        not_read:
          description: Why users that this vSphere user cannot see are unknown, null if vCenter returned them.
          type: str
          returned: always
          sample: null
    in_use_by:
      description:
        - RV(key_providers[].users) in words, one line for each user, for the option C(in_use_by) of
          M(ovhcloud.vmware_encryption.private_cloud_kms) and M(ovhcloud.vmware_encryption.okms_credential). Empty if
          nothing uses the provider, null without O(users=true).
      type: list
      elements: str
      returned: always
      sample: ["VM db-01 (home, Hard disk 1)", host esx1.example.com, vSAN of cluster cluster-1, system default]
    needed_by:
      description: Entries of RV(key_providers[].in_use_by) that need a key of the provider. A default needs none. Null
        without O(users=true).
      type: list
      elements: str
      returned: always
      sample: ["VM db-01 (home, Hard disk 1)", host esx1.example.com, vSAN of cluster cluster-1]
missing_key_providers:
  description:
    - Key providers that vCenter never had or has lost, although something is encrypted with their keys.
    - With O(name), only the provider with this name. O(types) does not narrow the list, because vCenter does not know
      what kind they are. Empty without O(users=true).
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the key provider, as the keys have it.
      type: str
      returned: always
      sample: old-kms
    users:
      description: Who uses it, with the fields of RV(key_providers[].users).
      type: dict
      returned: always
      sample:
        virtual_machines: [{name: db-01, moid: vm-12, home: true, disks: [Hard disk 1], vtpm: false}]
        hosts: []
        clusters_default: []
        system_default: false
        vsan_clusters: []
        others: []
        key_ids: [9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10]
        not_read: null
    in_use_by:
      description: RV(missing_key_providers[].users) in words, one line for each user.
      type: list
      elements: str
      returned: always
      sample: ["VM db-01 (home, Hard disk 1)"]
    needed_by:
      description: The same as RV(missing_key_providers[].in_use_by); a missing provider cannot be a default.
      type: list
      elements: str
      returned: always
      sample: ["VM db-01 (home, Hard disk 1)"]
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    given,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import connect_rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_provider_report import (
    Selection,
    Sources,
    provider_report,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    NATIVE,
    STANDARD,
)

SPEC = ArgSpec(
    connection(),
    name=text(),
    types=texts(choices=(STANDARD, NATIVE, "trusted", "unknown")),
    check_status=boolean(default=True),
    users=boolean(default=False),
    check_keys=boolean(default=False),
    trimmed=("name",),
)


class KeyProviderInfo:
    """Reader of the providers."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        params = self._context.params
        session = connect(self._context)
        sources = Sources(session, lambda: connect_rest(self._context), self._context.warn)
        selection = Selection(given(params["name"]), tuple(params["types"] or ()))
        found = provider_report(sources, selection, params["check_status"], params["users"], params["check_keys"])
        return {
            "vcenter": session.hostname,
            "vcenter_id": session.vcenter_id,
            "vcenter_version": str(session.content.about.version or ""),
            "vcenter_build": str(session.content.about.build or ""),
            "vcenter_user": str(params["username"]),
            "key_providers": found.providers,
            "missing_key_providers": found.missing,
        }


def main() -> None:
    """Entry point."""
    run_info(SPEC, KeyProviderInfo)


if __name__ == "__main__":
    main()
