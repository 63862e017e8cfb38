# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vSphere users of a private cloud and their rights."""

from __future__ import annotations

import fnmatch
import typing as t

from .core import Area, Call, Core, serves
from .errors import bad_request, conflict, not_found
from .pcc_tasks import TaskArea
from .state import PrivateCloud, VsphereUser

_USER = "/dedicatedCloud/{serviceName}/user"
RIGHTS = [
    "canManageIpFailOvers",
    "canManageNetwork",
    "canManageRights",
    "encryptionRight",
    "fullAdminRo",
    "isTokenValidator",
    "nsxRight",
    "receiveAlerts",
]
_TEXTS = {"email": "email", "firstName": "first_name", "lastName": "last_name", "phoneNumber": "phone"}
PASSWORD_LENGTHS = (8, 30)


class UserArea(Area):
    """Calls under /dedicatedCloud/{serviceName}/user."""

    def __init__(self, core: Core, tasks: TaskArea) -> None:
        super().__init__(core)
        self._tasks = tasks

    def add(self, cloud: PrivateCloud, name: str, password: str = "", **rights: bool) -> VsphereUser:
        """A user, delivered at once; the password is random unless given."""
        secret = password or f"Aa1-{self.core.secret(24)}"
        login = f"{name}@{cloud.name}.ovh.test"
        number = self.core.number("user", 1201)
        user = VsphereUser(number, name, login, secret, {**dict.fromkeys(RIGHTS, False), **rights})
        right = {"canAddRessource": False, "networkRole": "noAccess", "right": "readonly", "vmNetworkRole": "noAccess"}
        user.datacenter_rights[self.core.number("right", 3301)] = {**right, "datacenterId": 1}
        cloud.users[user.user_id] = user
        return user

    def _user(self, call: Call) -> tuple[PrivateCloud, VsphereUser]:
        cloud = self.core.private_cloud(call.params["serviceName"])
        self._tasks.touch(cloud, "user", call.params["userId"])
        user = cloud.users.get(call.params["userId"])
        if user is None:
            raise not_found(f"user {call.params['userId']}")
        return cloud, user

    @serves(f"GET {_USER}")
    def users(self, call: Call) -> list[int]:
        """Ids of users; the name is compared as a pattern with %."""
        cloud = self.core.private_cloud(call.params["serviceName"])
        self._tasks.touch(cloud, "user")
        self._tasks.touch(cloud, "iam")  # roles are listed here too
        pattern = call.query.get("name", "*").replace("%", "*")
        return [user.user_id for user in cloud.users.values() if fnmatch.fnmatchcase(user.name, pattern)]

    @serves(f"GET {_USER}/{{userId}}")
    def user(self, call: Call) -> dict[str, t.Any]:
        """One user."""
        user = self._user(call)[1]
        return {
            **user.rights,
            "activationState": user.activation,
            "activeDirectoryId": None,
            "activeDirectoryType": None,
            "email": user.email,
            "firstName": user.first_name,
            "identityProviderId": 12 if user.provider else None,
            "identityProviderType": user.provider,
            "isEnableManageable": True,
            "lastName": user.last_name,
            "login": user.login,
            "name": user.name,
            "phoneNumber": user.phone,
            "state": user.state,
            "type": "group" if user.provider == "iam" else "user",
            "userId": user.user_id,
        }

    @serves(f"POST {_USER}")
    def create(self, call: Call) -> dict[str, t.Any]:
        """A new user, usable when the task is done."""
        cloud, body = self.core.private_cloud(call.params["serviceName"]), call.body
        if any(user.name == body["name"] for user in cloud.users.values()):
            raise conflict(f"A user named {body['name']} already exists")
        if body.get("password"):
            _check_password(body["password"])
        user = self.add(cloud, body["name"], body.get("password", ""))
        user.state, user.activation = "creating", "disabled"

        def finish() -> None:
            _apply(user, body)
            user.state, user.activation = "delivered", "enabled"

        def fail() -> None:
            user.state = "error"

        return self._tasks.add(cloud, "addUser", ("user", user.user_id), finish, fail=fail)

    @serves(f"POST {_USER}/{{userId}}/changeProperties")
    def change(self, call: Call) -> dict[str, t.Any]:
        """Change rights and contact; applied when the task is done."""
        cloud, user = self._user(call)
        body = call.body
        return self._tasks.add(cloud, "updateUser", ("user", user.user_id), lambda: _apply(user, body))

    @serves(f"POST {_USER}/{{userId}}/changePassword")
    def change_password(self, call: Call) -> dict[str, t.Any]:
        """A new password, a random one unless given."""
        cloud, user = self._user(call)
        password = call.body.get("password") or f"Aa1-{self.core.secret(24)}"
        _check_password(password)

        def finish() -> None:
            user.password = password

        return self._tasks.add(cloud, "changeUserPassword", ("user", user.user_id), finish)

    @serves(f"POST {_USER}/{{userId}}/enable", f"POST {_USER}/{{userId}}/disable")
    def activate(self, call: Call) -> dict[str, t.Any]:
        """Let log in, or not any more."""
        cloud, user = self._user(call)
        word = "enable" if call.operation.template.endswith("enable") else "disable"
        user.activation = f"to{word.capitalize()}"

        def finish() -> None:
            user.activation = f"{word}d"

        return self._tasks.add(cloud, f"{word}User", ("user", user.user_id), finish)

    @serves(f"DELETE {_USER}/{{userId}}")
    def delete(self, call: Call) -> dict[str, t.Any]:
        """Remove a user."""
        cloud, user = self._user(call)
        user.state = "deleting"

        def finish() -> None:
            cloud.users.pop(user.user_id, None)

        return self._tasks.add(cloud, "removeUser", ("user", user.user_id), finish)

    # --- rights per datacenter

    @serves(f"GET {_USER}/{{userId}}/right")
    def rights(self, call: Call) -> list[int]:
        """Ids of rights."""
        return list(self._user(call)[1].datacenter_rights)

    def _right(self, call: Call) -> tuple[PrivateCloud, VsphereUser, dict[str, t.Any]]:
        cloud, user = self._user(call)
        right = user.datacenter_rights.get(call.params["rightId"])
        if right is None:
            raise not_found(f"right {call.params['rightId']}")
        return cloud, user, right

    @serves(f"GET {_USER}/{{userId}}/right/{{rightId}}")
    def right(self, call: Call) -> dict[str, t.Any]:
        """Rights on one datacenter."""
        return {**self._right(call)[2], "rightId": call.params["rightId"]}

    @serves(f"PUT {_USER}/{{userId}}/right/{{rightId}}")
    def edit_right(self, call: Call) -> dict[str, t.Any]:
        """Change rights on one datacenter."""
        cloud, user, right = self._right(call)
        wanted = {name: value for name, value in call.body.items() if name in right and name != "datacenterId"}
        return self._tasks.add(cloud, "updateRight", ("user", user.user_id), lambda: right.update(wanted))


def _apply(user: VsphereUser, body: dict[str, t.Any]) -> None:
    """Take over the fields of a changeProperties or creation body."""
    for name, value in body.items():
        right = "isTokenValidator" if name == "tokenValidator" else name
        if right in user.rights:
            user.rights[right] = value
        elif name in _TEXTS:
            setattr(user, _TEXTS[name], value)


def _check_password(password: str) -> None:
    shortest, longest = PASSWORD_LENGTHS
    classes = [str.islower, str.isupper, str.isdigit]
    if not shortest <= len(password) <= longest or not all(any(map(test, password)) for test in classes):
        raise bad_request("The password does not follow the password policy")
