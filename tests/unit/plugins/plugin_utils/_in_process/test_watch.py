# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module in a fork is at: read while it works, when it is time to, and not before."""

from __future__ import annotations

import os
import pathlib

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process import forked
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.watch import Watch

MODULE = """
import os
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
with progress.step("waits for the test"):
    with open(os.environ["GATE"]) as gate:
        gate.read()
print("{}")
raise SystemExit(0)
"""


def test_text_is_shown_at_its_time_and_then_again() -> None:
    now = [100.0]
    shown: list[tuple[str, float]] = []
    watch = Watch(60.0, lambda text, seconds: shown.append((text, seconds)), lambda: now[0])
    watch.hear("early")
    watch.look()
    assert shown == [] and watch.left() == 60.0
    watch.hear("at the time")
    for moment in (160.0, 160.0, 219.0, 230.0):
        now[0] = moment
        watch.look()
    assert shown == [("at the time", 60.0), ("at the time", 130.0)] and watch.left() == 60.0


@pytest.mark.parametrize("text", ["", "\u00e9\u4e2d", "x" * 5000, "\u4e2d" * 5000])
def test_text_of_any_size_is_kept_as_far_as_it_fits(text: str) -> None:
    shown: list[str] = []
    watch = Watch(0.0, lambda found, _seconds: shown.append(found))
    watch.hear("z" * 900)
    watch.hear(text)
    watch.look()
    assert text.startswith(shown[0].rstrip("\ufffd")) and bool(shown[0]) is bool(text)


def test_module_that_waits_is_heard_while_it_waits(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module ends only after its text was shown."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "waiting_probe.py").write_text(MODULE)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    shown: list[str] = []

    def show(text: str, _seconds: float) -> None:
        if text and not shown:
            shown.append(text)
            gate.write_text("go on")

    path = str(tmp_path / "waiting_probe.py")
    program = forked.Program("waiting_probe", path, b"{}", {"GATE": str(gate)}, str(tmp_path))
    ending = forked.run(program, Watch(0.01, show))
    assert (ending.code, ending.output, shown) == (0, b"{}\n", ["waits for the test"]), ending.errors
