# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kmip_server_info against the lab's KMIP servers, and against servers that are none."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

import pytest
import yaml
from cryptography import x509

from ansible_collections.ovhcloud.vmware_encryption.plugins.modules import kmip_server_info
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import Door, KmipServer
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, server_context, thumbprints

VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
# a successful answer (KMIP 1.4) of one item to Query (0x18), with an empty payload
ANSWER_TO_QUERY = bytes.fromhex("""
    42007b0100000080 42007a0100000048 4200690100000020
    42006a0200000004 0000000100000000 42006b0200000004 0000000400000000
    4200920900000008 0000000065000000 42000d0200000004 0000000100000000
    42000f0100000028 42005c0500000004 0000001800000000 42007f0500000004 0000000000000000
    42007c0100000000
""")
OTHER_SHA256 = ":".join(["AA"] * 32)


class Setting:
    """A KMIP server whose authorities are at hand."""

    def __init__(self, directory, tls):
        self.tls = tls
        self.clock = LabClock()
        self.users = Authority("Users CA", self.clock)
        self.servers = Authority("Servers CA", self.clock)
        self.other = Authority("Servers CA", self.clock)
        self.server = KmipServer(
            "kms",
            self.servers,
            [self.users],
            self.clock,
            Journal(self.clock),
            "external_kms",
            str(directory),
            maximum_version=VERSIONS[tls],
        )
        self.port = self.server.start()
        self.ca = self.servers.certificate_pem
        self.thumbprints = thumbprints(self.server.server_certificate_pem)

    def pair(self, authority=None, name="vcenter"):
        certificate, key = (authority or self.users).leaf(name, "client")
        return {"client_certificate": certificate, "client_private_key": key}

    def look(self, **options):
        """The module's result; it must have left no key behind."""
        given = {"host": "localhost", "port": self.port, "wait": False, "timeout": 60, **options}
        result = harness.run_module("kmip_server_info", **given)
        assert not result.changed
        assert self.server.object_count() == 0
        return result


@pytest.fixture(params=list(VERSIONS))
def kms(request, tmp_path):
    setting = Setting(tmp_path, request.param)
    yield setting
    setting.server.close()


@pytest.fixture
def kms13(tmp_path):
    setting = Setting(tmp_path, "TLSv1.3")
    yield setting
    setting.server.close()


@contextlib.contextmanager
def listener(answer):
    """A TCP server that treats each connection with answer(connection); gives its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _peer = server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(60)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        server.close()


def tls_answer(context, speak=lambda connection: connection.recv(1)):
    """Shake hands, then speak."""

    def answer(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            speak(tls)

    return answer


def look_at(port, **options):
    given = {"host": "127.0.0.1", "port": port, "wait": False, "timeout": 60, **options}
    return harness.run_module("kmip_server_info", **given)


def documented_fields():
    return set(yaml.safe_load(kmip_server_info.RETURN)["kmip_server"]["contains"])


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
        "not trusted by the trusted authorities of the control node (no ca, ca_path or thumbprints"
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


# --- with a client certificate


@pytest.mark.oldest("kmip_server_info", "life")
def test_accepted_client(kms):
    found = kms.look(ca=kms.ca, **kms.pair())["kmip_server"]
    assert set(found) == documented_fields()
    assert (found["accepted"], found["error_kind"], found["error"]) == (True, None, None)
    assert found["protocol_versions"] == ["1.4", "1.3", "1.2", "1.1", "1.0"]
    assert {"CREATE", "GET", "QUERY"} <= set(found["operations"])
    assert found["missing_operations"] == []
    assert "PyKMIP" in found["vendor"]
    assert {operation for _name, operation in kms.server.seen} == {"DiscoverVersions", "Query"}


def test_accepted_with_a_pin_only_and_files(kms, tmp_path):
    pair = kms.pair()
    options = {}
    for name, text in pair.items():
        (tmp_path / name).write_text(text.replace("\n", "\\n"))
        options[f"{name}_path"] = str(tmp_path / name)
    found = kms.look(thumbprints=[kms.thumbprints["sha1"]], **options)["kmip_server"]
    assert found["accepted"] is True


def test_the_environment_gives_the_connection(kms13, tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text(kms13.ca)
    for name, text in kms13.pair().items():
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(f"KMIP_{name.upper()}_PATH", str(tmp_path / name))
    monkeypatch.setenv("KMIP_HOST", "localhost")
    monkeypatch.setenv("KMIP_PORT", str(kms13.port))
    monkeypatch.setenv("KMIP_CA_PATH", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("KMIP_USERNAME", "")
    result = harness.run_module("kmip_server_info", wait=False)
    assert result["kmip_server"]["accepted"] is True


def test_client_of_an_unknown_authority(kms):
    found = kms.look(ca=kms.ca, **kms.pair(kms.other))["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (False, "client_certificate_rejected")
    assert "unknown ca" in found["error"]
    assert found["operations"] is None


def test_revoked_client(kms):
    pair = kms.pair()
    assert kms.look(ca=kms.ca, **pair)["kmip_server"]["accepted"] is True
    kms.users.revoke(x509.load_pem_x509_certificate(pair["client_certificate"].encode()).serial_number)
    kms.server.refresh_revocations()
    found = kms.look(ca=kms.ca, **pair)["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (False, "client_certificate_rejected")
    assert "certificate revoked" in found["error"]


def test_client_whose_identity_has_no_policy(kms):
    """OKMS: the alert bad certificate for a certificate that is good in itself."""
    kms.server.admits = lambda _certificate, _address: False
    found = kms.look(ca=kms.ca, **kms.pair())["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (False, "client_certificate_rejected")
    assert "bad certificate" in found["error"] and "no IAM policy" in found["error"]


def test_the_client_certificate_is_not_used_with_an_untrusted_server(kms):
    for options, kind in (
        ({"ca": kms.other.certificate_pem}, "server_untrusted"),
        ({"thumbprints": [OTHER_SHA256]}, "server_pin_mismatch"),
        ({"ca": kms.ca, "server_name": "kms.example.com"}, "server_untrusted"),
    ):
        found = kms.look(**options, **kms.pair())["kmip_server"]
        assert (found["accepted"], found["error_kind"]) == (None, kind)
    assert kms.server.seen == []


def test_operations_that_are_not_allowed(kms13):
    kms13.server.allowed = lambda name, serial, operation: operation != "Query"
    found = kms13.look(ca=kms13.ca, **kms13.pair())["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (True, "permission_denied")
    assert found["protocol_versions"]
    assert found["operations"] is None


def test_secrets_are_in_no_result(kms13):
    pair = kms13.pair()
    result = kms13.look(ca=kms13.ca, username="someone", password="very secret word", **pair)
    key_lines = pair["client_private_key"].splitlines()[1:-1]
    for secret in ("very secret word", *key_lines):
        shown = {name: value for name, value in result.data.items() if name != "invocation"}
        assert secret not in repr(shown)


@pytest.mark.parametrize(
    ("speak", "kind", "accepted"),
    [
        (lambda tls: (tls.recv(4096), tls.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "protocol_error", None),
        (lambda tls: (tls.recv(4096), tls.sendall(bytes.fromhex("42007b0140000000"))), "protocol_error", None),
        (
            lambda tls: (tls.recv(4096), tls.sendall(bytes.fromhex("42007b0100000008") + b"\0" * 8)),
            "protocol_error",
            None,
        ),
        (lambda tls: tls.recv(4096), "client_certificate_rejected", False),
        (lambda tls: (tls.recv(4096), tls.sendall(b"\x42")), "connection_lost", None),
        (lambda tls: (tls.recv(4096), tls.sendall(bytes.fromhex("42007b0100000008") + b"\0")), "connection_lost", None),
        (lambda tls: (tls.recv(4096), tls.sendall(ANSWER_TO_QUERY)), "protocol_error", None),
        (lambda tls: (tls.recv(4096), tls.recv(4096)), "timeout", None),
    ],
    ids=["http", "too long", "no result", "hangs up", "cut in head", "cut in body", "answers query", "silent"],
)
def test_something_else_behind_tls(kms13, speak, kind, accepted):
    certificate, key = kms13.servers.leaf("kms", "server", ["127.0.0.1"])
    with listener(tls_answer(server_context(certificate, key), speak)) as port:
        found = look_at(port, ca=kms13.ca, timeout=0.5, **kms13.pair())["kmip_server"]
    assert (found["error_kind"], found["accepted"]) == (kind, accepted)


# --- nobody there, or somebody else


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_unreachable():
    port = _free_port()
    result = look_at(port)
    assert result.failed
    assert result["failure"]["kind"] == "unreachable"
    assert result.msg == f"KMIP server 127.0.0.1:{port}: cannot connect: Connection refused"


def test_unreachable_after_a_wait():
    result = look_at(_free_port(), wait=True, wait_timeout=0, wait_interval=0.01)
    assert result["failure"]["kind"] == "timeout"
    assert "cannot connect: Connection refused" in result.msg


def test_waits_until_the_server_is_there(kms13):
    certificate, key = kms13.servers.leaf("kms", "server", ["127.0.0.1"])
    welcome = tls_answer(server_context(certificate, key))
    seen = []

    def at_first_closed(connection):
        seen.append(1)
        if len(seen) > 3:
            welcome(connection)

    with listener(at_first_closed) as port:
        result = look_at(port, wait=True, wait_timeout=20, wait_interval=0.01)
    assert result["kmip_server"]["subject"] == "CN=kms"


def test_unknown_name():
    result = look_at(5696, host="kms.invalid")
    assert (result.failed, result["failure"]["kind"]) == (True, "unreachable")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "tls_failure"),
        (
            lambda connection: (connection.recv(4096), connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            "tls_failure",
        ),
        (lambda connection: connection.recv(4096), "connection_lost"),
        (lambda connection: (connection.recv(4096), connection.recv(4096)), "timeout"),
    ],
    ids=["ssh", "http", "hangs up", "silent"],
)
def test_no_tls(answer, kind):
    with listener(answer) as port:
        result = look_at(port, timeout=0.3)
    assert (result.failed, result["failure"]["kind"]) == (True, kind)
    assert "\n" not in result.msg


def test_no_cipher_in_common(kms13):
    certificate, key = kms13.servers.leaf("kms", "server", ["127.0.0.1"])
    context = server_context(certificate, key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA256")  # for RSA keys only, and this one is EC
    with listener(tls_answer(context)) as port:
        result = look_at(port)
    assert result["failure"]["kind"] == "tls_failure"
    assert result.msg == f"KMIP server 127.0.0.1:{port}: no TLS version (1.2, 1.3) or cipher in common"


# --- bad input


def test_every_form_of_pem_is_accepted(kms13):
    pair = kms13.pair()
    for old, new in (("\n", "\r\n"), ("\n", "\\n"), ("\n", "\\r\\n"), ("\n", " "), ("\n", "\n    ")):
        options = {name: text.replace(old, new) for name, text in {"ca": kms13.ca, **pair}.items()}
        assert kms13.look(**options)["kmip_server"]["accepted"] is True


def test_bad_input_is_told_before_any_connection(kms13):
    pair = kms13.pair()
    for options, message in (
        ({"host": ""}, "host: the name or address of the KMIP server is missing (option host or KMIP_HOST)"),
        ({"ca": kms13.ca[:200]}, "ca: block 1 (CERTIFICATE) has no END line"),
        ({"ca": pair["client_private_key"]}, "ca: block 1 (PRIVATE KEY) is not a CERTIFICATE"),
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path: cannot read /nowhere/ca.pem: No such file or directory"),
        (
            {"thumbprints": ["abc"]},
            "thumbprints: 'abc' is not a thumbprint; expected 40 (SHA-1) or 64 (SHA-256) hexadecimal digits",
        ),
        (
            {"client_certificate": pair["client_certificate"]},
            "client_certificate and client_private_key belong together",
        ),
        (
            {**pair, "client_private_key": kms13.pair()["client_private_key"]},
            "client_private_key: this key does not belong to the certificate of client_certificate",
        ),
    ):
        result = kms13.look(**options)
        assert result.failed
        assert result.msg.startswith(message)
        assert "\n" not in result.msg


CHILD = """
import importlib.abc, json, sys
from ansible.module_utils import basic

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == sys.argv[1]:
            raise ImportError("blocked")

sys.meta_path.insert(0, Blocked())
from ansible_collections.ovhcloud.vmware_encryption.plugins.modules import kmip_server_info
try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    basic._ANSIBLE_ARGS = sys.stdin.read().encode()
    kmip_server_info.main()
else:
    with patch_module_args(json.load(sys.stdin)["ANSIBLE_MODULE_ARGS"]):
        kmip_server_info.main()
"""


def _run_without(package, options):
    """Run the module in a Python that lacks the package; returns its error, or an empty text."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, package],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1]).get("msg", "")


def test_missing_packages_are_named(kms13):
    pair = kms13.pair()
    for package, name, options in (
        ("kmip", "pykmip >= 0.11.0", pair),
        ("cryptography", "cryptography >= 38.0", {}),
    ):
        message = _run_without(
            package, {"host": "localhost", "port": kms13.port, "ca": kms13.ca, "wait": False, **options}
        )
        assert f"missing Python package for {sys.executable}: {name} (import failed: " in message
        assert "execution environment" in message


def test_looking_needs_no_pykmip(kms13):
    assert _run_without("kmip", {"host": "localhost", "port": kms13.port, "ca": kms13.ca, "wait": False}) == ""


def test_the_okms_endpoint_of_the_lab(lab, run_module):
    host, port = lab.okms_kmip.host, lab.okms_kmip.address[1]
    found = run_module("kmip_server_info", host=host, port=port, ca_path=lab.okms_ca_path, on_untrusted="fail")
    assert found["kmip_server"]["sha1"] == thumbprints(lab.okms_kmip.server_certificate_pem)["sha1"]
    assert found["kmip_server"]["client_certificate_required"] is True
    assert lab.journal.writes() == []
