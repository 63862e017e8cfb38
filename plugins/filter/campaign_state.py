# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter campaign_state: what a run over many virtual machines keeps in a file, so that the next run can finish it."""

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line, shown

DOCUMENTATION = r"""
name: campaign_state
short_description: Read and change the file from which an interrupted run is finished
version_added: 0.1.0
description:
  - Takes the text of the file (empty when there is none yet) and returns what is in it, with changes applied.
  - A file of another campaign begins anew. Only the machines that it left off are kept, which still have to be powered
    on.
  - The file holds ids of machines and of keys, no secret.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, vcenter
options:
  _input:
    description: Text of the file, in JSON. May be empty.
    type: str
    required: true
  vcenter:
    description: Address of the vCenter. A file of another one is refused, because ids mean other machines there.
    type: str
    required: true
  campaign:
    description: Name of the campaign.
    type: str
    default: ""
  key_ids:
    description: Ids of the keys that the campaign replaces. They count when it begins, later ones are not taken over.
    type: list
    elements: str
  power_on:
    description:
      - Ids of machines that are shut down and have to be powered on again. They are added to those in the file.
    type: list
    elements: str
    default: []
  settled:
    description: Ids of machines that have their power state again. They are taken out.
    type: list
    elements: str
    default: []
  finished:
    description: Whether the campaign is through. If it is not given, that stays as it is.
    type: bool
"""

EXAMPLES = r"""
- name: Remember which machines are shut down
  ansible.builtin.copy:
    content: "{{ old | ovhcloud.vmware_encryption.campaign_state(vcenter, power_on=['vm-42']) | to_nice_json }}"
    dest: /var/lib/encryption/state.json
    mode: "0600"
"""

RETURN = r"""
_value:
  description: What is to be kept.
  type: dict
  contains:
    format:
      description: Version of the format.
      type: int
    vcenter:
      description: Address of the vCenter.
      type: str
    campaign:
      description: Name of the campaign.
      type: str
    key_ids:
      description: Ids of the keys that it replaces; null as long as they were not recorded.
      type: list
      elements: str
    power_on:
      description: Ids of machines that have to be powered on.
      type: list
      elements: str
    finished:
      description: Whether it is through.
      type: bool
"""

TAKES = "the text of a state file that it made"
FORMAT = 1


def campaign_state(
    text: str,
    vcenter: str,
    campaign: str = "",
    key_ids: t.Sequence[str] | None = None,
    power_on: t.Sequence[str] = (),
    settled: t.Sequence[str] = (),
    finished: bool | None = None,
) -> dict[str, t.Any]:
    """The state with the changes. Raises AnsibleFilterError for a text that is not one, or one of another vCenter."""
    old = _read(text)
    if old["vcenter"] not in ("", vcenter):
        raise AnsibleFilterError(
            f"campaign_state: the file is of the vCenter {one_line(str(old['vcenter']))}, not of {vcenter}; take "
            "another file, or remove it"
        )
    if old["campaign"] != campaign:
        old = {**_fresh(), "power_on": old["power_on"]}
    known = old["key_ids"] if old["key_ids"] is not None else key_ids
    off = dict.fromkeys([*old["power_on"], *power_on])
    return {
        "format": FORMAT,
        "vcenter": vcenter,
        "campaign": campaign,
        "key_ids": None if known is None else sorted(set(known)),
        "power_on": [one for one in off if one not in set(settled)],
        "finished": old["finished"] if finished is None else finished,
    }


def _fresh() -> dict[str, t.Any]:
    return {"vcenter": "", "campaign": "", "key_ids": None, "power_on": [], "finished": False}


def _read(text: str) -> dict[str, t.Any]:
    if not text.strip():
        return _fresh()
    try:
        found = json.loads(text)
    except ValueError as error:
        raise AnsibleFilterError(f"campaign_state: the file is not JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("power_on"), list):
        raise AnsibleFilterError("campaign_state: the file is not one of this collection")
    if found.get("format") != FORMAT:
        raise AnsibleFilterError(
            f"campaign_state: format {shown(found.get('format'))} is unknown, {FORMAT} was expected"
        )
    return {**_fresh(), **found}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"campaign_state": shaped(campaign_state, AnsibleFilterError, TAKES)}
