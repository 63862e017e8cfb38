# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options as people paste them: white space, characters that HTTP refuses, malformed hosts; every module."""

from __future__ import annotations

import contextlib
import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import UnreachableError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    AccessToken,
    Settings,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
OKMS = "11111111-2222-3333-4444-555555555555"
PASSWORD = "Planted-login-5"
KEY = {"application_key": "planted-key-1", "application_secret": "planted-secret-2", "consumer_key": "planted-key-3"}
ACCOUNT = {"client_id": "planted-id-1", "client_secret": "planted-secret-2"}
TOKEN = {"access_token": "planted-token-1"}
# what a module wants beside its connection
NEEDED: dict[str, dict[str, t.Any]] = {
    "api_rights_info": {"profile": "order"},
    "encryption_key_info": {"keys": [{"provider": "p", "key_id": "k"}]},
    "encryption_storage_policy": {"name": "p"},
    "host_encryption": {"hosts": ["h"]},
    "iam_policy": {"name": "p", "state": "absent"},
    "key_provider_client_certificate": {"provider": "p", "self_signed": True},
    "key_provider_csr": {"provider": "p"},
    "native_key_provider": {"name": "p"},
    "native_key_provider_backup": {
        "name": "p",
        "path": "p.p12",
        "backup_password": "Backup-word-1",
        "allow_ephemeral": True,
    },
    "okms": {"okms_id": OKMS, "state": "absent", "confirm_name": "d"},
    "okms_credential": {"okms_id": OKMS, "name": "c", "state": "absent"},
    "okms_credential_info": {"okms_id": OKMS},
    "okms_log_subscription": {"okms_id": OKMS, "stream_id": OKMS, "state": "absent"},
    "okms_log_subscription_info": {"okms_id": OKMS},
    "okms_secret": {"okms_id": OKMS, "path": "p", "state": "fetched"},
    "okms_service_key": {"okms_id": OKMS, "name": "k", "state": "absent", "confirm_name": "k"},
    "okms_service_key_info": {"okms_id": OKMS},
    "private_cloud_iam": {"service_name": CLOUD, "roles": ["encryption"]},
    "private_cloud_kms": {"service_name": CLOUD, "host": "192.0.2.7", "state": "absent"},
    "private_cloud_user": {"service_name": CLOUD, "name": "u", "encryption_right": True},
    "standard_key_provider": {"name": "p", "state": "absent"},
    "vault_secret": {"path": "p", "state": "fetched"},
    "vm_encryption": {"selection": {"names": ["v"]}},
    "vm_rekey": {"selection": {"names": ["v"]}, "key_ids": ["k"]},
    "vm_vtpm": {"selection": {"names": ["v"]}},
    "vsan_encryption": {"cluster": "c"},
}
ODD = ("\x1f", "\x7f", "\u20ac", "\u00e9", "\u2028")
ENDPOINTS = [
    *("https://eu..api.ovh.com/1.0", f"https://{'a' * 64}.com/1.0", "https://e u/1.0", "https://e\nu/1.0"),
    *("https://eu.api.ovh.com:99999/1.0", "https://bücher.example/1.0"),
]
HOSTS = ["vcenter..example.com", ".vcenter.example.com", "a" * 64, "vc enter", "vc\nenter", "https://localhost"]
HOSTS += ["localhost/", "localhost:443", "[::1]:443", "http://proxy.example.com:3128", "a." * 128]


def ask(lab: Lab, module: str = "account_info", **options: t.Any) -> harness.ModuleResult:
    """Run a module of group ovhcloud with exactly these credentials."""
    return harness.run_module(
        module, **{"endpoint": lab.ovh_endpoint, "ca_path": str(lab.ca_path), **NEEDED.get(module, {}), **options}
    )


def in_environment(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"OVH_{name.upper()}", value)


def good(lab: Lab) -> list[dict[str, str]]:
    """The three ways to log in, with white space at both ends."""
    names = ("application_key", "application_secret", "consumer_key")
    account = ("client_id", "client_secret", "token_url")
    token = {"access_token": lab.ovhcloud.add_token()}
    return [
        {name: f" {value}\r\n" for name, value in values.items()}
        for values in ({n: getattr(lab, n) for n in names}, {n: getattr(lab, n) for n in account}, token)
    ]


def test_white_space_around_a_credential_is_dropped(lab: Lab) -> None:
    for options in good(lab):
        done = ask(lab, **{**options, "endpoint": f"\t{lab.ovh_endpoint}\n"})
        assert not done.failed, done.msg
        assert not any(secret in done.output for secret in lab.secrets())


def test_white_space_in_a_variable_is_dropped(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in good(lab):
        with monkeypatch.context() as patch:
            in_environment(patch, {**options, "endpoint": f" {lab.ovh_endpoint}\n"})
            done = harness.run_module("account_info", ca_path=str(lab.ca_path))
        assert not done.failed, done.msg


def test_white_space_inside_quotes_of_a_file_is_dropped(lab: Lab) -> None:
    lines = [f"{name} = ' {value.strip()} '" for name, value in good(lab)[0].items()]
    pathlib.Path("ovh.conf").write_text("\n".join([f"[{lab.ovh_endpoint}]", *lines]), encoding="utf-8")
    done = ask(lab)
    assert not done.failed, done.msg


def test_file_beside_the_playbook_gets_no_environment_secret(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file names a server of its own; the lab's is as good as any, and records who comes."""
    in_environment(monkeypatch, {name: getattr(lab, name) for name in ACCOUNT})
    for text in (f"[ovh-eu]\ntoken_url = {lab.token_url}\n", f"[default]\nendpoint = {lab.ovh_endpoint}\n"):
        pathlib.Path("ovh.conf").write_text(text, encoding="utf-8")
        refused = harness.run_module("account_info", ca_path=str(lab.ca_path))
        assert refused["failure"]["kind"] == "invalid_input" and "the address in ovh.conf is used only" in refused.msg
    assert lab.journal.entries() == []


def test_file_that_is_not_read_is_a_warning(lab: Lab) -> None:
    lines = [f"[default]\nendpoint = {lab.ovh_endpoint}\n[{lab.ovh_endpoint}]"]
    lines += [f"{name} = {getattr(lab, name)}" for name in KEY]
    (pathlib.Path.home() / ".ovh.conf").write_text("\n".join(lines), encoding="utf-8-sig")
    assert harness.run_module("account_info", ca_path=str(lab.ca_path)).warnings == []
    pathlib.Path("ovh.conf").mkdir()
    done = harness.run_module("account_info", ca_path=str(lab.ca_path))
    assert not done.failed and done.warnings == ["ovh.conf is not a file and is ignored"]


@pytest.mark.parametrize(
    ("source", "mark"),
    [
        *(("option", mark) for mark in ("\n", "\r", "\x00", *ODD)),
        *(("variable", mark) for mark in ("\n", "\r", *ODD)),
        *(("file", mark) for mark in ("\x00", *ODD)),
    ],
)
def test_credential_that_http_cannot_send_is_never_shown(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, source: str, mark: str
) -> None:
    for values in (KEY, ACCOUNT, TOKEN):
        for name, value in values.items():
            broken = {**values, name: f"{value[:8]}{mark}{value[8:]}"}
            with monkeypatch.context() as patch:
                if source == "variable":
                    in_environment(patch, broken)
                if source == "file":
                    lines = [f"[{lab.ovh_endpoint}]", *(f"{key} = {text}" for key, text in broken.items())]
                    pathlib.Path("ovh.conf").write_text("\n".join(lines), encoding="utf-8")
                refused = ask(lab, **(broken if source == "option" else {}))
            assert refused["failure"]["kind"] == "invalid_input"
            assert refused.msg.startswith(f"{name} contains a") and "\n" not in refused.msg
            assert value[:8] not in refused.msg and value[8:] not in refused.msg


@pytest.mark.parametrize("module", harness.GROUPS["ovhcloud"])
def test_malformed_endpoint_is_refused_on_one_line(lab: Lab, module: str) -> None:
    for endpoint in ENDPOINTS:
        refused = ask(lab, module, endpoint=endpoint, **KEY)
        assert refused.failed and refused.msg.startswith("endpoint"), refused.msg
        assert refused["failure"]["kind"] == "invalid_input" and "\n" not in refused.msg


@pytest.mark.parametrize("name", ["hostname", "proxy_host"])
@pytest.mark.parametrize("module", harness.GROUPS["vsphere"])
def test_malformed_host_is_refused_on_one_line(lab: Lab, run_module: RunModule, module: str, name: str) -> None:
    for host in HOSTS:
        options: dict[str, t.Any] = {**NEEDED.get(module, {}), name: host}
        refused = run_module(module, **options)
        assert refused.failed and refused.msg.startswith(f"{name}: "), refused.msg
        assert "is not a host name or address" in refused.msg and "\n" not in refused.msg
        assert refused["failure"]["kind"] == "invalid_input"


def test_port_out_of_range_is_refused_on_one_line(lab: Lab, run_module: RunModule) -> None:
    for name in ("port", "proxy_port"):
        options: dict[str, t.Any] = {"proxy_host": "localhost", name: 99999}
        refused = run_module("key_provider_info", **options)
        assert refused.msg == f"{name}: 99999 is not between 1 and 65535"


def test_login_in_an_address_is_refused_and_not_shown(lab: Lab, run_module: RunModule) -> None:
    logins = [f"bob:{PASSWORD}@", f"bob:{PASSWORD}/x@", f"{PASSWORD}@"]
    for login in logins:
        for address in (f"https://{login}localhost:1/1.0", f"{login}localhost"):
            answers = [ask(lab, endpoint=address, **KEY), ask(lab, token_url=address, **ACCOUNT)]
            answers.append(run_module("key_provider_info", hostname=address))
            answers.append(run_module("key_provider_info", proxy_host=address))
            answers.append(harness.run_module("kmip_server_info", host=address))
            answers.append(ask(lab, endpoint=address, **KEY, no_such_option=True))
            for refused in answers:
                assert refused.failed and PASSWORD not in refused.output, refused.output


def test_user_name_with_a_line_break_leaves_one_line(lab: Lab, run_module: RunModule) -> None:
    refused = run_module("key_provider_info", username="admin@vsphere.local\n")
    assert refused.failed and "could not log in as admin@vsphere.local on localhost" in refused.msg
    assert "\n" not in refused.msg


def test_header_that_the_library_refuses_is_not_shown(lab: Lab) -> None:
    # as if the options had not been judged
    settings = Settings(lab.ovh_endpoint, AccessToken("Planted\ntoken-7"), str(lab.ca_path))
    with contextlib.closing(Client(settings)) as client, pytest.raises(UnreachableError) as caught:
        client.post("/me", {})
    assert caught.value.message == "POST /me: the HTTP library failed (ValueError)"
    assert caught.value.details["maybe_done"] is True and caught.value.__cause__ is None
    assert lab.journal.writes() == []


def test_token_that_no_header_holds_is_not_shown(lab: Lab) -> None:
    body = json.dumps({"access_token": "Planted\ntoken-7", "expires_in": 3600}).encode()
    lab.faults.add("rewrite", operation="POST /auth/oauth2/token", rewrite=lambda _answer: body)
    refused = ask(lab, client_id=lab.client_id, client_secret=lab.client_secret, token_url=lab.token_url)
    assert refused["failure"]["kind"] == "api" and "\n" not in refused.msg
    assert f"{lab.token_url} for {lab.client_id}: the answer holds a token with characters" in refused.msg
    assert "Planted" not in refused.output and "token-7" not in refused.output


PLAY = """
- hosts: localhost
  gather_facts: false
  connection: local
  tasks:
    - ovhcloud.vmware_encryption.account_info: {consumer_key: "{{ ck }}"}
    - ovhcloud.vmware_encryption.account_info:
    - ovhcloud.vmware_encryption.account_info: {access_token: "{{ tokens[index] }}"}
      environment: {OVH_APPLICATION_KEY: "", OVH_APPLICATION_SECRET: "", OVH_CONSUMER_KEY: ""}
      ignore_errors: true
      loop: [0, 1, 2]
      loop_control: {loop_var: index}
    - ovhcloud.vmware_encryption.account_info: {endpoint: "https://bob:Planted-login-5@localhost/1.0"}
      ignore_errors: true
    - ovhcloud.vmware_encryption.key_provider_client_certificate:
        provider: p
        certificate: "{{ pem }}"
      ignore_errors: true
"""


@pytest.mark.oldest("account_info", "refusal")
@pytest.mark.parametrize("verbosity", [0, 1])
def test_no_pasted_secret_on_the_screen_of_a_real_play(lab: Lab, tmp_path: pathlib.Path, verbosity: int) -> None:
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAY, encoding="utf-8")
    tokens = ["s3cr3t-token-abcdef\n", "s3cr3t-token\nabcdef-1", "s3cr3t-token-\u20ac-1"]
    body = "MIIEvPlantedKeyBody/7"
    certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    pem = f"{certificate}-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    done = harness.run_playbook(
        lab,
        str(playbook),
        tmp_path,
        verbosity=3 * verbosity,
        environment={"OVH_CONSUMER_KEY": f"{lab.consumer_key}\n", "ANSIBLE_FORCE_COLOR": "false"},
        ck=f"{lab.consumer_key}\n",
        tokens=tokens,
        pem=pem,
    )
    row = done.stats["localhost"]
    assert (done.code, row["ok"], row["ignored"]) == (0, 5, 3), done.screen
    secrets = [lab.consumer_key, "s3cr3t-token", "abcdef-1", body]
    assert [done.screen.count(secret) for secret in secrets] == [0, 0, 0, 0], done.screen
    assert "Traceback" not in done.screen and "access_token contains a character" in done.screen
