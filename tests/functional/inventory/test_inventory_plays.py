# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks over the hosts of the inventory plugin private_clouds, as they are: all, sliced, and twice at once."""

from __future__ import annotations

import concurrent.futures
import pathlib
import re
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.inventory.inventory_helpers import (
    CLOUDS,
    Listed,
    cached,
    inventory,
    source,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

PREFLIGHT = "ovhcloud.vmware_encryption.preflight"
LOOK = """
- name: Look at each private cloud
  hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Read its service
      ovhcloud.vmware_encryption.private_cloud_info:
        service_name: "{{ preflight_private_cloud }}"
        gather: []
      register: found
    - name: It is the one
      ansible.builtin.assert:
        that: found.private_clouds[0].location == private_cloud.location
"""
RECAP = re.compile(r"^(\S+) +: ok=(\d+) +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)


def with_clouds(lab: Lab, count: int) -> list[str]:
    """So many private clouds, all with the one vCenter of the lab."""
    for number in range(len(lab.ovhcloud.state.pccs), count):
        lab.ovhcloud.add_private_cloud(
            f"pcc-198-51-100-{number}", f"https://{lab.vcenter_hostname}:{lab.vcenter_port}/"
        )
    return sorted(lab.ovhcloud.state.pccs)


def recap(done: Listed) -> dict[str, tuple[int, int]]:
    """Of each host, what changed and what failed."""
    return {
        name: (int(changed), int(gone) + int(failed)) for name, _ok, changed, gone, failed in RECAP.findall(done.output)
    }


def requests(lab: Lab, mark: int) -> dict[str, int]:
    """By system, without those of the journal's own control port."""
    return {system: int(row["requests"]) for system, row in lab.journal.summary(mark).items()}


def test_requests_grow_in_proportion_to_the_private_clouds(lab: Lab, tmp_path: pathlib.Path) -> None:
    """The first one's include those of the account; each one after it costs the same."""
    open_up(lab)
    costs: dict[int, dict[str, int]] = {}
    for count in (1, 2, 4):
        names = with_clouds(lab, count)
        file = source(tmp_path, CLOUDS)
        mark = lab.journal.mark()
        play = harness.run_playbook(
            lab,
            "preflight",
            tmp_path,
            inventory=file,
            environment={"VMWARE_HOST": "wrong.invalid", "VMWARE_PORT": "1"},  # the inventory knows better
            preflight_hosts="all",
            preflight_fail_on_blocking=False,
        )
        assert sorted(play.stats) == names, play.screen
        assert (play.code, play.changed, play.failed) == (0, 0, 0), play.screen
        assert lab.journal.writes(mark) == []
        read = {entry.target for entry in lab.journal.entries("ovhcloud", since=mark)}
        assert all(any(f"/dedicatedCloud/{name}/user" in target for target in read) for name in names)
        costs[count] = requests(lab, mark)
    each = {system: costs[2][system] - costs[1][system] for system in costs[1]}
    assert {system: costs[4][system] - costs[2][system] for system in costs[2]} == {
        system: 2 * more for system, more in each.items()
    }, costs
    # no login for each
    assert each["vcenter"] < costs[1]["vcenter"] and each["ovhcloud"] < costs[1]["ovhcloud"], costs


def test_slices_of_200_run_side_by_side_and_twice(lab: Lab, tmp_path: pathlib.Path) -> None:
    """As AWX runs them: each slice is a job of its own with a part of the hosts, several of them at the same time."""
    names = with_clouds(lab, 200)
    file = source(tmp_path, CLOUDS, gather=[], **cached(tmp_path))
    assert sorted(inventory(lab, file).hosts) == names
    (tmp_path / "look.yml").write_text(LOOK)
    slices = [names[start::40] for start in (0, 7, 7)]  # one of them twice at once
    mark = lab.journal.mark()

    def run(hosts: t.Sequence[str]) -> Listed:
        arguments = ("look.yml", "--limit", ",".join(hosts), "--forks", "4")
        return inventory(lab, file, *arguments, command="ansible-playbook")

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        done = list(pool.map(run, slices))
    for hosts, one in zip(slices, done):
        assert recap(one) == dict.fromkeys(hosts, (0, 0)), one.output + one.said
    assert lab.journal.count("ovhcloud", operation="GET /dedicatedCloud", since=mark) == 0  # the inventory was cached
    assert lab.journal.count("ovhcloud", operation="GET /dedicatedCloud/{serviceName}", since=mark) == 15


def test_two_preflights_at_once_do_no_harm(lab: Lab, tmp_path: pathlib.Path) -> None:
    names = with_clouds(open_up(lab), 2)
    file = source(tmp_path, CLOUDS, **cached(tmp_path))
    (tmp_path / "more.yml").write_text(yaml.safe_dump({"preflight_hosts": "all", "preflight_fail_on_blocking": False}))
    mark = lab.journal.mark()

    def run(_number: int) -> Listed:
        return inventory(lab, file, PREFLIGHT, "-e", "@more.yml", command="ansible-playbook")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for one in pool.map(run, range(2)):
            assert recap(one) == dict.fromkeys(names, (0, 0)), one.output + one.said
    assert lab.journal.writes(mark) == []
