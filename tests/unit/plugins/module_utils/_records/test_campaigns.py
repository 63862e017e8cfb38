# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file of several runs: each takes out only its own VMs and those it has taken over."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.campaigns import (
    CampaignChange,
    changed_state,
    dumped_state,
    loaded_state,
    unknown_owners,
    view,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import Record, ShapeError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter

A, B = VCenter("uuid-a", "vc.example"), VCenter("uuid-b", "vc.example")
OLD = {"format": 1, "vcenter": "vc.example", "campaign": "2026", "key_ids": ["k1"], "power_on": ["vm-1"]}


def after(text: str | None, vcenter: VCenter = A, **change: t.Any) -> str | None:
    return dumped_state(changed_state(loaded_state(text or ""), vcenter, CampaignChange(**change)))


def seen(text: str | None, run: str = "me", alive: t.Sequence[str] = (), **change: t.Any) -> Record:
    return view(
        loaded_state(text or ""), change.pop("vcenter", A), CampaignChange(run, **change), lambda one: one in alive
    )


def test_machines_of_a_run_come_and_go() -> None:
    text = after(None, run="me", power_on=["vm-1", "vm-2", "vm-1"])
    assert seen(text)["power_on"] == ["vm-1", "vm-2"]
    text = after(text, run="me", power_on=["vm-1", "vm-2"], settled=["vm-1", "vm-9"])
    assert seen(text)["power_on"] == ["vm-2"]
    assert after(text, run="me", power_on=["vm-2"], settled=["vm-2"]) is None


def test_end_of_a_run_keeps_the_machines_of_another() -> None:
    text = after(None, run="me", power_on=["vm-1"])
    text = after(text, run="other", power_on=["vm-2"])
    text = after(text, run="me", settled=["vm-1", "vm-2"])
    assert seen(text, "next", alive=["other"]) == {
        **seen(None),
        "others": ["vm-2"],
        "claims": [{"id": "vm-2", "run": "other"}],
    }
    assert seen(text, "next")["power_on"] == ["vm-2"]


def test_machine_of_a_run_that_is_over_is_taken_over_and_out() -> None:
    text = after(None, run="dead", power_on=["vm-1", "vm-2"])
    found = seen(text)
    assert found["taken_over"] == found["claims"] and found["power_on"] == ["vm-1", "vm-2"]
    text = after(text, run="me", settled=["vm-1"], taken_over=found["taken_over"])
    assert seen(text)["power_on"] == ["vm-2"]
    # one that was noted after this run has begun is not
    text = after(text, run="later", power_on=["vm-1"])
    text = after(text, run="me", settled=["vm-1", "vm-2"], taken_over=found["taken_over"])
    assert seen(text)["claims"] == [{"id": "vm-1", "run": "later"}]


def test_machine_of_two_runs_stays_until_both_are_through() -> None:
    text = after(None, run="me", power_on=["vm-1"])
    text = after(text, run="other", power_on=["vm-1"])
    text = after(text, run="me", settled=["vm-1"])
    assert seen(text, "next")["power_on"] == ["vm-1"]
    assert after(text, run="other", settled=["vm-1"]) is None


def test_keys_are_recorded_once_for_each_campaign() -> None:
    text = after(None, campaign="q3", key_ids=["k2", "k1", "k2"])
    text = after(text, campaign="q3", key_ids=["k3"], finished=True)
    text = after(text, campaign="q4", key_ids=["k3"])
    text = after(text, campaign="q3")
    found = [seen(text, campaign=name) for name in ("q3", "q4", "q5")]
    assert [(one["key_ids"], one["finished"]) for one in found] == [
        (["k1", "k2"], True),
        (["k3"], False),
        (None, False),
    ]


def test_ids_of_another_vcenter_stay_apart() -> None:
    text = after(None, run="me", power_on=["vm-1"])
    text = after(text, B, run="you", power_on=["vm-1"])
    text = after(text, run="me", settled=["vm-1"])
    assert seen(text)["power_on"] == []
    assert seen(text, vcenter=B)["power_on"] == ["vm-1"]


def test_file_of_format_1_is_read_and_converted() -> None:
    old = json.dumps({**OLD, "finished": True})
    found = seen(old, campaign="2026")
    assert (found["key_ids"], found["finished"], found["power_on"]) == (["k1"], True, ["vm-1"])
    text = after(old, run="me", settled=["vm-1"], taken_over=found["taken_over"])
    assert [one["id"] for one in json.loads(text or "")["vcenters"]] == ["uuid-a"]
    assert seen(text, campaign="2026")["key_ids"] == ["k1"] and seen(text)["power_on"] == []


def test_machines_of_a_vcenter_of_another_name_are_told() -> None:
    old = json.dumps({**OLD, "vcenter": "192.0.2.1"})
    assert unknown_owners(loaded_state(old), A) == ["192.0.2.1 (1)"]
    text = after(old, run="me", power_on=["vm-7"])
    assert unknown_owners(loaded_state(text or ""), A) == ["192.0.2.1 (1)"] and seen(text)["power_on"] == ["vm-7"]
    assert unknown_owners(loaded_state(json.dumps(OLD)), A) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "not a state file of this collection"),
        (json.dumps({**OLD, "format": 9}), "format is unknown, expected 2"),
        (json.dumps({**OLD, "power_on": [["vm-1"]]}), "power_on is not a list of texts"),
        (json.dumps({**OLD, "key_ids": "k"}), "campaigns.2026.key_ids is not a list of texts"),
        (json.dumps({**OLD, "vcenter": {"a": 1}}), "vcenter is not a text of one line"),
        ('{"format": 2, "vcenters": [[]]}', "vCenter 1 is not an object"),
        ('{"format": 2, "vcenters": [{"power_on": ["vm-1"]}]}', "power_on 1 is not an object"),
        ('{"format": 2, "vcenters": [{"power_on": [{"run": "x"}]}]}', "power_on 1.id is missing"),
        ('{"format": 2, "vcenters": [{"campaigns": {"a\\nb": 1}}]}', "campaigns.a.b is not an object"),
    ],
)
def test_a_text_of_another_shape_is_refused_on_one_line(text: str, words: str) -> None:
    with pytest.raises(ShapeError, match=words) as caught:
        loaded_state(text)
    assert "\n" not in str(caught.value)
