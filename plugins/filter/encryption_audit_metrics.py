# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_audit_metrics: the report of an encryption audit as metrics for Prometheus."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import NotAReportError, loaded
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._metrics.encryption import metrics

DOCUMENTATION = r"""
name: encryption_audit_metrics
short_description: Format an encryption audit as metrics for Prometheus
version_added: 0.1.0
description:
  - Takes the text that P(ovhcloud.vmware_encryption.encryption_audit_report#filter) returns.
  - All metrics are gauges in base units. Ends are seconds since the epoch, so that the days left are computed at query
    time. No VM is named.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: Text of the report, in JSON.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Write the metrics of an earlier audit
  ovhcloud.vmware_encryption.metrics_file:
    path: /var/lib/node_exporter/vmware-encryption.prom
    content: "{{ text | ovhcloud.vmware_encryption.encryption_audit_metrics }}"
  vars:
    text: "{{ lookup('ansible.builtin.file', '/srv/audit/encryption-audit.json') }}"
"""

RETURN = r"""
_value:
  description: The metrics, in Prometheus' text format.
  type: str
  sample: 'vmware_encryption_virtual_machines{source="encryption_audit",vcenter="vc",state="encrypted"} 12'
"""

TAKES = "the text of a report of encryption_audit_report"


def encryption_audit_metrics(text: str, now: t.Optional[datetime.datetime] = None) -> str:
    """The metrics. Raises AnsibleFilterError when the text is not a report."""
    try:
        report = loaded(text)
    except NotAReportError as error:
        raise AnsibleFilterError(f"encryption_audit_metrics: {error}") from error
    found = report["totals"]["findings"]
    counted = [{"severity": severity, "count": found[severity]} for severity in ("critical", "warning", "notice")]
    facts = {**report, "source": "encryption_audit", "audit_findings": counted}
    return metrics(facts, now or datetime.datetime.now(datetime.timezone.utc))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_audit_metrics": shaped(encryption_audit_metrics, AnsibleFilterError, TAKES)}
