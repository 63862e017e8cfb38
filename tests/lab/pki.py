# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate authorities of the lab, made at run time; their leaves pass OpenSSL's strict checks (X509_STRICT)."""

from __future__ import annotations

import collections
import datetime
import functools
import ipaddress
import os
import ssl
import tempfile
import threading
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .clock import LabClock

DAY = datetime.timedelta(days=1)
BACKDATE = datetime.timedelta(minutes=5)
USAGES = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}
LOCAL_NAMES = ("localhost", "127.0.0.1")


class RsaKeys:
    """Gives out RSA keys of 2048 bits, each of which takes longer to make than everything else that a lab makes.

    Tests allow it to give out the same keys again after `most` others: no lab of a test has so many.
    """

    def __init__(self) -> None:
        self.most = 0  # 0: every key is a new one
        self._kept: collections.deque[t.Any] = collections.deque()
        self._lock = threading.Lock()

    def give(self) -> t.Any:
        """A new key, or the one that was given out the longest ago."""
        with self._lock:
            if self.most and len(self._kept) >= self.most:
                self._kept.rotate(-1)
            else:
                self._kept.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
            return self._kept[-1] if self.most else self._kept.pop()


RSA_KEYS = RsaKeys()


def new_key(kind: str = "ec") -> t.Any:
    """A private key: `ec` (P-256) or `rsa` (2048 bits)."""
    if kind == "rsa":
        return RSA_KEYS.give()
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def kept_key(purpose: str, kind: str = "ec") -> t.Any:
    """A private key that every lab of this process shares for one purpose: an RSA key costs more than a whole lab."""
    return new_key(kind)


def key_pem(key: t.Any, passphrase: str | None = None) -> str:
    """The private key as PKCS#8, encrypted when there is a passphrase."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    cipher: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        cipher = serialization.BestAvailableEncryption(passphrase.encode())
    return str(key.private_bytes(encoding, form, cipher).decode())


def certificate_pem(certificate: x509.Certificate) -> str:
    """The certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*names: str) -> x509.KeyUsage:
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    every += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{name: name in names for name in every})


def _alternative_names(sans: t.Iterable[str]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for san in sans:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(san)))
        except ValueError:
            names.append(x509.DNSName(san))
    return x509.SubjectAlternativeName(names)


class Authority:
    """A certificate authority that remembers what it issued and revoked; safe for threads.

    With `issuer` it is an issuing CA below that one, otherwise a root.
    """

    def __init__(
        self, common_name: str, clock: LabClock, kind: str = "ec", issuer: Authority | None = None, key: t.Any = None
    ) -> None:
        self.clock = clock
        self.key = key or new_key(kind)
        self.issuer = issuer
        self.certificate = self._make(common_name, issuer)
        self.certificate_pem = certificate_pem(self.certificate)
        self._lock = threading.Lock()
        self._issued: dict[int, x509.Certificate] = {}
        self._revoked: dict[int, datetime.datetime] = {}

    def _make(self, common_name: str, issuer: Authority | None) -> x509.Certificate:
        now = self.clock.now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(issuer.certificate.subject if issuer else _name(common_name))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(now + 3650 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0 if issuer else 1), critical=True)
            .add_extension(_key_usage("digital_signature", "key_cert_sign", "crl_sign"), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        )
        signer = issuer.key if issuer else self.key
        if issuer:
            above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
            builder = builder.add_extension(above, critical=False)
        return builder.sign(signer, hashes.SHA256())

    @property
    def root(self) -> Authority:
        """The root above it, or itself."""
        return self.issuer.root if self.issuer else self

    @property
    def intermediates_pem(self) -> str:
        """What a server sends after its leaf: the issuing CAs up to the root, without it; empty for a root."""
        return self.certificate_pem + self.issuer.intermediates_pem if self.issuer else ""

    def issue(
        self,
        common_name: str,
        public_key: t.Any,
        usage: str = "client",
        sans: t.Iterable[str] = (),
        days: float = 365,
        serial: int | None = None,
        extra_extensions: t.Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> x509.Certificate:
        """Sign a leaf for `public_key`; usage is `client` or `server`, extra extensions are (extension, critical).

        Validity starts five minutes before the lab's now. Server certificates never start after the system's now:
        programs that connect to the lab go by the system's clock.
        """
        now = self.clock.now()
        start = min(now, datetime.datetime.now(datetime.timezone.utc)) if usage == "server" else now
        key_usages = ["digital_signature"] + (["key_encipherment"] if isinstance(public_key, rsa.RSAPublicKey) else [])
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number() if serial is None else serial)
            .not_valid_before(start - BACKDATE)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(*key_usages), critical=True)
            .add_extension(x509.ExtendedKeyUsage([USAGES[usage]]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        sans = list(sans)
        if sans:
            builder = builder.add_extension(_alternative_names(sans), critical=False)
        for extension, critical in extra_extensions:
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(self.key, hashes.SHA256())
        with self._lock:
            self._issued[certificate.serial_number] = certificate
        return certificate

    def leaf(
        self,
        common_name: str,
        usage: str,
        sans: t.Iterable[str] = (),
        kind: str = "ec",
        days: float = 365,
        extra_extensions: t.Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> tuple[str, str]:
        """Make a key and its certificate; returns (certificate PEM, key PEM)."""
        key = new_key(kind)
        certificate = self.issue(common_name, key.public_key(), usage, sans, days, extra_extensions=extra_extensions)
        return certificate_pem(certificate), key_pem(key)

    def sign_request(
        self,
        csr_pem: str,
        common_name: str | None = None,
        days: float = 365,
        extra_extensions: t.Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> str:
        """A client certificate (PEM) for a CSR, with the CSR's first common name unless another is given."""
        request = x509.load_pem_x509_csr(csr_pem.encode())
        if not request.is_signature_valid:
            raise ValueError("the CSR is not signed by its own key")
        if common_name is None:
            found = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            if not found:
                raise ValueError("the CSR has no common name")
            common_name = str(found[0].value)
        key = request.public_key()
        return certificate_pem(self.issue(common_name, key, "client", days=days, extra_extensions=extra_extensions))

    def revoke(self, serial: int) -> None:
        """Put the certificate with that serial number on the CRL."""
        with self._lock:
            self._revoked.setdefault(serial, self.clock.now())

    def withdrawn(self) -> frozenset[int]:
        """Serial numbers that no longer count: revoked, or outside their validity by the lab's clock."""
        now = self.clock.now()
        with self._lock:
            every = self._issued.items()
            outdated = {serial for serial, c in every if not c.not_valid_before_utc <= now <= c.not_valid_after_utc}
            return frozenset(outdated | set(self._revoked))

    def crl_pem(self) -> str:
        """A CRL of all withdrawn serial numbers.

        Expiry is on it because OpenSSL cannot be told the lab's time: an expired leaf is refused like a revoked one.
        """
        now = self.clock.now()
        start = min(now, datetime.datetime.now(datetime.timezone.utc)) - BACKDATE
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(start)
            .next_update(now + 3650 * DAY)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        )
        for serial in sorted(self.withdrawn()):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(start)
            builder = builder.add_revoked_certificate(entry.build())
        crl = builder.sign(self.key, hashes.SHA256())
        return crl.public_bytes(serialization.Encoding.PEM).decode()


def write_private(path: str, text: str) -> None:
    """Write a file that only its owner can read, replacing what was there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(text)


def load_pair(context: ssl.SSLContext, cert_pem: str, private_key_pem: str) -> None:
    """Load a certificate (or chain) and its key from text; the ssl module takes them from files only."""
    with tempfile.TemporaryDirectory(prefix="lab-pair-") as directory:
        path = os.path.join(directory, "pair.pem")
        write_private(path, f"{private_key_pem}\n{cert_pem}\n")
        context.load_cert_chain(path)


def server_context(cert_pem: str, private_key_pem: str) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 server without client certificates, for the lab's HTTPS servers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_pair(context, cert_pem, private_key_pem)
    return context


def thumbprints(pem: str) -> dict[str, str]:
    """SHA-1 and SHA-256 of the first certificate (DER): {"sha1": "AA:BB...", "sha256": "AA:BB..."}."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    digests = {"sha1": certificate.fingerprint(hashes.SHA1()), "sha256": certificate.fingerprint(hashes.SHA256())}
    return {name: digest.hex(":").upper() for name, digest in digests.items()}
