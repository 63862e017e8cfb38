#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: api_rights_info
short_description: List what the current OVHcloud credential lacks
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Compares the credential with all calls that an encryption option needs, and names every gap at once. It checks both
    layers, the access rules of a consumer key and the IAM actions of the identity.
  - Returns when the credential expires, and ready-to-use consumer-key rules and IAM policies.
  - A credential that is expired, not validated or unknown is a result, not a failure.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  option:
    description: The encryption option for which to use the credential.
    type: str
    choices: [okms, external_kms, native_key_provider]
    default: okms
  profile:
    description:
      - Extent of the rights. Each profile contains those before it.
      - V(read_only) is enough for info modules and most of check mode, V(operate) for everything that costs nothing;
        V(order) also orders an OKMS domain.
    type: str
    choices: [read_only, operate, order]
    default: operate
  features:
    description:
      - Additional tasks. V(iam) enables IAM on the private cloud and maintains policies, V(kmip_policy) only maintains
        the IAM policy of the identities in vCenter's access certificate, V(logs) sends audit logs of the OKMS domain to
        a stream, V(service_keys) manages service keys, V(termination) terminates an OKMS domain and removes its IAM
        policy (with O(profile=order) only), V(users) creates and removes vSphere users.
      - For V(logs), the policy names all services of Logs Data Platform. Narrow it to the one that has the stream.
      - V(iam) and V(kmip_policy) do not include the rights to disable IAM again or to delete policies.
    type: list
    elements: str
    choices: [iam, kmip_policy, logs, service_keys, termination, users]
    default: []
  kmip:
    description:
      - Whether this identity is also the one in vCenter's access certificate, which needs the KMIP actions.
      - Only for O(option=okms).
    type: bool
    default: true
  service_name:
    description: The private cloud, for rules and policies that name it. Without it, they apply to all.
    type: str
  okms_id:
    description: The OKMS domain, for rules and policies that name it. Without it, they apply to all.
    type: str
seealso:
  - module: ovhcloud.vmware_encryption.iam_policy
notes:
  - A consumer key's access rules cannot change after its creation. To add one, create another key with the rules in
    RV(profiles). A service account has no such rules and does not expire.
"""

EXAMPLES = r"""
- name: List what is missing to order and set up OVHcloud KMS
  ovhcloud.vmware_encryption.api_rights_info:
    option: okms
    profile: order
    service_name: pcc-198-51-100-10
  register: found

- name: Show it in one line
  ansible.builtin.debug:
    msg: "{{ found.rights.message }}"

- name: Show the rules for a new consumer key, and the policy that would grant the rest
  ansible.builtin.debug:
    msg: "{{ found.profiles.order }}"
"""

RETURN = r"""
rights:
  description: What the credential may do.
  returned: success
  type: dict
  contains:
    usable:
      description: Whether OVHcloud accepts the credential at all.
      type: bool
      sample: true
    problem:
      description: Why OVHcloud does not accept the credential, null if it does. An expired key, one that was never
        validated and an unknown one have different texts.
      type: str
      sample: null
    account:
      description: The account, null if RV(rights.usable) is V(false).
      type: str
      sample: ab12345-ovh
    method:
      description: How the caller authenticates, null if RV(rights.usable) is V(false).
      type: str
      sample: oauth2_client_credentials
    identities:
      description: URNs that are compared with IAM policies.
      type: list
      elements: str
      sample: ["urn:v1:eu:identity:credential:ab12345-ovh/oauth2-EU.0123456789abcdef"]
    lacks_kmip_policy:
      description:
        - Whether this identity still needs an IAM policy with the C(okms:kmip) actions to be the one in vCenter's
          access certificate. OKMS refuses the certificate until then.
        - The account itself, and users in a group with the role ADMIN, need no policy. Their KMIP actions count as
          granted.
        - Null if OVHcloud does not return it, and with O(kmip=false).
      type: bool
      sample: false
    user:
      description: Local user, null for others.
      type: str
      sample: null
    description:
      description: Description of the service account, null for others.
      type: str
      sample: ansible
    credential:
      description: The consumer key, null for other credentials or if OVHcloud does not return it.
      type: dict
      contains:
        status:
          description: V(validated), V(expired), V(pendingValidation) or V(refused).
          type: str
          sample: validated
        created:
          description: When it was made.
          type: str
          sample: "2026-09-01T08:00:00Z"
        expires:
          description: When it ends, null for never.
          type: str
          sample: "2026-12-01T08:00:00Z"
        days_left:
          description: Whole days until then by OVHcloud's clock, null for never.
          type: int
          sample: 66
        last_used:
          description: When it was used last, null for never.
          type: str
          sample: "2026-09-25T08:00:00Z"
        allowed_ips:
          description: Addresses that it may be used from, null for all.
          type: list
          elements: str
          sample: null
        rules:
          description: Its access rules.
          type: list
          elements: dict
          sample: [{method: GET, path: /me}]
    calls:
      description: All calls and actions that are needed.
      type: list
      elements: dict
      contains:
        method:
          description: Method, null for an action without a call, such as those of KMIP.
          type: str
          sample: POST
        path:
          description: Path, with V(*) for ids. Null for an action without a call.
          type: str
          sample: /v2/okms/resource/*/credential
        action:
          description: IAM action, null if the call needs none.
          type: str
          sample: okms:apiovh:credential/create
        resource:
          description: The resource that the action is needed on, null if the call needs none.
          type: str
          sample: urn:v1:eu:resource:okms:*
        granted:
          description: Whether it is granted, null if OVHcloud did not answer this.
          type: bool
          sample: false
        refused_by:
          description: V(consumer_key) if a rule is missing, V(iam) if a policy is, otherwise null.
          type: str
          sample: iam
        optional:
          description: Whether you can set up and operate the option without it, as with revoking a certificate
            or reading the private cloud's allowed networks.
          type: bool
          sample: false
    missing_calls:
      description: Calls that the rules of the consumer key do not allow.
      type: list
      elements: str
      sample: [GET /me/order]
    missing_actions:
      description: IAM actions that no policy grants.
      type: list
      elements: str
      sample: ["okms:apiovh:credential/create"]
    unchecked_actions:
      description: IAM actions whose RV(rights.calls[].granted) is null.
      type: list
      elements: str
      sample: []
    complete:
      description: Whether everything is granted.
      type: bool
      sample: false
    message:
      description: All gaps in one sentence.
      type: str
      sample: >-
        urn:v1:eu:identity:user:ab12345-ovh/robot lacks for option okms, profile operate: IAM actions
        okms:apiovh:credential/create
profiles:
  description: For each profile, what to create, with the names of O(service_name) and O(okms_id) filled in.
  returned: success
  type: dict
  contains:
    read_only:
      description: For info modules and check mode.
      type: dict
      contains:
        access_rules:
          description: For C(POST /auth/credential), or the page on which tokens are made.
          type: list
          elements: dict
          sample: [{method: GET, path: /dedicatedCloud}]
        iam_policy:
          description: Body for C(POST /v2/iam/policy), for the present identity.
          type: dict
          sample:
            name: ansible-okms-read-only
            identities: ["urn:v1:eu:identity:user:ab12345-ovh/robot"]
            resources: [{urn: "urn:v1:eu:resource:okms:*"}]
            permissions: {allow: [{action: "okms:apiovh:resource/get"}]}
    operate:
      description: For everything that costs nothing, of the same shape.
      type: dict
      sample: {access_rules: [], iam_policy: {}}
    order:
      description: For ordering too, of the same shape.
      type: dict
      sample: {access_rules: [], iam_policy: {}}
clock_offset:
  description: Seconds by which OVHcloud's clock is ahead of the clock of the host that runs the module.
  returned: success
  type: float
  sample: 0.4
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import OPTIONS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.needs import FEATURES, PROFILES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.rights import Rights, RightsQuery

SPEC = ArgSpec(
    connection(),
    option=text(default="okms", choices=OPTIONS),
    profile=text(default="operate", choices=PROFILES),
    features={**texts(default=[]), "choices": list(FEATURES)},
    kmip=boolean(default=True),
    service_name=text(),
    okms_id=text(),
)


class ApiRightsInfo:
    """Reader of the rights."""

    def __init__(self, params: t.Mapping[str, t.Any], client: Client) -> None:
        self._client = client
        features = (*params["features"], *(["kmip"] if params["kmip"] else []))
        names = params["service_name"] or "", params["okms_id"] or ""
        self._rights = Rights(client, RightsQuery(params["option"], params["profile"], features, *names))

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        return {**self._rights.report(), "clock_offset": round(self._client.clock_offset(), 3)}


def build(context: Context) -> ApiRightsInfo:
    """The reader for these options."""
    return ApiRightsInfo(context.params, connect(context))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
