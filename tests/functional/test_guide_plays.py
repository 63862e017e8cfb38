# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays that the guides show, run as they stand there, but for names of the lab."""

from __future__ import annotations

import pathlib
import re
import textwrap
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

GUIDES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst"
NAMES = {"cluster-1": "C0", "okms-prod": PROVIDER}


def shown(guide: str, name: str) -> str:
    """The play that the guide shows under the name of a file."""
    text = (GUIDES / f"{guide}.rst").read_text(encoding="utf-8")
    found = re.search(rf"\.\. code-block:: yaml\n\n(    # {re.escape(name)}\n(?:    .*\n|\n)*)", text)
    assert found, f"{guide} shows no {name}"
    play = textwrap.dedent(found[1])
    for theirs, ours in NAMES.items():
        play = play.replace(theirs, ours)
    return play


@pytest.fixture
def run(lab: Lab, tmp_path: pathlib.Path) -> t.Callable[..., harness.PlayResult]:
    """Runs a play of a guide."""

    def call(guide: str, name: str, check: bool = False) -> harness.PlayResult:
        play = tmp_path / name
        play.write_text(shown(guide, name), encoding="utf-8")
        return harness.run_playbook(lab, str(play), tmp_path, check=check)

    return call


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """With a green default provider."""
    add_standard(open_up(lab))
    lab.vcenter.inventory.cluster("C0").vsan = True
    return lab


def test_vsan(lab: Lab, run: t.Callable[..., harness.PlayResult]) -> None:
    mark = lab.journal.mark()
    assert run("guide_vsan", "vsan.yml", check=True).code == 0
    assert lab.journal.writes(mark) == []
    changed = [run("guide_vsan", name).changed for name in ("vsan.yml", "vsan.yml", "vsan_keys.yml", "vsan_keys.yml")]
    assert changed == [1, 0, 1, 1]


def test_hosts(run: t.Callable[..., harness.PlayResult]) -> None:
    first, second = run("guide_hosts", "hosts.yml"), run("guide_hosts", "hosts.yml")
    assert (first.code, first.changed, second.code, second.changed) == (0, 1, 0, 0), first.screen
    assert "esx1.lab.test is incapable: ready, not enabled" in first.screen
    assert "esx1.lab.test is" not in second.screen


def test_unlock(lab: Lab, run: t.Callable[..., harness.PlayResult]) -> None:
    inventory = lab.vcenter.inventory
    done = runner_in(lab)("vm_encryption", selection={"names": ["vm1", "vm2"]}, **FAST)
    assert not done.failed, done.msg
    lab.external_kms.stop()
    for host in inventory.hosts:
        lab.vcenter.lock_machines(host)
    assert [machine.name for machine in inventory.vms if machine.locked] == ["vm1", "vm2"]
    down = run("guide_unlock", "unlock.yml")
    assert (down.code, down.changed) == (2, 0) and "Continue only if it is green" in down.screen
    lab.external_kms.start()
    first, second = run("guide_unlock", "unlock.yml"), run("guide_unlock", "unlock.yml")
    assert (first.code, second.code, second.changed) == (0, 0, 0), first.screen
    assert first.changed and not any(machine.locked for machine in inventory.vms)
