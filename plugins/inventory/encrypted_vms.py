# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin encrypted_vms: the VMs of a vCenter, grouped by their encryption."""

from __future__ import annotations

DOCUMENTATION = r"""
name: encrypted_vms
short_description: VMs of a vCenter, grouped by their encryption
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Lists as hosts the VMs that M(ovhcloud.vmware_encryption.vm_encryption_info) reports, in groups by their encryption
    state, key providers and storage policies.
  - Thousands of VMs are read together, in one request for each 100 of them.
  - The name of the file must end in C(encrypted_vms.yml) or C(encrypted_vms.yaml).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._selection
  - ovhcloud.vmware_encryption._inventory
  - constructed
  - inventory_cache
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices: [ovhcloud.vmware_encryption.encrypted_vms]
  tags:
    description:
      - Whether to read the tags of the VMs. The plugin also reads them if O(selection.tags) or O(exclude.tags) is
        given.
      - Tags need a second login, at vCenter's REST interface, a request for each 500 VMs, and one for each tag.
    type: bool
    default: false
  encryption_groups:
    description:
      - Whether the inventory has the groups of this plugin. A VM is in one of C(encrypted), C(partly_encrypted),
        C(vtpm_only), C(unencrypted) and C(unreadable), and if they apply, in C(locked), C(needs_power_off) (it must
        be off for its next step, such as its encryption), C(provider_<name>) for each of its key providers, and
        C(policy_<name>) for each of its storage policies.
      - Characters that group names cannot contain become underscores, so two names can share a group.
    type: bool
    default: true
  group_prefix:
    description: Prefix of these groups' names.
    type: str
    default: ""
notes:
  - A host has the name of its VM. If several VMs have the same name, the VM's id follows it, as in C(web_vm-42).
  - All facts of a VM are in one variable, C(virtual_machine), with the keys that
    M(ovhcloud.vmware_encryption.vm_encryption_info) returns for a VM, and C(vcenter) and C(needs_power_off).
  - Templates of vSphere are hosts too; C(virtual_machine.template) is true for them.
"""

EXAMPLES = r"""
# my.encrypted_vms.yml: the vCenter of VMWARE_HOST, VMWARE_USER and VMWARE_PASSWORD
plugin: ovhcloud.vmware_encryption.encrypted_vms
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/encrypted_vms
cache_timeout: 600

---
# one folder, without templates, grouped by cluster and by what stands in the way
plugin: ovhcloud.vmware_encryption.encrypted_vms
hostname: pcc-192-0-2-10.ovh.com
username: admin@pcc-192-0-2-10.ovh.com
password: "{{ lookup('ansible.builtin.env', 'PROD_PASSWORD') }}"
selection:
  folders: [prod]
filters:
  - exclude: virtual_machine.template
keyed_groups:
  - key: virtual_machine.cluster
    prefix: cluster
  - key: virtual_machine.obstacles | map(attribute='code')
    prefix: obstacle
compose:
  vm_folder: virtual_machine.folder
"""

import typing as t

# the first of all: it changes how the others are imported
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils import bytecode  # pylint: disable=unused-import # noqa: F401

# isort: split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, boolean, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet_report import (
    fleet_report,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.groups import (
    groups_of,
    host_names,
    needs_power_off,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import (
    exclude,
    selection,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils.inventory_source import (
    InventorySource,
    Params,
    Parts,
    Variables,
)

_PART = "vcenter"


class InventoryModule(InventorySource):
    """The plugin."""

    NAME = "ovhcloud.vmware_encryption.encrypted_vms"
    ending = "encrypted_vms"
    secret = ("password",)
    spec = ArgSpec(
        connection(),
        selection(),
        exclude(),
        tags=boolean(default=False),
        encryption_groups=boolean(default=True),
        group_prefix=text(default=""),
    )

    def read(self, params: Params, known: Parts) -> Parts:
        """The one part: all VMs that are meant."""
        if known:
            return known
        with self.context(params) as context:
            session = connect(context)
            machines = fleet_report(context, session, params["tags"], details=True)["virtual_machines"]
        hosts = [{**machine, "vcenter": session.hostname} for machine in machines]
        return {_PART: {"hosts": hosts, "warnings": context.warnings}}

    def add_hosts(self, params: Params, hosts: t.Sequence[Variables]) -> None:
        """Each VM once, in the groups of its encryption."""
        names = host_names(hosts)
        for machine in hosts:
            facts = {**machine, "needs_power_off": needs_power_off(machine)}
            name = names[machine["moid"]]
            self.add(name, f"{name}_{machine['moid']}", {"virtual_machine": facts}, self._groups(params, machine))

    def group_names(self, params: Params, hosts: t.Sequence[Variables]) -> set[str]:
        """All groups of this plugin that have a VM."""
        return {group for machine in hosts for group in self._groups(params, machine)}

    def _groups(self, params: Params, machine: Variables) -> list[str]:
        prefix = params["group_prefix"] or ""
        return [prefix + group for group in groups_of(machine)] if params["encryption_groups"] else []
