# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 5: CPU of a healthy preflight, against a play with as many tasks that do nothing but `ansible.builtin.ping`."""

from __future__ import annotations

import os
import pathlib
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

from .figures import Figures, heading, table

OWN_PROCESS = {"ANSIBLE_RETRY_FILES_ENABLED": "false"}  # a setting of Ansible: an ansible-playbook of its own
LIMIT = 2.5  # a module that talks to two systems, with all that it imports, against one that does nothing


def run(figures: Figures, directory: pathlib.Path) -> None:
    """Measure and tell."""
    heading(
        "5. The preflight of an account and a cloud that are ready for option 2, by ansible-playbook on this machine",
        "CPU seconds of the play and its modules, without the lab; beside a play with as many ansible.builtin.ping.",
    )
    folder = directory / "plays"
    folder.mkdir()
    with Lab() as lab:
        lab.give_encryption_right()
        wish = {
            "preflight_private_cloud": lab.private_cloud,
            "preflight_vsphere_user": lab.vsphere_user_name,
            "preflight_okms_region": lab.region,
            "preflight_okms_display_name": "kms-prod",
            "preflight_profile": "order",
        }
        cpu, done = _play(lab, "preflight", folder, **wish)
        tasks = int(done.stats["localhost"]["ok"])
        other = folder / "ping.yml"
        plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}] * tasks}]
        other.write_text(yaml.safe_dump(plays), encoding="utf-8")
        ping, _done = _play(lab, str(other), folder)
    table(("play", "CPU s", "x ping"), [["preflight", cpu, cpu / ping], [f"{tasks} times ping", ping, 1]])
    figures.keep("plays", preflight_cpu_seconds=cpu, ping_cpu_seconds=ping, tasks=tasks)
    figures.expect("CPU of a healthy preflight, times that of as many pings", cpu / ping, LIMIT)


def _play(lab: Lab, name: str, folder: pathlib.Path, **variables: t.Any) -> tuple[float, harness.PlayResult]:
    before = _cpu()
    done = harness.run_playbook(lab, name, folder, environment=OWN_PROCESS, **variables)
    if done.code:
        raise RuntimeError(done.screen[-2000:])
    return _cpu() - before, done


def _cpu() -> float:
    """CPU seconds of the processes that were waited for."""
    times = os.times()
    return times.children_user + times.children_system
