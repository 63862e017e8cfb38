# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ServiceInstance and SearchIndex."""

from __future__ import annotations

import datetime
import typing as t

from pyVmomi import vim, vmodl

from .dispatcher import Call, operation
from .entities import Entity, Host, VirtualMachine

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory


class ServiceInstance:
    """Where every client begins."""

    def __init__(self, core: Core, inventory: Inventory) -> None:
        self._core = core
        self._inventory = inventory
        core.store.add(
            vim.ServiceInstance("ServiceInstance"),
            self,
            {"content": ServiceInstance.content, "serverClock": lambda own: own._core.clock.now()},
        )

    def about(self) -> t.Any:
        """Name and version."""
        release = self._core.release
        return vim.AboutInfo(
            name="VMware vCenter Server",
            fullName=f"VMware vCenter Server {release.version} build-{release.build}",
            vendor="VMware, Inc.",
            version=release.version,
            build=release.build,
            localeVersion="INTL",
            localeBuild="000",
            osType="linux-x64",
            productLineId="vpx",
            apiType="VirtualCenter",
            apiVersion=release.api_version,
            instanceUuid=self._core.settings.instance_uuid or None,
            licenseProductName="VMware VirtualCenter Server",
            licenseProductVersion=release.version.partition(".")[0] + ".0",
        )

    def content(self) -> t.Any:
        """The managers of this vCenter."""
        return vim.ServiceInstanceContent(
            rootFolder=self._inventory.root.reference,
            propertyCollector=vmodl.query.PropertyCollector("propertyCollector"),
            viewManager=vim.view.ViewManager("ViewManager"),
            about=self.about(),
            sessionManager=vim.SessionManager("SessionManager"),
            authorizationManager=vim.AuthorizationManager("AuthorizationManager"),
            taskManager=vim.TaskManager("TaskManager"),
            alarmManager=vim.alarm.AlarmManager("AlarmManager"),
            searchIndex=vim.SearchIndex("SearchIndex"),
            setting=vim.option.OptionManager("VpxSettings"),
            perfManager=vim.PerformanceManager("PerfMgr"),
            eventManager=vim.event.EventManager("EventManager"),
            extensionManager=vim.ExtensionManager("ExtensionManager"),
            customFieldsManager=vim.CustomFieldsManager("CustomFieldsManager"),
            licenseManager=vim.LicenseManager("LicenseManager"),
            cryptoManager=vim.encryption.CryptoManagerKmip("CryptoManager"),
        )

    @operation("RetrieveServiceContent")
    def retrieve(self, _call: Call) -> t.Any:
        """The same as the property `content`."""
        return self.content()

    @operation("CurrentTime")
    def current_time(self, _call: Call) -> datetime.datetime:
        """vCenter's time."""
        return self._core.clock.now() + datetime.timedelta(seconds=self._core.settings.clock_skew)


class SearchIndex:
    """Finding entities by path, name or UUID."""

    def __init__(self, core: Core, inventory: Inventory) -> None:
        self._inventory = inventory
        core.store.add(vim.SearchIndex("SearchIndex"), self, {})

    def _with_uuid(self, call: Call) -> list[t.Any]:
        wanted = call.arguments["uuid"].lower()
        attribute = "instance_uuid" if call.arguments.get("instanceUuid") else "uuid"
        entities: t.Sequence[Entity] = self._inventory.vms
        if not call.arguments["vmSearch"]:
            entities, attribute = self._inventory.hosts, "uuid"
        return [entity.reference for entity in entities if getattr(entity, attribute) == wanted]

    @operation("FindByUuid")
    def by_uuid(self, call: Call) -> t.Any:
        """The first with that UUID."""
        return next(iter(self._with_uuid(call)), None)

    @operation("FindAllByUuid")
    def all_by_uuid(self, call: Call) -> list[t.Any]:
        """All with that UUID."""
        return self._with_uuid(call)

    @operation("FindByInventoryPath")
    def by_path(self, call: Call) -> t.Any:
        """The entity at a path such as DC0/vm/vm1."""
        entity = self._inventory.path(call.arguments["inventoryPath"])
        return entity.reference if entity else None

    @operation("FindByDnsName")
    def by_name(self, call: Call) -> t.Any:
        """The host, or the VM, of that name."""
        kind = VirtualMachine if call.arguments["vmSearch"] else Host
        wanted = call.arguments["dnsName"]
        return next((one.reference for one in self._inventory if isinstance(one, kind) and one.name == wanted), None)

    @operation("FindChild")
    def child(self, call: Call) -> t.Any:
        """The child of that name."""
        entity = self._inventory.entity(call.arguments["entity"])
        children = entity.children if entity else []
        return next((one.reference for one in children if one.name == call.arguments["name"]), None)
