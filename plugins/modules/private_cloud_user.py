#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_cloud_user
short_description: Manage rights of a vSphere user of a VMware on OVHcloud private cloud
description:
  - Grants or revokes a vSphere user's rights, such as the encryption right, which the user who sets up key providers
    needs.
  - The module finds users by their exact login or name. It sends only what differs, and verifies the result.
  - A change that an earlier run requested and that is still underway is not requested again. The module waits for it,
    and with O(wait=false) it changes nothing and warns. To see it, the identity needs the optional action
    C(pccVMware:apiovh:user/task/get).
  - It creates users only if O(allow_create=true), and removes them only if O(confirm_name) is given.
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
  name:
    description: Name of the user, such as V(admin), or its full login, such as V(admin@pcc-198-51-100-10.ovh.com).
    type: str
    required: true
  encryption_right:
    description: Whether the user may manage key providers and encryption. If not given, unchanged.
    type: bool
  can_manage_rights:
    description: Whether the user may change users' rights. If not given, unchanged.
    type: bool
  can_manage_network:
    description: Whether the user may manage networks. If not given, unchanged.
    type: bool
  can_manage_ip_fail_overs:
    description: Whether the user may manage additional IP addresses. If not given, unchanged.
    type: bool
  nsx_right:
    description: Whether the user may use NSX. If not given, unchanged.
    type: bool
  full_admin_ro:
    description: Whether the user may read as a full administrator. If not given, unchanged.
    type: bool
  receive_alerts:
    description: Whether the user receives alerts by mail. If not given, unchanged.
    type: bool
  token_validator:
    description:
      - Whether the user may confirm sensitive operations on a private cloud with advanced security.
      - If not given, unchanged.
    type: bool
  email:
    description: Mail address. If not given, unchanged. An empty text clears it.
    type: str
  first_name:
    description: First name. If not given, unchanged. An empty text clears it.
    type: str
  last_name:
    description: Last name. If not given, unchanged. An empty text clears it.
    type: str
  phone_number:
    description:
      - Phone number in the form V(+33.612345678). Numbers with the same digits are the same.
      - If not given, unchanged. An empty text clears it.
    type: str
  allow_create:
    description: Whether to create the user if there is none.
    type: bool
    default: false
  password:
    description:
      - Password of a new user. Without it, OVHcloud generates one and sends it by mail.
      - The module never changes an existing user's password.
    type: str
  right:
    description: Right of a new user on all datacenters. An existing user keeps its right.
    type: str
    choices: [admin, disabled, readonly, readwrite]
  network_role:
    description: Role of a new user on networks. An existing user keeps its role.
    type: str
    choices: [admin, manager, noAccess, readonly]
  vm_network_role:
    description: Role of a new user on networks of VMs. An existing user keeps its role.
    type: str
    choices: [admin, noAccess, readonly]
  state:
    description: Whether the user must exist. V(absent) requires O(confirm_name).
    type: str
    choices: [present, absent]
    default: present
  confirm_name:
    description: Name or login of the user, typed again. Required to remove a user.
    type: str
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
  - module: ovhcloud.vmware_encryption.private_cloud_iam
  - module: ovhcloud.vmware_encryption.vcenter_readiness_info
"""

EXAMPLES = r"""
- name: Grant admin the right to manage key providers
  ovhcloud.vmware_encryption.private_cloud_user:
    service_name: pcc-198-51-100-10
    name: admin
    encryption_right: true

- name: Create a separate user for encryption
  ovhcloud.vmware_encryption.private_cloud_user:
    service_name: pcc-198-51-100-10
    name: encryption
    allow_create: true
    password: "{{ vault_encryption_password }}"
    right: admin
    encryption_right: true

- name: Remove it
  ovhcloud.vmware_encryption.private_cloud_user:
    service_name: pcc-198-51-100-10
    name: encryption
    state: absent
    confirm_name: encryption
"""

RETURN = r"""
user:
  description: The user, empty if it is absent. In check mode, unknown values are null.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the user.
      type: int
      sample: 1201
    name:
      description: Name of the user.
      type: str
      sample: admin
    login:
      description: Name with which the user logs in to vCenter.
      type: str
      sample: admin@pcc-198-51-100-10.ovh.com
    email:
      description: Mail address, null if there is none.
      type: str
      sample: ops@example.net
    first_name:
      description: First name, null if there is none.
      type: str
      sample: Ada
    last_name:
      description: Last name, null if there is none.
      type: str
      sample: Example
    phone_number:
      description: Phone number, null if there is none.
      type: str
      sample: "+33.612345678"
    state:
      description: State that OVHcloud reports, normally V(delivered).
      type: str
      sample: delivered
    activation_state:
      description: Whether the user may log in, as OVHcloud reports.
      type: str
      sample: enabled
    encryption_right:
      description: May manage key providers and encryption.
      type: bool
      sample: true
    can_manage_rights:
      description: May change rights of users.
      type: bool
      sample: true
    can_manage_network:
      description: May manage networks.
      type: bool
      sample: true
    can_manage_ip_fail_overs:
      description: May manage additional IP addresses.
      type: bool
      sample: false
    nsx_right:
      description: May use NSX.
      type: bool
      sample: true
    full_admin_ro:
      description: May read as a full administrator.
      type: bool
      sample: false
    receive_alerts:
      description: Receives alerts by mail.
      type: bool
      sample: true
    token_validator:
      description: May confirm sensitive operations on a private cloud with advanced security.
      type: bool
      sample: false
    type:
      description: V(user) or V(group), null if OVHcloud does not return it.
      type: str
      sample: user
    identity_provider_type:
      description: V(iam) or V(federation) for users that come from IAM or a federation, otherwise null.
      type: str
      sample: null
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    state_option,
    text,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.user_resource import (
    PrivateCloudUser,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.users import (
    RIGHTS,
    TEXTS,
    Users,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    wait_options(timeout=1800),
    service_name=text(required=True),
    name=text(required=True),
    allow_create=boolean(default=False),
    password=text(secret=True),
    right=text(choices=("admin", "disabled", "readonly", "readwrite")),
    network_role=text(choices=("admin", "manager", "noAccess", "readonly")),
    vm_network_role=text(choices=("admin", "noAccess", "readonly")),
    confirm_name=text(),
    trimmed=("name",),
    **{name: boolean() for name in RIGHTS},
    **{name: text() for name in TEXTS},
)


def build(context: Context) -> PrivateCloudUser:
    """The resource for these options."""
    users = Users(connect(context), context.params["service_name"], Patience.of(context.params))
    return PrivateCloudUser(context, users)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
