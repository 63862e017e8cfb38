# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs and hosts as events see them, told by vCenter as they change: one request that waits in vCenter."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    reference,
    vim,
    vmodl,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session

VM_PATHS = (
    "name",
    "config.managedBy",
    "config.template",
    "runtime.connectionState",
    "runtime.cryptoState",
    "summary.config.product",
)
HOST_PATHS = ("name", "runtime.connectionState", "runtime.cryptoState")
VM, HOST = "vim.VirtualMachine", "vim.HostSystem"
_WHAT = "wait for changes of the inventory"
_AT_ONCE = 1000  # objects in one answer: a large inventory comes in pieces
_GONE = ("remove", "indirectRemove")

Properties = dict[str, t.Any]
# by type and id, such as vim.HostSystem:host-12; None: the object has left the inventory
InventoryChanges = dict[str, t.Optional[Properties]]


class InventoryWatch:
    """A filter over all VMs and hosts that this user may see. Keeps the properties of those that exist, and no more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._collector: t.Any = None
        self._version = ""
        self.objects: dict[str, Properties] = {}

    @property
    def fresh(self) -> bool:
        """True until the first `wait`, which returns everything there is."""
        return self._collector is None

    def wait(self, seconds: float) -> InventoryChanges:
        """All properties of each object that changed; empty when the time is over. The first call does not wait."""
        pause = 0 if self.fresh else max(0, int(seconds))
        if self.fresh:
            self._open()
        changed: dict[str, None] = {}
        more, known = True, bool(self.objects)
        while more:
            options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=pause, maxObjectUpdates=_AT_ONCE)
            update = self._session.call(_WHAT, self._collector.WaitForUpdatesEx, self._version, options)
            if update is None:
                break
            # a version that does not move on would be asked for without end
            more, pause = bool(update.truncated) and update.version != self._version, 0
            self._version = update.version
            for part in update.filterSet or []:
                for one in part.objectSet or []:
                    self._take(one)
                    changed[reference(one.obj)] = None
        if known and not self.objects:
            # the view has gone, with the session or with vCenter's restart: what there is, the next session tells
            # (assumption ended-session-wait)
            raise UnreachableError(f"could not {_WHAT} on {self._session.hostname}: its view has lost all objects")
        return {name: dict(self.objects[name]) if name in self.objects else None for name in changed}

    def interrupt(self) -> None:
        """End the wait that another thread is in; it raises an error there."""
        if self._collector is not None:
            with contextlib.suppress(CollectionError):
                self._session.call("end the wait for changes", self._collector.CancelWaitForUpdates)

    def _open(self) -> None:
        content, query = self._session.content, vmodl.query.PropertyCollector
        kinds = [vim.VirtualMachine, vim.HostSystem]
        create = content.viewManager.CreateContainerView
        view = self._session.needed("list the inventory", create, content.rootFolder, kinds, recursive=True)
        create = content.propertyCollector.CreatePropertyCollector
        collector = self._session.needed(_WHAT, create)
        walk = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
        spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
            propSet=[
                query.PropertySpec(type=vim.VirtualMachine, pathSet=list(VM_PATHS), all=False),
                query.PropertySpec(type=vim.HostSystem, pathSet=list(HOST_PATHS), all=False),
            ],
        )
        self._session.call(_WHAT, collector.CreateFilter, spec, partialUpdates=False)
        self._collector = collector

    def _take(self, update: t.Any) -> None:
        name = reference(update.obj)
        if str(update.kind) == "leave":
            self.objects.pop(name, None)
            return
        if str(update.kind) == "enter":  # all that it has: what another one of its ids had does not count
            self.objects.pop(name, None)
        seen = self.objects.setdefault(name, {})
        for change in update.changeSet or []:
            if change.val is None or str(change.op) in _GONE:
                seen.pop(change.name, None)
            else:
                seen[change.name] = _plain(change.name, change.val)


def _plain(path: str, value: t.Any) -> t.Any:
    """Nothing of pyVmomi is kept."""
    if path == "config.managedBy":
        return value.extensionKey
    if path == "summary.config.product":
        return value.name
    return bool(value) if isinstance(value, bool) else str(value)
