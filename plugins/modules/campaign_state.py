#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: campaign_state
short_description: Keep what is needed to resume an interrupted run over many VMs
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Records in a JSON file which VMs a run shut down, so that a later run powers them on if this one is killed,
    and which keys a campaign of M(ovhcloud.vmware_encryption.vm_rekey) replaces.
  - One file can serve several vCenters, campaigns and runs at the same time. Each change is based on what is in the
    file at that moment, under a lock that ends with the process.
  - A VM belongs to the run that shut it down. While that run is active, no other run takes the VM over or removes it.
    On Linux, runs on the same control node (or in the same container) see whether another one is active. A run
    elsewhere cannot be seen, and counts as ended. Give runs on several control nodes a file each.
  - The module removes the file when there is nothing left to keep.
  - Files of earlier versions, which had one vCenter and one campaign, can still be read; the next change converts them.
  - The file holds ids of VMs and keys, no secrets.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_files
options:
  path:
    description: The file. Its folder must exist. The module writes it with mode 0600, and follows symbolic links.
    type: path
    required: true
  vcenter:
    description: Address of the vCenter.
    type: str
    required: true
  vcenter_id:
    description: Instance UUID of the vCenter. Without it, the address identifies the vCenter.
    type: str
    default: ""
  run:
    description: The run, as the filter P(ovhcloud.vmware_encryption.play_process#filter) returns it.
    type: str
    default: ""
  campaign:
    description: Name of the campaign.
    type: str
    default: ""
  key_ids:
    description: Ids of the keys that the campaign replaces. Only used when it starts; ids given later are ignored.
    type: list
    elements: str
  power_on:
    description: Ids of VMs that this run will shut down. They are recorded before it does so.
    type: list
    elements: str
    default: []
  settled:
    description:
      - Ids of VMs whose power state is restored. The module removes what this run recorded or took over for them.
    type: list
    elements: str
    default: []
  taken_over:
    description:
      - What this run took over at its start from ended runs, as RV(campaign_state.taken_over) returned it.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Id of the VM.
        type: str
        required: true
      run:
        description: The run that has shut it down.
        type: str
        default: ""
  finished:
    description: Whether the campaign is complete. Unchanged if not given.
    type: bool
seealso:
  - module: ovhcloud.vmware_encryption.vm_encryption
  - module: ovhcloud.vmware_encryption.vm_rekey
"""

EXAMPLES = r"""
- name: Read which vCenter this is
  ovhcloud.vmware_encryption.vcenter_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: found

- name: Remember this run's identity
  ansible.builtin.set_fact:
    this_run: "{{ inventory_hostname | ovhcloud.vmware_encryption.play_process }}"

- name: Record which VMs this run will shut down
  ovhcloud.vmware_encryption.campaign_state:
    path: /var/lib/encryption/state.json
    vcenter: "{{ found.vcenter }}"
    vcenter_id: "{{ found.vcenter_id }}"
    run: "{{ this_run }}"
    power_on: [vm-42]
  register: kept

- name: Encrypt them, and power on what this run or a killed one shut down
  ovhcloud.vmware_encryption.vm_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    selection:
      ids: "{{ kept.campaign_state.power_on }}"
    power_off: shutdown
    power_on: "{{ kept.campaign_state.power_on }}"

- name: Record that they run again
  ovhcloud.vmware_encryption.campaign_state:
    path: /var/lib/encryption/state.json
    vcenter: "{{ found.vcenter }}"
    vcenter_id: "{{ found.vcenter_id }}"
    run: "{{ this_run }}"
    taken_over: "{{ kept.campaign_state.taken_over }}"
    settled: "{{ kept.campaign_state.power_on }}"
"""

RETURN = r"""
campaign_state:
  description: What the file has for that vCenter. In check mode, the prediction.
  returned: success
  type: dict
  contains:
    vcenter:
      description: Address of the vCenter.
      type: str
      sample: pcc-192-0-2-10.ovh.com
    vcenter_id:
      description: Its instance UUID.
      type: str
      sample: 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44
    campaign:
      description: Name of the campaign.
      type: str
      sample: 2026-q4
    key_ids:
      description: Ids of the keys that it replaces, null until they are recorded.
      type: list
      elements: str
      sample: [9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10]
    finished:
      description: Whether the campaign is complete.
      type: bool
      sample: false
    power_on:
      description: Ids of VMs that this run must power on. It, or an ended run, shut them down.
      type: list
      elements: str
      sample: [vm-42]
    others:
      description: Ids of VMs that other active runs shut down.
      type: list
      elements: str
      sample: []
    claims:
      description: The VMs of RV(campaign_state.power_on) and RV(campaign_state.others) (C(id)), each with the run that
        shut it down (C(run)).
      type: list
      elements: dict
      sample: [{id: vm-42, run: ""}]
    taken_over:
      description: Entries of RV(campaign_state.claims) whose run has ended, so that this run takes them over.
      type: list
      elements: dict
      sample: [{id: vm-42, run: ""}]
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    suboptions,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plays import at_work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import (
    change_record,
    read_record,
    usable,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.campaigns import (
    CampaignChange,
    CampaignRecord,
    changed_state,
    dumped_state,
    loaded_state,
    unknown_owners,
    view,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import Record, ShapeError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter

SPEC = ArgSpec(
    path=file_path(required=True),
    vcenter=text(required=True),
    vcenter_id=text(default=""),
    run=text(default=""),
    campaign=text(default=""),
    key_ids=texts(secret=False),
    power_on=texts(default=[]),
    settled=texts(default=[]),
    finished=boolean(),
    taken_over=suboptions(ArgSpec(id=text(required=True), run=text(default="")), many=True, default=[]),
    trimmed=("key_ids", "power_on", "settled"),
)


class CampaignState(Resource):
    """What the file says of one vCenter."""

    result_key = "campaign_state"
    fields = fields_of(CampaignRecord)

    def __init__(self, context: Context) -> None:
        params = context.params
        self._path, self._warn = params["path"], context.warn
        if not params["vcenter"].strip():
            raise InvalidInputError("vcenter must not be empty")
        self._vcenter = VCenter((params["vcenter_id"] or "").lower(), params["vcenter"].strip())
        self._change = CampaignChange(
            params["run"] or "",
            params["campaign"] or "",
            params["key_ids"],
            params["power_on"] or (),
            params["settled"] or (),
            params["finished"],
            [{"id": one["id"], "run": one["run"] or ""} for one in params["taken_over"] or ()],
        )
        self._record: Record = {}

    def read(self) -> State | None:
        with self._usable():
            self._record = loaded_state(read_record(self._path, "path"))
        for words in unknown_owners(self._record, self._vcenter):
            self._warn(
                f"{self._path} also has VMs to power on for {words}, which no instance UUID identifies. If that "
                f"is {self._vcenter.name} under another address, connect to it by that address"
            )
        return self._view(self._record)

    def wanted(self, before: State | None) -> State:
        return self._view(self._after(self._record))

    def _view(self, record: Record) -> State:
        return view(record, self._vcenter, self._change, at_work)

    def _after(self, record: Record) -> Record:
        return changed_state(record, self._vcenter, self._change)

    def apply(self, plan: Plan) -> State:
        """Apply the change to what is in the file now, which another run may have written since it was read."""

        def applied(text_now: str) -> str | None:
            self._record = self._after(loaded_state(text_now))
            return dumped_state(self._record)

        with self._usable():
            change_record(self._path, "path", applied, self._warn)
        return self._view(self._record)

    def _usable(self) -> t.ContextManager[None]:
        return usable("state file", self._path, ShapeError)


def main() -> None:
    """Entry point."""
    run(SPEC, CampaignState)


if __name__ == "__main__":
    main()
