# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source against the lab: real changes, each of which is one event, and an end without a session."""

from __future__ import annotations

import datetime
import json
import pathlib
import runpy
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.reader import VCenterReader
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils.event_source import Event, options
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import lab_with
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value
from ansible_collections.ovhcloud.vmware_encryption.tests.static.events import problems

FOLDER = "ansible_collections/ovhcloud/vmware_encryption/extensions/eda/plugins/event_source"
DAY = 86400.0
SOURCE = runpy.run_path(str(pathlib.Path(harness.collections_path(), FOLDER, "vcenter_encryption.py")))


class Watched:
    """A vCenter of the lab and what is read of it, one step after the other and without a clock."""

    def __init__(self, lab: Lab, **args: t.Any) -> None:
        self.lab = lab
        params = options(SOURCE["SPEC"], {**harness.connection(lab, "vsphere"), "interval": 3600, **args})
        self.reader, *self.others = t.cast(list[VCenterReader], SOURCE["readers"](params))
        self.reader.open()
        self.first = [*self.reader.read(), *self.reader.read()]

    def inventory(self) -> list[Event]:
        """What vCenter tells of VMs and hosts from its waiting call."""
        return self.checked(self.reader.read())

    def report(self) -> list[Event]:
        """The next look at the key providers."""
        self.reader._next_report = 0.0
        return self.checked(self.reader.read())

    def checked(self, events: list[Event]) -> list[Event]:
        assert [problem for event in events for problem in problems(event)] == []
        assert [secret for secret in self.lab.secrets() if secret in json.dumps(events)] == []
        return events


def kinds(events: t.Iterable[Event]) -> list[str]:
    return sorted(event["type"] for event in events)


def encrypt(lab: Lab, name: str) -> None:
    """With a key that the KMS really has."""
    key = lab.generate_key(PROVIDER)
    lab.vcenter._connections.use_key(lab.vcenter.crypto.providers[PROVIDER], key)
    with lab.vcenter.lock:
        lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm(name), PROVIDER, key)


@pytest.fixture
def green(lab: Lab) -> Lab:
    """A lab with a working key provider, which is the default."""
    open_up(lab)
    add_standard(lab)
    return lab


def test_each_change_of_a_vm_is_one_event(green: Lab) -> None:
    watched, vms = Watched(green), green.vcenter.inventory
    assert watched.first == []
    with green.vcenter.lock:
        vms.add_vm("new", ["scsi"])
    (event,) = watched.inventory()
    assert (event["type"], event["new"], event["vm"]["name"], event["initial"]) == (
        "vm_unencrypted",
        True,
        "new",
        False,
    )
    encrypt(green, "new")
    assert watched.inventory() == []
    with green.vcenter.lock:
        vms.decrypt(vms.vm("new"))
    assert kinds(watched.inventory()) == ["vm_decrypted"]
    with green.vcenter.lock:
        vms.remove_vm(vms.vm("new"))
        vms.add_vm("second", ["scsi"])
    assert [event["vm"]["name"] for event in watched.inventory()] == ["second"]


def test_locked_vms_and_their_host_are_told(green: Lab) -> None:
    host, vms = green.vcenter.inventory.hosts[0], green.vcenter.inventory
    encrypt(green, "vm1")
    vms.vm("vm1").host = host
    vms.give_host_key(host, PROVIDER, "host-key")
    watched = Watched(green)
    green.vcenter.lock_machines(host)
    events = watched.inventory()
    assert kinds(events) == ["host_left_encryption_mode", "vm_locked"]
    assert {event["host"]["name"] for event in events if "host" in event} == {host.name}
    with green.vcenter.lock:
        vms.vm("vm1").locked = False
    assert kinds(watched.inventory()) == ["vm_unlocked"]


def test_waiting_is_one_request_that_vcenter_answers(green: Lab) -> None:
    watched = Watched(green)
    mark = green.journal.mark()
    with green.vcenter.lock:
        green.vcenter.inventory.add_vm("new", ["scsi"])
    assert kinds(watched.inventory()) == ["vm_unencrypted"]
    assert [entry.operation for entry in green.journal.entries(since=mark)] == ["WaitForUpdatesEx"]


def test_key_provider_that_fails_and_recovers_is_told(green: Lab) -> None:
    watched = Watched(green)
    green.external_kms.stop()
    (event,) = watched.report()
    assert (event["type"], event["provider"]["name"], event["status"]) == ("provider_not_green", PROVIDER, "red")
    assert event["reasons"] and all(isinstance(reason, str) for reason in event["reasons"])
    assert watched.report() == []
    green.external_kms.start()
    assert kinds(watched.report()) == ["provider_green"]
    assert watched.report() == []


def test_certificates_that_end_are_told_at_each_threshold(green: Lab) -> None:
    watched = Watched(green, expiry_days=[60, 30])
    assert watched.report() == []
    green.clock.advance(310 * DAY)
    events = watched.report()
    assert {(event["certificate"], event["threshold"]) for event in events} >= {("client", 60)}
    assert set(kinds(events)) == {"certificate_expiring"}
    assert watched.report() == []
    green.clock.advance(30 * DAY)
    again = watched.report()
    assert [(event["server"], event["threshold"]) for event in again if event["certificate"] == "client"] == [
        (None, 30)
    ]


def test_another_server_certificate_is_told(green: Lab) -> None:
    watched = Watched(green)
    green.external_kms[0].replace_server_certificate()
    events = watched.report()
    changed = [event for event in events if event["type"] == "server_certificate_changed"]
    assert [event["server"] for event in changed] == ["kms-0"]
    assert changed[0]["before"] != changed[0]["sha1"]
    assert "server_certificate_changed" not in kinds(watched.report())


def test_another_default_is_told(green: Lab) -> None:
    add_native(green, "nkp")
    watched = Watched(green)
    green.vcenter.crypto.default = "nkp"
    (event,) = watched.report()
    assert (event["type"], event["cluster"], event["before"], event["after"]) == (
        "default_provider_changed",
        None,
        PROVIDER,
        "nkp",
    )
    assert watched.report() == []


def dossier(path: pathlib.Path, vcenter: str, created: datetime.datetime) -> None:
    backup = {"path": "/srv/nkp.p12", "sha256": "0", "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ")}
    entry = {"role": "native_key_provider", "type": "native", "backup": backup}
    section = {"id": vcenter, "name": "", "providers": {"nkp": entry}, "retired": {}}
    path.write_text(json.dumps({"format": 2, "vcenters": [section], "updated_at": None}))


def test_old_backup_of_the_dossier_is_told(green: Lab, tmp_path: pathlib.Path) -> None:
    add_native(green, "nkp")
    path = tmp_path / "dossier.json"
    made = green.clock.now() - datetime.timedelta(days=90)
    watched = Watched(green, dossier_path=str(path), backup_max_age=90)
    dossier(path, watched.reader._vcenter_id, made)
    assert watched.report() == []
    green.clock.advance(DAY)
    (event,) = watched.report()
    assert (event["type"], event["provider"]["name"], event["age_days"]) == ("backup_too_old", "nkp", 91)
    assert watched.report() == []
    path.write_text("not a dossier")
    assert [(event["type"], event["subject"]) for event in watched.report()] == [("source_limited", "backups")]
    assert watched.report() == []


def test_first_state_is_told_on_request(green: Lab) -> None:
    green.external_kms.stop()
    watched = Watched(green, initial=True, expiry_days=[400])
    events = watched.checked(watched.first)
    assert all(event["initial"] for event in events)
    assert set(kinds(events)) >= {"vm_unencrypted", "provider_not_green", "certificate_expiring"}
    assert not any(event.get("new") for event in events)
    assert watched.report() == []


def test_missing_privilege_leaves_the_rest_watched(green: Lab) -> None:
    without(green, "Cryptographer.ReadKeyServersInfo", "Cryptographer.ManageKeyServers")
    watched = Watched(green)
    assert [(event["type"], event["kind"]) for event in watched.first] == [("source_limited", "forbidden")]
    assert watched.report() == []
    with green.vcenter.lock:
        green.vcenter.inventory.add_vm("new", ["scsi"])
    assert kinds(watched.inventory()) == ["vm_unencrypted"]


def test_changed_password_stops_logins_to_rest(green: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    add_native(green, "nkp")
    watched = Watched(green)
    known = green.vcenter.authenticate
    monkeypatch.setattr(green.vcenter, "authenticate", lambda _name, _password: None)
    for session in green.vcenter.sessions.active():
        if session.kind == "rest":
            green.vcenter.sessions.end(session)
    mark = green.journal.mark()
    assert [watched.report() for _look in range(6)] == [[]] * 6
    assert [entry.kind for entry in green.journal.entries(since=mark)].count("login") == 1
    monkeypatch.setattr(green.vcenter, "authenticate", known)
    watched.reader.rest_logins.not_before = 0.0  # the pause is over
    mark = green.journal.mark()
    assert [watched.report() for _look in range(2)] == [[]] * 2
    assert [entry.kind for entry in green.journal.entries(since=mark)].count("login") == 1
    assert watched.reader.rest_logins.refusals == 0


def test_session_that_ended_is_told_apart_and_nothing_is_lost(green: Lab) -> None:
    watched = Watched(green)
    green.vcenter.sessions.end_all()
    with pytest.raises(AuthenticationError):
        watched.reader.read()
    watched.reader.close()
    with green.vcenter.lock:
        green.vcenter.inventory.add_vm("meanwhile", ["scsi"])
    watched.reader.open()
    assert [event["vm"]["name"] for event in watched.inventory()] == ["meanwhile"]
    assert watched.report() == []
    watched.reader.close()
    assert green.vcenter.sessions.active() == []


def test_vms_that_return_after_an_empty_reading_are_not_new(green: Lab) -> None:
    watched, entities = Watched(green), green.vcenter.inventory._entities
    watched.reader.close()
    with green.vcenter.lock:
        shown = dict(entities)
        entities.clear()
    for _twice in range(2):
        watched.reader.open()
        with pytest.raises(UnreachableError, match="it shows no VM and no host any more"):
            watched.reader.read()
        watched.reader.close()
    with green.vcenter.lock:
        entities.update(shown)
        green.vcenter.inventory.add_vm("meanwhile", ["scsi"])
    watched.reader.open()
    assert [event["vm"]["name"] for event in watched.inventory()] == ["meanwhile"]


def test_empty_first_reading_makes_no_vm_new(green: Lab) -> None:
    watched, entities = Watched(green, initial=True), green.vcenter.inventory._entities
    watched.reader.close()
    watched.reader._forget()
    with green.vcenter.lock:
        shown = dict(entities)
        entities.clear()
    watched.reader.open()
    with pytest.raises(UnreachableError, match="it shows no VM and no host; vCenter is starting, or the vSphere user"):
        watched.reader.read()
    watched.reader.close()
    with green.vcenter.lock:
        entities.update(shown)
    watched.reader.open()
    events = [event for event in watched.inventory() if event["type"] == "vm_unencrypted"]
    assert events and not any(event["new"] for event in events) and all(event["initial"] for event in events)


def test_limit_that_a_failed_report_holds_back_is_told_later(green: Lab, tmp_path: pathlib.Path) -> None:
    watched = Watched(green, dossier_path=str(tmp_path / "dossier.json"))
    (tmp_path / "dossier.json").write_text("no dossier")
    green.faults.add("drop_before", operation="RetrieveKmipServersStatus_Task")
    with pytest.raises(UnreachableError):
        watched.report()
    watched.reader.close()
    watched.reader.open()
    events = [*watched.inventory(), *watched.report()]
    assert [event["subject"] for event in events if event["type"] == "source_limited"] == ["backups"]
    assert watched.report() == []


def test_rebuilt_vcenter_at_the_address_begins_anew(green: Lab) -> None:
    watched = Watched(green)
    watched.reader.close()
    watched.reader._vcenter_id = "another"
    with green.vcenter.lock:
        green.vcenter.inventory.add_vm("meanwhile", ["scsi"])
    watched.reader.open()
    assert [*watched.reader.read(), *watched.reader.read()] == []


def ends_while_waiting(lab: Lab) -> None:
    """All sessions end as soon as a request waits in vCenter."""
    changed = lab.vcenter._core.changed
    wait = changed.wait

    def ended(timeout: float | None = None) -> bool:
        changed.wait = wait  # type: ignore[method-assign]
        lab.vcenter.sessions.end_all()
        return wait(timeout)

    changed.wait = ended  # type: ignore[method-assign]


@every_value
def test_wait_whose_session_ends_loses_nothing(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        watched = Watched(lab)
        ends_while_waiting(lab)
        with pytest.raises(AuthenticationError if assumed.value else UnreachableError):
            watched.reader.read()
        watched.reader.close()
        with lab.vcenter.lock:
            lab.vcenter.inventory.add_vm("meanwhile", ["scsi"])
        watched.reader.open()
        assert [event["vm"]["name"] for event in watched.inventory()] == ["meanwhile"]
        watched.reader.close()


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_lost_answer_is_an_error_and_the_next_session_tells_all(green: Lab, action: str) -> None:
    watched = Watched(green)
    green.faults.add(action, operation="WaitForUpdatesEx")
    with green.vcenter.lock:
        green.vcenter.inventory.add_vm("meanwhile", ["scsi"])
    with pytest.raises(UnreachableError):
        watched.reader.read()
    watched.reader.close()
    watched.reader.open()
    assert [event["vm"]["name"] for event in watched.inventory()] == ["meanwhile"]
