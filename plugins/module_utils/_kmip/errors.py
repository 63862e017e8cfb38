# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a KMIP server, each with a stable word (`kind`), and how sockets and TLS say it."""

from __future__ import annotations

import errno
import socket
import ssl
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.tls import distrust


class KmsError(CollectionError):
    """Root of what happens between us and a KMIP server."""


class KmsUnreachableError(KmsError, UnreachableError):
    """Name, route, refusal, time-out of the connection."""

    kind = "unreachable"


class KmsTimeoutError(KmsError):
    """Connected, but no answer in time; the request may still have been executed."""

    kind = "timeout"


class ConnectionLostError(KmsError):
    """Closed or reset in mid-session; the last request may have been executed."""

    kind = "connection_lost"


class ClientCredentialsError(KmsError, InvalidInputError):
    """Our own certificate and key: unreadable, wrong passphrase, not a pair."""

    kind = "invalid_client_credentials"


class TlsFailureError(KmsError):
    """Something else than TLS listens there, or no version or cipher in common."""

    kind = "tls_failure"


class ServerUntrustedError(KmsError):
    """We refuse the server: chain, dates, host name."""

    kind = "server_untrusted"


class PinMismatchError(ServerUntrustedError):
    """The server's certificate has none of the expected thumbprints."""

    kind = "server_pin_mismatch"


class ClientRejectedError(KmsError):
    """The server refuses our certificate, by TLS alert (`certain`) or by hanging up (not certain)."""

    kind = "client_certificate_rejected"


class ProtocolError(KmsError):
    """Not KMIP, or KMIP that cannot be read."""

    kind = "protocol_error"


class UnexpectedAnswerError(KmsError):
    """A readable answer, but not the one that the protocol leads to expect."""

    kind = "unexpected_answer"


class ServerTestError(KmsError):
    """A server test that failed; `results` tell everything, the details the first of the failed steps."""

    def __init__(self, message: str, results: t.Mapping[str, t.Any], failed: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        first = failed[0] if failed else {}
        super().__init__(message, **{name: first.get(name) for name in ("step", "operation", "right")})
        self.kind = str(first.get("error_kind") or "key_left_behind")
        self.results = dict(results)


# result reasons of KMIP; 12 stands for a foreign key, a missing right or a wrong state alike (measured with PyKMIP)
_KINDS_BY_REASON = {1: "item_not_found", 3: "not_authenticated", 5: "operation_not_supported", 12: "permission_denied"}


class OperationFailedError(KmsError):
    """A KMIP result other than success; `reason` is KMIP's result reason."""

    kind = "operation_failed"

    def __init__(self, message: str, operation: str, reason: int | None) -> None:
        super().__init__(message, operation=operation, reason=reason)
        self.kind = _KINDS_BY_REASON.get(reason or 0, self.kind)


# alerts by which a peer says "your certificate"; in TLS 1.3 they come after our side has finished
_CERTIFICATE_ALERTS = (
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN",
    "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_REQUIRED",
    "ACCESS_DENIED",
    "DECRYPT_ERROR",
)
# TLS 1.2 without a certificate, but also no cipher in common
_VAGUE_ALERT = "ALERT_HANDSHAKE_FAILURE"
_HANG_UPS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError, EOFError)


def reason_of(error: Exception) -> str:
    """The error in words, without the places in OpenSSL's and Python's sources."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, _HANG_UPS):
        return "the connection was closed"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, socket.timeout):  # an alias of TimeoutError from Python 3.10
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__} {error}".strip()


def refuses_client(error: Exception | None) -> bool | None:
    """Whether the peer says that our certificate (or the lack of one) is the trouble; None: it may be."""
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if "ALERT" in reason and any(word in reason for word in _CERTIFICATE_ALERTS):
        return True
    if _VAGUE_ALERT in reason or isinstance(error, _HANG_UPS):
        return None
    return False


def classify(error: Exception, phase: str, peer: str) -> KmsError:
    """Turn what sockets and ssl raise into one of ours. phase: connect, handshake, first or later (a request)."""
    if isinstance(error, KmsError):
        return error
    text = f"KMIP server {peer}: {reason_of(error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        why = distrust(error, "this host name")
        hint = " (ca or ca_path names the CA to trust)" if why.unknown_ca else ""
        return ServerUntrustedError(
            f"KMIP server {peer}: its certificate is not trusted: {why.cause}{hint}",
            verify_code=error.verify_code,
            verify_message=error.verify_message,
        )
    if isinstance(error, socket.timeout):
        if phase == "connect":
            return KmsUnreachableError(f"KMIP server {peer}: cannot connect: no answer in time")
        return KmsTimeoutError(text)
    if isinstance(error, _HANG_UPS):
        # a hang-up in answer to the first request is how several servers refuse a certificate
        # (assumption kms-refusal)
        if phase == "first":
            return ClientRejectedError(f"{text} without a TLS alert, in answer to the first request", certain=False)
        during = " during the TLS handshake" if phase == "handshake" else ""
        return ConnectionLostError(f"{text}{during}")
    if isinstance(error, ssl.SSLError):
        return _tls_error(error, text)
    if isinstance(error, OSError) and phase != "connect":
        return ConnectionLostError(text, errno=errno.errorcode.get(error.errno or 0))
    if isinstance(error, (OSError, UnicodeError)):  # UnicodeError: a host name that IDNA does not allow
        return KmsUnreachableError(f"KMIP server {peer}: cannot connect: {reason_of(error)}")
    return ProtocolError(text)


def _tls_error(error: ssl.SSLError, text: str) -> KmsError:
    alert = error.reason or ""
    refused = refuses_client(error)
    if refused is False:
        return TlsFailureError(f"{text} (is it a TLS server that speaks TLS 1.2 or 1.3?)", reason=alert)
    # both as users report it (assumption kms-refusal)
    hint = " (OKMS says so when no IAM policy lets its identity use KMIP; a new policy needs up to a minute)"
    policy = hint if "BAD_CERTIFICATE" in alert else ""
    return ClientRejectedError(
        f"{text}: the server refuses the client certificate{policy}", alert=alert, certain=bool(refused)
    )
