# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSL and PyKMIP's stock client against the lab's KMIP server."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import tempfile
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from kmip.core import enums
from kmip.pie.client import ProxyKmipClient

from ..lab import Lab
from ..lab.kmip import Door
from .checks import Checks
from .ovh_library import Issued, revoke


def openssl(lab: Lab, checks: Checks) -> None:
    """Each endpoint's chain and wildcard verify by its root alone, and the leaf is the one that the lab states."""
    for door in (lab.okms_ecdsa, lab.okms_rsa):
        label = f"openssl s_client: port {door.port}"
        for region in ("eu-west-rbx", "eu-west-par"):
            for address in lab.okms_addresses(region):
                said = _s_client(door, address, f"{region}.okms.ovh.net")
                checks.that("Verify return code: 0 (ok)" in said, f"{label}, {region} at {address}: chain and wildcard")
        wrong = _s_client(door, door.addresses[0], "a.b.okms.ovh.net")
        checks.that("Verify return code: 0 (ok)" not in wrong, f"{label}: the wildcard does not cover a.b.okms.ovh.net")
        checks.that(said.count("BEGIN CERTIFICATE") == 2, f"{label}: the server sends its leaf and its issuing CA")
        served = x509.load_pem_x509_certificates(said[said.index("-----BEGIN") :].encode())[0]
        stated = x509.load_pem_x509_certificate(door.certificate_pem.encode())
        kind = {"ec": ec.EllipticCurvePublicKey, "rsa": rsa.RSAPublicKey}[door.kind]
        checks.that(
            served == stated and isinstance(served.public_key(), kind), f"{label}: the leaf that the lab states"
        )


def _s_client(door: Door, address: str, name: str) -> str:
    """What openssl says about one address, verified by the root of that endpoint."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder, "root.pem")
        root.write_text(door.authority.root.certificate_pem)
        words = ["-connect", f"{address}:{door.port}", "-servername", name, "-verify_hostname", name, "-showcerts"]
        command = ["openssl", "s_client", *words, "-CAfile", str(root), "-verify_return_error"]
        done = subprocess.run(command, input=b"", capture_output=True, timeout=60, check=False)
    return done.stdout.decode(errors="replace")


def pykmip(lab: Lab, checks: Checks, issued: Issued) -> None:
    """A key's whole life over mTLS with an access certificate issued by the lab's API; refused when it is revoked."""
    with _client(lab, issued) as client:
        made = client.create(enums.CryptographicAlgorithm.AES, 256)
        client.activate(made)
        checks.that(len(client.get(made).value) == 32, "PyKMIP: key created, activated and fetched")
        client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, made)
        client.destroy(made)
        checks.that(made not in client.locate(), "PyKMIP: key revoked and destroyed")
    revoke(lab, issued)
    checks.raises(OSError, lambda: _locate(lab, issued), "PyKMIP: the revoked certificate is put out")


def _locate(lab: Lab, issued: Issued) -> None:
    with _client(lab, issued) as client:
        client.locate()


@contextlib.contextmanager
def _client(lab: Lab, issued: Issued) -> t.Iterator[ProxyKmipClient]:
    host, port = lab.okms_kmip.address
    with tempfile.TemporaryDirectory() as folder:
        texts = {"cert": issued.certificate, "key": issued.private_key, "ca": lab.okms_public_ca}
        files = {name: str(pathlib.Path(folder, name)) for name in texts}
        for name, text in texts.items():
            pathlib.Path(files[name]).write_text(text)
        with ProxyKmipClient(hostname=host, port=port, config_file=os.devnull, **files) as client:
            yield client
