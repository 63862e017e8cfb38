# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AuthorizationManager: what users may do, as roles, permissions and answers to questions."""

from __future__ import annotations

import typing as t

from pyVmomi import vim

from ..privileges import ENCRYPTION, HOSTED
from . import errors, sessions
from .dispatcher import Call, operation

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory

Manager = vim.AuthorizationManager
SYSTEM = frozenset({"System.Anonymous", "System.Read", "System.View"})
ALL = sorted(HOSTED | ENCRYPTION | SYSTEM)
# number, name, label, privileges: those that every vCenter has, and one for what a hosted user may do
ROLES: tuple[tuple[int, str, str, list[str]], ...] = (
    (-5, "NoAccess", "No access", []),
    (-4, "Anonymous", "Anonymous", ["System.Anonymous"]),
    (-3, "View", "View", ["System.Anonymous", "System.View"]),
    (-2, "ReadOnly", "Read-only", sorted(SYSTEM)),
    (-1, "Admin", "Administrator", ALL),
    (1001, "hosted", "User of the private cloud", sorted(HOSTED | SYSTEM)),
)
HOSTED_ROLE, ADMINISTRATOR = 1001, -1


def roles() -> list[t.Any]:
    """All roles."""
    return [
        Manager.Role(
            roleId=number, system=number < 0, name=name, info=vim.Description(label=label, summary=label), privilege=own
        )
        for number, name, label, own in ROLES
    ]


def privileges() -> list[t.Any]:
    """All privileges."""
    split = [privilege.rpartition(".") for privilege in ALL]
    return [
        Manager.Privilege(privId=f"{group}.{name}", onParent=False, name=name, privGroupName=group)
        for group, _dot, name in split
    ]


def description() -> t.Any:
    """The words of the privileges."""
    groups = sorted({privilege.rpartition(".")[0] for privilege in ALL})
    return vim.AuthorizationDescription(
        privilege=[vim.ElementDescription(key=one, label=one, summary=one) for one in ALL],
        privilegeGroup=[vim.ElementDescription(key=one, label=one, summary=one) for one in groups],
    )


class Authorization:
    """AuthorizationManager."""

    def __init__(self, core: Core, inventory: Inventory) -> None:
        self._inventory = inventory
        table = {
            "roleList": lambda _own: roles(),
            "privilegeList": lambda _own: privileges(),
            "description": lambda _own: description(),
        }
        core.store.add(Manager("AuthorizationManager"), self, table)

    def _permissions(self) -> list[t.Any]:
        """Those of the own user, on the root folder and on all below."""
        session = sessions.current()
        role = ADMINISTRATOR if session.may("Authorization.ModifyRoles") else HOSTED_ROLE
        root = self._inventory.root.reference
        return [Manager.Permission(entity=root, principal=session.user, group=False, roleId=role, propagate=True)]

    @operation("RetrieveAllPermissions")
    def all_permissions(self, _call: Call) -> list[t.Any]:
        """All that the caller may see."""
        return self._permissions()

    @operation("RetrieveRolePermissions")
    def of_role(self, call: Call) -> list[t.Any]:
        """Where a role is used; an unknown one is a fault."""
        number = call.arguments["roleId"]
        if number not in {one.roleId for one in roles()}:
            raise vim.fault.NotFound(msg="The object or item referred to could not be found.")
        return [one for one in self._permissions() if one.roleId == number]

    @operation("RetrieveEntityPermissions")
    def of_entity(self, call: Call) -> list[t.Any]:
        """Those defined on an entity, on request with what it has from above."""
        entity = self._inventory.entity(call.arguments["entity"])
        if entity is None:
            raise errors.not_found(call.arguments["entity"])
        if entity is self._inventory.root or call.arguments["inherited"]:
            return self._permissions()
        return []

    @operation("HasUserPrivilegeOnEntities")
    def of_named_user(self, call: Call) -> list[t.Any]:
        """The same as HasPrivilegeOnEntities, for the own user."""
        if call.arguments["userName"] != call.session.user:
            raise errors.no_permission(call.this, "Authorization.ModifyPermissions")
        call.arguments["entity"] = call.arguments["entities"]
        return self.on_entities(call)

    @operation("HasPrivilegeOnEntities")
    def on_entities(self, call: Call) -> list[t.Any]:
        """For each entity and privilege, whether the session has it."""
        return [
            vim.AuthorizationManager.EntityPrivilege(
                entity=entity,
                privAvailability=[
                    vim.AuthorizationManager.PrivilegeAvailability(
                        privId=privilege, isGranted=call.session.may(privilege)
                    )
                    for privilege in call.arguments.get("privId") or []
                ],
            )
            for entity in call.arguments["entity"]
        ]

    @operation("HasPrivilegeOnEntity")
    def on_entity(self, call: Call) -> list[bool]:
        """For each privilege, whether the session has it on one entity."""
        return [call.session.may(privilege) for privilege in call.arguments.get("privId") or []]

    @operation("FetchUserPrivilegeOnEntities")
    def of_user(self, call: Call) -> list[t.Any]:
        """The privileges of the own user."""
        if call.arguments["userName"] != call.session.user:
            raise errors.no_permission(call.this, "Authorization.ModifyPermissions")
        granted = sorted(call.session.privileges)
        return [
            vim.AuthorizationManager.UserPrivilegeResult(entity=entity, privileges=granted)
            for entity in call.arguments["entities"]
        ]
