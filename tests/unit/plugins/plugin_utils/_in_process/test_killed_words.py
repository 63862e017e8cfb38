# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says of a module that was killed."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.killed import killed


@pytest.mark.parametrize(
    ("result", "signal"),
    [
        ({"rc": 137, "module_stdout": ""}, "SIGKILL"),
        ({"rc": 139, "module_stdout": "", "module_stderr": "Segmentation fault\n"}, "SIGSEGV"),
        ({"rc": 137, "module_stdout": "half of it"}, None),
        ({"rc": 1, "module_stdout": ""}, None),
        ({"rc": 128, "module_stdout": ""}, None),
        ({"rc": 255, "module_stdout": ""}, None),
        ({"module_stdout": ""}, None),
    ],
)
def test_module_ended_by_a_signal_is_told_in_one_line(result: dict[str, t.Any], signal: str | None) -> None:
    found = killed("okms", result)
    assert (found or {"failure": {"signal": None}})["failure"]["signal"] == signal
    if found:
        assert found["failed"] and found["msg"].startswith(f"the process of okms was ended by {signal}")
        assert "rerun" in found["msg"] and "\n" not in found["msg"]
