# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kmip_server_test against the lab's OKMS and the lab's external KMS."""

from __future__ import annotations

import json
import logging
import pathlib
import socket
import ssl

import pytest
import yaml
from cryptography import x509

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.probe_record import STEPS
from ansible_collections.ovhcloud.vmware_encryption.plugins.modules import kmip_server_test
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, thumbprints

LOGIN = ("vcenter", "kms word of the lab")
OTHER_SHA256 = ":".join(["AA"] * 32)
NAMES = [step.name for step in STEPS]
LOOKS = NAMES[:4]
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


class Bench:
    """The external KMS with a certificate that it takes."""

    def __init__(self, lab):
        self.lab = lab
        self.server = lab.external_kms[0]
        self.host, self.port = self.server.address
        certificate, key = lab.external_client_pair()
        self.pair = {"client_certificate": certificate, "client_private_key": key}

    def test(self, check=False, **options):
        """The module's result; no key material may be in it, and its message is one line."""
        given = {"host": self.host, "port": self.port, "ca_path": self.lab.external_ca_path, "timeout": 60}
        result = harness.run_module("kmip_server_test", check, **{**given, **self.pair, **options})
        assert "\n" not in result.msg
        shown = json.dumps({name: value for name, value in result.data.items() if name != "invocation"})
        for secret in (*self.pair["client_private_key"].splitlines()[1:-1], LOGIN[1]):
            assert secret not in shown
        return result

    def allow_all_but(self, *operations):
        """Refuse these operations to everybody."""
        self.server.allowed = lambda subject, serial, operation: operation not in operations

    @property
    def writes(self):
        return [entry.operation for entry in self.lab.journal.writes(system="external_kms")]


@pytest.fixture
def bench(lab):
    return Bench(lab)


def steps(result):
    """{name: row}; always all of them, in their order."""
    rows = result["kmip_server_test"]["steps"]
    assert [row["step"] for row in rows] == NAMES
    return {row["step"]: row for row in rows}


def not_done(result):
    """Names of the steps that failed or were not tried."""
    return [name for name, row in steps(result).items() if not row["ok"]]


# --- everything is in order


def okms_options(lab, okms_id, identity):
    """Connection to the lab's OKMS with a credential that the API has issued."""
    key = pathlib.Path(lab.directory, "issued.key")
    issued = harness.run_module(
        "okms_credential",
        **harness.connection(lab, "ovhcloud"),
        okms_id=okms_id,
        name="vcenter",
        identity_urns=[identity],
        private_key_path=str(key),
        wait_interval=0.01,
    )
    assert not issued.failed, issued.msg
    host, port = lab.okms_kmip.host, lab.okms_kmip.address[1]
    return {
        "host": host,
        "port": port,
        "ca": lab.okms_public_ca,
        "client_certificate": issued["credential"]["certificate"],
        "client_private_key_path": str(key),
    }


@pytest.mark.parametrize("tls", list(VERSIONS))
@pytest.mark.oldest("kmip_server_test", "life")
def test_a_certificate_that_okms_has_issued(tls):
    with Lab(LabSettings(okms_maximum_tls=VERSIONS[tls].name)) as lab:
        okms_id = lab.ovhcloud.new_okms(lab.region, "kms").okms_id
        options = okms_options(lab, okms_id, lab.ovhcloud.state.root.urn)
        result = harness.run_module("kmip_server_test", **options)
        assert not result.failed, result.msg
        found = result["kmip_server_test"]
        assert (found["passed"], found["left_behind"], result.changed) == (True, [], False)
        assert found["tls_version"] == tls
        assert okms_id in found["client_certificate"]["subject"]
        assert lab.okms_kmip.object_count() == 0


def test_the_external_kms(bench):
    result = bench.test()
    assert not result.failed, result.msg
    assert result.changed is False
    found = result["kmip_server_test"]
    documented = yaml.safe_load(kmip_server_test.RETURN)["kmip_server_test"]["contains"]
    assert set(found) == set(documented)
    for name in ("server_certificate", "client_certificate"):
        assert set(found[name]) == set(documented[name]["contains"])
    assert found["server_certificate"]["sha256"] == thumbprints(bench.server.server_certificate_pem)["sha256"]
    assert found["client_certificate"]["subject"] == "CN=vcenter"
    assert (found["passed"], found["left_behind"], found["perhaps_left_behind"]) == (True, [], False)
    assert (found["protocol_version"], found["missing"]) == ("1.4", [])
    assert "PyKMIP" in found["vendor"]
    assert found["key_name"].startswith("ansible-kmip-server-test-")
    assert not_done(result) == []
    for row in steps(result).values():
        assert set(row) == set(documented["steps"]["contains"])
        assert (row["error_kind"], row["error"]) == (None, None)
        assert row["seconds"] >= 0
    assert bench.server.object_count() == 0


def test_the_order_is_that_of_a_verification(bench):
    bench.test()
    assert [operation for _client, operation in bench.server.seen] == [
        "DiscoverVersions",
        "Query",
        "Create",
        "GetAttributes",
        "AddAttribute",
        "Activate",
        "GetAttributes",
        "Get",
        "Locate",
        "Revoke",
        "Destroy",
        "Get",
    ]


def test_messages_are_not_logged(bench, caplog):
    """PyKMIP logs whole answers, key bytes included, when somebody lets it."""
    with caplog.at_level(logging.DEBUG):
        assert bench.test()["kmip_server_test"]["passed"] is True
    assert [record for record in caplog.records if record.levelno < logging.WARNING and "kmip" in record.name] == []


def test_name_of_the_key(bench):
    names = {bench.test(key_name="proof")["kmip_server_test"]["key_name"] for _time in range(2)}
    assert len(names) == 2
    assert all(len(name) == len("proof-") + 8 and name.startswith("proof-") for name in names)


def test_check_mode_writes_nothing(bench):
    result = bench.test(check=True)
    assert not result.failed
    assert bench.lab.journal.writes() == []
    found = result["kmip_server_test"]
    assert (found["passed"], found["key_name"], found["key_id"], result.changed) == (None, None, None, False)
    assert found["missing"] == []
    assert [name for name, row in steps(result).items() if row["ok"]] == LOOKS
    assert set(found) == set(bench.test()["kmip_server_test"])


# --- a right is missing


@pytest.mark.parametrize(
    ("operation", "step", "also"),
    [
        ("DiscoverVersions", "discover_versions", []),
        ("Query", "query", []),
        ("Create", "create", []),
        ("GetAttributes", "state_after_create", ["state_after_activate"]),
        ("Activate", "activate", ["state_after_activate"]),
        ("Get", "get", []),
        ("Revoke", "revoke", ["destroy"]),
        ("Destroy", "destroy", []),
    ],
)
def test_a_refused_operation_names_the_step_and_the_right(bench, operation, step, also):
    bench.allow_all_but(operation)
    result = bench.test()
    assert result.failed
    row = steps(result)[step]
    assert (row["ok"], row["operation"], row["error_kind"]) == (False, operation, "permission_denied")
    found = result["kmip_server_test"]
    assert found["passed"] is False
    failed = [name for name, row in steps(result).items() if row["ok"] is False and row["required"]]
    assert failed == [step, *also]
    assert result.msg.startswith(
        f"KMIP server {bench.host}:{bench.port}: the test with client certificate CN=vcenter failed at step "
        f"{step} ({operation}): "
    )
    assert f"may not do {operation}. (reason 12) [permission_denied]" in result.msg
    assert (result["failure"]["step"], result["failure"]["kind"]) == (step, "permission_denied")
    if operation in ("DiscoverVersions", "Query"):
        assert (row["right"], "IAM action" in result.msg) == (None, False)
    else:
        action = operation[0].lower() + operation[1:]
        assert row["right"] == result["failure"]["right"] == f"okms:kmip:{action}"
        assert f"On OVHcloud OKMS the right is the IAM action okms:kmip:{action}; the same answer also" in result.msg
    for name in also:
        assert name in result.msg
    left = step in ("revoke", "destroy")
    assert result.changed is left
    assert bench.server.object_count() == len(found["left_behind"]) == int(left)


@pytest.mark.parametrize("operation", ["AddAttribute", "Locate"])
def test_what_vcenter_does_without_is_only_reported(bench, operation):
    bench.allow_all_but(operation)
    result = bench.test()
    assert not result.failed, result.msg
    (row,) = [row for row in steps(result).values() if not row["ok"]]
    assert (row["operation"], row["required"], row["error_kind"]) == (operation, False, "permission_denied")
    assert result["kmip_server_test"]["passed"] is True


def test_one_run_shows_all_missing_rights(bench):
    bench.allow_all_but("Activate", "Get", "AddAttribute")
    result = bench.test()
    assert not_done(result) == [
        "add_attribute",
        "activate",
        "state_after_activate",
        "get",
        "revoke",
        "get_after_destroy",
    ]
    assert steps(result)["revoke"]["error"] == "not tried: the key is not active"
    assert bench.server.object_count() == 0
    assert "Also failed: state_after_activate (GetAttributes), get (Get)" in result.msg


def test_rights_of_an_okms_identity():
    with Lab(LabSettings(kmip_needs_policy=True)) as lab:
        okms_id = lab.ovhcloud.new_okms(lab.region, "kms").okms_id
        options = okms_options(lab, okms_id, identity="urn:v1:eu:identity:user:ab1234-ovh/jane")
        unknown = harness.run_module("kmip_server_test", **options)
        assert unknown.failed and "bad certificate" in unknown.msg
        actions = ["create", "getAttributes", "activate", "get", "revoke", "destroy"]
        policy = lab.ovhcloud.state.policies["p"] = {
            "identities": ["urn:v1:eu:identity:user:ab1234-ovh/jane"],
            "resources": [{"urn": f"urn:v1:eu:resource:okms:{okms_id}"}],
            "permissions": {
                "allow": [{"action": f"okms:kmip:{action}"} for action in actions],
                "except": [],
                "deny": [],
            },
            "permissionsGroups": [],
            "conditions": None,
            "expiredAt": None,
        }
        missing = policy["permissions"]["allow"].pop(0)
        refused = harness.run_module("kmip_server_test", **options)
        assert (refused["failure"]["step"], refused["failure"]["right"]) == ("create", "okms:kmip:create")
        policy["permissions"]["allow"].append(missing)
        allowed = harness.run_module("kmip_server_test", **options)
        assert not allowed.failed, allowed.msg
        assert not_done(allowed) == ["add_attribute", "locate"]
        assert lab.okms_kmip.object_count() == 0


# --- a key is left behind


def test_a_key_left_behind_is_told(bench):
    bench.allow_all_but("Destroy")
    result = bench.test()
    found = result["kmip_server_test"]
    ((key_id, key),) = bench.server.keys().items()
    assert key["state"] == "Deactivated"
    assert (result.failed, result.changed, found["passed"]) == (True, True, False)
    assert found["left_behind"] == [found["key_id"]] == [key_id]
    assert (
        f"Left behind on the server: test key {key_id} (name {found['key_name']}); revoke and destroy it there"
        in result.msg
    )
    assert steps(result)["get_after_destroy"]["ok"] is None


def test_report_instead_of_failure(bench):
    bench.allow_all_but("Destroy")
    result = bench.test(on_failure="report")
    assert (result.failed, result.changed, result["kmip_server_test"]["passed"]) == (False, True, False)
    (warning,) = result.warnings
    assert f"test key {result['kmip_server_test']['left_behind'][0]}" in warning


@pytest.mark.parametrize("operation", ["Create", "AddAttribute", "Activate", "Get", "Revoke", "Destroy"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_lost_answer_leaves_no_key(bench, operation, action):
    bench.lab.faults.add(action, system="external_kms", operation=operation)
    result = bench.test()
    found = result["kmip_server_test"]
    assert (found["left_behind"], found["perhaps_left_behind"], result.changed) == ([], False, False)
    assert bench.server.object_count() == 0
    row = next(row for row in steps(result).values() if row["operation"] == operation)
    assert (row["ok"], row["error_kind"]) == (False, "connection_lost")
    assert result.failed is row["required"]
    assert found["passed"] is not row["required"]


def test_create_without_an_answer_and_without_locate(bench):
    bench.lab.faults.add("drop_after", system="external_kms", operation="Create")
    bench.allow_all_but("Locate")
    result = bench.test()
    found = result["kmip_server_test"]
    assert (result.failed, result.changed, found["perhaps_left_behind"], found["left_behind"]) == (True, True, True, [])
    assert "A test key may be left behind on the server" in result.msg
    assert found["key_name"] in result.msg
    assert bench.server.object_count() == 1


@pytest.mark.parametrize(("operation", "skip"), [("*", 5), ("Destroy", 0)])
def test_the_server_goes_away_in_the_middle(bench, operation, skip):
    bench.lab.faults.add("drop_before", system="external_kms", operation=operation, skip=skip, times=99)
    result = bench.test()
    found = result["kmip_server_test"]
    assert (result.failed, result.changed, found["left_behind"]) == (True, True, [found["key_id"]])
    assert found["left_behind"] == list(bench.server.keys())
    assert f"test key {found['key_id']}" in result.msg
    if operation == "*":
        assert result["failure"]["step"] == "activate"
        assert steps(result)["get"]["error"] == "not tried: the conversation had ended before"


# --- no way in


def test_unknown_authority_of_the_client(bench):
    other = Authority("Clients of the team", bench.lab.clock)
    certificate, key = other.leaf("vcenter", "client")
    result = bench.test(client_certificate=certificate, client_private_key=key)
    assert (result["failure"]["kind"], result["failure"]["step"]) == ("client_certificate_rejected", "connection")
    assert "failed at step connection: " in result.msg
    assert "unknown ca" in result.msg
    assert bench.server.seen == []


def test_revoked_certificate(bench):
    certificate = x509.load_pem_x509_certificate(bench.pair["client_certificate"].encode())
    bench.lab.external_clients.revoke(certificate.serial_number)
    bench.server.refresh_revocations()
    result = bench.test()
    assert result["failure"]["kind"] == "client_certificate_rejected"
    assert "certificate revoked" in result.msg
    assert result["kmip_server_test"]["server_certificate"]["subject"] == "CN=kms1"


@pytest.mark.oldest("kmip_server_test", "refusal")
@pytest.mark.parametrize("check", [False, True])
def test_wrong_pin(bench, check):
    result = bench.test(check, thumbprints=[OTHER_SHA256])
    assert (result.failed, result["failure"]["kind"]) == (True, "server_pin_mismatch")
    assert result["failure"]["step"] == "server_certificate"
    assert OTHER_SHA256 in result.msg
    shown = result["kmip_server_test"]["server_certificate"]["sha256"]
    assert shown == thumbprints(bench.server.server_certificate_pem)["sha256"]
    assert shown in result.msg
    assert result["kmip_server_test"]["passed"] is False
    assert bench.server.seen == []


def test_wrong_authority_of_the_server(bench):
    result = bench.test(ca_path=bench.lab.okms_ca_path)
    assert result["failure"]["kind"] == "server_untrusted"
    assert bench.server.seen == []


def test_right_pin_is_enough(bench):
    pin = thumbprints(bench.server.server_certificate_pem)["sha1"]
    assert bench.test(ca_path=None, thumbprints=[pin])["kmip_server_test"]["passed"] is True


@pytest.mark.parametrize("on_failure", ["fail", "report"])
def test_unreachable(bench, on_failure):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = bench.test(port=port, on_failure=on_failure)
    assert result.failed is (on_failure == "fail")
    found = result["kmip_server_test"]
    assert (found["passed"], found["address"], found["server_certificate"]) == (False, None, None)
    assert not_done(result) == NAMES
    assert found["steps"][0]["error_kind"] == "unreachable"
    if result.failed:
        assert result.msg == (
            f"KMIP server {bench.host}:{port}: the test with client certificate CN=vcenter failed at step "
            "server_certificate: cannot connect: Connection refused [unreachable]"
        )


def test_user_name_and_password(bench):
    bench.lab.external_kms.login = LOGIN
    wanted = {"username": LOGIN[0], "password": LOGIN[1]}
    assert bench.test(**wanted)["kmip_server_test"]["passed"] is True
    for options in ({}, {**wanted, "password": "a wrong password"}):
        result = bench.test(**options)
        assert (result["failure"]["kind"], result["failure"]["step"]) == ("not_authenticated", "discover_versions")
        assert "a wrong password" not in result.msg
    assert bench.server.object_count() == 0
    assert bench.writes.count("Create") == 1


# --- bad input


def test_bad_input_always_fails_and_asks_nobody(bench):
    other_key = bench.lab.external_client_pair()[1]
    for options, message in (
        ({"client_certificate": None, "client_private_key": None}, "client_certificate: the client certificate to be"),
        ({"client_private_key": None}, "client_certificate and client_private_key belong together"),
        ({"client_private_key": other_key}, "client_private_key: this key does not belong to the certificate"),
        ({"key_name": ""}, "key_name: '' is not a name of 1 to 64 printable ASCII characters without blanks"),
        ({"key_name": "clé"}, "key_name: 'clé' is not a name"),
        ({"key_name": "two words"}, "key_name: 'two words' is not a name"),
        ({"host": ""}, "host: the name or address of the KMIP server is missing"),
    ):
        result = bench.test(on_failure="report", **options)
        assert result.failed
        assert result.msg.startswith(message)
        assert "kmip_server_test" not in result.data
    assert bench.server.seen == []
