# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_audit_csv: the report of an encryption audit as CSV."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.cells import table
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import NotAReportError, loaded
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: encryption_audit_csv
short_description: Format an encryption audit as CSV
version_added: 0.1.0
description:
  - Takes the text that P(ovhcloud.vmware_encryption.encryption_audit_report#filter) returns.
  - There is one row for each VM, which represents its home, and one for each of its disks.
  - Cells that a spreadsheet would interpret as a formula start with an apostrophe.
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
- name: Write the CSV of an earlier audit again
  ansible.builtin.copy:
    content: "{{ text | ovhcloud.vmware_encryption.encryption_audit_csv | string }}"
    dest: /srv/audit/encryption-audit.csv
    mode: "0600"
  vars:
    text: "{{ lookup('ansible.builtin.file', '/srv/audit/encryption-audit.json') }}"
"""

RETURN = r"""
_value:
  description: The CSV.
  type: str
  sample: "record,vm,moid,..."
"""

TAKES = "the text of a report of encryption_audit_report"


def encryption_audit_csv(text: str) -> str:
    """The CSV. Raises AnsibleFilterError when the text is not a report."""
    try:
        return table(loaded(text))
    except NotAReportError as error:
        raise AnsibleFilterError(f"encryption_audit_csv: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_audit_csv": shaped(encryption_audit_csv, AnsibleFilterError, TAKES)}
