# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source against the lab: orders of OKMS domains, and the source itself from start to end."""

from __future__ import annotations

import asyncio
import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.watch import OrderReader
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils.event_source import Event, options
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import add_standard
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_events import DAY, SOURCE
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.static.events import problems


def orders_of(lab: Lab, **args: t.Any) -> OrderReader:
    """A reader of orders that has opened its client."""
    connection = {**harness.connection(lab, "ovhcloud"), "interval": 0, **args}
    params = options(SOURCE["SPEC"], {**harness.connection(lab, "vsphere"), "orders": connection})
    reader = t.cast("list[OrderReader]", SOURCE["readers"](params))[1]
    reader.open()
    return reader


def test_delivered_order_is_told_with_its_domain(lab: Lab, run_module: RunModule) -> None:
    reader = orders_of(lab)
    assert reader.read() == []
    wanted: dict[str, t.Any] = {
        "display_name": "kms-prod",
        "region": lab.region,
        "allow_order": True,
        "wait_interval": 0.01,
    }
    made = run_module("okms", **wanted)
    assert made.changed, made.msg
    (event,) = reader.read()
    assert problems(event) == []
    assert (event["type"], event["okms_id"]) == ("order_delivered", made["okms"]["id"])
    assert [secret for secret in lab.secrets() if secret in json.dumps(event)] == []
    mark = lab.journal.mark()
    assert reader.read() == []
    assert [entry.operation for entry in lab.journal.entries(since=mark)] == ["GET /me/order"]


def test_stuck_order_is_told_when_it_is_old(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_outcome = "stuck"
    reader = orders_of(lab, stuck_hours=48)
    wanted: dict[str, t.Any] = {"display_name": "kms-prod", "region": lab.region, "allow_order": True, "wait": False}
    assert run_module("okms", **wanted).changed
    assert reader.read() == []
    lab.clock.advance(2 * DAY)
    (event,) = reader.read()
    assert problems(event) == []
    assert (event["type"], event["order"]["status"]) == ("order_stuck", "delivering")
    assert reader.read() == []


def run_source(lab: Lab, args: dict[str, t.Any], act: t.Callable[[], None]) -> list[Event]:
    """The events of the source itself after `act`, up to the first one; then it is cancelled."""

    async def main() -> list[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        task = asyncio.ensure_future(SOURCE["main"](queue, args))
        first = asyncio.ensure_future(queue.get())
        act()
        await asyncio.wait([task, first], timeout=60, return_when=asyncio.FIRST_COMPLETED)
        task.cancel()
        await asyncio.gather(task, first if first.done() else asyncio.sleep(0), return_exceptions=True)
        first.cancel()
        if not task.cancelled() and task.exception():
            raise t.cast(BaseException, task.exception())
        return [first.result()]

    return asyncio.run(main())


def test_source_ends_its_session_when_it_is_cancelled(lab: Lab) -> None:
    open_up(lab)
    add_standard(lab)
    args = {**harness.connection(lab, "vsphere"), "initial": True, "orders": harness.connection(lab, "ovhcloud")}
    (event,) = run_source(lab, args, lambda: None)
    assert event["type"] == "vm_unencrypted"
    assert lab.vcenter.sessions.active() == []


def test_wrong_password_is_tried_once_and_told(lab: Lab) -> None:
    args = {**harness.connection(lab, "vsphere"), "password": "planted and wrong"}
    (event,) = run_source(lab, args, lambda: None)
    assert problems(event) == []
    assert (event["type"], event["kind"], event["next_try_seconds"]) == ("source_failed", "authentication", 900)
    assert "planted" not in json.dumps(event)
    assert lab.journal.count("vcenter", "login") == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"hostname": ""}, "missing connection options: hostname"),
        ({"interval": 0}, "interval: 0 is not a positive number of seconds"),
        ({"hostnam": "x"}, "unknown arguments: hostnam"),
    ],
)
def test_unusable_argument_ends_the_source(lab: Lab, args: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        run_source(lab, {**harness.connection(lab, "vsphere"), **args}, lambda: None)
    assert lab.journal.entries() == []
