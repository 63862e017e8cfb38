# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports the files of this collection as Python imports all others: from bytecode, where there is some.

Ansible's own loader of collections compiles each file anew in each run (`get_code` of its `_collection_finder`): 189 of
ours in a run of role okms in which nothing is left to do. Only files below plugins are imported this way:
packages, redirects and everything of others are left to Ansible. Where bytecode cannot be written (the collection is in
a folder of root's, PYTHONDONTWRITEBYTECODE is set) nothing changes.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import types
import typing as t

_OF_ANSIBLE = "_AnsibleCollectionFinder"
_PREFIX = "ansible_collections.ovhcloud.vmware_encryption.plugins."


class Finder:
    """A finder for `sys.meta_path` that knows the Python files of this collection."""

    @staticmethod
    def find_spec(
        name: str, path: t.Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The specification of a file of ours; None for what others are to find."""
        if not name.startswith(_PREFIX):
            return None
        leaf = name.rpartition(".")[2]
        for folder in path or ():
            file = os.path.join(folder, f"{leaf}.py")
            if os.path.isfile(file):
                return importlib.util.spec_from_file_location(name, file)
        return None


def use_bytecode() -> None:
    """From now on, where Ansible's finder is in place, and just before it; a second call does nothing."""
    names = [getattr(type(one), "__name__", "") for one in sys.meta_path]
    if _OF_ANSIBLE in names and Finder not in sys.meta_path:
        sys.meta_path.insert(names.index(_OF_ANSIBLE), Finder)


use_bytecode()  # on import: it has to come before the imports of those who use it
