# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects and paths a property filter means."""

from __future__ import annotations

import dataclasses
import typing as t

from pyVmomi import vim, vmodl

from . import errors, vmomi

if t.TYPE_CHECKING:
    from .store import ObjectStore

Query = vmodl.query.PropertyCollector


@dataclasses.dataclass
class Selection:
    """What a filter selected: paths by object id, and objects that were named but do not exist."""

    paths: dict[str, tuple[t.Any, dict[str, None]]] = dataclasses.field(default_factory=dict)
    missing: list[t.Any] = dataclasses.field(default_factory=list)

    def merge(self, other: Selection) -> None:
        """Add what another filter selected."""
        for moid, (reference, paths) in other.paths.items():
            self.paths.setdefault(moid, (reference, {}))[1].update(paths)
        self.missing.extend(other.missing)


class _Walk:
    """The walk from one starting object."""

    def __init__(self, store: ObjectStore, spec: t.Any, version: str, selection: Selection) -> None:
        self._store = store
        self._spec = spec
        self._version = version
        self._selection = selection
        self._named: dict[str, t.Any] = {}
        self._seen: set[tuple[str, int]] = set()
        self._paths: dict[type, dict[str, None] | None] = {}

    def start(self, start: t.Any) -> None:
        """Collect from an ObjectSpec."""
        self._index(start.selectSet)
        pending = [(self._store.reference(start.obj), bool(start.skip), list(start.selectSet))]
        while pending:
            reference, skip, selections = pending.pop()
            if not skip:
                self._take(reference)
            for selection in selections:
                pending.extend(self._follow(reference, selection))

    def _index(self, selections: t.Iterable[t.Any]) -> None:
        for selection in selections:
            if isinstance(selection, Query.TraversalSpec):
                if selection.name:
                    self._named[selection.name] = selection
                self._index(selection.selectSet)

    def _follow(self, reference: t.Any, selection: t.Any) -> list[tuple[t.Any, bool, list[t.Any]]]:
        if not isinstance(selection, Query.TraversalSpec):
            if selection.name not in self._named:
                raise errors.invalid_argument("specSet.objectSet.selectSet.name")
            selection = self._named[selection.name]
        step = (vmomi.moid(reference), id(selection))
        # a named selection may refer to itself
        if not isinstance(reference, selection.type) or step in self._seen:
            return []
        self._seen.add(step)
        self._store.check_path(selection.type, selection.path, self._version)
        found = self._store.read(reference, selection.path)
        references = found if isinstance(found, list) else [found] if found is not None else []
        following = list(selection.selectSet)
        # the last one pushed is the first one visited: keep the order of the property
        return [
            (self._store.reference(other), bool(selection.skip), following)
            for other in reversed(references)
            if self._store.exists(other)
        ]

    def _take(self, reference: t.Any) -> None:
        kind = type(reference)
        if kind not in self._paths:
            self._paths[kind] = self._wanted(kind, reference)
        paths = self._paths[kind]
        if paths is not None:
            self._selection.paths.setdefault(vmomi.moid(reference), (reference, {}))[1].update(paths)

    def _wanted(self, kind: type, reference: t.Any) -> dict[str, None] | None:
        wanted: dict[str, None] | None = None
        for spec in self._spec.propSet:
            if issubclass(kind, spec.type):
                names = self._store.names(reference) if spec.all else spec.pathSet
                wanted = {**(wanted or {}), **dict.fromkeys(names)}
        return wanted


def select(store: ObjectStore, spec: t.Any, version: str) -> Selection:
    """All that a FilterSpec selects; raises InvalidProperty and ManagedObjectNotFound."""
    for wanted in spec.propSet:
        for path in wanted.pathSet:
            store.check_path(wanted.type, path, version)
    selection = Selection()
    for start in spec.objectSet:
        if not store.exists(start.obj):
            if not spec.reportMissingObjectsInResults:
                raise errors.not_found(start.obj)
            selection.missing.append(start.obj)
            continue
        _Walk(store, spec, version, selection).start(start)
    return selection


def content(store: ObjectStore, reference: t.Any, paths: t.Iterable[str]) -> t.Any:
    """An object's values; without unset ones; those that the session may not see are in missingSet."""
    store.touch(reference)
    return values(store, reference, paths)


def values(store: ObjectStore, reference: t.Any, paths: t.Iterable[str]) -> t.Any:
    """The same for an object that was told already that it is read."""
    found, missing = [], []
    for path in paths:
        try:
            value = store.read(reference, path)
        except vim.fault.NoPermission as fault:
            missing.append(Query.MissingProperty(path=path, fault=fault))
            continue
        if value is not None:
            found.append(vmodl.DynamicProperty(name=path, val=value))
    return Query.ObjectContent(obj=reference, propSet=found, missingSet=missing)
