# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the OKMS domain to the trust of vCenter: okms_info, kmip_server_info, standard_key_provider in a row."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    converge,
    open_up,
    sha256_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints

UNKNOWN = ("status", "connections")
WILDCARD_NAME = "eu-west-par.okms.ovh.net"
OTHER = ":".join(["AA"] * 32)


@pytest.fixture
def lab(lab):
    lab.ovhcloud.new_okms(lab.region, "kms")
    return open_up(lab)


@pytest.fixture
def endpoint(lab, run_module):
    """The endpoint for vCenter as okms_info tells it, the CA in the asked form."""

    def ask(form, kind=None):
        lab.ovhcloud.settings.public_ca = form
        domain = run_module("okms_info", display_name="kms")["okms_domains"][0]
        return domain["kmip_endpoints"][kind] if kind else domain["kmip_for_vcenter"]

    return ask


@pytest.fixture
def look(run_module):
    """kmip_server_info as the roles call it."""

    def at(place, thumbprints=None, **options):
        rule = {"thumbprints": thumbprints} if thumbprints else {"ca": place["ca"]}
        given = {"host": place["host"], "port": place["port"], "server_name": WILDCARD_NAME, **rule, **options}
        return run_module("kmip_server_info", wait=False, **given)

    return at


@pytest.fixture
def provide(run_module):
    """standard_key_provider with what kmip_server_info handed over."""
    return functools.partial(run_module, "standard_key_provider", name=PROVIDER, **FAST)


@pytest.fixture
def authorities_of_the_machine(monkeypatch, tmp_path):
    """Put a CA among those that OpenSSL takes from the computer."""

    def add(pem):
        file = tmp_path / "machine.pem"
        file.write_text(pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))

    return add


def options_of(place, seen):
    handed = {key: value for key, value in seen["kmip_server"]["for_vcenter"].items() if value}
    return {"servers": [{"name": "par", "address": place["host"], "port": place["port"]}], **handed}


def trusted_by(result):
    return {server["name"]: server["trusted_by"] for server in result["server_trust"]}


@pytest.mark.parametrize("form", ["issuing", "root", "bundle"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_vcenter_trusts_the_chain_with_each_form_of_ca(lab, endpoint, look, provide, form, kind):
    place = endpoint(form, kind)
    door = lab.okms_rsa if kind == "rsa" else lab.okms_ecdsa
    assert (place["kind"], place["port"]) == (kind, door.port)
    seen = look(place, on_untrusted="fail")
    assert seen["kmip_server"]["trusted"]["trusted_by"] == ["ca"]
    assert seen["kmip_server"]["subject_alternative_names"][0] == "DNS:*.okms.ovh.net"
    assert len(seen["kmip_server"]["chain"]) == 2
    made = converge(lab, provide, "key_provider", (*UNKNOWN, "default"), **options_of(place, seen))
    assert trusted_by(made) == {"par": ["ca"]}
    assert made["key_provider"]["servers"][0]["trusted"] is True


def test_without_a_ca_the_verdict_of_the_machine_is_pinned(lab, endpoint, look, provide, authorities_of_the_machine):
    authorities_of_the_machine(lab.okms_rsa_servers.root.certificate_pem)
    place = endpoint("null")
    assert place["ca"] is None
    seen = look(place, on_untrusted="fail")
    assert seen["kmip_server"]["trusted"]["trusted_by"] == ["authorities"]
    made = converge(lab, provide, "key_provider", (*UNKNOWN, "default"), **options_of(place, seen))
    assert trusted_by(made) == {"par": ["thumbprint"]}


def test_without_ca_and_authority_nothing_is_trusted(lab, endpoint, look, authorities_of_the_machine):
    authorities_of_the_machine(lab.external_authority.certificate_pem)
    place = endpoint("null")
    refused = look(place, on_untrusted="fail")
    assert refused.failed and "the trusted authorities of the host that runs the module" in refused.msg
    assert look(place)["kmip_server"]["for_vcenter"] is None
    # a pin is enough
    pinned = look(place, thumbprints=[sha256_of(lab.okms_rsa.certificate_pem)], on_untrusted="fail")
    assert pinned["kmip_server"]["trusted"]["trusted_by"] == ["thumbprint"]


def test_the_wildcard_is_matched_and_only_one_label_deep(endpoint, look):
    place = endpoint("root")
    for name, right in ((WILDCARD_NAME, True), ("a.b.okms.ovh.net", False), ("okms.ovh.net", False)):
        trusted = look(place, server_name=name)["kmip_server"]["trusted"]
        assert (trusted["verdict"], trusted["hostname_matches"]) == (right, right), name


def test_foreign_root_says_which_issuer_is_missing(lab, endpoint, look):
    place = {**endpoint("root"), "ca": lab.okms_servers.root.certificate_pem}
    trusted = look(place)["kmip_server"]["trusted"]
    assert (trusted["verdict"], trusted["trusted_by"]) == (False, [])
    assert "the CA does not hold the issuer CN=OKMS RSA root" in trusted["reasons"][0]


def test_a_leaf_that_is_no_ca_signs_nobody(lab, endpoint, look, provide):
    impostor = lab.okms_servers.leaf("OKMS RSA issuing CA", "server", kind="rsa")[0]
    place = endpoint("root")
    assert look({**place, "ca": impostor})["kmip_server"]["trusted"]["verdict"] is False
    seen = look(place)
    refused = provide(**{**options_of(place, seen), "server_ca": impostor})
    assert refused.failed and "did not sign" in refused.msg


def test_a_root_without_the_chain_is_refused_with_the_next_step(lab, endpoint, look, provide):
    place = endpoint("root")
    options = options_of(place, look(place))
    del options["server_chain"]
    refused, writes = Writes(lab).of(lambda: provide(**options))
    assert refused.failed and writes == []
    assert "server_chain" in refused.msg and "\n" not in refused.msg


def test_a_chain_that_does_not_belong_there_vouches_for_nothing(lab, endpoint, look, provide):
    place = endpoint("root")
    options = options_of(place, look(place))
    options["server_ca"] = lab.okms_servers.root.certificate_pem
    refused, writes = Writes(lab).of(lambda: provide(**options))
    assert refused.failed and writes == []
    unreadable = provide(**{**options, "server_chain": ["no certificate"]})
    assert unreadable.failed and unreadable.msg.startswith("server_chain: ")


@pytest.mark.parametrize("form", ["root", "null"])
@pytest.mark.parametrize("accumulate", [True, False])
def test_a_renewed_leaf_is_trusted_by_the_next_run(
    lab, endpoint, look, provide, authorities_of_the_machine, form, accumulate
):
    authorities_of_the_machine(lab.okms_rsa_servers.root.certificate_pem)
    lab.vcenter.settings.server_certificates_accumulate = accumulate
    place = endpoint(form)
    first = look(place)
    assert not provide(**options_of(place, first)).failed
    lab.okms_kmip.replace_server_certificate()
    second = look(place)
    assert second["kmip_server"]["sha1"] == thumbprints(lab.okms_rsa.certificate_pem)["sha1"]
    assert second["kmip_server"]["sha1"] != first["kmip_server"]["sha1"]
    if form == "null":  # the leaf alone was trusted
        mended = converge(lab, provide, "key_provider", UNKNOWN, **options_of(place, second))
        assert mended.diff["before"]["servers"][0]["trusted"] is False
    else:  # the CA outlives it
        mended, writes = Writes(lab).of(lambda: provide(**options_of(place, second)))
        assert (mended.failed, mended.changed, writes) == (False, False, [])
    assert mended["key_provider"]["servers"][0]["trusted"] is True


@pytest.mark.parametrize("accumulate", [True, False])
def test_a_server_that_moves_is_never_untrusted_in_between(lab, endpoint, look, provide, run_module, accumulate):
    lab.vcenter.settings.server_certificates_accumulate = accumulate
    old, new = endpoint("root", "ecdsa"), endpoint("root", "rsa")
    assert not provide(**options_of(old, look(old))).failed
    lab.faults.add(system="vcenter", operation="UpdateKmipServer", action="refuse")
    mark = lab.journal.mark()
    assert provide(**options_of(new, look(new))).failed
    # interrupted between the two: the server is where it was, and trusted
    assert [entry.operation for entry in lab.journal.writes(mark, "vcenter")][:1] == ["UploadKmipServerCert"]
    connection = run_module("key_provider_info", name=PROVIDER)["key_providers"][0]["connections"][0]
    assert connection["vcenter_trusts_server"] is True
    moved, writes = Writes(lab).of(lambda: provide(**options_of(new, look(new))))
    assert not moved.failed and moved["key_provider"]["servers"][0]["trusted"] is True
    # vCenter trusts the new place already, nothing is uploaded again
    assert writes == ["UpdateKmipServer"]
    again, writes = Writes(lab).of(lambda: provide(**options_of(new, look(new))))
    assert (again.failed, again.changed, writes) == (False, False, [])


def test_an_expired_leaf_is_told_and_not_waited_for(lab, endpoint, look, provide):
    place = endpoint("issuing")
    options = options_of(place, look(place))
    lab.okms_kmip.replace_server_certificate(days=-0.002)
    result, writes = Writes(lab).of(lambda: provide(**options))
    assert result.failed and writes == []
    assert "expired on" in result.msg and "waiting does not help" in result.msg


def test_without_a_port_a_server_keeps_the_one_it_has(lab, endpoint, look, provide):
    place = endpoint("issuing")
    options = options_of(place, look(place))
    assert not provide(**options).failed
    del options["servers"][0]["port"]
    again, writes = Writes(lab).of(lambda: provide(**options))
    assert (again.failed, again.changed, writes) == (False, False, [])
    assert again["key_provider"]["servers"][0]["port"] == place["port"]


@pytest.mark.parametrize(("form", "kind"), [("port", "rsa"), ("null", "ecdsa")])
def test_the_endpoint_for_vcenter_follows_the_api(lab, run_module, form, kind):
    lab.ovhcloud.settings.rsa_endpoint = form
    domain = run_module("okms_info", display_name="kms")["okms_domains"][0]
    assert domain["kmip_for_vcenter"] == domain["kmip_endpoints"][kind]
    assert (domain["kmip_endpoints"]["rsa"] is None) is (form == "null")
    door = lab.okms_rsa if kind == "rsa" else lab.okms_ecdsa
    assert domain["kmip_for_vcenter"]["port"] == door.port


def test_a_bare_host_means_the_port_of_the_guide(lab, run_module):
    lab.ovhcloud.settings.rsa_endpoint = "bare"
    domain = run_module("okms_info", display_name="kms")["okms_domains"][0]
    assert domain["kmip_endpoints"]["rsa"]["port"] == 5697


def test_vcenters_clock_tells_whether_a_leaf_has_expired(lab, endpoint, look, provide):
    place = endpoint("issuing")
    options = options_of(place, look(place))
    lab.clock.advance(400 * 86400)
    result, writes = Writes(lab).of(lambda: provide(**options, wait_timeout=1))
    assert result.failed and writes == []
    assert "expired on" in result.msg and "waiting does not help" in result.msg
