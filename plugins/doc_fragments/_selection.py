# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say which virtual machines are meant."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors selection() and exclude() of module_utils/_vsphere/machines/selection.py."""

    DOCUMENTATION = r"""
options:
  selection:
    description:
      - Which virtual machines are meant. Modules that only read or unlock take all when nothing is given; those that
        encrypt, decrypt or rekey need one criterion at least, or O(selection.all).
      - Names, patterns and ids are one criterion. A machine is selected when it matches every criterion that is given,
        and it matches a criterion when it matches one of its values. An empty list matches nothing.
      - A value (other than a pattern) that nothing has is an error, and so is a name that several objects have. Of
        several virtual machines with one name the other criteria and O(exclude) may leave one, which is then meant.
    type: dict
    suboptions:
      all:
        description: Whether all virtual machines are meant. Further criteria narrow them down.
        type: bool
      names:
        description: Names or inventory paths (such as V(DC0/vm/prod/web-1)) of virtual machines.
        type: list
        elements: str
      patterns:
        description: Shell patterns of names, such as V(web-*). Case counts.
        type: list
        elements: str
      ids:
        description: Ids of virtual machines, such as V(vm-42), or instance UUIDs.
        type: list
        elements: str
      folders:
        description: Names or inventory paths (such as V(DC0/vm/prod)) of folders; those below count too.
        type: list
        elements: str
      clusters:
        description: Names or inventory paths of clusters.
        type: list
        elements: str
      resource_pools:
        description: Names or inventory paths (such as V(DC0/host/C0/Resources/prod)) of resource pools; those below
          count too.
        type: list
        elements: str
      hosts:
        description: Names or inventory paths of hosts.
        type: list
        elements: str
      datastores:
        description: Names or inventory paths of datastores that hold the home or a disk.
        type: list
        elements: str
      tags:
        description: Tags, as V(category:tag), or V(tag) for those of that name in every category.
        type: list
        elements: str
  exclude:
    description:
      - Which virtual machines are left alone although they are selected. One match is enough.
      - A value (other than a pattern) that nothing has is an error, because a typing mistake would protect nothing. A
        name that several objects have means all of them.
    type: dict
    suboptions:
      infrastructure:
        description:
          - Whether machines are left alone that encryption itself or vSphere depends on. Recognised are the vCenter in
            use, servers of standard key providers, the machine that runs this module, agents that vSphere manages
            (vCLS), and replication appliances of Zerto (C(Z-VRA*)).
          - vCenter and key servers are recognised by the addresses and host names that VMware Tools report, so give
            them in O(exclude.names) too.
        type: bool
        default: true
      names:
        description: Names or inventory paths (such as V(DC0/vm/prod/web-1)) of virtual machines.
        type: list
        elements: str
      patterns:
        description: Shell patterns of names, such as V(dc-*). Case counts.
        type: list
        elements: str
      ids:
        description: Ids of virtual machines, such as V(vm-42), or instance UUIDs.
        type: list
        elements: str
      folders:
        description: Names or inventory paths of folders; those below count too.
        type: list
        elements: str
      clusters:
        description: Names or inventory paths of clusters.
        type: list
        elements: str
      resource_pools:
        description: Names or inventory paths of resource pools; those below count too.
        type: list
        elements: str
      hosts:
        description: Names or inventory paths of hosts.
        type: list
        elements: str
      datastores:
        description: Names or inventory paths of datastores that hold the home or a disk.
        type: list
        elements: str
      tags:
        description: Tags, as V(category:tag), or V(tag) for those of that name in every category.
        type: list
        elements: str
"""
