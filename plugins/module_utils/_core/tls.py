# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server's certificate is not trusted, in the same words for every server."""

from __future__ import annotations

import ssl
import typing as t

# X509_V_ERR_*, see x509_vfy.h of OpenSSL
_UNKNOWN_CA = (2, 18, 19, 20, 21)
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_NAME = (62, 64)


class Distrust(t.NamedTuple):
    """The cause in words that follow "is not trusted: ", and whether another `ca_path` can help."""

    cause: str
    unknown_ca: bool = False


def distrust(error: BaseException, name: str) -> Distrust:
    """What is wrong with the certificate of the server that was asked for by this name."""
    code = getattr(error, "verify_code", None)
    said = str(getattr(error, "verify_message", None) or error)
    if code in _WRONG_NAME or _is_name_error(error):
        return Distrust(f"it is not valid for {name} (of its names, only the subject alternative names count)")
    if code == _EXPIRED:
        return Distrust("it, or the certificate of its CA, has expired")
    if code == _NOT_YET_VALID:
        return Distrust("it, or the certificate of its CA, is not valid yet (or the control node's clock is slow)")
    if code in _UNKNOWN_CA:
        return Distrust(f"its CA is not known here ({said})", unknown_ca=True)
    return Distrust(said)


def names_only_in_san(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context, for which a common name is no host name: what RFC 9525 says and urllib3 does."""
    if ssl.HAS_NEVER_CHECK_COMMON_NAME:
        context.hostname_checks_common_name = False
    return context


def certificate_error(error: BaseException) -> BaseException | None:
    """The refusal of a certificate below the exceptions of requests and urllib3; None when it is something else."""
    seen: list[BaseException] = []
    todo: list[t.Any] = [error]
    while todo:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or any(one is other for other in seen):
            continue
        if isinstance(one, ssl.SSLCertVerificationError) or _is_name_error(one):
            return one
        seen.append(one)
        todo += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return None


def _is_name_error(error: BaseException) -> bool:
    # urllib3 before 2.0 compares the names itself, in a class of its own
    return type(error).__name__ == "CertificateError" and not isinstance(error, ssl.SSLError)
