# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of who passes OKMS's TLS handshake: by policy, by role, by region; and of what a new policy waits for."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import VCenterKmsClient
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.test_lab import (
    USER_URN,
    Api,
    credential,
    kmip_policy,
)

GROUP_URN = "urn:v1:eu:identity:group:ab12345-ovh/{}"


@pytest.fixture
def lab():
    with Lab() as running:
        yield running


@pytest.fixture
def domain(lab):
    return lab.ovhcloud.new_okms(lab.region, "kms")


def client_of(lab, domain, urn, address=""):
    _number, certificate, key = credential(lab, domain.okms_id, urn)
    host, port = lab.okms_kmip.address
    return VCenterKmsClient(host, port, [lab.okms_public_ca], certificate, key, address=address)


def allow(lab, domain, name="vcenter", identities=(USER_URN,), action="okms:kmip:*"):
    body = {**kmip_policy(domain.okms_id, name, action), "identities": list(identities)}
    return Api(lab)("POST", "/v2/iam/policy", **body)["id"]


def test_without_a_policy_the_handshake_ends_in_bad_certificate(lab, domain):
    probe = client_of(lab, domain, USER_URN).probe()
    assert (probe.client_trusts_server, probe.server_trusts_client) == (True, False)
    assert "bad certificate" in probe.detail and lab.okms_kmip.turned_away == [domain.okms_id]


@pytest.mark.parametrize("identity", ["account", "administrator", "administrators"])
def test_account_and_administrators_need_no_policy(lab, domain, identity):
    urn = {
        "account": lambda: lab.ovhcloud.state.root.urn,
        "administrator": lambda: lab.ovhcloud.account.add_user("boss", "ADMIN"),
        "administrators": lambda: GROUP_URN.format("ADMIN"),
    }[identity]()
    client = client_of(lab, domain, urn)
    assert client.probe().green and len(client.use_key(client.create_key("8.0.3 build-1"))) == 32


@pytest.mark.parametrize("seconds", [0, 10, 60])  # the lab's clock goes on beside them
def test_new_policy_counts_after_a_minute_or_some_handshakes(lab, domain, seconds):
    client = client_of(lab, domain, USER_URN)
    allow(lab, domain)
    lab.clock.advance(seconds)
    tries = [client.probe().green for _try in range(3)]
    assert tries == ([True] * 3 if seconds >= 60 else [False, False, True])


def test_a_second_policy_does_not_delay_the_first(lab, domain):
    client = client_of(lab, domain, USER_URN)
    allow(lab, domain)
    lab.clock.advance(61)
    assert client.probe().green
    allow(lab, domain, name="more")
    assert client.probe().green


def test_a_policy_for_the_group_of_a_user_is_enough(lab, domain):
    client = client_of(lab, domain, lab.ovhcloud.account.add_user("robot", "UNPRIVILEGED"))
    allow(lab, domain, identities=[GROUP_URN.format("UNPRIVILEGED")])
    lab.clock.advance(61)
    assert client.probe().green


@pytest.mark.parametrize("way", ["deleted", "other_domain", "not_kmip"])
def test_a_policy_that_does_not_fit_lets_nobody_in(lab, domain, way):
    client = client_of(lab, domain, USER_URN)
    other = lab.ovhcloud.new_okms(lab.region, "other")
    number = allow(
        lab,
        other if way == "other_domain" else domain,
        action="okms:apiovh:*" if way == "not_kmip" else "okms:kmip:*",
    )
    lab.clock.advance(61)
    if way == "deleted":
        assert client.probe().green
        Api(lab)("DELETE", f"/v2/iam/policy/{number}")
    assert "bad certificate" in client.probe().detail


def test_a_certificate_is_for_the_region_of_its_domain(lab, domain):
    urn = lab.ovhcloud.state.root.urn
    for region, green in (("eu-west-rbx", True), ("eu-west-par", False)):
        for address in lab.okms_addresses(region):
            assert client_of(lab, domain, urn, address).probe().green == green
