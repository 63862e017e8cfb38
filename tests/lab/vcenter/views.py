# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container views and list views."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from pyVmomi import vim

from . import errors, vmomi
from .dispatcher import Call, operation

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory


@dataclasses.dataclass
class ContainerView:
    """All objects of some types below a container, as they are now."""

    inventory: Inventory
    container: t.Any
    types: tuple[type, ...]
    recursive: bool

    def members(self) -> list[t.Any]:
        """What the view holds."""
        return [
            reference
            for reference in self.inventory.below(self.container, self.recursive)
            if isinstance(reference, self.types)
        ]

    def type_names(self) -> list[type]:
        """The types asked for."""
        return list(self.types)


@dataclasses.dataclass
class ListView:
    """The objects that the client put in."""

    references: dict[str, t.Any]

    def members(self) -> list[t.Any]:
        """What the view holds."""
        return list(self.references.values())


CONTAINER_VIEW = {
    "view": ContainerView.members,
    "container": lambda view: view.container,
    "type": ContainerView.type_names,
    "recursive": lambda view: view.recursive,
}
LIST_VIEW = {"view": ListView.members}


class Views:
    """ViewManager and the views themselves. They end with their session."""

    def __init__(self, core: Core, inventory: Inventory) -> None:
        self._core = core
        self._inventory = inventory
        self._numbers = itertools.count(1)
        core.store.add(vim.view.ViewManager("ViewManager"), self, {"viewList": lambda _own: []})

    def _moid(self, call: Call) -> str:
        return f"session[{call.session.key}]view-{next(self._numbers)}"

    @operation("CreateContainerView")
    def create_container(self, call: Call) -> t.Any:
        """A view below a container; no types means all."""
        container = self._core.store.reference(call.arguments["container"])
        if not isinstance(
            container,
            (vim.Folder, vim.Datacenter, vim.ComputeResource, vim.ResourcePool, vim.HostSystem),
        ):
            raise errors.invalid_argument("container")
        types = tuple(call.arguments.get("type") or (vim.ManagedEntity,))
        view = ContainerView(self._inventory, container, types, call.arguments["recursive"])
        reference = vim.view.ContainerView(self._moid(call))
        return self._core.store.add(reference, view, CONTAINER_VIEW, owner=call.session.key)

    @operation("CreateListView")
    def create_list(self, call: Call) -> t.Any:
        """A view of named objects."""
        view = ListView({vmomi.moid(reference): reference for reference in call.arguments.get("obj") or []})
        reference = vim.view.ListView(self._moid(call))
        return self._core.store.add(reference, view, LIST_VIEW, owner=call.session.key)

    @operation("ModifyListView")
    def modify_list(self, call: Call) -> list[t.Any]:
        """Add and remove; answers with the objects that are not there."""
        view: ListView = self._core.store.source(call.this)
        for reference in call.arguments.get("remove") or []:
            view.references.pop(vmomi.moid(reference), None)
        missing = []
        for reference in call.arguments.get("add") or []:
            if self._core.store.exists(reference):
                view.references[vmomi.moid(reference)] = reference
            else:
                missing.append(reference)
        self._core.notify()
        return missing

    @operation("ResetListView")
    def reset_list(self, call: Call) -> list[t.Any]:
        """Empty it, then add."""
        self._core.store.source(call.this).references.clear()
        call.arguments["add"] = call.arguments.get("obj")
        return self.modify_list(call)

    @operation("DestroyView")
    def destroy(self, call: Call) -> None:
        """End a view."""
        self._core.store.remove(call.this)
