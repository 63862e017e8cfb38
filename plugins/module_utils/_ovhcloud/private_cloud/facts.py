# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a private cloud, read subset by subset: a right that is missing for one costs only that one."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.life_cycle import ends_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    numbers,
    record,
    records,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.object_lists import Lists
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.kms_calls import (
    KmsCalls,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import (
    seconds_to_confirm,
    task_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.users import Users


@dataclasses.dataclass(frozen=True)
class Service:
    """A private cloud. Session limits: user_session_timeout in seconds, 0 for none."""

    service_name: str | None
    description: str | None
    state: str | None
    location: str | None
    version: State
    vcenter_host: str | None
    urn: str | None
    user_access_policy: str | None
    user_limit_concurrent_session: int | None
    user_logout_policy: str | None
    user_session_timeout: int | None
    advanced_security: bool | None
    service_pack: str | None
    generation: str | None
    commercial_range: str | None
    secure_interface: str | None


SERVICE_FIELDS = fields_of(Service)
# subset -> its result key
SUBSETS = {
    "encryption": "encryption",
    "kms": "encryption",
    "users": "users",
    "iam": "iam",
    "networks": "allowed_networks",
    "tasks": "tasks",
    "capabilities": "capabilities",
    "security": "security",
    "replication": "replication",
    "life_cycle": "life_cycle",
}
DEFAULT_SUBSETS = ("encryption", "users", "iam")
_OPEN_TASKS = ("doing", "error", "fixing", "toCancel", "toCreate", "todo", "unknown", "waitingForChilds", "waitingTodo")
_ZERTO = "/datacenter/{}/disasterRecovery/zerto"
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake_case(name: str) -> str:
    """canAddUser -> can_add_user."""
    return _BOUNDARY.sub("_", name).lower()


def snake_keys(raw: t.Mapping[str, t.Any]) -> State:
    """The same object with our spelling of its keys."""
    return {snake_case(name): value for name, value in raw.items()}


def vcenter_host(web_interface_url: str | None) -> str | None:
    """Host of vCenter: read from the service, because its domain differs between regions."""
    if not web_interface_url:
        return None
    address = web_interface_url if "//" in web_interface_url else f"//{web_interface_url}"
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def service_state(raw: t.Any) -> State:
    """From a `dedicatedCloud.dedicatedCloudWithIAM`. Session limits: user_session_timeout in seconds, 0 for none."""
    read = record(raw, "a private cloud")
    version = read.part("version").raw
    return as_result(
        Service(
            service_name=read.text("serviceName"),
            description=read.text("description"),
            state=read.text("state"),
            location=read.text("location"),
            version={part: version.get(part) for part in ("major", "minor", "build")},
            vcenter_host=vcenter_host(read.text("webInterfaceUrl")),
            urn=read.part("iam").text("urn"),
            user_access_policy=read.text("userAccessPolicy"),
            user_limit_concurrent_session=read.whole("userLimitConcurrentSession"),
            user_logout_policy=read.text("userLogoutPolicy"),
            user_session_timeout=read.whole("userSessionTimeout"),
            advanced_security=read.flag("advancedSecurity"),
            service_pack=read.text("servicePackName"),
            generation=read.text("generation"),
            commercial_range=read.text("commercialRange"),
            secure_interface=read.text("certifiedInterfaceUrl"),
        )
    )


def task_state(raw: t.Any, now: datetime.datetime) -> State:
    """From a `dedicatedCloud.Task`."""
    task = task_of(raw)
    read = record(raw, f"task {task.task_id}")
    return {
        "id": task.task_id,
        "state": task.state,
        "progress": read.whole("progress"),
        "description": task.description or None,
        "created_by": read.text("createdBy"),
        "user_id": read.whole("userId"),
        "started_at": task.started,
        "seconds_to_confirm": seconds_to_confirm(task.started, now) if task.not_started else None,
    }


class PrivateCloud:
    """Readers of one private cloud, one method for each subset."""

    def __init__(self, client: Client, service_name: str) -> None:
        self.client = client
        self.service_name = service_name

    def service(self) -> State:
        """The service itself."""
        return {**service_state(self._get("")), "service_name": self.service_name}

    def encryption(self) -> State:
        """State of VM encryption and the KMS entries."""
        calls = KmsCalls(self.client, self.service_name, Patience(wait=False))
        state = record(self._get("/vmEncryption"), f"the encryption of {self.service_name}").text("state")
        return {"state": state, "kms": calls.entries()}

    def kms(self) -> State:
        """The KMS entries alone."""
        return {"state": None, "kms": KmsCalls(self.client, self.service_name, Patience(wait=False)).entries()}

    def users(self, name: str | None = None) -> list[State]:
        """vSphere users with their rights: those of that name or login, or all when there is none."""
        users = Users(self.client, self.service_name, Patience(wait=False))
        similar = users.users(like=name.partition("@")[0]) if name else []
        return [user for user in similar if name in (user["login"], user["name"])] or users.users()

    def iam(self) -> State:
        """The IAM option: `available` says whether it is on or could be switched on (HDS and PCI DSS clouds: not)."""
        try:
            read = record(self._get("/iam"), f"the IAM option of {self.service_name}")
            state = read.text("state")
            available = state in ("enabled", "enabling") or self._get("/iam/canBeEnabled") is True
        except NotFoundError:
            return {"state": None, "available": False, "identity_provider_id": None}
        return {
            "state": state,
            "available": available,
            "identity_provider_id": read.whole("identityProviderId"),
        }

    def networks(self) -> list[State]:
        """Networks that vCenter may be reached from when user_access_policy is filtered."""
        ids = numbers(self._get("/allowedNetwork"), "the list of allowed networks")
        found = [record(self._get("/allowedNetwork/{}", number), f"allowed network {number}") for number in ids]
        return [
            {
                "id": read.whole("networkAccessId"),
                "network": read.text("network"),
                "description": read.text("description"),
                "state": read.text("state"),
            }
            for read in found
        ]

    def tasks(self) -> list[State]:
        """Tasks that are not finished."""
        answers = [self.client.get(self._path("/task"), {"state": state}) for state in _OPEN_TASKS]
        ids = {number for answer in answers for number in numbers(answer, "the list of tasks")}
        found = [self._optional("/task/{}", number) for number in sorted(ids)]
        return [task_state(raw, self.client.now()) for raw in found if raw is not None]

    def capabilities(self) -> State:
        """What this private cloud can do."""
        return snake_keys(record(self._get("/capabilities"), f"the capabilities of {self.service_name}").raw)

    def security(self) -> State:
        """Security options that are on (hds, pcidss, advancedSecurity ...) and the password policy of vSphere users."""
        state = self._optional("/securityOptions")
        matrix = self._optional("/securityOptions/compatibilityMatrix")
        policy = self._optional("/passwordPolicy")
        what = f"the security options of {self.service_name}"
        rows = None if matrix is None else records(matrix, what)
        return {
            "state": None if state is None else record(state, what).text("state"),
            "enabled_options": None if rows is None else sorted(str(r.text("name")) for r in rows if r.flag("enabled")),
            "password_policy": None if policy is None else snake_keys(record(policy, "the password policy").raw),
        }

    def replication(self) -> State:
        """Whether Zerto replicates, by virtual datacenter: a state other than `disabled` means that it is there."""
        ids = numbers(self._get("/datacenter"), "the list of virtual datacenters")
        found = {number: self._optional(f"{_ZERTO}/status", number) for number in ids}
        what = f"the state of Zerto of {self.service_name}"
        states = {str(number): record(raw, what).text("state") for number, raw in found.items() if raw is not None}
        return {"zerto": any(state not in (None, "disabled") for state in states.values()), "datacenters": states}

    def life_cycle(self) -> State:
        """When support of the product, and of the hosts of its virtual datacenters, ends."""
        path, what = self._path("/datacenter"), "the list of virtual datacenters"
        found = [record(raw, what).text("commercialName") for raw in Lists(self.client).every(path, what)]
        ends = [{"what": one.what, "phase": one.phase, "date": one.date} for one in ends_of(found)]
        return {"commercial_names": sorted({name for name in found if name}), "ends": ends}

    def _path(self, rest: str, *parts: t.Any) -> str:
        return api_path("/dedicatedCloud/{}" + rest, self.service_name, *parts)

    def _get(self, rest: str, *parts: t.Any) -> t.Any:
        return self.client.get(self._path(rest, *parts))

    def _optional(self, rest: str, *parts: t.Any) -> t.Any:
        try:
            return self._get(rest, *parts)
        except NotFoundError:
            return None


def gather(
    client: Client,
    service_name: str,
    subsets: t.Collection[str],
    warn: t.Callable[[str], None],
    user: str | None = None,
) -> State | None:
    """All facts of one private cloud; None when it does not exist. `user`: the only one of its users that is read.

    What this identity may not read is null and warned about with the action that is missing. A subset whose route does
    not exist for this cloud is null without a warning.
    """
    cloud = PrivateCloud(client, service_name)
    facts: State = {**dict.fromkeys(SERVICE_FIELDS), "service_name": service_name}
    try:
        facts.update(cloud.service())
    except NotFoundError:
        return None
    except (ForbiddenError, ServiceExpiredError) as error:
        warn(_unreadable(service_name, "service", error))
    readers: dict[str, t.Callable[[], t.Any]] = {name: getattr(cloud, name) for name in SUBSETS}
    if user and not facts["advanced_security"]:  # of such a cloud, all users are read: some are token validators
        readers["users"] = lambda: cloud.users(user)
    facts.update(dict.fromkeys(SUBSETS.values()))
    for subset, key in SUBSETS.items():
        if subset not in subsets or (subset == "kms" and "encryption" in subsets):
            continue
        try:
            facts[key] = readers[subset]()
        except NotFoundError:
            continue  # an option that this cloud does not have
        except (ForbiddenError, ServiceExpiredError) as error:
            warn(_unreadable(service_name, subset, error))
    return facts


def _unreadable(service_name: str, subset: str, error: CollectionError) -> str:
    return f"{service_name}: {subset} cannot be read and is null: {error.message}"
