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
      - Which VMs to select. Without a selection, modules that only read or unlock select all VMs; modules that
        encrypt, decrypt or rekey require at least one criterion, or O(selection.all).
      - Names, patterns and ids are one criterion. A VM is selected if it matches every given criterion, and it matches
        a criterion if it matches one of its values. An empty list matches nothing.
      - A pattern that matches nothing is a warning. Any other value that matches nothing is an error, and so is a name
        that several objects have. If several VMs have the same name, the other criteria and O(exclude) can leave one,
        which is then selected.
    type: dict
    suboptions:
      all:
        description: Whether to select all VMs. Further criteria narrow the selection.
        type: bool
      names:
        description: Names or inventory paths (such as V(DC0/vm/prod/web-1)) of VMs.
        type: list
        elements: str
      patterns:
        description: Shell patterns of names, such as V(web-*). Patterns are case-sensitive.
        type: list
        elements: str
      ids:
        description: Ids of VMs, such as V(vm-42), or instance UUIDs.
        type: list
        elements: str
      folders:
        description: Names or inventory paths (such as V(DC0/vm/prod)) of folders, including subfolders.
        type: list
        elements: str
      clusters:
        description: Names or inventory paths of clusters.
        type: list
        elements: str
      resource_pools:
        description: Names or inventory paths (such as V(DC0/host/C0/Resources/prod)) of resource pools, including child
          pools.
        type: list
        elements: str
      vapps:
        description: Names or inventory paths (such as V(DC0/vm/prod/shop) or V(DC0/host/C0/Resources/shop)) of vApps,
          including vApps in them.
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
        description: Tags, as V(category:tag), or as V(tag) for this name in every category.
        type: list
        elements: str
  exclude:
    description:
      - Which VMs to exclude although they are selected. One match is enough.
      - A value (other than a pattern) that matches nothing is an error, because a typing mistake would protect nothing.
        A name that several objects have excludes all of them.
    type: dict
    suboptions:
      infrastructure:
        description:
          - Whether to exclude VMs on which encryption itself or vSphere depends. The module recognises the vCenter in
            use, servers of standard key providers, the control node, agents that vSphere manages (vCLS), and Zerto's
            replication appliances (C(Z-VRA*)).
          - It recognises vCenter and KMIP servers by the addresses and host names that VMware Tools report, so name
            them in O(exclude.names) too.
        type: bool
        default: true
      names:
        description: Names or inventory paths (such as V(DC0/vm/prod/web-1)) of VMs.
        type: list
        elements: str
      patterns:
        description: Shell patterns of names, such as V(dc-*). Patterns are case-sensitive.
        type: list
        elements: str
      ids:
        description: Ids of VMs, such as V(vm-42), or instance UUIDs.
        type: list
        elements: str
      folders:
        description: Names or inventory paths of folders, including subfolders.
        type: list
        elements: str
      clusters:
        description: Names or inventory paths of clusters.
        type: list
        elements: str
      resource_pools:
        description: Names or inventory paths of resource pools, including child pools.
        type: list
        elements: str
      vapps:
        description: Names or inventory paths of vApps, including vApps in them.
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
        description: Tags, as V(category:tag), or as V(tag) for this name in every category.
        type: list
        elements: str
"""
