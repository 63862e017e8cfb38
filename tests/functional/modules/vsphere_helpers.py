# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the vSphere group share: servers, signing, and the checks that every module must pass."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import select
import socket
import threading
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    Session,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import ModuleResult
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, certificate_pem

FAST: dict[str, t.Any] = {"wait_interval": 0.01, "wait_timeout": 60}
PROVIDER = "team-kms"

Run = t.Callable[..., ModuleResult]


def open_up(lab: Lab) -> Lab:
    """Give the user the right for encryption and let vCenter through to every server, as the OVHcloud modules would."""
    user = lab.ovhcloud.vsphere_user(lab.vcenter_username)
    assert user is not None
    user.rights["encryptionRight"] = True
    lab.vcenter.flow_open = lambda _host, _port: True
    return lab


@contextlib.contextmanager
def session_in(lab: Lab, request_timeout: int = 60) -> t.Iterator[Session]:
    """A session as modules have it."""
    options = {"validate_certs": True, "proxy_host": None, "proxy_port": None, "request_timeout": request_timeout}
    with contextlib.ExitStack() as stack:
        yield connect(Context({**options, **harness.connection(lab, "vsphere")}, stack))


def server_of(kms: t.Any, name: str = "kms-a") -> dict[str, t.Any]:
    """Option of a server of the lab."""
    address, port = kms.address
    return {"name": name, "address": address, "port": port}


def sha256_of(pem: str) -> str:
    """SHA-256 thumbprint."""
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex(":").upper()


def sign(authority: Authority, csr: str, name: str = "vcenter", days: float = 365) -> str:
    """What a certificate authority answers to a CSR."""
    request = x509.load_pem_x509_csr(csr.encode())
    return certificate_pem(authority.issue(name, request.public_key(), "client", days=days))


def make_provider(lab: Lab, run_module: Run, name: str = PROVIDER, **options: t.Any) -> ModuleResult:
    """A provider on the team's own KMS, trusted by vCenter."""
    values = {"servers": [server_of(lab.external_kms[0])], "server_ca": lab.external_authority.certificate_pem}
    result = run_module("standard_key_provider", name=name, **{**values, **FAST, **options})
    assert not result.failed, result.msg
    return result


def make_green(lab: Lab, run_module: Run, name: str = PROVIDER) -> str:
    """The same with a client certificate that the KMS accepts; returns the certificate."""
    make_provider(lab, run_module, name)
    csr = run_module("key_provider_csr", provider=name)
    assert not csr.failed, csr.msg
    certificate = sign(lab.external_clients, csr["csr"]["csr"])
    result = run_module("key_provider_client_certificate", provider=name, certificate=certificate, **FAST)
    assert not result.failed, result.msg
    return certificate


@dataclasses.dataclass(frozen=True)
class Writes:
    """Counts what one module run changed in vCenter, and that it logged in and out once."""

    lab: Lab

    def of(self, run: t.Callable[[], ModuleResult]) -> tuple[ModuleResult, list[str]]:
        """The result and the names of the writing calls."""
        mark = self.lab.journal.mark()
        result = run()
        names = [entry.operation for entry in self.lab.journal.writes(mark, "vcenter")]
        assert self.lab.journal.count("vcenter", "login", since=mark) == 1
        assert self.lab.journal.count("vcenter", "logout", since=mark) == 1
        return result, names


def assert_prediction(
    predicted: t.Mapping[str, t.Any], real: t.Mapping[str, t.Any], unknown: t.Collection[str]
) -> None:
    """The prediction equals the result, but for what was not known before, which is null."""
    assert set(predicted) == set(real)
    for key, value in predicted.items():
        if key in unknown:
            assert value is None, key
        else:
            assert value == real[key], key


def converge(lab: Lab, run: Run, key: str, unknown: t.Collection[str] = (), **options: t.Any) -> ModuleResult:
    """Check mode (no writes, true prediction), do it, do it again (no change, no writes)."""
    count = Writes(lab)
    checked, writes = count.of(lambda: run(check=True, **options))
    assert (checked.failed, writes) == (False, []), checked.msg
    done, writes = count.of(lambda: run(**options))
    assert not done.failed, done.msg
    assert checked.changed and done.changed and writes
    assert_prediction(checked[key], done[key], unknown)
    again, writes = count.of(lambda: run(**options))
    assert (again.failed, again.changed, writes) == (False, False, []), again.output
    return done


class Proxy:
    """An HTTP proxy on loopback that knows CONNECT only and remembers where it was asked to go."""

    def __enter__(self) -> Proxy:
        proxy = self
        self.targets: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                proxy.targets.append(self.path)
                host, _colon, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port))) as beyond:
                    self.send_response(200)
                    self.end_headers()
                    sides = {self.connection: beyond, beyond: self.connection}
                    while True:
                        for side in select.select(list(sides), [], [])[0]:
                            data = side.recv(65536)
                            if not data:
                                return
                            sides[side].sendall(data)

            def log_message(self, *_arguments: object) -> None:
                """Silent."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._server.shutdown()
        self._server.server_close()
