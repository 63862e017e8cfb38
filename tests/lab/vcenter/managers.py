# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managers that every vCenter has and that clients read in passing: licences, settings, extensions, custom fields.

Names of objects, properties and methods are those of the vSphere API; their values are invented.
"""

from __future__ import annotations

import typing as t

from pyVmomi import vim, vmodl

from .dispatcher import Call, operation

if t.TYPE_CHECKING:
    from .core import Core

LICENSE = "00000-00000-00000-00000-00000"
EXTENSIONS = {
    "com.vmware.vim.eam": "vSphere ESX Agent Manager",
    "com.vmware.vim.sps": "Storage Policy Based Management",
    "com.vmware.vsan.health": "vSAN Health Service",
}


class Licenses:
    """LicenseManager and LicenseAssignmentManager."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.store.add(
            vim.LicenseManager("LicenseManager"),
            self,
            {
                "source": lambda _own: vim.LicenseManager.LicenseSource(),
                "sourceAvailable": lambda _own: True,
                "licensedEdition": lambda _own: "",
                "licenses": lambda own: [own.license()],
                "licenseAssignmentManager": lambda _own: vim.LicenseAssignmentManager("LicenseAssignmentManager"),
                "evaluation": lambda _own: vim.LicenseManager.EvaluationInfo(
                    properties=[vmodl.KeyAnyValue(key="diagnostic", value="No evaluation is under way.")]
                ),
            },
        )
        core.store.add(vim.LicenseAssignmentManager("LicenseAssignmentManager"), self, {})

    def license(self) -> t.Any:
        """The one licence."""
        major = self._core.release.version.partition(".")[0]
        return vim.LicenseManager.LicenseInfo(
            licenseKey=LICENSE,
            editionKey="vc.standard.instance",
            name=f"VMware vCenter Server {major} Standard",
            total=1,
            used=1,
            costUnit="server",
        )

    @operation("QueryAssignedLicenses")
    def assigned(self, call: Call) -> list[t.Any]:
        """The licence of vCenter, and of the entity that is asked for."""
        about = self._core.settings.hostname
        return [
            vim.LicenseAssignmentManager.LicenseAssignment(
                entityId=call.arguments.get("entityId") or about,
                entityDisplayName=about,
                assignedLicense=self.license(),
            )
        ]

    @operation("QueryLicenseUsage")
    def usage(self, _call: Call) -> t.Any:
        """The old form of the same."""
        return vim.LicenseManager.LicenseUsageInfo(
            source=vim.LicenseManager.LicenseSource(), sourceAvailable=True, reservationInfo=[], featureInfo=[]
        )


class Options:
    """OptionManager of vCenter: its advanced settings."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.store.add(
            vim.option.OptionManager("VpxSettings"),
            self,
            {"setting": lambda own: own.settings(), "supportedOption": lambda own: own.supported()},
        )

    def _values(self) -> dict[str, t.Any]:
        hostname = self._core.settings.hostname
        return {
            "VirtualCenter.FQDN": hostname,
            "VirtualCenter.InstanceName": hostname,
            "VirtualCenter.VimApiUrl": f"https://{hostname}:443/sdk",
            "config.vmacore.threadPool.TaskMax": 90,
            "event.maxAge": 30,
            "event.maxAgeEnabled": True,
            "task.maxAge": 30,
            "task.maxAgeEnabled": True,
        }

    def settings(self) -> list[t.Any]:
        """All settings."""
        return [vim.option.OptionValue(key=key, value=value) for key, value in self._values().items()]

    def supported(self) -> list[t.Any]:
        """What each setting may be."""
        return [
            vim.option.OptionDef(
                key=key, label=key, summary=key, optionType=vim.option.StringOption(defaultValue=str(value))
            )
            for key, value in self._values().items()
        ]

    @operation("QueryOptions")
    def query(self, call: Call) -> list[t.Any]:
        """One setting, or all below a name that ends with a dot; an unknown name is a fault."""
        name = call.arguments.get("name") or ""
        found = [one for one in self.settings() if one.key == name or (name.endswith(".") and one.key.startswith(name))]
        if name and not found:
            raise vim.fault.InvalidName(name=name, msg=f"The name '{name}' is invalid.")
        return found if name else self.settings()


class Extensions:
    """ExtensionManager."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.store.add(vim.ExtensionManager("ExtensionManager"), self, {"extensionList": lambda own: own.all_of_them()})

    def all_of_them(self) -> list[t.Any]:
        """The extensions."""
        return [
            vim.Extension(
                key=key,
                version=self._core.release.version,
                company="VMware, Inc.",
                description=vim.Description(label=label, summary=label),
                lastHeartbeatTime=self._core.clock.now(),
            )
            for key, label in EXTENSIONS.items()
        ]

    @operation("FindExtension")
    def find(self, call: Call) -> t.Any:
        """The one with that key; nothing when there is none."""
        return next((one for one in self.all_of_them() if one.key == call.arguments["extensionKey"]), None)

    @operation("QueryManagedBy")
    def managed_by(self, _call: Call) -> list[t.Any]:
        """No entity is managed by an extension here."""
        return []


class CustomFields:
    """CustomFieldsManager: `fields` may be filled by a test, {key: (name, type of objects or None)}."""

    def __init__(self, core: Core) -> None:
        self.fields: dict[int, tuple[str, type | None]] = {}
        core.store.add(vim.CustomFieldsManager("CustomFieldsManager"), self, {"field": lambda own: own.definitions()})

    def definitions(self) -> list[t.Any]:
        """The fields."""
        return [
            vim.CustomFieldsManager.FieldDef(key=key, name=name, type=str, managedObjectType=kind)
            for key, (name, kind) in self.fields.items()
        ]
