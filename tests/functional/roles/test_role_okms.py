# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook okms: check, do, again, change, and the days on which something is wrong."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

DAY = 86400.0
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Runs the playbook with the variables of a user who wants to order."""
    variables = {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": lab.region,
        "okms_display_name": "kms-prod",
        "okms_provider": "okms-prod",
        "okms_allow_order": True,
        "okms_wait_interval": 0.01,
        "okms_wait_timeout": 120,
    }

    def run(**options: t.Any) -> harness.PlayResult:
        check, verbosity = options.pop("check", False), options.pop("verbosity", 0)
        return harness.run_playbook(lab, "okms", tmp_path, check=check, verbosity=verbosity, **{**variables, **options})

    return run


def _counts(lab: Lab) -> dict[str, int]:
    state = lab.snapshot()
    return {key: len(state[key]) for key in ("orders", "payments", "credentials", "kms_entries", "providers")}


@pytest.mark.oldest("role okms", "check")
def test_check_mode_on_empty_account_plans_all_writes_nothing(lab: Lab, play: Play) -> None:
    result = play(check=True)
    assert (result.code, result.failed) == (0, 0), result.screen
    assert lab.journal.writes() == []
    screen = " ".join(result.screen.split())
    for words in (
        "okms-kmip-monthly-consumption",
        "OKMS domain kms-prod",
        "for each address of the KMIP endpoint",
        "Encryption right of the vSphere user",
        "Key provider okms-prod registered",
        "Certificate signing request of vCenter",
        "Access certificate signed by OKMS",
        "Certificate in use, both sides trust each other",
        "is the default of vCenter",
        "KMS entries of the private cloud delivered",
    ):
        assert words in screen, words


@pytest.mark.oldest("role okms", "first", "second")
def test_first_run_does_everything_and_the_second_nothing(lab: Lab, play: Play, run_module: RunModule) -> None:
    first = play()
    assert (first.code, first.failed) == (0, 0), first.screen
    once = {"orders": 1, "payments": 1, "credentials": 1, "kms_entries": 1, "providers": 1}
    assert _counts(lab) == once
    provider = run_module("key_provider_info", name="okms-prod")["key_providers"][0]
    assert (provider["status"], provider["default"]) == ("green", True)
    cloud = run_module("private_cloud_info", service_name=lab.private_cloud)["private_clouds"][0]
    assert [entry["state"] for entry in cloud["encryption"]["kms"]] == ["delivered"]
    mark = lab.journal.mark()
    second = play()
    assert (second.code, second.failed, second.changed) == (0, 0, 0), second.screen
    assert lab.journal.writes(mark) == []
    summary = summary_of(second)
    assert (summary["changed"], summary["to_do"], summary["blocked_by"]) == ([], [], []), summary
    assert mentioned(summary["done"], "OKMS domain", "is the default", "entries of the private cloud delivered")
    # what nobody asked for was not done
    assert mentioned(summary["skipped"], "OVHcloud IAM on", "Recovery dossier"), summary
    assert not [text for text in summary["done"] if "not asked for" in text]
    assert _counts(lab) == once
    mark = lab.journal.mark()
    checked = play(check=True)
    assert (checked.code, checked.changed, lab.journal.writes(mark)) == (0, 0, []), checked.screen


def test_after_a_failure_the_summary_tells_what_is_there(lab: Lab, play: Play) -> None:
    assert play().code == 0
    stopped = play(okms_vsphere_user="nobody")
    assert stopped.code != 0
    summary = summary_of(stopped)
    # vCenter was read after the failure; OVHcloud was not
    assert mentioned(summary["done"], "okms-prod registered, its server trusted (vCenter has it)", "(it is already)")
    assert mentioned(summary["to_do"], "OKMS domain kms-prod in", "(not looked at)"), summary
    assert not [text for text in summary["to_do"] if "registered" in text or "is the default" in text]
    assert mentioned(summary["blocked_by"], "there is no user nobody")
    assert stopped.screen.count("there is no user nobody") <= 3
    # AWX keeps what a failed job has set
    facts = stopped.facts("okms")
    assert facts["outcome"] == "failed" and "there is no user nobody" in facts["blocked_by"]
    assert facts["provider"] == {"name": "okms-prod", "type": "standard", "status": "green", "default": True}
    assert facts["steps"]["to_do"] == len(summary["to_do"])


def test_entries_delivered_before_vcenter_are_not_waited_for(lab: Lab, play: Play) -> None:
    """The order of the guide; the other one is that of the runs above."""
    lab.ovhcloud.settings.kms_delivered = "before_vcenter"
    mark = lab.journal.mark()
    first = play()
    assert (first.code, first.failed) == (0, 0), first.screen
    assert {entry["state"] for entry in lab.snapshot()["kms_entries"]} == {"delivered"}
    # whatever their tasks say, which wait for vCenter when the entries are delivered already
    assert re.search(r"Wait until OVHcloud has delivered the KMS entries\] \*+\s+skipping:", first.screen)
    assert len(lab.journal.entries(operation="POST /dedicatedCloud/{serviceName}/vmEncryption/kms", since=mark)) == 1


def test_without_permission_to_order_it_stops_with_the_price(lab: Lab, play: Play) -> None:
    missing = play(okms_allow_order=False)
    # told by what finds it and by the summary, in the words of the role, and not once more at the end
    assert missing.code != 0 and "set okms_allow_order: true" in summary_of(missing)["blocked_by"][0], missing.screen
    assert missing.screen.count("set okms_allow_order: true") <= 3
    result = play(okms_allow_order=False, okms_preflight=False)
    assert result.code != 0
    assert lab.journal.writes() == []
    assert not re.search(r"(?<![\w])allow_order", result.screen.replace('"allow_order"', "")), result.screen
    for word in ("kms-prod", lab.region, "EUR", "set okms_allow_order=true", "blocked_by"):
        assert word in result.screen, word
    summary = summary_of(result)
    assert (summary["done"], summary["changed"]) == ([], [])
    assert mentioned(summary["to_do"], "OKMS domain kms-prod", "registered", "is the default"), summary
    assert "EUR" in summary["blocked_by"][0]
    assert result.screen.count("Nothing was ordered") <= 3


def test_a_revoked_certificate_is_replaced(lab: Lab, play: Play, run_module: RunModule) -> None:
    assert play().code == 0
    credential = lab.snapshot()["credentials"][0]
    lab.ovhcloud.revoke_credential(credential["okms_id"], credential["id"])
    provider = run_module("key_provider_info", name="okms-prod")["key_providers"][0]
    assert provider["status"] == "red"
    assert any("certificate" in reason for reason in provider["reasons"])
    result = play()
    assert result.code == 0, result.screen
    assert run_module("key_provider_info", name="okms-prod")["key_providers"][0]["status"] == "green"
    assert play().changed == 0


def test_expiring_certificate_is_renewed_and_old_one_stays(lab: Lab, play: Play, run_module: RunModule) -> None:
    assert play().code == 0
    old = run_module("key_provider_info", name="okms-prod")["key_providers"][0]["client_certificate"]["sha256"]
    lab.clock.advance(340 * DAY)
    result = play()
    assert result.code == 0, result.screen
    provider = run_module("key_provider_info", name="okms-prod")["key_providers"][0]
    assert provider["status"] == "green"
    assert provider["client_certificate"]["sha256"] != old
    assert _counts(lab)["credentials"] == 2
    assert play().changed == 0


def test_other_server_certificate_stops_before_registration(lab: Lab, play: Play) -> None:
    result = play(okms_server_thumbprints=["AB:" * 31 + "AB"])
    assert result.code != 0
    assert lab.snapshot()["providers"] == []
    assert lab.snapshot()["kms_entries"] == []
    assert "AB:AB:AB" in result.screen


def test_bad_answers_on_the_way_are_survived(lab: Lab, play: Play) -> None:
    bad: list[dict[str, t.Any]] = [
        {"action": "status", "status": 429, "retry_after": 0},
        {"action": "status", "status": 500},
        {"action": "status", "status": 503, "retry_after": 0},
        {"action": "html", "status": 502},
        {"action": "html", "status": 200},
        {"action": "truncate"},
    ]
    rules = [
        lab.faults.add(system="ovhcloud", operation="GET *", skip=5 * number, **fault)
        for number, fault in enumerate(bad)
    ]
    result = play()
    assert (result.code, result.failed) == (0, 0), result.screen
    assert [rule.times for rule in rules] == [0] * len(bad)
    assert set(_counts(lab).values()) == {1}
    assert play().changed == 0


@pytest.mark.parametrize("seconds", [600.0, -600.0])
def test_skewed_control_node_clock_is_reported_and_tolerated(lab: Lab, play: Play, seconds: float) -> None:
    lab.clock.advance(seconds)
    result = play(preflight_max_clock_difference=60)
    assert (result.code, result.failed) == (0, 0), result.screen
    words = " ".join(result.screen.split())
    assert re.search(r"warning Clocks: they differ by (599|60\d) s", words), words
    assert "set the clock of the control node by NTP" in words
    assert set(_counts(lab).values()) == {1}


def test_no_secret_reaches_the_screen_at_highest_verbosity(lab: Lab, play: Play) -> None:
    first = play(verbosity=4)
    assert first.code == 0, first.screen
    second = play(verbosity=4)
    secrets = lab.secrets()
    assert len(secrets) >= 5
    for secret in secrets:
        assert secret not in first.screen + second.screen
    for mark in ("PRIVATE KEY", "orderPassword", "vmware_soap_session="):
        assert mark not in first.screen + second.screen


def test_okms_vcenter_makes_real_keys_with_its_certificate(lab: Lab, play: Play) -> None:
    assert play().code == 0
    key = lab.generate_key("okms-prod")
    okms_id = lab.snapshot()["okms"][0]["id"]
    made = lab.okms_kmip.keys()
    assert key in made
    assert {(okms_id, "Create"), (okms_id, "Get")} <= set(lab.okms_kmip.seen)
