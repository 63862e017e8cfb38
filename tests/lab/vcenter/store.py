# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed objects: an id, a source of data, and a table that says how each property is read from it."""

from __future__ import annotations

import dataclasses
import typing as t

from pyVmomi import vmodl

from . import errors, vmomi

# property name or whole path -> function from the source; a whole path saves building all that surrounds it
Table = t.Mapping[str, t.Callable[[t.Any], t.Any]]


@dataclasses.dataclass
class Stored:
    """One object. `owner` is the session that it belongs to, `touch` is called once before each reading.

    As long as `revision` returns the same nothing has changed; without it all values have to be compared.
    """

    reference: t.Any
    source: t.Any
    table: Table
    owner: str = ""
    touch: t.Callable[[], None] | None = None
    revision: t.Callable[[], t.Any] | None = None


class ObjectStore:
    """All objects by id. Callers hold the lock of the vCenter."""

    def __init__(self) -> None:
        self._objects: dict[str, Stored] = {}
        self._checked: dict[tuple[type, str, str], t.Any] = {}
        self._refused: set[tuple[str, str]] = set()

    def refuse(self, moid: str, name: str) -> None:
        """Nobody may call this method (its wire name) of the object, or read this property, from now on."""
        self._refused.add((moid, name))

    def check_allowed(self, reference: t.Any, name: str, privilege: str | None) -> None:
        """Raise NoPermission for what is refused; `privilege`: the one that the metadata asks for."""
        if (vmomi.moid(reference), name) in self._refused:
            raise errors.no_permission(reference, privilege or "System.View")

    def add(
        self,
        reference: t.Any,
        source: t.Any,
        table: Table,
        owner: str = "",
        touch: t.Callable[[], None] | None = None,
        revision: t.Callable[[], t.Any] | None = None,
    ) -> t.Any:
        """Put in an object and return its reference."""
        self._objects[vmomi.moid(reference)] = Stored(reference, source, table, owner, touch, revision)
        return reference

    def remove(self, reference: t.Any) -> None:
        """Take out an object."""
        self._objects.pop(vmomi.moid(reference), None)

    def remove_owned(self, owner: str) -> None:
        """Take out what belongs to a session."""
        for moid in [moid for moid, stored in self._objects.items() if stored.owner == owner]:
            del self._objects[moid]

    def exists(self, reference: t.Any) -> bool:
        """Whether there is such an object of such a type."""
        stored = self._objects.get(vmomi.moid(reference))
        return stored is not None and isinstance(stored.reference, type(reference))

    def _stored(self, reference: t.Any) -> Stored:
        stored = self._objects.get(vmomi.moid(reference))
        if stored is None or not isinstance(stored.reference, type(reference)):
            raise errors.not_found(reference)
        return stored

    def reference(self, reference: t.Any) -> t.Any:
        """The object's reference with its exact type."""
        return self._stored(reference).reference

    def source(self, reference: t.Any) -> t.Any:
        """What the object is made of."""
        return self._stored(reference).source

    def touch(self, reference: t.Any) -> None:
        """Tell the object that it is about to be read."""
        touch = self._stored(reference).touch
        if touch:
            touch()

    def revision(self, reference: t.Any) -> t.Any:
        """The object's revision, None when it keeps none."""
        revision = self._stored(reference).revision
        return revision() if revision else None

    def names(self, reference: t.Any) -> list[str]:
        """The properties that the object has a value for, or could have."""
        return [name for name in self._stored(reference).table if "." not in name]

    def check_path(self, kind: type, path: str, version: str) -> t.Any:
        """Metadata of the path's end, as far as the declared types tell; raises InvalidProperty."""
        key = (kind, path, version)
        if key not in self._checked:
            self._checked[key] = self._describe(kind, path, version)
        return self._checked[key]

    @staticmethod
    def _describe(kind: type, path: str, version: str) -> t.Any:
        info: t.Any = None
        for name in path.split("."):
            found = vmomi.property_info(kind, name)
            if found is None and info is not None and issubclass(kind, vmomi.DataObject):
                return None  # perhaps a property of a derived type: seen when it is read
            if found is None or not vmomi.includes(version, found.version):
                raise invalid_property(path)
            info, kind = found, found.type
        return info

    def read(self, reference: t.Any, path: str) -> t.Any:
        """The value at a dotted path, typed; None when unset. Raises NoPermission for one that is refused."""
        stored = self._stored(reference)
        first, *rest = path.split(".")
        if self._refused:
            self.check_allowed(reference, first, vmomi.property_info(type(stored.reference), first).privId)
        direct = stored.table.get(path)
        if direct is not None:
            value = direct(stored.source)
            info = self.check_path(type(stored.reference), path, vmomi.NEWEST)
            return value if info is None else vmomi.typed(value, info.type)
        function = stored.table.get(first)
        value = function(stored.source) if function else None
        declared = vmomi.property_info(type(stored.reference), first).type
        for name in rest:
            if value is None:
                return None
            info = vmomi.property_info(type(value), name)
            if info is None:
                raise invalid_property(path)
            value, declared = getattr(value, name), info.type
        return vmomi.typed(value, declared)


def invalid_property(path: str) -> Exception:
    """No such property."""
    return vmodl.query.InvalidProperty(name=path, msg=f"The property {path} is not known.")
