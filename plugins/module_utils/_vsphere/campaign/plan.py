# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do with each VM, and whether it was done: pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import obstacles
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    HOME,
    UNENCRYPTED,
    Machine,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    ADD_VTPM,
    DECRYPT,
    DEEP_RECRYPT,
    ENCRYPT,
    RECRYPT,
    REMOVE_VTPM,
    Obstacle,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    PolicyChoice,
)


@dataclasses.dataclass(frozen=True)
class Step:
    """What happens to the home or to one disk. `key` is one that is there already; without it `provider` makes one."""

    operation: str
    provider: str | None = None
    key: Key | None = None


@dataclasses.dataclass(frozen=True)
class Vtpm:
    """A vTPM to add or to remove. `provider` is whose key encrypts the home for it, None if that is encrypted."""

    present: bool
    provider: str | None = None

    @property
    def operation(self) -> str:
        """What it is for obstacles, and as the action of a VM."""
        return ADD_VTPM if self.present else REMOVE_VTPM


@dataclasses.dataclass(frozen=True)
class Work:
    """What one reconfigure call does to a VM. `steps` and `policies` are by device key, HOME for the home."""

    machine: Machine
    action: str = "none"
    steps: t.Mapping[int, Step] = dataclasses.field(default_factory=dict)
    vmotion: str | None = None
    obstacles: tuple[Obstacle, ...] = ()
    shutdown: bool = False
    power_on: bool = False
    policies: t.Mapping[int, PolicyChoice] = dataclasses.field(default_factory=dict)
    vtpm: Vtpm | None = None
    ft: str | None = None

    @property
    def reconfigures(self) -> bool:
        """Whether the VM gets another configuration."""
        return bool(self.steps or self.vmotion or self.ft or self.vtpm)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do."""
        return self.reconfigures or self.power_on

    @property
    def providers(self) -> set[str]:
        """Providers whose keys are needed for it."""
        steps = self.steps.values()
        named = {step.provider for step in steps} | {step.key.provider for step in steps if step.key}
        return {name for name in (*named, self.vtpm.provider if self.vtpm else None) if name}

    def with_policies(self, policies: t.Mapping[int, PolicyChoice], found: tuple[Obstacle, ...]) -> Work:
        """The work with the storage policy of each part, and what that brings in the way."""
        return dataclasses.replace(self, policies=policies, obstacles=(*self.obstacles, *found))

    @property
    def new_keys_of(self) -> list[str]:
        """Providers that have to make a key."""
        return sorted({step.provider for step in self.steps.values() if step.provider is not None})

    @property
    def rewritten(self) -> int:
        """Bytes of disks that will be read and written anew; a shallow recrypt touches none."""
        return sum(
            disk.capacity
            for disk in self.machine.disks
            if disk.key in self.steps and self.steps[disk.key].operation != RECRYPT
        )


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the user asked for; `vmotion` and `ft` are modes of encrypted vMotion and Fault Tolerance.

    `deep` and `key_ids` are for new keys only, `vtpm` goes with the state unchanged.
    """

    state: str  # encrypted, moved, decrypted, rekeyed, unchanged
    provider: str | None = None
    vmotion: str | None = None
    deep: bool = False
    key_ids: frozenset[str] | None = None
    power_off: str = "never"
    power_on: frozenset[str] = frozenset()
    vtpm: bool | None = None
    ft: str | None = None


def machine_ids(given: t.Iterable[str]) -> frozenset[str]:
    """Ids of VMs as `plan_work` compares them."""
    return frozenset(map(str.lower, given))


def plan_work(machine: Machine, wish: Wish, default_provider: str | None) -> Work:
    """The work on one VM. `default_provider` is the one of its cluster, or of the system."""
    if not machine.readable:
        return Work(machine, obstacles=tuple(obstacles.obstacles(machine, ENCRYPT)))
    action, steps = _MAKERS[wish.state](machine, wish, default_provider)
    vmotion = wish.vmotion if _mode_differs(machine, wish.vmotion, machine.vmotion, steps) else None
    ft = wish.ft if _mode_differs(machine, wish.ft, machine.ft, steps) else None
    vtpm = _vtpm_change(machine, wish, default_provider)
    found = _obstacles(machine, [*(step.operation for step in steps.values()), *([vtpm.operation] if vtpm else [])])
    shutdown = any(one.code in obstacles.BY_SHUTDOWN for one in found) and wish.power_off != "never"
    if shutdown and wish.power_off == "shutdown" and not machine.tools_running:
        found = [obstacles.NO_TOOLS if one.code in obstacles.BY_SHUTDOWN else one for one in found]
    blocking = [one for one in found if not (shutdown and one.code in obstacles.BY_SHUTDOWN)]
    back = not machine.on and bool(wish.power_on & {machine.moid, machine.instance_uuid.lower()})
    return Work(
        machine,
        action if steps else vtpm.operation if vtpm else _mode_action(vmotion, ft) or ("power_on" if back else "none"),
        steps,
        vmotion,
        tuple(blocking),
        shutdown,
        back,
        vtpm=vtpm,
        ft=ft,
    )


def _mode_action(vmotion: str | None, ft: str | None) -> str:
    if vmotion and ft:
        return "set_modes"
    return "set_vmotion" if vmotion else "set_fault_tolerance" if ft else ""


def _encrypt(machine: Machine, wish: Wish, default: str | None) -> tuple[str, dict[int, Step]]:
    """Encrypt what is unencrypted, move what has another provider. One key for a VM wherever possible."""
    parts = machine.parts
    present = next((key for key in parts.values() if key is not None), None)
    wanted = wish.provider or (present.provider if present else default)
    target = _target(parts, wanted)
    steps = {}
    for part, key in parts.items():
        if key is None:
            steps[part] = Step(ENCRYPT, **target)
        elif key.provider != wanted:
            steps[part] = Step(RECRYPT, **target)
    if machine.state == UNENCRYPTED:
        return "encrypt", steps
    return "complete" if any(step.operation == ENCRYPT for step in steps.values()) else "move", steps


def _target(parts: t.Mapping[int, Key | None], wanted: str | None) -> dict[str, t.Any]:
    """A key of that provider that the VM has already, or else a new one."""
    # the vSphere Client, too, gives home and disks one key (vSphere Security); of several see assumption mixed-keys
    kept = next((key for key in parts.values() if key is not None and key.provider == wanted), None)
    return {"key": kept} if kept else {"provider": wanted}


def _move(machine: Machine, wish: Wish, _default: str | None) -> tuple[str, dict[int, Step]]:
    """What is encrypted by another provider, and nothing else: disks of a VM with a vTPM can stay unencrypted."""
    parts = machine.parts
    target = _target(parts, wish.provider)
    return "move", {
        part: Step(RECRYPT, **target)
        for part, key in parts.items()
        if key is not None and key.provider != wish.provider
    }


def _decrypt(machine: Machine, _wish: Wish, _default: str | None) -> tuple[str, dict[int, Step]]:
    return "decrypt", {part: Step(DECRYPT) for part, key in machine.parts.items() if key is not None}


def _rekey(machine: Machine, wish: Wish, _default: str | None) -> tuple[str, dict[int, Step]]:
    """A new key of the same provider for every part, or only for those that use one of the given keys."""
    operation = DEEP_RECRYPT if wish.deep else RECRYPT
    return "rekey", {
        part: Step(operation, key.provider)
        for part, key in machine.parts.items()
        if key is not None and (wish.key_ids is None or key.id in wish.key_ids)
    }


def _leave(_machine: Machine, _wish: Wish, _default: str | None) -> tuple[str, dict[int, Step]]:
    return "none", {}


_MAKERS: dict[str, t.Callable[[Machine, Wish, str | None], tuple[str, dict[int, Step]]]] = {
    "encrypted": _encrypt,
    "moved": _move,
    "decrypted": _decrypt,
    "rekeyed": _rekey,
    "unchanged": _leave,
}


def _mode_differs(machine: Machine, wanted: str | None, now: str | None, steps: t.Mapping[int, Step]) -> bool:
    """Modes (of vMotion and Fault Tolerance) of an encrypted VM are always `required` and cannot be changed."""
    stays_clear = machine.home is None and not steps
    becomes_clear = machine.home is not None and HOME in steps and steps[HOME].operation == DECRYPT
    if wanted is None or not (stays_clear or becomes_clear):
        return False
    # the mode of vMotion stays required after a decryption until it is set anew (vSphere Security, "Encrypted vSphere
    # vMotion"); that of Fault Tolerance may, too (assumption fault-tolerance-mode-after)
    return becomes_clear or _told(now) != wanted


def _told(mode: str | None) -> str:
    """A mode that vCenter does not tell is the default of the vSphere API, the same for vMotion and Fault Tolerance."""
    return mode or "opportunistic"


def _vtpm_change(machine: Machine, wish: Wish, default: str | None) -> Vtpm | None:
    """vCenter encrypts an unencrypted home with the default provider's key when it adds a vTPM."""
    if wish.vtpm is None or wish.vtpm == machine.vtpm:
        return None
    return Vtpm(wish.vtpm, default if wish.vtpm and machine.home is None else None)


def _obstacles(machine: Machine, operations: t.Iterable[str]) -> list[Obstacle]:
    found: dict[str, Obstacle] = {}
    for operation in dict.fromkeys(operations):
        found.update({one.code: one for one in obstacles.obstacles(machine, operation)})
    return list(found.values())


def shortfalls(work: Work, after: Machine) -> list[str]:
    """What a VM lacks of the work, in words; empty when all of it is there."""
    if not after.readable:
        return ["its configuration can no longer be read"]
    before, now = work.machine.parts, after.parts
    labels = after.labels
    found = [
        f"{labels.get(part, f'device {part}')} {problem}"
        for part, step in work.steps.items()
        for problem in [_shortfall(step, before.get(part), now.get(part))]
        if problem
    ]
    if work.vmotion and _told(after.vmotion) != work.vmotion:
        found.append(f"encrypted vMotion is {_told(after.vmotion)}")
    if work.ft and _told(after.ft) != work.ft:
        found.append(f"encrypted Fault Tolerance is {_told(after.ft)}")
    if work.vtpm and after.vtpm != work.vtpm.present:
        found.append("it has no vTPM" if work.vtpm.present else "it still has its vTPM")
    return found


def _shortfall(step: Step, before: Key | None, now: Key | None) -> str:
    if step.operation == DECRYPT:
        return "is still encrypted" if now is not None else ""
    if now is None:
        return "is not encrypted"
    wanted = step.key.provider if step.key else step.provider
    if wanted is not None and now.provider != wanted:
        return f"has a key of {now.provider}, not of {wanted}"
    if step.operation != ENCRYPT and now == before:
        return f"still has its key {now.id}"
    return ""


def predicted(work: Work) -> dict[str, t.Any]:
    """State, providers and key ids after the work; a key that has yet to be made is not known: null."""
    parts = work.machine.parts
    after: dict[int, tuple[str | None, str | None] | None] = {}
    for part, key in parts.items():
        step = work.steps.get(part)
        if step is None:
            after[part] = (key.provider, key.id) if key else None
        elif step.operation == DECRYPT:
            after[part] = None
        else:
            after[part] = (step.key.provider, step.key.id) if step.key else (step.provider, None)
    if work.vtpm and work.vtpm.provider:
        after[HOME] = (work.vtpm.provider, None)
    vtpm = work.vtpm.present if work.vtpm else work.machine.vtpm
    power = "powered_on" if work.power_on else work.machine.power
    if work.vtpm and not vtpm and after[HOME] and not any(after[disk.key] for disk in work.machine.disks):
        # the home was encrypted for the vTPM: vCenter may decrypt it (assumption vtpm-removal-decrypts)
        return {**dict.fromkeys(present(work.machine)), "vtpm": vtpm, "power_state": power}
    known = [key for key in after.values() if key is not None]
    ids = {key_id for _provider, key_id in known}
    return {
        "encryption_state": _state_of(work.machine, after, vtpm),
        "providers": sorted({provider for provider, _id in known if provider}),
        "key_ids": None if None in ids else sorted(str(key_id) for key_id in ids),
        **_modes_after(work, after),
        "vtpm": vtpm,
        "power_state": power,
    }


def _state_of(machine: Machine, parts: t.Mapping[int, t.Any], vtpm: bool) -> str:
    key = Key(None, "")
    disks = tuple(dataclasses.replace(disk, crypto_key=key if parts[disk.key] else None) for disk in machine.disks)
    return dataclasses.replace(machine, home=key if parts[HOME] else None, disks=disks, vtpm=vtpm).state


def _modes_after(work: Work, parts: t.Mapping[int, t.Any]) -> dict[str, str | None]:
    machine = work.machine
    if parts[HOME]:
        return {"vmotion_encryption": "required", "fault_tolerance_encryption": "required"}
    # which modes a decrypted VM has, vCenter decides (assumption fault-tolerance-mode-after)
    kept = machine.home is None
    return {
        "vmotion_encryption": work.vmotion or (machine.vmotion if kept else None),
        "fault_tolerance_encryption": work.ft or (machine.ft if kept else None),
    }


def present(machine: Machine) -> dict[str, t.Any]:
    """The same facts of a VM as it is."""
    return {
        "encryption_state": machine.state,
        "providers": machine.providers,
        "key_ids": sorted({key.id for key in machine.keys}),
        "vmotion_encryption": machine.vmotion,
        "fault_tolerance_encryption": machine.ft,
        "vtpm": machine.vtpm,
        "power_state": machine.power,
    }
