# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role okms and rights: what is missing stops it before it begins, what is printed is enough, and its IAM steps."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import KMIP_ACTIONS
from ansible_collections.ovhcloud.vmware_encryption.tests.faults.scenarios import ALL
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings

KMIP_USER = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"
ALICE = "urn:v1:eu:identity:user:ab12345-ovh/alice"
Play = t.Callable[..., harness.PlayResult]


def player(lab: Lab, folder: pathlib.Path) -> Play:
    """Runs the playbook in a lab."""
    variables = {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": lab.region,
        "okms_display_name": "kms-prod",
        "okms_allow_order": True,
        "okms_wait_interval": 0.01,
        "okms_wait_timeout": 120,
    }

    def run(**options: t.Any) -> harness.PlayResult:
        check, environment = options.pop("check", False), options.pop("environment", None)
        wish = {**variables, **options}
        return harness.run_playbook(lab, "okms", folder, check=check, environment=environment, **wish)

    return run


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    return player(lab, tmp_path)


def _words(result: harness.PlayResult) -> str:
    return " ".join(result.screen.split())


def test_identity_without_rights_stops_printed_policy_suffices(lab: Lab, play: Play, run_module: RunModule) -> None:
    robot = lab.ovhcloud.add_identity("robot", [])
    wish: dict[str, t.Any] = {"option": "okms", "profile": "order", "service_name": lab.private_cloud}
    printed = run_module("api_rights_info", **wish, consumer_key=lab.ovhcloud.add_consumer_key(robot))["profiles"][
        "order"
    ]
    rules = [(rule["method"], rule["path"]) for rule in printed["access_rules"]]
    environment = {"OVH_CONSUMER_KEY": lab.ovhcloud.add_consumer_key(robot, rules)}
    mark = lab.journal.mark()
    refused = play(environment=environment)
    assert refused.code != 0 and lab.journal.writes(mark) == []
    policy = printed["iam_policy"]
    actions = [item["action"] for item in policy["permissions"]["allow"]]
    assert all(action in refused.screen for action in actions) and "blocked_by" in refused.screen
    run_module(
        "iam_policy",
        name=policy["name"],
        identities=policy["identities"],
        resources=[item["urn"] for item in policy["resources"]],
        allow=actions,
    )
    # with no more than these rules and this policy, the whole way works
    done = play(environment=environment)
    assert (done.code, done.failed) == (0, 0), done.screen
    assert play(environment=environment).changed == 0


def _robot(lab: Lab, option: str, profile: str, features: t.Sequence[str], optional: bool) -> dict[str, str]:
    """Environment of an identity that has what api_rights_info prints for it, without the optional if so wished."""
    robot = lab.ovhcloud.add_identity("robot", [])
    wish: dict[str, t.Any] = {"option": option, "profile": profile, "features": list(features)}
    key = lab.ovhcloud.add_consumer_key(robot)
    found = providers.run(lab, "api_rights_info", **wish, service_name=lab.private_cloud, consumer_key=key)
    calls = [call for call in found["rights"]["calls"] if optional or not call["optional"]]
    policy = found["profiles"][profile]["iam_policy"]
    actions = sorted({call["action"] for call in calls if call["action"]})
    assert optional is (actions == [item["action"] for item in policy["permissions"]["allow"]])
    providers.run(
        lab,
        "iam_policy",
        name=policy["name"],
        identities=policy["identities"],
        resources=[item["urn"] for item in policy["resources"]],
        allow=actions,
    )
    rules = sorted({(call["method"], call["path"]) for call in calls if call["method"]})
    if optional:
        assert rules == sorted((one["method"], one["path"]) for one in found["profiles"][profile]["access_rules"])
    return {"OVH_CONSUMER_KEY": lab.ovhcloud.add_consumer_key(robot, rules)}


@pytest.mark.parametrize(
    ("scenario", "option", "profile", "features"),
    [
        ("okms", "okms", "order", ["iam"]),
        ("external_kms", "external_kms", "operate", []),
        ("native_key_provider", "native_key_provider", "operate", []),
        ("decommission_okms", "okms", "order", ["termination"]),
    ],
)
def test_what_is_printed_is_enough_for_each_role(
    scenario: str, option: str, profile: str, features: list[str], tmp_path: pathlib.Path
) -> None:
    with Lab(ALL[scenario].settings()) as lab:
        variables = ALL[scenario].start(lab, tmp_path)
        environment = _robot(lab, option, profile, features, optional=True)
        done = harness.run_playbook(lab, ALL[scenario].role, tmp_path, environment=environment, **variables)
        assert (done.code, done.failed) == (0, 0), done.screen
        assert "Rights that help" not in done.screen


def test_rights_that_only_help_stop_nobody(lab: Lab, play: Play) -> None:
    environment = _robot(lab, "okms", "order", [], optional=False)
    done = play(environment=environment)
    assert (done.code, done.failed) == (0, 0), done.screen
    words = _words(done)
    assert "warning Rights that help: missing" in words and "DELETE /v2/okms/resource/*/credential/*" in words
    again = play(environment=environment)
    assert (again.code, again.changed) == (0, 0), again.screen


def test_check_mode_shows_what_is_missing_and_goes_on(lab: Lab, play: Play) -> None:
    lab.vcenter.inventory.hosts[0].version = "6.0.0"
    mark = lab.journal.mark()
    result = play(check=True)
    assert (result.code, lab.journal.writes(mark)) == (0, []), result.screen
    assert "blocking ESXi versions" in _words(result) and "is the default of vCenter" in _words(result)
    stopped = play()
    assert stopped.code != 0 and lab.journal.writes(mark) == []
    assert "ESXi versions" in stopped.screen
    assert play(okms_preflight=False).code == 0


def test_unpaid_order_is_named_and_can_be_paid_by_hand(lab: Lab, play: Play) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    methods = lab.ovhcloud.state.payment_methods
    lab.faults.add("meanwhile", operation="POST /order/cart/{cartId}/checkout", call=methods.clear)
    for _run in range(2):
        stopped = play(okms_max_price=12)
        order = next(iter(lab.ovhcloud.state.orders.values()))
        assert stopped.code != 0
        for words in (f"order {order.order_id} waits for payment of 12 EUR", "rerun to resume"):
            assert words in _words(stopped), stopped.screen
    order.paid_with, order.status = "somebody, by hand", "checking"
    done = play(okms_max_price=12)
    assert (done.code, len(lab.ovhcloud.state.orders)) == (0, 1), done.screen


def test_unnamed_delivered_domain_needs_no_payment_method(lab: Lab, play: Play) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    lab.faults.add("refuse", operation="PUT /services/{serviceId}")
    assert play(okms_max_price=12).code != 0
    lab.ovhcloud.state.payment_methods.clear()
    done = play(okms_max_price=12)
    assert (done.code, len(lab.ovhcloud.state.orders)) == (0, 1), done.screen


def test_terminated_domain_of_the_same_name_is_ignored(lab: Lab, play: Play) -> None:
    lab.ovhcloud.settings.retention_reads = 1000
    old = lab.ovhcloud.new_okms(lab.region, "kms-prod")
    lab.ovhcloud.okms.suspend(old)
    assert play().code != 0 and lab.journal.writes() == []  # suspended for another reason
    lab.ovhcloud.state.services[old.service_id].state = "terminated"
    done = play()
    assert (done.code, len(lab.ovhcloud.state.orders)) == (0, 1), done.screen


def test_iam_with_one_variable(tmp_path: pathlib.Path, run_module: RunModule) -> None:
    with Lab(LabSettings(kmip_needs_policy=True)) as lab:
        play = player(lab, tmp_path)
        wish: dict[str, t.Any] = {"okms_iam": True, "okms_iam_users": ["user:alice"], "okms_identity_urns": [KMIP_USER]}
        mark = lab.journal.mark()
        checked = play(check=True, **wish)
        assert (checked.code, lab.journal.writes(mark)) == (0, []), checked.screen
        assert "OVHcloud IAM on" in checked.screen and "Encryption right of the vSphere role" in checked.screen
        done = play(**wish)
        assert (done.code, done.failed) == (0, 0), done.screen
        cloud = lab.ovhcloud.state.pccs[lab.private_cloud]
        assert cloud.iam_state == "enabled" and "iam-encryption" in cloud.roles
        assert next(user for user in cloud.users.values() if user.name == "iam-encryption").encryption_right
        policies = {policy["name"]: policy for policy in lab.ovhcloud.state.policies.values()}
        people, keys = (policies.pop(f"okms-{lab.private_cloud}-{kind}") for kind in ("vsphere", "okms-kmip"))
        assert policies == {}
        assert people["identities"] == [ALICE] and keys["identities"] == [KMIP_USER]
        assert people["permissions"]["allow"] == [{"action": "pccVMware:vSphere:assumeRole?iam-encryption"}]
        assert lab.ovhcloud.rights.may_assume(ALICE, lab.private_cloud, "iam-encryption")
        # the certificate's identity has just these rights, and they are enough for vCenter
        assert lab.generate_key("okms")
        mark = lab.journal.mark()
        again = play(**wish)
        assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen


def test_the_policy_for_kmip_needs_no_iam_for_vsphere(tmp_path: pathlib.Path) -> None:
    """Certified private clouds and those with NSX cannot have IAM for vSphere, and need the policy all the same."""
    with Lab(LabSettings(kmip_needs_policy=True)) as lab:
        lab.ovhcloud.settings.service_pack = "pcidss-nsxt"
        play = player(lab, tmp_path)
        wish: dict[str, t.Any] = {"okms_identity_urns": [KMIP_USER], "okms_vsphere_user": None}
        lab.give_encryption_right()
        mark = lab.journal.mark()
        checked = play(check=True, **wish)
        assert (checked.code, lab.journal.writes(mark)) == (0, []), checked.screen
        assert (
            f"the run maintains the one for {KMIP_USER}" in _words(checked)
            or "IAM policy for KMIP" not in checked.screen
        )
        done = play(**wish)
        assert (done.code, done.failed) == (0, 0), done.screen
        (policy,) = lab.ovhcloud.state.policies.values()
        okms_id = lab.snapshot()["okms"][0]["id"]
        assert policy["name"] == f"okms-{lab.private_cloud}-okms-kmip" and policy["identities"] == [KMIP_USER]
        assert [one["urn"] for one in policy["resources"]] == [f"urn:v1:eu:resource:okms:{okms_id}"]
        assert sorted(one["action"] for one in policy["permissions"]["allow"]) == sorted(KMIP_ACTIONS)
        assert lab.ovhcloud.state.pccs[lab.private_cloud].iam_state != "enabled" and lab.generate_key("okms")
        mark = lab.journal.mark()
        again = play(**wish)
        assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen


def test_a_missing_policy_ends_the_wait_early(lab: Lab, play: Play) -> None:
    """OKMS answers with the TLS alert bad certificate; a new policy counts after a while, which the next run bears."""
    wish: dict[str, t.Any] = {"okms_identity_urns": [KMIP_USER]}
    stopped = play(**wish, okms_kmip_policy=False, okms_refused_timeout=0, okms_wait_timeout=600)
    words = _words(stopped)
    assert stopped.code != 0 and lab.okms_kmip.turned_away, stopped.screen
    for said in ("bad certificate", "IAM policy with the okms:kmip actions", "okms_kmip_policy", "rerun"):
        assert said in words, said
    assert f"warning IAM policy for KMIP: the run maintains none; {KMIP_USER} needs one" in words
    refusals = len(lab.okms_kmip.turned_away)
    done = play(**wish)
    assert (done.code, done.failed) == (0, 0), done.screen
    assert len(lab.okms_kmip.turned_away) > refusals  # the new policy did not count at once
    assert (len(lab.snapshot()["credentials"]), len(lab.ovhcloud.state.policies)) == (1, 1)
    assert lab.generate_key("okms")
    again = play(**wish)
    assert (again.code, again.changed) == (0, 0), again.screen


def test_renewal_without_identities_keeps_those_in_use(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    """A schedule of AWX gives none, and must not make the certificate act as the caller, who may be the account."""
    wish: dict[str, t.Any] = {"okms_dossier_path": str(tmp_path / "dossier.json")}
    first = play(**wish, okms_identity_urns=[KMIP_USER])
    assert first.code == 0, first.screen
    lab.clock.advance(340 * 86400)
    renewed = play(**wish, okms_identity_urns="")
    assert renewed.code == 0, renewed.screen
    made = [one.identity_urns for domain in lab.ovhcloud.state.okms.values() for one in domain.credentials.values()]
    assert made == [[KMIP_USER], [KMIP_USER]] and f"the certificate acts as before, {KMIP_USER}" in _words(renewed)
    (section,) = json.loads((tmp_path / "dossier.json").read_text())["vcenters"]
    assert section["providers"]["okms"]["variables"]["okms_identity_urns"] == [KMIP_USER]


def test_a_caller_without_a_policy_is_told_before_anything(lab: Lab, play: Play) -> None:
    robot = lab.ovhcloud.add_identity("robot", ["*:apiovh:*"])
    environment = {"OVH_CONSUMER_KEY": lab.ovhcloud.add_consumer_key(robot)}
    mark = lab.journal.mark()
    refused = play(environment=environment)
    assert refused.code != 0 and lab.journal.writes(mark) == []
    words = _words(refused)
    assert "the access certificate acts as urn:v1:eu:identity:user:ab12345-ovh/robot" in words, refused.screen
    assert "which has no policy for KMIP" in words and "okms_identity_urns" in words


def test_iam_where_it_cannot_be_is_told_before_anything(lab: Lab, play: Play) -> None:
    lab.ovhcloud.settings.service_pack = "pcidss-nsxt"
    mark = lab.journal.mark()
    result = play(okms_iam=True)
    assert result.code != 0 and lab.journal.writes(mark) == []
    assert "pcidss-nsxt" in result.screen and "local vSphere user" in _words(result)
