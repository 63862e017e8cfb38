# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter field_report: the catalogue of assumptions compared with what was seen."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._field.report import report

DOCUMENTATION = r"""
name: field_report
short_description: Compare what this collection assumes with what was seen
version_added: 0.1.0
description:
  - Turns the catalogue of assumptions and the registered results of field info modules into a table and the text of a
    file. Neither has names, addresses or ids.
  - The role C(field_check) shows and writes this report.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: What was read. Parts that were not read are absent or empty.
    type: dict
    required: true
    suboptions:
      catalogue:
        description: The assumptions, as in the role's file C(assumptions.yml).
        type: list
        elements: dict
        required: true
      vcenter:
        description: Registered result of M(ovhcloud.vmware_encryption.vcenter_field_info).
        type: dict
      ovhcloud:
        description: Registered result of M(ovhcloud.vmware_encryption.ovhcloud_field_info).
        type: dict
      servers:
        description: What P(ovhcloud.vmware_encryption.field_servers#filter) returns.
        type: list
        elements: dict
      server_answers:
        description:
          - Registered results of M(ovhcloud.vmware_encryption.kmip_server_info), in the order of the servers.
        type: list
        elements: dict
      names:
        description: Names that must not be in the report, wherever they come from.
        type: list
        elements: str
  previous:
    description: Text of the previous report. If it says the same, the new one keeps its time.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what is different
  ansible.builtin.debug:
    msg: "{{ ({'catalogue': catalogue, 'vcenter': found} | ovhcloud.vmware_encryption.field_report).lines }}"
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
      description: The table as lines, differences first.
      type: list
      elements: str
    counts:
      description: How many assumptions are C(different), C(as_assumed) and C(not_seen).
      type: dict
    message:
      description: The same in words.
      type: str
    read:
      description: What was read, V(vcenter) and V(ovhcloud).
      type: list
      elements: str
    unread:
      description: What was not read, in words.
      type: list
      elements: str
"""

TAKES = "the catalogue of assumptions and registered results of the field info modules"


def field_report(facts: t.Any, previous: str = "", now: t.Optional[datetime.datetime] = None) -> dict[str, t.Any]:
    """The report."""
    if not isinstance(facts, t.Mapping) or not isinstance(facts.get("catalogue"), list):
        raise AnsibleFilterError("field_report: the facts lack catalogue, a list")
    return report(facts, now or datetime.datetime.now(datetime.timezone.utc), str(previous or ""))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"field_report": shaped(field_report, AnsibleFilterError, TAKES)}
