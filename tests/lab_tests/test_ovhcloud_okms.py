# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OKMS in the lab: reference data, credentials with real certificates, service keys."""

from __future__ import annotations

import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.ovhcloud_site import CA, Site

ROOT = "urn:v1:eu:identity:account:ab12345-ovh"
BAD = "Client::BadRequest::"


@pytest.fixture
def site():
    made = Site()
    made.domain = made.app.new_okms("eu-west-rbx", "kms")
    made.path = f"/v2/okms/resource/{made.domain.okms_id}"
    yield made
    made.stop()


def _csr(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vcenter.example.net")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _issue(site, **more):
    return site.call("POST", f"{site.path}/credential", {"name": "vcenter", "identityURNs": [ROOT], **more})


def test_reference(site):
    regions = site.pages("/v2/okms/reference/regions")
    assert regions[0]["kmipEndpoint"] == "localhost:5696"
    kinds = site.pages("/v2/okms/reference/serviceKey?region=eu-west-rbx")
    assert [kind["type"] for kind in kinds if kind["default"]] == ["oct"]
    assert site.call("GET", "/v2/okms/reference/secretConfig?region=eu-west-rbx")["maxVersions"] == 10
    assert site.refused("GET", "/v2/okms/reference/serviceKey?region=eu-west-par")[0] == 404
    assert site.refused("GET", "/v2/okms/reference/serviceKey")[0] == 400


def test_domain(site):
    site.app.kmip_object_count = lambda okms_id: 7
    shown = site.call("GET", f"{site.path}?publicCA=true")
    assert (shown["kmipObjectCount"], shown["publicCA"], shown["iam"]["displayName"]) == (7, CA, "kms")
    assert site.refused("GET", f"/v2/okms/resource/{uuid.uuid4()}") == (404, "Client::NotFound")
    assert site.refused("GET", "/v2/okms/resource/kms") == (400, "Client::BadRequest")
    site.domain.tags["env"] = "prod"
    for value, count in (("prod", 1), ("test", 0)):
        tags = f'{{"env":[{{"operator":"EQ","value":"{value}"}}]}}'
        assert len(site.call("GET", "/v2/okms/resource", params={"iamTags": tags})) == count


def test_credential_from_a_request(site):
    issued = []
    site.app.on_credential_issued = lambda *facts: issued.append(facts)
    key = rsa.generate_private_key(65537, 2048)
    made = _issue(site, csr=_csr(key), description="by a test", validity=30)
    assert (made["status"], made["fromCSR"], made["privateKeyPEM"]) == ("CREATING", True, None)
    assert made["certificateType"] == "ECDSA"  # whatever key the request has (guide okms-certificate-management)
    assert "certificatePEM" not in made and not issued
    path = f"{site.path}/credential/{made['id']}"
    assert site.call("GET", path)["certificatePEM"] is None
    ready = site.call("GET", path)
    assert ready["status"] == "READY" and "privateKeyPEM" not in ready
    certificate = x509.load_pem_x509_certificate(ready["certificatePEM"].encode())
    assert issued == [(site.domain.okms_id, made["id"], certificate)]
    certificate.verify_directly_issued_by(site.authority.certificate)
    assert certificate.serial_number == uuid.UUID(made["id"]).int
    assert certificate.issuer.rfc4514_string() == "CN=CCMUsersCA"
    assert certificate.subject.rfc4514_string() == f"CN={site.domain.okms_id}"
    assert certificate.public_key() == key.public_key()
    assert (certificate.not_valid_after_utc - site.clock.now()).days in (29, 30)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    other = names.value.get_values_for_type(x509.OtherName)[0]
    assert names.critical and other.type_id.dotted_string == "1.3.6.1.4.1.311.20.2.3"
    assert other.value[2:].decode() == f"okms.domain:{site.domain.okms_id}"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


@pytest.mark.parametrize("kind, key_class", [(None, ec.EllipticCurvePublicKey), ("RSA", rsa.RSAPublicKey)])
def test_credential_with_a_key_made_by_okms(site, kind, key_class):
    made = _issue(site, certificateType=kind)
    key = serialization.load_pem_private_key(made["privateKeyPEM"].encode(), None)
    assert made["privateKeyPEM"].splitlines()[0] == f"-----BEGIN {'RSA' if kind else 'EC'} PRIVATE KEY-----"
    assert made["privateKeyPEM"] in site.app.secrets()
    path = f"{site.path}/credential/{made['id']}"
    ready = [site.call("GET", path) for _look in range(2)][1]
    public = x509.load_pem_x509_certificate(ready["certificatePEM"].encode()).public_key()
    assert isinstance(public, key_class) and public == key.public_key()
    assert ready["certificateType"] == (kind or "ECDSA")


def test_end_of_a_credential(site):
    revoked = []
    site.app.on_credential_revoked = lambda *facts: revoked.append(facts)
    made = _issue(site)
    path = f"{site.path}/credential/{made['id']}"
    assert site.refused("DELETE", path) == (400, f"{BAD}CredentialStatusInvalid")
    site.call("GET", path)
    site.call("GET", path)
    assert site.call("DELETE", path)["status"] == "DELETING"
    serial = uuid.UUID(made["id"]).int
    assert revoked == [(site.domain.okms_id, made["id"], serial)]
    assert str(serial) in str(x509.load_pem_x509_crl(site.authority.crl_pem().encode())[0].serial_number)
    assert site.refused("DELETE", path) == (400, f"{BAD}CredentialStatusInvalid")
    assert site.call("GET", path)["status"] == "DELETING"
    assert site.refused("GET", path) == (404, "Client::NotFound")
    assert site.pages(f"{site.path}/credential") == []


def test_expiry_and_failure_of_credentials(site):
    made = _issue(site, validity=1)
    path = f"{site.path}/credential/{made['id']}"
    site.call("GET", path)
    site.call("GET", path)
    site.clock.advance(86401)
    assert site.call("GET", path)["status"] == "EXPIRED"
    site.settings.credential_outcome = "ERROR"
    path = f"{site.path}/credential/{_issue(site)['id']}"
    assert [site.call("GET", path)["status"] for _look in range(2)] == ["CREATING", "ERROR"]
    assert site.call("GET", path)["certificatePEM"] is None


def test_credentials_come_in_pages(site):
    site.settings.credential_reads = 0
    made = [_issue(site, name=f"vcenter-{number}")["id"] for number in range(5)]
    assert [item["id"] for item in site.pages(f"{site.path}/credential")] == made


@pytest.mark.parametrize(
    "more, suffix",
    [
        ({"name": "n" * 51}, "CredentialNameMaximumExceeded"),
        ({"name": "a\tb"}, "CredentialNameInvalidCharacter"),
        ({"description": "d" * 201}, "CredentialDescriptionMaximumExceeded"),
        ({"description": "a\x00b"}, "CredentialDescriptionInvalidCharacter"),
        ({"identityURNs": []}, "CredentialIdentityURNsMinimumRequired"),
        ({"identityURNs": [ROOT] * 26}, "CredentialIdentityURNsMaximumExceeded"),
        ({"identityURNs": ["vcenter"]}, "CredentialIdentityURNsInvalidURN"),
        ({"validity": 0}, "CredentialValidityMinimumRequired"),
        ({"validity": 366}, "CredentialValidityMaximumExceeded"),
        ({"csr": "x", "certificateType": "RSA"}, "CredentialCertificateTypeIncompatibleFields"),
        ({"csr": "no request"}, "CredentialCSRInvalidCharacter"),
        ({"csr": "x" * 10_001}, "CredentialCSRMaximumExceeded"),
        ({"certificateType": "DSA"}, "CredentialCertificateTypeInvalidEnum"),
    ],
)
def test_limits_of_credentials(site, more, suffix):
    body = {"name": "vcenter", "identityURNs": [ROOT], **more}
    assert site.refused("POST", f"{site.path}/credential", body) == (400, BAD + suffix)
    assert not site.domain.credentials


def test_somebody_else_revokes(site):
    site.settings.credential_delete_reads = 0
    made = _issue(site)
    site.app.revoke_credential(site.domain.okms_id, made["id"])
    assert site.refused("GET", f"{site.path}/credential/{made['id']}")[0] == 404


def test_service_key(site):
    body = {"name": "app-data", "context": "billing", "type": "oct", "size": 256, "operations": ["encrypt", "decrypt"]}
    made = site.call("POST", f"{site.path}/serviceKey", body)
    path = f"{site.path}/serviceKey/{made['id']}"
    assert (made["state"], made["keys"][0]["kid"], made["keys"][0]["k"]) == ("ACTIVE", made["id"], None)
    shown = site.call("GET", path)
    assert (shown["iam"]["displayName"], shown["keys"]) == ("app-data", None)
    assert site.call("GET", site.path)["serviceKeyCount"] == 1
    assert site.refused("DELETE", path) == (400, "Client::BadRequest")
    assert site.refused("PUT", path, {"state": "DEACTIVATED"}) == (400, f"{BAD}ServiceKeyDeactivationReasonRequired")
    changed = {"state": "DEACTIVATED", "deactivationReason": "SUPERSEDED", "name": "old"}
    assert site.call("PUT", path, changed)["state"] == "DEACTIVATED"
    assert site.call("PUT", path, {"state": "ACTIVE"})["name"] == "old"
    site.call("PUT", path, changed)
    assert site.call("DELETE", path) is None
    assert site.pages(f"{site.path}/serviceKey") == []


@pytest.mark.parametrize(
    "shape, field",
    [
        ({"type": "RSA", "size": 2048, "operations": ["sign", "verify"]}, "n"),
        ({"type": "EC", "curve": "P-384", "operations": ["sign", "verify"]}, "x"),
    ],
)
def test_asymmetric_service_keys_show_their_public_part(site, shape, field):
    made = site.call("POST", f"{site.path}/serviceKey", {"name": "signer", **shape})
    path = f"{site.path}/serviceKey/{made['id']}"
    assert site.call("GET", f"{path}?format=JWK")["keys"][0][field]
    pem = site.call("GET", f"{path}?format=PEM")["keysPEM"][0]["pem"]
    assert serialization.load_pem_public_key(pem.encode())


def test_import_of_a_service_key(site):
    key = {"kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODw", "key_ops": ["encrypt", "decrypt"]}
    made = site.call("POST", f"{site.path}/serviceKey", {"name": "own", "keys": [key]})
    assert (made["type"], made["size"], made["keys"][0]["k"]) == ("oct", 128, None)


@pytest.mark.parametrize(
    "body, suffix",
    [
        ({"name": ""}, "NameMinRequired"),
        ({"name": "n" * 33}, "NameMaxExceeded"),
        ({"name": "k"}, "TypeRequired"),
        ({"name": "k", "type": "oct", "operations": ["encrypt", "decrypt"]}, "SizeRequired"),
        ({"name": "k", "type": "oct", "size": 2048, "operations": ["encrypt", "decrypt"]}, "SizeInvalid"),
        ({"name": "k", "type": "oct", "size": 256, "operations": ["sign", "verify"]}, "OperationsInvalid"),
        ({"name": "k", "type": "EC", "operations": ["sign", "verify"]}, "CurveRequired"),
        ({"name": "k", "type": "oct", "keys": [{"kty": "oct"}]}, "KeysIncompatible"),
        ({"name": "k", "keys": []}, "KeysMinRequired"),
        ({"name": "k", "keys": [{"kty": "oct"}]}, "KRequired"),
        ({"name": "k", "keys": [{"kty": "oct", "k": "AAAA"}]}, "KeyOpsRequired"),
    ],
)
def test_limits_of_service_keys(site, body, suffix):
    assert site.refused("POST", f"{site.path}/serviceKey", body) == (400, f"{BAD}ServiceKey{suffix}")


def test_log_subscriptions(site):
    stream, path = site.app.add_stream(), f"{site.path}/log"
    assert [kind["name"] for kind in site.pages(f"{path}/kind")] == ["kmip", "rest"]
    assert "kmip_reason" in site.call("GET", f"{path}/kind/kmip")["additionalReturnedFields"]
    assert site.refused("GET", f"{path}/kind/nfs")[0] == 404
    body = {"kind": "kmip", "streamId": stream}
    assert site.call("POST", f"{path}/subscription", body)["serviceName"] == "ldp-rb-12345"
    assert site.pages(f"{path}/subscription") == []  # an operation, which takes its time
    (made,) = site.pages(f"{path}/subscription")
    assert (made["kind"], made["streamId"], made["resource"]) == (
        "kmip",
        stream,
        {"name": site.domain.okms_id, "type": "okms"},
    )
    assert site.refused("POST", f"{path}/subscription", body)[0] == 409
    for wrong in ({"kind": "nfs"}, {"streamId": str(uuid.uuid4())}):
        assert site.refused("POST", f"{path}/subscription", {**body, **wrong})[0] == 404
    assert site.refused("POST", f"{path}/subscription", {**body, "streamId": "my stream"})[0] == 400
    assert site.pages(f"{path}/subscription?kind=rest") == []
    one = f"{path}/subscription/{made['subscriptionId']}"
    assert site.call("GET", one) == made
    assert site.call("DELETE", one)["operationId"]
    assert site.pages(f"{path}/subscription") == [made]
    assert site.pages(f"{path}/subscription") == []
    assert site.refused("DELETE", one)[0] == 404


def test_forwarding_to_a_stream_is_a_right_on_logs_data_platform(site):
    stream = site.app.add_stream()
    identity = site.app.add_identity("logs", ["okms:apiovh:*"])
    site.consumer_key = site.app.add_consumer_key(identity)
    body = {"kind": "kmip", "streamId": stream}
    assert site.refused("POST", f"{site.path}/log/subscription", body) == (403, "Client::Forbidden")
    site.state.policies["p"] = {
        "createdAt": None,
        "expiredAt": None,
        "identities": [identity.urn],
        "resources": [{"urn": "urn:v1:eu:resource:ldp:ldp-rb-12345"}],
        "permissions": {"allow": [{"action": "ldp:apiovh:output/graylog/stream/forwardTo"}]},
        "permissionsGroups": [],
    }
    assert site.call("POST", f"{site.path}/log/subscription", body)["operationId"]
