# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter recovery_dossier: join what is known of a key provider to the dossier from which it can be rebuilt."""

from __future__ import annotations

import datetime
import json
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import shown

DOCUMENTATION = r"""
name: recovery_dossier
short_description: Join facts about a key provider to the recovery dossier
version_added: 0.1.0
description:
  - Takes the text of a dossier (empty when there is none yet) and returns it with the entry of one key provider made or
    replaced.
  - A dossier that already says the same is returned as it was, with its old time, so that nothing changes.
  - A vCenter has one default provider. An entry with C(default=true) takes that from the others.
  - An entry that is retired moves to C(retired), with the time, and is not rebuilt any more. It still tells which keys
    and which backup old copies of machines need. A new entry of that name takes its place.
  - The dossier holds no secret. The filter refuses an entry with a private key in it.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, provider, entry
options:
  _input:
    description: Text of the dossier, in JSON. May be empty.
    type: str
    required: true
  provider:
    description: Name of the key provider.
    type: str
    required: true
  entry:
    description: What is known of the provider. Empty to take it out of the dossier.
    type: dict
    required: true
  vcenter:
    description: Address of the vCenter.
    type: str
    default: ""
  retire:
    description: Whether an entry that is taken out is kept among the retired ones. Only with an empty O(entry).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Write the dossier
  ansible.builtin.copy:
    content: "{{ old | ovhcloud.vmware_encryption.recovery_dossier('okms-prod', entry) }}"
    dest: /safe/place/dossier.json
    mode: "0600"
"""

RETURN = r"""
_value:
  description: Text of the dossier, in JSON.
  type: str
"""

TAKES = "the text of a recovery dossier, and an entry for it"
FORMAT = 1


def recovery_dossier(
    text: str,
    provider: str,
    entry: t.Mapping[str, t.Any],
    vcenter: str = "",
    now: datetime.datetime | None = None,
    *,
    retire: bool = False,
) -> str:
    """The dossier with this entry. Raises AnsibleFilterError when the text is not a dossier, or the entry has a key."""
    old = _read(text)
    if "PRIVATE KEY" in json.dumps(entry):
        raise AnsibleFilterError(f"recovery_dossier: the entry of {provider} holds a private key")
    time = (now or datetime.datetime.now(datetime.timezone.utc)).strftime("%Y-%m-%dT%H:%M:%SZ")
    # a vCenter has one default: whoever becomes it ends that of the others
    ends_default = {"default": False} if entry.get("default") else {}
    providers = {name: {**value, **ends_default} for name, value in old["providers"].items() if name != provider}
    retired = {**old.get("retired", {})}
    if entry:
        providers[provider] = json.loads(json.dumps(entry))
        retired.pop(provider, None)
    elif retire and provider in old["providers"]:
        retired[provider] = {**old["providers"][provider], "default": False, "retired_at": time}
    made = {"format": FORMAT, "vcenter": vcenter or old["vcenter"], "providers": dict(sorted(providers.items()))}
    if retired or "retired" in old:
        made["retired"] = retired
    if text and {key: old[key] for key in made if key in old} == made:
        return text
    return json.dumps({**made, "updated_at": time}, indent=2, sort_keys=True) + "\n"


def _read(text: str) -> dict[str, t.Any]:
    if not text.strip():
        return {"format": FORMAT, "vcenter": "", "providers": {}}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise AnsibleFilterError(f"recovery_dossier: the dossier is not JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("providers"), dict):
        raise AnsibleFilterError("recovery_dossier: the file is not a dossier of this collection")
    if found.get("format") != FORMAT:
        raise AnsibleFilterError(
            f"recovery_dossier: format {shown(found.get('format'))} is unknown, {FORMAT} was expected"
        )
    return {"vcenter": "", **found}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"recovery_dossier": shaped(recovery_dossier, AnsibleFilterError, TAKES)}
