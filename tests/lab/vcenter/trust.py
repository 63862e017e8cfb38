# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CryptoManagerKmip: certificates, both ways of the trust between vCenter and KMIP servers."""

from __future__ import annotations

import contextlib
import typing as t

from pyVmomi import vim

from . import errors, identity
from .crypto_manager import find_provider, rejected, server_from
from .crypto_state import Identity, Provider
from .dispatcher import Call, operation

if t.TYPE_CHECKING:
    from .core import Core
    from .kms_connections import KmsConnections


@contextlib.contextmanager
def _readable(name: str) -> t.Iterator[None]:
    """A PEM text that cannot be read is a wrong argument."""
    try:
        yield
    except (ValueError, TypeError) as exc:
        raise errors.invalid_argument(name) from exc


class Trust:
    """Server certificates that vCenter trusts, and the identity it shows."""

    def __init__(self, core: Core, connections: KmsConnections) -> None:
        self._core = core
        self._connections = connections

    def _provider(self, call: Call) -> Provider:
        return find_provider(self._core, call.arguments["cluster"], "cluster")

    # servers

    @operation("RetrieveKmipServerCert", blocking=True)
    def server_certificate(self, call: Call) -> t.Any:
        """What a server presents and whether it is trusted; empty when unreachable. The provider may be new."""
        from_client = server_from(call.arguments["server"])
        with self._core.lock:
            provider = self._core.crypto.providers.get(call.arguments["keyProvider"].id)
            known = provider.servers.get(from_client.name) if provider else None
            if known and (known.address, known.port) == (from_client.address, from_client.port):
                from_client = known
        info = vim.encryption.CryptoManagerKmip.ServerCertInfo(certificate="")
        if provider and provider.trusted:
            probe = self._connections.probe(provider, from_client)
            chain, trusted = probe.certificate_pem, probe.client_trusts_server
        else:
            chain, trusted = self._connections.certificate(from_client), False
        if chain:
            info.certificate = chain if self._core.settings.server_certificate_chain else identity.normalised(chain)[0]
            info.certInfo = self._connections.info(chain)
            info.clientTrustServer = self._connections.flag(self._connections.told(provider, trusted))
        return info

    @operation("UploadKmipServerCert", kind="write")
    def upload_server_certificate(self, call: Call) -> None:
        """Trust the servers whose certificate is, or is signed by, one of these."""
        provider = self._provider(call)
        with _readable("certificate"):
            given = identity.normalised(call.arguments["certificate"])
        kept = provider.trusted if self._core.settings.server_certificates_accumulate else []
        counting = given if self._core.settings.server_bundle_accepted else given[:1]
        before, provider.trusted = provider.trusted, list(dict.fromkeys([*kept, *counting]))
        if provider.trusted != before:
            provider.trust_late = self._core.settings.trust_told_late

    # identity: self-signed

    @operation("GenerateSelfSignedClientCert", kind="write")
    def generate_self_signed(self, call: Call) -> str:
        """Make a certificate; it is used only after the update call."""
        provider = self._provider(call)
        settings = self._core.settings
        provider.pending_self_signed = identity.make_self_signed(
            call.arguments.get("request"), settings.hostname, settings.client_key_kind, self._core.clock.now()
        )
        return provider.pending_self_signed.certificate_pem

    @operation("RetrieveSelfSignedClientCert")
    def self_signed(self, call: Call) -> str:
        """The certificate generated last; empty when there is none."""
        pending = self._provider(call).pending_self_signed
        return pending.certificate_pem if pending else ""

    @operation("UpdateSelfSignedClientCert", kind="write")
    def update_self_signed(self, call: Call) -> None:
        """Use the certificate generated last, and no other."""
        provider = self._provider(call)
        pending = provider.pending_self_signed
        with _readable("certificate"):
            fits = pending is not None and identity.same(pending.certificate_pem, call.arguments["certificate"])
        if not fits:
            raise rejected(self._core, "The certificate is not the one generated last", "certificate")
        provider.identity = pending

    # identity: signed by the KMIP server

    @operation("GenerateClientCsr", kind="write")
    def generate_csr(self, call: Call) -> str:
        """Make a key and its CSR; a pending one is lost."""
        provider = self._provider(call)
        settings = self._core.settings
        request = call.arguments.get("request")
        provider.pending_csr = identity.make_request(request, settings.hostname, settings.client_key_kind)
        return provider.pending_csr.csr_pem

    @operation("RetrieveClientCsr")
    def csr(self, call: Call) -> str:
        """The CSR generated last; empty when there is none."""
        pending = self._provider(call).pending_csr
        return pending.csr_pem if pending else ""

    @operation("UpdateKmsSignedCsrClientCert", kind="write")
    def update_signed(self, call: Call) -> None:
        """Use a certificate for the key of the last CSR."""
        provider = self._provider(call)
        pending = provider.pending_csr
        certificate = call.arguments["certificate"]
        with _readable("certificate"):
            fits = pending is not None and identity.belongs(certificate, pending.key_pem)
        if pending is None or not fits:
            raise rejected(self._core, "The certificate does not match the last CSR", "certificate")
        provider.identity = Identity(certificate, pending.key_pem)
        if not self._core.settings.keep_csr_after_use:
            provider.pending_csr = None

    # identity: uploaded, or as it is

    @operation("UploadClientCert", kind="write")
    def upload_client_certificate(self, call: Call) -> None:
        """Use a certificate and its key."""
        provider = self._provider(call)
        certificate, key = call.arguments["certificate"], call.arguments["privateKey"]
        with _readable("privateKey"):
            fits = identity.belongs(certificate, key)
        if not fits:
            raise rejected(self._core, "The private key does not match the certificate", "privateKey")
        provider.identity = Identity(certificate, key)

    @operation("RetrieveClientCert")
    def client_certificate(self, call: Call) -> str:
        """The certificate in use."""
        shown = self._connections.identity(self._provider(call))
        return shown.certificate_pem if shown else ""
