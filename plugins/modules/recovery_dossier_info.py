#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_dossier_info
short_description: Read what a recovery dossier says about a vCenter
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Returns the entries of one vCenter in a recovery dossier, see M(ovhcloud.vmware_encryption.recovery_dossier).
  - If the file is malformed, the module fails with one line that says what is wrong. It never executes anything in it.
  - Entries without a vCenter, from files of earlier versions, are returned for each vCenter.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_files
options:
  path:
    description: The dossier.
    type: path
    required: true
  vcenter:
    description: Address of the vCenter, as M(ovhcloud.vmware_encryption.vcenter_info) returns it.
    type: str
    required: true
  vcenter_id:
    description: Instance UUID of the vCenter. The address counts only for entries without one.
    type: str
    default: ""
  rebuild:
    description:
      - Whether you will rebuild the entries in that vCenter. Each must then be of a kind that the role C(recovery)
        knows, and complete. A dossier without an entry for that vCenter is then an error.
    type: bool
    default: false
  source:
    description:
      - Only with O(rebuild=true). Address or instance UUID of the vCenter in the dossier whose entries to
        rebuild, if this is not the vCenter of O(vcenter), for example after a new installation.
    type: str
    default: ""
  providers:
    description: Only with O(rebuild=true). Names of the key providers to rebuild. If empty, all.
    type: list
    elements: str
    default: []
seealso:
  - module: ovhcloud.vmware_encryption.recovery_dossier
"""

EXAMPLES = r"""
- name: Find out which vCenter this is
  ovhcloud.vmware_encryption.vcenter_info:
  register: found

- name: Read what the dossier says about it
  ovhcloud.vmware_encryption.recovery_dossier_info:
    path: /safe/dossier.json
    vcenter: "{{ found.vcenter }}"
    vcenter_id: "{{ found.vcenter_id }}"
  register: dossier
"""

RETURN = r"""
source:
  description: The vCenter with these entries, in words. Empty if the dossier has none.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com (instance UUID 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44)
providers:
  description: What is known of each key provider, by its name.
  returned: success
  type: dict
  sample: {nkp-prod: {type: native, role: native_key_provider, default: true}}
retired:
  description: The same for key providers that were removed, with the time as C(retired_at).
  returned: success
  type: dict
  sample: {}
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import read_record, usable
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.dossier import loaded_dossier
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.entries import (
    Chosen,
    read,
    to_rebuild,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import ShapeError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter

SPEC = ArgSpec(
    path=file_path(required=True),
    vcenter=text(required=True),
    vcenter_id=text(default=""),
    rebuild=boolean(default=False),
    source=text(default=""),
    providers=texts(default=[]),
    trimmed=("vcenter", "vcenter_id", "source", "providers"),
)


class RecoveryDossierInfo:
    """Reader of the entries of one vCenter."""

    def __init__(self, context: Context) -> None:
        self._params = context.params

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        path = self._params["path"]
        with usable("recovery dossier", path, ShapeError):
            found = self._chosen(read_record(path, "path", needed=True))
        return {"source": found.vcenter, "providers": found.providers, "retired": found.retired}

    def _chosen(self, content: str) -> Chosen:
        params = self._params
        vcenter = VCenter((params["vcenter_id"] or "").lower(), params["vcenter"])
        dossier = loaded_dossier(content)
        if params["rebuild"]:
            return to_rebuild(dossier, vcenter, params["source"] or "", params["providers"] or [])
        return read(dossier, vcenter)


def main() -> None:
    """Entry point."""
    run_info(SPEC, RecoveryDossierInfo)


if __name__ == "__main__":
    main()
