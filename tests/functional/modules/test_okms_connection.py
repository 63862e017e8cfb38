# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to log in to the OVHcloud API, and what is said when they fail; told by okms_info."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


def ask(lab: Lab, **options: t.Any) -> harness.ModuleResult:
    """Run okms_info with exactly these credentials."""
    return harness.run_module("okms_info", endpoint=lab.ovh_endpoint, ca_path=str(lab.ca_path), **options)


def key(lab: Lab) -> dict[str, str]:
    """The seeded application key."""
    names = ("application_key", "application_secret", "consumer_key")
    return {name: getattr(lab, name) for name in names}


def test_every_method_gets_in(lab: Lab) -> None:
    account: dict[str, t.Any] = {
        "client_id": lab.client_id,
        "client_secret": lab.client_secret,
        "token_url": lab.token_url,
    }
    assert not ask(lab, **key(lab)).failed
    assert not ask(lab, **account).failed
    assert not ask(lab, access_token=lab.ovhcloud.add_token()).failed


def test_the_environment_is_enough(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OVH_CLIENT_ID", "")
    assert not harness.run_module("okms_info").failed


def test_one_token_serves_the_whole_run(lab: Lab) -> None:
    mark = lab.journal.mark()
    options: dict[str, t.Any] = {
        "client_id": lab.client_id,
        "client_secret": lab.client_secret,
        "token_url": lab.token_url,
    }
    assert not ask(lab, **options, include_regions=True).failed
    assert lab.journal.count(kind="login", since=mark) == 1


def test_a_refused_token_is_renewed_once(lab: Lab) -> None:
    options: dict[str, t.Any] = {
        "client_id": lab.client_id,
        "client_secret": lab.client_secret,
        "token_url": lab.token_url,
    }
    lab.faults.add("status", operation="GET /v2/okms/resource", status=401)
    assert not ask(lab, **options).failed
    lab.faults.add("status", operation="GET /v2/okms/resource", status=401, times=5)
    refused = ask(lab, **options)
    assert refused["failure"]["kind"] == "authentication"


def test_the_clock_of_the_api_counts(lab: Lab) -> None:
    lab.clock.advance(7200)
    assert not ask(lab, **key(lab)).failed


def refusals(lab: Lab) -> list[tuple[dict[str, str], str, str]]:
    """Options, kind of the failure, and what its text must say."""
    cloud, good = lab.ovhcloud, key(lab)
    expired = cloud.add_consumer_key(lifetime=0.0)
    pending = cloud.add_consumer_key(status="pendingValidation")
    narrow = cloud.add_consumer_key(rules=[("GET", "/me")])
    weak = cloud.add_consumer_key(cloud.add_identity("weak", []))
    account: dict[str, t.Any] = {"client_id": lab.client_id, "client_secret": "wrong", "token_url": lab.token_url}
    return [
        ({**good, "application_secret": "wrong-secret"}, "authentication", "application_secret"),
        ({**good, "application_key": "wrong"}, "authentication", "application_key is unknown"),
        ({**good, "consumer_key": "wrong-key"}, "authentication", "consumer_key"),
        ({**good, "consumer_key": expired}, "authentication", "expired"),
        ({**good, "consumer_key": pending}, "authentication", "validated"),
        ({**good, "consumer_key": narrow}, "forbidden", "no access rule for GET /v2/okms/resource"),
        ({**good, "consumer_key": weak}, "forbidden", "okms:apiovh:resource/get"),
        (account, "authentication", "client_secret"),
        ({"access_token": "wrong-token"}, "authentication", "access token"),
        ({**good, "access_token": "token"}, "invalid_input", "more than one kind"),
        ({}, "invalid_input", "no OVHcloud credentials"),
        ({"client_id": "only"}, "invalid_input", "client_secret not given"),
        ({**good, "consumer_key": ""}, "invalid_input", "consumer_key not given"),
    ]


def test_each_refusal_has_its_own_text(lab: Lab) -> None:
    for options, kind, text in refusals(lab):
        refused = ask(lab, **options)
        assert refused.failed
        assert refused["failure"]["kind"] == kind, refused.msg
        assert text in refused.msg
        assert "\n" not in refused.msg
        if kind in ("forbidden",):
            assert refused["failure"]["query_id"] in refused.msg
        assert not any(secret in refused.output for secret in lab.secrets())


def test_missing_actions_are_data(lab: Lab) -> None:
    weak = lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("weak", []))
    refused = ask(lab, **{**key(lab), "consumer_key": weak})
    assert refused["failure"]["unauthorized_actions"] == ["okms:apiovh:resource/get"]
    assert refused["failure"]["http_status"] == 403


@pytest.mark.parametrize(
    ("fault", "fails"),
    [
        ({"action": "status", "status": 500}, False),
        ({"action": "status", "status": 503, "retry_after": 0}, False),
        ({"action": "status", "status": 429, "retry_after": 0}, False),
        ({"action": "drop_before"}, False),
        ({"action": "truncate"}, False),
        ({"action": "html"}, False),
        ({"action": "status", "status": 460}, True),
        ({"action": "status", "status": 409}, True),
    ],
)
def test_reads_are_repeated(lab: Lab, run_module: RunModule, fault: dict[str, t.Any], fails: bool) -> None:
    lab.faults.add(operation="GET /v2/okms/resource", **fault)
    result = run_module("okms_info")
    assert result.failed == fails
    if fails:
        assert result["failure"]["query_id"] in result.msg


def test_a_missing_package_is_named(tmp_path: pathlib.Path) -> None:
    code = (
        f"import sys; from {harness.__name__} import run_module\n"
        "sys.modules['requests'] = None\n"
        "print(run_module('okms_info', access_token='some-token').msg)"
    )
    environment = {**os.environ, "PYTHONPATH": harness.collections_path()}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    for part in ("requests >= 2.28", sys.executable, "execution environment"):
        assert part in shown


def test_nobody_there(lab: Lab, run_module: RunModule) -> None:
    refused = run_module("okms_info", endpoint="https://127.0.0.1:1/1.0")
    assert refused["failure"]["kind"] == "unreachable"
    assert "127.0.0.1:1" in refused.msg


@pytest.mark.oldest("okms_info", "refusal")
@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_an_unknown_authority(lab: Lab, run_module: RunModule) -> None:
    refused = run_module("okms_info", ca_path=str(lab.okms_ca_path))
    assert refused["failure"]["kind"] == "unreachable"
    assert "ca_path" in refused.msg
    assert not run_module("okms_info", ca_path=str(lab.okms_ca_path), validate_certs=False).failed
    assert "does not exist" in run_module("okms_info", ca_path="/nowhere/ca.pem").msg
