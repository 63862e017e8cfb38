# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VM encryption of a private cloud: the flows from vCenter to KMIP servers."""

from __future__ import annotations

import re
import typing as t

from .core import Area, Call, Core, serves
from .errors import bad_request, conflict, not_found
from .pcc_tasks import TaskArea
from .state import KmsEntry, PrivateCloud

WAITING_TEXT = "Waiting for customer to configure the KMS Server..."
_KMS = "/dedicatedCloud/{serviceName}/vmEncryption/kms"
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}")


class KmsArea(Area):
    """Calls under /dedicatedCloud/{serviceName}/vmEncryption."""

    def __init__(self, core: Core, tasks: TaskArea) -> None:
        super().__init__(core)
        self._tasks = tasks

    def _entry(self, call: Call) -> tuple[PrivateCloud, KmsEntry]:
        cloud = self.core.private_cloud(call.params["serviceName"])
        self._tasks.touch(cloud, "kms", call.params["kmsId"])
        entry = cloud.kms.get(call.params["kmsId"])
        if entry is None:
            raise not_found(f"kms {call.params['kmsId']}")
        return cloud, entry

    @serves("GET /dedicatedCloud/{serviceName}/vmEncryption")
    def encryption(self, call: Call) -> dict[str, str]:
        """State of the option."""
        return {"state": self.core.private_cloud(call.params["serviceName"]).encryption}

    @serves(f"GET {_KMS}")
    def entries(self, call: Call) -> list[int]:
        """Ids of the entries."""
        cloud = self.core.private_cloud(call.params["serviceName"])
        self._tasks.touch(cloud, "kms")
        return list(cloud.kms)

    @serves(f"GET {_KMS}/{{kmsId}}")
    def entry(self, call: Call) -> dict[str, t.Any]:
        """One entry."""
        entry = self._entry(call)[1]
        return {
            "description": entry.description,
            "ip": entry.ip,
            "kmsId": entry.kms_id,
            "kmsTcpPort": entry.port,
            "sslThumbprint": entry.thumbprint,
            "state": entry.state,
        }

    @serves(f"POST {_KMS}")
    def create(self, call: Call) -> dict[str, t.Any]:
        """Open a flow; the task then waits until vCenter uses the server behind it."""
        cloud, body = self.core.private_cloud(call.params["serviceName"]), call.body
        _check_thumbprint(body["sslThumbprint"])
        if any(entry.ip == body["ip"] for entry in cloud.kms.values()):
            raise conflict(f"A KMS with the IP {body['ip']} already exists")
        number = self.core.number("kms", 4321)
        port = self.core.callbacks.kms_port(body["ip"])
        entry = KmsEntry(number, body["ip"], body["sslThumbprint"], body.get("description", ""), port)
        cloud.kms[entry.kms_id] = entry
        if cloud.encryption == "disabled":
            cloud.encryption = "enabling"

        def start() -> None:
            early = self.core.settings.kms_delivered == "before_vcenter"
            entry.state, entry.flow_open = "delivered" if early else "creating", True
            if early:
                cloud.encryption = "enabled"

        def finish() -> None:
            entry.state, cloud.encryption = "delivered", "enabled"

        def ready() -> bool:
            return self.core.callbacks.vcenter_trusts(entry.ip)

        about, fail = ("kms", entry.kms_id), _failing(entry)
        return self._tasks.add(cloud, "addVmEncryptionKms", about, finish, start, ready, WAITING_TEXT, fail)

    @serves(f"POST {_KMS}/{{kmsId}}/changeProperties")
    def change(self, call: Call) -> dict[str, t.Any]:
        """New thumbprint or description."""
        cloud, entry = self._entry(call)
        body = call.body
        _check_thumbprint(body["sslThumbprint"])
        early = entry.state == "creating" and self.core.settings.creating_entry_changeable
        if entry.state not in ("delivered", "error") and not early:
            raise conflict(f"The KMS is in state {entry.state}")
        entry.state = "toUpdate"

        def start() -> None:
            entry.state = "updating"

        def finish() -> None:
            entry.state, entry.thumbprint = "creating" if early else "delivered", body["sslThumbprint"]
            entry.description = body.get("description", entry.description)

        return self._tasks.add(
            cloud, "updateVmEncryptionKms", ("kms", entry.kms_id), finish, start, fail=_failing(entry)
        )

    @serves(f"DELETE {_KMS}/{{kmsId}}")
    def delete(self, call: Call) -> dict[str, t.Any]:
        """Close the flow."""
        cloud, entry = self._entry(call)
        if entry.state in ("toDelete", "deleting"):
            raise conflict("The KMS is already being deleted")
        # a creation that still waits for vCenter is given up
        for task in cloud.tasks.values():
            if task.about == ("kms", entry.kms_id) and task.state in ("todo", "doing", "waitingTodo"):
                task.state, task.ended, task.description = "canceled", self.core.now(), None
        entry.state = "toDelete"

        def start() -> None:
            entry.state = "deleting"

        def finish() -> None:
            cloud.kms.pop(entry.kms_id, None)
            entry.flow_open = False
            if not cloud.kms:
                cloud.encryption = "disabled"

        return self._tasks.add(
            cloud, "removeVmEncryptionKms", ("kms", entry.kms_id), finish, start, fail=_failing(entry)
        )


def _failing(entry: KmsEntry) -> t.Callable[[], None]:
    def fail() -> None:
        entry.state = "error"

    return fail


def _check_thumbprint(text: str) -> None:
    if not _THUMBPRINT.fullmatch(text):
        raise bad_request("Invalid parameter sslThumbprint: not a SHA-1 or SHA-256 thumbprint")
