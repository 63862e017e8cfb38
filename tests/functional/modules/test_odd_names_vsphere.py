# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names with white space around them in modules of vCenter: no second object, and nothing is silently not removed."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    make_green,
    make_provider,
    open_up,
    server_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """With the rights."""
    return open_up(lab)


def test_one_policy_is_made_and_removed(lab: Lab, run_module: RunModule) -> None:
    made = run_module("encryption_storage_policy", name="encrypted ")
    assert made.changed and made["storage_policy"]["name"] == "encrypted", made.msg
    assert not run_module("encryption_storage_policy", name="\tencrypted").changed
    assert len(run_module("encryption_storage_policy_info", name=" encrypted")["storage_policies"]) == 1
    assert run_module("encryption_storage_policy", name="encrypted\n", state="absent").changed
    assert run_module("encryption_storage_policy_info", name="encrypted")["storage_policies"] == []


def test_one_server_is_registered_and_removed(lab: Lab, run_module: RunModule) -> None:
    make_provider(lab, run_module)
    (server,) = run_module("key_provider_info", name=f" {PROVIDER}\n")["key_providers"][0]["servers"]
    spaced = {**server_of(lab.external_kms[0], " kms-a "), "address": f"{server['address']} "}
    again = run_module("standard_key_provider", name=f"{PROVIDER} ", servers=[spaced], **FAST)
    assert not again.changed, (again.msg, again.data)
    twice = run_module("standard_key_provider", name=PROVIDER, servers=[spaced, {**spaced, "name": "kms-a"}], **FAST)
    assert "given twice" in twice.msg
    assert "not empty" in run_module("standard_key_provider", name=PROVIDER, servers=[{**spaced, "name": " "}]).msg
    assert run_module("standard_key_provider", name=f" {PROVIDER}", state="absent", **FAST).changed


def test_server_that_has_white_space_is_found(lab: Lab, run_module: RunModule) -> None:
    make_provider(lab, run_module)
    servers = lab.vcenter.crypto.providers[PROVIDER].servers
    servers["kms-a "] = dataclasses.replace(servers.pop("kms-a"), name="kms-a ")
    again = run_module("standard_key_provider", name=PROVIDER, servers=[server_of(lab.external_kms[0])], **FAST)
    assert not again.changed, (again.msg, again.data)
    assert [one["name"] for one in again["key_provider"]["servers"]] == ["kms-a "]


def test_policy_that_has_white_space_is_found(lab: Lab, run_module: RunModule) -> None:
    assert run_module("encryption_storage_policy", name="encrypted").changed
    lab.vcenter.policies.named("encrypted").name = "encrypted "
    assert not run_module("encryption_storage_policy", name="encrypted").changed
    assert run_module("encryption_storage_policy", name="encrypted ", description="ours").changed
    assert run_module("encryption_storage_policy_info", name="encrypted")["storage_policies"][0]["name"] == "encrypted "
    assert run_module("encryption_storage_policy", name="encrypted", state="absent").changed
    assert lab.vcenter.policies.named("encrypted ") is None


def test_others_find_what_they_name(lab: Lab, run_module: RunModule) -> None:
    make_green(lab, run_module)
    provider, policy, every = f"{PROVIDER} ", " VM Encryption Policy", {"selection": {"all": True}}
    steps: list[tuple[str, dict[str, t.Any]]] = [
        ("key_provider_csr", {"provider": provider}),
        ("standard_key_provider", {"name": PROVIDER, "default_clusters": ["C0 "], **FAST}),
        ("host_encryption", {"clusters": ["C0 "], "hosts": [" esx1.lab.test"], "provider": provider, **FAST}),
        ("host_encryption_info", {"clusters": " C0"}),
        ("encryption_key_info", {"keys": [{"key_id": "1 ", "provider": provider}]}),
        ("vcenter_readiness_info", {"key_provider": provider}),
        ("vm_encryption", {**every, "provider": provider, "policy": policy}),
        ("vsan_encryption_info", {"clusters": " C0"}),
    ]
    for name, options in steps:
        found = run_module(name, check=True, **options)
        assert not found.failed, (name, found.msg)
    assert len(found_providers(run_module, provider)) == 1


def test_dossier_has_one_entry_a_name(run_module: RunModule, tmp_path: pathlib.Path) -> None:
    path, entry = str(tmp_path / "dossier.json"), {"type": "native", "role": "native_key_provider"}
    place: dict[str, t.Any] = {
        "path": path,
        "vcenter": "vc.example.com",
        "vcenter_id": "0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44",
    }
    spaced: dict[str, t.Any] = {**{name: f" {value} " for name, value in place.items()}, "path": path}
    assert run_module("recovery_dossier", **place, provider="nkp", entry=entry).changed
    assert not run_module("recovery_dossier", **spaced, provider="nkp ", entry=entry).changed
    assert list(run_module("recovery_dossier_info", **spaced)["providers"]) == ["nkp"]
    assert run_module("recovery_dossier", **place, provider=" nkp", retire=True).changed
    assert list(run_module("recovery_dossier_info", **place)["retired"]) == ["nkp"]


def found_providers(run_module: RunModule, name: str) -> list[dict[str, t.Any]]:
    """What vcenter_readiness_info knows."""
    providers: list[dict[str, t.Any]] = run_module("vcenter_readiness_info", key_provider=name)["key_providers"]
    return providers
