# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one guarded import of pyVmomi, and the ids of its objects."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import Library

__all__ = [
    "PYVMOMI", "GetServiceVersions", "GetVmodlType", "SoapStubAdapter", "moid_of", "pbm", "reference", "versionIdMap",
    "vim", "vmodl",
]  # fmt: skip

_MINIMUM = "8.0.3.0.1"

pbm: t.Any = None
vim: t.Any = None
vmodl: t.Any = None
SoapStubAdapter: t.Any = None
GetServiceVersions: t.Any = None
GetVmodlType: t.Any = None
versionIdMap: t.Any = None  # noqa: N816 (pyVmomi's own name)

try:
    import pyVmomi
    from pyVmomi import pbm, vim, vmodl
    from pyVmomi.SoapAdapter import SoapStubAdapter
    from pyVmomi.VmomiSupport import GetServiceVersions, GetVmodlType, versionIdMap
except Exception as import_error:  # some releases raise a bare Exception on a Python that is too old for them
    PYVMOMI = Library("pyvmomi", _MINIMUM, error=str(import_error))
else:
    PYVMOMI = Library("pyvmomi", _MINIMUM, version=getattr(pyVmomi, "version_info_str", None))


def reference(managed_object: t.Any) -> str:
    """Type and id of a managed object as vCenter shows them: `vim.Folder:group-d1`."""
    return str(managed_object).strip("'")


def moid_of(managed_object: t.Any) -> str:
    """Id of a managed object without its type: `vm-12`."""
    return reference(managed_object).rpartition(":")[2]
