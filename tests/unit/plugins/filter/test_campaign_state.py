# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter campaign_state."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.campaign_state import FilterModule

campaign_state = FilterModule().filters()["campaign_state"]
KEPT = {
    "format": 1,
    "vcenter": "vc",
    "campaign": "2026",
    "key_ids": ["k1", "k2"],
    "power_on": ["vm-1"],
    "finished": False,
}


def test_a_new_file() -> None:
    assert campaign_state("", "vc", "2026", key_ids=["k2", "k1", "k2"], power_on=["vm-1"]) == KEPT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        # keys are recorded once: those that came later are new ones
        ({"key_ids": ["k3"]}, {}),
        ({"power_on": ["vm-2", "vm-1"]}, {"power_on": ["vm-1", "vm-2"]}),
        ({"settled": ["vm-1", "vm-9"]}, {"power_on": []}),
        ({"finished": True}, {"finished": True}),
        # another campaign begins anew, but who is off must come back
        ({"campaign": "2027"}, {"campaign": "2027", "key_ids": None}),
        ({"campaign": "2027", "key_ids": ["k3"]}, {"campaign": "2027", "key_ids": ["k3"]}),
    ],
)
def test_changes(changes: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    values = {"campaign": "2026", **changes}
    assert campaign_state(json.dumps(KEPT), "vc", **values) == {**KEPT, **expected}


def test_a_finished_campaign_stays_finished() -> None:
    text = json.dumps({**KEPT, "finished": True})
    assert campaign_state(text, "vc", "2026")["finished"]
    assert not campaign_state(text, "vc", "2027")["finished"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not one of this collection"),
        ("{}", "not one of this collection"),
        (json.dumps({**KEPT, "format": 2}), "format 2 is unknown"),
        (json.dumps({**KEPT, "vcenter": "other"}), "of the vCenter other, not of vc"),
    ],
)
def test_wrong_files_are_refused(text: str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        campaign_state(text, "vc", "2026")
