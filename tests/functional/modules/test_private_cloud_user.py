# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""private_cloud_user against the lab: rights are changed exactly, users are made and removed only when asked."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
USER = "/dedicatedCloud/{serviceName}/user"
PASSWORD = "Correct-Horse-7-Battery"
ADMIN: dict[str, t.Any] = {"service_name": CLOUD, "name": "admin", "wait_interval": 0.01, "wait_timeout": 60}
NEW: dict[str, t.Any] = {
    **ADMIN,
    "name": "encryption",
    "allow_create": True,
    "password": PASSWORD,
    "right": "admin",
    "encryption_right": True,
    "can_manage_network": True,
    "email": "ops@example.net",
}


def users(lab: Lab) -> dict[str, t.Any]:
    return {user.name: user for user in lab.ovhcloud.state.pccs[CLOUD].users.values()}


def agree(predicted: dict[str, t.Any], real: dict[str, t.Any]) -> bool:
    """What was predicted came true; null is what could not be known before."""
    return set(predicted) == set(real) and all(value in (None, real[key]) for key, value in predicted.items())


@pytest.mark.parametrize("name", ["admin", "admin@pcc-192-0-2-10.ovh.test"])
def test_give_and_take_the_encryption_right(lab: Lab, run_module: RunModule, name: str) -> None:
    options = {**ADMIN, "name": name}
    mark = lab.journal.mark()
    predicted = run_module("private_cloud_user", check=True, **options, encryption_right=True)
    assert predicted.changed and lab.journal.writes(mark) == [] and not users(lab)["admin"].encryption_right

    given = run_module("private_cloud_user", **options, encryption_right=True)
    assert given.changed and given["user"] == predicted["user"] and users(lab)["admin"].encryption_right
    assert given.diff == {"before": {"encryption_right": False}, "after": {"encryption_right": True}}
    assert "next login" in given.warnings[0] and given["user"]["login"] in given.warnings[0]

    mark = lab.journal.mark()
    again = run_module("private_cloud_user", **options, encryption_right=True)
    assert not again.changed and again["user"] == given["user"] and lab.journal.writes(mark) == []
    taken = run_module("private_cloud_user", **options, encryption_right=False)
    assert taken.changed and taken["user"]["encryption_right"] is False
    assert [entry.operation for entry in lab.journal.writes(mark)] == [f"POST {USER}/{{userId}}/changeProperties"]


def test_only_what_differs_is_changed(lab: Lab, run_module: RunModule) -> None:
    before = run_module("private_cloud_user", **ADMIN)["user"]
    options: dict[str, t.Any] = {
        "first_name": "Ada",
        "token_validator": True,
        "nsx_right": True,
        "phone_number": "+33.612345678",
    }
    changed = run_module("private_cloud_user", **ADMIN, **options)
    assert changed["user"] == {**before, **options} and "nsx_right" not in changed.diff["after"]
    assert not changed.warnings
    same = run_module("private_cloud_user", **ADMIN, phone_number="+33 612 345 678", token_validator=True)
    assert not same.changed
    cleared = run_module("private_cloud_user", **ADMIN, first_name="", phone_number="")
    assert cleared.changed and not users(lab)["admin"].first_name and not users(lab)["admin"].phone
    assert not run_module("private_cloud_user", **ADMIN, first_name="", phone_number="").changed


@pytest.mark.oldest("private_cloud_user", "life")
def test_create_again_remove_again(lab: Lab, run_module: RunModule) -> None:
    mark = lab.journal.mark()
    predicted = run_module("private_cloud_user", check=True, **NEW)
    assert predicted.changed and lab.journal.writes(mark) == []
    made = run_module("private_cloud_user", **NEW)
    assert made.changed and agree(predicted["user"], made["user"]) and PASSWORD not in made.output
    assert users(lab)["encryption"].password == PASSWORD and users(lab)["encryption"].encryption_right
    assert made["user"]["can_manage_network"] is True and made["user"]["state"] == "delivered"
    assert [entry.operation for entry in lab.journal.writes(mark)] == [
        f"POST {USER}",
        f"POST {USER}/{{userId}}/changeProperties",
    ]

    mark = lab.journal.mark()
    again = run_module("private_cloud_user", **NEW)
    assert not again.changed and again["user"] == made["user"] and lab.journal.writes(mark) == []

    absent = {**ADMIN, "name": "encryption", "state": "absent"}
    for wrong in (None, "admin"):
        refused = run_module("private_cloud_user", **absent, confirm_name=wrong)
        assert refused.failed and "confirm_name: encryption" in refused.msg
    check = run_module("private_cloud_user", check=True, **absent, confirm_name="encryption")
    assert check.changed and check["user"] == {} and lab.journal.writes(mark) == []
    removed = run_module("private_cloud_user", **absent, confirm_name="encryption")
    assert removed.changed and removed["user"] == {} and "encryption" not in users(lab)
    gone = run_module("private_cloud_user", **absent)
    assert not gone.changed and gone["user"] == {} and len(lab.journal.writes(mark)) == 1


@pytest.mark.parametrize("check", [True, False])
def test_a_user_is_not_made_unasked(lab: Lab, run_module: RunModule, check: bool) -> None:
    mark = lab.journal.mark()
    result = run_module("private_cloud_user", check=check, **{**ADMIN, "name": "adm"}, encryption_right=True)
    assert result.failed and "no user adm (its users: admin, operator)" in result.msg and "allow_create" in result.msg
    assert lab.journal.writes(mark) == []


def test_a_login_cannot_be_made(lab: Lab, run_module: RunModule) -> None:
    result = run_module("private_cloud_user", **{**NEW, "name": "encryption@pcc-192-0-2-10.ovh.test"})
    assert result.failed and "without @" in result.msg and "encryption" not in users(lab)


def test_the_password_of_a_user_that_exists_stays(lab: Lab, run_module: RunModule) -> None:
    before = users(lab)["operator"].password
    result = run_module("private_cloud_user", **{**ADMIN, "name": "operator"}, password=PASSWORD, right="admin")
    assert not result.changed and users(lab)["operator"].password == before


def test_without_waiting_the_next_run_goes_on(lab: Lab, run_module: RunModule) -> None:
    first = run_module("private_cloud_user", **NEW, wait=False)
    assert first.changed and first["user"]["state"] == "creating"
    second = run_module("private_cloud_user", **NEW)
    assert second["user"]["state"] == "delivered" and users(lab)["encryption"].encryption_right
    assert not run_module("private_cloud_user", **NEW).changed
    assert len(lab.journal.entries(operation=f"POST {USER}")) == 1


CHANGES = f"POST {USER}/{{userId}}/changeProperties"


def test_change_underway_is_not_asked_for_again(lab: Lab, run_module: RunModule) -> None:
    assert run_module("private_cloud_user", **ADMIN, encryption_right=True, wait=False).changed
    mark = lab.journal.mark()
    waits = run_module("private_cloud_user", **ADMIN, encryption_right=True)
    assert waits["user"]["encryption_right"] and lab.journal.writes(mark) == []
    assert not run_module("private_cloud_user", **ADMIN, encryption_right=True).changed


def test_without_waiting_change_underway_is_reported(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.advanced_security = True  # the task stands still until somebody confirms it
    assert run_module("private_cloud_user", **ADMIN, encryption_right=True, wait=False).changed
    mark = lab.journal.mark()
    predicted = run_module("private_cloud_user", check=True, **ADMIN, encryption_right=True, wait=False)
    again = run_module("private_cloud_user", **ADMIN, encryption_right=True, wait=False)
    assert not again.changed and not predicted.changed and again["user"] == predicted["user"]
    assert "of an earlier request about user admin@" in again.warnings[0] and "encryption_right" in again.warnings[0]
    assert lab.journal.writes(mark) == []


def test_what_earlier_change_lacks_is_asked_for_once(lab: Lab, run_module: RunModule) -> None:
    assert run_module("private_cloud_user", **ADMIN, encryption_right=True, wait=False).changed
    mark = lab.journal.mark()
    both = run_module("private_cloud_user", **ADMIN, encryption_right=True, full_admin_ro=True)
    assert both["user"]["encryption_right"] and both["user"]["full_admin_ro"]
    assert [entry.operation for entry in lab.journal.writes(mark)] == [CHANGES]


@pytest.mark.parametrize("outcome", ["error", "canceled"])
def test_change_whose_earlier_task_failed_is_asked_again(lab: Lab, run_module: RunModule, outcome: str) -> None:
    lab.ovhcloud.settings.task_outcome = outcome
    run_module("private_cloud_user", **ADMIN, encryption_right=True, wait=False)
    lab.ovhcloud.settings.task_outcome = "done"
    assert run_module("private_cloud_user", **ADMIN, encryption_right=True)["user"]["encryption_right"]
    assert len(lab.journal.entries(operation=CHANGES)) == 2


def test_unreadable_tasks_of_user_do_not_stop_the_change(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("status", system="ovhcloud", operation=f"GET {USER}/*/task", status=403, times=99)
    assert run_module("private_cloud_user", **ADMIN, encryption_right=True)["user"]["encryption_right"]


@pytest.mark.parametrize("outcome", ["error", "canceled"])
def test_a_task_that_fails_is_an_error_with_its_id(lab: Lab, run_module: RunModule, outcome: str) -> None:
    lab.ovhcloud.settings.task_outcome = outcome
    result = run_module("private_cloud_user", **ADMIN, encryption_right=True)
    task_id = next(iter(lab.ovhcloud.state.pccs[CLOUD].tasks))
    assert result.failed and f"task {task_id} in state {outcome}" in result.msg and "\n" not in result.msg


def test_advanced_security_asks_for_a_token_validator(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.advanced_security = True
    result = run_module("private_cloud_user", **{**ADMIN, "wait_timeout": 1}, encryption_right=True)
    assert result.failed and "a token validator (none yet) must confirm the operation within 15 minutes" in result.msg
    assert "without the new encryption_right" in result.msg
    task_id = result["failure"]["task_id"]
    assert re.search(rf"\(operation id {task_id}, (14 min \d+|15 min 0) s left\)", result.msg), result.msg


def test_a_code_that_came_too_late_is_told(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.advanced_security = True
    lab.ovhcloud.settings.code_lifetime = 0.1
    result = run_module("private_cloud_user", **ADMIN, encryption_right=True)
    task_id = result["failure"]["task_id"]
    assert result.failed and f"Operation {task_id} was not confirmed in time" in result.msg
    lab.ovhcloud.settings.code_lifetime = 900
    given = run_module("private_cloud_user", **ADMIN, encryption_right=True, wait=False)
    assert given.changed and lab.ovhcloud.validate_tasks() == 1


@pytest.mark.parametrize("vanish", ["after_read", "at_once"])
@pytest.mark.parametrize("reads", [0, 1])
def test_a_finished_task_may_vanish(lab: Lab, run_module: RunModule, vanish: str, reads: int) -> None:
    lab.ovhcloud.settings.tasks_vanish, lab.ovhcloud.settings.task_reads = vanish, reads
    assert run_module("private_cloud_user", **ADMIN, encryption_right=True)["user"]["encryption_right"]
    assert run_module("private_cloud_user", **NEW)["user"]["can_manage_network"]
    absent = {**ADMIN, "name": "encryption", "state": "absent", "confirm_name": "encryption"}
    assert run_module("private_cloud_user", **absent)["user"] == {}


@pytest.mark.parametrize("write", ["create", "update", "delete"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_lost_answer_never_leads_to_a_second_write(lab: Lab, run_module: RunModule, write: str, action: str) -> None:
    options: dict[str, t.Any] = {
        "create": {**NEW, "can_manage_network": None},
        "update": {**ADMIN, "encryption_right": True},
        "delete": {**ADMIN, "name": "operator", "state": "absent", "confirm_name": "operator"},
    }[write]
    pattern = {"create": f"POST {USER}", "update": f"POST {USER}/*/changeProperties", "delete": f"DELETE {USER}/*"}
    mark = lab.journal.mark()
    lab.faults.add(action, system="ovhcloud", operation=pattern[write])
    first = run_module("private_cloud_user", **options)
    assert first.failed == (action == "drop_before") and len(lab.journal.writes(mark)) == 1

    second = run_module("private_cloud_user", **options)
    assert not second.failed and second.changed == (action == "drop_before")
    assert len(lab.journal.writes(mark)) == (2 if action == "drop_before" else 1)


def test_a_user_on_its_way_out_is_waited_for(lab: Lab, run_module: RunModule) -> None:
    old = run_module("private_cloud_user", **NEW)["user"]
    absent = {**ADMIN, "name": "encryption", "state": "absent", "confirm_name": "encryption"}
    assert run_module("private_cloud_user", **absent, wait=False).changed
    made = run_module("private_cloud_user", **NEW)
    assert made.changed and made["user"]["id"] != old["id"]
    run_module("private_cloud_user", **absent, wait=False)
    gone = run_module("private_cloud_user", **absent)
    assert not gone.changed and "encryption" not in users(lab)


def test_a_user_in_error_is_not_changed(lab: Lab, run_module: RunModule) -> None:
    users(lab)["admin"].state = "error"
    mark = lab.journal.mark()
    result = run_module("private_cloud_user", **ADMIN, encryption_right=True)
    assert result.failed and "in state error" in result.msg and lab.journal.writes(mark) == []


def test_a_refused_password_is_not_shown(lab: Lab, run_module: RunModule) -> None:
    result = run_module("private_cloud_user", **{**NEW, "password": "tooweakpassword"})
    assert result.failed and "password policy" in result.msg and "query id" in result.msg
    assert "tooweakpassword" not in result.output and "encryption" not in users(lab)


@pytest.mark.oldest("private_cloud_user", "refusal")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"service_name": "pcc-203-0-113-1"}, "pcc-203-0-113-1"),
        ({"right": "king"}, "right"),
        ({"application_secret": "wrong-secret"}, "application_secret"),
    ],
)
def test_bad_input_is_one_clear_line(lab: Lab, run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    mark = lab.journal.mark()
    result = run_module("private_cloud_user", **{**ADMIN, "encryption_right": True, **options})
    assert result.failed and words in result.msg and "\n" not in result.msg
    assert lab.journal.writes(mark) == []
