# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at once on one state file, one of them killed: each VM gets its power back, each campaign its keys."""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import signal
import threading
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.providers import section
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.fleet_site import (
    STANDARD,
    at_work,
    flat,
    player,
    prepare,
    rehearsed,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


def _ids(state: pathlib.Path, lab: Lab) -> list[str]:
    return [one["id"] for one in section(state, lab)["power_on"]] if state.exists() else []


def _id(lab: Lab, name: str) -> str:
    return str(lab.vcenter.inventory.vm(name).reference).strip("'").partition(":")[2]


def _powered(lab: Lab) -> list[str]:
    return [one.name for one in lab.vcenter.inventory.vms if one.power_state == "poweredOn"]


def test_run_that_is_killed_beside_another_loses_no_power_state(lab: Lab, tmp_path: pathlib.Path) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    for name in ("vm1", "vm2", "vm4"):
        inventory.vm(name).power_state, inventory.vm(name).tools = "poweredOn", True
    inventory.encrypt(inventory.vm("vm4"), STANDARD, lab.generate_key(STANDARD))
    state = tmp_path / "state.json"
    places = [tmp_path / name for name in ("first", "second")]
    for place in places:
        place.mkdir()
    encrypt = player(
        lab,
        places[0],
        "vm_encryption",
        vm_encryption_selection={"names": ["vm1", "vm2"]},
        vm_encryption_provider=STANDARD,
        vm_encryption_power_off="shutdown",
        vm_encryption_canary=1,
        vm_encryption_wait_timeout=600,
        vm_encryption_state_path=str(state),
    )
    rotation: dict[str, t.Any] = {
        "key_rotation_selection": {"names": ["vm4"]},
        "key_rotation_campaign": "2026-q4",
        "key_rotation_mode": "deep",
        "key_rotation_backup_confirmed": True,
        "key_rotation_power_off": "shutdown",
        "key_rotation_state_path": str(state),
    }
    rotate = player(lab, places[1], "key_rotation", **rotation)
    lab.vcenter.settings.reconfigure_polls = 1000000  # vCenter is at work for long
    begun = threading.Event()
    lab.journal.listeners.append(lambda entry: begun.set() if entry.operation == "ReconfigVM_Task" else None)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(encrypt, kill_when=lambda: False)  # an ansible-playbook of its own
        try:
            assert begun.wait(120)
            assert _ids(state, lab) == [_id(lab, "vm1")]
            # vm1 is off for the first run, which gives it its power back: nobody else does
            other = player(lab, places[1], "vm_encryption", vm_encryption_state_path=str(state))
            seen = rehearsed(lab, other, vm_encryption_selection={"names": ["vm1"]}, vm_encryption_provider=STANDARD)
            assert "power on again 1" not in seen
            killed = rotate(kill_when=at_work(lab, 2))
            assert (killed.code, _powered(lab)) == (-signal.SIGKILL, ["vm2"]), killed.screen
            assert sorted(_ids(state, lab)) == [_id(lab, "vm1"), _id(lab, "vm4")]
        finally:
            lab.vcenter.settings.reconfigure_polls = None
            lab.vcenter.tasks.settle()
        ended = first.result()
    assert ended.code == 0, ended.screen
    assert _powered(lab) == ["vm1", "vm2"]
    assert _ids(state, lab) == [_id(lab, "vm4")]  # of the run that was killed, after the other has ended
    assert section(state, lab)["campaigns"]["2026-q4"]["finished"] is False
    assert "power on again 1 vm4" in rehearsed(lab, rotate)
    resumed = rotate()
    assert resumed.code == 0, resumed.screen
    assert _powered(lab) == ["vm1", "vm2", "vm4"] and _ids(state, lab) == []
    assert section(state, lab)["campaigns"]["2026-q4"]["finished"] is True


def test_state_file_of_an_earlier_version_is_finished(lab: Lab, tmp_path: pathlib.Path) -> None:
    prepare(lab)
    state = tmp_path / "state.json"
    kept = {"format": 1, "vcenter": lab.vcenter_hostname, "campaign": "", "power_on": [_id(lab, "vm1")]}
    state.write_text(json.dumps(kept))
    play = player(
        lab,
        tmp_path,
        "vm_encryption",
        vm_encryption_selection={"names": ["vm1"]},
        vm_encryption_provider=STANDARD,
        vm_encryption_state_path=str(state),
    )
    done = play()
    assert done.code == 0, flat(done)
    assert _powered(lab) == ["vm1"] and not state.exists()


def test_state_file_of_another_shape_is_told_in_one_line(lab: Lab, tmp_path: pathlib.Path) -> None:
    prepare(lab)
    state = tmp_path / "state.json"
    state.write_text('{"format": 2, "vcenters": [{"power_on": [{"id": "{{ lookup(\'pipe\', \'id\') }}\\n"}]}]}')
    play = player(
        lab, tmp_path, "vm_encryption", vm_encryption_selection={"all": True}, vm_encryption_provider=STANDARD
    )
    refused = play(vm_encryption_state_path=str(state))
    screen = flat(refused)
    assert refused.code != 0 and "vCenter 1.power_on 1.id is not a text of one line" in screen, refused.screen
    assert "uid=" not in screen and "Traceback" not in screen and lab.journal.writes(0, "vcenter") == []
