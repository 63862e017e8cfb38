# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add or remove the vTPM of many VMs: a campaign whose removals are confirmed VM by VM."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    GuardError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing, plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.encryption import (
    FleetEncryption,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.report import (
    MachineOutcome,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    PARTLY,
    VTPM_ONLY,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    REMOVE_VTPM,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import plain

_UNUSED = ("policies", "rewritten_bytes")  # no disk is written, no policy is changed


class FleetVtpm(FleetEncryption):
    """The fleet of a run, see _core/runner.py."""

    _shows_policies = False
    _without_default = (
        "a vTPM needs one, because its key encrypts the home. Make one the default (modules standard_key_provider "
        "and native_key_provider, default: true)"
    )

    def plan(self) -> tuple[State, State]:
        """Look at everything, refuse what may not be; nobody loses a vTPM that was not named again."""
        states = super().plan()
        self._check_confirmed([row for row in self._ready() if row.action == REMOVE_VTPM])
        return states

    def _check_confirmed(self, going: t.Sequence[MachineOutcome]) -> None:
        answers = self._answers()
        known = set().union(*answers.values())
        # a name may begin or end with spaces; others come from how lists are typed
        typed = {one if one in known else one.strip() for one in self._params["confirm_names"] or ()} - {""}
        stray = sorted(typed - known)
        if stray:
            raise GuardError(
                f"confirm_names has {listing(stray)}, which no selected VM is called; nothing was changed. Type the "
                f"names of the selected VMs, and the ids of those that share a name{_spaces_in(known, stray)}"
            )
        unconfirmed = [_quoted(self._unique[row.moid]) for row in going if not typed & answers[row.moid]]
        if unconfirmed:
            error = GuardError(
                f"{plural(len(unconfirmed), 'vTPM')} would be removed, of {listing(unconfirmed)}; nothing was changed. "
                "This destroys their secrets: a guest that seals its own encryption with its vTPM (such as BitLocker) "
                "no longer starts without its recovery key. In the guests, suspend what the vTPM seals; then type "
                "these names again in confirm_names"
            )
            error.results.update(changed=False, **self.report())
            raise error

    def _answers(self) -> dict[str, set[str]]:
        """How to type each VM: its name or its id, if no other selected VM has that name."""
        names = {row.moid: {row.name, plain(row.name)} for row in self._rows.values()}
        called = collections.Counter(name for own in names.values() for name in own)
        return {
            moid: {one for one in (moid, *own) if called[one] == (1 if one in own else 0)}
            for moid, own in names.items()
        }

    def perform(self) -> tuple[State, CollectionError | None]:
        """Do it, and tell whose home vCenter leaves encrypted without a vTPM."""
        done = super().perform()
        left = [
            self._unique[row.moid]
            for row in self._worked
            if row.action == REMOVE_VTPM
            and row.before["encryption_state"] == VTPM_ONLY
            and row.after["encryption_state"] == PARTLY
        ]
        if left:
            self._context.warn(
                f"{listing(left)}: the vTPM is gone, and the home is still encrypted. To decrypt it, run vm_encryption "
                "with state: decrypted"
            )
        return done

    def report(self) -> dict[str, t.Any]:
        """Rows by name, and their summary."""
        found = super().report()
        rows = [
            {key: self._shown(value) if key in ("before", "after") else value for key, value in row.items()}
            for row in found["virtual_machines"]
        ]
        found["virtual_machines"] = [_without(row) for row in rows]
        return {**found, "summary": _without(found["summary"])}


def _spaces_in(known: t.Iterable[str], stray: t.Collection[str]) -> str:
    """Names that would be those typed without their spaces."""
    spaced = sorted(_quoted(name) for name in known if name != name.strip() and name.strip() in stray)
    return f". With their spaces, type {listing(spaced)}" if spaced else ""


def _quoted(name: str) -> str:
    """The name, in quotes if it begins or ends with spaces, which nobody would see."""
    return name if name == name.strip() else repr(name)


def _without(record: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in record.items() if key not in _UNUSED}
