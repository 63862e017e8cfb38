# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the examples in README and guides name: a folder of VMs, tags, a vSAN cluster. `make lab` has all of it."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .lab import Lab

FOLDER = "prod"
CLUSTER = "cluster-1"
HOSTS = 3
# name: whether it runs, and its tags (category, name)
MACHINES: dict[str, tuple[bool, list[tuple[str, str]]]] = {
    "app-01": (False, []),
    "db-01": (True, []),
    "dc-01": (True, [("role", "domain-controller")]),
    "fw-01": (False, [("role", "firewall")]),
}


def furnish(lab: Lab) -> None:
    """Add the objects of the examples to the inventory of vCenter."""
    inventory = lab.vcenter.inventory
    folder = inventory.add_folder(FOLDER)
    for name, (runs, tags) in MACHINES.items():
        machine = inventory.add_vm(name, folder=folder, tools=True, power_state="poweredOn" if runs else "poweredOff")
        for category, tag in tags:
            lab.vcenter.tagging.attach(category, tag, machine)
    cluster = inventory.add_cluster()
    cluster.name, cluster.vsan = CLUSTER, True
    for _host in range(HOSTS):
        inventory.add_host(cluster)
