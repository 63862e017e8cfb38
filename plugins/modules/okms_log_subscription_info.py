#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_log_subscription_info
short_description: List where the audit logs of OVHcloud KMS (OKMS) domains go, and which kinds there are
description:
  - Lists the subscriptions that send audit logs of one OKMS domain, or of all domains that the account can see, to
    streams of Logs Data Platform.
  - If there are none, the list is empty; this is not an error. The use of keys then leaves no trace that you can read.
  - It does not read the logs themselves.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  okms_id:
    description: Only this domain. Without it, all domains.
    type: str
  stream_id:
    description: Only subscriptions to the stream with this id.
    type: str
  kind:
    description: Only this kind of logs.
    type: str
  include_kinds:
    description: Whether to list the kinds of logs of each domain too.
    type: bool
    default: false
seealso:
  - module: ovhcloud.vmware_encryption.okms_log_subscription
"""

EXAMPLES = r"""
- name: Show which logs our domains have, and where they go
  ovhcloud.vmware_encryption.okms_log_subscription_info:
    include_kinds: true
  register: logs
"""

RETURN = r"""
log_subscriptions:
  description: The subscriptions, by domain, kind and stream.
  returned: success
  type: list
  elements: dict
  contains:
    okms_id:
      description: Id of the domain.
      type: str
      sample: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    id:
      description: Id of the subscription.
      type: str
      sample: 3b9e2c51-7d4a-4f60-8a1b-9c8d7e6f5a4b
    kind:
      description: Kind of logs.
      type: str
      sample: kmip
    stream_id:
      description: Id of the stream.
      type: str
      sample: 8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f
    ldp_service:
      description: Service of Logs Data Platform that has the stream.
      type: str
      sample: ldp-rb-12345
    created_at:
      description: Time since which the logs go to the stream.
      type: str
      sample: "2026-11-29T06:40:12Z"
log_kinds:
  description: The kinds of logs, by domain and name, empty unless O(include_kinds=true).
  returned: success
  type: list
  elements: dict
  contains:
    okms_id:
      description: Id of the domain.
      type: str
      sample: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name:
      description: Name, as M(ovhcloud.vmware_encryption.okms_log_subscription) takes it.
      type: str
      sample: kmip
    display_name:
      description: Name for people.
      type: str
      sample: KMIP audit
    fields:
      description: Fields of its lines, besides those that all logs have.
      type: list
      elements: str
      sample: [tls_cert_id, res_urn, iam_operation, kmip_operation, kmip_reason]
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, boolean, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.log_resource import (
    LogSubscriptionInfo,
)

SPEC = ArgSpec(
    connection(),
    okms_id=text(),
    stream_id=text(),
    kind=text(),
    include_kinds=boolean(default=False),
    trimmed=("okms_id",),
)


def build(context: Context) -> LogSubscriptionInfo:
    """The reader for the options of the module."""
    return LogSubscriptionInfo(context, connect(context))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
