#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_cloud_iam
short_description: Connect a VMware on OVHcloud private cloud with OVHcloud IAM
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Enables or disables OVHcloud IAM on a private cloud and adds vSphere roles, which IAM policies then let identities
    assume.
  - Local vSphere users stay unchanged. Certified or secured private clouds (HDS, PCI DSS, HIPAA,
    SecNumCloud) cannot use IAM; the module recognises this before it tries.
  - Enabling takes up to 30 minutes.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
  - ovhcloud.vmware_encryption._wait
options:
  service_name:
    description: Name of the private cloud.
    type: str
    required: true
  state:
    description: Whether IAM must be on.
    type: str
    choices: [enabled, disabled]
    default: enabled
  roles:
    description:
      - Roles that must exist besides V(iam-admin) and V(iam-auditor), which are part of IAM. OVHcloud adds the prefix
        C(iam-) to their names. Other roles stay, because the API cannot remove them.
      - A role is one of the vSphere users, and gets its rights with
        M(ovhcloud.vmware_encryption.private_cloud_user).
    type: list
    elements: str
    default: []
  confirm_name:
    description: The private cloud's name again, required to disable IAM, because nobody can log in with it afterwards.
    type: str
  wait_timeout:
    description:
      - How long to wait at most, in seconds. If the time is over, the module fails, nothing is lost, and the next run
        continues.
    type: int
    default: 3600
seealso:
  - module: ovhcloud.vmware_encryption.iam_policy
  - module: ovhcloud.vmware_encryption.private_cloud_user
"""

EXAMPLES = r"""
- name: Enable IAM with a role for encryption administrators
  ovhcloud.vmware_encryption.private_cloud_iam:
    service_name: pcc-198-51-100-10
    roles: [encryption]

- name: Grant that role the right to manage key providers
  ovhcloud.vmware_encryption.private_cloud_user:
    service_name: pcc-198-51-100-10
    name: iam-encryption
    encryption_right: true

- name: Let a group of the account assume the role
  ovhcloud.vmware_encryption.iam_policy:
    name: vsphere-encryption
    identities: ["group:encryption"]
    resources: [private_cloud:pcc-198-51-100-10]
    allow: ["pccVMware:vSphere:assumeRole?iam-encryption"]
"""

RETURN = r"""
iam:
  description: The IAM option of the private cloud.
  returned: success
  type: dict
  contains:
    service_name:
      description: The private cloud.
      type: str
      sample: pcc-198-51-100-10
    state:
      description: V(enabled), V(disabled), or an intermediate state, such as V(enabling).
      type: str
      sample: enabled
    available:
      description: Whether IAM is on or could be.
      type: bool
      sample: true
    reason:
      description: Why it cannot be enabled, null if it can.
      type: str
      sample: null
    identity_provider_id:
      description: Id of the identity provider, null if IAM is off or, in check mode, not known yet.
      type: int
      sample: 12
    roles:
      description: Names of the roles.
      type: list
      elements: str
      sample: [iam-admin, iam-auditor, iam-encryption]
    actions:
      description: The IAM actions that let an identity assume the roles.
      type: list
      elements: str
      sample: ["pccVMware:vSphere:assumeRole?iam-admin", "pccVMware:vSphere:assumeRole?iam-auditor"]
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import GuardError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.iam import (
    ACTION,
    IAM_FIELDS,
    STANDARD_ROLES,
    CloudIam,
    role_name,
)

SPEC = ArgSpec(
    connection(),
    wait_options(timeout=3600),
    service_name=text(required=True),
    state=text(default="enabled", choices=("enabled", "disabled")),
    roles=texts(default=[]),
    confirm_name=text(),
)
_GOING = {"enabled": "enabling", "disabled": "disabling"}


class PrivateCloudIam(Resource):
    """The IAM option of one private cloud."""

    result_key = "iam"
    fields = IAM_FIELDS
    volatile = ("available", "reason", "identity_provider_id", "actions")

    def __init__(self, context: Context, iam: CloudIam) -> None:
        self.params = context.params
        self.iam = iam

    def read(self) -> State:
        """The option as it is; it always exists, off at worst."""
        return self.iam.read()

    def wanted(self, before: State | None) -> State:
        """On with these roles, or off; what is on its way there needs no second request."""
        state, present = self.params["state"], before or {}
        if state == "disabled":
            return {} if present["state"] == _GOING[state] else {"state": state, "roles": []}
        roles = {*present["roles"], *(role_name(name, present["roles"]) for name in self.params["roles"])}
        if present["state"] == "disabled":
            roles.update(STANDARD_ROLES)
        return {"state": "enabling" if present["state"] == "enabling" else "enabled", "roles": sorted(roles)}

    def predict(self, plan: Plan) -> State:
        """The state at the end; the id of the identity provider is OVHcloud's to choose."""
        state, known = self.params["state"], plan.before["state"] == self.params["state"] == "enabled"
        if not plan.changed:
            return plan.after
        roles = sorted({*plan.after["roles"], *STANDARD_ROLES}) if state == "enabled" else []
        return {
            **plan.after,
            "state": state,
            "roles": roles,
            "available": True,
            "reason": None,
            "identity_provider_id": plan.before["identity_provider_id"] if known else None,
            "actions": [ACTION + role for role in roles],
        }

    def guard(self, plan: Plan) -> None:
        """Certified clouds cannot have it; disabling locks people out."""
        name = self.params["service_name"]
        if self.params["state"] == "enabled":
            self.iam.require(plan.before)
        elif plan.changed and self.params["confirm_name"] != name:
            raise GuardError(
                f"disabling IAM on {name} locks out everybody who logs in to vSphere with it, roles "
                f"{', '.join(plan.before['roles']) or 'none'}: it needs confirm_name: {name}"
            )

    def create(self, plan: Plan) -> State:
        """Never called: the option always exists."""
        return self.update(plan)

    def update(self, plan: Plan) -> State:
        """Switch, then add the roles that are missing."""
        state = self.params["state"]
        if plan.before["state"] != state:
            self.iam.switch(plan.before["state"], state)
        present = self.iam.roles() if state == "enabled" and self.iam.state() == "enabled" else None
        for role in plan.after["roles"] if present is not None else []:
            if role not in (present or []):
                self.iam.add_role(role)
        return self.iam.read()

    def delete(self, plan: Plan) -> None:
        """Never called: `absent` is not a state of this option."""

    def settle(self, plan: Plan) -> State:
        """Wait for what an earlier run has started."""
        if plan.before["state"] == _GOING[self.params["state"]]:
            self.iam.switch(plan.before["state"], self.params["state"])
            return self.iam.read()
        return plan.after


def build(context: Context) -> PrivateCloudIam:
    """The resource for these options."""
    iam = CloudIam(connect(context), context.params["service_name"], Patience.of(context.params))
    return PrivateCloudIam(context, iam)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
