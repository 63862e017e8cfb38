# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter okms_connection: only what is known to be as wanted is settled."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.okms_connection import FilterModule
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP, OKMS_RSA

okms_connection = FilterModule().filters()["okms_connection"]
HOST, FIRST, SECOND = "eu-west-rbx.okms.ovh.net", "192.0.2.50", "192.0.2.51"
ENDPOINT = {"host": HOST, "port": OKMS_RSA, "move": {}, "refused": ""}
TRUSTED = {"verdict": True}


def place(address: str = FIRST, **changes: t.Any) -> dict[str, t.Any]:
    """What kmip_server_info saw at an address."""
    return {"address": address, "sha1": f"sha1 of {address}", "sha256": "AA", "verdict": True, **changes}


def server(*places: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    """A KMIP server as kmip_server_info returns it."""
    return {"host": HOST, "port": OKMS_RSA, "trusted": TRUSTED, "by_address": list(places or [place()]), **changes}


def entry(ip: str = FIRST, **changes: t.Any) -> dict[str, t.Any]:
    """A KMS entry as private_cloud_info returns it."""
    own = {
        "ip": ip,
        "state": "delivered",
        "port": OKMS_RSA,
        "thumbprint": f"sha1 of {ip}",
        "description": f"kms: {HOST}",
    }
    return {**own, **changes}


def provider(**changes: t.Any) -> dict[str, t.Any]:
    """A key provider with one server and its connection."""
    connection = {"name": "rbx", "vcenter_trusts_server": True, "certificate": {"sha256": "AA"}}
    servers = [{"name": "rbx", "address": HOST, "port": OKMS_RSA}]
    return {"status": "green", "servers": servers, "connections": [connection], **changes}


def found(**changes: t.Any) -> list[str]:
    """What is open when only this differs."""
    given = {"provider": provider(), "endpoint": ENDPOINT, "seen": server(), "entries": [entry()], **changes}
    result = okms_connection(
        given["provider"],
        given["endpoint"],
        given["seen"],
        given["entries"],
        given.get("server", "rbx"),
        given.get("description", f"kms: {HOST}"),
    )
    assert result["settled"] is (result["open"] == [])
    return t.cast("list[str]", result["open"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"description": None, "entries": [entry(description="made by hand")]},
        # OVHcloud may not tell the port
        {"entries": [entry(port=None)]},
        {"seen": server(place(), place(SECOND)), "entries": [entry(), entry(SECOND)]},
        # certificates differ by address while OKMS renews them; vCenter sees one of them
        {"seen": server(place(sha256="BB"), place(SECOND)), "entries": [entry(), entry(SECOND)]},
        # entries have IPv4 addresses only
        {"seen": server(place(), place("2001:db8::1"))},
        # of another server
        {"entries": [entry(), entry("192.0.2.99", description="backup: kms.example.com", state="error")]},
    ],
)
def test_all_that_is_wanted_is_settled(changes: t.Any) -> None:
    assert found(**changes) == []


JUDGED = "its certificate was not judged at each address"
UNTRUSTED = "vCenter does not trust the certificate that was judged"


@pytest.mark.parametrize(
    ("changes", "open_"),
    [
        ({"endpoint": {**ENDPOINT, "move": {"server": "rbx"}}}, ["the endpoint moves or is refused"]),
        ({"endpoint": {**ENDPOINT, "refused": "no"}}, ["the endpoint moves or is refused"]),
        ({"seen": {}}, [JUDGED, UNTRUSTED]),
        ({"seen": server(port=KMIP)}, [JUDGED, UNTRUSTED]),
        ({"seen": server(host="elsewhere")}, [JUDGED, UNTRUSTED]),
        ({"seen": server(trusted={"verdict": False})}, [JUDGED, UNTRUSTED]),
        ({"seen": server(by_address=None)}, [JUDGED, UNTRUSTED]),
        # one that did not answer may show another certificate
        ({"seen": server(place(), place(SECOND, verdict=None))}, [JUDGED, UNTRUSTED]),
        ({"seen": server(place(sha256="BB"))}, [UNTRUSTED]),
        ({"provider": {}}, ["the server is not registered there"]),
        ({"server": "par"}, ["the server is not registered there"]),
        (
            {"provider": provider(servers=[{"name": "rbx", "address": HOST, "port": KMIP}])},
            ["the server is not registered there"],
        ),
        ({"provider": provider(connections=None)}, [UNTRUSTED]),
        (
            {"provider": provider(connections=[{"name": "rbx", "vcenter_trusts_server": False, "certificate": None}])},
            [UNTRUSTED],
        ),
        ({"provider": provider(status="red")}, ["the key provider is not green"]),
        ({"entries": []}, [f"the KMS entry of {FIRST}"]),
        ({"entries": [entry(state="creating")]}, [f"the KMS entry of {FIRST}"]),
        ({"entries": [entry(thumbprint="another")]}, [f"the KMS entry of {FIRST}"]),
        ({"entries": [entry(port=KMIP)]}, [f"the KMS entry of {FIRST}"]),
        ({"entries": [entry(description="another")]}, [f"the KMS entry of {FIRST}"]),
        ({"entries": [entry(), entry()]}, [f"the KMS entry of {FIRST}"]),
        ({"seen": server(place(), place(SECOND))}, [f"the KMS entry of {SECOND}"]),
        ({"entries": [entry(), entry(SECOND)]}, [f"the KMS entry of {SECOND}, an earlier address"]),
    ],
)
def test_whatever_differs_or_is_not_known_is_open(changes: t.Any, open_: list[str]) -> None:
    assert found(**changes) == open_


@pytest.mark.parametrize("given", ["text", None, [1]])
def test_what_is_no_key_provider_is_refused(given: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="okms_connection"):
        okms_connection(given, ENDPOINT)
    with pytest.raises(AnsibleFilterError, match="okms_connection"):
        okms_connection(provider(), ENDPOINT, server(), [{}], "rbx")
