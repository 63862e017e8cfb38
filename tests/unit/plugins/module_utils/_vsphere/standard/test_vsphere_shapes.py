# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of providers, servers and health."""

from __future__ import annotations

import datetime
import types
import typing as t

import pytest
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import wait
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidInputError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import health as status
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import providers
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard import servers, trust

INFO = vim.encryption.KmipServerInfo
KMIP = vim.encryption.CryptoManagerKmip
PIN = "AB:" * 31 + "AB"
BARE = {
    "name": "a",
    "address": "192.0.2.1",
    "port": 5696,
    "username": None,
    "proxy_address": None,
    "proxy_port": None,
    "protocol": None,
    "reconnect": None,
    "nbio": None,
    "timeout": None,
}


@pytest.mark.parametrize(
    "info",
    [
        INFO(name="a", address="192.0.2.1", port=5696),
        INFO(name="a", address="192.0.2.1", port=5696, userName="", proxyAddress="", proxyPort=-1, timeout=-1),
        INFO(name="a", address="192.0.2.1", port=5696, protocol="", reconnect=-1, nbio=-1),
    ],
)
def test_all_ways_of_saying_unset_are_equal(info):
    assert providers.server_of(info) == BARE


def test_cleared_values_are_written_as_vcenter_wants_them():
    info = providers.server_info({**BARE, "timeout": 0})
    assert (info.userName, info.proxyAddress, info.proxyPort, info.timeout) == ("", "", -1, 0)
    assert (info.protocol, info.reconnect, info.nbio) == ("", -1, -1)


def test_each_field_of_a_server_in_vsphere_has_an_option():
    """Whatever pyVmomi knows of it."""
    fields = {one.name: one.type for one in INFO._GetPropertyList() if not one.name.startswith("dynamic")}
    full = INFO(**{name: number if kind is int else name for number, (name, kind) in enumerate(fields.items(), 1)})
    found = providers.server_of(full)
    assert sorted(map(str, found.values())) == sorted(str(getattr(full, name)) for name in fields)
    assert providers.server_of(providers.server_info(found)) == found


@pytest.mark.parametrize(
    ("management", "kind"),
    [
        ("vCenter", "standard"),
        (None, "standard"),
        ("nativeProvider", "native"),
        ("trustAuthority", "trusted"),
        ("unknown", "unknown"),
    ],
)
def test_kind_of_a_provider(management, kind):
    cluster = vim.encryption.KmipClusterInfo(
        clusterId=vim.encryption.KeyProviderId(id="p"), useAsDefault=False, managementType=management
    )
    provider = providers.provider_of(cluster)
    assert (provider.type, provider.servers, provider.entities) == (kind, [], [])


@pytest.mark.parametrize(
    ("wanted", "purge", "expected"),
    [
        ([{"name": "a", "address": "192.0.2.9", "port": 5696}], False, [("a", "192.0.2.9", "kept"), ("b", "b", None)]),
        ([{"name": "a", "address": "192.0.2.9", "port": 5696, "username": ""}], True, [("a", "192.0.2.9", None)]),
        ([{"name": "c", "address": "c", "port": 5696}], True, [("c", "c", None)]),
        (
            [{"name": "c", "address": "c", "port": 5696}],
            False,
            [("a", "192.0.2.1", "kept"), ("b", "b", None), ("c", "c", None)],
        ),
        ([], True, []),
    ],
)
def test_wanted_servers_over_present_ones(wanted, purge, expected):
    present = [{**BARE, "username": "kept", "trusted": True}, {**BARE, "name": "b", "address": "b", "trusted": False}]
    merged = servers.merge_servers(wanted, present, purge)
    assert [(server["name"], server["address"], server["username"]) for server in merged] == expected
    assert all(set(server) == set(BARE) for server in merged)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"name": "", "address": "x", "port": 1}], "not empty"),
        ([{"name": "x", "address": "", "port": 1}], "not empty"),
        ([{"name": "x", "address": "x", "port": 1}] * 2, "given twice"),
        ([{"name": "x", "address": "x", "port": 70000}], "70000"),
        ([{"name": "x", "address": "x", "port": 1, "proxy_port": 70000}], "invalid proxy_port 70000"),
        ([{"name": "x", "address": "x", "port": 1, "proxy_port": 0}], "invalid proxy_port 0"),
        ([{"name": "x", "address": "x", "port": 1, "reconnect": -2}], "reconnect of x is -2"),
        ([{"name": "x", "address": "x", "port": 1, "timeout": 2**31}], "timeout of x is 2147483648"),
        (
            [{"name": "x", "address": "https://kms.test", "port": 1}],
            "^servers: the address of x: .* is not a host name",
        ),
        ([{"name": "x", "address": "kms.test:5697", "port": 1}], "the port has its own option"),
        ([{"name": "x", "address": "kms..test", "port": 1}], "is not a host name or address"),
        ([{"name": "x", "address": "kms", "proxy_address": "a/b", "port": 1}], "^servers: the proxy_address of x: "),
    ],
)
def test_impossible_servers(given, words):
    with pytest.raises(InvalidInputError, match=words):
        servers.check_servers(given)


@pytest.mark.parametrize("text", ["AB" * 32, PIN, PIN.lower(), f"sha256:{'ab' * 32}"])
def test_pins_in_every_form(text):
    assert trust.trust_rule_of(None, [text], False).pins == (PIN,)


@pytest.mark.parametrize(("text", "words"), [("AB" * 20, "SHA-1"), ("zz", "server_thumbprints")])
def test_pins_that_are_refused(text, words):
    with pytest.raises(InvalidInputError, match=words):
        trust.trust_rule_of(None, [text], False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "commonName                = kms.example.com\norganizationName          = Team A\n",
            "CN=kms.example.com, O=Team A",
        ),
        ("CN=kms", "CN=kms"),
        ("odd text", "odd text"),
        ("", None),
        (None, None),
    ],
)
def test_distinguished_names_of_many_lines(text, expected):
    assert status.distinguished_name(text) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime.datetime(2026, 1, 2, 3, 4, 5, 678), "2026-01-02T03:04:05Z"),
        (
            datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            "2026-01-02T01:00:00Z",
        ),
        (None, None),
    ],
)
def test_times(moment, expected):
    assert status.iso(moment) == expected


def connection(**changes):
    values = {
        "name": "kms",
        "status": "green",
        "connection_status": None,
        "vcenter_trusts_server": True,
        "server_trusts_vcenter": True,
        "certificate": {"not_after": None},
    }
    return status.Connection(**{**values, **changes})


DOWN = {"status": "red", "vcenter_trusts_server": False, "server_trusts_vcenter": False, "certificate": None}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (connection(**DOWN), "cannot reach"),
        (connection(status="red", vcenter_trusts_server=None, server_trusts_vcenter=None), "does not trust the server"),
        (connection(status="red", server_trusts_vcenter=False), "does not accept vCenter's client certificate"),
        (connection(status="yellow"), "reports yellow although"),
    ],
)
def test_reasons_in_words(found, words):
    (line,) = status.reasons(status.ProviderHealth("red", [found], None))
    assert line.startswith("kms: ")
    assert words in line


REFUSED = {"status": "red", "server_trusts_vcenter": False}


@pytest.mark.parametrize(
    ("connections", "is_refused"),
    [
        ([connection(**REFUSED)], True),
        ([connection(**REFUSED), connection(name="b", **DOWN)], True),
        ([connection(**REFUSED), connection(name="b")], False),  # one lets vCenter in: the others may follow
        ([connection(**REFUSED, vcenter_trusts_server=False)], False),  # vCenter has not asked yet
        ([connection(**DOWN)], False),
        ([connection(**DOWN, connection_status="SSL alert number 42: sslv3 alert bad certificate")], True),
        ([connection()], False),
        ([], False),
    ],
)
def test_when_all_servers_refuse_the_certificate(connections, is_refused):
    assert status.refused(status.ProviderHealth("red", connections, None)) is is_refused


def test_a_refusal_ends_the_wait_only_without_a_break():
    clock = [0.0]
    no = status.ProviderHealth("red", [connection(**REFUSED)], None)
    refusals = status.Refusals("okms", 300, lambda: clock[0])
    # a policy that counts after a minute, then flags that come and go
    for moment, seen in (
        (0, no),
        (299, no),
        (301, status.ProviderHealth("green", [connection()], None)),
        (302, no),
        (601, no),
    ):
        clock[0] = moment
        refusals.see(seen)
    clock[0] = 602
    with pytest.raises(ConflictError, match=r"refused it for 300 s .* IAM policy .* module iam_policy"):
        refusals.see(no)


def test_a_refusal_is_borne_when_somebody_may_still_act():
    clock = [0.0]
    refusals = status.Refusals("team-kms", None, lambda: clock[0])
    for moment in (0, 100000):
        clock[0] = moment
        refusals.see(status.ProviderHealth("red", [connection(**REFUSED)], None))


def test_green_needs_no_reason():
    assert status.reasons(status.ProviderHealth("green", [connection()], None)) == []


@pytest.mark.parametrize(
    ("connections", "accepted"),
    [
        ([connection()], True),
        ([connection(), connection(name="b", **DOWN)], True),  # one of several is down
        ([connection(), connection(name="b", status="red", server_trusts_vcenter=False)], False),
        ([connection(**DOWN)], False),
        ([connection(status="yellow")], False),
        ([], False),
    ],
)
def test_accepted_by_every_server_that_is_there(connections, accepted):
    assert status.ProviderHealth("any", connections, None).accepted is accepted


@pytest.mark.parametrize(
    ("connections", "colour"),
    [
        ([connection()], "green"),
        ([connection(), connection(name="b", **DOWN)], "yellow"),
        ([connection(**DOWN)], "red"),
        ([], None),
    ],
)
def test_colour_when_vcenter_gives_none(connections, colour):
    assert status.overall_of(connections) == colour


def test_status_of_a_native_provider_has_no_servers():
    answer = KMIP.ClusterStatus(clusterId=vim.encryption.KeyProviderId(id="p"))
    found = status.provider_health_of(answer)
    assert (found.overall, found.connections, found.client_certificate) == (None, [], None)


class Time:
    """A clock that only waiting moves."""

    now = 0.0

    def patience(self, timeout=1800.0):
        return wait.Patience(timeout, 60.0, True, lambda: self.now, self.sleep)

    def sleep(self, seconds):
        self.now += seconds


NO_SESSION: t.Any = None
UNTRUSTED = {"status": "red", "vcenter_trusts_server": False, "server_trusts_vcenter": False}


def accept(monkeypatch, clock, looks):
    """Wait for a provider whose health is the next of `looks`, the last one for ever."""
    answers = iter(looks)
    last: list[t.Any] = [None]

    def health(_session, _provider):
        last[0] = next(answers, last[0])
        return status.ProviderHealth("red", [last[0]], None)

    monkeypatch.setattr(status, "health", health)
    provider: t.Any = types.SimpleNamespace(name="okms")
    return status.wait_until_accepted(NO_SESSION, provider, clock.patience())


def test_a_server_that_is_never_trusted_ends_the_wait_early(monkeypatch):
    clock = Time()
    with pytest.raises(WaitTimeoutError, match="server_thumbprints"):
        accept(monkeypatch, clock, [connection(**UNTRUSTED)])
    assert clock.now == status.TRUST_SETTLES


def test_trust_that_comes_late_is_waited_for(monkeypatch):
    clock = Time()
    found = accept(monkeypatch, clock, [connection(**UNTRUSTED)] * 3 + [connection()])
    assert (found.accepted, clock.now) == (True, 180.0)


def test_a_refused_client_certificate_is_waited_for_to_the_end(monkeypatch):
    # what the KMS thinks of vCenter may be repaired meanwhile
    clock = Time()
    with pytest.raises(WaitTimeoutError, match="not there after 1800 s"):
        accept(monkeypatch, clock, [connection(status="red", server_trusts_vcenter=False)])


def test_uploaded_trust_that_does_not_count_ends_the_wait_early(monkeypatch):
    clock = Time()
    server = {"name": "kms", "address": "kms.test", "port": 5697}
    seen = trust.Presented(server, "", False)
    monkeypatch.setattr(trust, "fetch_presented", lambda *_arguments: seen)
    with pytest.raises(WaitTimeoutError, match=r"not trusted although .* kms at kms.test:5697"):
        trust._await_trust(NO_SESSION, "okms", [server], clock.patience())
    assert clock.now == status.TRUST_SETTLES
