# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options as typed values, checked: where, whom we trust, who we are."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import ssl
import tempfile
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import thumbprint
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import public_key_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import normalise
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem_files import text_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host, check_port
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.leaving import removed_on_end
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.tls import names_only_in_san
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    ClientCredentialsError,
    reason_of,
)

_PARTIAL_CHAIN = 0x80000  # ssl.VERIFY_X509_PARTIAL_CHAIN, named from Python 3.10
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, without a name in the ssl module
_MEMORY = "/dev/shm"  # files there never reach a disk


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where the server is; time-outs in seconds. `address`: which one of the host's, any without it."""

    host: str
    port: int
    server_name: str
    connect_timeout: float
    timeout: float
    address: str = ""

    @property
    def peer(self) -> str:
        """For messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Anchors:
    """Whom we trust. Pins are (algorithm, "AA:BB.."). With neither, the authorities of the computer count."""

    ca: str | None = None
    pins: tuple[tuple[str, str], ...] = ()

    @property
    def by_chain(self) -> bool:
        """The chain is verified; a pin without a CA is the anchor itself."""
        return bool(self.ca) or not self.pins


@dataclasses.dataclass(frozen=True, repr=False)
class Identity:
    """Who we are: a client certificate with its key, a KMIP user name with its password, or both."""

    certificate: str | None = None
    private_key: str | None = None
    passphrase: str | None = None
    username: str | None = None
    password: str | None = None


def endpoint_of(params: t.Mapping[str, t.Any]) -> Endpoint:
    """From the options host, port, server_name, connect_timeout and timeout."""
    host = (given(params["host"]) or "").strip()
    if not host:
        raise InvalidInputError("host: the name or address of the KMIP server is missing (option host or KMIP_HOST)")
    host = check_host("host", host)
    check_port("port", params["port"])
    for name in ("connect_timeout", "timeout"):
        if params[name] <= 0:
            raise InvalidInputError(f"{name}: {params[name]:g} is not a positive number of seconds")
    name = (given(params["server_name"]) or host).strip().rstrip(".")
    return Endpoint(host, params["port"], check_host("server_name", name), params["connect_timeout"], params["timeout"])


def anchors_of(params: t.Mapping[str, t.Any]) -> Anchors:
    """From the options ca, ca_path and thumbprints."""
    ca, name = _content(params, "ca")
    pins = tuple(thumbprint(text, "thumbprints") for text in params["thumbprints"] or [] if text)
    return Anchors(normalise(ca, "CERTIFICATE", name) if ca else None, pins)


def identity_of(params: t.Mapping[str, t.Any]) -> Identity | None:
    """From the options client_* and username, password; None when none was given. The pair was compared."""
    certificate, certificate_name = _content(params, "client_certificate")
    key, key_name = _content(params, "client_private_key")
    username, password = given(params["username"]), given(params["password"])
    if bool(certificate) != bool(key):
        raise ClientCredentialsError("client_certificate and client_private_key belong together, only one was given")
    if bool(username) != bool(password):
        raise ClientCredentialsError("username and password belong together, only one was given")
    if not f"{username}{password}".isascii():
        raise ClientCredentialsError("username and password: PyKMIP can send ASCII characters only")
    if not certificate or not key:
        return Identity(username=username, password=password) if username else None
    passphrase = given(params["client_private_key_passphrase"])
    try:
        certificate = normalise(certificate, "CERTIFICATE", certificate_name)
        key = normalise(key, "PRIVATE KEY", key_name, single=True)
        if public_key_of(certificate, name=certificate_name) != public_key_of(key, passphrase, key_name):
            raise ClientCredentialsError(
                f"{key_name}: this key does not belong to the certificate of {certificate_name}"
            )
    except InvalidInputError as error:
        raise ClientCredentialsError(error.message) from error
    return Identity(certificate, key, passphrase, username, password)


def bare_context(maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
    """TLS 1.2 or newer without any verification: to look at the server's certificate, never to talk."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # older versions are deprecated (RFC 8996)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = maximum
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def verifying_context(anchors: Anchors, check_name: bool = True) -> ssl.SSLContext:
    """TLS 1.2 or newer that verifies what the anchors demand; a pin without a CA is compared later, by the caller."""
    context = bare_context()
    if not anchors.by_chain:
        return context
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = check_name
    names_only_in_san(context)
    if anchors.ca:
        # what the user names is an anchor, also an intermediate authority or the server's own certificate
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | _PARTIAL_CHAIN)
        try:
            context.load_verify_locations(cadata=anchors.ca)
        except ssl.SSLError as error:  # readable to cryptography, but not to OpenSSL
            raise InvalidInputError(f"ca: OpenSSL cannot use this certificate: {reason_of(error)}") from error
    else:
        context.load_default_certs()
    return context


def name_context(certificate: str) -> ssl.SSLContext:
    """Verifies nothing but that this very certificate is valid for the name of the server."""
    context = verifying_context(Anchors(certificate))
    # an expired certificate can be valid for the name: its dates are judged with the chain
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    return context


def load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """Load the pair into the context. ssl reads files only: a private one exists for that moment."""
    if not identity.certificate or not identity.private_key:
        return
    passphrase = identity.passphrase or ""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with contextlib.ExitStack() as ends:
        folder = ends.enter_context(tempfile.TemporaryDirectory(prefix=".kmip-", dir=memory))  # mode 0700
        path = os.path.join(folder, "pair.pem")
        ends.enter_context(removed_on_end(folder, path))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(identity.private_key + identity.certificate)
        try:
            # without a callable OpenSSL would ask for the passphrase on the terminal
            context.load_cert_chain(path, password=lambda: passphrase)
        except (OSError, ValueError) as error:
            raise ClientCredentialsError(f"client certificate and key: {reason_of(error)}") from error


def _content(params: t.Mapping[str, t.Any], option: str) -> tuple[str | None, str]:
    """The text of the option, or of the file that its `_path` names, and the option it comes from."""
    found = text_of(params, option, exclusive=False)
    return found.text, found.name
