# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role okms with a stream for the domain's audit logs, and decommission, which ends that."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import Okms

LOG_WRITES = "/log/subscription"
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def stream(lab: Lab) -> str:
    """A stream."""
    return lab.ovhcloud.add_stream()


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path, stream: str) -> Play:
    """Runs a playbook, okms by default, with the variables of a user who wants logs."""
    okms = {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": lab.region,
        "okms_display_name": "kms-prod",
        "okms_provider": "okms-prod",
        "okms_allow_order": True,
        "okms_wait_interval": 0.01,
        "okms_wait_timeout": 120,
        "okms_log_stream_id": stream,
        "okms_dossier_path": str(tmp_path / "dossier.json"),
    }

    def run(check: bool = False, **options: t.Any) -> harness.PlayResult:
        return harness.run_playbook(lab, "okms", tmp_path, check=check, **{**okms, **options})

    return run


def domain_of(lab: Lab) -> Okms:
    """The only domain."""
    (found,) = lab.ovhcloud.state.okms.values()
    return found


def log_writes(lab: Lab, since: int = 0) -> list[str]:
    """Methods of the calls that change subscriptions."""
    return [one.operation.partition(" ")[0] for one in lab.journal.writes(since) if LOG_WRITES in one.operation]


def sent(domain: Okms) -> list[tuple[str, str]]:
    """Kind and stream of each subscription."""
    return sorted((one.kind, one.stream_id) for one in domain.log_subscriptions.values())


def test_logs_go_to_the_stream_before_the_first_key(lab: Lab, play: Play, stream: str, tmp_path: pathlib.Path) -> None:
    checked = play(check=True)
    assert (checked.code, checked.failed, lab.journal.writes()) == (0, 0, []), checked.screen
    assert mentioned(summary_of(checked)["to_do"], f"Audit logs of the domain in the stream {stream}")
    first = play()
    assert (first.code, first.failed) == (0, 0), first.screen
    assert sent(domain_of(lab)) == [("kmip", stream), ("rest", stream)]
    order = [one.operation for one in lab.journal.writes()]
    logs = [number for number, operation in enumerate(order) if LOG_WRITES in operation]
    assert logs and max(logs) < min(n for n, operation in enumerate(order) if operation.endswith("/credential"))
    mark = lab.journal.mark()
    second = play()
    assert (second.code, second.changed, lab.journal.writes(mark)) == (0, 0, []), second.screen
    assert mentioned(summary_of(second)["done"], f"Audit logs of the domain in the stream {stream}")
    (section,) = json.loads((tmp_path / "dossier.json").read_text())["vcenters"]
    kept = section["providers"]["okms-prod"]["okms"]
    assert (kept["log_stream_id"], kept["log_kinds"]) == (stream, ["kmip", "rest"])


def test_one_kind_and_then_no_stream_leave_the_rest_alone(lab: Lab, play: Play, stream: str) -> None:
    assert play(okms_log_kinds="kmip", okms_dossier_path="").code == 0
    assert sent(domain_of(lab)) == [("kmip", stream)]
    mark = lab.journal.mark()
    for blank in ("", None, " "):
        plain = play(okms_log_stream_id=blank, okms_log_kinds=blank, okms_dossier_path=None)
        assert (plain.code, plain.changed, log_writes(lab, mark)) == (0, 0, []), plain.screen
    assert mentioned(summary_of(plain)["skipped"], "Audit logs of the domain in the stream (not asked for)")
    assert sent(domain_of(lab)) == [("kmip", stream)]


def test_wrong_stream_or_kind_is_told_in_the_words_of_the_role(lab: Lab, play: Play) -> None:
    refused = play(okms_log_stream_id="my stream")
    assert refused.code != 0 and "okms_log_stream_id: 'my stream' is not the id of a stream" in refused.screen
    assert lab.journal.writes() == []
    unknown = play(okms_log_kinds=["nfs"])
    words = " ".join(unknown.screen.split())
    assert unknown.code != 0 and "has no logs of the kind nfs; it has kmip" in words, unknown.screen
    assert lab.snapshot()["credentials"] == lab.snapshot()["providers"] == []
    assert play().code == 0


def test_preflight_names_the_rights_that_logs_need(lab: Lab, play: Play, stream: str) -> None:
    rights = [
        "account:*",
        "order:*",
        "pccVMware:*",
        "okms:apiovh:resource/*",
        "okms:apiovh:credential/*",
        "okms:kmip:*",
    ]
    robot = lab.ovhcloud.add_identity("robot", rights)
    lab.ovhcloud.new_okms(lab.region, "kms-prod")
    key = lab.ovhcloud.add_consumer_key(robot)
    lacking = play(environment={"OVH_CONSUMER_KEY": key})
    assert lacking.code != 0
    words = " ".join(lacking.screen.split())
    for right in ("kind/get", "subscription/get", "subscription/create"):
        assert f"okms:apiovh:log/{right}" in words, lacking.screen


def test_decommission_ends_what_the_dossier_knows(lab: Lab, play: Play, stream: str, tmp_path: pathlib.Path) -> None:
    assert play(okms_default_provider=False).code == 0
    silent = play(okms_default_provider=False, okms_log_stream_id="")
    assert (silent.code, silent.changed) == (0, 0), "a run that names no stream forgets none"
    domain, other = domain_of(lab), lab.ovhcloud.add_stream()
    lab.ovhcloud.logs.add(domain, "kmip", other)
    given: dict[str, t.Any] = {
        "decommission_provider": "okms-prod",
        "decommission_confirm": "okms-prod",
        "decommission_dossier_path": str(tmp_path / "dossier.json"),
        "decommission_wait_interval": 0.01,
        "decommission_wait_timeout": 120,
    }

    def end(check: bool = False, **more: t.Any) -> harness.PlayResult:
        return harness.run_playbook(lab, "decommission", tmp_path, check=check, **{**given, **more})

    told = end()
    assert told.code == 0, told.screen
    assert mentioned(summary_of(told)["skipped"], f"no longer in the stream {stream} (not asked for)"), told.screen
    mark = lab.journal.mark()
    waiting = end(decommission_end_logs=True)
    assert mentioned(summary_of(waiting)["skipped"], "they stay, the domain is in use by access certificate"), (
        waiting.screen
    )
    asked: dict[str, t.Any] = {"decommission_end_logs": True, "decommission_revoke_credential": True}
    checked = end(check=True, **asked)
    assert (checked.code, log_writes(lab, mark)) == (0, []), checked.screen
    ended = end(**asked)
    assert (ended.code, log_writes(lab, mark)) == (0, ["DELETE", "DELETE"]), ended.screen
    assert sent(domain) == [("kmip", other)]
    again = end(**asked)
    assert (again.code, again.changed, log_writes(lab, mark)) == (0, 0, ["DELETE", "DELETE"]), again.screen
