# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole lab: how it starts and stops, how its parts hang together, and its control port."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import ssl
import stat
import threading

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.__main__ import explain
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import KmsRefused, VCenterKmsClient
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud import OvhSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import certificate_pem, key_pem, new_key, thumbprints

PACKAGE = "ansible_collections.ovhcloud.vmware_encryption.tests.lab"
USER_URN = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"


@pytest.fixture
def lab():
    with Lab() as running:
        yield running


class Api:
    """Calls with a bearer token of the account."""

    def __init__(self, lab):
        self._lab = lab
        self._session = requests.Session()
        self._session.trust_env = False  # REQUESTS_CA_BUNDLE would win over verify
        self._session.verify = lab.ca_path
        self._session.headers["Authorization"] = f"Bearer {lab.ovhcloud.add_token()}"

    def __call__(self, method, path, **body):
        answer = self._session.request(method, self._lab.ovh_endpoint + path, json=body or None, timeout=60)
        answer.raise_for_status()
        return answer.json()


def credential(lab, okms_id, urn=None, validity=365):
    """A certificate and key made by OKMS through the API; (credential id, certificate, key)."""
    api = Api(lab)
    base = f"/v2/okms/resource/{okms_id}/credential"
    urn = urn or lab.ovhcloud.state.root.urn
    made = api("POST", base, name="vcenter", identityURNs=[urn], validity=validity)
    for _read in range(10):
        shown = api("GET", f"{base}/{made['id']}")
        if shown["status"] == "READY":
            return made["id"], shown["certificatePEM"], made["privateKeyPEM"]
    raise AssertionError(shown["status"])


def kmip_policy(okms_id, name, action):
    """Body of an IAM policy for the user that vCenter's certificate acts for."""
    return {
        "name": name,
        "identities": [USER_URN],
        "resources": [{"urn": f"urn:v1:eu:resource:okms:{okms_id}"}],
        "permissions": {"allow": [{"action": action}]},
    }


def vcenter_as_client(lab, certificate, key):
    trusted, (host, port) = [lab.okms_public_ca], lab.okms_kmip.address
    return VCenterKmsClient(host, port, trusted, certificate, key, clock=lab.clock)


def get(lab, path):
    return requests.get(lab.control_url + path, timeout=60).json()


def post(lab, path, **body):
    return requests.post(lab.control_url + path, json=body, timeout=60)


def test_starts_and_leaves_nothing():
    threads = threading.active_count()
    lab = Lab()
    with lab:
        assert stat.S_IMODE(os.stat(lab.directory).st_mode) == 0o700
        places = [("127.0.0.1", port) for port in (lab.vcenter_port, lab.control_port)]
        places += [server.address for server in (lab.okms_kmip, *lab.external_kms)]
        assert len(set(places)) == 5
    assert not os.path.exists(lab.directory)
    for place in places:
        with pytest.raises(OSError):
            socket.create_connection(place, 1).close()
    assert threading.active_count() <= threads + 1
    lab.stop()


def test_a_failed_start_leaves_nothing(monkeypatch):
    def fail(self):
        raise RuntimeError("planted")

    monkeypatch.setattr(Lab, "_connect", fail)
    lab = Lab()
    with pytest.raises(RuntimeError, match="planted"):
        lab.start()
    assert not os.path.exists(lab.directory)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_one_ca_verifies_all_https_servers(lab, host):
    ports = [lab.vcenter_port, int(lab.ovh_endpoint.rsplit(":", 1)[1])]
    for port in ports:
        context = ssl.create_default_context(cafile=lab.ca_path)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with socket.create_connection((host, port), 5) as raw, context.wrap_socket(raw, server_hostname=host) as tls:
            assert tls.version() == "TLSv1.3"


def test_account_as_promised(lab):
    api = Api(lab)
    assert api("GET", "/v2/okms/resource") == []
    assert api("GET", "/1.0/dedicatedCloud") == ["pcc-192-0-2-10"]
    cloud = api("GET", "/1.0/dedicatedCloud/pcc-192-0-2-10")
    assert cloud["webInterfaceUrl"] == f"https://localhost:{lab.vcenter_port}/"
    endpoints = {region["kmipEndpoint"] for region in api("GET", "/v2/okms/reference/regions")}  # the first page
    assert endpoints == {"eu-west-rbx.okms.ovh.net:5696", "eu-west-sbg.okms.ovh.net:5696"}
    assert lab.vcenter_username == "admin@pcc-192-0-2-10.ovh.test"
    assert lab.ovhcloud.contract_errors == []


def test_only_api_certificates_get_in_and_revoked_ones_get_out(lab):
    domain = lab.ovhcloud.new_okms(lab.region, "kms")
    number, certificate, key = credential(lab, domain.okms_id)
    client = vcenter_as_client(lab, certificate, key)
    assert client.probe().green
    made = client.create_key("8.0.3 build-1")
    assert lab.okms_kmip.keys()[made]["owner"] == domain.okms_id
    assert Api(lab)("GET", f"/v2/okms/resource/{domain.okms_id}")["kmipObjectCount"] == 1
    stranger = vcenter_as_client(lab, *lab.external_clients.leaf(domain.okms_id, "client"))
    assert not stranger.probe().server_trusts_client
    Api(lab)("DELETE", f"/v2/okms/resource/{domain.okms_id}/credential/{number}")
    probe = client.probe()
    assert not probe.server_trusts_client and "revoked" in probe.detail.lower()
    assert {entry.actor for entry in lab.journal.entries(system="okms_kmip")} == {domain.okms_id}


def test_credentials_expire_with_the_lab_clock(lab):
    domain = lab.ovhcloud.new_okms(lab.region, "kms")
    _number, certificate, key = credential(lab, domain.okms_id, validity=10)
    client = vcenter_as_client(lab, certificate, key)
    assert client.probe().green
    lab.clock.advance(11 * 86400)
    assert not client.probe().server_trusts_client
    _number, certificate, key = credential(lab, domain.okms_id, validity=10)
    assert vcenter_as_client(lab, certificate, key).probe().green


@pytest.mark.parametrize("needed", [False, True])
def test_iam_on_kmip_operations(needed):
    with Lab(LabSettings(kmip_needs_policy=needed)) as lab:
        domain = lab.ovhcloud.new_okms(lab.region, "kms")
        _number, certificate, key = credential(lab, domain.okms_id, USER_URN)
        client = vcenter_as_client(lab, certificate, key)
        assert client.probe().green != needed
        if not needed:
            client.create_key("8.0.3 build-1")
            return
        Api(lab)("POST", "/v2/iam/policy", **kmip_policy(domain.okms_id, "reader", "okms:kmip:get"))
        lab.clock.advance(60)
        with pytest.raises(KmsRefused, match="Create operation failed on the server: Permission_Denied"):
            client.create_key("8.0.3 build-1")
        Api(lab)("POST", "/v2/iam/policy", **kmip_policy(domain.okms_id, "vcenter", "okms:kmip:*"))
        assert len(client.use_key(client.create_key("8.0.3 build-1"))) == 32


def test_external_key_server_has_its_own_authority(lab):
    assert list(lab.kmip_servers()) == ["okms"]
    server = lab.external_kms[0]
    certificate, key = lab.external_client_pair()
    trusted, (host, port) = [lab.external_authority.certificate_pem], server.address
    assert VCenterKmsClient(host, port, trusted, certificate, key).probe().green
    assert list(lab.kmip_servers()) == ["okms", "kms1", "kms2"]
    assert lab.journal.count("external_kms") == 2 and lab.journal.count("okms_kmip") == 0


def test_environment_and_secrets(lab):
    environment = lab.environment()
    assert environment["OVH_CONSUMER_KEY"] == lab.consumer_key and "OVH_CLIENT_ID" not in environment
    other = lab.environment(service_account=True)
    assert other["OVH_CLIENT_SECRET"] == lab.client_secret and "OVH_CONSUMER_KEY" not in other
    assert {lab.application_secret, lab.consumer_key, lab.client_secret, lab.vcenter_password} <= set(lab.secrets())
    assert lab.application_key not in lab.secrets()


def test_vcenter_lets_in_only_users_of_the_private_cloud(lab):
    plain = lab._authenticate(lab.vcenter_username, lab.vcenter_password)
    assert "Cryptographer.ManageKeyServers" not in plain
    lab.give_encryption_right()
    assert "Cryptographer.ManageKeyServers" in lab._authenticate(lab.vcenter_username, lab.vcenter_password)
    assert lab._authenticate(lab.vcenter_username, "wrong") is None
    assert lab._authenticate("nobody@pcc-192-0-2-10.ovh.test", lab.vcenter_password) is None


def trusted_provider(lab, address):
    """A provider over OKMS, set up in vCenter by SOAP, and the id of its credential."""
    lab.give_encryption_right()
    domain = lab.ovhcloud.new_okms(lab.region, "kms")
    number, certificate, key = credential(lab, domain.okms_id)
    context = ssl.create_default_context(cafile=lab.ca_path)
    where = {"host": lab.vcenter_hostname, "port": lab.vcenter_port, "sslContext": context}
    session = SmartConnect(user=lab.vcenter_username, pwd=lab.vcenter_password, **where)
    manager, identifier = session.RetrieveContent().cryptoManager, vim.encryption.KeyProviderId(id="okms-prod")
    port = lab.okms_kmip.address[1]
    server = vim.encryption.KmipServerInfo(name="okms-1", address=address, port=port)
    manager.RegisterKmipServer(server=vim.encryption.KmipServerSpec(clusterId=identifier, info=server))
    manager.UploadKmipServerCert(cluster=identifier, certificate=lab.okms_public_ca)
    manager.UploadClientCert(cluster=identifier, certificate=certificate, privateKey=key)
    Disconnect(session)
    return domain.okms_id, number


@pytest.mark.parametrize("by_name", [True, False])
def test_flow_trust_and_keys_hang_together(lab, by_name):
    ip = lab.okms_kmip.address[0]
    address = lab.okms_kmip.host if by_name else ip
    okms_id, number = trusted_provider(lab, address)
    with pytest.raises(RuntimeError, match="Cannot connect"):
        lab.generate_key("okms-prod")
    api, base = Api(lab), f"/1.0/dedicatedCloud/{lab.private_cloud}/vmEncryption/kms"
    pin = thumbprints(lab.okms_kmip.server_certificate_pem)["sha1"]
    task = api("POST", base, ip=ip, sslThumbprint=pin, description="okms")
    for _read in range(10):
        shown = api("GET", f"/1.0/dedicatedCloud/{lab.private_cloud}/task/{task['taskId']}")
        if shown["state"] == "done":
            break
    assert shown["state"] == "done"
    made = lab.generate_key("okms-prod")
    assert lab.okms_kmip.keys()[made]["owner"] == okms_id
    assert {(okms_id, "Create"), (okms_id, "Get")} <= set(lab.okms_kmip.seen)
    state = lab.snapshot()
    assert [entry["state"] for entry in state["kms_entries"]] == ["delivered"]
    assert [provider["servers"][0]["address"] for provider in state["providers"]] == [address]
    lab.ovhcloud.revoke_credential(okms_id, number)
    with pytest.raises(RuntimeError):
        lab.generate_key("okms-prod")
    assert lab.ovhcloud.contract_errors == []
    text = json.dumps(lab.snapshot())
    assert len(lab.secrets()) > 5 and not [secret for secret in lab.secrets() if secret in text]


def test_short_cuts(lab, tmp_path):
    certificate, key = (pathlib.Path(path).read_text() for path in lab.client_files("an-okms-id", tmp_path))
    assert vcenter_as_client(lab, certificate, key).probe().green
    private = new_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(private, hashes.SHA256())
    signed = lab.sign_request("an-okms-id", request.public_bytes(serialization.Encoding.PEM).decode())
    assert vcenter_as_client(lab, signed, key_pem(private)).probe().green
    assert {entry.actor for entry in lab.journal.entries(system="okms_kmip")} == {"an-okms-id"}
    authorities = [lab.okms_rsa_servers.certificate, lab.okms_rsa_servers.root.certificate]
    assert x509.load_pem_x509_certificates(lab.okms_public_ca.encode()) == authorities


def test_administrator_of_vcenter_may_everything(lab):
    name, password = lab.administrator
    assert lab.vcenter.authenticate(name, password) == {"*"}
    assert lab.vcenter.authenticate(name, "wrong") is None
    assert password in lab.secrets() and name not in {user.login for user in _users(lab)}


def _users(lab):
    return lab.ovhcloud.state.pccs[lab.private_cloud].users.values()


@pytest.mark.parametrize(("form", "critical"), [("critical", True), ("plain", False), ("none", None)])
def test_client_certificates_name_their_domain(form, critical, tmp_path):
    with Lab(LabSettings(ovhcloud=OvhSettings(credential_san=form))) as lab:
        pem, key = (pathlib.Path(path).read_text() for path in lab.client_files("an-okms-id", tmp_path))
        private = new_key()
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(private, hashes.SHA256())
        signed = lab.sign_request("an-okms-id", request.public_bytes(serialization.Encoding.PEM).decode())
        for text, key_text in ((pem, key), (signed, key_pem(private))):
            made = x509.load_pem_x509_certificate(text.encode()).extensions
            found = [one for one in made if isinstance(one.value, x509.SubjectAlternativeName)]
            assert [one.critical for one in found] == ([] if critical is None else [critical])
            assert [one.value[0].value[2:] for one in found] == (
                [] if critical is None else [b"okms.domain:an-okms-id"]
            )
            assert vcenter_as_client(lab, text, key_text).probe().green


def test_control_port_reads(lab):
    Api(lab)("GET", "/1.0/me")
    mark = get(lab, "/mark")["mark"]
    lab.ovhcloud.new_okms(lab.region, "kms")
    Api(lab)("GET", "/1.0/me")
    entries = get(lab, f"/journal?since={mark}")["entries"]
    assert [entry["operation"] for entry in entries] == ["GET /me"]
    assert get(lab, "/journal/summary")["summary"]["ovhcloud"]["read"] == 2
    state = get(lab, "/state")
    assert [domain["name"] for domain in state["okms"]] == ["kms"]
    assert state["kmip"]["okms"]["keys"] == {} and state["providers"] == [] and state["orders"] == []
    text = json.dumps(state)
    assert not [secret for secret in lab.secrets() if secret in text]


def test_control_port_acts(lab):
    domain = lab.ovhcloud.new_okms(lab.region, "kms")
    number, certificate, key = credential(lab, domain.okms_id)
    assert post(lab, "/clock", advance=3600).json()["offset"] == 3600
    assert post(lab, "/faults", action="status", operation="GET /me", status=503).json() == {"rules": 1}
    with pytest.raises(requests.HTTPError, match="503"):
        Api(lab)("GET", "/1.0/me")
    post(lab, "/faults", rules=[{"action": "refuse", "times": 9}])
    requests.delete(lab.control_url + "/faults", timeout=60)
    Api(lab)("GET", "/1.0/me")
    before = lab.okms_kmip.server_certificate_pem
    renewed = post(lab, "/kms-certificate/renew").json()
    assert lab.okms_kmip.server_certificate_pem != before
    client = vcenter_as_client(lab, certificate, key)
    probe = client.probe()
    assert probe.green and get(lab, "/state")["kmip"]["okms"]["sha1"] == renewed["sha1"]
    assert post(lab, "/vcenter/settings", reconfigure_polls=4).json() == {"reconfigure_polls": 4}
    assert lab.vcenter.settings.reconfigure_polls == 4
    path = f"/okms/{domain.okms_id}/credential/{number}/revoke"
    assert post(lab, path).status_code == 200
    assert not client.probe().server_trusts_client
    assert not lab.stopping.is_set()
    post(lab, "/stop")
    assert lab.stopping.is_set()


@pytest.mark.parametrize(
    "path, body, status",
    [
        ("/nothing", {}, 404),
        ("/journal", {}, 405),
        ("/clock", {}, 400),
        ("/faults", {"action": "explode"}, 400),
        ("/faults", {"action": "refuse", "colour": "red"}, 400),
        (f"/okms/{'0' * 36}/credential/{'0' * 36}/revoke", {}, 400),
        ("/kms-certificate/renew", {"server": "other"}, 400),
        ("/vcenter/settings", {"colour": 1}, 400),
        ("/vcenter/settings", {"reconfigure_polls": "4"}, 400),
    ],
)
def test_control_port_says_no(lab, path, body, status):
    answer = post(lab, path, **body)
    assert answer.status_code == status and answer.json()["error"]


def test_foreign_certificate_with_the_right_name_is_refused(lab):
    domain = lab.ovhcloud.new_okms(lab.region, "kms")
    key = new_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domain.okms_id)])
    own = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(lab.okms_users.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(lab.okms_users.certificate.not_valid_before_utc)
        .not_valid_after(lab.okms_users.certificate.not_valid_after_utc)
        .sign(key, lab.okms_users.certificate.signature_hash_algorithm)
    )
    pem = certificate_pem(own)
    assert not vcenter_as_client(lab, pem, key_pem(key)).probe().server_trusts_client


def read(path):
    return pathlib.Path(path).read_text()


def test_explanation_names_every_part(lab):
    text = explain(lab, 60)
    for word in (
        "variables.sh",
        "ansible-playbook ovhcloud.vmware_encryption.preflight",
        lab.ovh_endpoint,
        str(lab.vcenter_port),
        lab.control_url,
        lab.ca_path,
        "export VMWARE_PASSWORD=",
    ):
        assert word in text
