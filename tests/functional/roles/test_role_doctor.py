# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook doctor: the lab plays every cause of the catalogue, and the doctor finds it and nothing else."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue, events, states
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._doctor.report import diagnose
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import runner_in
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.doctor_plays import PROVIDER, VM, Play, plays
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import alarms

KMS, LOCKED, HOST = "com.vmware.vc.kms.crypto", "com.vmware.vc.vm.Crypto.VMLocked", "com.vmware.vc.host.Crypto"
PLAYS = list(plays())
STATES = {"state", *states.STATES}


class Doctor:
    """The playbook in a lab, and its report."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self.folder, self.report = lab, folder, folder / "doctor/report.json"

    def run(self, check: bool = False, **options: t.Any) -> harness.PlayResult:
        """With a report, and without a failure at the end."""
        given = {"report_path": str(self.report), "fail_at": "never", **options}
        return harness.run_playbook(
            self.lab, "doctor", self.folder, check, **{f"doctor_{name}": value for name, value in given.items()}
        )

    def rows(self) -> list[dict[str, t.Any]]:
        """The findings of the last run."""
        return t.cast("list[dict[str, t.Any]]", json.loads(self.report.read_text())["findings"])

    def found(self) -> set[tuple[str | None, str]]:
        """Causes and objects of the last run."""
        return {(row["cause"], row["subject"]) for row in self.rows()}


@pytest.fixture
def doctor(lab: Lab, tmp_path: pathlib.Path) -> Doctor:
    open_up(lab)
    return Doctor(lab, tmp_path)


def asked(lab: Lab) -> dict[str, t.Any]:
    """The report of what the role's modules return, made in this process; a test compares it with the role's."""
    ask = runner_in(lab)
    cloud = {"service_name": lab.private_cloud, "gather": ["tasks", "security"]}
    facts = {
        "history": ask("encryption_events_info").data,
        "key_providers": ask("key_provider_info").data,
        "hosts": ask("host_encryption_info").data,
        "machines": ask("vm_unlock", check=True).data,
        "cloud": ask("private_cloud_info", **cloud).data,
    }
    return t.cast("dict[str, t.Any]", json.loads(diagnose(facts, lab.clock.now())["text"]))


def test_every_cause_is_played() -> None:
    assert {cause for cause, _way, _play in PLAYS} == set(catalogue.BY_ID)
    assert {name for name in catalogue.EVENT_IDS if name not in events.ENDINGS} == set(catalogue.BY_EVENT)


@pytest.fixture(scope="module")
def remembering() -> t.Iterator[Lab]:
    """One lab for what only vCenter's history tells, which each test empties."""
    with Lab() as running:
        yield open_up(running)


def told_once(lab: Lab, cause: str, play: Play) -> None:
    """The doctor finds what the lab plays, and nothing else."""
    subject = play(lab)
    mark = lab.journal.mark()
    (row,) = asked(lab)["findings"]
    assert (row["cause"], row["subject"]) == (cause, subject)
    known = catalogue.BY_ID[cause]
    assert (row["reason"], row["next_step"], row["source"]) == (*known.cause, known.source)
    assert row["signs"] and lab.journal.writes(mark) == []


@pytest.mark.parametrize(("cause", "play"), [pytest.param(c, p, id=f"{c}, {w}") for c, w, p in PLAYS if w in STATES])
def test_cause_in_the_state_of_the_lab_is_found_and_no_other(lab: Lab, cause: str, play: Play) -> None:
    told_once(open_up(lab), cause, play)


@pytest.mark.parametrize(
    ("cause", "play"), [pytest.param(c, p, id=f"{c}, {w}") for c, w, p in PLAYS if w not in STATES]
)
def test_cause_in_the_history_of_the_lab_is_found_and_no_other(remembering: Lab, cause: str, play: Play) -> None:
    remembering.vcenter.history.forget()
    remembering.vcenter.tasks.forget()
    told_once(remembering, cause, play)


def several(lab: Lab) -> set[tuple[str | None, str]]:
    """Causes of each kind at once; what the doctor is to find."""
    chosen = {cause: play for cause, way, play in PLAYS if way in ("state", "KeyStateMissingInKMS", "failed task")}
    names = ("key_lost", "task_failed", "privilege_missing", "tls_handshake_fails")
    return {(name, chosen[name](lab)) for name in names}


@pytest.mark.oldest("role doctor", "check", "first", "second")
def test_what_is_wrong_is_told_worst_first(doctor: Doctor) -> None:
    lab, history = doctor.lab, doctor.lab.vcenter.history
    expected = several(lab)
    host = lab.vcenter.inventory.hosts[0]
    history.happened(f"{HOST}.ReqEnable.KMSClusterError", entity=host, age=60)
    history.happened(f"{KMS}.NotBackedUp", age=60)
    history.happened(f"{KMS}.AllBackedUp", age=30)
    expected |= {("host_without_provider", host.name), ("provider_not_backed_up", "vCenter")}
    lab.vcenter.alarms.trigger(alarms.VM_LOCKED, lab.vcenter.inventory.vm(VM), [f"{LOCKED}.KMSClusterError"])
    expected.add(("provider_error", VM))
    checked = doctor.run(check=True, private_cloud=lab.private_cloud)
    assert (checked.code, checked.failed) == (0, 0) and not doctor.report.exists(), checked.screen
    mark = lab.journal.mark()
    first = doctor.run(private_cloud=lab.private_cloud)
    assert (first.code, first.failed) == (0, 0), first.screen
    assert doctor.found() == expected, first.screen
    severities = [row["severity"] for row in doctor.rows()]
    assert (severities == sorted(severities) and severities[-1] == "warning") or severities[-1] == "notice"
    assert {row["severity"] for row in doctor.rows() if row["cause"] == "provider_not_backed_up"} == {"notice"}
    written = doctor.report.read_text()
    again = doctor.run(private_cloud=lab.private_cloud)
    assert (again.code, again.changed) == (0, 0) and doctor.report.read_text() == written, again.screen
    assert lab.journal.writes(mark) == [] and not [one for one in lab.secrets() if len(one) > 3 and one in again.screen]
    assert doctor.report.stat().st_mode & 0o777 == 0o600
    assert json.loads(written)["findings"] == asked(lab)["findings"]
    facts = again.facts("doctor")
    assert facts["findings"]["critical"] == severities.count("critical") and facts["outcome"] == "unchanged"
    assert mentioned(summary_of(again)["done"], "Events, alarms", "Key providers", "Hosts", "Locked", "private cloud")
    failing = doctor.run(fail_at="critical")
    assert failing.code != 0 and "doctor_fail_at is critical" in failing.screen
    assert failing.facts("doctor")["outcome"] == "failed"


def test_healthy_site_has_no_findings(doctor: Doctor) -> None:
    providers.okms(doctor.lab)
    result = doctor.run(private_cloud=doctor.lab.private_cloud, fail_at="notice")
    assert (result.code, doctor.rows()) == (0, []) and "nothing found" in result.screen, result.screen


def test_provider_that_is_not_green_is_explained(doctor: Doctor) -> None:
    lab = doctor.lab
    providers.external(lab, PROVIDER)
    subject = f"key provider {PROVIDER}"
    ways: list[tuple[str, t.Callable[[], t.Any]]] = [
        ("trust_missing", lab.vcenter.crypto.providers[PROVIDER].trusted.clear),
        ("kmip_server_unreachable", lab.external_kms.stop),
    ]
    for cause, breaks in ways:
        breaks()
        assert {(row["cause"], row["subject"]) for row in asked(lab)["findings"]} == {(cause, subject)}


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("vpxd: Failed to generate key on KMS 192.0.2.1: QLC_ERR_SSL\nnothing else\n", ["tls_handshake_fails"]),
        (f"A\nevent {KMS}.NotBackedUpAfterUpdate\nkey 1 failed: Item_Not_Found", ["backup_outdated", "key_gone"]),
        ("the user lacks the privilege Cryptographer.ManageKeys on vim.Folder:group-d1", ["privilege_missing"]),
        ("it rains {{ 1 + 1 }} \x1b[31m" + "x" * 3000, [None]),
    ],
)
def test_text_is_explained_without_vcenter(doctor: Doctor, text: str, causes: list[str | None]) -> None:
    mark = doctor.lab.journal.mark()
    result = doctor.run(error=text, fail_at="notice")
    assert (result.code, result.failed) == (0, 0), result.screen
    assert sorted(map(str, (row["cause"] for row in doctor.rows()))) == sorted(map(str, causes))
    assert doctor.lab.journal.summary(mark) == {}
    for row in doctor.rows():
        assert row["next_step"] and all(len(sign) <= 300 and "\x1b" not in sign for sign in row["signs"])
    if causes == [None]:
        assert "no known cause" in result.screen and "it rains" in result.screen


def test_secret_in_a_text_is_not_shown(doctor: Doctor) -> None:
    text = "cannot generate key, vmware_soap_session=52e0c1d7-planted; sent"
    result = doctor.run(error=text)
    assert "52e0c1d7-planted" not in result.screen + doctor.report.read_text()


@pytest.mark.parametrize(
    ("place", "name", "what"),
    [
        ("EventManager", "CreateCollectorForEvents", "events about encryption"),
        ("TaskManager", "CreateCollectorForTasks", "failed tasks"),
        ("group-d1", "triggeredAlarmState", "triggered alarms"),
    ],
)
def test_refused_source_is_a_finding_beside_the_others(doctor: Doctor, place: str, name: str, what: str) -> None:
    providers.okms(doctor.lab)
    doctor.lab.vcenter.refuse(place, name)
    result = doctor.run(private_cloud=doctor.lab.private_cloud)
    assert result.code == 0 and "nothing found" not in result.screen, result.screen
    (row,) = doctor.rows()
    assert (row["cause"], row["subject"], row["severity"]) == ("not_read", what, "warning")
    assert "System.View" in row["signs"][0] and place in row["signs"][0]
    assert "role with the privilege System.View" in row["next_step"] and row["next_step"] in " ".join(
        result.screen.split()
    )
    summary = summary_of(result)
    assert mentioned(summary["skipped"], f"Events, alarms and failed tasks of vCenter read (not readable: {what})")
    assert mentioned(summary["done"], "Key providers", "Hosts", "Locked", "private cloud")


def test_what_the_other_sources_say_is_found(doctor: Doctor) -> None:
    lab = doctor.lab
    lab.vcenter.history.happened(f"{LOCKED}.KMSClusterError", entity=lab.vcenter.inventory.vm(VM))
    lab.vcenter.refuse("TaskManager", "CreateCollectorForTasks")
    result = doctor.run(fail_at="critical")
    assert result.code != 0 and "1 critical finding, 1 warning" in " ".join(result.screen.split()), result.screen
    assert doctor.found() == {("provider_error", VM), ("not_read", "failed tasks")}


def test_private_cloud_is_asked_without_a_vcenter(doctor: Doctor) -> None:
    given: dict[str, t.Any] = {"doctor_report_path": str(doctor.report)}
    given["doctor_private_cloud"] = doctor.lab.private_cloud
    none = dict.fromkeys(("VMWARE_HOST", "VMWARE_USER", "VMWARE_PASSWORD"), "")
    result = harness.run_playbook(doctor.lab, "doctor", doctor.folder, environment=none, **given)
    assert result.code == 0, result.screen
    (row,) = doctor.rows()
    assert row["cause"] == "not_read" and "hostname" in row["signs"][0]
    assert mentioned(summary_of(result)["done"], "private cloud")
    alone = harness.run_playbook(doctor.lab, "doctor", doctor.folder, environment=none)
    assert alone.code != 0 and "VMWARE_HOST" in alone.screen


def test_vcenter_that_does_not_answer_is_one_finding(doctor: Doctor) -> None:
    result = harness.run_playbook(
        doctor.lab, "doctor", doctor.folder, doctor_report_path=str(doctor.report), vcenter_password="wrong"
    )
    assert result.code == 0, result.screen
    (row,) = doctor.rows()
    assert row["cause"] == "not_read" and "refuses this user name or password" in row["signs"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": 0}, "doctor_days: 0 is not from 1 to 365"),
        ({"limit": 1000}, "doctor_limit: 1000 is not from 1 to 999"),
        ({"since": "yesterday"}, "doctor_since"),
        ({"since": "2999-01-01"}, "doctor_since: 2999-01-01 is in the future"),
    ],
)
def test_bad_option_is_refused(doctor: Doctor, options: dict[str, t.Any], words: str) -> None:
    result = doctor.run(**options)
    assert result.code != 0 and words in result.screen.replace("\n", " "), result.screen
    assert not doctor.report.exists()
