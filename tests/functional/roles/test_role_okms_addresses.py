# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles okms and decommission where a region has several addresses, which may change."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

REGION = "eu-west-par"
HOST = f"{REGION}.okms.ovh.net"
PROVIDER = "okms-par"
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Runs a playbook; okms with the variables of a user who wants to order in Paris."""
    paris = {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": REGION,
        "okms_provider": PROVIDER,
        "okms_allow_order": True,
        "okms_dossier_path": str(tmp_path / "dossier.json"),
        "okms_wait_interval": 0.01,
        "okms_wait_timeout": 20,
    }

    def run(playbook: str = "okms", **options: t.Any) -> harness.PlayResult:
        given = {**paris, **options} if playbook == "okms" else options
        return harness.run_playbook(lab, playbook, tmp_path, **given)

    return run


def _entries(lab: Lab) -> dict[str, t.Any]:
    return {entry.ip: entry for entry in lab.ovhcloud.state.pccs[lab.private_cloud].kms.values()}


def test_paris_has_an_entry_for_each_address_until_it_is_removed(
    lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    first, second, third = lab.okms_addresses(REGION)
    done = play()
    assert (done.code, done.failed) == (0, 0), done.screen
    assert set(_entries(lab)) == {first, second, third}
    assert {entry.state for entry in _entries(lab).values()} == {"delivered"}
    provider = run_module("key_provider_info", name=PROVIDER)["key_providers"][0]
    (server,) = provider["servers"]
    assert (provider["status"], server["address"], server["port"]) == ("green", HOST, 5697)
    assert {entry.port for entry in _entries(lab).values()} == {5697}
    mark = lab.journal.mark()
    again = play()
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen

    # the region loses an address: told, and removed when asked
    lab.network.change(HOST, [first, third])
    told = play()
    assert (told.code, told.changed, lab.journal.writes(mark)) == (0, 0, []), told.screen
    words = " ".join(told.screen.split())
    assert f"no longer has the address of these KMS entries of {lab.private_cloud}" in words and second in words
    removed = play(okms_remove_stale_entries=True)
    assert removed.code == 0 and set(_entries(lab)) == {first, third}, removed.screen

    # and gets it back
    lab.network.change(HOST, [first, second, third])
    kept = {ip: entry.kms_id for ip, entry in _entries(lab).items()}
    back = play()
    assert back.code == 0 and set(_entries(lab)) == {first, second, third}, back.screen
    assert {ip: entry.kms_id for ip, entry in _entries(lab).items() if ip != second} == kept
    assert run_module("key_provider_info", name=PROVIDER)["key_providers"][0]["status"] == "green"

    # the removal takes all of its own, also for an address that the region no longer has, and none of another KMS
    other: dict[str, t.Any] = {
        "service_name": lab.private_cloud,
        "host": lab.external_kms[0].host,
        "thumbprint": "0A" * 20,
    }
    run_module("private_cloud_kms", **other, description="team", wait_interval=0.01)
    lab.network.change(HOST, [first, third])
    lab.vcenter.crypto.default = None
    gone = play(
        "decommission",
        decommission_provider=PROVIDER,
        decommission_confirm=PROVIDER,
        decommission_dossier_path=str(tmp_path / "dossier.json"),
        decommission_remove_kms_entries=True,
        decommission_wait_interval=0.01,
    )
    assert gone.code == 0, gone.screen
    assert [entry.description for entry in _entries(lab).values()] == ["team"]


def test_address_that_the_key_provider_uses_itself_stays_open(lab: Lab, play: Play, run_module: RunModule) -> None:
    """Somebody has registered one more server by the address that the region loses."""
    first, second, third = lab.okms_addresses(REGION)
    done = play()
    assert done.code == 0, done.screen
    servers = [{"name": "by-address", "address": second, "port": 5697}]
    assert not run_module("standard_key_provider", name=PROVIDER, servers=servers, wait_timeout=1).failed
    lab.network.change(HOST, [first, third])
    refused = play(okms_remove_stale_entries=True)
    assert refused.code == 2 and f"also lets vCenter reach {second}" in " ".join(refused.screen.split()), refused.screen
    assert set(_entries(lab)) == {first, second, third}
