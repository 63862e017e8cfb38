#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_cloud_info
short_description: Read VMware on OVHcloud private clouds
description:
  - Reads the account's private clouds, with what matters for VM encryption.
  - If this identity may not read something, the value is null, and a warning names the missing action. The module
    still reads the rest.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  service_name:
    description:
      - Name of the private cloud, such as V(pcc-198-51-100-10). If not given, the module reads all private
        clouds of the account.
      - If the name does not exist, the list is empty.
    type: str
  gather:
    description:
      - What to read besides the service itself. Keys of parts that are not read are null.
      - V(encryption) is the state of VM encryption and the KMS entries, V(kms) the KMS entries alone (also in
        RV(private_clouds[].encryption), with a null state), V(users) the vSphere users and their rights,
        V(iam) the IAM option, V(networks) the networks that may reach vCenter, V(tasks) the unfinished
        tasks, V(capabilities) what the private cloud can do, V(security) the security options and the password
        policy, V(replication) whether Zerto replicates from its virtual datacenters, V(life_cycle) the end dates of
        the product and of the hosts in its virtual datacenters.
    type: list
    elements: str
    choices: [encryption, kms, users, iam, networks, tasks, capabilities, security, replication, life_cycle]
    default: [encryption, users, iam]
  user:
    description:
      - Name or login of the only vSphere user to read for V(users). Without it, the module reads all users.
      - It also reads all users if none has that name, and on private clouds with advanced security, where one of them
        must be a token validator.
    type: str
seealso:
  - module: ovhcloud.vmware_encryption.private_cloud_kms
  - module: ovhcloud.vmware_encryption.private_cloud_user
  - module: ovhcloud.vmware_encryption.private_cloud_iam
  - plugin: ovhcloud.vmware_encryption.private_clouds
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Read all private clouds of the account
  ovhcloud.vmware_encryption.private_cloud_info:
  register: clouds

- name: Read who may reach vCenter, and the security options
  ovhcloud.vmware_encryption.private_cloud_info:
    service_name: pcc-198-51-100-10
    gather: [networks, security]
"""

RETURN = r"""
private_clouds:
  description: The private clouds, empty if there is none of that name.
  returned: success
  type: list
  elements: dict
  contains:
    service_name:
      description: Name of the private cloud.
      type: str
      sample: pcc-198-51-100-10
    description:
      description: Description.
      type: str
      sample: prod
    state:
      description: State, normally V(delivered).
      type: str
      sample: delivered
    location:
      description: Zone.
      type: str
      sample: rbx2a
    version:
      description: Version of vSphere, with V(major), V(minor) and V(build).
      type: dict
      sample: {major: "8.0", minor: "3", build: "24022515"}
    vcenter_host:
      description: Host name of vCenter.
      type: str
      sample: pcc-198-51-100-10.ovh.com
    urn:
      description: URN for IAM policies.
      type: str
      sample: urn:v1:eu:resource:pccVMware:pcc-198-51-100-10
    user_access_policy:
      description: Whether vCenter is open to everybody (V(open)) or only to the allowed networks (V(filtered)).
      type: str
      sample: filtered
    user_limit_concurrent_session:
      description: How many vCenter sessions may be open at once.
      type: int
      sample: 20
    user_logout_policy:
      description: Whose session ends if there are too many, the V(first) or the V(last) one.
      type: str
      sample: first
    user_session_timeout:
      description: After how many seconds an idle session ends, 0 for never.
      type: int
      sample: 0
    advanced_security:
      description: Whether a token validator must confirm sensitive operations within 15 minutes.
      type: bool
      sample: false
    service_pack:
      description: Service pack.
      type: str
      sample: nsxt
    generation:
      description: Generation of the product.
      type: str
      sample: "2.0"
    commercial_range:
      description: Commercial range.
      type: str
      sample: "2020"
    secure_interface:
      description: Address for the confirmation of sensitive operations, for private clouds with advanced security.
      type: str
      sample: https://pcc-198-51-100-10.ovh.com/secure/
    encryption:
      description: VM encryption, null if it was not read.
      type: dict
      contains:
        state:
          description: State of VM encryption. The first KMS entry enables it.
          type: str
          sample: enabled
        kms:
          description: The KMS entries.
          type: list
          elements: dict
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
              sample: 5697
            thumbprint:
              description: Thumbprint of the KMS's certificate, in upper case with colons.
              type: str
              sample: 0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D
            description:
              description: Description of the entry.
              type: str
              sample: okms eu-west-rbx
            state:
              description: State of the entry, V(delivered) when vCenter uses the KMS.
              type: str
              sample: delivered
    users:
      description:
        - vSphere users with the fields that M(ovhcloud.vmware_encryption.private_cloud_user) returns.
        - Null if they were not read.
      type: list
      elements: dict
      sample:
        - id: 1201
          name: admin
          login: admin@pcc-198-51-100-10.ovh.com
          email: ops@example.net
          first_name: null
          last_name: null
          phone_number: null
          state: delivered
          activation_state: enabled
          encryption_right: false
          can_manage_rights: true
          can_manage_network: true
          can_manage_ip_fail_overs: false
          nsx_right: true
          full_admin_ro: false
          receive_alerts: true
          token_validator: false
          type: user
          identity_provider_type: null
    iam:
      description: IAM option, null if it was not read.
      type: dict
      contains:
        state:
          description: State of the option, null if the private cloud does not have it.
          type: str
          sample: disabled
        available:
          description: Whether the option is enabled or could be.
          type: bool
          sample: true
        identity_provider_id:
          description: Id of the identity provider, null if the option is not enabled.
          type: int
          sample: 12
    allowed_networks:
      description: Networks that may reach vCenter if the access policy is V(filtered). Null if they were not read.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the entry.
          type: int
          sample: 77
        network:
          description: The network.
          type: str
          sample: 203.0.113.5/32
        description:
          description: Description.
          type: str
          sample: awx
        state:
          description: State of the entry.
          type: str
          sample: allowed
    tasks:
      description: Tasks that are unfinished or in error. Null if they were not read.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the task.
          type: int
          sample: 987654
        state:
          description: State of the task.
          type: str
          sample: doing
        progress:
          description: Progress in percent, from 0 to 100.
          type: int
          sample: 50
        description:
          description: Description.
          type: str
          sample: Waiting for customer to configure the KMS Server...
        created_by:
          description: Who started it.
          type: str
          sample: ab12345-ovh
        user_id:
          description: Id of the vSphere user that it is about, null if it is about none.
          type: int
          sample: null
        started_at:
          description: When it was started.
          type: str
          sample: "2026-09-01T08:00:00Z"
        seconds_to_confirm:
          description:
            - For a task that has not started, the seconds for which a token validator's code would still be valid.
            - It matters on private clouds with advanced security. Null for tasks that have started.
          type: int
          sample: null
    capabilities:
      description: What the private cloud can do, null if it was not read.
      type: dict
      sample: {can_add_user: true, upgradable: false, user_access_policy_status: active}
    security:
      description: Security, null if it was not read. Its parts are null if OVHcloud does not return them.
      type: dict
      contains:
        state:
          description: State of the security options as a whole.
          type: str
          sample: delivered
        enabled_options:
          description: Security options that are enabled.
          type: list
          elements: str
          sample: [advancedSecurity, base, tokenValidation]
        password_policy:
          description: Rules for the passwords of vSphere users.
          type: dict
          sample: {min_length: 8, max_length: 30, digit_mandatory: true}
    replication:
      description:
        - Replication by Zerto, which cannot replicate encrypted VMs, null if it was not read.
        - Reading needs the IAM actions C(pccVMware:apiovh:datacenter/get) and
          C(pccVMware:apiovh:datacenter/disasterRecovery/zerto/status/get).
      type: dict
      contains:
        zerto:
          description: Whether any virtual datacenter has it in a state other than V(disabled).
          type: bool
          sample: false
        datacenters:
          description: State of the option, in OVHcloud's words, by id of the virtual datacenter.
          type: dict
          sample: {"1254": disabled}
    life_cycle:
      description:
        - End dates, null if they were not read. Reading needs the IAM action C(pccVMware:apiovh:datacenter/get).
        - The dates are those that this version of the collection has from OVHcloud's page on its lifecycle policy.
      type: dict
      contains:
        commercial_names:
          description: Commercial names of the virtual datacenters, as OVHcloud names them.
          type: list
          elements: str
          sample: [PREMIER]
        ends:
          description: The dates, the earliest first.
          type: list
          elements: dict
          contains:
            what:
              description: Product or hosts that the date is about.
              type: str
              sample: Managed VMware vSphere
            phase:
              description: What begins then.
              type: str
              sample: maintenance mode
            date:
              description: The date.
              type: str
              sample: "2027-05-31"
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    given,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import names
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.facts import (
    DEFAULT_SUBSETS,
    SUBSETS,
    gather,
)

SPEC = ArgSpec(
    connection(),
    service_name=text(),
    gather={**texts(default=DEFAULT_SUBSETS), "choices": list(SUBSETS)},
    user=text(),
)


class PrivateCloudInfo:
    """Reads one private cloud or all of the account."""

    def __init__(self, context: Context, client: Client) -> None:
        self.context = context
        self.client = client

    def find(self) -> dict[str, t.Any]:
        """The private clouds with the chosen subsets."""
        name = self.context.params["service_name"]
        listed = [] if name else names(self.client.get("/dedicatedCloud"), "the list of private clouds")
        clouds = [name] if name else sorted(listed)
        subsets = self.context.params["gather"]
        user, warn = given(self.context.params["user"]), self.context.warn
        found = [gather(self.client, service, subsets, warn, user) for service in clouds]
        return {"private_clouds": [facts for facts in found if facts is not None]}


def build(context: Context) -> PrivateCloudInfo:
    """The reader for these options."""
    return PrivateCloudInfo(context, connect(context))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
