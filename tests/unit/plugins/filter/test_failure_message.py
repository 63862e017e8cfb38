# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter failure_message."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.failure_message import FilterModule

failure_message = FilterModule().filters()["failure_message"]


def _loop(*texts: str | None) -> dict[str, t.Any]:
    items = [{"failed": True, "msg": text} if text else {"changed": False, "msg": "fine"} for text in texts]
    return {"failed": True, "msg": "One or more items failed", "results": items}


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"failed": True, "msg": "no such provider"}, "no such provider"),
        ({"failed": True}, "failed"),
        ({"failed": True, "msg": ""}, "failed"),
        (_loop(None, "no such provider", None), "no such provider"),
        (_loop("a", "b", "a"), "a; b"),
        (_loop(*"abcde"), "a; b; c; d; e"),
        (_loop(*"abcdefg"), "a; b; c; d; e; and 2 more"),
        # the loop itself was wrong, so no item ran
        ({"failed": True, "msg": "Invalid data passed to 'loop'", "results": []}, "Invalid data passed to 'loop'"),
        # a module's own result of that name
        ({"failed": True, "msg": "lost", "results": {"vm": 1}}, "lost"),
        ({"failed": True, "msg": "lost", "results": ["vm-1"]}, "lost"),
    ],
)
def test_what_failed_is_told(result: dict[str, t.Any], text: str) -> None:
    assert failure_message(result) == text


def test_another_shape_is_refused_in_one_line() -> None:
    with pytest.raises(AnsibleFilterError, match="it takes the result of a task") as refused:
        failure_message("failed")
    assert "\n" not in str(refused.value)
