# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_audit_html: the report of an encryption audit as one self-contained HTML page."""

from __future__ import annotations

import hashlib
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.cells import table
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.model import NotAReportError, loaded
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page.page import page

DOCUMENTATION = r"""
name: encryption_audit_html
short_description: Format an encryption audit as one HTML page
version_added: 0.1.0
description:
  - Takes the text that P(ovhcloud.vmware_encryption.encryption_audit_report#filter) returns.
  - The page holds no script and no font, and loads nothing from elsewhere.
  - The filter escapes everything that comes from vCenter.
  - The page works on a phone, in dark mode, and on paper.
  - It shows the SHA-256 of the JSON and the CSV that belong to it.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: Text of the report, in JSON.
    type: str
    required: true
  rows:
    description: How many VMs the page's lists show at most. The CSV has all of them.
    type: int
    default: 500
"""

EXAMPLES = r"""
- name: Write the HTML of an earlier audit again
  ansible.builtin.copy:
    content: "{{ text | ovhcloud.vmware_encryption.encryption_audit_html | string }}"
    dest: /srv/audit/encryption-audit.html
    mode: "0600"
  vars:
    text: "{{ lookup('ansible.builtin.file', '/srv/audit/encryption-audit.json') }}"
"""

RETURN = r"""
_value:
  description: The HTML.
  type: str
  sample: '<!DOCTYPE html>...'
"""

TAKES = "the text of a report of encryption_audit_report"


def encryption_audit_html(text: str, rows: int = 500) -> str:
    """The HTML. Raises AnsibleFilterError when the text is not a report."""
    try:
        report = loaded(text)
        files = {"encryption-audit.json": text, "encryption-audit.csv": table(report)}
        hashes = {name: hashlib.sha256(content.encode("utf-8")).hexdigest() for name, content in files.items()}
        return page(report, int(rows), hashes)
    except NotAReportError as error:
        raise AnsibleFilterError(f"encryption_audit_html: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_audit_html": shaped(encryption_audit_html, AnsibleFilterError, TAKES)}
