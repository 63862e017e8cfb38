#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_dossier
short_description: Maintain the dossier from which key providers can be rebuilt
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Creates, replaces or removes the entry of one key provider of one vCenter in a JSON file.
  - One file can serve several vCenters. Each has its own entries, identified by its instance UUID. The module never
    changes another vCenter's entry, even with the same address or the same provider name.
  - Several runs can use one file at the same time. Each change is based on what is in the file at that moment, under a
    lock that ends with the process.
  - A vCenter has one default provider. An entry with C(default=true) removes that mark from the others of that vCenter.
  - If the file already says the same, the module leaves it unchanged, including its time.
  - Files of earlier versions, which had one vCenter, can still be read; the next change converts them. An entry without
    a vCenter stays separate until a run records or removes a provider of that name with the same keys.
  - The dossier holds no secrets. The module refuses an entry with a private key in it.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_files
options:
  path:
    description: The file. Its folder must exist. The module writes it with mode 0600, and follows symbolic links.
    type: path
    required: true
  vcenter:
    description: Address of the vCenter, as M(ovhcloud.vmware_encryption.vcenter_info) returns it.
    type: str
    required: true
  vcenter_id:
    description: Instance UUID of the vCenter. Without it, the address identifies the vCenter.
    type: str
    default: ""
  provider:
    description: Name of the key provider.
    type: str
    required: true
  entry:
    description: What is known about the provider. If empty, the module removes it from the dossier.
    type: dict
    default: {}
  retire:
    description:
      - Whether to keep a removed entry among the retired ones, with the time. The role C(recovery) does not rebuild it,
        but the entry shows which keys and which backup old copies of VMs need. Only with an empty O(entry).
    type: bool
    default: false
  native_key_id:
    description: Key id of a removed native provider, by which the module finds an entry that names no vCenter.
    type: str
    default: ""
seealso:
  - module: ovhcloud.vmware_encryption.recovery_dossier_info
"""

EXAMPLES = r"""
- name: Read the provider
  ovhcloud.vmware_encryption.key_provider_info:
    name: nkp-prod
  register: found

- name: Record what a recovery needs
  ovhcloud.vmware_encryption.recovery_dossier:
    path: /safe/dossier.json
    vcenter: "{{ found.vcenter }}"
    vcenter_id: "{{ found.vcenter_id }}"
    provider: nkp-prod
    entry:
      type: native
      role: native_key_provider
      key_id: "{{ found.key_providers[0].key_id }}"
"""

RETURN = r"""
recovery_dossier:
  description: The dossier. In check mode, the prediction.
  returned: success
  type: dict
  contains:
    format:
      description: Version of the format.
      type: int
      sample: 2
    vcenters:
      description: The vCenters, each with instance UUID (C(id)), address (C(name)), C(providers) and C(retired).
      type: list
      elements: dict
      sample:
        - id: 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44
          name: pcc-192-0-2-10.ovh.com
          providers: {nkp-prod: {type: native, role: native_key_provider}}
          retired: {}
    updated_at:
      description: When it was changed. Null in check mode if it would be changed now.
      type: str
      sample: "2026-09-01T08:00:00Z"
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import (
    change_record,
    now_text,
    read_record,
    usable,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.dossier import (
    DossierChange,
    changed_dossier,
    dumped_dossier,
    loaded_dossier,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import ShapeError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter

SPEC = ArgSpec(
    path=file_path(required=True),
    vcenter=text(required=True),
    vcenter_id=text(default=""),
    provider=text(required=True),
    entry={"type": "dict", "default": {}},
    retire=boolean(default=False),
    native_key_id=text(default="", secret=False),
    trimmed=("vcenter", "vcenter_id", "provider", "native_key_id"),
)


class RecoveryDossier(Resource):
    """The file."""

    result_key = "recovery_dossier"
    fields = ("format", "vcenters", "updated_at")
    volatile = ("updated_at",)

    def __init__(self, context: Context) -> None:
        params = context.params
        self._path, self._warn = params["path"], context.warn
        if not (params["vcenter"] and params["provider"]):
            raise InvalidInputError("vcenter and provider must not be empty")
        self._vcenter = VCenter((params["vcenter_id"] or "").lower(), params["vcenter"])
        entry, key_id = params["entry"] or {}, params["native_key_id"] or ""
        self._change = DossierChange(params["provider"], entry, params["retire"], key_id)

    def read(self) -> State | None:
        with self._usable():
            return loaded_dossier(read_record(self._path, "path"))

    def wanted(self, before: State | None) -> State:
        with self._usable():
            made = changed_dossier(before or {}, self._vcenter, self._change, now_text())
        return {"format": made["format"], "vcenters": made["vcenters"]}

    def predict(self, plan: Plan) -> State:
        return {**plan.after, "updated_at": None} if plan.changed else plan.after

    def apply(self, plan: Plan) -> State:
        """Apply the change to what is in the file now, which another run may have written since it was read."""
        after: State = {}

        def applied(text: str) -> str:
            after.update(changed_dossier(loaded_dossier(text), self._vcenter, self._change, now_text()))
            return dumped_dossier(after)

        with self._usable():
            change_record(self._path, "path", applied, self._warn)
        return after

    def _usable(self) -> t.ContextManager[None]:
        return usable("recovery dossier", self._path, ShapeError)


def main() -> None:
    """Entry point."""
    run(SPEC, RecoveryDossier)


if __name__ == "__main__":
    main()
