# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module returns and shows the same, byte by byte, in a fork of Ansible's worker and as a program of its own."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process.both_ways import both, written
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_odd_characters import needed
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, examples

SHORT = "ovhcloud.vmware_encryption."
MODULES = sorted(path.stem for path in (harness.ROOT / "plugins/modules").glob("*.py") if path.stem != "role_options")


# what two runs of one module tell in two ways: the time, and how far the clocks are apart
CLOCK = re.compile(r'("(?:clock_offset|last_used|time)": )("[^"]*"|[-.e0-9]+)')


def still(text: str) -> str:
    """Without what the clock says."""
    return CLOCK.sub(r"\1now", text)


def task(module: str, case: str, **options: t.Any) -> dict[str, t.Any]:
    """One task, which may fail."""
    return {"name": f"{module}, {case}", SHORT + module: options, "ignore_errors": True}


@pytest.mark.oldest("both ways", "each module")
def test_each_module_is_the_same_both_ways(lab: Lab, tmp_path: pathlib.Path) -> None:
    """With an option that no module knows, and with what it needs: a refusal, a failure or a result of the lab."""
    examples.furnish(lab)
    tasks = [task(name, "refused", no_such_option=1) for name in MODULES]
    tasks += [task(name, "asked", **needed(name)) for name in MODULES]
    seen = both(written(tmp_path, tasks), "-v", "--check", "--diff", environment=lab.environment())
    fork, program = seen["fork"], seen["program"]
    assert fork.code == program.code == 0, program.screen
    assert len(fork.lines) == len(tasks)
    assert list(map(still, fork.lines)) == list(map(still, program.lines))
    assert still(fork.screen) == still(program.screen)
    refused = {name: fork.of(f"{name}, refused")["msg"] for name in MODULES}
    # what is missing comes first with some of them
    words = ("Unsupported parameters", "missing required arguments", "one of the following is required")
    assert {name: said for name, said in refused.items() if not said.startswith(words)} == {}
