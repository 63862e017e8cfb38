# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the VMs of a vCenter and their tags show of the assumptions about them. Reads only."""

from __future__ import annotations

import http
import itertools
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import Sightings
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import walk
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    NATIVE,
    Provider,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    PATHS,
    Machine,
    machine_of,
)

MOST = 1000  # VMs that are looked at: what they show does not need all of a large inventory
_ON_OBJECTS = "/api/cis/tagging/tag-association?action=list-attached-tags-on-objects"
_TAGGED = ("tagging-limit", "untagged-objects")
# the values of the assumption tagging-limit
_LIMITS = (2000, 60)
_BROKEN = http.HTTPStatus.INTERNAL_SERVER_ERROR  # from here on it does not refuse what was asked


def see_machines(
    session: Session, rest: Rest, providers: t.Sequence[Provider], seen: Sightings
) -> list[Machine] | None:
    """Look at the first VMs; None when they cannot be read."""
    machines = None
    with seen.reading("mixed-keys", "native-unsaved-usable", *_TAGGED):
        found = itertools.islice(walk(session, {vim.VirtualMachine: PATHS}), MOST)
        machines = [machine_of(one) for one in found]
        see_keys(machines, providers, seen)
        see_tags(rest, [machine.moid for machine in machines], seen)
    return machines


def see_keys(machines: t.Iterable[Machine], providers: t.Iterable[Provider], seen: Sightings) -> None:
    """Which keys VMs have."""
    unsaved = {one.name for one in providers if one.type == NATIVE and one.has_backup is False}
    for machine in machines:
        if len(machine.keys) > 1:
            seen.see("mixed-keys", [True])
        if unsaved.intersection(machine.providers):
            seen.see("native-unsaved-usable", [True])
    seen.miss("mixed-keys", "no VM has several keys, which does not say that it cannot have them")
    seen.miss("native-unsaved-usable", "no VM has a key of a native key provider without a backup")


def see_tags(rest: Rest, moids: t.Sequence[str], seen: Sightings) -> None:
    """Whether VMs without tags are in the answer, and how many may be asked about at once."""
    if not moids:
        for name in _TAGGED:
            seen.miss(name, "there is no VM")
        return
    some = list(moids[: min(_LIMITS)])
    rows = _attached(rest, some)
    if rows is None:
        for name in _TAGGED:
            seen.miss(name, "tags cannot be read")
        return
    empty = [row for row in rows if isinstance(row, dict) and not row.get("tag_ids")]
    told = [True] if empty else [False] if len(rows) < len(some) else None
    seen.when("untagged-objects", told, "all VMs that were asked about have tags")
    # the same VMs again and again, because few inventories have so many
    large, _small = _LIMITS
    many = _attached(rest, list(itertools.islice(itertools.cycle(some), large)))
    if many is not None:
        seen.see("tagging-limit", [large])
    else:
        more = _attached(rest, list(itertools.islice(itertools.cycle(some), min(_LIMITS) + 1)))
        seen.see("tagging-limit", [min(_LIMITS)] if more is None else [])


def _attached(rest: Rest, moids: t.Sequence[str]) -> list[t.Any] | None:
    body = {"object_ids": [{"id": moid, "type": "VirtualMachine"} for moid in moids]}
    try:
        return rest.ask("read the tags of VMs", _ON_OBJECTS, body) or []
    except (InvalidInputError, ApiError) as error:
        if not http.HTTPStatus.BAD_REQUEST <= int(error.details.get("http_status", 0)) < _BROKEN:
            raise
        return None
