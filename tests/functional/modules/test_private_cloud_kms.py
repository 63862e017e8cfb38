# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""private_cloud_kms against the lab: the flow is opened once, found again, corrected and closed with care."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
IP = "203.0.113.20"
SHA1 = ":".join(["0A"] * 20)
SHA256 = ":".join(["B1"] * 32)
KMS = "/dedicatedCloud/{serviceName}/vmEncryption/kms"
OPTIONS: dict[str, t.Any] = {"service_name": CLOUD, "host": IP, "wait_interval": 0.01, "wait_timeout": 60}
PRESENT: dict[str, t.Any] = {**OPTIONS, "thumbprint": SHA1, "description": "okms"}
ABSENT: dict[str, t.Any] = {**OPTIONS, "state": "absent"}


def cloud(lab: Lab) -> t.Any:
    return lab.ovhcloud.state.pccs[CLOUD]


def set_up_vcenter(lab: Lab) -> None:
    lab.ovhcloud.vcenter_trusts = lambda ip: True


def delivered(lab: Lab, run_module: RunModule) -> dict[str, t.Any]:
    set_up_vcenter(lab)
    result = run_module("private_cloud_kms", **PRESENT, wait_for="delivered")
    assert kms_of(result)["state"] == "delivered"
    return kms_of(result)


def kms_of(result: t.Any) -> dict[str, t.Any]:
    """The only entry."""
    (entry,) = result["kms_entries"]
    return dict(entry)


def agree(predicted: dict[str, t.Any], real: dict[str, t.Any]) -> bool:
    """What was predicted came true; null is what could not be known before."""
    return set(predicted) == set(real) and all(value in (None, real[key]) for key, value in predicted.items())


@pytest.mark.oldest("private_cloud_kms", "life")
def test_open_again_delivered(lab: Lab, run_module: RunModule) -> None:
    mark = lab.journal.mark()
    predicted = run_module("private_cloud_kms", check=True, **PRESENT)
    assert predicted.changed and lab.journal.writes(mark) == []

    made = run_module("private_cloud_kms", **PRESENT)
    kms = kms_of(made)
    assert made.changed and agree(kms_of(predicted), kms)
    assert (kms["ip"], kms["thumbprint"], kms["description"]) == (IP, SHA1, "okms")
    assert kms["port"] == 5696
    assert (kms["state"], kms["waiting_for_vcenter"]) == ("creating", True)
    assert kms["task_id"] in cloud(lab).tasks and lab.ovhcloud.flow_open(IP)
    assert made.diff["before"] == {} and made.diff["after"] == {IP: {"thumbprint": SHA1, "description": "okms"}}

    mark = lab.journal.mark()
    again = run_module("private_cloud_kms", **{**PRESENT, "thumbprint": SHA1.lower().replace(":", "")})
    assert not again.changed and kms_of(again) == kms
    set_up_vcenter(lab)
    finished = run_module("private_cloud_kms", **PRESENT, wait_for="delivered")
    assert not finished.changed
    assert kms_of(finished) == {**kms, "state": "delivered", "waiting_for_vcenter": False, "task_id": None}
    assert lab.journal.writes(mark) == [] and len(lab.journal.entries(operation=f"POST {KMS}")) == 1


def test_former_word_for_an_open_firewall_works_and_warns(lab: Lab, run_module: RunModule) -> None:
    made = run_module("private_cloud_kms", **PRESENT, wait_for="flow_open")
    assert made.changed and made.warnings == [
        "wait_for: flow_open is now firewall_open; the former value works until 2.0.0"
    ]
    again = run_module("private_cloud_kms", **PRESENT, wait_for="firewall_open")
    assert not again.changed and again.warnings == []


def test_an_entry_that_waits_for_vcenter_is_changed_after_that(lab: Lab, run_module: RunModule) -> None:
    # an earlier run has opened the flow, and its KMIP server was given up: vCenter comes with the next one only
    assert run_module("private_cloud_kms", **PRESENT).changed
    mark = lab.journal.mark()
    new = {**OPTIONS, "thumbprint": SHA256}
    predicted = run_module("private_cloud_kms", check=True, **new)
    opened = run_module("private_cloud_kms", **new)
    assert (predicted.changed, opened.failed, opened.changed) == (False, False, False), opened.msg
    assert kms_of(opened) == kms_of(predicted)
    assert (kms_of(opened)["state"], kms_of(opened)["thumbprint"]) == ("creating", SHA1)
    assert any("wait_for: delivered" in warning for warning in opened.warnings)
    assert lab.journal.writes(mark) == []
    set_up_vcenter(lab)
    finished = run_module("private_cloud_kms", **new, wait_for="delivered")
    assert finished.changed and (kms_of(finished)["state"], kms_of(finished)["thumbprint"]) == ("delivered", SHA256)
    assert not run_module("private_cloud_kms", **new).changed


def test_a_flow_that_is_delivered_at_once_is_predicted(lab: Lab, run_module: RunModule) -> None:
    set_up_vcenter(lab)
    predicted = run_module("private_cloud_kms", check=True, **PRESENT, wait_for="delivered")
    made = run_module("private_cloud_kms", **PRESENT, wait_for="delivered")
    assert {**kms_of(predicted), "id": kms_of(made)["id"], "port": kms_of(made)["port"]} == kms_of(made)


def test_update_sends_the_thumbprint_and_keeps_the_description(lab: Lab, run_module: RunModule) -> None:
    before = delivered(lab, run_module)
    mark = lab.journal.mark()
    options = {**OPTIONS, "thumbprint": f"sha256 Fingerprint={SHA256}"}
    predicted = run_module("private_cloud_kms", check=True, **options)
    assert predicted.changed and lab.journal.writes(mark) == []

    changed = run_module("private_cloud_kms", **options)
    assert changed.changed and kms_of(changed) == kms_of(predicted) == {**before, "thumbprint": SHA256}
    assert changed.diff == {"before": {IP: {"thumbprint": SHA1}}, "after": {IP: {"thumbprint": SHA256}}}
    assert [entry.operation for entry in lab.journal.writes(mark)] == [f"POST {KMS}/{{kmsId}}/changeProperties"]
    assert cloud(lab).kms[before["id"]].description == "okms"

    cleared = run_module("private_cloud_kms", **options, description="")
    assert cleared.changed and kms_of(cleared)["description"] == ""
    assert not run_module("private_cloud_kms", **options, description="").changed


def test_the_entry_of_a_live_provider_is_not_removed_unasked(lab: Lab, run_module: RunModule) -> None:
    before = delivered(lab, run_module)
    mark = lab.journal.mark()
    for check in (True, False):
        refused = run_module("private_cloud_kms", check=check, **ABSENT)
        assert refused.failed and f"confirm_host: {IP}" in refused.msg and "\n" not in refused.msg
    wrong = run_module("private_cloud_kms", **ABSENT, confirm_host="203.0.113.21")
    assert wrong.failed and "203.0.113.21 is neither" in wrong.msg
    assert lab.journal.writes(mark) == []

    predicted = run_module("private_cloud_kms", check=True, **ABSENT, confirm_host=IP)
    assert predicted.changed and predicted["kms_entries"] == [] and lab.journal.writes(mark) == []
    removed = run_module("private_cloud_kms", **ABSENT, confirm_host=IP)
    assert removed.changed and removed["kms_entries"] == [] and before["id"] not in cloud(lab).kms

    again = run_module("private_cloud_kms", **ABSENT)
    assert not again.changed and again["kms_entries"] == [] and len(lab.journal.writes(mark)) == 1


def test_an_entry_that_is_also_the_way_to_another_server_stays(lab: Lab, run_module: RunModule) -> None:
    options = {**PRESENT, "host": "127.0.0.1"}
    run_module("private_cloud_kms", **options)
    mark = lab.journal.mark()
    absent = {**ABSENT, "host": "127.0.0.1", "confirm_host": "127.0.0.1"}
    for needed in ("127.0.0.1", "localhost"):
        refused = run_module("private_cloud_kms", **absent, needed_hosts=[IP, needed])
        assert refused.failed and f"also lets vCenter reach {needed}" in refused.msg and "\n" not in refused.msg
        assert refused["failure"]["needed_by"] == [needed]
    for unclear in ("127.0.0.1:5696", "https://127.0.0.1"):
        refused = run_module("private_cloud_kms", **absent, needed_hosts=[IP, unclear])
        assert refused.failed and f"needed_hosts: '{unclear}' is not a host name or address" in refused.msg
    assert lab.journal.writes(mark) == []
    assert run_module("private_cloud_kms", **absent, needed_hosts=[IP, "2001:db8::1", ""]).changed


def test_a_flow_that_nobody_uses_yet_may_be_closed(lab: Lab, run_module: RunModule) -> None:
    run_module("private_cloud_kms", **PRESENT)
    assert run_module("private_cloud_kms", **ABSENT).changed and cloud(lab).kms == {}


def test_waiting_for_a_vcenter_that_never_comes_names_the_task(lab: Lab, run_module: RunModule) -> None:
    options = {**PRESENT, "wait_timeout": 1, "wait_for": "delivered"}
    result = run_module("private_cloud_kms", **options)
    task_id = next(iter(cloud(lab).tasks))
    assert result.failed and result["failure"]["task_id"] == task_id
    assert f"task {task_id} in state doing (Waiting for customer to configure the KMS Server...)" in result.msg
    late = run_module("private_cloud_kms", **options)
    assert late.failed and "in state creating" in late.msg and "rerun" in late.msg
    assert len(lab.journal.entries(operation=f"POST {KMS}")) == 1


def test_without_waiting_the_next_run_goes_on(lab: Lab, run_module: RunModule) -> None:
    first = run_module("private_cloud_kms", **PRESENT, wait=False)
    assert first.changed and kms_of(first)["task_id"] in cloud(lab).tasks
    second = run_module("private_cloud_kms", **PRESENT)
    assert not second.changed and kms_of(second)["waiting_for_vcenter"]
    assert kms_of(second)["task_id"] == kms_of(first)["task_id"]


@pytest.mark.parametrize("outcome", ["error", "canceled"])
def test_a_task_that_fails_is_an_error_with_its_id(lab: Lab, run_module: RunModule, outcome: str) -> None:
    set_up_vcenter(lab)
    lab.ovhcloud.settings.task_outcome = outcome
    result = run_module("private_cloud_kms", **PRESENT, wait_for="delivered")
    task_id = next(iter(cloud(lab).tasks))
    assert result.failed and f"task {task_id} in state {outcome}" in result.msg and "\n" not in result.msg
    assert result["failure"]["task_id"] == task_id


@pytest.mark.parametrize("vanish", ["after_read", "at_once"])
def test_a_finished_task_may_vanish(lab: Lab, run_module: RunModule, vanish: str) -> None:
    lab.ovhcloud.settings.tasks_vanish = vanish
    before = delivered(lab, run_module)
    changed = run_module("private_cloud_kms", **{**PRESENT, "thumbprint": SHA256})
    assert kms_of(changed) == {**before, "thumbprint": SHA256}
    assert run_module("private_cloud_kms", **ABSENT, confirm_host=IP).changed


def test_tasks_that_are_done_at_once(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.task_reads = 0
    before = delivered(lab, run_module)
    assert kms_of(run_module("private_cloud_kms", **{**PRESENT, "thumbprint": SHA256}))["id"] == before["id"]
    assert run_module("private_cloud_kms", **ABSENT, confirm_host=IP)["kms_entries"] == []


def test_advanced_security_asks_for_a_token_validator(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.advanced_security = True
    operator = next(user for user in cloud(lab).users.values() if user.name == "operator")
    operator.rights["isTokenValidator"] = True
    result = run_module("private_cloud_kms", **{**PRESENT, "wait_timeout": 1})
    task_id = next(iter(cloud(lab).tasks))
    words = f"a token validator ({operator.login}) must confirm the operation within 15 minutes"
    assert result.failed and words in result.msg and "\n" not in result.msg
    assert f"task {task_id}" in result.msg and result["failure"]["task_id"] == task_id
    late = run_module("private_cloud_kms", **{**PRESENT, "wait_timeout": 1})
    assert late.failed and "token validator" in late.msg

    lab.ovhcloud.validate_tasks()
    resumed = run_module("private_cloud_kms", **PRESENT)
    assert not resumed.changed and kms_of(resumed)["waiting_for_vcenter"] and kms_of(resumed)["task_id"] == task_id
    assert len(lab.journal.entries(operation=f"POST {KMS}")) == 1


@pytest.mark.parametrize("write", ["create", "update", "delete"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_lost_answer_never_leads_to_a_second_write(lab: Lab, run_module: RunModule, write: str, action: str) -> None:
    options: dict[str, t.Any] = {**PRESENT, "wait_for": "delivered"}
    set_up_vcenter(lab)
    if write != "create":
        delivered(lab, run_module)
        options.update({"thumbprint": SHA256} if write == "update" else {**ABSENT, "confirm_host": IP})
    pattern = {"create": f"POST {KMS}", "update": f"POST {KMS}/*/changeProperties", "delete": f"DELETE {KMS}/*"}[write]
    mark = lab.journal.mark()
    lab.faults.add(action, system="ovhcloud", operation=pattern.replace("{kmsId}", "*"))
    first = run_module("private_cloud_kms", **options)
    assert first.failed == (action == "drop_before")
    assert len(lab.journal.writes(mark)) == 1

    second = run_module("private_cloud_kms", **options)
    assert not second.failed and second.changed == (action == "drop_before")
    assert len(cloud(lab).kms) == (0 if write == "delete" else 1)
    assert len(lab.journal.writes(mark)) == (2 if action == "drop_before" else 1)


def test_an_entry_on_its_way_out_is_waited_for(lab: Lab, run_module: RunModule) -> None:
    before = delivered(lab, run_module)
    assert run_module("private_cloud_kms", **ABSENT, confirm_host=IP, wait=False).changed
    assert cloud(lab).kms[before["id"]].state in ("toDelete", "deleting")
    made = run_module("private_cloud_kms", **PRESENT)
    assert made.changed and kms_of(made)["id"] != before["id"] and list(cloud(lab).kms) == [kms_of(made)["id"]]

    run_module("private_cloud_kms", **ABSENT, confirm_host=IP, wait=False)
    mark = lab.journal.mark()
    gone = run_module("private_cloud_kms", **ABSENT)
    assert not gone.changed and gone["kms_entries"] == [] and cloud(lab).kms == {} and lab.journal.writes(mark) == []


def test_a_change_that_is_on_its_way_is_not_sent_again(lab: Lab, run_module: RunModule) -> None:
    delivered(lab, run_module)
    options = {**PRESENT, "thumbprint": SHA256}
    run_module("private_cloud_kms", **options, wait=False)
    mark = lab.journal.mark()
    assert kms_of(run_module("private_cloud_kms", **options))["thumbprint"] == SHA256
    assert lab.journal.writes(mark) == []
    assert not run_module("private_cloud_kms", **options).changed


@pytest.mark.parametrize("state", ["updating", "toUpdate", "creating", "deleting", "toDelete"])
def test_without_waiting_nothing_is_sent_too_early(lab: Lab, run_module: RunModule, state: str) -> None:
    """OVHcloud answers 409 to it (its schema has these states; "The KMS is in state ..." is the lab's text)."""
    before = delivered(lab, run_module)
    entry = cloud(lab).kms[before["id"]]
    mark = lab.journal.mark()
    for goal in ("firewall_open", "delivered"):
        for check in (True, False):
            entry.state = state
            later = {**PRESENT, "thumbprint": SHA256, "wait": False, "wait_for": goal}
            result = run_module("private_cloud_kms", check=check, **later)
            assert (result.failed, result.changed) == (False, False), result.msg
            (warning,) = result.warnings
            assert f"KMS entry {before['id']} ({IP}) in state {state}" in warning and "rerun" in warning
    assert lab.journal.writes(mark) == []


def test_a_change_that_nobody_waits_for_is_a_change(lab: Lab, run_module: RunModule) -> None:
    delivered(lab, run_module)
    options = {**PRESENT, "thumbprint": SHA256, "wait": False}
    foretold = run_module("private_cloud_kms", check=True, **options)
    mark = lab.journal.mark()
    done = run_module("private_cloud_kms", **options)
    assert len(lab.journal.writes(mark)) == 1
    assert done.changed and done.diff == foretold.diff
    assert kms_of(done)["state"] == "updating"


def test_an_entry_in_error_can_only_be_removed(lab: Lab, run_module: RunModule) -> None:
    before = delivered(lab, run_module)
    cloud(lab).kms[before["id"]].state = "error"
    mark = lab.journal.mark()
    result = run_module("private_cloud_kms", **PRESENT)
    assert result.failed and f"KMS entry {before['id']} ({IP}) in state error" in result.msg
    assert lab.journal.writes(mark) == []
    assert run_module("private_cloud_kms", **ABSENT).changed and cloud(lab).kms == {}


def test_two_flows_that_wait_are_told_apart_by_their_entries(lab: Lab, run_module: RunModule) -> None:
    first = run_module("private_cloud_kms", **PRESENT)
    second = run_module("private_cloud_kms", **{**PRESENT, "host": "203.0.113.21"})
    assert second.changed and kms_of(second)["task_id"] != kms_of(first)["task_id"]
    again = run_module("private_cloud_kms", **PRESENT)
    assert not again.changed and kms_of(again) == {**kms_of(first), "task_id": None}


def test_a_host_name_is_resolved(lab: Lab, run_module: RunModule) -> None:
    made = run_module("private_cloud_kms", **{**PRESENT, "host": "localhost"})
    assert kms_of(made)["ip"] == "127.0.0.1"
    assert not run_module("private_cloud_kms", **{**PRESENT, "host": "127.0.0.1"}).changed


@pytest.mark.oldest("private_cloud_kms", "refusal")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"thumbprint": "0A:0B"}, "thumbprint: '0A:0B' is not a thumbprint"),
        ({"thumbprint": None}, "thumbprint"),
        ({"host": "2001:db8::1"}, "only IPv4"),
        ({"host": "https://kms.example.net"}, "is not a host name or address; the port has its own"),
        ({"service_name": "pcc-203-0-113-1"}, "pcc-203-0-113-1"),
        ({"application_secret": "wrong-secret"}, "application_secret"),
    ],
)
def test_bad_input_is_one_clear_line(lab: Lab, run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    mark = lab.journal.mark()
    result = run_module("private_cloud_kms", **{**PRESENT, **options})
    assert result.failed and words in result.msg and "\n" not in result.msg
    assert lab.journal.writes(mark) == []


def test_a_missing_right_is_named(lab: Lab, run_module: RunModule) -> None:
    client_id, client_secret = lab.ovhcloud.add_service_account("reader", ["pccVMware:apiovh:vmEncryption/kms/get"])
    result = run_module(
        "private_cloud_kms",
        **PRESENT,
        application_key=None,
        application_secret=None,
        consumer_key=None,
        client_id=client_id,
        client_secret=client_secret,
        token_url=lab.token_url,
    )
    assert result.failed and "pccVMware:apiovh:vmEncryption/kms/create" in result.msg and "query id" in result.msg
