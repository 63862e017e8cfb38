# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs are recognised as infrastructure, and which are not."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.recognition import (
    Surroundings,
    ends_of,
    plain_address,
    recognise,
    uuids_of,
)

SEEN_UUID = "4c4c4544-0050-4d10-8057-b4c04f4e3132"
SWAPPED_UUID = "44454c4c-5000-104d-8057-b4c04f4e3132"
AROUND = Surroundings(
    vcenter=frozenset({"vcsa.example.com", "198.51.100.5", "2001:db8::5"}),
    kmip_servers=frozenset({"kms1", "198.51.100.7", "localhost"}),
    control_node=frozenset({"198.51.100.9"}),
    control_node_uuids=uuids_of(SEEN_UUID),
)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({}, None),
        ({"addresses": ("198.51.100.50", "fe80::1")}, None),
        ({"addresses": ("192.0.2.1", "198.51.100.5")}, "vcenter"),
        ({"addresses": ("2001:0DB8:0:0::5",)}, "vcenter"),
        ({"guest_name": "VCSA.example.com."}, "vcenter"),
        ({"guest_name": "vcsa"}, None),
        ({"guest_name": "vcsa.other.example"}, None),
        ({"product": "VMware vCenter Server Appliance"}, "vcenter"),
        ({"product": "VMware vCenter Server"}, "vcenter"),
        ({"product": "Some Appliance for VMware vCenter Server"}, None),
        ({"addresses": ("198.51.100.7",)}, "kmip_server"),
        ({"guest_name": "kms1"}, "kmip_server"),
        ({"guest_name": "KMS1.example.com"}, "kmip_server"),
        ({"guest_name": "kms10"}, None),
        ({"guest_name": "localhost"}, None),
        ({"guest_name": "localhost.localdomain"}, None),
        ({"addresses": ("198.51.100.9",)}, "control_node"),
        ({"uuid": SEEN_UUID.upper()}, "control_node"),
        ({"uuid": SWAPPED_UUID}, "control_node"),
        ({"uuid": "4c4c4544-0050-4d10-8057-b4c04f4e3133"}, None),
        ({"managed_by": "com.vmware.vim.eam"}, "agent"),
        ({"managed_by": "com.example.backup"}, None),
        ({"managed_by": "com.vmware.vim.eam", "addresses": ("198.51.100.5",)}, "agent"),
        ({"addresses": ("198.51.100.9", "198.51.100.7", "198.51.100.5")}, "vcenter"),
    ],
)
def test_recognise(facts, kind):
    assert recognise(Machine(None, "a", "vm-1", **facts), AROUND) == kind


def test_nothing_known_recognises_nothing_by_address():
    machine = Machine(None, "a", "vm-1", addresses=("198.51.100.5",), guest_name="vcsa.example.com")
    assert recognise(machine, Surroundings()) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("198.51.100.5", "198.51.100.5"),
        ("FE80::0001%eth0", "fe80::1"),
        ("[2001:DB8::5]", "2001:db8::5"),
        ("VCSA.Example.com.", "vcsa.example.com"),
        ("", ""),
    ],
)
def test_addresses_have_one_form(text, plain):
    assert plain_address(text) == plain


def test_ends_of_a_host_are_its_name_and_its_addresses():
    assert ends_of("LOCALHOST") >= {"localhost", "127.0.0.1"}
    assert ends_of("192.0.2.77") == {"192.0.2.77"}
    assert ends_of("no-such-host.invalid") == {"no-such-host.invalid"}


@pytest.mark.parametrize(("text", "count"), [(SEEN_UUID + "\n", 2), ("", 0), ("Not Settable", 0)])
def test_uuid_of_the_controller_in_both_byte_orders(text, count):
    found = uuids_of(text)
    assert len(found) == count
    assert found <= {SEEN_UUID, SWAPPED_UUID}


@pytest.mark.parametrize(
    ("name", "kind"), [("Z-VRAH-esx1", "replication"), ("z-vra-192.0.2.1", "replication"), ("az-vra", None)]
)
def test_appliance_of_zerto_is_known_by_its_name(name, kind):
    assert recognise(Machine(None, name, "vm-1"), AROUND) == kind
