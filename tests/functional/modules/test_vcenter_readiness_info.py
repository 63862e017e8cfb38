# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcenter_readiness_info against the lab: one login, few requests, and problems as results."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings


@pytest.mark.oldest("vcenter_readiness_info", "life")
def test_versions_clock_hosts_and_privileges(lab: Lab, run_module: RunModule) -> None:
    lab.vcenter.settings.clock_skew = 120
    host = lab.vcenter.inventory.hosts[0]
    host.tpm, host.version, host.connection_state, host.crypto_state = False, "7.0.1", "disconnected", "safe"
    mark = lab.journal.mark()
    found = run_module("vcenter_readiness_info")
    ready = found["readiness"]
    assert (ready["reachable"], ready["logged_in"], ready["problem"]) == (True, True, None)
    assert ready["version"] == "8.0.3" and ready["source_address"] == "127.0.0.1"
    assert 110 < ready["clock_offset"] < 130 and ready["time"].endswith("Z")
    rows = {row["name"]: row for row in ready["hosts"]}
    bad = rows[host.name]
    assert (bad["tpm"], bad["version"], bad["connection_state"], bad["crypto_state"]) == (
        False,
        "7.0.1",
        "disconnected",
        "safe",
    )
    assert all(row["tpm"] and row["cluster"] for row in rows.values() if row is not bad)
    assert "Cryptographer.ManageKeyServers" in ready["missing_privileges"]
    assert ready["privileges"]["Cryptographer.ReadKeyServersInfo"] is True
    entries = lab.journal.entries(since=mark)
    assert [entry.kind for entry in entries].count("login") == 1 and len(entries) < 14
    assert lab.journal.writes(mark) == [] and lab.vcenter.sessions.active() == []

    lab.give_encryption_right()
    assert run_module("vcenter_readiness_info")["readiness"]["missing_privileges"] == []


def test_key_provider_is_read_with_the_same_login(lab: Lab, run_module: RunModule) -> None:
    add_standard(lab)
    lab.give_encryption_right()
    assert run_module("vcenter_readiness_info")["key_providers"] is None
    mark = lab.journal.mark()
    found = run_module("vcenter_readiness_info", key_provider=PROVIDER)["key_providers"]
    assert lab.journal.count("vcenter", "login", since=mark) == 1
    (alone,) = run_module("key_provider_info", name=PROVIDER)["key_providers"]
    assert found == [alone]
    assert run_module("vcenter_readiness_info", key_provider="none")["key_providers"] == []


def test_key_provider_that_may_not_be_read_is_null(lab: Lab, run_module: RunModule) -> None:
    add_standard(lab)
    without(lab, "Cryptographer.ReadKeyServersInfo")
    refused = run_module("vcenter_readiness_info", key_provider=PROVIDER)
    assert not refused.failed and refused["readiness"]["logged_in"], refused.msg
    assert "Cryptographer.ReadKeyServersInfo" in refused["readiness"]["missing_privileges"]
    assert refused["key_providers"] is None


@pytest.mark.parametrize(
    ("state", "shown"), [(None, "incapable"), ("", "incapable"), ("pendingIncapable", "pending_incapable")]
)
def test_crypto_state_reads_the_same_in_both_modules(lab: Lab, run_module: RunModule, state: t.Any, shown: str) -> None:
    host = lab.vcenter.inventory.hosts[0]
    host.crypto_state = state
    host.crypto_key = None
    ready = run_module("vcenter_readiness_info")["readiness"]["hosts"]
    modes = run_module("host_encryption_info")["hosts"]
    assert [row["crypto_state"] for row in ready if row["name"] == host.name] == [shown]
    assert {row["name"]: row["crypto_state"] for row in ready} == {row["name"]: row["state"] for row in modes}


@pytest.mark.parametrize(
    ("options", "kind", "reachable"),
    [
        ({"password": "wrong-password"}, "authentication", True),
        ({"port": 1}, "unreachable", False),
        ({"ca_path": None}, "unreachable", False),
    ],
)
def test_problems_are_results(
    lab: Lab, run_module: RunModule, options: dict[str, t.Any], kind: str, reachable: bool
) -> None:
    found = run_module("vcenter_readiness_info", **options)
    ready = found["readiness"]
    assert not found.failed and (ready["problem_kind"], ready["reachable"]) == (kind, reachable)
    assert ready["hosts"] is None and "\n" not in ready["problem"] and "wrong-password" not in found.output


@pytest.mark.oldest("vcenter_readiness_info", "refusal")
def test_missing_options_are_a_failure(lab: Lab, run_module: RunModule) -> None:
    result = run_module("vcenter_readiness_info", password="")
    assert result.failed and "password" in result.msg


def test_an_old_vcenter_is_named(run_module: RunModule) -> None:
    with Lab(LabSettings(vcenter_version="7.0.1")) as old:
        found = run_module(
            "vcenter_readiness_info", hostname=old.vcenter_hostname, port=old.vcenter_port, ca_path=old.ca_path
        )
        assert found["readiness"]["problem_kind"] == "unsupported" and "7.0.2" in found["readiness"]["problem"]


def test_the_access_list_of_the_private_cloud(run_module: RunModule) -> None:
    with Lab(LabSettings(enforce_user_policies=True)) as closed:
        where: dict[str, t.Any] = {
            "hostname": closed.vcenter_hostname,
            "port": closed.vcenter_port,
            "ca_path": closed.ca_path,
            "username": closed.vcenter_username,
            "password": closed.vcenter_password,
        }
        assert run_module("vcenter_readiness_info", **where)["readiness"]["reachable"] is False
        closed.ovhcloud.allow_network("127.0.0.1/32")
        assert run_module("vcenter_readiness_info", **where)["readiness"]["logged_in"] is True
        closed.ovhcloud.state.pccs[closed.private_cloud].networks.clear()
        closed.ovhcloud.state.pccs[closed.private_cloud].properties["userAccessPolicy"] = "open"
        assert run_module("vcenter_readiness_info", **where)["readiness"]["logged_in"] is True
