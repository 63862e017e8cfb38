#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: standard_key_provider
short_description: Manage a standard key provider of vCenter
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Creates, changes and removes a standard key provider (KMIP), its servers, vCenter's trust in their certificates,
    and whether it is the default.
  - To make the KMS trust vCenter, use M(ovhcloud.vmware_encryption.key_provider_csr) and
    M(ovhcloud.vmware_encryption.key_provider_client_certificate).
  - The module warns if a new server's address belongs to a VM of this vCenter, because such a KMS needs
    itself to start.
  - Requires vCenter 7.0 U2 or newer.
  - The vSphere user needs the privilege C(Cryptographer.ManageKeyServers). To remove a provider or all its servers, it
    also needs C(Cryptographer.ManageKeys), because vCenter otherwise does not say what uses the keys. On OVHcloud, both
    come with the encryption right, see M(ovhcloud.vmware_encryption.private_cloud_user).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._wait
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_password=always), the module sends passwords, and reports a change, in every run, because vCenter
        does not say which password it has.
requirements:
  - cryptography >= 38.0
options:
  name:
    description:
      - Name of the key provider. It is unique among key providers of all kinds.
    type: str
    required: true
  state:
    description:
      - V(present) ensures that the provider exists with these servers.
      - V(absent) removes it, unless something uses it. The error then names the users, see O(confirm_name).
    type: str
    choices: [present, absent]
    default: present
  servers:
    description:
      - Servers of the provider. All servers of a provider must serve the same keys.
      - The first server creates the provider. The module finds a server by its O(servers[].name).
      - Other servers stay, unless O(purge_servers=true), or O(remove_servers) names them.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the server in vCenter.
        type: str
        required: true
      address:
        description: Host name or address of the KMIP server, as vCenter reaches it.
        type: str
        required: true
      port:
        description:
          - TCP port of the KMIP server. For OKMS, it is the RSA endpoint's port, V(5697).
          - If it is not given, an existing server keeps its port, and a new one gets V(5696).
        type: int
      username:
        description:
          - User name at the KMIP server, if it asks for one in addition to the certificate.
          - An empty text clears it.
        type: str
      password:
        description:
          - Password of O(servers[].username). vCenter never returns it, see O(update_password).
        type: str
      proxy_address:
        description:
          - Proxy between vCenter and the server. An empty text clears it.
        type: str
      proxy_port:
        description:
          - Port of the proxy. V(-1) clears it.
        type: int
      protocol:
        description:
          - KMIP library protocol handler that vCenter uses for the server, such as V(KMIP1). An empty text clears it.
          - vSphere has no setting for the proxy's protocol.
        type: str
      reconnect:
        description:
          - Whether vCenter reconnects to the server automatically, as the number that vSphere takes. V(-1) clears it.
        type: int
      nbio:
        description:
          - Whether vCenter needs non-blocking I/O for the server, as the number that vSphere takes. V(-1) clears it.
        type: int
      timeout:
        description:
          - How long vCenter waits for the server, in seconds. V(0) means no limit, V(-1) clears the setting.
        type: int
  purge_servers:
    description:
      - Whether to remove servers that are not in O(servers). The module adds new servers first, so that the provider
        always has one.
      - Replacing all servers at once counts as a removal; the module refuses it while something uses the provider. The
        rules of O(remove_servers) apply too.
    type: bool
    default: false
  remove_servers:
    description:
      - Names of servers to remove from the provider. Names that it does not have are ignored. The module adds new
        servers first.
      - The module refuses to remove the last server; use O(state=absent) for that. While something uses the provider,
        it also refuses if no server that stays is green, see O(confirm_name).
      - The module asks for the keys in use before and after. If vCenter no longer gets one of them, the module adds the
        server again and fails. This requires the privilege C(Cryptographer.ManageKeys); without it, a warning says so.
    type: list
    elements: str
  update_password:
    description:
      - V(on_create) sends a password only when its server is added.
      - V(always) sends the given passwords in every run, which always counts as a change.
    type: str
    choices: [on_create, always]
    default: on_create
  server_ca:
    description:
      - Certificate of the CA that signed the servers' certificates, in PEM form, as text. For OKMS,
        M(ovhcloud.vmware_encryption.okms_info) returns it.
      - The module verifies the signature, then uploads the CA, so that trust survives the renewal of a server's
        certificate.
      - It applies to the servers in O(servers), or without them to all existing ones. With O(server_thumbprints), both
        must match.
    type: str
  server_ca_path:
    description: File with the content of O(server_ca). Mutually exclusive with it.
    type: path
  server_chain:
    description:
      - Certificates that lead from the servers' certificates to O(server_ca), in PEM form, because vCenter may see only
        the server's own certificate. M(ovhcloud.vmware_encryption.kmip_server_info) returns them.
      - None of them is trusted by itself. The module uploads them with the CA if vCenter needs them.
    type: list
    elements: str
  server_chain_path:
    description: File with the certificates of O(server_chain), one after the other. Mutually exclusive with it.
    type: path
  server_thumbprints:
    description:
      - Accepted SHA-256 thumbprints of the servers' certificates, with or without colons.
      - The module refuses SHA-1, because such a thumbprint can be forged.
      - With another certificate, the module fails before it registers or uploads anything, even if vCenter already
        trusts that certificate.
    type: list
    elements: str
  trust_on_first_use:
    description:
      - Whether to let vCenter trust whatever certificate the servers present, with a warning that shows it.
      - Whoever answers at that address then becomes your KMS. Prefer O(server_ca) or O(server_thumbprints), with which
        this is mutually exclusive.
    type: bool
    default: false
  default:
    description:
      - V(true) makes the provider the system's default, V(false) ends this.
      - If it is not given, the default stays unchanged.
    type: bool
  default_clusters:
    description:
      - Names of all clusters whose default this provider must be. With an empty list, it is the default of none.
      - If it is not given, the clusters' defaults stay unchanged.
    type: list
    elements: str
  confirm_name:
    description:
      - The provider's name, typed again, to remove the provider, or all servers that give its keys, although something
        uses it. Users are homes, disks and vTPMs of VMs, hosts, vSAN, and the defaults of the system and of clusters.
      - Encrypted VMs are locked after their next restart if their keys are unavailable.
      - Also required to add, to an existing provider, a server that is a VM of this vCenter and is encrypted with a key
        of this provider.
    type: str
seealso:
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.key_provider_csr
  - module: ovhcloud.vmware_encryption.key_provider_client_certificate
  - module: ovhcloud.vmware_encryption.kmip_server_info
"""

EXAMPLES = r"""
- name: Find the OKMS domain
  ovhcloud.vmware_encryption.okms_info:
    display_name: kms-prod-rbx
  register: found

- name: Read the KMIP endpoint for vCenter, and fail unless OKMS's CA vouches for it
  ovhcloud.vmware_encryption.kmip_server_info:
    host: "{{ found.okms_domains[0].kmip_for_vcenter.host }}"
    port: "{{ found.okms_domains[0].kmip_for_vcenter.port }}"
    ca: "{{ found.okms_domains[0].kmip_for_vcenter.ca | default(omit, true) }}"
    on_untrusted: fail
  register: endpoint

- name: Create a key provider on OVHcloud KMS that trusts what was verified
  ovhcloud.vmware_encryption.standard_key_provider:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: okms-eu-west-rbx
    servers:
      - name: okms
        address: "{{ found.okms_domains[0].kmip_for_vcenter.host }}"
        port: "{{ found.okms_domains[0].kmip_for_vcenter.port }}"
    server_ca: "{{ endpoint.kmip_server.for_vcenter.server_ca | default(omit, true) }}"
    server_chain: "{{ endpoint.kmip_server.for_vcenter.server_chain | default(omit, true) }}"
    server_thumbprints: "{{ endpoint.kmip_server.for_vcenter.server_thumbprints | default(omit, true) }}"

- name: Create one on our own KMIP servers, pinned, as the system's default
  ovhcloud.vmware_encryption.standard_key_provider:
    name: team-kms
    servers:
      - name: kms-a
        address: 198.51.100.20
      - name: kms-b
        address: 198.51.100.21
    server_thumbprints:
      - 6B:86:B2:73:FF:34:FC:E1:9D:6B:80:4E:FF:5A:3F:57:47:AD:A4:EA:A2:2F:1D:49:C0:1E:52:DD:B7:87:5B:4B
      - D4:73:5E:3A:26:5E:16:EE:E0:3F:59:71:8B:9B:5D:03:01:9C:07:D8:B6:C5:1F:90:DA:3A:66:6E:EC:13:AB:35
    default: true

- name: Remove one of its servers, if the other one gives the keys in use
  ovhcloud.vmware_encryption.standard_key_provider:
    name: team-kms
    remove_servers: [kms-b]

- name: Remove a key provider that nothing uses
  ovhcloud.vmware_encryption.standard_key_provider:
    name: old-kms
    state: absent
"""

RETURN = r"""
key_provider:
  description: The key provider, empty if it is absent. In check mode, the prediction.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the provider.
      type: str
      returned: when present
      sample: okms-eu-west-rbx
    type:
      description: Kind of the provider.
      type: str
      returned: when present
      sample: standard
    servers:
      description: Its servers, by name. Unset values are null.
      type: list
      elements: dict
      returned: when present
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
        trusted:
          description: Whether vCenter trusts the certificate that the server presents.
          type: bool
          returned: always
          sample: true
    default:
      description: Whether it is the system's default. Null in check mode for a new provider, if
        O(default) is not given.
      type: bool
      returned: when present
      sample: true
    default_clusters:
      description: Names of the clusters whose default it is.
      type: list
      elements: str
      returned: when present
      sample: [cluster-1]
    passwords_set:
      description: Names of the servers to which this run gave (or in check mode would give) their password.
      type: list
      elements: str
      returned: when present
      sample: []
    status:
      description: Colour that vCenter shows for the provider. Null in check mode if something changes.
      type: str
      returned: when present
      sample: green
    connections:
      description: Connection status between vCenter and each server. Null in check mode if something changes.
      type: list
      elements: dict
      returned: when present
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
            sha1:
              description: SHA-1 thumbprint, as vCenter's user interface shows it.
              type: str
              returned: always
              sample: "5B:A9:3C:9D:B0:CF:F9:3F:52:B5:21:D7:42:0E:43:F6:ED:A2:78:4F"
server_changes:
  description: Names of the servers that this run changed in vCenter, or in check mode would change.
  returned: success
  type: dict
  contains:
    added:
      description: Servers that the provider did not have.
      type: list
      elements: str
      returned: always
      sample: [kms-b]
    modified:
      description: Servers that got another address, port or setting, or their password. Trust in a certificate does
        not count.
      type: list
      elements: str
      returned: always
      sample: []
    removed:
      description: Servers that the provider no longer has, all of them with O(state=absent).
      type: list
      elements: str
      returned: always
      sample: [kms-a]
server_trust:
  description: Servers whose certificates the module checked. Empty if no rule was given. Servers that present no
    certificate are not listed.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the server.
      type: str
      returned: always
      sample: okms
    sha256:
      description: SHA-256 thumbprint of the certificate that it presents to vCenter.
      type: str
      returned: always
      sample: 6B:86:B2:73:FF:34:FC:E1:9D:6B:80:4E:FF:5A:3F:57:47:AD:A4:EA:A2:2F:1D:49:C0:1E:52:DD:B7:87:5B:4B
    trusted_by:
      description: Which rules the certificate passed, V(ca) (O(server_ca)), V(thumbprint) (O(server_thumbprints)),
        V(first_use).
      type: list
      elements: str
      returned: always
      sample: [ca]
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    state_option,
    suboptions,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.provider import (
    StandardProvider,
    checked_rule,
)

SERVER = ArgSpec(
    name=text(required=True),
    address=text(required=True),
    port=integer(),
    username=text(),
    password=text(secret=True),
    proxy_address=text(),
    proxy_port=integer(),
    protocol=text(),
    reconnect=integer(),
    nbio=integer(),
    timeout=integer(),
)
SPEC = ArgSpec(
    connection(),
    state_option(),
    wait_options(),
    name=text(required=True),
    servers=suboptions(SERVER, many=True),
    purge_servers=boolean(default=False),
    remove_servers=texts(),
    update_password=text(default="on_create", choices=("on_create", "always"), secret=False),
    server_ca=text(),
    server_ca_path=file_path(),
    server_chain=texts(),
    server_chain_path=file_path(),
    server_thumbprints=texts(),
    trust_on_first_use=boolean(default=False),
    default=boolean(),
    default_clusters=texts(),
    confirm_name=text(),
    trimmed=("name", "default_clusters", "servers.name", "servers.address"),
)


def build(context: Context) -> StandardProvider:
    """Log in and bind the provider."""
    rule = checked_rule(context.params)
    return StandardProvider(context, connect(context), rule)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
