# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS alert `bad certificate` for a client certificate that is good in itself, with TLS 1.2 and 1.3 alike."""

from __future__ import annotations

import base64
import functools
import ssl
import tempfile
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import serialization

MESSAGE_CERTIFICATE = 11
TLS_1_3 = 0x0304
# X509_CERT_AUX of OpenSSL: rejected for the use clientAuth. A chain that ends in such a certificate is answered with
# the alert `bad certificate`.
REJECTED_FOR_CLIENTS = bytes.fromhex("300ca00a06082b06010505070302")

Unwelcome = t.Callable[[x509.Certificate, str], bool]


def _first_certificate(message: bytes, version: int) -> bytes:
    """DER of the leaf in a Certificate message (RFC 5246, 7.4.2; RFC 8446, 4.4.2); empty when there is none."""
    at = 4  # type and length
    if version >= TLS_1_3:
        at += 1 + message[at]  # certificate_request_context
    at += 3  # length of the list
    size = int.from_bytes(message[at : at + 3], "big")
    return message[at + 3 : at + 3 + size]


@functools.lru_cache(maxsize=8)
def _rejecting(authorities: tuple[bytes, ...]) -> ssl.SSLContext:
    """A context that refuses everything that these authorities (DER) have signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        for der in authorities:
            body = base64.encodebytes(der + REJECTED_FOR_CLIENTS).decode()
            file.write(f"-----BEGIN TRUSTED CERTIFICATE-----\n{body}-----END TRUSTED CERTIFICATE-----\n")
        file.flush()
        context.load_verify_locations(cafile=file.name)
    return context


def refuse_in_handshake(
    context: ssl.SSLContext, authorities: t.Iterable[x509.Certificate], unwelcome: Unwelcome
) -> None:
    """Let `unwelcome` (certificate, local address) decide while the handshake is still going on.

    The ssl module has no hook for that. It shows messages as they arrive, before OpenSSL judges them, and a connection
    may be given another context: one in which the authorities are distrusted.
    """
    ders = tuple(one.public_bytes(serialization.Encoding.DER) for one in authorities)

    def seen(
        connection: t.Any, direction: str, version: int, _content: t.Any, message_type: t.Any, data: bytes
    ) -> None:
        if direction != "read" or int(message_type) != MESSAGE_CERTIFICATE:
            return
        der = _first_certificate(data, int(version))
        if der and unwelcome(x509.load_der_x509_certificate(der), connection.getsockname()[0]):
            connection.context = _rejecting(ders)

    if ders:
        context._msg_callback = seen  # type: ignore[attr-defined]
