#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_log_subscription
short_description: Send the audit logs of an OVHcloud KMS (OKMS) domain to a stream of Logs Data Platform
description:
  - Subscribes a stream of Logs Data Platform to the audit logs of an OKMS domain. One kind tells who did what with keys
    over KMIP, which vCenter uses; another one tells who called the REST API. The module reads from the API which kinds
    exist.
  - A line of the KMIP audit has, among others, C(iam_operation), C(res_urn) and C(tls_cert_id), which is the id of the
    credential (see M(ovhcloud.vmware_encryption.okms_credential_info)). So the logs prove which certificate got which
    key.
  - Only lines written after the subscription arrive. When it ends, the lines in the stream stay there. Logs Data
    Platform bills their volume.
  - The module asks once for each kind that does not go to the stream yet, and waits until the API lists it. If an
    answer is lost, it looks for the effect, and does not ask again.
  - Subscriptions to other streams, and of kinds that are not named, stay unchanged.
  - The identity needs C(okms:apiovh:log/kind/get), C(okms:apiovh:log/subscription/get) and
    C(okms:apiovh:log/subscription/create) on the domain, and C(ldp:apiovh:output/graylog/stream/forwardTo) on the
    stream's service. To end subscriptions, it needs C(okms:apiovh:log/subscription/delete). OVHcloud calls these API
    routes BETA.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  okms_id:
    description:
      - Id of the OKMS domain.
      - An empty string stands for a domain that will be ordered. Check mode then predicts subscriptions, a real run
        fails.
    type: str
    required: true
  stream_id:
    description: Id of the stream, a UUID. The stream must exist. Another account can let you forward to its streams.
    type: str
    required: true
  kinds:
    description:
      - Kinds of logs, by the names that the API returns, see M(ovhcloud.vmware_encryption.okms_log_subscription_info).
      - By default all that the domain has, and with O(state=absent) all that go to the stream. An empty list is an
        error.
    type: list
    elements: str
  state:
    description:
      - Whether the logs must go to the stream.
      - V(absent) also ends duplicate subscriptions of one kind to the stream.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description: How long to wait at most until the API lists what was asked for, in seconds.
    type: int
    default: 600
  wait_interval:
    description: Pause between two checks, in seconds.
    type: float
    default: 5
seealso:
  - module: ovhcloud.vmware_encryption.okms_log_subscription_info
  - module: ovhcloud.vmware_encryption.okms_credential_info
  - module: ovhcloud.vmware_encryption.okms
"""

EXAMPLES = r"""
- name: Keep a trace of all that is done with keys
  ovhcloud.vmware_encryption.okms_log_subscription:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    stream_id: 8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f

- name: Send no logs of one kind to that stream any more
  ovhcloud.vmware_encryption.okms_log_subscription:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    stream_id: 8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f
    kinds: [rest]
    state: absent
"""

RETURN = r"""
log_subscriptions:
  description:
    - The subscriptions of the chosen kinds to the stream, by kind; empty if there are none. In check mode, the
      prediction, in which unknown values are null.
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
      description: Kind of logs. Null if O(okms_id) is empty and no kinds are named.
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
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    integer,
    number,
    state_option,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_campaign
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.log_resource import (
    EndedLogs,
    SubscribedLogs,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    okms_id=text(required=True),
    stream_id=text(required=True),
    kinds=texts(),
    wait_timeout=integer(default=600),
    wait_interval=number(default=5.0),
    trimmed=("okms_id",),
)


def build(context: Context) -> t.Any:
    """The logs that go to the stream, to be kept or to be ended."""
    kind = EndedLogs if context.params["state"] == "absent" else SubscribedLogs
    return kind(context, connect(context))


def main() -> None:
    """Entry point."""
    run_campaign(SPEC, build)


if __name__ == "__main__":
    main()
