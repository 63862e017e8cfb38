# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules go through many virtual machines."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors campaign_options() of module_utils/_vsphere/campaign/encryption.py."""

    DOCUMENTATION = r"""
options:
  power_off:
    description:
      - What may be done to running machines whose work needs them off. They are powered on again afterwards, also when
        the work failed.
      - V(never) leaves them alone, they count as blocked.
      - V(shutdown) shuts the guest down gracefully, which needs running VMware Tools.
      - V(force) does the same, and powers off what has no VMware Tools or does not go down in time.
    type: str
    choices: [never, shutdown, force]
    default: never
  shutdown_timeout:
    description: How long a guest may take to shut down, in seconds.
    type: int
    default: 600
  power_on:
    description:
      - Ids (such as V(vm-42)) or instance UUIDs of machines that an interrupted run has left off. Those of them that
        are selected and off are powered on at the end of their work, or at once when there is none.
    type: list
    elements: str
  blocked:
    description:
      - What to do when selected machines cannot be worked on, for example because of snapshots.
      - V(fail) changes nothing and names them with their reasons, V(skip) leaves them out and reports them.
    type: str
    choices: [fail, skip]
    default: fail
  max_parallel:
    description: How many machines are worked on at once.
    type: int
    default: 32
  max_parallel_per_host:
    description: How many of them on one host, when their disks are rewritten (encrypt, decrypt, deep recrypt).
    type: int
    default: 4
  max_parallel_per_datastore:
    description: How many of them on one datastore, when their disks are rewritten.
    type: int
    default: 8
  max_failures:
    description:
      - How many machines may fail before no further ones are begun. Those that were begun are brought to their end.
      - A key server that gives no more keys ends the run at once, whatever this says.
    type: int
    default: 0
  wait_timeout:
    description:
      - How long all machines together may take, in seconds. Tasks that still run then go on in vCenter.
    type: int
    default: 86400
  wait_interval:
    description: Shortest pause between two looks at the running tasks, in seconds.
    type: float
    default: 2.0
"""
