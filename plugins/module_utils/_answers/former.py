# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Former names of a role's options, which work until 2.0.0: pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.values import Spec, blank
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

_Specs = t.Mapping[str, Spec]
UNTIL = "2.0.0"
# present name -> former name. Not in the specs: Ansible does nothing with aliases there, and their schema refuses them.
FORMER = {
    "decommission_remove_kms_entries": "decommission_close_flow",
    "external_kms_entry_description": "external_kms_flow_description",
    "key_provider_migration_wave_size": "key_provider_migration_batch",
    "key_rotation_wave_size": "key_rotation_batch",
    "okms_entry_description": "okms_flow_description",
    "vm_encryption_allow_filters_before_encryption": "vm_encryption_allow_cleartext_filters",
    "vm_encryption_wave_size": "vm_encryption_batch",
}


def names_of(specs: _Specs, former: t.Mapping[str, str] | None = None) -> list[str]:
    """All names that users can type: each option, and what it was called before."""
    former = FORMER if former is None else former
    return [name for option in specs for name in (option, former.get(option)) if name]


def renamed(
    specs: _Specs,
    values: t.Mapping[str, t.Any],
    former: t.Mapping[str, str] | None = None,
    handed: t.Container[str] = (),
) -> tuple[dict[str, t.Any], list[str]]:
    """The values under the present names, and what to say about former ones. Raises InvalidInputError for both at once.

    Ansible does not say whether a value was given or is the role's default, so the default does not count as given.
    `handed` are names that a role which includes this one hands over: there, a former name that the user's inventory
    has for this role does not count.
    """
    former = FORMER if former is None else former
    found = {name: value for name, value in values.items() if name in specs}
    told, twice = [], []
    for name, spec in specs.items():
        old = former.get(name, "")
        if blank(values.get(old)):
            continue
        if name in handed and old not in handed and not blank(found.get(name)):
            told.append(f"{old} is now {name}, and is ignored here because the calling role sets {name}")
            continue
        if not blank(found.get(name)) and found[name] != spec.get("default"):
            twice.append(f"{name} and its former name {old}")
        found[name] = values[old]
        told.append(f"{old} is now {name}")
    if twice:
        raise InvalidInputError(f"{' and '.join(twice)} are both given, nothing was changed; keep the new name only")
    return found, told
