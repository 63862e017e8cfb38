# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kmip_server_info where nobody answers, somebody else does, or the input is wrong."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.kmip_info_helpers import (
    listener,
    look_at,
    tls_answer,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import server_context


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
        # only who says nothing is waited for: with much else to do, the others may take seconds
        result = look_at(port, timeout=0.3 if kind == "timeout" else 60)
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
