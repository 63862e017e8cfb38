# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_exit_html: the proof of the role encryption_exit as one self-contained HTML page."""

from __future__ import annotations

import hashlib
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.proof import NotAReportError, loaded
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page.page import exit_page

DOCUMENTATION = r"""
name: encryption_exit_html
short_description: Format the proof that nothing encrypted is left as one HTML page
version_added: 0.1.0
description:
  - Takes the text that P(ovhcloud.vmware_encryption.encryption_exit_proof#filter) returns.
  - The page is meant to be signed off. It shows the SHA-256 of the JSON that belongs to it.
  - The page holds no script and no font, and loads nothing from elsewhere.
  - The filter escapes everything that comes from vCenter.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: Text of the proof, in JSON.
    type: str
    required: true
  signed_by:
    description: Who signs it off. If empty, the page has a blank line for the name.
    type: str
    default: ""
  rows:
    description: How many entries of what is left the page shows at most. The JSON has all of them.
    type: int
    default: 500
"""

EXAMPLES = r"""
- name: Write the page of an earlier proof again
  ansible.builtin.copy:
    content: "{{ text | ovhcloud.vmware_encryption.encryption_exit_html(signed_by='A. Martin, CISO') | string }}"
    dest: /srv/exit/encryption-exit.html
    mode: "0600"
  vars:
    text: "{{ lookup('ansible.builtin.file', '/srv/exit/encryption-exit.json') }}"
"""

RETURN = r"""
_value:
  description: The HTML.
  type: str
  sample: '<!DOCTYPE html>...'
"""

TAKES = "the text of a proof of encryption_exit_proof"


def encryption_exit_html(text: str, signed_by: str = "", rows: int = 500) -> str:
    """The HTML. Raises AnsibleFilterError when the text is not a proof."""
    try:
        report = loaded(text)
        hashes = {"encryption-exit.json": hashlib.sha256(text.encode("utf-8")).hexdigest()}
        return exit_page(report, int(rows), hashes, signed_by)
    except (NotAReportError, LookupError) as error:
        raise AnsibleFilterError(f"encryption_exit_html: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_exit_html": shaped(encryption_exit_html, AnsibleFilterError, TAKES)}
