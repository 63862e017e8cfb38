# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter doctor_report: what is wrong with encryption, with cause and next step, as one report."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._doctor.report import diagnose

DOCUMENTATION = r"""
name: doctor_report
short_description: Explain what is wrong with encryption
version_added: 0.1.0
description:
  - Turns the registered results of info modules, or the text of an error, into findings, each with its cause, the next
    step and how it was seen. The guide on troubleshooting lists all causes.
  - The role C(doctor) shows and writes this report.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: What was read. Parts that were not read are absent or empty.
    type: dict
    required: true
    suboptions:
      error:
        description: A text to explain. Everything else is ignored then.
        type: str
      vcenter:
        description: Address of the vCenter.
        type: str
      history:
        description: Registered result of M(ovhcloud.vmware_encryption.encryption_events_info).
        type: dict
      machines:
        description: Registered result of M(ovhcloud.vmware_encryption.vm_unlock) in check mode.
        type: dict
      hosts:
        description: Registered result of M(ovhcloud.vmware_encryption.host_encryption_info).
        type: dict
      key_providers:
        description: Registered result of M(ovhcloud.vmware_encryption.key_provider_info).
        type: dict
      cloud:
        description: Registered result of M(ovhcloud.vmware_encryption.private_cloud_info) with its tasks.
        type: dict
      settings:
        description: C(fail_at), the severity from which findings make the run fail.
        type: dict
  previous:
    description: Text of the previous report. If it says the same, the new one keeps its time.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Explain a message
  ansible.builtin.debug:
    msg: "{{ (facts | ovhcloud.vmware_encryption.doctor_report).lines }}"
  vars:
    facts:
      error: "A runtime fault occurred: Cannot generate key"
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
      description: The findings as lines, worst first.
      type: list
      elements: str
    counts:
      description: How many findings have each severity.
      type: dict
    message:
      description: The same in words.
      type: str
    failing:
      description: How many findings make the run fail.
      type: int
"""

TAKES = "registered results of the info modules, or a text as error"


def doctor_report(facts: t.Any, previous: str = "", now: t.Optional[datetime.datetime] = None) -> dict[str, t.Any]:
    """The report."""
    if not isinstance(facts, t.Mapping):
        raise AnsibleFilterError(f"doctor_report takes {TAKES}")
    return diagnose(facts, now or datetime.datetime.now(datetime.timezone.utc), str(previous or ""))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"doctor_report": shaped(doctor_report, AnsibleFilterError, TAKES)}
