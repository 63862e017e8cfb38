# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter installed_collection: the first collection of a list that is installed."""

from __future__ import annotations

import importlib.util
import re
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: installed_collection
short_description: Find the first of several collections that is installed
version_added: 0.1.0
description:
  - Returns the first collection of a list that this Ansible finds, and empty text when it finds none.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  _input:
    description: Names of collections, the best one first.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Tell which collection of AWX is installed
  ansible.builtin.debug:
    msg: "{{ ['awx.awx', 'ansible.controller'] | ovhcloud.vmware_encryption.installed_collection }}"
"""

RETURN = r"""
_value:
  description: The name, or empty text.
  type: str
  sample: awx.awx
"""

TAKES = "a list of names of collections, such as awx.awx"


def installed_collection(names: t.Iterable[t.Any]) -> str:
    """The first one that is there."""
    return next((name for name in map(str, names) if _is_installed(name)), "")


def _is_installed(name: str) -> bool:
    if not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", name):
        raise ValueError(f"{name!r} is no collection")
    try:
        return importlib.util.find_spec(f"ansible_collections.{name}.plugins") is not None
    except ModuleNotFoundError:  # its name space is not there either
        return False


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"installed_collection": shaped(installed_collection, AnsibleFilterError, TAKES)}
