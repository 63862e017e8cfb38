# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action workflow_facts in a play: artifacts of a job with one host and with several, and how to turn them off."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

SWITCH = "ovhcloud_vmware_encryption_stats"
SUMMARY = {"done": ["{{ 7 * 7 }}"], "changed": ["it"], "skipped": [], "to_do": [], "blocked_by": []}


def play(role: str, variables: dict[str, t.Any] | None = None, hosts: str = "localhost") -> dict[str, t.Any]:
    facts = {"role": role, "summary": "{{ shown }}", "counts": {"done": "{{ 1 + 1 }}"}}
    return {
        "hosts": hosts,
        "gather_facts": False,
        "connection": "local",
        "vars": {"shown": SUMMARY, **(variables or {})},
        "tasks": [{"name": "Set facts", "ovhcloud.vmware_encryption.workflow_facts": facts}],
    }


def run(lab: Lab, folder: pathlib.Path, *plays: dict[str, t.Any], **options: t.Any) -> harness.PlayResult:
    (folder / "play.yml").write_text(yaml.safe_dump(list(plays)))
    result = harness.run_playbook(lab, str(folder / "play.yml"), folder, **options)
    assert result.code == 0, result.screen
    return result


@pytest.mark.oldest("warm plays")
def test_each_play_leaves_its_facts_unless_turned_off(lab: Lab, tmp_path: pathlib.Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"pcc-1": None, "pcc-2": None, "localhost": None}}}))
    result = run(
        lab,
        tmp_path,
        play("one"),
        play("off", {SWITCH: "false"}),
        play("blank", {SWITCH: ""}),
        play("nothing", {SWITCH: None}),
        play("many", hosts="pcc-1:pcc-2"),
        inventory=inventory,
    )
    assert sorted(result.artifacts) == [f"encryption_facts_{name}" for name in ("blank", "many", "nothing", "one")]
    assert result.facts("one")["counts"] == {"done": 2} and result.facts("one")["outcome"] == "changed"
    several = result.facts("many")
    assert sorted(several["hosts"]) == ["pcc-1", "pcc-2"] and several["hosts_more"] == 0
    assert several["hosts"]["pcc-2"]["counts"] == {"done": 2} and "to_do" not in several["hosts"]["pcc-2"]
    assert result.changed == 0


def test_environment_and_check_mode_reach_the_facts(lab: Lab, tmp_path: pathlib.Path) -> None:
    assert run(lab, tmp_path, play("one"), check=True).facts("one")["check"] is True
    off = run(lab, tmp_path, play("one"), environment={SWITCH.upper(): "false"})
    assert off.artifacts == {}
