#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_cloud_kms
short_description: Open, correct and close the KMS flow of a VMware on OVHcloud private cloud
description:
  - Registers a KMS with a private cloud, so that its vCenter may connect to that KMS. The entry is decided by its IPv4
    address.
  - OVHcloud opens the flow first, and keeps the task of the creation open until vCenter uses the KMS. So the flow has
    to be open before vCenter is set up, and is only delivered afterwards, see O(wait_for).
  - IPv4 address and port of an entry cannot be changed. For another address make a new entry, and remove the old one
    when it is not used any more.
  - The creation is sent once. After a lost answer its effect is looked up.
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
      - Host name or IPv4 address of the KMIP server, without port. OVHcloud takes addresses only, so a name is
        resolved by the host that runs this module.
      - If the name has several IPv4 addresses, an entry for one of them is the entry that is meant, with a warning,
        and a new entry is not made. Give the addresses one by one then.
    type: str
    required: true
  thumbprint:
    description:
      - SHA-1 or SHA-256 thumbprint of the certificate that the KMIP server shows on its port.
      - With or without colons, in upper or lower case, or as printed by C(openssl x509 -fingerprint).
      - Required if O(state=present).
    type: str
  description:
    description: Description of the entry. If not given, it is left alone. An empty text clears it.
    type: str
  state:
    description: Whether the flow shall exist.
    type: str
    choices: [present, absent]
    default: present
  wait_for:
    description:
      - What to wait for if O(state=present) and O(wait=true).
      - V(flow_open) ends as soon as vCenter may connect, with RV(kms.waiting_for_vcenter) true if vCenter is not set
        up yet.
      - V(delivered) also waits until OVHcloud has seen that vCenter uses the KMS. Ask for it in a second run, after
        vCenter is set up. That run finds the entry and its task again and changes nothing.
    type: str
    choices: [flow_open, delivered]
    default: flow_open
  confirm_host:
    description:
      - The host or the IPv4 address typed again.
      - Needed for O(state=absent) while the entry is delivered and VM encryption is in use on the private cloud.
        vCenter cannot get keys through a closed flow, and encrypted VMs do not start without their keys.
      - Also needed for O(state=absent) while O(in_use_by) is not empty.
    type: str
  in_use_by:
    description:
      - Who uses the key providers behind this KMS, one line for each user. Only for O(state=absent), which is refused
        while the list is not empty, unless O(confirm_host) is given.
      - This module does not see vCenter. Fill it with C(in_use_by) of
        M(ovhcloud.vmware_encryption.key_provider_info), read with C(users=true).
    type: list
    elements: str
    default: []
  needed_hosts:
    description:
      - Hosts of KMIP servers that must stay in reach, such as those of the other key providers of vCenter. Only for
        O(state=absent), which is refused when one of them has the address of the entry, whatever O(confirm_host) says.
      - Names are resolved by the host that runs this module, IPv6 addresses are passed over.
    type: list
    elements: str
    default: []
  wait_timeout:
    description:
      - How long to wait at most, in seconds. A wait that ends is an error that loses nothing, run again to go on.
      - On a private cloud with advanced security a token validator has to confirm the operation within 15 minutes.
        The error says so if nothing has begun when the time is over.
    type: int
    default: 1800
seealso:
  - module: ovhcloud.vmware_encryption.private_cloud_info
  - module: ovhcloud.vmware_encryption.kmip_server_info
  - module: ovhcloud.vmware_encryption.standard_key_provider
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Read the thumbprint of the KMIP server, which the CA of the OKMS domain must have signed
  ovhcloud.vmware_encryption.kmip_server_info:
    host: eu-west-rbx.okms.ovh.net
    ca: "{{ okms.okms.public_ca }}"
    on_untrusted: fail
  register: server

- name: Open the flow, before vCenter is set up
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: eu-west-rbx.okms.ovh.net
    thumbprint: "{{ server.kmip_server.sha1 }}"
    description: okms eu-west-rbx

- name: Wait until OVHcloud has seen that vCenter uses it
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: eu-west-rbx.okms.ovh.net
    thumbprint: "{{ server.kmip_server.sha1 }}"
    wait_for: delivered

- name: Close the flow to a KMS that no provider uses any more
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: 203.0.113.20
    state: absent
    confirm_host: 203.0.113.20

- name: Ask vCenter who uses the key provider
  ovhcloud.vmware_encryption.key_provider_info:
    name: old-kms
    users: true
  register: provider

- name: Close its flow, unless somebody uses it
  ovhcloud.vmware_encryption.private_cloud_kms:
    service_name: pcc-198-51-100-10
    host: 203.0.113.20
    state: absent
    in_use_by: "{{ provider.key_providers | map(attribute='in_use_by') | flatten }}"
    needed_hosts: [eu-west-rbx.okms.ovh.net]
"""

RETURN = r"""
kms:
  description: The entry, empty when it is absent. In check mode, what is not known yet is null.
  returned: success
  type: dict
  contains:
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
      sample: 5696
    thumbprint:
      description: Thumbprint of the certificate of the KMS, in upper case with colons.
      type: str
      sample: 0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D
    description:
      description: Description of the entry.
      type: str
      sample: okms eu-west-rbx
    state:
      description: State as OVHcloud tells it, V(delivered) when vCenter uses the KMS.
      type: str
      sample: creating
    waiting_for_vcenter:
      description: Whether the flow is open and OVHcloud waits for vCenter to use the KMS.
      type: bool
      sample: true
    task_id:
      description: Task that is not finished yet. Null when there is none, or when it cannot be told from others.
      type: int
      sample: 987654
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import thumbprint
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    state_option,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import AmbiguousError, GuardError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import refuse_while_used
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.kms_flow import (
    FIELDS,
    GOING,
    KmsFlow,
    healthy,
    in_use,
    refuse_while_needed,
    resolve,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.spec import connection

SPEC = ArgSpec(
    connection(),
    state_option(),
    wait_options(timeout=1800),
    service_name=text(required=True),
    host=text(required=True),
    thumbprint=text(),
    description=text(),
    wait_for=text(default="flow_open", choices=("flow_open", "delivered")),
    confirm_host=text(),
    in_use_by=texts(default=()),
    needed_hosts=texts(default=()),
    rules={"required_if": [("state", "present", ["thumbprint"])]},
)


class PrivateCloudKms(Resource):
    """One entry of vmEncryption/kms."""

    result_key = "kms"
    fields = FIELDS
    volatile = ("state", "waiting_for_vcenter", "task_id")

    def __init__(self, context: Context, flow: KmsFlow) -> None:
        self.context = context
        self.params = context.params
        self.flow = flow
        self.addresses: list[str] = []
        self.leaving: State | None = None

    def read(self) -> State | None:
        """The entry for the host; one that is being removed counts as absent."""
        self.addresses = resolve(self.params["host"])
        entry = self.flow.find(self.addresses, self.params["host"])
        if entry is not None and entry["state"] in GOING:
            self.leaving = entry
            return None
        return self.flow.with_task(entry) if entry is not None else None

    def wanted(self, before: State | None) -> State:
        """Address, thumbprint and (if given) description."""
        wanted = {"ip": before["ip"] if before else self._single_address()}
        wanted["thumbprint"] = thumbprint(self.params["thumbprint"])[1]
        if self.params["description"] is not None:
            wanted["description"] = self.params["description"]
        return wanted

    def predict(self, plan: Plan) -> State:
        """OVHcloud chooses the port of a new entry, and how far it is by then depends on vCenter."""
        if plan.verb != "create":
            return plan.after
        delivered = self.params["wait"] and self.params["wait_for"] == "delivered"
        progress = {"state": "delivered", "waiting_for_vcenter": False} if delivered else {}
        return {"description": "", **plan.after, **progress}

    def guard(self, plan: Plan) -> None:
        """An entry in error cannot be mended; the flow of a live provider is not closed unasked."""
        entry = plan.before
        if self.params["state"] == "present" and entry:
            healthy(entry)
            self._warn_of_other_addresses(entry["ip"])
        if plan.verb != "delete":
            return
        refuse_while_needed(entry, self.params["needed_hosts"])
        given = (self.params["confirm_host"] or "").strip().lower()
        if given:
            if given not in (entry["ip"], self.params["host"].strip().lower()):
                raise GuardError(f"confirm_host {given} is neither host {self.params['host']} nor its IP {entry['ip']}")
            return
        what = f"the KMS of entry {entry['id']} ({entry['ip']}) of {self.params['service_name']}"
        way_out = f"close the flow all the same with confirm_host: {entry['ip']}"
        refuse_while_used(what, self.params["in_use_by"], way_out)
        if in_use(entry, self.flow.encryption()):
            raise GuardError(
                f"KMS entry {entry['id']} ({entry['ip']}) of {self.params['service_name']} is {entry['state']} and VM "
                "encryption is not disabled, so a key provider may depend on it: encrypted VMs do not start without "
                f"their keys. To close the flow all the same, give confirm_host: {entry['ip']}",
                kms_id=entry["id"],
            )

    def create(self, plan: Plan) -> State:
        """Open the flow."""
        body = {"sslThumbprint": plan.after["thumbprint"]}
        if plan.after.get("description"):
            body["description"] = plan.after["description"]
        made = self.flow.create(plan.after["ip"], body, self.params["wait_for"], self.leaving)
        return {**plan.after, **made}

    def update(self, plan: Plan) -> State:
        """Correct thumbprint or description."""
        after = plan.after
        changed = self.flow.change(plan.before, after["thumbprint"], after["description"], self.params["wait_for"])
        return {**after, **changed}

    def delete(self, plan: Plan) -> None:
        """Close the flow."""
        self.flow.remove(plan.before)

    def settle(self, plan: Plan) -> State:
        """Wait for what an earlier run has started."""
        if plan.before:
            return self.flow.settle(plan.before, self.params["wait_for"])
        if self.leaving is not None:
            self.flow.settle_removal(self.leaving)
        return {}

    def _single_address(self) -> str:
        if len(self.addresses) > 1:
            raise AmbiguousError(
                f"host {self.params['host']} has several IPv4 addresses ({', '.join(self.addresses)}), and none has a "
                "KMS entry: the flow is opened address by address, give one of them as host"
            )
        return self.addresses[0]

    def _warn_of_other_addresses(self, ip: str) -> None:
        others = [address for address in self.addresses if address != ip]
        if others:
            self.context.warn(
                f"host {self.params['host']} has several IPv4 addresses: the flow is open to {ip}, not to "
                f"{', '.join(others)}, which vCenter may try as well"
            )


def build(context: Context) -> PrivateCloudKms:
    """The resource for these options."""
    flow = KmsFlow(connect(context), context.params["service_name"], Patience.of(context.params))
    return PrivateCloudKms(context, flow)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
