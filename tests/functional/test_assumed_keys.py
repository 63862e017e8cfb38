# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys before their VMs arrive: whatever the target says of them, no VM may move without a proof."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.move import move
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import GREEN, lab_with
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value


@every_value
def test_key_that_nothing_in_the_target_uses_yet(assumed: Assumed) -> None:
    """The key is in the KMS; as soon as a VM with it has arrived, vCenter says so in any case."""
    with lab_with(assumed) as lab:
        add_standard(lab)
        run, key = runner_in(lab), {"provider": GREEN, "key_id": lab.generate_key(GREEN)}
        # as the source has left it, of which the target knows nothing
        lab.vcenter._connections.use_key(lab.vcenter.crypto.providers[GREEN], key["key_id"])
        lab.vcenter.crypto.keys.clear()
        machine = {"name": "db", "moid": "vm-9", "providers": [GREEN], "home": key, "disks": []}
        side = {"vcenter": "a", "key_providers": [{"name": GREEN, "type": "standard"}], "provider": GREEN}
        source = {**side, "virtual_machines": [machine]}
        before = run("encryption_key_info", keys=[key])["encryption_keys"]
        verdict = move(source, {**side, "vcenter": "b"}, before, {})
        asked = assumed.value == "asked"
        assert (verdict["may_move"], [one["available"] for one in before]) == (asked, [asked])
        assert any("verify_target" in line for line in verdict["table"]) is not asked
        assert asked or (before[0]["reason"] and before[0]["next_step"])
        lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm("vm1"), GREEN, key["key_id"])
        after = run("encryption_key_info", keys=[key])["encryption_keys"]
        assert after == [{**key, "available": True, "reason": None, "next_step": None}]
        assert move(source, {**side, "vcenter": "b"}, after, {})["may_move"]
