# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read properties of many objects in few requests: property collector with pages followed to the end."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    reference,
    vim,
    vmodl,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session


@dataclasses.dataclass(frozen=True)
class Found:
    """An object and the properties that are set on it; `refused`: faults of those that may not be read."""

    object: t.Any
    properties: dict[str, t.Any]
    refused: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def id(self) -> str:
        """Type and id."""
        return reference(self.object)

    @property
    def name(self) -> str:
        """Its name, or its id when the name may not be read."""
        return str(self.properties.get("name") or self.id)


def inventory(session: Session, paths: t.Mapping[t.Any, t.Sequence[str]]) -> list[Found]:
    """All objects of the given types (pyVmomi types with the property paths to read), over a container view."""
    return list(walk(session, paths))


def walk(session: Session, paths: t.Mapping[t.Any, t.Sequence[str]], below: t.Any = None) -> t.Iterator[Found]:
    """The same page by page: what the caller does not keep needs no memory. Read to the end or close it.

    `below` is a folder when it is not about the whole inventory.
    """
    views, container = session.content.viewManager, below or session.content.rootFolder
    view = session.needed("list the inventory", views.CreateContainerView, container, list(paths), recursive=True)
    try:
        collector = vmodl.query.PropertyCollector
        walk = collector.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
        start = collector.ObjectSpec(obj=view, skip=True, selectSet=[walk])
        yield from _read(session, [start], paths)
    finally:
        # The view ends with the session at the latest; its removal must not hide the real error.
        with contextlib.suppress(CollectionError):
            session.call("end the inventory view", view.DestroyView)


def of_objects(session: Session, objects: t.Sequence[t.Any], paths: t.Sequence[str]) -> list[Found]:
    """The named properties of known objects; without objects that vanished."""
    if not objects:
        return []
    starts = [vmodl.query.PropertyCollector.ObjectSpec(obj=item, skip=False) for item in objects]
    return list(_read(session, starts, {kind: paths for kind in {type(item) for item in objects}}))


def _read(session: Session, starts: list[t.Any], paths: t.Mapping[t.Any, t.Sequence[str]]) -> t.Iterator[Found]:
    collector = vmodl.query.PropertyCollector
    wanted = [collector.PropertySpec(type=kind, pathSet=list(names), all=False) for kind, names in paths.items()]
    # otherwise one object that vanished meanwhile fails the whole read (vSphere API, FilterSpec)
    query = collector.FilterSpec(objectSet=starts, propSet=wanted, reportMissingObjectsInResults=True)
    reader = session.content.propertyCollector
    # vCenter ends a page at 100 objects even if no maximum is asked for (ManageIQ/manageiq PR 8211)
    page = session.call("read properties", reader.RetrievePropertiesEx, [query], collector.RetrieveOptions())
    while page is not None:
        for item in page.objects or []:
            refused = {entry.path: entry.fault for entry in item.missingSet or []}
            yield Found(item.obj, {entry.name: entry.val for entry in item.propSet}, refused)
        if page.token is None:  # "0" is a valid token
            break
        page = session.call("read more properties", reader.ContinueRetrievePropertiesEx, page.token)
