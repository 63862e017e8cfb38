# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter backup_places."""

from __future__ import annotations

import typing as t

import pytest
from ansible import constants, context
from ansible.errors import AnsibleFilterError
from ansible.utils.context_objects import CLIArgs
from jinja2.runtime import Undefined

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.backup_places import FilterModule

backup_places = FilterModule().filters()["backup_places"]
PATH = "/srv/nkp.p12"


def place(
    variables: dict[str, t.Any] | None, path: str = PATH, host: str = "backup1", **more: t.Any
) -> dict[str, t.Any]:
    """The only place, of a host with these variables of the inventory."""
    hostvars = {"localhost": {"ansible_connection": "local"}, "play": more.pop("play", {})}
    if variables is not None:
        hostvars["backup1"] = variables
    known = [name for name in hostvars if name != "localhost"]
    found = backup_places([{"host": host, "path": path}], hostvars, known, "play", **more)
    return t.cast("dict[str, t.Any]", found[0])


def test_a_host_without_variables_is_reached_by_the_defaults() -> None:
    found = place({})
    assert (found["refused"], found["outside"], found["path"]) == ("", True, PATH)
    assert found["label"] == f"backup1:{PATH}"
    assert found["own"] == {
        "connection": "ssh",
        "address": "backup1",
        "port": None,
        "user": "",
        "python": constants.config.get_config_value("INTERPRETER_PYTHON"),
        "become": False,
        "become_method": "sudo",
        "become_user": "root",
    }


@pytest.mark.parametrize(
    ("variables", "key", "value"),
    [
        ({"ansible_connection": "smart"}, "connection", "ssh"),
        ({"ansible_connection": "paramiko"}, "connection", "paramiko"),
        ({"ansible_host": "192.0.2.7"}, "address", "192.0.2.7"),
        ({"ansible_host": "192.0.2.7", "ansible_ssh_host": "192.0.2.8"}, "address", "192.0.2.8"),
        ({"ansible_port": 2222}, "port", 2222),
        ({"ansible_user": "backup"}, "user", "backup"),
        ({"ansible_user": "backup", "ansible_ssh_user": "other"}, "user", "other"),
        ({"ansible_python_interpreter": "/opt/python"}, "python", "/opt/python"),
        ({"ansible_become": "yes"}, "become", True),
        ({"ansible_become": False}, "become", False),
        ({"ansible_become_method": "doas"}, "become_method", "doas"),
        ({"ansible_become_user": "keeper"}, "become_user", "keeper"),
    ],
)
def test_a_variable_of_the_inventory_says_how_a_host_is_reached(
    variables: dict[str, t.Any], key: str, value: t.Any
) -> None:
    assert place(variables)["own"][key] == value


def test_the_user_of_the_command_line_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"remote_user": "operator"}))
    assert place({})["own"]["user"] == "operator"
    assert place({"ansible_user": "backup"})["own"]["user"] == "backup"


@pytest.mark.parametrize("connection", ["local", "ansible.builtin.local"])
def test_a_copy_by_connection_local_is_not_outside(connection: str) -> None:
    found = place({"ansible_connection": connection})
    assert (found["refused"], found["outside"]) == ("", False)
    assert found["label"] == f"backup1:{PATH} (on the control node)"


@pytest.mark.parametrize("host", ["localhost"])
def test_the_implicit_localhost_is_not_outside(host: str) -> None:
    found = place(None, host=host)
    assert (found["refused"], found["outside"]) == ("", False)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"variables": None}, "backup1 is not a host of the inventory"),
        ({"path": "nkp.p12"}, "'nkp.p12' on backup1 is not the absolute path of a file"),
        ({"path": "~/nkp.p12"}, "is not the absolute path of a file"),
        ({"path": "/srv/"}, "is not the absolute path of a file"),
        ({"path": "/srv/a\x00b"}, "is not the absolute path of a file"),
        ({"path": ""}, "each copy needs a path, and a host, an okms_secret or a vault"),
        ({"host": " "}, "each copy needs a path, and a host, an okms_secret or a vault"),
        (
            {"variables": {"ansible_user": "{{ of_the_play }}"}},
            "ansible_user of backup1 is made of variables that only",
        ),
        ({"variables": {"ansible_host": Undefined()}}, "ansible_host of backup1 is made of variables that only"),
        (
            {"port": 2222},
            "the play sets ansible_port to 2222, which would lead to backup1 too; give backup1 an ansible_port",
        ),
    ],
    ids=str,
)
def test_a_place_that_cannot_be_reached_is_refused(more: dict[str, t.Any], said: str) -> None:
    found = place(**{"variables": {}, **more})
    assert found["refused"].startswith("native_key_provider_backup_copies: ") and said in found["refused"]
    assert found["outside"] is False


@pytest.mark.parametrize(
    ("variables", "play", "port"),
    [({"ansible_port": 22}, {}, 2222), ({}, {"ansible_port": 2222}, "2222"), ({}, {}, None)],
)
def test_a_port_of_the_play_leads_to_no_host_with_its_own(
    variables: dict[str, t.Any], play: dict[str, t.Any], port: t.Any
) -> None:
    assert place(variables, play=play, port=port)["refused"] == ""


@pytest.mark.parametrize("copies", [None, [], ""])
def test_no_copies_have_no_places(copies: t.Any) -> None:
    assert backup_places(copies, {}, []) == []


@pytest.mark.parametrize("copies", ["backup1:/srv/nkp.p12", {"host": "backup1"}])
def test_copies_that_are_no_list_are_refused(copies: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="native_key_provider_backup_copies: give a list"):
        backup_places(copies, {}, [])


def test_what_is_no_copy_is_refused() -> None:
    assert "needs a path, and a host" in backup_places(["backup1"], {}, [])[0]["refused"]


OKMS_ID = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
VAULT = "https://vault.example.com:8200"
SECRET = "vmware/nkp-prod"


def only(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """The place of this copy."""
    return t.cast("dict[str, t.Any]", backup_places([given], {"h": {}}, ["h"], option="places")[0])


@pytest.mark.parametrize(
    ("given", "kind", "label"),
    [
        ({"okms_secret": OKMS_ID}, "okms_secret", f"secret {SECRET} of OKMS {OKMS_ID}"),
        ({"vault": VAULT}, "vault", f"secret {SECRET} of {VAULT} (secret)"),
        ({"vault": VAULT, "mount": "kv", "namespace": "team"}, "vault", f"secret {SECRET} of {VAULT} (team/kv)"),
        ({"vault": VAULT, "host": "", "max_versions": 7}, "vault", f"secret {SECRET} of {VAULT} (secret)"),
    ],
)
def test_secret_is_a_place_outside(given: dict[str, t.Any], kind: str, label: str) -> None:
    found = only({"path": SECRET, **given})
    assert (found["refused"], found["kind"], found["label"], found["outside"]) == ("", kind, label, True)
    assert (found["path"], found["max_versions"]) == (SECRET, given.get("max_versions", 0))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"okms_secret": "kms-prod"}, "is not the id of an OKMS domain"),
        ({"vault": "http://vault.example.com"}, "give the address of the Vault"),
        ({"vault": "https://token@vault.example.com"}, "give the address of the Vault"),
        ({"vault": VAULT, "path": "/a b"}, "is not the path of a secret"),
        ({"vault": VAULT, "path": "a/../b"}, "is not the path of a secret"),
        ({"vault": VAULT, "host": "h"}, "host and vault are given"),
        ({"okms_secret": OKMS_ID, "mount": "kv"}, "mount is for a place with vault"),
        ({"okms_secret": OKMS_ID, "owner": "root"}, "owner is for a place with host"),
        ({"host": "h", "path": "/a/b.p12", "max_versions": 3}, "max_versions is for secrets"),
    ],
)
def test_place_that_cannot_be_is_refused(given: dict[str, t.Any], said: str) -> None:
    refused = only({"path": SECRET, **given})["refused"]
    assert refused.startswith("places: ") and said in refused
    assert "token@" not in refused


def test_place_given_twice_is_refused() -> None:
    given = {"vault": VAULT, "path": SECRET}
    found = backup_places([given, {**given, "mount": "secret"}, {**given, "mount": "kv"}], {}, [])
    assert [bool(place["refused"]) for place in found] == [False, True, False]
