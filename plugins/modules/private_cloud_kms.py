#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_cloud_kms
short_description: Manage the KMS entries of a VMware on OVHcloud private cloud
description:
  - Registers a KMS with a private cloud, so that its vCenter can connect to that KMS. OVHcloud accepts one IPv4 address
    for each entry, so the module maintains one entry for each address of O(host), and waits for all of them together.
  - An entry is open when OVHcloud reports it as delivered, or when its task waits for vCenter to use the KMS. Depending
    on the private cloud, OVHcloud delivers an entry before vCenter is set up, or afterwards. See O(wait_for).
  - OVHcloud chooses the port of an entry. Neither its IPv4 address nor its port can change.
  - The module returns entries for addresses that the host no longer has in RV(stale_entries), with a warning, and
    removes them only if O(remove_stale=true). It recognises such an entry by its description, whose last word is the
    host's name. It never removes another KMS's entry.
  - The module sends each change once. After a lost answer, it checks whether the change took effect. If some entries
    were changed before an error, the next run resumes from there.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
  - ovhcloud.vmware_encryption._wait
options:
  service_name:
    description: Name of the private cloud, such as V(pcc-198-51-100-10).
    type: str
    required: true
  host:
    description:
      - Host name or IPv4 address of the KMIP server, without port. The host that runs this module resolves the name,
        and each of its IPv4 addresses gets an entry.
      - With O(state=absent), a name that no longer resolves stands for the entries whose description ends with it.
    type: str
    required: true
  port:
    description:
      - Port on which vCenter uses the KMS, such as V(5697) for an OVHcloud KMS. If OVHcloud opened an entry for another
        port, the module warns and says what to do, see RV(kms_entries[].port_matches).
      - If not given, ports are not compared.
    type: int
  thumbprint:
    description:
      - SHA-1 or SHA-256 thumbprint of the certificate that the KMIP server presents on its port.
      - With or without colons, in upper or lower case, or as printed by C(openssl x509 -fingerprint).
      - Required for O(state=present), unless O(address_thumbprints) has all addresses.
    type: str
  address_thumbprints:
    description:
      - Thumbprints by IPv4 address, for servers behind one name that present different certificates. They take
        precedence over O(thumbprint). Addresses that the host does not have are ignored.
    type: dict
    default: {}
  description:
    description:
      - Description of the entries. If not given, descriptions stay unchanged. An empty text clears them.
      - End it with the host name, such as V(OVHcloud KMS eu-west-par.okms.ovh.net), so that the module recognises the
        entries as this host's after its addresses have changed.
      - If an address has two names, the entry keeps the description that ends with the other name.
    type: str
  remove_stale:
    description:
      - Whether to remove the entries in RV(stale_entries), after all addresses of the host are open.
      - Only for O(state=present). O(state=absent) always removes them.
    type: bool
    default: false
  state:
    description: Whether the entries must exist. V(absent) removes all entries of the host.
    type: str
    choices: [present, absent]
    default: present
  wait_for:
    description:
      - What to wait for if O(state=present) and O(wait=true), for all entries together.
      - V(firewall_open) returns as soon as vCenter can connect, with RV(kms_entries[].waiting_for_vcenter) true if
        OVHcloud waits for vCenter.
      - V(delivered) also waits until OVHcloud has delivered the entries. If OVHcloud waits for vCenter, request it in a
        second run, after vCenter is set up. That run finds the entries and their tasks again and changes nothing.
      - The former value V(flow_open) means V(firewall_open) until 2.0.0, with a warning.
    type: str
    choices: [firewall_open, delivered, flow_open]
    default: firewall_open
  confirm_host:
    description:
      - The host typed again, or its IPv4 address if only one entry is removed.
      - Required for O(state=absent) while an entry is delivered or being updated, unless VM encryption of the private
        cloud is disabled or being disabled. vCenter cannot get keys through a closed firewall, and encrypted VMs do not
        start without their keys.
      - Also required for O(state=absent) while O(in_use_by) is not empty.
    type: str
  in_use_by:
    description:
      - What uses the key providers of this KMS, one line for each user. Only for O(state=absent), which the module
        refuses while the list is not empty, unless O(confirm_host) is given.
      - This module does not see vCenter. Fill it with C(in_use_by) of
        M(ovhcloud.vmware_encryption.key_provider_info), read with C(users=true).
    type: list
    elements: str
    default: []
  needed_hosts:
    description:
      - Hosts of KMIP servers that must stay reachable, such as those of vCenter's other key providers. The module
        refuses a removal if one of them has the address of an entry, whatever O(confirm_host) says.
      - The host that runs this module resolves names. IPv6 addresses are ignored. The module fails for other values,
        such as an address with a port.
    type: list
    elements: str
    default: []
  wait_timeout:
    description:
      - How long to wait at most, in seconds. If the time runs out, the module fails, nothing is lost, and the next run
        continues.
      - On a private cloud with advanced security, a token validator must confirm the operation within 15 minutes.
        The error says so if nothing has started when the time runs out.
    type: int
    default: 1800
seealso:
  - module: ovhcloud.vmware_encryption.private_cloud_info
  - module: ovhcloud.vmware_encryption.kmip_server_info
  - module: ovhcloud.vmware_encryption.standard_key_provider
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Find the OKMS domain
  ovhcloud.vmware_encryption.okms_info:
    display_name: kms-prod-par
  register: found

- name: Read the thumbprint of its KMIP server, whose certificate the domain's authority must have signed
  ovhcloud.vmware_encryption.kmip_server_info:
    host: eu-west-par.okms.ovh.net
    port: 5697
    ca: "{{ found.okms_domains[0].kmip_for_vcenter.ca | default(omit, true) }}"
    on_untrusted: fail
  register: server

- name: Add an entry for each address of the region, before vCenter is set up
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: eu-west-par.okms.ovh.net
    port: 5697
    thumbprint: "{{ server.kmip_server.sha1 }}"
    description: OVHcloud KMS eu-west-par.okms.ovh.net
  register: kms

- name: Wait until OVHcloud has delivered all entries, once a key provider of vCenter uses them
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: eu-west-par.okms.ovh.net
    thumbprint: "{{ server.kmip_server.sha1 }}"
    wait_for: delivered

- name: Remove the entries for addresses that the region no longer has
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: eu-west-par.okms.ovh.net
    thumbprint: "{{ server.kmip_server.sha1 }}"
    remove_stale: true

- name: Remove the entry of a KMS that no provider uses any more
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: 203.0.113.20
    state: absent
    confirm_host: 203.0.113.20

- name: Find what uses the key provider
  ovhcloud.vmware_encryption.key_provider_info:
    name: old-kms
    users: true
  register: provider

- name: Remove its entry, unless something uses it
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: 203.0.113.20
    state: absent
    in_use_by: "{{ provider.key_providers | map(attribute='in_use_by') | flatten }}"
    needed_hosts: [eu-west-par.okms.ovh.net]
"""

RETURN = r"""
kms_entries:
  description:
    - The host's entries, one for each of its IPv4 addresses, in order of the addresses. Empty if absent.
    - In check mode, unknown values are null.
  returned: success
  type: list
  elements: dict
  contains: &entry
    id:
      description: Id of the entry.
      type: int
      sample: 4321
    ip:
      description: IPv4 address of the KMS.
      type: str
      sample: 203.0.113.20
    port:
      description: Port of the KMS, chosen by OVHcloud.
      type: int
      sample: 5697
    port_matches:
      description: Whether the port is the one in O(port). Null if O(port) is not given or the port is not known.
      type: bool
      sample: true
    thumbprint:
      description: Thumbprint of the KMS's certificate, in upper case with colons.
      type: str
      sample: 0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D
    description:
      description: Description of the entry.
      type: str
      sample: OVHcloud KMS eu-west-par.okms.ovh.net
    state:
      description: State of the entry, V(delivered) when vCenter uses the KMS.
      type: str
      sample: delivered
    waiting_for_vcenter:
      description: Whether the firewall is open and OVHcloud waits for vCenter to use the KMS. Null in
        RV(stale_entries).
      type: bool
      sample: false
    task_id:
      description: Task that is not finished yet. Null if there is none, or if it cannot be distinguished from others.
      type: int
      sample: null
stale_entries:
  description:
    - Entries whose description ends with the host's name, for addresses that it no longer has. Empty after their
      removal.
  returned: success
  type: list
  elements: dict
  contains: *entry
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    integer,
    state_option,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_campaign
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.kms_calls import (
    KmsCalls,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.kms_of_host import (
    KmsEntries,
    KmsRemoval,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    wait_options(timeout=1800),
    service_name=text(required=True),
    host=text(required=True),
    port=integer(),
    thumbprint=text(),
    address_thumbprints={"type": "dict", "default": {}},
    description=text(),
    remove_stale=boolean(default=False),
    wait_for=text(default="firewall_open", choices=("firewall_open", "delivered", "flow_open")),
    confirm_host=text(),
    in_use_by=texts(default=()),
    needed_hosts=texts(default=()),
)


def build(context: Context) -> t.Any:
    """The entries of the host, to be kept or to be removed."""
    calls = KmsCalls(connect(context), context.params["service_name"], Patience.of(context.params))
    if context.params["wait_for"] == "flow_open":
        context.warn("wait_for: flow_open is now firewall_open; the former value works until 2.0.0")
    kind = KmsRemoval if context.params["state"] == "absent" else KmsEntries
    return kind(context, calls)


def main() -> None:
    """Entry point."""
    run_campaign(SPEC, build)


if __name__ == "__main__":
    main()
