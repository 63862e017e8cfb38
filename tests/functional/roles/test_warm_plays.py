# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play in the warm process does and shows what ansible-playbook does and shows: the other tests lean on it."""

from __future__ import annotations

import collections
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.faults.scenarios import ALL
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

# a setting of Ansible itself, which makes the play a process of its own
OWN_PROCESS = {"ANSIBLE_RETRY_FILES_ENABLED": "false"}
SHOWN = ("TASK [", "ok:", "changed:", "skipping:", "included:", "fatal:", "failed:")


def _seen(scenario: str, folder: pathlib.Path, environment: dict[str, str], fails: bool) -> dict[str, t.Any]:
    """What a first and a second run have shown, asked and written; or a run whose VMs cannot be reconfigured."""
    folder.mkdir()
    with Lab(ALL[scenario].settings()) as lab:
        variables = ALL[scenario].start(lab, folder)
        mark = lab.journal.mark()
        if fails:
            lab.faults.add("drop_before", operation="*ReconfigVM*", times=99)
        plays = [harness.run_playbook(lab, ALL[scenario].role, folder, environment=environment, **variables)]
        if not fails:
            plays.append(harness.run_playbook(lab, ALL[scenario].role, folder, environment=environment, **variables))
        return {
            "recap": [play.stats for play in plays],
            "codes": [play.code for play in plays],
            "screen": [
                line.partition(" => ")[0]
                for play in plays
                for line in play.screen.splitlines()
                if line.startswith(SHOWN)
            ],
            # how often something is waited for depends on the time that a play takes
            "requests": {(entry.system, entry.operation) for entry in lab.journal.entries(since=mark)},
            "writes": collections.Counter((entry.system, entry.operation) for entry in lab.journal.writes(mark)),
        }


@pytest.mark.oldest("warm plays", "equal to ordinary ones")
@pytest.mark.parametrize(("scenario", "fails"), [("native_key_provider", False), ("vm_encryption", True)])
def test_a_warm_play_is_an_ordinary_one(scenario: str, fails: bool, tmp_path: pathlib.Path) -> None:
    own = _seen(scenario, tmp_path / "own", OWN_PROCESS, fails)
    assert _seen(scenario, tmp_path / "warm", {}, fails) == own
    assert any(own["codes"]) is fails
