# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter absolute_path: a path as seen from where the command was started."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import absolute
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import shown

DOCUMENTATION = r"""
name: absolute_path
short_description: Make paths absolute, from the folder in which you ran the command
version_added: 0.1.0
description:
  - Makes a path absolute. A relative path starts from the folder in which you ran C(ansible-playbook).
  - Ansible itself runs modules in the playbook's folder. For a collection's playbook, this is a folder of the
    installed collection, and each upgrade of the collection removes its content.
  - C(~) and variables such as C($HOME) are expanded as in options of the type path.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  _input:
    description: The path, or a list of paths.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Keep a backup beside the variables, where you started the play
  ovhcloud.vmware_encryption.native_key_provider_backup:
    name: nkp-prod
    path: "{{ 'backups/nkp-prod.p12' | ovhcloud.vmware_encryption.absolute_path }}"
    backup_password: "{{ vault_backup_password }}"
"""

RETURN = r"""
_value:
  description: The absolute path, or a list of them. Empty if the path is empty or not given.
  type: raw
"""

TAKES = "a path or a list of paths"


def absolute_path(path: t.Any) -> t.Any:
    """The path without any doubt. Raises AnsibleFilterError for what is no path."""
    if path is None or path == "":
        return ""
    if isinstance(path, (list, tuple)):
        return [absolute_path(one) for one in path]
    if not isinstance(path, (str, os.PathLike)):
        raise AnsibleFilterError(f"absolute_path: {shown(path)} is not a path")
    return absolute(os.fspath(path), os.getcwd())


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"absolute_path": shaped(absolute_path, AnsibleFilterError, TAKES)}
