# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, ports and header values, judged before any connection."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import hosts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

BAD = [
    *("vcenter..example.com", ".vcenter.example.com", "a" * 64, "vc enter", "vc\nenter", "vc\0enter", "a/b", "a?b"),
    *("https://vc", "vc:443", "::g", "[::1]:443", "fe80::1%a\nb", ""),
    *("http://proxy:3128", "vc/", "[vc", "a." * 128),
]


@pytest.mark.parametrize(
    "host", ["vc", "vc.example.com", "vc.example.com.", "192.0.2.1", "::1", "fe80::1%eth0", "bücher.example"]
)
def test_good_hosts_pass(host: str) -> None:
    assert hosts.check_host("hostname", f" {host}\n") == host


def test_brackets_of_an_address_are_dropped() -> None:
    assert hosts.check_host("hostname", "[2001:db8::1]") == "2001:db8::1"


@pytest.mark.parametrize("host", BAD)
def test_bad_host_is_named_with_its_option(host: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^proxy_host: '.*' is not a host name or address") as caught:
        hosts.check_host("proxy_host", host)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("host", ["bob:Pass-word-7@proxy", "bob:Pass-word-7%40proxy"])
def test_bad_host_with_a_login_is_not_quoted(host: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^proxy_host: ") as caught:
        hosts.check_host("proxy_host", host)
    assert "Pass-word-7" not in caught.value.message


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_bad_port_is_named_with_its_option(port: int) -> None:
    with pytest.raises(InvalidInputError, match=f"^port: {port} is not between"):
        hosts.check_port("port", port)


@pytest.mark.parametrize(
    "value", ["Secret\nvalue-1", "Secret\u20acvalue-1", "Secret\x00value-1", "Secret\udcffvalue-1"]
)
def test_value_that_no_header_holds_is_not_quoted(value: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^consumer_key contains a character") as caught:
        hosts.check_sendable("consumer_key", value)
    assert "Secret" not in caught.value.message and "value-1" not in caught.value.message
