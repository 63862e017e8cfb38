# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: event filters, which get the events of any source, and what vCenter says of VMs and hosts."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.extensions.eda.plugins.event_filter import (
    private_cloud,
    survey_answers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.conditions import (
    InventoryConditions,
)

from .engine import target
from .inputs import bent, odd_text, odd_value

EVENT = {
    "type": "provider_not_green",
    "provider": {"name": "okms", "type": "standard"},
    "reasons": ["one", "two"],
    "initial": False,
    "vcenter": "pcc-192-0-2-10.ovh.com",
}


@target("event filter survey_answers", st.one_of(bent([EVENT]), odd_value))
def _survey_answers(value: t.Any) -> None:
    if isinstance(value, dict):
        answers = survey_answers.main(value)["answers"]
        assert all(isinstance(text, str) and len(text.splitlines()) <= 1 for text in answers.values()), answers


@target("event filter private_cloud", st.tuples(bent([EVENT]), odd_text))
def _private_cloud(value: tuple[t.Any, str]) -> None:
    event, name = value
    if isinstance(event, dict):
        assert isinstance(private_cloud.main(event, names={name: name})["private_cloud"], str)


STATES = ("locked", "unlocked", "safe", "incapable", "", "other")
PROPERTIES = st.dictionaries(
    st.sampled_from(("name", "config.template", "config.managedBy", "runtime.connectionState", "runtime.cryptoState")),
    st.one_of(st.sampled_from((*STATES, "connected", "disconnected")), st.booleans(), odd_text),
)
NAMES = st.sampled_from([f"{kind}:{number}" for kind in ("vim.VirtualMachine", "vim.HostSystem") for number in (1, 2)])


@target("changes of VMs and hosts", st.lists(st.dictionaries(NAMES, st.one_of(st.none(), PROPERTIES)), max_size=6))
def _changes(value: list[t.Any]) -> None:
    """The same state again is never an event, and nothing that has left is remembered."""
    conditions = InventoryConditions(True)
    for changes in value:
        conditions.see(changes, complete=False)
        assert conditions.see(changes, complete=False) == []
    for _twice in range(2):
        conditions.see({}, complete=True)
    assert (conditions.vms, conditions.hosts, conditions.missing) == ({}, {}, set())
