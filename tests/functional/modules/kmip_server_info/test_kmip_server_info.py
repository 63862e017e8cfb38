# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kmip_server_info against the lab's KMIP servers, and against servers that are none."""

from __future__ import annotations

import socket
import ssl
import sys

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.kmip_info_helpers import (
    OTHER_SHA256,
    VERSIONS,
    documented_fields,
    listener,
    look_at,
    tls_answer,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import Door, KmipServer
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import server_context, thumbprints

# --- without a client certificate


def test_a_server_that_demands_client_certificates_is_described(kms):
    found = kms.look(ca=kms.ca)["kmip_server"]
    assert set(found) == documented_fields()
    assert (found["host"], found["server_name"], found["address"]) == ("localhost", "localhost", "127.0.0.1")
    assert "127.0.0.1" in found["addresses"]
    assert found["tls_version"] == kms.tls
    assert found["cipher"]
    assert found["client_certificate_required"] is True
    assert found["certificate"] == kms.server.server_certificate_pem
    assert (found["chain"], found["chain_complete"]) == ([found["certificate"]], True)
    assert {name: found[name] for name in ("sha1", "sha256")} == kms.thumbprints
    assert (found["subject"], found["issuer"]) == ("CN=kms", "CN=Servers CA")
    assert found["subject_alternative_names"] == ["DNS:localhost", "IP:127.0.0.1"]
    assert found["days_left"] in (364, 365)
    assert found["trusted"] == {
        "verdict": True,
        "trusted_by": ["ca"],
        "by_ca": True,
        "by_thumbprint": None,
        "hostname_matches": True,
        "reasons": [],
    }
    assert [found[name] for name in ("accepted", "error_kind", "protocol_versions", "operations")] == [None] * 4
    assert kms.server.seen == []


def test_what_vcenter_shall_trust_follows_from_what_held(kms13):
    pin, sha1 = kms13.thumbprints["sha256"], kms13.thumbprints["sha1"]
    found = kms13.look(ca=kms13.ca)["kmip_server"]
    assert found["for_vcenter"] == {"server_ca": kms13.ca, "server_thumbprints": None, "server_chain": []}
    pinned = kms13.look(thumbprints=[OTHER_SHA256, sha1])["kmip_server"]
    assert pinned["trusted"]["trusted_by"] == ["thumbprint"]
    # standard_key_provider takes SHA-256 only
    both_pins = {"server_ca": None, "server_thumbprints": [OTHER_SHA256, pin], "server_chain": []}
    assert pinned["for_vcenter"] == both_pins
    both = kms13.look(ca=kms13.ca, thumbprints=[pin])["kmip_server"]
    assert both["trusted"]["trusted_by"] == ["ca", "thumbprint"]
    assert both["for_vcenter"] == {"server_ca": kms13.ca, "server_thumbprints": [pin], "server_chain": []}
    wrong = kms13.look(ca=kms13.ca, thumbprints=[OTHER_SHA256])["kmip_server"]
    assert (wrong["trusted"]["trusted_by"], wrong["for_vcenter"]) == (["ca"], None)


@pytest.fixture
def at_two_addresses():
    """What the name kms.two.test resolves to."""
    return ["127.0.0.61", "127.0.0.62"]


@pytest.fixture
def two_addresses(kms13, tmp_path, monkeypatch, at_two_addresses):
    """One name with two addresses, one port, and a certificate of its own at each, as while a server is renewed."""
    first = Door(kms13.servers, "one", ["kms.two.test"], addresses=["127.0.0.61"])
    first.open()
    second = Door(kms13.servers, "two", ["kms.two.test"], addresses=["127.0.0.62"], port=first.port)
    first.close()
    where = ("two", kms13.servers, [kms13.users], kms13.clock, Journal(kms13.clock), "external_kms", str(tmp_path))
    server = KmipServer(*where, doors=(first, second))
    server.start()
    real = socket.getaddrinfo

    def resolve(host, port, *arguments, **options):
        names = at_two_addresses if host == "kms.two.test" else [host]
        return [found for name in names for found in real(name, port, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield first, second
    server.close()


def test_each_address_is_judged(kms13, two_addresses):
    first, _second = two_addresses
    pins = [thumbprints(door.certificate_pem) for door in two_addresses]
    place = {"host": "kms.two.test", "port": first.port}
    once = kms13.look(ca=kms13.ca, **place)["kmip_server"]
    assert (once["by_address"], once["for_vcenter"]["server_thumbprints"]) == (None, None)
    both = kms13.look(ca=kms13.ca, every_address=True, **place)["kmip_server"]
    assert both["trusted"]["verdict"] is True
    found = [(one["address"], one["sha1"], one["verdict"], one["error"]) for one in both["by_address"]]
    assert found == [(address, pin["sha1"], True, None) for address, pin in zip(("127.0.0.61", "127.0.0.62"), pins)]
    # a pin of one of them is not enough, and both are handed over
    wrong = kms13.look(thumbprints=[pins[0]["sha256"]], every_address=True, on_untrusted="fail", **place)
    assert wrong.failed and "at 127.0.0.62: expected thumbprint" in wrong.msg
    right = kms13.look(thumbprints=[pin["sha1"] for pin in pins], every_address=True, **place)["kmip_server"]
    assert right["for_vcenter"]["server_thumbprints"] == [pin["sha256"] for pin in pins]


def test_an_address_that_does_not_answer_is_told_and_no_verdict(kms13, two_addresses, at_two_addresses):
    at_two_addresses.append("127.0.0.63")  # nobody listens there
    place = {"host": "kms.two.test", "port": two_addresses[0].port}
    found = kms13.look(ca=kms13.ca, every_address=True, **place)["kmip_server"]
    assert found["trusted"]["verdict"] is True
    assert [one["verdict"] for one in found["by_address"]] == [True, True, None]
    assert "cannot connect" in found["by_address"][2]["error"]


def test_check_mode_gives_the_same(kms13):
    assert kms13.look(ca=kms13.ca, check=True).data == kms13.look(ca=kms13.ca).data


def test_nobody_named_means_the_authorities_of_the_machine(kms):
    trusted = kms.look()["kmip_server"]["trusted"]
    assert (trusted["verdict"], trusted["by_ca"], trusted["hostname_matches"]) == (False, False, True)
    assert trusted["reasons"][0].startswith(
        "not trusted by the trusted authorities of the host that runs the module (no ca, ca_path or thumbprints"
    )


@pytest.mark.oldest("kmip_server_info", "refusal")
def test_wrong_ca(kms):
    trusted = kms.look(ca=kms.other.certificate_pem)["kmip_server"]["trusted"]
    assert (trusted["verdict"], trusted["by_ca"]) == (False, False)
    assert trusted["reasons"][0].startswith("not trusted by the given CA: ")


def test_one_of_several_authorities_is_enough(kms13, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("# two\r\n" + kms13.other.certificate_pem.replace("\n", "\r\n") + kms13.ca)
    assert kms13.look(ca_path=str(bundle))["kmip_server"]["trusted"]["verdict"] is True


def test_the_servers_own_certificate_may_be_the_anchor(kms):
    assert kms.look(ca=kms.server.server_certificate_pem)["kmip_server"]["trusted"]["by_ca"] is True


def test_expired_certificate(kms):
    kms.server.replace_server_certificate(days=-0.002)
    found = kms.look(ca=kms.ca)["kmip_server"]
    assert found["days_left"] < 0
    assert found["trusted"]["reasons"] == ["not trusted by the given CA: certificate has expired"]
    assert found["trusted"]["hostname_matches"] is True
    assert kms.look(thumbprints=[found["sha256"]])["kmip_server"]["trusted"]["verdict"] is True


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_right_pin_in_every_form(kms, algorithm):
    pin = kms.thumbprints[algorithm]
    for text in (pin, pin.lower().replace(":", ""), f"{algorithm} Fingerprint={pin}"):
        trusted = kms.look(thumbprints=[OTHER_SHA256, text])["kmip_server"]["trusted"]
        assert (trusted["verdict"], trusted["by_ca"], trusted["by_thumbprint"]) == (True, None, True)


def test_wrong_pin(kms):
    trusted = kms.look(thumbprints=[OTHER_SHA256])["kmip_server"]["trusted"]
    assert (trusted["verdict"], trusted["by_thumbprint"]) == (False, False)
    assert trusted["reasons"] == [
        f"expected thumbprint SHA256 {OTHER_SHA256}, presented SHA256 {kms.thumbprints['sha256']}"
    ]


def test_ca_and_pin_must_both_hold(kms13):
    right = {"ca": kms13.ca, "thumbprints": [kms13.thumbprints["sha256"]]}
    assert kms13.look(**right)["kmip_server"]["trusted"]["verdict"] is True
    assert kms13.look(**{**right, "thumbprints": [OTHER_SHA256]})["kmip_server"]["trusted"]["verdict"] is False
    assert kms13.look(**{**right, "ca": kms13.other.certificate_pem})["kmip_server"]["trusted"]["verdict"] is False


def test_host_name(kms):
    trusted = kms.look(ca=kms.ca, server_name="kms.example.com")["kmip_server"]["trusted"]
    assert (trusted["verdict"], trusted["by_ca"], trusted["hostname_matches"]) == (False, True, False)
    assert trusted["reasons"] == [
        "the certificate is not valid for kms.example.com, it names DNS:localhost, IP:127.0.0.1"
    ]
    pinned = kms.look(thumbprints=[kms.thumbprints["sha256"]], server_name="kms.example.com")["kmip_server"]["trusted"]
    assert (pinned["verdict"], pinned["hostname_matches"]) == (True, False)
    assert kms.look(ca=kms.ca, host="127.0.0.1")["kmip_server"]["trusted"]["verdict"] is True
    assert kms.look(ca=kms.ca, host="127.0.0.1", server_name="localhost")["kmip_server"]["trusted"]["verdict"] is True


def test_on_untrusted_fail_shows_expected_and_presented(kms):
    assert not kms.look(ca=kms.ca, on_untrusted="fail").failed
    wrong = kms.look(thumbprints=[OTHER_SHA256], on_untrusted="fail")
    assert (wrong.failed, wrong["failure"]["kind"]) == (True, "server_pin_mismatch")
    assert wrong["failure"]["expected"] == [OTHER_SHA256]
    assert wrong["failure"]["presented"] == kms.thumbprints
    assert OTHER_SHA256 in wrong.msg
    assert kms.thumbprints["sha256"] in wrong.msg
    untrusted = kms.look(ca=kms.other.certificate_pem, on_untrusted="fail", **kms.pair())
    assert (untrusted.failed, untrusted["failure"]["kind"]) == (True, "server_untrusted")
    assert kms.server.seen == []


@pytest.mark.parametrize("maximum", VERSIONS.values(), ids=VERSIONS.keys())
def test_chain_of_a_server_that_wants_no_client_certificate(kms13, maximum):
    certificate, key = kms13.servers.leaf("kms", "server", ["127.0.0.1"])
    context = server_context(certificate + kms13.ca, key)
    context.maximum_version = maximum
    with listener(tls_answer(context)) as port:
        found = look_at(port, ca=kms13.ca)["kmip_server"]
    assert found["chain"] == [certificate, kms13.ca]
    assert found["chain_complete"] is True
    assert found["client_certificate_required"] is False
    assert found["trusted"]["verdict"] is True


def test_only_tls_13_without_a_way_to_the_chain(kms13):
    certificate, key = kms13.servers.leaf("kms", "server", ["127.0.0.1"])
    context = server_context(certificate + kms13.ca, key)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with listener(tls_answer(context)) as port:
        found = look_at(port)["kmip_server"]
    if sys.version_info >= (3, 13):
        assert (found["chain"], found["chain_complete"]) == ([certificate, kms13.ca], True)
    else:
        assert (found["chain"], found["chain_complete"]) == ([certificate], None)


# --- bad input


def test_the_okms_endpoint_of_the_lab(lab, run_module):
    host, port = lab.okms_kmip.host, lab.okms_kmip.address[1]
    found = run_module("kmip_server_info", host=host, port=port, ca_path=lab.okms_ca_path, on_untrusted="fail")
    assert found["kmip_server"]["sha1"] == thumbprints(lab.okms_kmip.server_certificate_pem)["sha1"]
    assert found["kmip_server"]["client_certificate_required"] is True
    assert lab.journal.writes() == []
