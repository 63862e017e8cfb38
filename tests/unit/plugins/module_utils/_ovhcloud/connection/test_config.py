# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the settings come from, and which ones contradict each other."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    AccessToken,
    ApplicationKey,
    ServiceAccount,
    Settings,
    load,
    resolve_endpoint,
)

KEY = {"application_key": "ak", "application_secret": "hush", "consumer_key": "ck"}
ACCOUNT = {"client_id": "id", "client_secret": "cs"}
FILE = """
[default]
endpoint = ovh-ca

[ovh-ca]
application_key = file-ak
application_secret = file-as
; a comment
consumer_key = file-ck

[ovh-eu]
client_id = file-id
client_secret = file-cs
"""


@pytest.fixture
def conf(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "ovh.conf"
    path.write_text(FILE)
    return str(path)


def settings(files: t.Sequence[str] = (), **params: t.Any) -> Settings:
    return load(params, files)


@pytest.mark.parametrize(
    ("endpoint", "url", "token_url"),
    [
        ("ovh-eu", "https://eu.api.ovh.com/1.0", "https://www.ovh.com/auth/oauth2/token"),
        ("ovh-us", "https://api.us.ovhcloud.com/1.0", "https://us.ovhcloud.com/auth/oauth2/token"),
        ("https://ca.api.ovh.com", "https://ca.api.ovh.com/1.0", "https://ca.ovh.com/auth/oauth2/token"),
        ("https://ca.api.ovh.com/v1/", "https://ca.api.ovh.com/v1", "https://ca.ovh.com/auth/oauth2/token"),
        ("https://localhost:8443", "https://localhost:8443/1.0", None),
    ],
)
def test_endpoints(endpoint: str, url: str, token_url: str | None) -> None:
    assert resolve_endpoint(endpoint) == (url, token_url)


@pytest.mark.parametrize(
    "endpoint", ["ovh-mars", "http://eu.api.ovh.com/1.0", "https://", "https://u:p@host/1.0", "https://[x/"]
)
def test_bad_endpoints(endpoint: str) -> None:
    with pytest.raises(InvalidInputError, match="endpoint"):
        settings(endpoint=endpoint, **KEY)


def test_given_account_wins_over_another_kind_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEY.items():
        monkeypatch.setenv(f"OVH_{name.upper()}", value)
    # the module cannot tell a variable from an option by itself
    found = settings(**KEY, client_id="of-this-host", client_secret="hush-2").credentials
    assert found == ServiceAccount("of-this-host", "hush-2", "https://www.ovh.com/auth/oauth2/token")
    with pytest.raises(InvalidInputError, match="more than one kind"):
        settings(**{**KEY, "consumer_key": "other"}, client_id="of-this-host", client_secret="hush-2")


def test_methods() -> None:
    assert settings(**KEY).credentials == ApplicationKey("ak", "hush", "ck")
    assert settings(**ACCOUNT).credentials == ServiceAccount("id", "cs", "https://www.ovh.com/auth/oauth2/token")
    assert settings(access_token="tk").credentials == AccessToken("tk")
    elsewhere = settings(**ACCOUNT, token_url="https://t.test/x").credentials
    assert elsewhere == ServiceAccount("id", "cs", "https://t.test/x")


def test_an_empty_option_is_not_given() -> None:
    empty = dict.fromkeys([*ACCOUNT, "access_token", "endpoint", "ca_path"], "")
    assert settings(**{**empty, **KEY}).credentials == ApplicationKey("ak", "hush", "ck")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "no OVHcloud credentials"),
        ({**KEY, **ACCOUNT}, "application key, service account"),
        ({**ACCOUNT, "access_token": "tk"}, "service account, access token"),
        ({"application_key": "ak", "consumer_key": "ck"}, "application_secret not given"),
        ({"client_secret": "cs"}, "client_id not given"),
        ({**ACCOUNT, "endpoint": "https://localhost:1/1.0"}, "token_url is needed"),
        ({**ACCOUNT, "token_url": "http://t.test"}, "token_url"),
        ({**KEY, "ca_path": "/nowhere/at/all"}, "ca_path"),
    ],
)
def test_contradictions(params: dict[str, t.Any], text: str) -> None:
    with pytest.raises(InvalidInputError, match=text) as caught:
        settings(**params)
    assert not {"hush", "ck", "cs", "tk"} & set(caught.value.message.split())


def test_files(conf: str) -> None:
    from_file = settings([conf])
    assert from_file.base_url == "https://ca.api.ovh.com/1.0"
    assert from_file.credentials == ApplicationKey("file-ak", "file-as", "file-ck")
    account = settings([conf], endpoint="ovh-eu").credentials
    assert account == ServiceAccount("file-id", "file-cs", "https://www.ovh.com/auth/oauth2/token")
    assert settings([conf], consumer_key="ck").credentials == ApplicationKey("file-ak", "file-as", "ck")
    # another kind of credentials in the options replaces those of the file
    assert settings([conf], access_token="tk").credentials == AccessToken("tk")


def test_the_last_file_wins(conf: str, tmp_path: pathlib.Path) -> None:
    later = tmp_path / "later.conf"
    later.write_text("[ovh-ca]\nconsumer_key = later-ck\n")
    merged = settings([conf, str(later), "/nowhere/ovh.conf"]).credentials
    assert merged == ApplicationKey("file-ak", "file-as", "later-ck")


def test_the_file_of_where_the_command_was_started(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, key in (("playbooks", "other"), ("here", "mine")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ovh.conf").write_text(f"[ovh-eu]\naccess_token = {key}\n")
    monkeypatch.chdir(tmp_path / "playbooks")  # where Ansible runs modules
    assert settings(["ovh.conf"]).credentials == AccessToken("other")
    monkeypatch.setenv("OVHCLOUD_VMWARE_ENCRYPTION_START", str(tmp_path / "here"))
    assert settings(["ovh.conf"]).credentials == AccessToken("mine")


EVIL = "https://collect.example/token"
HERE = f"[ovh-eu]\ntoken_url = {EVIL}\n"
AWAY = "[default]\nendpoint = https://collect.example/1.0\n[https://collect.example/1.0]\n"


def written(tmp_path: pathlib.Path, **texts: str) -> list[str]:
    """Files in this order."""
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [str(tmp_path / name) for name in texts]


@pytest.mark.parametrize(
    ("home", "here", "params"),
    [
        ("", HERE, ACCOUNT),
        (FILE, HERE, {"endpoint": "ovh-eu"}),
        ("", f"{HERE}client_id = id\n", {"client_secret": "cs"}),
        ("", AWAY, KEY),
        ("", AWAY, {"access_token": "tk"}),
        ("[https://collect.example/1.0]\naccess_token = tk\n", AWAY, {}),
        ("", f"{AWAY}application_key = ak\nconsumer_key = ck\n", {"application_secret": "hush"}),
    ],
)
def test_file_does_not_redirect_secrets_from_elsewhere(
    tmp_path: pathlib.Path, home: str, here: str, params: dict[str, str]
) -> None:
    first, second = written(tmp_path, home=home.replace("[default]\nendpoint = ovh-ca\n", ""), here=here)
    with pytest.raises(InvalidInputError) as caught:
        settings([first, second], **params)
    option = "token_url" if here.startswith(HERE) else "endpoint"
    assert caught.value.message.startswith(
        f"{option}: the address in {second} is used only with credentials of the same"
    )
    assert f"OVH_{option.upper()}" in caught.value.message and "collect" not in caught.value.message


def test_file_says_where_its_own_secrets_go(tmp_path: pathlib.Path) -> None:
    files = written(tmp_path, a=f"{AWAY}application_secret = as\nconsumer_key = ck\n", b=f"{HERE}client_secret = s\n")
    own = settings(files[:1], application_key="ak")
    assert own.base_url == "https://collect.example/1.0"
    assert settings(files[1:], client_id="id").credentials == ServiceAccount("id", "s", EVIL)
    # what the options say wins over the file, so it does not matter what that says
    usual = "https://www.ovh.com/auth/oauth2/token"
    assert settings(files[1:], **ACCOUNT, token_url=usual).credentials == ServiceAccount("id", "cs", usual)
    assert settings(files[:1], **KEY, endpoint="ovh-ca").base_url == "https://ca.api.ovh.com/1.0"


def test_file_may_name_a_known_endpoint_for_any_secret(tmp_path: pathlib.Path) -> None:
    for endpoint in ("ovh-ca", "https://ca.api.ovh.com/1.0", "https://ca.api.ovh.com"):
        usual = "https://ca.ovh.com/auth/oauth2/token"
        text = f"[default]\nendpoint = {endpoint}\n[{endpoint}]\ntoken_url = {usual}\n"
        found = settings(written(tmp_path, conf=text), **ACCOUNT)
        assert (found.base_url, found.credentials) == ("https://ca.api.ovh.com/1.0", ServiceAccount("id", "cs", usual))


def test_file_with_a_byte_order_mark_is_read(tmp_path: pathlib.Path) -> None:
    files = written(tmp_path, conf="\ufeff" + FILE)
    assert settings(files).credentials == ApplicationKey("file-ak", "file-as", "file-ck")


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling"])
def test_file_that_cannot_be_read_is_told(tmp_path: pathlib.Path, kind: str) -> None:
    path = tmp_path / "ovh.conf"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("nowhere")
    problem = f"{path} cannot be read (No such file or directory)" if kind == "dangling" else f"{path} is not a file"
    with pytest.raises(InvalidInputError) as caught:
        settings([str(path)], client_id="id")
    assert caught.value.message.endswith(f"client_secret not given; {problem}")
    with pytest.raises(InvalidInputError) as caught:
        settings([str(path)])
    assert caught.value.message.endswith(f"ovh.conf; {problem}")
    assert settings([str(path)], **KEY).unread == (problem,)
    assert settings([str(path)], **KEY, endpoint="ovh-eu").unread == ()


def test_file_that_is_no_text_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "ovh.conf").write_bytes(b"[default]\n\xff\xfe")
    with pytest.raises(InvalidInputError, match="it is not a text in UTF-8"):
        settings([str(tmp_path / "ovh.conf")], **KEY)


def test_a_broken_file_is_not_quoted(tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "ovh.conf"
    broken.write_text("application_secret = very-secret\n[x")
    with pytest.raises(InvalidInputError) as caught:
        settings([str(broken)], **KEY)
    assert str(broken) in caught.value.message
    assert "very-secret" not in caught.value.message


def test_verification() -> None:
    assert settings(**KEY).verify is True
    assert settings(**KEY, validate_certs=False).verify is False
    assert settings(**KEY, ca_path=__file__).verify == __file__


def test_secrets_stay_out_of_texts() -> None:
    for params in (KEY, ACCOUNT, {"access_token": "tk"}):
        made = settings(**params)
        assert made.secrets()
        assert not any(f"'{secret}'" in repr(made) for secret in made.secrets())
