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
from cryptography.hazmat.primitives import hashes
from kmip.core import enums
from kmip.pie.client import ProxyKmipClient

from ..lab import Lab
from .checks import Checks
from .ovh_library import Issued, revoke


def openssl(lab: Lab, checks: Checks) -> None:
    """The chain verifies against the public CA, and the thumbprint is the one the lab states."""
    host, port = lab.okms_kmip.address
    with tempfile.TemporaryDirectory() as folder:
        authority = pathlib.Path(folder, "ca.pem")
        authority.write_text(lab.okms_public_ca)
        command = [
            "openssl",
            "s_client",
            "-connect",
            f"{host}:{port}",
            "-CAfile",
            str(authority),
            "-servername",
            lab.okms_kmip.host,
        ]
        said = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False).stdout.decode(
            errors="replace"
        )
    checks.that("Verify return code: 0 (ok)" in said, "openssl s_client: the server's chain verifies")
    pem = said[said.index("-----BEGIN CERTIFICATE-----") : said.index("-----END CERTIFICATE-----") + 25]
    served = x509.load_pem_x509_certificate((pem + "\n").encode()).fingerprint(hashes.SHA256())
    stated = x509.load_pem_x509_certificate(lab.okms_kmip.server_certificate_pem.encode()).fingerprint(hashes.SHA256())
    checks.that(served == stated, "openssl s_client: it is the certificate that the lab states")


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
