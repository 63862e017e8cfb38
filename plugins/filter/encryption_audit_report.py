# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_audit_report: facts about a vCenter as the report of an audit."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import (
    NotAReportError,
    loaded,
    report,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.origin import (
    collection_version,
    run_by,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: encryption_audit_report
short_description: Make the report of an encryption audit from facts
version_added: 0.1.0
description:
  - Takes what the info modules of this collection return and returns the report's text, in JSON, with totals,
    findings, exceptions, certificates, and the trend.
  - If it says the same as the previous report, it keeps that report's time, so that nothing changes.
  - The role C(encryption_audit) writes this text.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The facts.
    type: dict
    required: true
    suboptions:
      vcenter:
        description: Address of the vCenter.
        type: str
        required: true
      vcenter_about:
        description:
          - Its instance UUID, version and build, and the user that read it. The keys are C(id), C(version), C(build)
            and C(user).
        type: dict
      run_by:
        description:
          - Who runs the audit (C(user)) and in which C(job). If no user is given, the control node's user.
          - The filter adds the control node's name.
        type: dict
      virtual_machines:
        description: As M(ovhcloud.vmware_encryption.vm_encryption_info) returns them.
        type: list
        elements: dict
        required: true
      key_providers:
        description: As M(ovhcloud.vmware_encryption.key_provider_info) returns them.
        type: list
        elements: dict
        required: true
      hosts:
        description: As M(ovhcloud.vmware_encryption.host_encryption_info) returns them.
        type: list
        elements: dict
      storage_policies:
        description: As M(ovhcloud.vmware_encryption.encryption_storage_policy_info) returns them.
        type: list
        elements: dict
      vsan_clusters:
        description: As M(ovhcloud.vmware_encryption.vsan_encryption_info) returns them.
        type: list
        elements: dict
      okms_credentials:
        description: As M(ovhcloud.vmware_encryption.okms_credential_info) returns them.
        type: list
        elements: dict
      okms:
        description: The OKMS domain as P(ovhcloud.vmware_encryption.okms_cost#filter) returns it.
        type: dict
      okms_logs:
        description:
          - As M(ovhcloud.vmware_encryption.okms_log_subscription_info) returns them with C(include_kinds=true), and the
            domain's C(okms_id).
        type: dict
      private_cloud:
        description: One record of M(ovhcloud.vmware_encryption.private_cloud_info).
        type: dict
      api_rights:
        description: As M(ovhcloud.vmware_encryption.api_rights_info) returns them.
        type: dict
      not_read:
        description: What could not be read, with the reason. Empty reasons are ignored.
        type: dict
      dossier:
        description: The recovery dossier, which knows the age of the backups.
        type: dict
  previous:
    description: Text of the previous report. Empty if there is none.
    type: str
    default: ""
  history:
    description: Texts of earlier reports of the same vCenter, for the trend.
    type: list
    elements: str
    default: []
  warn_days:
    description: Days left from which a certificate or backup is a warning.
    type: int
    default: 60
  critical_days:
    description: Days left from which it is critical.
    type: int
    default: 30
  backup_max_age:
    description: Highest age of a native key provider's backup, in days.
    type: int
    default: 365
  key_max_age:
    description: Highest age of a key in use, in days since it was first seen.
    type: int
    default: 365
"""

EXAMPLES = r"""
- name: Write the report
  ansible.builtin.copy:
    content: "{{ facts | ovhcloud.vmware_encryption.encryption_audit_report(previous=old) | string }}"
    dest: /srv/audit/encryption-audit.json
    mode: "0600"
  vars:
    old: "{{ lookup('ansible.builtin.file', '/srv/audit/encryption-audit.json', errors='ignore') or '' }}"
    facts:
      vcenter: "{{ providers.vcenter }}"
      key_providers: "{{ providers.key_providers }}"
      virtual_machines: "{{ machines.virtual_machines }}"
"""

RETURN = r"""
_value:
  description: Text of the report, in JSON. The guide on audits describes its keys.
  type: str
  sample: '{"format": "ovhcloud.vmware_encryption.audit", "schema": 1, "totals": {"virtual_machines": 12}}'
"""

TAKES = "results of the info modules and texts of earlier reports"


def encryption_audit_report(
    facts: t.Mapping[str, t.Any],
    previous: str = "",
    history: t.Sequence[str] = (),
    warn_days: int = 60,
    critical_days: int = 30,
    backup_max_age: int = 365,
    key_max_age: int = 365,
    now: t.Optional[datetime.datetime] = None,
) -> str:
    """The text of the report. Raises AnsibleFilterError when facts are missing or an earlier report is none."""
    missing = [key for key in ("vcenter", "virtual_machines", "key_providers") if facts.get(key) is None]
    if missing:
        raise AnsibleFilterError(f"encryption_audit_report: the facts lack {', '.join(missing)}")
    limits = Thresholds(int(warn_days), int(critical_days), int(backup_max_age), int(key_max_age))
    time = now or datetime.datetime.now(datetime.timezone.utc)
    try:
        earlier = [loaded(text) for text in history]
        old = loaded(previous) if previous.strip() else None
        told = {**facts, "run_by": run_by(facts.get("run_by") or {}), "collection_version": collection_version()}
        return dumped_report(report(told, limits, time, old, earlier))
    except NotAReportError as error:
        raise AnsibleFilterError(f"encryption_audit_report: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_audit_report": shaped(encryption_audit_report, AnsibleFilterError, TAKES)}
