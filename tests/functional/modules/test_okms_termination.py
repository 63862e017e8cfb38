# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a domain is safe: what forbids it, in which step, and how it is resumed."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

GONE: dict[str, t.Any] = {
    "display_name": "kms-prod",
    "state": "absent",
    "confirm_name": "kms-prod",
    "wait_interval": 0.01,
}
HOUR = 3600.0
REQUEST = "POST /services/{serviceId}/terminate"


@pytest.fixture
def okms_id(lab: Lab) -> str:
    """The domain."""
    return lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id


def mailed_token(lab: Lab) -> str:
    """The token of the last mail, as its reader sees it."""
    mail = lab.ovhcloud.state.mails[max(lab.ovhcloud.state.mails)]
    return re.findall(r"token=(\w+)", mail.body)[0]


def writes(lab: Lab, since: int = 0) -> list[str]:
    """Operations that may have changed something."""
    return [entry.operation for entry in lab.journal.writes(since)]


@pytest.mark.parametrize("step", ["request", "direct", "token"])
def test_each_guard_holds_in_each_step(lab: Lab, run_module: RunModule, okms_id: str, step: str) -> None:
    options = dict(GONE)
    if step == "direct":
        options["terminate_directly"] = True
    if step == "token":
        assert run_module("okms", **GONE).changed
        options["termination_token"] = mailed_token(lab)
    users = ["key provider okms", " "]
    objects = [0]
    lab.ovhcloud.kmip_object_count = lambda okms_id: objects[0]
    mark = lab.journal.mark()

    def refused(words: str, **more: t.Any) -> None:
        for check in (True, False):
            result = run_module("okms", check=check, **{**options, **more})
            assert result["failure"]["kind"] == "refused_by_guard", result.msg
            assert words in result.msg

    refused("is in use by key provider okms;", in_use_by=users)
    refused("confirm_name is kms, but", confirm_name="kms")
    objects[0] = 2
    refused("2 KMIP objects")
    objects[0] = 0
    run_module("okms_service_key", okms_id=okms_id, name="k")
    mark_of_key = lab.journal.mark()
    refused("1 service key:")
    assert writes(lab, mark_of_key) == []
    run_module("okms_service_key", okms_id=okms_id, name="k", state="deactivated")
    run_module("okms_service_key", okms_id=okms_id, name="k", state="absent", confirm_name="k")
    assert not [name for name in writes(lab, mark) if "/services/" in name]
    assert lab.ovhcloud.state.okms[okms_id].state == "OK"
    done = run_module("okms", **options, in_use_by=[])
    assert done.changed, done.msg
    expected = "confirmation_pending" if step == "request" else "terminated"
    assert done["termination"]["state"] == expected


def test_a_request_is_made_anew_after_a_day(lab: Lab, run_module: RunModule, okms_id: str) -> None:
    assert run_module("okms", **GONE).changed
    first = mailed_token(lab)
    lab.clock.advance(23 * HOUR)
    waiting = run_module("okms", **GONE)
    assert not waiting.changed
    assert waiting["termination"]["requested_at"] in " ".join(waiting.warnings)
    lab.clock.advance(2 * HOUR)
    assert run_module("okms", **GONE).changed
    assert len(lab.ovhcloud.state.mails) == 2
    assert run_module("okms", **GONE, termination_token=first).failed
    assert run_module("okms", **GONE, termination_token=mailed_token(lab)).changed


def test_mails_of_other_services_do_not_count(lab: Lab, run_module: RunModule, okms_id: str) -> None:
    lab.ovhcloud.new_okms("eu-west-rbx", "kms-other")
    assert run_module("okms", **{**GONE, "display_name": "kms-other", "confirm_name": "kms-other"}).changed
    lab.ovhcloud.account.send_mail("Your invoice", f"Use of {okms_id}: 0.60 EUR")
    asked = run_module("okms", **GONE)
    assert asked.changed
    assert asked["termination"]["okms_id"] == okms_id


def test_without_a_right_to_the_mails_it_still_works(lab: Lab, run_module: RunModule, okms_id: str) -> None:
    lab.faults.add("refuse", operation="GET /me/notification/email/history", times=100)
    assert run_module("okms", **GONE).changed
    assert run_module("okms", **GONE, termination_token=mailed_token(lab)).changed


def test_no_token_reaches_a_result(lab: Lab, run_module: RunModule, okms_id: str) -> None:
    outputs = [run_module("okms", **GONE).output, run_module("okms", **GONE).output]
    token = mailed_token(lab)
    lab.faults.add("status", operation=f"{REQUEST}/confirm", status=500)
    outputs += [run_module("okms", **GONE, termination_token=token).output for _run in range(2)]
    assert not any(token in output for output in outputs)


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "status"])
def test_a_direct_termination_is_resumed(lab: Lab, run_module: RunModule, okms_id: str, action: str) -> None:
    lab.faults.add(action, operation="DELETE /services/{serviceId}")
    assert run_module("okms", **GONE, terminate_directly=True).failed
    assert not run_module("okms", **GONE, terminate_directly=True).failed
    assert lab.ovhcloud.state.okms[okms_id].state == "SUSPENDED"
    assert lab.ovhcloud.state.mails == {}
