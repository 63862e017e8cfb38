# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses one key provider, as data and in words. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing, plural


@dataclasses.dataclass(frozen=True)
class MachineUse:
    """What of a virtual machine needs the provider. The key of the home is also that of the vTPM."""

    name: str
    moid: str
    home: bool
    disks: tuple[str, ...]
    vtpm: bool

    @property
    def vtpm_only(self) -> bool:
        """A vTPM encrypts the home, the disks stay unencrypted: such a VM does not look encrypted."""
        return self.vtpm and not self.disks

    @property
    def short(self) -> str:
        """Its name, with what is not obvious."""
        if self.vtpm_only:
            return f"{self.name} (vTPM only)"
        return self.name if self.home else f"{self.name} (disks only)"

    @property
    def line(self) -> str:
        """It and its parts."""
        if self.vtpm_only:
            return f"VM {self.short}"
        parts = [*(["home"] if self.home else []), *self.disks, *(["vTPM"] if self.vtpm else [])]
        return f"VM {self.name} ({', '.join(parts)})"


@dataclasses.dataclass
class Usage:
    """All users of one provider. `others` are lines on those that were seen in part only and may need it.

    `not_read` says why users that the user's view of the inventory does not show are unknown. Doubt counts as use.
    """

    virtual_machines: list[MachineUse] = dataclasses.field(default_factory=list)
    hosts: list[str] = dataclasses.field(default_factory=list)
    clusters_default: list[str] = dataclasses.field(default_factory=list)
    system_default: bool = False
    vsan_clusters: list[str] = dataclasses.field(default_factory=list)
    others: list[str] = dataclasses.field(default_factory=list)
    key_ids: list[str] = dataclasses.field(default_factory=list)  # of VMs and hosts, sorted
    not_read: str | None = None

    def __bool__(self) -> bool:
        return bool(self.lines())

    def as_result(self) -> dict[str, t.Any]:
        """For a module's result."""
        machines = [{**dataclasses.asdict(item), "disks": list(item.disks)} for item in self.virtual_machines]
        rest = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**rest, "virtual_machines": machines}

    def lines(self) -> list[str]:
        """One line for each user."""
        return [*self._entities(), *self._settings()]

    def needs(self) -> list[str]:
        """One line for each user of its keys: a default has none."""
        return [*self._entities(), *self._vsan(), *self._doubts()]

    def _entities(self) -> list[str]:
        return [*(item.line for item in self.virtual_machines), *(f"host {name}" for name in self.hosts)]

    def _vsan(self) -> list[str]:
        return [f"vSAN of cluster {name}" for name in self.vsan_clusters]

    def _doubts(self) -> list[str]:
        return [*self.others, *([f"users that could not be read ({self.not_read})"] if self.not_read else [])]

    def _settings(self) -> list[str]:
        return [
            *self._vsan(),
            *(f"default of cluster {name}" for name in self.clusters_default),
            *(["system default"] if self.system_default else []),
            *self._doubts(),
        ]

    def summary(self) -> str:
        """All on one line, VMs and hosts counted: `used by 2 VMs (a, b), host esx1, vSAN of cluster C1`."""
        parts = []
        if self.virtual_machines:
            names = listing([item.short for item in self.virtual_machines])
            parts.append(f"{plural(len(self.virtual_machines), 'VM')} ({names})")
        if self.hosts:
            parts.append(f"host{'s' if len(self.hosts) > 1 else ''} {listing(self.hosts)}")
        settings = self._settings()
        if settings:
            parts.append(listing(settings))
        return f"used by {', '.join(parts)}" if parts else "not used"
