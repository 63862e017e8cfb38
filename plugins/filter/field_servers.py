# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter field_servers: the servers of OKMS that a field check looks at."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._field.servers import servers_of

DOCUMENTATION = r"""
name: field_servers
short_description: List the servers of OKMS that a field check looks at
version_added: 0.1.0
description:
  - Returns the endpoints for KMIP and REST of OKMS domains, each once, at most 15. Without a domain, those of the first
    region.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: What M(ovhcloud.vmware_encryption.okms_info) returned.
    type: dict
    required: true
    suboptions:
      domains:
        description: OKMS domains.
        type: list
        elements: dict
      regions:
        description: Regions that offer OKMS.
        type: list
        elements: dict
"""

EXAMPLES = r"""
- name: Show the servers
  ansible.builtin.debug:
    msg: "{{ {'domains': found.okms_domains} | ovhcloud.vmware_encryption.field_servers }}"
"""

RETURN = r"""
_value:
  description: The servers, each with its C(kind), C(host), C(port) and C(ca).
  type: list
  elements: dict
"""

TAKES = "OKMS domains and regions of okms_info"


def field_servers(found: t.Any) -> list[dict[str, t.Any]]:
    """The servers."""
    if not isinstance(found, t.Mapping):
        raise AnsibleFilterError("field_servers: the input is not a dictionary")
    return servers_of(found.get("domains") or [], found.get("regions") or [])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"field_servers": shaped(field_servers, AnsibleFilterError, TAKES)}
