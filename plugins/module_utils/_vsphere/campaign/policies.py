# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage policies of homes and disks: read, decided, and made from others where that is needed."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    ForbiddenError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.report import Names
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.privileges import lacking
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    DECRYPT,
    RECRYPT,
    Obstacle,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    REPLACE,
    Chooser,
    PolicyChoice,
    Present,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    Policy,
    encrypting_name,
    encrypting_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.store import StoragePolicies

# a policy with encryption rules needs the second one, too (vSphere Security, "Cryptographic Operations Privileges")
CREATING = ("StorageProfile.Update", "Cryptographer.ManageEncryptionPolicy")
_CHANGED = Obstacle("policy_changed", "another storage policy", "run again")
_TRIES = 20  # names that others take while this run looks for one


class MachinePolicies:
    """The policies of the VMs of a run. `named` is a policy that the user has named."""

    def __init__(self, session: Session, warn: t.Callable[[str], None], conflict: str, named: str | None) -> None:
        self.made: list[tuple[Policy, Policy]] = []  # made by this run, with the policy that it was made from
        self._session = session
        self._store = StoragePolicies(session)
        self._warn = warn
        self._conflict = conflict
        self._named = named
        self._chooser = Chooser((), conflict)
        self._present: dict[str, str | None] = {}
        self._unread: CollectionError | None = None
        self._lacking: list[str] | None = None

    # reading

    def open(self, machines: t.Sequence[Machine]) -> None:
        """Read the policies and who has them. What needs them later raises when that failed."""
        try:
            self._choose_anew()
            found = self._store.associations()
            keys = [key for machine in machines for key in machine.policy_keys.values()]
            self._present = {key: next(iter(found.get(key, ())), None) for key in keys}
        except CollectionError as error:
            if self._named is not None:
                raise
            self._unread = error

    def _choose_anew(self) -> None:
        policies = self._store.all()
        named = self._store.find(self._named) if self._named is not None else None
        self._chooser = Chooser(policies, self._conflict, named, self._missing)

    def _missing(self) -> list[str]:
        if self._lacking is None:
            self._lacking = lacking(self._session, CREATING)
        return self._lacking

    def look_closer(self, works: t.Iterable[Work]) -> None:
        """Ask for the policies of parts that get another one: what is lost must not depend on a list of users."""
        closer = [
            work.machine.policy_keys[part]
            for work in works
            for part, step in work.steps.items()
            if step.operation != RECRYPT
        ]
        self._ask(closer)

    def read(self, machines: t.Sequence[Machine]) -> None:
        """What these VMs have now. The service may be down while vCenter works on: then it is not told."""
        try:
            self._ask([key for machine in machines for key in machine.policy_keys.values()])
        except CollectionError as error:
            self._warn(f"storage policies can no longer be read: {error.message}")

    def _ask(self, keys: t.Sequence[str]) -> None:
        if self._unread is None:
            for key in keys:
                self._present.pop(key, None)
            self._present.update(self._store.of_parts(keys))

    def _of(self, key: str) -> Present:
        if key not in self._present:
            return Present(told=False)
        identifier = self._present[key]
        return Present(identifier, self._chooser.policy(identifier))

    # deciding

    def decide(self, work: Work) -> Work:
        """The work with the policy of each part afterwards, and what stands in the way of it."""
        if not work.steps:
            return work
        keys = work.machine.policy_keys
        choices = {part: self._choice(step.operation, keys[part]) for part, step in work.steps.items()}
        found: dict[str, Obstacle] = {}
        for choice in choices.values():
            if choice.obstacle is not None:
                found.setdefault(choice.obstacle.code, choice.obstacle)
        return work.with_policies(choices, tuple(found.values()))

    def _choice(self, operation: str, key: str) -> PolicyChoice:
        if self._unread is None:
            return self._chooser.choose(operation, self._of(key))
        if operation == RECRYPT:
            return PolicyChoice(sent=False)
        if operation == DECRYPT and self._conflict == REPLACE:
            return PolicyChoice()
        raise self._unread

    @staticmethod
    def settled(work: Work, planned: t.Mapping[int, PolicyChoice]) -> Work:
        """A work whose policies all exist, and which loses no rules but those that the plan told; any other one is left
        for the next run."""
        for part, choice in work.policies.items():
            if choice.combine is not None or ((choice.lost or choice.forgotten) and choice != planned.get(part)):
                return work.with_policies(work.policies, (_CHANGED,))
        return work

    # showing

    def names(self, machine: Machine) -> Names | None:
        """Names of the present policies; None when they could not be read."""
        if self._unread is not None or not machine.readable:
            return None
        found = {part: self._of(key) for part, key in machine.policy_keys.items()}
        if not all(present.told for present in found.values()):
            return None
        return {label: found[part].name for part, label in machine.labels.items()}

    def names_after(self, work: Work) -> Names | None:
        """The same after the work."""
        before = self.names(work.machine)
        if before is None:
            return None
        shown = work.machine.labels
        return {**before, **{shown[part]: choice.name for part, choice in work.policies.items()}}

    def warn_of_losses(self, works: t.Sequence[Work]) -> None:
        """Say which VMs lose rules, once for each kind of loss."""
        if self._unread is not None:
            self._warn(f"storage policies are not shown: {self._unread.message}")
        losses: dict[tuple[str | None, PolicyChoice], dict[str, None]] = {}
        for work in works:
            keys = work.machine.policy_keys
            for part, choice in work.policies.items():
                if choice.lost or choice.forgotten:
                    losses.setdefault((self._of(keys[part]).name, choice), {})[work.machine.name] = None
        for (name, choice), machines in losses.items():
            self._warn(loss_text(name, choice, list(machines)))

    # making

    def needed(self, works: t.Sequence[Work]) -> list[tuple[Policy, str]]:
        """Policies that have to be made for these works: from which one, and the name."""
        wanted = {
            choice.combine.id for work in works for choice in work.policies.values() if choice.combine is not None
        }
        return [(original, name) for original, name in self._chooser.new if original.id in wanted]

    def make(self, works: t.Sequence[Work]) -> None:
        """Make them. One that another run has made meanwhile is recognised, and taken."""
        needed = self.needed(works)
        for original, name in needed:
            try:
                self._make(original, name)
            except CollectionError as error:
                error.message += _way_out(error, original, works)
                raise
        if needed:
            self._choose_anew()

    def _make(self, original: Policy, name: str) -> None:
        refused: set[str] = set()
        for _try in range(_TRIES):
            mine = True
            try:
                self._store.create_encrypting(name, original)
            except CollectionError as error:
                # the answer may be lost, or another run was faster
                mine = error.details.get("fault") != "DuplicateName"
                if mine and (isinstance(error, ForbiddenError) or encrypting_of(original, self._store.all()) is None):
                    raise
            found = encrypting_of(original, self._store.all())
            if found is not None:
                self.made += [(found, original)] if mine else []
                return
            if mine:
                raise self._other_than_asked(name)
            refused.add(name)
            name = encrypting_name(original.name, refused.union(one.name for one in self._store.all()))
        raise ConflictError(
            "could not find a free name for the storage policy that encrypts and has the rules of "
            f"{original.name} on {self._session.hostname}"
        )

    def _other_than_asked(self, name: str) -> CollectionError:
        """The error when vCenter keeps a new policy with other rules: the next run would not recognise it either."""
        made, what = self._store.named(name), f"the storage policy {name} on {self._session.hostname}"
        if made is None:
            return ConflictError(f"could not find {what} right after its creation")
        try:
            self._store.delete(made)
            end = "so it was removed again"
        except CollectionError as error:
            end = f"and it could not be removed again ({error.message})"
        kept = ", ".join(made.rules)
        return ConflictError(f"could not create {what} as asked: vCenter keeps it with other rules ({kept}), {end}")


def policies_reached(work: Work, now: Names | None) -> bool:
    """Whether the parts that were given a policy have it; what cannot be read is no difference."""
    shown = work.machine.labels
    return now is None or all(
        now.get(shown[part]) == choice.name for part, choice in work.policies.items() if choice.sent
    )


def new_policy(original: Policy, name: str, identifier: str | None = None) -> dict[str, t.Any]:
    """A policy that a run makes, as results show it; it has no id before it is made."""
    return {"name": name, "id": identifier, "made_from": original.name, "rules": original.rules}


def _way_out(error: CollectionError, original: Policy, works: t.Sequence[Work]) -> str:
    """What a policy that cannot be made means, and for whom."""
    machines = [
        work.machine.name
        for work in works
        if any(choice.combine is not None and choice.combine.id == original.id for choice in work.policies.values())
    ]
    needs = f"It needs the privileges {' and '.join(CREATING)}. " if isinstance(error, ForbiddenError) else ""
    return (
        f". It would have had the rules of {original.name} and encryption; nothing was encrypted. {needs}"
        f"Exclude {listing(machines)}, or set policy (see guide_encrypt), or policy_conflict: block"
    )


def loss_text(name: str | None, choice: PolicyChoice, machines: t.Sequence[str]) -> str:
    """A warning about rules that are lost."""
    rules = f" ({', '.join(choice.lost)})" if choice.lost else ""
    if choice.forgotten:
        then = f", and its rules{rules} no longer apply. Give them a storage policy" if rules else ". Give them theirs"
        return (
            f"nothing records which storage policy {listing(machines)} had before {name}: after the decryption "
            f"they have none{then} in vCenter"
        )
    return (
        f"{listing(machines)}: the rules of the storage policy{f' {name}' if name else ''}{rules} no longer "
        f"apply; the VMs get {choice.name or 'no policy'}"
    )
