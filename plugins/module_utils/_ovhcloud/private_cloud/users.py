# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vSphere users of a private cloud and their rights."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    ApiError,
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State, differences
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    numbers,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import (
    Observation,
    Task,
    Tasks,
)

# our name -> name in the API when writing; `tokenValidator` reads as `isTokenValidator`
WRITE_NAMES = {
    "encryption_right": "encryptionRight",
    "can_manage_rights": "canManageRights",
    "can_manage_network": "canManageNetwork",
    "can_manage_ip_fail_overs": "canManageIpFailOvers",
    "nsx_right": "nsxRight",
    "full_admin_ro": "fullAdminRo",
    "receive_alerts": "receiveAlerts",
    "token_validator": "tokenValidator",
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone_number": "phoneNumber",
}
TEXTS = ("email", "first_name", "last_name", "phone_number")
RIGHTS = tuple(name for name in WRITE_NAMES if name not in TEXTS)


@dataclasses.dataclass(frozen=True)
class VsphereUser:
    """A vSphere user of a private cloud, with its rights."""

    id: int
    name: str
    login: str
    email: str | None
    first_name: str | None
    last_name: str | None
    phone_number: str | None
    state: str | None
    activation_state: str | None
    encryption_right: bool
    can_manage_rights: bool
    can_manage_network: bool
    can_manage_ip_fail_overs: bool
    nsx_right: bool
    full_admin_ro: bool
    receive_alerts: bool
    token_validator: bool
    type: str | None
    identity_provider_type: str | None


USER_FIELDS = fields_of(VsphereUser)
# rights that a new user gets by a second call
# because POST of a user does not take them (schema v1/dedicatedCloud)
_NOT_AT_CREATION = ("can_manage_network", "can_manage_ip_fail_overs", "full_admin_ro")
# options that only a new user takes
CREATION_NAMES = {
    "password": "password",
    "right": "right",
    "network_role": "networkRole",
    "vm_network_role": "vmNetworkRole",
}


def user_state(raw: t.Any) -> State:
    """From a `dedicatedCloud.User`."""
    read = record(raw, "a vSphere user")
    user_id = read.known_whole("userId")
    read.what = f"vSphere user {user_id}"

    def text(name: str) -> str | None:
        return read.text(WRITE_NAMES[name]) or None

    def right(name: str) -> bool:
        return bool(read.flag(WRITE_NAMES[name]))

    return as_result(
        VsphereUser(
            id=user_id,
            name=read.text("name") or "",
            login=read.text("login") or "",
            email=text("email"),
            first_name=text("first_name"),
            last_name=text("last_name"),
            phone_number=text("phone_number"),
            state=read.text("state"),
            activation_state=read.text("activationState"),
            encryption_right=right("encryption_right"),
            can_manage_rights=right("can_manage_rights"),
            can_manage_network=right("can_manage_network"),
            can_manage_ip_fail_overs=right("can_manage_ip_fail_overs"),
            nsx_right=right("nsx_right"),
            full_admin_ro=right("full_admin_ro"),
            receive_alerts=right("receive_alerts"),
            token_validator=bool(read.flag("isTokenValidator")),
            type=read.text("type"),
            identity_provider_type=read.text("identityProviderType"),
        )
    )


def wanted_values(params: t.Mapping[str, t.Any], before: State | None) -> State:
    """The named properties, normalised like user_state: empty text is null, a phone number keeps its present form."""
    wanted: State = {name: params[name] for name in RIGHTS if params.get(name) is not None}
    for name in TEXTS:
        if params.get(name) is not None:
            wanted[name] = params[name].strip() or None
    present = (before or {}).get("phone_number")
    # the API writes +33.612345678 (schema v1/dedicatedCloud), people write it without the dot
    if present and wanted.get("phone_number") and _digits(present) == _digits(wanted["phone_number"]):
        wanted["phone_number"] = present
    return wanted


def _digits(phone_number: str) -> str:
    return "".join(character for character in phone_number if character.isdigit())


def user_body(changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Our values under the names that the API writes; null becomes an empty text, which clears."""
    return {WRITE_NAMES[name]: "" if value is None else value for name, value in changes.items() if name in WRITE_NAMES}


def user_named(users: t.Iterable[State], name: str) -> State | None:
    """The user with exactly this login, else with exactly this name: the API's own filter finds similar names too."""
    listed = list(users)
    by_login = [user for user in listed if user["login"] == name]
    found = by_login or [user for user in listed if user["name"] == name]
    if len(found) > 1:
        logins = ", ".join(f"{user['login']} (id {user['id']}, {user['type']})" for user in found)
        raise AmbiguousError(f"several users are named {name}: {logins}; give the login as name")
    return found[0] if found else None


def user_in_words(user: State | None) -> str:
    """For messages about waiting."""
    if user is None:
        return "no such user"
    return f"user {user['login']} in state {user['state']}"


class Users:
    """vSphere users of one private cloud and the writes that change them; each write is sent once."""

    def __init__(self, client: Client, service_name: str, patience: Patience) -> None:
        self.client = client
        self.service_name = service_name
        self.patience = patience
        self.tasks = Tasks(client, service_name)

    def user(self, user_id: int) -> State | None:
        """One user, None when it is gone."""
        try:
            return user_state(self.client.get(self._path(user_id)))
        except NotFoundError:
            return None

    def users(self, like: str | None = None) -> list[State]:
        """All users in order of their ids, or those that the API finds similar to a name."""
        ids = numbers(self.client.get(self._path(), {"name": like} if like else None), "the list of users")
        found = [self.user(user_id) for user_id in ids]
        return [user for user in found if user is not None]

    def find(self, name: str) -> tuple[State | None, list[str]]:
        """The user, and the names of all users when it is not there."""
        found = user_named(self.users(like=name.partition("@")[0]), name)
        if found is not None:
            return found, []
        everybody = self.users()  # the filter of the API is not exact: only the whole list proves that there is none
        return user_named(everybody, name), [user["name"] for user in everybody]

    def create(
        self, name: str, values: State, only_at_creation: t.Mapping[str, t.Any], leaving: State | None = None
    ) -> State | None:
        """Make the user, then give what a new user cannot get; `leaving`: a namesake that has to be gone first."""

        def look() -> State | None:
            found = user_named(self.users(like=name), name)
            return found if found is not None and found["state"] != "deleting" else None

        if leaving is not None:
            self._wait_until_gone(leaving, None)
        early = {key: value for key, value in values.items() if key not in _NOT_AT_CREATION and value is not None}
        body = {"name": name, **user_body(early)}
        body.update({CREATION_NAMES[key]: value for key, value in only_at_creation.items()})
        what = f"creating user {name} of {self.service_name}"
        task = self.tasks.start(lambda: self.client.post(self._path(), body), lambda: look() is not None, self.patience)
        made = self.tasks.follow(task, look, _is_delivered, what, self.patience, user_in_words).item
        if made is None or made["state"] != "delivered":
            return made  # without waiting: the rest is for the next run
        rest = differences(made, values)
        return self.change(made, rest) if rest else made

    def change(self, before: State, changes: t.Mapping[str, t.Any]) -> State | None:
        """Send only what differs, wait for the task, and see that the user really shows it."""
        user_id = before["id"]
        what = f"changing {', '.join(sorted(changes))} of user {before['login']} of {self.service_name}"

        def shows_it(user: State | None) -> bool:
            return user is not None and not differences(user, dict(changes))

        def ready(seen: Observation[State | None]) -> bool:
            finished = seen.task is None or seen.task.done
            return finished and shows_it(seen.item) and _is_delivered(seen)

        def words(user: State | None) -> str:
            missing = ", ".join(sorted(differences(user or {}, dict(changes))))
            return user_in_words(user) + (f" without the new {missing}" if missing else "")

        if before["state"] == "creating":  # an earlier run's creation: let it end, it may bring the wanted values
            self.settle(before)
            if shows_it(self.user(user_id)):
                return self.user(user_id)
        if self._settle_changes(before):  # they may have brought a part of it, or all
            seen = self.user(user_id)
            changes = differences(seen or {}, dict(changes))
            if not changes:
                return seen
        task = self.tasks.start(
            lambda: self.client.post(self._path(user_id) + "/changeProperties", user_body(changes)),
            lambda: shows_it(self.user(user_id)),
            self.patience,
        )
        return self.tasks.follow(task, lambda: self.user(user_id), ready, what, self.patience, words).item

    def remove(self, before: State) -> None:
        """Remove the user and wait until it is gone."""

        def leaving() -> bool:
            user = self.user(before["id"])
            return user is None or user["state"] == "deleting"

        try:
            task = self.tasks.start(lambda: self.client.delete(self._path(before["id"])), leaving, self.patience)
        except NotFoundError:
            return
        self._wait_until_gone(before, task)

    def settle(self, before: State) -> State | None:
        """Wait for a user that an earlier run has made."""
        if before["state"] == "delivered":
            return before
        what = f"user {before['login']} of {self.service_name}"
        return self.tasks.follow(
            None, lambda: self.user(before["id"]), _is_delivered, what, self.patience, user_in_words
        ).item

    def changes_underway(self, user: State) -> list[Task]:
        """Tasks of earlier requests about the user; none when this identity may not read them."""
        try:
            return self.tasks.underway(f"/user/{user['id']}")
        except (ForbiddenError, NotFoundError):
            return []

    def _settle_changes(self, user: State) -> bool:
        """Wait until the tasks of earlier requests have ended, whatever their outcome. False: there were none."""
        # A second request beside the first can need a second code by SMS (advanced security), or be refused.
        earlier = {task.task_id: task for task in self.changes_underway(user)}
        if earlier:
            self.tasks.follow_each(
                earlier,
                lambda: dict.fromkeys(earlier),
                lambda _task_id, seen: seen.task is None or seen.task.ended,
                f"an earlier change of user {user['login']} of {self.service_name}",
                self.patience,
                lambda _nothing: f"user {user['login']}",
                settled=lambda _nothing: True,  # what failed is asked for again
            )
        return bool(earlier)

    def settle_removal(self, leaving: State) -> None:
        """Wait for the end of a user that an earlier run has removed."""
        self._wait_until_gone(leaving, None)

    def _wait_until_gone(self, user: State, task: Task | None) -> None:
        what = f"removal of user {user['login']} of {self.service_name}"
        self.tasks.follow(
            task, lambda: self.user(user["id"]), lambda seen: seen.item is None, what, self.patience, user_in_words
        )

    def _path(self, user_id: int | None = None) -> str:
        if user_id is None:
            return api_path("/dedicatedCloud/{}/user", self.service_name)
        return api_path("/dedicatedCloud/{}/user/{}", self.service_name, user_id)


def healthy_user(user: State) -> State:
    """The user itself; raises when it is in error, which waiting does not fix."""
    if user["state"] == "error":
        advice = "remove it and create it again, or ask OVHcloud's support"
        raise ApiError(f"{user_in_words(user)}: {advice}", user_id=user["id"])
    return user


def _is_delivered(seen: Observation[State | None]) -> bool:
    return seen.item is not None and healthy_user(seen.item)["state"] == "delivered"
