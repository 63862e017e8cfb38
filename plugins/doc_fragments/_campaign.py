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
      - What the module may do to running VMs that must be powered off. It powers them on again afterwards, even if
        their operation failed.
      - V(never) counts them as blocked.
      - V(shutdown) shuts the guest down gracefully, which needs running VMware Tools.
      - V(force) does the same, and powers off VMs that have no VMware Tools or do not shut down in time.
    type: str
    choices: [never, shutdown, force]
    default: never
  shutdown_timeout:
    description: Longest time for a guest to shut down, in seconds.
    type: int
    default: 600
  power_on:
    description:
      - Ids (such as V(vm-42)) or instance UUIDs of VMs that an interrupted run left powered off. The module powers on
        those that are selected and powered off, after their operation, or at once if they need none.
    type: list
    elements: str
  blocked:
    description:
      - What to do with selected VMs that are blocked, for example because of snapshots.
      - V(fail) changes nothing and names them with their reasons, V(skip) skips and reports them.
    type: str
    choices: [fail, skip]
    default: fail
  max_parallel:
    description: Largest number of VMs processed at the same time.
    type: int
    default: 32
  max_parallel_per_host:
    description: Largest number of VMs processed at the same time on one host, if their disks are rewritten (encrypt,
      decrypt, deep recrypt).
    type: int
    default: 4
  max_parallel_per_datastore:
    description: Largest number of VMs processed at the same time on one datastore, if their disks are rewritten.
    type: int
    default: 8
  max_failures:
    description:
      - Number of failed VMs that the module tolerates. With more, it processes no further VMs, but finishes those it
        is working on.
      - If the key provider gives no more keys, the module processes no further VMs, whatever this option says.
    type: int
    default: 0
  wait_timeout:
    description:
      - Longest duration for all VMs together, in seconds. Tasks that are still running at that point continue in
        vCenter.
    type: int
    default: 86400
  wait_interval:
    description: Shortest pause between two checks of the running tasks, in seconds.
    type: float
    default: 2.0
"""
