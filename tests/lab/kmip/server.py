# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A KMIP server over mutual TLS that decides by certificate: unknown, revoked and expired ones get a TLS alert."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import ssl
import threading
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from kmip.core import exceptions
from kmip.services.server import session as kmip_session

from ..clock import LabClock
from ..faults import Faults
from ..journal import Journal
from ..pki import LOCAL_NAMES, Authority, certificate_pem, load_pair, write_private
from .door import Door
from .engine import Allowed, KeyStore, LabEngine
from .refusal import refuse_in_handshake

MAX_REQUEST = 1 << 20
IDLE_SECONDS, LINGER_SECONDS = 60.0, 10.0
# X509_V_FLAG_NO_CHECK_TIME: validity is judged by the lab's clock (through the CRL), not by the system's
NO_CHECK_TIME = 0x200000


def _shut(connection: socket.socket) -> None:
    """Shut the transport under a TLS socket that another thread may be reading."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class LabSession(kmip_session.KmipSession):
    """One connection in its own thread. `serial` is the client certificate's, 0 before the handshake."""

    def __init__(self, server: KmipServer, connection: ssl.SSLSocket, peer: t.Any, name: str) -> None:
        super().__init__(server.engine, connection, peer, name=name)
        self.daemon = True
        self.connection = connection
        self.serial = 0
        self.certificate: x509.Certificate | None = None
        self._server = server

    def run(self) -> None:
        """Handshake, then messages until one side ends it."""
        try:
            if self._accepted():
                with contextlib.suppress(exceptions.ConnectionClosed, OSError):
                    self._converse()
        finally:
            _shut(self.connection)
            self.connection.close()

    def _accepted(self) -> bool:
        try:
            self.connection.do_handshake()
        except (OSError, ValueError):
            self._linger()
            return False
        return True

    def _linger(self) -> None:
        """After a refusal let the client read the alert: closing with unread bytes would turn it into a reset."""
        with contextlib.suppress(OSError, ValueError):
            self.connection.settimeout(LINGER_SECONDS)
            socket.socket.shutdown(self.connection, socket.SHUT_WR)
            while socket.socket.recv(self.connection, 4096):
                pass

    def _converse(self) -> None:
        self.certificate = x509.load_der_x509_certificate(self.connection.getpeercert(binary_form=True) or b"")
        self.serial = self.certificate.serial_number
        caller = self._server.engine.caller
        caller.serial, caller.hang_up = self.serial, False
        while True:
            self._handle_message_loop()

    def _receive_request(self) -> t.Any:
        try:
            request = super()._receive_request()
        except (OSError, ValueError) as exc:  # reset, time-out, or a frame over the limit
            raise exceptions.ConnectionClosed from exc
        # withdrawn since the handshake, or let in without a CRL
        if self.certificate is None or not self._server.accepts(self.certificate):
            raise exceptions.ConnectionClosed
        return request

    def _receive_bytes(self, message_size: int) -> t.Any:
        if message_size > MAX_REQUEST:
            raise ValueError(f"request of {message_size} bytes")
        return super()._receive_bytes(message_size)

    def _send_response(self, data: t.Any) -> None:
        if self._server.engine.caller.hang_up:
            raise exceptions.ConnectionClosed
        super()._send_response(data)


# (client certificate, address it came in at): whether it passes the handshake
Admits = t.Callable[[x509.Certificate, str], bool]


class KmipServer:
    """A KMIP server, on 127.0.0.1 unless `doors` say where; `directory` (private) takes its database and CRLs.

    `client_authorities` decide who gets in, then `admits` (by a TLS alert `bad certificate`); `allowed` (subject CN,
    serial, operation) who may do what. Servers of one cluster share a `store`.
    """

    def __init__(
        self,
        name: str,
        authority_for_server_cert: Authority,
        client_authorities: t.Iterable[Authority],
        clock: LabClock,
        journal: Journal,
        system: str,
        directory: str,
        faults: Faults | None = None,
        maximum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        sans: t.Iterable[str] = LOCAL_NAMES,
        kind: str = "ec",
        store: KeyStore | None = None,
        doors: t.Sequence[Door] = (),
    ) -> None:
        self.name = name
        self.doors = tuple(doors) or (Door(authority_for_server_cert, name, sans, kind),)
        self.door = self.doors[0]  # the one that `address` and `server_certificate_pem` speak of
        self._client_authorities = list(client_authorities)
        self._clock = clock
        self._directory = directory
        self._maximum_version = maximum_version
        self._lock = threading.RLock()
        self._contexts: dict[Door, tuple[ssl.SSLContext, frozenset[int], list[str]]] = {}
        self._imported: dict[bytes, x509.Certificate] = {}  # by SHA-256
        self._sessions: list[LabSession] = []
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self.admits: Admits = lambda certificate, address: True
        self.turned_away: list[str] = []  # subject CN of each client that `admits` refused
        store = store or KeyStore(os.path.join(directory, f"{name}.sqlite"))
        self.engine = LabEngine(store, system, journal, faults)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, or will listen again after a stop."""
        if not self.door.port:
            raise RuntimeError(f"KMIP server {self.name} was never started")
        return self.door.addresses[0], self.door.port

    @property
    def host(self) -> str:
        """Its name, or its address if it has none."""
        return self.door.host or self.door.addresses[0]

    @property
    def running(self) -> bool:
        """Whether it listens now."""
        return self._thread is not None

    @property
    def server_certificate_pem(self) -> str:
        """The certificate it shows."""
        return self.door.certificate_pem

    @property
    def allowed(self) -> Allowed:
        """Decides each operation of an accepted client; all are allowed unless set."""
        return self.engine.allowed

    @allowed.setter
    def allowed(self, decide: Allowed) -> None:
        self.engine.allowed = decide

    @property
    def login(self) -> tuple[str, str] | None:
        """User name and password that every request must carry besides the certificate; None asks for neither."""
        return self.engine.login

    @login.setter
    def login(self, wanted: tuple[str, str] | None) -> None:
        self.engine.login = wanted

    @property
    def seen(self) -> list[tuple[str, str]]:
        """(subject CN, operation) of everything asked so far."""
        return list(self.engine.seen)

    def keys(self) -> dict[str, dict[str, t.Any]]:
        """The keys it holds, without their material: {id: {state, length, owner, attributes}}."""
        return self.engine.keys()

    def object_count(self, owner: str | None = None) -> int:
        """Number of objects it holds, of one owner (subject CN) or of all."""
        return self.engine.object_count(owner)

    def withdrawn(self) -> frozenset[int]:
        """Serial numbers that the client authorities have withdrawn."""
        return frozenset().union(*(authority.withdrawn() for authority in self._client_authorities))

    def accepts(self, certificate: x509.Certificate) -> bool:
        """Whether a client certificate that OpenSSL has verified counts now.

        OpenSSL judges neither dates (see NO_CHECK_TIME) nor, once a certificate was imported, revocation.
        """
        if not self._in_date(certificate):
            return False
        issuers = [one for one in self._client_authorities if one.certificate.subject == certificate.issuer]
        if any(certificate.serial_number in issuer.withdrawn() for issuer in issuers):
            return False
        return bool(issuers) or certificate.fingerprint(hashes.SHA256()) in self._imported

    def _in_date(self, certificate: x509.Certificate) -> bool:
        return certificate.not_valid_before_utc <= self._clock.now() <= certificate.not_valid_after_utc

    def start(self) -> int:
        """Listen, and return the port: a free one if none was chosen, later the same again."""
        if self._thread is None:
            with contextlib.ExitStack() as undo:
                undo.callback(self._close_doors)
                listeners = {listener: door for door in self.doors for listener in door.open()}
                undo.pop_all()
            self.engine.pause.clear()
            self._ending.clear()
            self._thread = threading.Thread(target=self._accept, args=(listeners,), name=self.name, daemon=True)
            self._thread.start()
        return self.door.port

    def stop(self) -> None:
        """End listeners and sessions, in milliseconds; keys stay, and so do the ports for the next start."""
        if self._thread is not None:
            self.engine.pause.set()
            self._ending.set()
            for listener in (listener for door in self.doors for listener in door.listeners):
                with contextlib.suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
            self._thread.join(5)
            self._thread = None
            for door in self.doors:
                door.shut()
            for session in self._cut(lambda session: True):
                session.join(5)
        self.engine.close()

    def close(self) -> None:
        """Stop for good and give the ports back."""
        self.stop()
        self._close_doors()

    def _close_doors(self) -> None:
        for door in self.doors:
            door.close()

    def replace_server_certificate(self, days: float = 365) -> None:
        """Show new certificates with new keys of the same authorities from the next handshake on."""
        with self._lock:
            for door in self.doors:
                door.renew(days)
            self._contexts.clear()

    def trust_client_certificate(self, pem: str) -> None:
        """Import a (self-signed) client certificate, as an operator does on a KMIP server of their own."""
        certificate = x509.load_pem_x509_certificate(pem.encode())
        with self._lock:
            self._imported[certificate.fingerprint(hashes.SHA256())] = certificate
            self._contexts.clear()

    def untrust_client_certificate(self, pem: str) -> None:
        """Take an imported certificate back: what revocation is for a certificate without an authority."""
        fingerprint = x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256())
        with self._lock:
            self._imported.pop(fingerprint, None)
        self.refresh_revocations()

    def refresh_revocations(self, end_sessions: bool = True) -> None:
        """Let revocations and the lab's time count at once: for the next handshake, and for open sessions if wanted."""
        with self._lock:
            self._contexts.clear()
        if not end_sessions:
            return
        self._cut(lambda session: session.certificate is not None and not self.accepts(session.certificate))

    def _cut(self, concerned: t.Callable[[LabSession], bool]) -> list[LabSession]:
        with self._lock:
            sessions = [session for session in self._sessions if concerned(session)]
        for session in sessions:
            _shut(session.connection)
        return sessions

    def _accept(self, listeners: dict[socket.socket, Door]) -> None:
        number = 0
        with selectors.DefaultSelector() as selector:
            for listener in listeners:
                selector.register(listener, selectors.EVENT_READ)
            while not self._ending.is_set():
                for key, _events in selector.select():
                    listener = t.cast("socket.socket", key.fileobj)
                    try:
                        raw, peer = listener.accept()
                    except OSError:  # shut, or the client has gone already
                        continue
                    number += 1
                    self._serve(raw, peer, listeners[listener], number)

    def _serve(self, raw: socket.socket, peer: t.Any, door: Door, number: int) -> None:
        raw.settimeout(IDLE_SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            tls = self._current_context(door).wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        except OSError:  # the client has gone already
            raw.close()
            return
        session = LabSession(self, tls, peer, f"{self.name}-{number}")
        with self._lock:
            self._sessions = [known for known in self._sessions if known.is_alive()]
            session.start()
            self._sessions.append(session)

    def _current_context(self, door: Door) -> ssl.SSLContext:
        """The TLS context, made anew when a certificate was withdrawn or went out of date since the last one."""
        with self._lock:
            imported = [certificate_pem(one) for one in self._imported.values() if self._in_date(one)]
            withdrawn = self.withdrawn()
            context, *made_for = self._contexts.get(door, (None,))
            if context is None or made_for != [withdrawn, imported]:
                context = self._make_context(door, imported)
                self._contexts[door] = context, withdrawn, imported
            return context

    def _make_context(self, door: Door, imported: list[str]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = self._maximum_version
        context.verify_mode = ssl.CERT_REQUIRED
        load_pair(context, *door.pair)
        flags = int(context.verify_flags) | NO_CHECK_TIME
        if imported:
            # nobody publishes a CRL for a self-signed certificate; see accepts
            flags |= int(ssl.VERIFY_X509_PARTIAL_CHAIN)
            context.load_verify_locations(cadata="\n".join(imported))
        else:
            flags |= int(ssl.VERIFY_CRL_CHECK_LEAF)
        context.verify_flags = ssl.VerifyFlags(flags)
        if self._client_authorities:
            # one file for certificates and CRLs: the ssl module takes no CRL from memory
            path = os.path.join(self._directory, f"{self.name}-clients.pem")
            write_private(path, "".join(ca.certificate_pem + ca.crl_pem() for ca in self._client_authorities))
            context.load_verify_locations(cafile=path)
        refuse_in_handshake(context, [ca.certificate for ca in self._client_authorities], self._unwelcome)
        return context

    def _unwelcome(self, certificate: x509.Certificate, address: str) -> bool:
        """Whether a certificate that is good in itself is refused all the same; OpenSSL judges all others."""
        if not self.accepts(certificate) or self.admits(certificate, address):
            return False
        self.turned_away.append(str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value))
        return True
