# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module encryption_events_info: what vCenter remembers about encryption, with cause and next step."""

from __future__ import annotations

import functools
import typing as t

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import refused
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import alarms, vm_faults

DAY = 86400.0
KMS, VM, HOST = "com.vmware.vc.kms.crypto", "com.vmware.vc.vm.Crypto", "com.vmware.vc.host.Crypto"
RECONFIGURE, UNLOCK = "VirtualMachine.reconfigure", "VirtualMachine.cryptoUnlock"


def told(rows: t.Iterable[dict[str, t.Any]]) -> list[tuple[str | None, str | None]]:
    """Cause and object of rows."""
    return [(row["cause"], row["object"]) for row in rows]


@pytest.mark.oldest("encryption_events_info", "life")
def test_what_happened_is_told_with_cause_and_next_step(lab: Lab, run_module: RunModule) -> None:
    inventory, history = lab.vcenter.inventory, lab.vcenter.history
    machine, host = inventory.vm("vm1"), inventory.hosts[0]
    assert (first := run_module("encryption_events_info"))["events"] == first["alarms"] == first["failed_tasks"] == []
    history.happened(f"{KMS}.NotBackedUp", age=8 * DAY)
    history.happened(f"{HOST}.ReqEnable.KMSClusterError", entity=host, age=2 * DAY)
    key = history.happened(f"{VM}.VMLocked.KeyMissingOnKMS", entity=machine, age=DAY)
    looked_for = [f"{VM}.VMLocked.{why}" for why in ("KMSClusterError", "KeyMissingOnKMS")]
    lab.vcenter.alarms.trigger(alarms.VM_LOCKED, machine, looked_for, event=key)
    lab.vcenter.alarms.trigger("Host connection", host, [])
    lab.vcenter.tasks.failed(machine, RECONFIGURE, vm_faults.named("msg.hostd.configSpec.enc.snapshots"), age=DAY)
    lab.vcenter.tasks.failed(machine, "VirtualMachine.rename", vm_faults.named("SystemError"), age=DAY)
    lab.vcenter.tasks.failed(machine, UNLOCK, vm_faults.named("SystemError"), age=DAY)
    mark = lab.journal.mark()
    found = run_module("encryption_events_info")
    assert told(found["events"]) == [("keys_missing_in_kms", "vm1"), ("host_without_provider", host.name)]
    assert told(found["alarms"]) == [("keys_missing_in_kms", "vm1")]
    assert sorted(map(str, told(found["failed_tasks"]))) == ["('vm_has_snapshots', 'vm1')", "(None, 'vm1')"]
    assert (found["alarms"][0]["name"], found["alarms"][0]["status"]) == (alarms.VM_LOCKED, "red")
    assert all(row["next_step"] for row in found["events"]) and found["events"][0]["object_id"].startswith("vm-")
    assert found["cut"] == {"events": False, "failed_tasks": False} and not found.changed
    assert found["summary"] == {"critical": 3, "warning": 2, "notice": 0}
    assert lab.journal.writes(mark) == []
    # four requests for each kind of history, three for the alarms, the clock, login and logout
    assert lab.journal.count("vcenter", since=mark) <= 16
    again = run_module("encryption_events_info", check=True)
    assert {**again.data, "since": ""} == {**found.data, "since": ""}
    older = run_module("encryption_events_info", since=lab.clock.now().strftime("2020-01-01"))
    assert "provider_not_backed_up" in [cause for cause, _object in told(older["events"])]


def test_event_that_ended_since_is_solved(lab: Lab, run_module: RunModule) -> None:
    inventory, history = lab.vcenter.inventory, lab.vcenter.history
    for number, name in enumerate(("vm1", "vm2")):
        history.happened(f"{VM}.VMLocked.KMSClusterError", entity=inventory.vm(name), age=300 + number)
    history.happened(f"{VM}.VMUnlocked", entity=inventory.vm("vm1"), age=200)
    history.happened(f"{KMS}.NotBackedUp", age=100)
    found = run_module("encryption_events_info")
    assert {(row["object"], row["cause"]): row["solved"] for row in found["events"]} == {
        ("vm1", "provider_error"): True,
        ("vm2", "provider_error"): False,
        (None, "provider_not_backed_up"): False,
    }
    assert found["summary"]["critical"] == 2
    history.happened(f"{KMS}.AllBackedUp")
    assert run_module("encryption_events_info")["summary"]["critical"] == 1


def test_newest_count_when_there_are_too_many(lab: Lab, run_module: RunModule) -> None:
    machine = lab.vcenter.inventory.vm("vm1")
    for age in range(5):
        lab.vcenter.history.happened(f"{KMS}.Unreachable", age=100.0 * age)
        lab.vcenter.tasks.failed(machine, "VirtualMachine.rename", vm_faults.named("SystemError"), age=100.0 * age)
    found = run_module("encryption_events_info", limit=3)
    assert found["cut"] == {"events": True, "failed_tasks": True}
    times = [row["time"] for row in run_module("encryption_events_info")["events"]]
    assert times == sorted(times, reverse=True) and [row["time"] for row in found["events"]] == times[:3]


def test_texts_of_vcenter_cannot_break_out(lab: Lab, run_module: RunModule) -> None:
    text = "it is\n\x1b[31mred\x07 {{ 1 + 1 }} " + "x" * 5000
    lab.vcenter.history.happened(f"{KMS}.Unreachable", text=text.replace("\x1b", "").replace("\x07", ""))
    (row,) = run_module("encryption_events_info")["events"]
    assert len(row["text"]) <= 400 and "\n" not in row["text"] and row["text"].startswith("it is [31mred")


def test_missing_privilege_of_a_failed_task_is_named(lab: Lab, run_module: RunModule) -> None:
    fault = vim.fault.NoPermission(
        object=vim.Folder("group-d1"),
        privilegeId="Cryptographer.EncryptNew",
        msg="Permission to perform this operation was denied.",
    )
    lab.vcenter.tasks.failed(None, "Folder.createVm", fault)
    other = vim.fault.NoPermission(object=vim.Folder("group-d1"), privilegeId="VirtualMachine.Inventory.Create")
    lab.vcenter.tasks.failed(None, "Folder.createVm", other)
    lab.vcenter.tasks.failed(None, "HostSystem.configureCryptoKey", vmodl.RuntimeFault(msg="Cannot generate key"))
    found = run_module("encryption_events_info")["failed_tasks"]
    assert {row["cause"] for row in found} == {"privilege_missing", "no_key_returned"}
    assert any("Cryptographer.EncryptNew" in row["text"] for row in found)


def test_words_of_tasks_about_something_else_are_no_cause(lab: Lab, run_module: RunModule) -> None:
    """Names of objects and files may have words of a cause in them, too."""
    machine = lab.vcenter.inventory.vm("vm1")
    machine.name = "crypto-readonly-01"
    for entity, task, text in (
        (None, "Datastore.mount", "The datastore is read-only"),
        (None, "HostSystem.reconnect", "SSL: bad certificate"),
        (None, "LicenseManager.assign", "License key is required"),
        (machine, "VirtualMachine.rename", "crypto-readonly-01: Operation timed out"),
        (machine, "VirtualMachine.register", "File [kms store] crypto-readonly-01/crypto-readonly-01.vmx is not found"),
    ):
        lab.vcenter.tasks.failed(entity, task, vmodl.RuntimeFault(msg=text))
    keyed = [vmodl.LocalizableMessage(key="msg.datastore.readOnly", message="It cannot be changed.")]
    lab.vcenter.tasks.failed(None, "Datastore.rename", vmodl.RuntimeFault(msg="no", faultMessage=keyed))
    lab.vcenter.tasks.failed(machine, UNLOCK, vmodl.RuntimeFault(msg="crypto-readonly-01: Cannot generate key"))
    lab.vcenter.history.happened(f"{VM}.VMLocked.KMSClusterError", "crypto-readonly-01 is locked", entity=machine)
    found = run_module("encryption_events_info")
    assert told(found["failed_tasks"]) == [("no_key_returned", machine.name)]
    assert told(found["events"]) == [("provider_error", machine.name)]


def test_alarm_without_its_event_says_what_it_is_about(lab: Lab, run_module: RunModule) -> None:
    inventory, alarm = lab.vcenter.inventory, lab.vcenter.alarms.trigger
    alarm("locked", inventory.vm("vm1"), [f"{VM}.VMLocked.KMSClusterError", f"{VM}.VMLocked.KeyMissingOnKMS"])
    alarm("mode", inventory.hosts[0], [f"{HOST}.ReqEnable.KMSClusterError", f"{HOST}.ReqEnable.KeyMissingOnKMS"])
    alarm("servers", inventory.root, [f"{KMS}.Unreachable", f"{KMS}.KeyGenerateFail"], status="yellow")
    alarm("backup", inventory.root, [f"{KMS}.NotBackedUp"])
    alarm("our alarm for the KMS", inventory.hosts[0], [])
    found = {row["name"]: row["cause"] for row in run_module("encryption_events_info")["alarms"]}
    assert found == {
        "locked": "vm_locked",
        "mode": "host_mode_off",
        "servers": "provider_not_green",
        "backup": "provider_not_backed_up",
        "our alarm for the KMS": None,
    }


@pytest.mark.oldest("encryption_events_info", "refusal")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": 0}, "days: 0 is not from 1 to 365"),
        ({"days": 366}, "days: 366 is not from 1 to 365"),
        ({"limit": 1000}, "limit: 1000 is not from 1 to 999"),
        ({"limit": 0}, "limit: 0 is not from 1 to 999"),
        ({"since": "yesterday"}, "is neither a date"),
        ({"since": "2999-01-01"}, "is in the future"),
    ],
)
def test_bad_option_is_refused(lab: Lab, run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    run = functools.partial(run_module, "encryption_events_info")
    assert words in refused(lab, t.cast("t.Any", run), "invalid_input", **options)


# source, object, and the method or property that vCenter refuses
SOURCES = [
    ("events", "EventManager", "CreateCollectorForEvents"),
    ("failed_tasks", "TaskManager", "CreateCollectorForTasks"),
    ("alarms", "group-d1", "triggeredAlarmState"),
]


def one_of_each(lab: Lab) -> None:
    """An event, a failed task and an alarm about a VM."""
    machine = lab.vcenter.inventory.vm("vm1")
    lab.vcenter.history.happened(f"{VM}.VMLocked.KMSClusterError", entity=machine)
    lab.vcenter.tasks.failed(machine, UNLOCK, vm_faults.named("SystemError"))
    lab.vcenter.alarms.trigger(alarms.VM_LOCKED, machine, [f"{VM}.VMLocked.KMSClusterError"])


@pytest.mark.parametrize(("source", "place", "name"), SOURCES)
def test_refused_source_is_named_and_the_others_are_read(
    lab: Lab, run_module: RunModule, source: str, place: str, name: str
) -> None:
    one_of_each(lab)
    lab.vcenter.refuse(place, name)
    found = run_module("encryption_events_info")
    assert not found.failed, found.output
    assert {key: len(found[key]) for key, _place, _name in SOURCES} == {
        key: int(key != source) for key, _place, _name in SOURCES
    }
    (row,) = found["not_read"]
    assert (row["source"], row["privilege"]) == (source, "System.View")
    assert row["object"].endswith(f":{place}") and row["object"] in row["reason"] and row["what"] in row["reason"]
    assert "role with the privilege System.View" in row["next_step"] and "root folder" in row["next_step"]
    assert sum(found["summary"].values()) == 2 and found["cut"] == {"events": False, "failed_tasks": False}
    (warning,) = found.warnings
    assert row["reason"] in warning and row["next_step"] in warning
    assert run_module("encryption_events_info", check=True)["not_read"] == [row]


def test_everything_read_leaves_nothing_unread(lab: Lab, run_module: RunModule) -> None:
    one_of_each(lab)
    found = run_module("encryption_events_info")
    assert found["not_read"] == [] and found.warnings == []


def test_alarm_whose_definition_is_refused_is_not_lost(lab: Lab, run_module: RunModule) -> None:
    one_of_each(lab)
    host = lab.vcenter.inventory.hosts[0]
    hidden = lab.vcenter.alarms.trigger("backup", host, [f"{KMS}.NotBackedUp"])
    lab.vcenter.refuse(hidden.alarm._moId, "info")
    found = run_module("encryption_events_info")
    assert [row["name"] for row in found["alarms"]] == [alarms.VM_LOCKED]
    (row,) = found["not_read"]
    assert (row["source"], row["what"]) == ("alarms", "the definition of 1 triggered alarm")
    assert row["privilege"] == "System.View" and hidden.alarm._moId in row["reason"]


def test_object_of_an_alarm_without_a_readable_name_has_its_id(lab: Lab, run_module: RunModule) -> None:
    one_of_each(lab)
    moid = run_module("encryption_events_info")["alarms"][0]["object_id"]
    lab.vcenter.refuse(moid, "name")
    assert run_module("encryption_events_info")["alarms"][0]["object"] == moid


def test_source_that_fails_for_another_reason_names_no_privilege(lab: Lab, run_module: RunModule) -> None:
    one_of_each(lab)
    lab.faults.add("status", operation="CreateCollectorForTasks", status=500)
    found = run_module("encryption_events_info")
    (row,) = found["not_read"]
    assert (row["source"], row["privilege"], row["object"]) == ("failed_tasks", None, None)
    assert "SystemError" in row["reason"] and "rerun" in row["next_step"] and len(found["events"]) == 1


def test_module_fails_when_all_three_are_refused(lab: Lab, run_module: RunModule) -> None:
    for _source, place, name in SOURCES:
        lab.vcenter.refuse(place, name)
    run = functools.partial(run_module, "encryption_events_info")
    said = refused(lab, t.cast("t.Any", run), "forbidden")
    assert "System.View" in said and all(place in said for _source, place, _name in SOURCES)
    failed = run()
    assert [row["source"] for row in failed["not_read"]] == [source for source, _place, _name in SOURCES]
    assert "events" not in failed.data
