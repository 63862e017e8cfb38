# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done with each machine, and whether it was: pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import obstacles
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    CLEAR,
    HOME,
    Machine,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    DECRYPT,
    DEEP_RECRYPT,
    ENCRYPT,
    RECRYPT,
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
class Work:
    """What one reconfigure call does to a machine. `steps` and `policies` are by device key, HOME for the home."""

    machine: Machine
    action: str = "none"
    steps: t.Mapping[int, Step] = dataclasses.field(default_factory=dict)
    vmotion: str | None = None
    obstacles: tuple[Obstacle, ...] = ()
    shutdown: bool = False
    power_on: bool = False
    policies: t.Mapping[int, PolicyChoice] = dataclasses.field(default_factory=dict)

    @property
    def wanted(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.steps or self.vmotion or self.power_on)

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
    """What the user asked for. `deep` and `key_ids` are for new keys only."""

    state: str  # encrypted, moved, decrypted, rekeyed, unchanged
    provider: str | None = None
    vmotion: str | None = None
    deep: bool = False
    key_ids: frozenset[str] | None = None
    power_off: str = "never"
    power_on: frozenset[str] = frozenset()


def plan_work(machine: Machine, wish: Wish, default_provider: str | None) -> Work:
    """The work on one machine. `default_provider` is the one of its cluster, or of the system."""
    if not machine.readable:
        return Work(machine, obstacles=tuple(obstacles.obstacles(machine, ENCRYPT)))
    action, steps = _MAKERS[wish.state](machine, wish, default_provider)
    vmotion = wish.vmotion if _vmotion_differs(machine, wish, steps) else None
    found = _obstacles(machine, steps)
    shutdown = any(one.code in obstacles.BY_SHUTDOWN for one in found) and wish.power_off != "never"
    if shutdown and wish.power_off == "shutdown" and not machine.tools_running:
        found = [obstacles.NO_TOOLS if one.code in obstacles.BY_SHUTDOWN else one for one in found]
    blocking = [one for one in found if not (shutdown and one.code in obstacles.BY_SHUTDOWN)]
    back = not machine.on and bool(wish.power_on & {machine.moid, machine.instance_uuid})
    return Work(
        machine,
        action if steps else "set_vmotion" if vmotion else "power_on" if back else "none",
        steps,
        vmotion,
        tuple(blocking),
        shutdown,
        back,
    )


def _encrypt(machine: Machine, wish: Wish, default: str | None) -> tuple[str, dict[int, Step]]:
    """Encrypt what is clear, move what has another provider. One key for a machine wherever possible."""
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
    if machine.state == CLEAR:
        return "encrypt", steps
    return "complete" if any(step.operation == ENCRYPT for step in steps.values()) else "move", steps


def _target(parts: t.Mapping[int, Key | None], wanted: str | None) -> dict[str, t.Any]:
    """A key of that provider that the machine has already, or else a new one."""
    kept = next((key for key in parts.values() if key is not None and key.provider == wanted), None)
    return {"key": kept} if kept else {"provider": wanted}


def _move(machine: Machine, wish: Wish, _default: str | None) -> tuple[str, dict[int, Step]]:
    """What is encrypted by another provider, and nothing else: disks of a machine with a vTPM may stay clear."""
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


def _vmotion_differs(machine: Machine, wish: Wish, steps: t.Mapping[int, Step]) -> bool:
    """The mode of an encrypted machine is always `required` and cannot be changed."""
    stays_clear = machine.home is None and not steps
    becomes_clear = machine.home is not None and HOME in steps and steps[HOME].operation == DECRYPT
    if wish.vmotion is None or not (stays_clear or becomes_clear):
        return False
    return becomes_clear or machine.vmotion != wish.vmotion


def _obstacles(machine: Machine, steps: t.Mapping[int, Step]) -> list[Obstacle]:
    found: dict[str, Obstacle] = {}
    for operation in dict.fromkeys(step.operation for step in steps.values()):
        found.update({one.code: one for one in obstacles.obstacles(machine, operation)})
    return list(found.values())


def shortfalls(work: Work, after: Machine) -> list[str]:
    """What a machine lacks of the work, in words; empty when all of it is there."""
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
    if work.vmotion and after.vmotion != work.vmotion:
        found.append(f"encrypted vMotion is {after.vmotion}")
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
    known = [key for key in after.values() if key is not None]
    ids = {key_id for _provider, key_id in known}
    return {
        "state": _state_of(work.machine, after),
        "providers": sorted({provider for provider, _id in known if provider}),
        "key_ids": None if None in ids else sorted(str(key_id) for key_id in ids),
        "vmotion_encryption": _vmotion_after(work, after),
        "power_state": "powered_on" if work.power_on else work.machine.power,
    }


def _state_of(machine: Machine, parts: t.Mapping[int, t.Any]) -> str:
    key = Key(None, "")
    disks = tuple(dataclasses.replace(disk, crypto_key=key if parts[disk.key] else None) for disk in machine.disks)
    return dataclasses.replace(machine, home=key if parts[HOME] else None, disks=disks).state


def _vmotion_after(work: Work, parts: t.Mapping[int, t.Any]) -> str | None:
    if parts[HOME]:
        return "required"
    # vCenter gives a decrypted machine its usual mode back
    return work.vmotion or (work.machine.vmotion if work.machine.home is None else None)


def present(machine: Machine) -> dict[str, t.Any]:
    """The same facts of a machine as it is."""
    return {
        "state": machine.state,
        "providers": machine.providers,
        "key_ids": sorted({key.id for key in machine.keys}),
        "vmotion_encryption": machine.vmotion,
        "power_state": machine.power,
    }
