# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtual machines are meant: the options `selection` and `exclude`, and their matching, which is pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    suboptions,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing

# kinds of places, and how a message names one
PLACES = {
    "folders": "folder",
    "clusters": "cluster",
    "resource_pools": "resource pool",
    "vapps": "vApp",
    "hosts": "host",
    "datastores": "datastore",
}
_IDENTITY = ("names", "patterns", "ids")
KINDS = (*_IDENTITY, *PLACES, "tags")
_EXCLUDED, _OFFERED = "exclude", "selection"
_MOID = re.compile(r"\s*vm-\d+\s*", re.IGNORECASE)


def selection() -> ArgSpec:
    """`selection`, mirrored by the documentation fragment `_selection`; see `check_given` for those that need it."""
    kinds = ArgSpec(all=boolean(), **{kind: texts() for kind in KINDS})
    return ArgSpec(selection=suboptions(kinds))


def exclude() -> ArgSpec:
    """`exclude`, mirrored by the documentation fragment `_selection`."""
    kinds = ArgSpec(infrastructure=boolean(default=True), **{kind: texts() for kind in KINDS})
    return ArgSpec(exclude=suboptions(kinds))


class Tag(t.NamedTuple):
    """A tag by its names."""

    category: str
    name: str

    def __str__(self) -> str:
        return f"{self.category}:{self.name}"


@dataclasses.dataclass(frozen=True)
class Place:
    """A folder, cluster, resource pool, vApp, host or datastore.

    `path` is its inventory path, empty where it has none; `other_path` is that of a vApp below its folder.
    """

    id: str
    name: str
    path: str = ""
    other_path: str = ""


@dataclasses.dataclass(frozen=True)
class MachineFacts:
    """What a VM is chosen by. Places are ids, those of folders, pools and vApps with all above."""

    moid: str
    name: str
    instance_uuid: str = ""
    folders: t.Sequence[str] = ()
    clusters: t.Sequence[str] = ()
    resource_pools: t.Sequence[str] = ()
    hosts: t.Sequence[str] = ()
    datastores: t.Sequence[str] = ()
    tags: t.Collection[Tag] = ()
    vapps: t.Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Known:
    """All that exists: VMs, places by kind, and all tags (only needed when tags are asked for)."""

    machines: t.Sequence[MachineFacts]
    places: t.Mapping[str, t.Sequence[Place]]
    tags: t.Collection[Tag] = ()


@dataclasses.dataclass(frozen=True)
class Selected:
    """Ids of the selected VMs in the order of the inventory, and of those that were selected but excluded."""

    selected: list[str]
    excluded: list[str]


def apply_selection(
    known: Known, wanted: t.Mapping[str, t.Any] | None, unwanted: t.Mapping[str, t.Any] | None
) -> Selected:
    """Apply both options; no selection means all. NotFoundError and AmbiguousError name everything that is wrong."""
    shared: dict[str, list[str]] = {}
    chosen = _criteria(known, wanted or {}, _OFFERED, shared)
    spared = _criteria(known, unwanted or {}, _EXCLUDED, {})
    result = Selected([], [])
    for machine in known.machines:
        if all(match(machine) for match in chosen):
            kept = any(match(machine) for match in spared)
            (result.excluded if kept else result.selected).append(machine.moid)
    _check_clear(known, shared, result.selected)
    return result


def _check_clear(known: Known, shared: t.Mapping[str, t.Sequence[str]], selected: t.Collection[str]) -> None:
    """Raise AmbiguousError for a name that several of the selected VMs share: one was meant."""
    if not shared:
        return
    problems, paths = _Problems(_OFFERED), _paths(known)
    for name, moids in shared.items():
        left = [moid for moid in moids if moid in selected]
        if len(left) > 1:
            problems.unclear("VM", name, [f"{moid} at {paths[moid]}" for moid in left])
    problems.check()


def _paths(known: Known) -> dict[str, str]:
    """Inventory paths of the VMs by id, such as DC0/vm/prod/web-1."""
    folders = {place.id: place.path for place in known.places.get("folders", ())}
    found = {}
    for machine in known.machines:
        above = folders.get(machine.folders[0], "") if machine.folders else ""
        found[machine.moid] = f"{above}/{plain(machine.name)}".lstrip("/")
    return found


def unmatched_patterns(known: Known, options: t.Mapping[str, t.Any] | None) -> list[str]:
    """Patterns of one of both options that no VM matches: typing errors, of which nobody would hear otherwise."""
    names = {name: [machine.moid] for machine in known.machines for name in (machine.name, plain(machine.name))}
    return [one for one in (options or {}).get("patterns") or [] if not _by_pattern(one, names)]


def check_given(wanted: t.Mapping[str, t.Any] | None) -> None:
    """Raise InvalidInputError when nothing says which VMs are meant: nothing is changed everywhere by mistake."""
    options = wanted or {}
    if not options.get("all") and all(options.get(kind) is None for kind in KINDS):
        raise InvalidInputError(f"selection is empty: give one of {', '.join(KINDS)}, or all: true for every VM")


def wants_tags(wanted: t.Mapping[str, t.Any] | None, unwanted: t.Mapping[str, t.Any] | None) -> bool:
    """Whether tags must be read for these options."""
    return bool((wanted or {}).get("tags")) or bool((unwanted or {}).get("tags"))


def scope(wanted: t.Mapping[str, t.Any] | None, unwanted: t.Mapping[str, t.Any] | None) -> str | None:
    """The kind, ids or folders, that already says which VMs have to be read; None when it takes all of them.

    A name, or an instance UUID, has to be compared with those of all VMs.
    """
    options, excluded = wanted or {}, unwanted or {}
    names = [options.get("names"), excluded.get("names"), excluded.get("ids")]
    if any(given is not None for given in names):
        return None
    ids = options.get("ids")
    if ids is None:
        return "folders" if options.get("folders") else None
    alone = options.get("patterns") is None
    return "ids" if ids and alone and all(_MOID.fullmatch(one) for one in ids) else None


def folders_named(known: Known, names: t.Sequence[str]) -> set[str]:
    """Ids of the folders with these names or paths; what is wrong with them is told by `choose`."""
    return _places(known.places.get("folders", ()), names, PLACES["folders"], _Problems(_OFFERED))


def spares_infrastructure(unwanted: t.Mapping[str, t.Any] | None) -> bool:
    """Whether to exclude recognised VMs: yes unless the user says otherwise."""
    value = (unwanted or {}).get("infrastructure")
    return True if value is None else bool(value)


def plain(name: str) -> str:
    """A name as people write it: vCenter escapes slash, backslash and percent."""
    return re.sub(r"%(2f|5c|25)", lambda found: bytes.fromhex(found[1]).decode(), name, flags=re.IGNORECASE)


Match = t.Callable[[MachineFacts], bool]


def _criteria(known: Known, options: t.Mapping[str, t.Any], where: str, shared: dict[str, list[str]]) -> list[Match]:
    """One test for each kind that is given. An empty list is given: it matches nothing.

    `shared` takes the names of VMs that several have, with their ids: other criteria may leave one of them.
    """
    problems = _Problems(where)
    found: list[Match] = []
    if any(options.get(kind) is not None for kind in _IDENTITY):
        found.append(_among(_machines(known, options, problems, shared)))
    for kind, word in PLACES.items():
        if options.get(kind) is not None:
            found.append(_inside(kind, _places(known.places.get(kind, ()), options[kind], word, problems)))
    if options.get("tags") is not None:
        found.append(_tagged(_tags(known.tags, options["tags"], problems)))
    problems.check()
    return found


def _among(moids: t.Collection[str]) -> Match:
    return lambda machine: machine.moid in moids


def _inside(kind: str, ids: t.Collection[str]) -> Match:
    return lambda machine: any(place in ids for place in getattr(machine, kind))


def _tagged(tags: t.Collection[Tag]) -> Match:
    return lambda machine: any(tag in tags for tag in machine.tags)


class _Problems:
    """Collects what does not exist and what is not clear, for one message."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._absent: list[str] = []
        self._unclear: list[str] = []

    @property
    def takes_all(self) -> bool:
        """An unclear name is only a danger where VMs are selected; excluding all that have it is safe."""
        return self._where == _EXCLUDED

    def absent(self, word: str, name: str) -> None:
        self._absent.append(f"{word} {name}")

    def unclear(self, word: str, name: str, ways: t.Iterable[str]) -> None:
        self._unclear.append(f"{word} {name} ({', '.join(ways)})")

    def check(self) -> None:
        if self._absent:
            raise NotFoundError(
                f"{self._where} names objects that do not exist here, or that this user may not see: "
                f"{listing(self._absent)}; nothing was changed",
                not_found=self._absent,
            )
        if self._unclear:
            raise AmbiguousError(
                f"{self._where} names objects that exist several times: {listing(self._unclear)}; give the id or "
                "the path instead, or narrow it down by another criterion; nothing was changed",
                ambiguous=self._unclear,
            )


def _machines(
    known: Known, options: t.Mapping[str, t.Any], problems: _Problems, shared: dict[str, list[str]]
) -> set[str]:
    """Ids of the VMs with one of the names (or paths), patterns or ids."""
    by_name: dict[str, list[str]] = {}
    by_id: dict[str, list[str]] = {}
    for machine in known.machines:
        for name in sorted({machine.name, plain(machine.name)}):
            by_name.setdefault(name, []).append(machine.moid)
        for one in (machine.moid, machine.instance_uuid.lower()):
            by_id.setdefault(one, []).append(machine.moid)
    found: set[str] = set()
    names = options.get("names") or []
    by_path = {path: [moid] for moid, path in _paths(known).items()} if any("/" in name for name in names) else {}
    for name in names:
        hits = by_name.get(name) or by_path.get(name.strip("/") if "/" in name else "", [])
        if not hits:
            problems.absent("VM", name)
        elif len(hits) > 1:
            shared[name] = hits
        found.update(hits)
    for one in options.get("ids") or []:
        found.update(_one(by_id.get(one.strip().lower(), []) if one.strip() else [], "VM id", one, problems, str))
    for pattern in options.get("patterns") or []:
        found.update(_by_pattern(pattern, by_name))
    return found


def _by_pattern(pattern: str, by_name: t.Mapping[str, t.Sequence[str]]) -> set[str]:
    return _fitting(pattern, by_name) or _fitting(pattern.strip(), by_name)


def _fitting(pattern: str, by_name: t.Mapping[str, t.Sequence[str]]) -> set[str]:
    fits = re.compile(fnmatch.translate(pattern)).match
    return {moid for name, moids in by_name.items() if fits(name) for moid in moids}


_T = t.TypeVar("_T")


def _one(
    found: t.Sequence[_T], word: str, name: str, problems: _Problems, way: t.Callable[[_T], str]
) -> t.Sequence[_T]:
    """The one that is meant; another number is a problem."""
    if not found:
        problems.absent(word, name)
    elif len(found) > 1 and not problems.takes_all:
        problems.unclear(word, name, [way(item) for item in found])
    return found


def _places(places: t.Sequence[Place], names: t.Sequence[str], word: str, problems: _Problems) -> set[str]:
    """Ids of the places with these names or paths."""
    index: dict[str, list[Place]] = {}
    for place in places:
        for key in sorted({place.name, plain(place.name), place.path, place.other_path}):
            index.setdefault(key, []).append(place)
    found: set[str] = set()
    for name in names:
        hits = index.get(name.strip("/") if "/" in name else name, []) if name else []
        ways = _one(hits, word, name, problems, lambda place: place.path or place.id)
        found.update(place.id for place in ways)
    return found


def _tags(tags: t.Collection[Tag], names: t.Sequence[str], problems: _Problems) -> set[Tag]:
    """The named tags. A tag without category means those of that name in all categories."""
    index: dict[str, set[Tag]] = {}
    for tag in tags:
        index.setdefault(str(tag), set()).add(tag)
        index.setdefault(tag.name, set()).add(tag)
    found: set[Tag] = set()
    for name in names:
        if name not in index:
            problems.absent("tag", name)
        found.update(index.get(name, ()))
    return found
