# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers leave, and whether one that stays is known to give keys."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.health import (
    Connection,
    ProviderHealth,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    SERVER_KEYS,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard import removal, servers


def server(name, address=""):
    return {**dict.fromkeys(SERVER_KEYS), "name": name, "address": address or f"{name}.test", "port": 5696}


def plan(before, after):
    return Plan("update", {"servers": before}, {"servers": after}, {})


def seen(**colours):
    connections = [
        Connection(name, colour, None, colour == "green", colour == "green", None) for name, colour in colours.items()
    ]
    return ProviderHealth("yellow", connections, None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("ab", "a", ["b"]), ("ab", "ab", []), ("a", "ab", []), ("abc", "b", ["a", "c"]), ("ab", "", [])],
)
def test_servers_that_leave_a_provider_that_stays(before, after, expected):
    found = removal.leaving(plan(list(map(server, before)), list(map(server, after))))
    assert [one["name"] for one in found] == expected


@pytest.mark.parametrize(
    ("before", "after", "passwords", "expected"),
    [
        ([], [server("a")], ["a"], (["a"], [], [])),
        ([server("a")], [server("a")], [], ([], [], [])),
        ([{**server("a"), "trusted": False}], [{**server("a"), "trusted": True}], [], ([], [], [])),
        ([server("a")], [server("a")], ["a"], ([], ["a"], [])),
        ([server("a"), server("b")], [server("c"), server("b", "new.test")], [], (["c"], ["b"], ["a"])),
        ([server("b"), server("a")], [], [], ([], [], ["a", "b"])),
    ],
)
def test_servers_by_what_becomes_of_them(before, after, passwords, expected):
    found = servers.changes_of(
        Plan("update", {"servers": before}, {"servers": after, "passwords_set": passwords} if after else {}, {})
    )
    assert (found["added"], found["modified"], found["removed"]) == expected


@pytest.mark.parametrize(
    ("after", "health", "words"),
    [
        ([server("b")], seen(a="red", b="green"), None),
        ([server("b"), server("c")], seen(a="green", b="red", c="green"), None),
        ([server("b")], seen(a="green", b="red"), "b: vCenter cannot reach it"),
        # one that moves or comes is not known yet
        ([server("b", "elsewhere.test")], seen(a="green", b="green"), "does not tell the status"),
        ([server("b"), server("d")], seen(a="green", b="red", d="green"), "b: vCenter cannot reach it"),
        ([server("b")], seen(a="green"), "does not tell the status"),
    ],
)
def test_a_server_that_stays_gives_keys(after, health, words):
    why = removal.why_no_keys(plan([server("a"), server("b"), server("c")], after), health)
    assert (why is None) if words is None else (words in (why or ""))
