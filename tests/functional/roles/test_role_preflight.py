# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook preflight: everything in one run, nothing written, and what it prints is what is needed."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings

DAY = 86400.0
REPORT = """
- name: Preflight, and its report in a file
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Look
      ansible.builtin.include_role:
        name: ovhcloud.vmware_encryption.preflight
    - name: Keep the report
      ansible.builtin.copy:
        content: "{{ preflight_report | to_json }}"
        dest: "{{ report_path }}"
        mode: "0600"
      changed_when: false
      check_mode: false
"""


class Report(t.NamedTuple):
    """What a run found."""

    play: harness.PlayResult
    data: dict[str, t.Any]

    def rows(self, severity: str) -> dict[str, dict[str, str]]:
        """By check, without end dates: those that are near depend on the day of the test."""
        found = [row for row in self.data["rows"] if row["check"] != "Life cycle"]
        return {row["check"]: row for row in found if row["severity"] == severity}


Look = t.Callable[..., Report]


def looker(lab: Lab, folder: pathlib.Path) -> Look:
    """Runs the role against a lab and reads its report."""
    playbook, target = folder / "look.yml", folder / "report.json"
    playbook.write_text(REPORT)

    def run(**options: t.Any) -> Report:
        check, environment = options.pop("check", False), options.pop("environment", None)
        wish = {
            "preflight_private_cloud": lab.private_cloud,
            "preflight_vsphere_user": lab.vsphere_user_name,
            "preflight_okms_region": lab.region,
            "preflight_okms_display_name": "kms-prod",
            "preflight_allow_order": True,
            "preflight_profile": "order",
            "preflight_fail_on_blocking": False,
            "report_path": str(target),
            **options,
        }
        target.unlink(missing_ok=True)
        play = harness.run_playbook(lab, str(playbook), folder, check=check, environment=environment, **wish)
        return Report(play, json.loads(target.read_text()) if target.exists() else {})

    return run


@pytest.fixture
def look(lab: Lab, tmp_path: pathlib.Path) -> Look:
    return looker(lab, tmp_path)


@pytest.mark.oldest("role preflight", "check", "first", "second")
@pytest.mark.parametrize("check", [False, True])
def test_a_healthy_account_is_said_to_be_healthy(lab: Lab, look: Look, check: bool) -> None:
    lab.give_encryption_right()
    mark = lab.journal.mark()
    report = look(check=check)
    assert report.play.code == 0, report.play.screen
    assert (report.rows("blocking"), report.rows("warning")) == ({}, {}), report.data["lines"]
    # those of the product have come near before this test was written
    assert "Managed VMware vSphere: end of support" in report.play.screen
    assert {
        "OVHcloud credential",
        "IAM actions",
        "Payment method",
        "Region",
        "Private cloud",
        "vSphere privileges",
    } <= set(report.rows("ok"))
    assert "Clocks" in report.rows("ok") and any(check.startswith("KMS") for check in report.rows("ok"))
    entries = lab.journal.entries(since=mark)
    assert [entry.kind for entry in entries].count("login") == 1
    assert len(entries) <= 60, len(entries)
    assert lab.journal.writes(mark) == [] and report.play.changed == 0
    again = look(check=check)
    assert (again.play.code, again.play.changed, lab.journal.writes(mark)) == (0, 0, []), again.play.screen


def test_eight_defects_are_told_in_one_run(tmp_path: pathlib.Path) -> None:
    with Lab(LabSettings(enforce_user_policies=False)) as lab:
        robot = lab.ovhcloud.add_identity(
            "robot", ["order:*", "account:*", "pccVMware:*", "okms:apiovh:resource/get", "okms:kmip:*"]
        )
        rules = [(method, "/*") for method in ("GET", "POST", "DELETE")]
        key = lab.ovhcloud.add_consumer_key(robot, rules, lifetime=5 * DAY)
        lab.ovhcloud.state.payment_methods.clear()
        lab.vcenter.settings.clock_skew = 300
        lab.vcenter.inventory.hosts[0].version = "6.0.0"
        lab.ovhcloud.state.pccs[lab.private_cloud].properties["userLimitConcurrentSession"] = 2
        mark = lab.journal.mark()
        report = looker(lab, tmp_path)(
            environment={"OVH_CONSUMER_KEY": key},
            preflight_okms_region="eu-west-xyz",
            preflight_vsphere_user="nobody",
            preflight_max_price=10,
        )
        assert report.play.code == 0, report.play.screen
        blocking, warning = report.rows("blocking"), report.rows("warning")
        planted = {
            "Access rules of the consumer key": "PUT /services/*",
            "IAM actions": "okms:apiovh:credential/create",
            "Payment method": "no valid default",
            "Region": "eu-west-xyz",
            "vSphere user": "no user nobody; there are admin, operator",
            "vSphere privileges": "Cryptographer.ManageKeyServers",
            "Clocks": "vCenter +300 s",
            "ESXi versions": "6.0.0",
        }
        assert {check: row["found"] for check, row in blocking.items() if planted[check] in row["found"]}.keys() == (
            planted.keys()
        ), report.data["lines"]
        assert {"OVHcloud credential", "vCenter sessions"} <= set(warning)
        assert all(row["next_step"] for row in (*blocking.values(), *warning.values()))
        assert all(check in report.data["message"] for check in planted)
        assert lab.journal.writes(mark) == []


def test_zerto_and_vsan_are_told_and_stop_nothing(lab: Lab, look: Look) -> None:
    lab.give_encryption_right()
    lab.ovhcloud.state.pccs[lab.private_cloud].zerto = {1: "disabled", 2: "delivered"}
    lab.vcenter.inventory.cluster("C0").vsan = True
    report = look()
    assert report.data["blocking"] == 0, report.data["lines"]
    assert "cannot replicate encrypted VMs" in report.rows("warning")["Zerto"]["found"]
    assert "Technical Account Manager" in report.rows("ok")["vSAN"]["found"]


def test_it_fails_when_something_is_blocking(lab: Lab, look: Look) -> None:
    result = look(preflight_fail_on_blocking=True)
    assert result.play.code != 0 and "vSphere user" in result.play.screen
    assert "findings block option okms" in " ".join(result.play.screen.split())


def test_refused_identity_sees_all_and_printed_policy_suffices(lab: Lab, look: Look, run_module: RunModule) -> None:
    lab.give_encryption_right()
    key = lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("robot", []))
    refused = look(environment={"OVH_CONSUMER_KEY": key})
    assert set(refused.rows("blocking")) == {"IAM actions"}, refused.data["lines"]
    # the table is what remains on the screen
    shown = refused.play.screen
    assert shown.index("Show ready-to-use rules") < shown.index("Show the table") < shown.index("PLAY RECAP")
    policy = refused.data["profiles"]["order"]["iam_policy"]
    actions = [item["action"] for item in policy["permissions"]["allow"]]
    assert len(actions) > 30 and all(action in refused.data["message"] for action in actions)
    run_module(
        "iam_policy",
        name=policy["name"],
        identities=policy["identities"],
        resources=[item["urn"] for item in policy["resources"]],
        allow=actions,
    )
    assert look(environment={"OVH_CONSUMER_KEY": key}).data["blocking"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"lifetime": 0.0}, "has expired"), ({"status": "pendingValidation"}, "not validated"), (None, "unknown")],
)
def test_a_dead_credential_hides_nothing_else(lab: Lab, look: Look, arguments: t.Any, words: str) -> None:
    key = lab.ovhcloud.add_consumer_key(**arguments) if arguments else "unknown-key"
    lab.vcenter.inventory.hosts[0].version = "6.0.0"
    report = look(environment={"OVH_CONSUMER_KEY": key})
    blocking = report.rows("blocking")
    assert words in blocking["OVHcloud credential"]["found"]
    assert {"ESXi versions", "vSphere privileges"} <= set(blocking)


def test_no_way_to_vcenter_names_the_entry_that_is_missing(tmp_path: pathlib.Path) -> None:
    with Lab(LabSettings(enforce_user_policies=True)) as lab:
        look = looker(lab, tmp_path)
        row = look(preflight_address="203.0.113.7").rows("blocking")["vCenter reachable from the control node"]
        assert (
            "203.0.113.7/32" in row["next_step"]
            and f"/dedicatedCloud/{lab.private_cloud}/allowedNetwork" in row["next_step"]
        )
        row = look().rows("blocking")["vCenter reachable from the control node"]
        assert "127.0.0.1/32" in row["next_step"] and "private address" in row["next_step"]
        lab.ovhcloud.allow_network("127.0.0.0/8")
        assert "vCenter reachable from the control node" in look().rows("ok")


def test_a_secured_cloud(lab: Lab, look: Look, run_module: RunModule) -> None:
    lab.ovhcloud.settings.advanced_security = True
    assert "token validator" in look().rows("blocking")["Secure interface"]["found"]
    users = lab.ovhcloud.state.pccs[lab.private_cloud].users
    next(iter(users.values())).rights["isTokenValidator"] = True
    waiting: dict[str, t.Any] = {
        "service_name": lab.private_cloud,
        "name": "operator",
        "wait": False,
        "encryption_right": True,
    }
    run_module("private_cloud_user", **waiting)
    report = look(preflight_iam=True, preflight_grant_encryption_right=True)
    task_id = next(iter(lab.ovhcloud.state.pccs[lab.private_cloud].tasks))
    found = report.rows("warning")["Operation that waits for its code"]["found"]
    # of the 15 minutes less than one second may be gone
    assert f"operation {task_id} waits, 15 min 0 s" in found or f"operation {task_id} waits, 14 min" in found
    assert "/secure/" in report.rows("warning")["Secure interface"]["next_step"]
    assert set(report.rows("blocking")) == {"IAM of the private cloud"}
    assert "hds-nsxt" in report.rows("blocking")["IAM of the private cloud"]["found"]


def test_native_key_provider_asks_for_tpms_and_newer_hosts(lab: Lab, look: Look) -> None:
    lab.give_encryption_right()
    host = lab.vcenter.inventory.hosts[0]
    host.tpm, host.version = False, "7.0.1"
    wish = {"preflight_option": "native_key_provider", "preflight_profile": "operate"}
    report = look(**wish, preflight_tpm_required=True)
    assert set(report.rows("blocking")) == {"TPM of the hosts", "ESXi versions"}
    assert host.name in report.rows("blocking")["TPM of the hosts"]["found"]
    assert set(look(**wish).rows("blocking")) == {"ESXi versions"}


def test_external_kms_judges_each_server(lab: Lab, look: Look) -> None:
    lab.give_encryption_right()
    first, second = lab.external_kms
    wish: dict[str, t.Any] = {
        "preflight_option": "external_kms",
        "preflight_profile": "operate",
        "preflight_kms_ca": lab.external_authority.certificate_pem,
        "preflight_kms_servers": [
            {"name": name, "address": server.host, "port": server.address[1]}
            for name, server in (("kms-a", first), ("kms-b", second))
        ],
    }
    assert {"KMS kms-a", "KMS kms-b"} <= set(look(**wish).rows("ok"))
    second.stop()
    assert set(look(**wish).rows("warning")) == {"KMS kms-b"}
    first.stop()
    assert {"KMS kms-a", "KMS kms-b"} <= set(look(**wish).rows("blocking"))
    first.start()
    wrong = look(**{**wish, "preflight_kms_ca": lab.okms_public_ca}).rows("blocking")["KMS kms-a"]
    assert "not the expected server" in wrong["found"]


def test_without_ovhcloud_only_vcenter_is_looked_at(lab: Lab, look: Look) -> None:
    lab.give_encryption_right()
    mark = lab.journal.mark()
    report = look(preflight_option="native_key_provider", preflight_private_cloud="", preflight_vsphere_user="")
    assert report.data["blocking"] == 0 and report.data["profiles"] == {}
    assert [entry for entry in lab.journal.entries(since=mark) if entry.system == "ovhcloud"] == []


def test_the_playbook_shows_the_table(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.give_encryption_right()
    result = harness.run_playbook(
        lab,
        "preflight",
        tmp_path,
        verbosity=4,
        preflight_private_cloud=lab.private_cloud,
        preflight_okms_region=lab.region,
        preflight_okms_display_name="kms-prod",
        preflight_allow_order=True,
    )
    assert (result.code, result.changed) == (0, 0), result.screen
    for words in ("OKMS domain: kms-prod does not exist", "iam_policy", "access_rules", "read_only"):
        assert words in result.screen
    assert not any(secret in result.screen for secret in lab.secrets())
