# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks and KMS entries of private clouds show of the assumptions about them. Reads only."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    numbers,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.reader import Reader
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import task_of

_TASKS = 30  # that are looked at, the newest first
_CLOUD = "/dedicatedCloud/{}"
_OF_TASKS = ("task-names", "finished-tasks-vanish", "kms-entry-delivered")
_ENDED = ("done", "canceled")


def see_cloud(reader: Reader, cloud: str) -> None:
    """One private cloud."""
    with reader.seen.reading(*_OF_TASKS):
        reader.get(_CLOUD, cloud)
        listed = numbers(reader.get(_CLOUD + "/task", cloud), "the tasks")[-_TASKS:]
        found = {number: reader.maybe(_CLOUD + "/task/{}", cloud, number) for number in reversed(listed)}
        tasks = {number: record(raw, "a task") for number, raw in found.items() if raw is not None}
        see_names(reader, list(tasks.values()))
        see_finished(reader, cloud, tasks)
        see_entries(reader, cloud, list(tasks.values()))


def see_names(reader: Reader, tasks: list[Fields]) -> None:
    """Whether each task has the name of the call that made it."""
    for task in tasks:
        name, about_user = task.text("name"), task.whole("userId") is not None
        if name and name != "addUser":
            reader.seen.see("task-names", ["by_call"])
        elif name and not about_user:
            reader.seen.see("task-names", ["addUser"])
    reader.seen.miss("task-names", "the tasks that are there are all of users")


def see_finished(reader: Reader, cloud: str, tasks: dict[int, Fields]) -> None:
    """Whether a task that has ended can be read a second time."""
    name = "finished-tasks-vanish"
    for number, task in tasks.items():
        if task.text("state") in _ENDED:
            there = reader.maybe(_CLOUD + "/task/{}", cloud, number) is not None
            reader.seen.see(name, ["" if there else "after_read"])
            return
    reader.seen.miss(name, "no task that has ended is there, which is so when they vanish, and when there were none")


def see_entries(reader: Reader, cloud: str, tasks: list[Fields]) -> None:
    """Which ends first, the entry's wait or the task's; tasks do not say which entry they are about."""
    name = "kms-entry-delivered"
    ids = numbers(reader.get(_CLOUD + "/vmEncryption/kms", cloud), "the KMS entries")
    read = [reader.maybe(_CLOUD + "/vmEncryption/kms/{}", cloud, number) for number in ids]
    states = [record(raw, "a KMS entry").text("state") for raw in read if raw is not None]
    reader.get(_CLOUD + "/vmEncryption", cloud)
    waiting = sum(task_of(task.raw).waiting_for_vcenter for task in tasks)
    creating = states.count("creating")
    if waiting and creating >= waiting:
        reader.seen.see(name, ["after_vcenter"])
    elif waiting and not creating and "delivered" in states:
        reader.seen.see(name, ["before_vcenter"])
    reader.seen.miss(name, "no task of a KMS entry waits for vCenter")
