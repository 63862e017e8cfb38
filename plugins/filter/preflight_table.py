# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter preflight_table: everything that is missing or doubtful, in one table."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.table import table

DOCUMENTATION = r"""
name: preflight_table
short_description: Check what the info modules found before an option is set up
version_added: 0.1.0
description:
  - Turns the registered results of info modules into one table of what is missing or doubtful, each row with its
    severity and the next step.
  - The role C(preflight) shows this table.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: What was found. Parts that were not read are omitted or empty.
    type: dict
    required: true
    suboptions:
      option:
        description: The encryption option.
        type: str
        required: true
      settings:
        description: What the next run will do, such as C(allow_order), C(grant), C(iam), C(tpm_required).
        type: dict
      rights:
        description: Registered result of M(ovhcloud.vmware_encryption.api_rights_info).
        type: dict
      account:
        description: Registered result of M(ovhcloud.vmware_encryption.account_info).
        type: dict
      order:
        description: Registered result of M(ovhcloud.vmware_encryption.okms) in check mode, which finds an open order.
        type: dict
      domains:
        description: Registered result of M(ovhcloud.vmware_encryption.okms_info) with the regions.
        type: dict
      cloud:
        description: Registered result of M(ovhcloud.vmware_encryption.private_cloud_info).
        type: dict
      tasks:
        description: The same with the tasks, for private clouds with advanced security.
        type: dict
      vcenter:
        description: Registered result of M(ovhcloud.vmware_encryption.vcenter_readiness_info).
        type: dict
      servers:
        description:
          - Results of M(ovhcloud.vmware_encryption.kmip_server_info), registered in a loop over names of KMIP servers.
          - The settings C(judged), and C(pinned) for single names, say whether to check the trust in them.
        type: list
        elements: dict
      today:
        description: The date of the run, such as V(2026-11-29), for end dates that are near. Today if not given.
        type: str
"""

EXAMPLES = r"""
- name: Show the table
  ansible.builtin.debug:
    msg: "{{ (facts | ovhcloud.vmware_encryption.preflight_table).lines }}"
  vars:
    facts:
      option: okms
      rights: "{{ rights }}"
      vcenter: "{{ vcenter }}"
"""

RETURN = r"""
_value:
  description: The table.
  type: dict
  contains:
    rows:
      description: The rows, worst first, with C(check), C(severity) (C(blocking), C(warning) or C(ok)), C(found) and
        C(next_step).
      type: list
      elements: dict
    lines:
      description: The same as text.
      type: list
      elements: str
    blocking:
      description: How many rows block the option.
      type: int
    warning:
      description: How many rows are doubtful.
      type: int
    ok:
      description: How many rows are fine.
      type: int
    message:
      description: Everything that blocks the option, with the next steps, in one text.
      type: str
"""

TAKES = "registered results of the info modules"


def preflight_table(facts: t.Any) -> dict[str, t.Any]:
    """The table for what was found."""
    if not isinstance(facts, t.Mapping) or "option" not in facts:
        raise AnsibleFilterError("preflight_table: the input is a dictionary with the key 'option'")
    return table({"today": datetime.datetime.now(datetime.timezone.utc).date().isoformat(), **facts})


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"preflight_table": shaped(preflight_table, AnsibleFilterError, TAKES)}
