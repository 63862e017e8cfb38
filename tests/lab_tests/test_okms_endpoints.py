# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the two KMIP endpoints of the lab's OKMS: ports, chains, authorities, and what vCenter makes of them."""

from __future__ import annotations

import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import every_value
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import VCenterKmsClient
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import load_pair, thumbprints
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import VCenterSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import Identity, KmipServer, Provider


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


def served(door):
    client = VCenterKmsClient(door.addresses[0], door.port, [], None, None)
    return x509.load_pem_x509_certificates(client.fetch_server_certificate().encode())


@pytest.mark.parametrize(("name", "kind"), [("okms_ecdsa", ec.EllipticCurvePublicKey), ("okms_rsa", rsa.RSAPublicKey)])
def test_each_endpoint_sends_its_leaf_and_issuing_ca(lab, name, kind):
    door = getattr(lab, name)
    leaf, issuing = served(door)
    assert isinstance(leaf.public_key(), kind) and isinstance(issuing.public_key(), kind)
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "*.okms.ovh.net"
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(door.authority.root.certificate)
    assert issuing == door.authority.certificate != door.authority.root.certificate


def test_endpoints_share_neither_leaf_nor_authority(lab):
    first, second = served(lab.okms_ecdsa), served(lab.okms_rsa)
    assert not set(first) & set(second) and lab.okms_ecdsa.port != lab.okms_rsa.port
    assert lab.okms_servers.root.certificate != lab.okms_rsa_servers.root.certificate


@pytest.mark.parametrize("name", ["okms_ecdsa", "okms_rsa"])
@pytest.mark.parametrize("host", ["eu-west-rbx.okms.ovh.net", "eu-west-par.okms.ovh.net"])
def test_root_alone_verifies_chain_and_wildcard(lab, name, host, tmp_path):
    door = getattr(lab, name)
    context = ssl.create_default_context(cadata=door.authority.root.certificate_pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    load_pair(context, *lab.okms_users.leaf("an-okms-id", "client"))
    place = door.addresses[0], door.port
    with socket.create_connection(place, 5) as raw, context.wrap_socket(raw, server_hostname=host) as tls:
        assert tls.version() == "TLSv1.3"


def test_key_made_at_one_endpoint_is_served_at_the_other(lab):
    certificate, key = lab.okms_users.leaf("one-domain", "client")
    first, second = (
        VCenterKmsClient(
            door.addresses[0], door.port, [door.authority.root.certificate_pem], certificate, key, clock=lab.clock
        )
        for door in (lab.okms_ecdsa, lab.okms_rsa)
    )
    made = first.create_key("8.0.3 build-1")
    assert second.use_key(made) == first.use_key(made)


FORMS = {
    "root": lambda authority: authority.root.certificate_pem,
    "issuing": lambda authority: authority.certificate_pem,
    "bundle": lambda authority: authority.certificate_pem + authority.root.certificate_pem,
    "null": lambda authority: None,
}


@every_value
def test_public_ca_in_each_form(assumed):
    form = assumed.value
    with Lab(assumed.put(LabSettings())) as lab:
        domain = lab.ovhcloud.new_okms(lab.region, "kms")
        shown = lab.ovhcloud.okms.shown(domain, with_ca=True)
        assert shown["publicCA"] == FORMS[form](lab.okms_servers)
        assert shown["publicRsaCA"] == FORMS[form](lab.okms_rsa_servers)
        plain = lab.ovhcloud.okms.shown(domain)
        assert (plain["publicCA"], plain["publicRsaCA"]) == (None, None)


@pytest.mark.parametrize("form", ["port", "bare", "null"])
def test_rsa_endpoint_in_each_form(lab, form, monkeypatch):
    monkeypatch.setattr(lab.ovhcloud.settings, "rsa_endpoint", form)
    domain = lab.ovhcloud.new_okms(lab.region, "kms")
    shown = lab.ovhcloud.okms.shown(domain, with_ca=True)
    host = shown["kmipEndpoint"].partition(":")[0]
    assert shown["kmipRsaEndpoint"] == {"port": f"{host}:{lab.okms_rsa.port}", "bare": host, "null": None}[form]
    assert (shown["publicRsaCA"] is None) == (form == "null") and shown["publicCA"]


def provider(lab, door):
    """A provider at that endpoint that lacks nothing."""
    lab.give_encryption_right()
    made = Provider(
        "okms-prod",
        servers={"okms": KmipServer("okms", door.addresses[0], door.port)},
        trusted=[door.authority.root.certificate_pem],
        identity=Identity(*lab.okms_users.leaf("an-okms-id", "client")),
    )
    lab.vcenter.crypto.providers["okms-prod"] = made
    lab.vcenter.flow_open = lambda _address, _port: True
    return made


SAYS = {"works": None, "handshake": "handshake", "certificate": "Cannot retrieve the requested certificate"}


@every_value
@pytest.mark.parametrize("version", ["8.0.3", "9.0"])
def test_vcenter_and_the_ecdsa_endpoint(version, assumed):
    judge_the_ecdsa_endpoint(version, assumed)


@every_value
def test_vcenter_7_and_the_ecdsa_endpoint(assumed):
    judge_the_ecdsa_endpoint("7.0.2", assumed)


def judge_the_ecdsa_endpoint(version, assumed):
    """With the RSA endpoint the provider is green in any case."""
    fails, says = assumed.value, SAYS[assumed.value]
    with Lab(assumed.put(LabSettings(vcenter=VCenterSettings(version=version)))) as lab:
        connections = lab.vcenter._connections
        made = provider(lab, lab.okms_ecdsa)
        server = made.servers["okms"]
        probe = connections.probe(made, server)
        assert probe.green == (says is None) and (says or "") in probe.detail
        assert bool(connections.certificate(server)) == (fails != "certificate")
        if says:
            with pytest.raises(RuntimeError):
                lab.generate_key("okms-prod")
        made = provider(lab, lab.okms_rsa)
        assert connections.probe(made, made.servers["okms"]).green
        made_keys = lab.okms_kmip.keys
        assert lab.generate_key("okms-prod") in made_keys()


def test_renewal_changes_both_thumbprints_and_keeps_trust(lab):
    before = [thumbprints(door.certificate_pem)["sha1"] for door in (lab.okms_ecdsa, lab.okms_rsa)]
    keys = [served(door)[0].public_key() for door in (lab.okms_ecdsa, lab.okms_rsa)]
    lab.okms_kmip.replace_server_certificate()
    after = [thumbprints(door.certificate_pem)["sha1"] for door in (lab.okms_ecdsa, lab.okms_rsa)]
    assert not set(before) & set(after)
    assert [served(door)[0].public_key() for door in (lab.okms_ecdsa, lab.okms_rsa)] != keys
    made = provider(lab, lab.okms_rsa)
    assert lab.vcenter._connections.probe(made, made.servers["okms"]).green


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_unwelcome_certificate_ends_in_the_alert_bad_certificate(version):
    with Lab(LabSettings(okms_maximum_tls=version)) as lab:
        lab.okms_kmip.admits = lambda certificate, address: (
            address == lab.okms_rsa.addresses[0] and "outsider" not in certificate.subject.rfc4514_string()
        )
        trusted = [lab.okms_rsa_servers.root.certificate_pem]
        for name, alert in (("member", ""), ("outsider", "bad certificate")):
            pair = lab.okms_users.leaf(name, "client")
            door = lab.okms_rsa
            probe = VCenterKmsClient(door.addresses[0], door.port, trusted, *pair).probe()
            assert probe.green == (not alert) and alert in probe.detail
        assert lab.okms_kmip.turned_away == ["outsider"]
