# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_audit_headlines: the report of an encryption audit in a few lines."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import (
    NotAReportError,
    headlines,
    loaded,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: encryption_audit_headlines
short_description: Summarise an encryption audit in a few lines
version_added: 0.1.0
description:
  - Takes the text that P(ovhcloud.vmware_encryption.encryption_audit_report#filter) returns.
  - Returns the headline numbers and the first critical findings, for the screen or a notification.
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
- name: Show the headlines
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', '/srv/audit/encryption-audit.json')
      | ovhcloud.vmware_encryption.encryption_audit_headlines }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["190 of 248 VMs are encrypted (76.6 %)"]
"""

TAKES = "the text of a report of encryption_audit_report"


def encryption_audit_headlines(text: str) -> list[str]:
    """The lines. Raises AnsibleFilterError when the text is not a report."""
    try:
        return headlines(loaded(text))
    except NotAReportError as error:
        raise AnsibleFilterError(f"encryption_audit_headlines: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_audit_headlines": shaped(encryption_audit_headlines, AnsibleFilterError, TAKES)}
