# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter drift_report: the differences between what should be there and what is, as one report."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.report import report

DOCUMENTATION = r"""
name: drift_report
short_description: Compare what should be there with what is
version_added: 0.1.0
description:
  - Turns the registered results of info modules into a list of differences, each with its severity, the next step, and
    whether a run may repair it.
  - Only what a thumbprint or a CA vouches for can be repaired, namely KMS entries, servers of a key provider, and
    vCenter's trust in them.
  - The role C(drift_check) shows and writes this report.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: What was read. Parts that were not read are absent or empty.
    type: dict
    required: true
    suboptions:
      vcenter:
        description: Address of the vCenter.
        type: str
        required: true
      expected:
        description: What P(ovhcloud.vmware_encryption.drift_expected#filter) returns.
        type: dict
        required: true
      missing_dossier:
        description: Path of a dossier that should be there and is not.
        type: str
      settings:
        description: Limits (C(warn_days), C(backup_max_age)), C(fail_at), and C(storage_policies).
        type: dict
        required: true
      key_providers:
        description: Registered result of M(ovhcloud.vmware_encryption.key_provider_info).
        type: dict
      servers:
        description:
          - Registered results of M(ovhcloud.vmware_encryption.kmip_server_info), in the order of the expected servers.
        type: list
        elements: dict
      cloud:
        description: Registered result of M(ovhcloud.vmware_encryption.private_cloud_info).
        type: dict
      credentials:
        description: Registered results of M(ovhcloud.vmware_encryption.okms_credential_info), one for each domain.
        type: list
        elements: dict
      policies:
        description: Registered result of M(ovhcloud.vmware_encryption.iam_policy_info).
        type: dict
      account:
        description: Registered result of M(ovhcloud.vmware_encryption.account_info) with the open orders.
        type: dict
      storage_policies:
        description: Registered result of M(ovhcloud.vmware_encryption.encryption_storage_policy_info).
        type: dict
      machines:
        description: Registered result of M(ovhcloud.vmware_encryption.vm_encryption_info).
        type: dict
      backups:
        description: For each native provider its backup file (C(file)), its C(copies), and whether it
          could be opened (C(opened)).
        type: dict
      not_read:
        description: What could not be read, with the reason. Empty reasons are ignored.
        type: dict
      fixes:
        description: Registered results of the repairs by their kind, in the order of the calls.
        type: dict
  previous:
    description: Text of the previous report. If it says the same, the new one keeps its time.
    type: str
    default: ""
  before:
    description: After repairs, the text of the report from before them. What it had and the new one lacks was repaired.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the differences
  ansible.builtin.debug:
    msg: "{{ (facts | ovhcloud.vmware_encryption.drift_report).lines }}"
  vars:
    facts:
      vcenter: "{{ found.vcenter }}"
      expected: "{{ {'dossier': known.providers} | ovhcloud.vmware_encryption.drift_expected }}"
      settings: {warn_days: 30, backup_max_age: 365, fail_at: critical}
      key_providers: "{{ found }}"
"""

RETURN = r"""
_value:
  description: The report.
  type: dict
  contains:
    text:
      description: The text of the JSON file.
      type: str
    lines:
      description: The differences as lines, worst first.
      type: list
      elements: str
    counts:
      description: How many differences of each severity are left, and how many were C(fixed).
      type: dict
    message:
      description: The same in words.
      type: str
    failing:
      description: The differences that make the run fail.
      type: list
      elements: dict
    fixes:
      description:
        - The repairs, as options of M(ovhcloud.vmware_encryption.private_cloud_kms) (C(entries)) and
          M(ovhcloud.vmware_encryption.standard_key_provider) (C(servers)).
      type: dict
    metrics:
      description: The metrics, in Prometheus' text format.
      type: str
"""

TAKES = "what drift_expected returns, and registered results of the info modules"


def drift_report(
    facts: t.Any, previous: str = "", before: str = "", now: t.Optional[datetime.datetime] = None
) -> dict[str, t.Any]:
    """The report."""
    missing = [
        key for key in ("vcenter", "expected", "settings") if not isinstance(facts, t.Mapping) or key not in facts
    ]
    if missing:
        raise AnsibleFilterError(f"drift_report: the facts lack {', '.join(missing)}")
    return report(facts, now or datetime.datetime.now(datetime.timezone.utc), str(previous or ""), str(before or ""))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"drift_report": shaped(drift_report, AnsibleFilterError, TAKES)}
