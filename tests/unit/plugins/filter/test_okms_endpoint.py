# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter okms_endpoint: which endpoint, what moves, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.okms_endpoint import FilterModule
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP, OKMS_RSA

choose = FilterModule().filters()["okms_endpoint"]
HOST = "eu-west-par.okms.ovh.net"
RSA = {"kind": "rsa", "host": HOST, "port": OKMS_RSA, "ca": "rsa ca"}
ECDSA = {"kind": "ecdsa", "host": HOST, "port": KMIP, "ca": None}
BOTH = {"id": "id-1", "display_name": "kms", "kmip_endpoints": {"rsa": RSA, "ecdsa": ECDSA}}
ONLY_ECDSA = {**BOTH, "kmip_endpoints": {"rsa": None, "ecdsa": ECDSA}}
ONLY_RSA = {**BOTH, "kmip_endpoints": {"rsa": RSA, "ecdsa": None}}
NOBODY: list[str] = []
VM = ["virtual machine web-1 (home)"]


def provider(
    port: int, green: bool = True, users: list[str] | None = None, name: str = "par", host: str = HOST
) -> dict[str, t.Any]:
    """A key provider with one server."""
    return {
        "name": "okms",
        "servers": [{"name": name, "address": host, "port": port}],
        "connections": [{"name": name, "status": "green" if green else "red"}],
        "needed_by": users,
    }


@pytest.mark.parametrize(
    ("domain", "choice", "kind"),
    [
        (BOTH, "auto", "rsa"),
        (BOTH, "rsa", "rsa"),
        (BOTH, "ecdsa", "ecdsa"),
        (ONLY_ECDSA, "auto", "ecdsa"),
        (ONLY_RSA, "auto", "rsa"),
    ],
)
def test_without_a_server_the_rsa_endpoint_comes_first(domain: dict[str, t.Any], choice: str, kind: str) -> None:
    found = choose(domain, choice)
    expected = {"rsa": RSA, "ecdsa": ECDSA}[kind]
    assert {key: found[key] for key in expected} == expected
    assert (found["server"], found["move"], found["refused"], found["ask_users"]) == ("", {}, "", False)


@pytest.mark.parametrize(
    ("domain", "choice", "words"),
    [
        (ONLY_ECDSA, "rsa", ("kmipRsaEndpoint", "okms_endpoint: auto")),
        (ONLY_RSA, "ecdsa", ("kmipEndpoint", "okms_endpoint: auto")),
        ({**BOTH, "kmip_endpoints": {"rsa": None, "ecdsa": None}}, "auto", ("names no KMIP endpoint",)),
        ({"id": "id-1"}, "rsa", ("names no KMIP endpoint",)),
    ],
)
def test_an_endpoint_that_is_not_there_is_refused(
    domain: dict[str, t.Any], choice: str, words: tuple[str, ...]
) -> None:
    found = choose(domain, choice)
    assert found["host"] is None
    for word in words:
        assert word in found["refused"]


# port of the server, green, users (None: not asked), choice, move -> kind, moves, refused, ask
STAYS = (False, False)
MOVES = (True, False)
REFUSED = (True, True)


@pytest.mark.parametrize(
    ("port", "green", "users", "choice", "move", "kind", "outcome"),
    [
        # set up by OVHcloud's guide
        (OKMS_RSA, True, VM, "auto", False, "rsa", STAYS),
        (OKMS_RSA, False, VM, "auto", False, "rsa", STAYS),
        (OKMS_RSA, True, NOBODY, "ecdsa", False, "ecdsa", REFUSED),
        (OKMS_RSA, True, VM, "ecdsa", False, "ecdsa", REFUSED),
        (OKMS_RSA, False, NOBODY, "ecdsa", False, "ecdsa", MOVES),
        (OKMS_RSA, True, VM, "ecdsa", True, "ecdsa", MOVES),
        # set up by an earlier version of this collection
        (KMIP, True, VM, "auto", False, "ecdsa", STAYS),
        (KMIP, True, NOBODY, "auto", False, "ecdsa", STAYS),
        (KMIP, False, VM, "auto", False, "ecdsa", STAYS),
        (KMIP, False, NOBODY, "auto", False, "rsa", MOVES),
        (KMIP, True, VM, "rsa", False, "rsa", REFUSED),
        (KMIP, False, VM, "rsa", False, "rsa", REFUSED),
        (KMIP, True, NOBODY, "rsa", False, "rsa", MOVES),
        (KMIP, True, VM, "auto", True, "rsa", MOVES),
        (KMIP, True, VM, "ecdsa", False, "ecdsa", STAYS),
        # nobody asked who uses it: somebody may
        (KMIP, True, None, "rsa", False, "rsa", REFUSED),
        (KMIP, False, None, "auto", False, "ecdsa", STAYS),
    ],
)
def test_a_server_that_is_there(
    port: int, green: bool, users: list[str] | None, choice: str, move: bool, kind: str, outcome: tuple[bool, bool]
) -> None:
    found = choose(BOTH, choice, provider(port, green, users), move=move)
    assert (found["kind"], found["server"]) == (kind, "par")
    assert (bool(found["move"]), bool(found["refused"])) == outcome
    if found["move"]:
        assert found["move"]["before"].startswith(f"{HOST}:{port} (")
        assert found["move"]["after"] == f"{HOST}:{found['port']} ({kind})"
        assert found["move"]["affected"] == [line for line in users or [] if "default" not in line]


@pytest.mark.parametrize(
    ("port", "green", "choice", "move", "asks"),
    [
        (OKMS_RSA, True, "auto", False, False),
        (OKMS_RSA, False, "auto", False, False),
        (KMIP, True, "auto", False, False),
        (KMIP, False, "auto", False, True),
        (KMIP, True, "rsa", False, True),
        (KMIP, True, "auto", True, True),
    ],
)
def test_users_are_asked_for_only_when_they_decide(port: int, green: bool, choice: str, move: bool, asks: bool) -> None:
    assert choose(BOTH, choice, provider(port, green, None), move=move)["ask_users"] is asks
    assert choose(BOTH, choice, provider(port, green, NOBODY), move=move)["ask_users"] is False


def test_a_refusal_names_places_users_and_both_ways_out() -> None:
    refused = choose(BOTH, "rsa", provider(KMIP, users=VM))["refused"]
    for words in (
        "server par of the key provider okms",
        f"{HOST}:{KMIP} (ecdsa)",
        f"{HOST}:{OKMS_RSA} (rsa)",
        "web-1",
        "okms_endpoint: auto",
        "okms_move_endpoint: true",
    ):
        assert words in refused
    assert "\n" not in refused


def test_who_stays_on_the_old_port_is_told_how_to_move() -> None:
    told = choose(BOTH, "auto", provider(KMIP, users=VM))["notice"]
    assert str(OKMS_RSA) in told
    assert "okms_move_endpoint: true" in told
    assert choose(BOTH, "auto", provider(OKMS_RSA, users=VM))["notice"] == ""
    assert choose(ONLY_ECDSA, "auto", provider(KMIP, users=VM))["notice"] == ""


def test_the_server_of_another_name_that_leads_there_is_found() -> None:
    theirs = provider(OKMS_RSA, users=VM, name="OVH KMS", host=HOST.upper())
    assert choose(BOTH, "auto", theirs)["server"] == "OVH KMS"
    elsewhere = provider(OKMS_RSA, users=VM, name="team", host="kms.example.com")
    assert choose(BOTH, "auto", elsewhere)["server"] == ""
    # the name that the user gave counts, also when its server is elsewhere: keys would be lost
    named = choose(BOTH, "auto", elsewhere, server="team")
    assert (named["server"], bool(named["refused"])) == ("team", True)


def test_a_server_registered_by_its_address_is_not_moved_either() -> None:
    found = choose(BOTH, "auto", provider(KMIP, users=VM, host="192.0.2.1"), server="par")
    assert (found["kind"], bool(found["refused"])) == ("ecdsa", True)
    assert "192.0.2.1:5696 (ecdsa)" in found["refused"]


@pytest.mark.parametrize(("domain", "choice"), [("text", "auto"), (BOTH, "both")])
def test_bad_input(domain: t.Any, choice: str) -> None:
    with pytest.raises(AnsibleFilterError):
        choose(domain, choice)
