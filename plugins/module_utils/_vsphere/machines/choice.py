# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs of the fleet the options `selection` and `exclude` mean, and which of them are infrastructure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import selection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import Fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.recognition import (
    Surroundings,
    look_around,
    recognise,
)

if t.TYPE_CHECKING:
    from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.tags import Tags

MachineTags = t.Mapping[str, t.Sequence[selection.Tag]]  # by id; VMs without tags are not in it


@dataclasses.dataclass(frozen=True)
class Chosen:
    """VMs that are meant, by name.

    `infrastructure` says by id what some of them were recognised as, and `spared` whether to exclude those.
    `tags` is None when nothing asked for them, or when they cannot be read.
    """

    machines: list[Machine]
    infrastructure: dict[str, str]
    spared: bool
    tags: MachineTags | None = None

    def spared_as(self, machine: Machine) -> str | None:
        """What an excluded VM was recognised as; None for all others."""
        return self.infrastructure.get(machine.moid) if self.spared else None


def choose_machines(
    context: Context,
    session: Session,
    fleet: Fleet,
    show_tags: bool = False,
    providers: t.Sequence[Provider] | None = None,
) -> Chosen:
    """Apply the options. `show_tags` asks for tags though nothing selects by them.

    `providers` saves a request when the key providers are known already.
    """
    wanted, unwanted = context.params["selection"], context.params["exclude"]
    by_tags = selection.wants_tags(wanted, unwanted)
    known = _read_tags(context, fleet) if by_tags else []
    everything = fleet.known(known)
    choice = selection.apply_selection(everything, wanted, unwanted)
    _tell_unmatched(context, fleet, everything)
    selected = set(choice.selected)
    machines = [machine for machine in fleet.machines if machine.moid in selected]
    tags = fleet.tags if by_tags else _tags_to_show(context, machines) if show_tags else None
    around = look_around(session, context.warn, providers) if machines else Surroundings()
    kinds = ((machine.moid, recognise(machine, around)) for machine in machines)
    infrastructure = {moid: kind for moid, kind in kinds if kind is not None}
    return Chosen(machines, infrastructure, selection.spares_infrastructure(unwanted), tags)


def _tell_unmatched(context: Context, fleet: Fleet, everything: selection.Known) -> None:
    """Warn of patterns that no VM matches; which VMs are excluded is known only where all VMs were read."""
    for option in ("selection", "exclude") if fleet.whole else ("selection",):
        patterns = selection.unmatched_patterns(everything, context.params[option])
        if patterns:
            context.warn(f"{option}: no VM has a name like {listing([repr(one) for one in patterns])}")


def _read_tags(context: Context, fleet: Fleet) -> list[selection.Tag]:
    """Give the fleet the tags of all its VMs; returns all tags that the options may name.

    What cannot be read is an error: a VM must not be chosen, or not spared, because its tags are not known.
    """
    options = [context.params[name] or {} for name in ("selection", "exclude")]
    reader = _reader(context)
    fleet.tags = reader.of_machines([machine.moid for machine in fleet.machines])
    return reader.known([name for one in options for name in one.get("tags") or []])


def _tags_to_show(context: Context, machines: t.Sequence[Machine]) -> MachineTags | None:
    """Tags of VMs; a warning when they cannot be read."""
    try:
        return _reader(context).of_machines([machine.moid for machine in machines])
    except CollectionError as error:
        context.warn(f"tags are not shown: {error.message}")
        return None


def _reader(context: Context) -> Tags:
    """A reader of tags; what it needs is loaded only now, because it would slow down every start."""
    from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import (
        connect_rest,
    )
    from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.tags import Tags

    return Tags(connect_rest(context))
