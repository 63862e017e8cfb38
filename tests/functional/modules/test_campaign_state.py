# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module campaign_state."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plays import this_play
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import change_record
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import (
    COLLECTION,
    ModuleResult,
    run_module,
)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "state.json"


def call(path: pathlib.Path, check: bool = False, **options: t.Any) -> ModuleResult:
    given = {"vcenter": "vc.example", "vcenter_id": "uuid-a", "run": "me", **options}
    return run_module("campaign_state", check=check, path=str(path), **given)


@pytest.mark.oldest("campaign_state", "life")
def test_state_is_noted_changed_and_removed_when_empty(path: pathlib.Path) -> None:
    nothing = call(path)
    assert not nothing.changed and not path.exists()
    steps: list[dict[str, t.Any]] = [{"power_on": ["vm-1", "vm-2"]}, {"settled": ["vm-1"]}, {"settled": ["vm-2"]}]
    for options in steps:
        before = path.read_text() if path.exists() else None
        planned = call(path, check=True, **options)
        assert planned.changed and (path.read_text() if path.exists() else None) == before
        done = call(path, **options)
        assert done.changed and done["campaign_state"] == planned["campaign_state"] and done.diff == planned.diff
        assert not call(path, **options).changed
        assert not path.exists() or path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_machine_of_a_run_at_work_is_left_to_it(path: pathlib.Path) -> None:
    alive = this_play("other")
    call(path, run=alive, power_on=["vm-1"])
    call(path, run="dead", power_on=["vm-2"])
    found = call(path)["campaign_state"]
    assert (found["power_on"], found["others"]) == (["vm-2"], ["vm-1"])
    assert found["taken_over"] == [{"id": "vm-2", "run": "dead"}]
    done = call(path, settled=["vm-1", "vm-2"], taken_over=found["taken_over"])["campaign_state"]
    assert (done["power_on"], done["others"]) == ([], ["vm-1"])


def test_change_of_another_run_meanwhile_is_kept(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other run writes after this one has read the file, and before it takes the lock."""
    place = f"{COLLECTION}.plugins.modules.campaign_state.change_record"

    def late(*arguments: t.Any) -> None:
        monkeypatch.setattr(place, change_record)
        assert call(path, run="other", power_on=["vm-2"], campaign="q4", key_ids=["k1"]).changed
        change_record(*arguments)

    monkeypatch.setattr(place, late)
    done = call(path, power_on=["vm-1"], campaign="q4", key_ids=["k1", "k2"])["campaign_state"]
    assert (done["power_on"], done["key_ids"]) == (["vm-2", "vm-1"], ["k1"])


def test_file_of_format_1_under_another_address_is_warned_of(path: pathlib.Path) -> None:
    path.write_text('{"format": 1, "vcenter": "192.0.2.1", "power_on": ["vm-1"]}')
    found = call(path)
    assert found["campaign_state"]["power_on"] == []
    assert "VMs to power on for 192.0.2.1 (1), which no instance UUID identifies" in found.warnings[0]
    assert call(path, vcenter="192.0.2.1")["campaign_state"]["power_on"] == ["vm-1"]


@pytest.mark.oldest("campaign_state", "refusal")
def test_a_file_of_another_shape_is_refused_and_kept(path: pathlib.Path) -> None:
    for text in ("{", '{"format": 2, "vcenters": 5}', '{"format": 2, "vcenters": [{"power_on": [{"id": 7}]}]}'):
        path.write_text(text)
        result = call(path, power_on=["vm-1"])
        assert result.failed and f"cannot use the state file {path}: " in result.msg and "\n" not in result.msg
        assert path.read_text() == text
    blank = call(path, vcenter="")
    assert blank.failed and "vcenter must not be empty" in blank.msg
