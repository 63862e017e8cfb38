# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vCenter's side of KMIP: its connection test, its new key and its use of a key, in its order."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import ssl
import typing as t

from ..clock import LabClock
from . import vcenter_messages as kmip
from .vcenter_tls import ClientRefusedError, Connection, Identity, ServerUntrustedError, fetch_chain

PEM_END = "-----END CERTIFICATE-----\n"
REASON_ITEM_NOT_FOUND = 1
REASONS = {
    1: "Item_Not_Found",
    3: "Authentication_Not_Successful",
    4: "Invalid_Message",
    5: "Operation_Not_Supported",
    7: "Invalid_Field",
    12: "Permission_Denied",
    256: "General_Failure",
}


class KmsRefused(Exception):  # noqa: N818  # named as the event it is
    """The KMIP server refused; the text says which operation and why, `reason` is KMIP's number if it gave one."""

    def __init__(self, message: str, reason: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class KmsUnavailable(KmsRefused):
    """No connection to the KMIP server in which both sides trust each other; `in_tls`: it broke in the handshake."""

    in_tls = False


class KmsDistrusted(KmsUnavailable):
    """One side refuses the other's certificate."""

    in_tls = True


@dataclasses.dataclass(frozen=True)
class Probe:
    """What a connection test found; `detail` says in words what is wrong, empty when nothing is."""

    reachable: bool
    certificate_pem: str
    client_trusts_server: bool
    server_trusts_client: bool
    detail: str = ""

    @property
    def green(self) -> bool:
        """vCenter's health of this server."""
        return self.reachable and self.client_trusts_server and self.server_trusts_client


class _Session:
    """One connection and the batches on it."""

    def __init__(self, connection: Connection, username: str | None, password: str | None) -> None:
        self.connection = connection
        self._credential = (username, password)
        self._counter = itertools.count(1)

    def batch(self, items: t.Sequence[kmip.Item]) -> list[kmip.Node]:
        """The answer's payloads; raises KmsRefused for the first item that failed."""
        first = next(self._counter)
        for _item in items[1:]:
            next(self._counter)
        answer = kmip.decode(self.connection.exchange(kmip.request(items, first, *self._credential)))
        done = []
        for node, (operation, _payload) in itertools.zip_longest(_batch_items(answer), items):
            name = "_".join(word.capitalize() for word in operation.name.split("_"))
            if node is None:
                raise KmsRefused(f"{name} operation was not answered by the server")
            if node.number(kmip.TAG_STATUS) != 0:
                raise _refusal(name, node)
            done.append(node.find(kmip.TAG_PAYLOAD) or kmip.Node(kmip.TAG_PAYLOAD, []))
        return done

    def one(self, item: kmip.Item) -> kmip.Node:
        """The answer's payload to a request with one item."""
        return self.batch([item])[0]

    def state(self, key_id: str) -> str:
        """The state of the key in words."""
        value = kmip.attribute_value(self.one(kmip.get_attributes(key_id, "State")), "State")
        return kmip.STATES.get(int.from_bytes(value or b"", "big"), "unknown")

    def material(self, key_id: str) -> bytes:
        """The key itself."""
        found = self.one(kmip.get(key_id)).find(kmip.TAG_KEY_MATERIAL)
        if found is None:
            raise KmsRefused(f"Get operation returned no key material for {key_id}")
        return bytes(found.value)


def _batch_items(answer: list[kmip.Node]) -> list[kmip.Node]:
    children = answer[0].value if answer and isinstance(answer[0].value, list) else []
    return [node for node in children if node.tag == kmip.TAG_BATCH_ITEM]


def _refusal(name: str, node: kmip.Node) -> KmsRefused:
    reason = node.number(kmip.TAG_REASON)
    words = REASONS.get(reason or 0, f"reason {reason}")
    text = node.text(kmip.TAG_MESSAGE)
    if reason == 5:
        return KmsRefused(f"{name} operation is not supported by the server", reason)
    return KmsRefused(f"{name} operation failed on the server: {words}" + (f", {text}" if text else ""), reason)


class VCenterKmsClient:
    """One KMIP server of a provider, as vCenter uses it. `trusted_pems` are CAs or leaves; names are not compared.

    With `clock` the server's certificate also expires by the lab's time. `address` is the one to connect to of those
    that `host` has. `aversion` says what fails between this vCenter and that server (VCenterSettings.ecdsa_endpoint).
    """

    def __init__(
        self,
        host: str,
        port: int,
        trusted_pems: t.Sequence[str],
        client_cert_pem: str | None,
        client_key_pem: str | None,
        username: str | None = None,
        password: str | None = None,
        timeout: float = 60.0,
        clock: LabClock | None = None,
        address: str = "",
        aversion: str = "works",
    ) -> None:
        self._host, self._port, self._timeout = host, port, timeout
        self._address, self._aversion = address, aversion
        self._identity = Identity(trusted_pems, client_cert_pem, client_key_pem, clock.now if clock else None)
        self._username, self._password = username, password

    def fetch_server_certificate(self) -> str:
        """The chain the server presents as PEM, leaf first; empty when it cannot be had."""
        if self._aversion == "certificate":
            return ""
        chain = fetch_chain(self._host, self._port, self._timeout, self._address)
        return "".join(ssl.DER_cert_to_PEM_cert(der) for der in chain)

    def probe(self) -> Probe:
        """vCenter's connection test: TLS, DiscoverVersions, Query for the server information."""
        pem = self.fetch_server_certificate()
        if not pem and self._aversion == "certificate":
            # issue 626 of PyKMIP names the text
            return Probe(True, "", False, False, "Cannot retrieve the requested certificate")
        if not pem:
            return Probe(False, "", False, False, f"Cannot connect to the key server {self._host}:{self._port}.")
        try:
            # before TLS: with version 1.2 the server may refuse us before OpenSSL lets us see its dates
            self._identity.check_dates(ssl.PEM_cert_to_DER_cert(pem[: pem.index(PEM_END) + len(PEM_END)]))
            with self._session() as session:
                session.one(kmip.discover_versions())
                session.one(kmip.query_server())
        except ServerUntrustedError as exc:
            return Probe(True, pem, False, False, f"vCenter does not trust the key server: {exc}.")
        except ClientRefusedError as exc:
            return Probe(True, pem, True, False, f"The key server does not trust vCenter: {exc}.")
        except KmsRefused as exc:
            return Probe(True, pem, True, False, f"The key server refuses vCenter: {exc}.")
        except (OSError, kmip.NotKmipError) as exc:
            return Probe(True, pem, True, False, f"The key server does not answer: {exc}.")
        return Probe(True, pem, True, True)

    def create_key(self, product_version: str) -> str:
        """Make a key and return its id; raises KmsRefused with the reason."""
        with self._connected() as session:
            key_id = session.one(kmip.create_aes256()).text(kmip.TAG_IDENTIFIER)
            session.one(kmip.get_attributes(key_id, "x-Product_Version"))
            facts = {
                "x-Product_Version": product_version,
                "x-Vendor": "VMware, Inc.",
                "x-Product": "VMware vSphere",
            }
            # vCenter goes on with servers that cannot do this
            with contextlib.suppress(KmsRefused):
                session.batch([kmip.add_attribute(key_id, name, value) for name, value in facts.items()])
            session.state(key_id)
            session.material(key_id)
        return key_id

    def use_key(self, key_id: str) -> bytes:
        """The 32 bytes of a key for use now: a fresh one is activated, others must be active."""
        with self._connected() as session:
            state = session.state(key_id)
            if state == "PreActive":
                session.one(kmip.activate(key_id))
            elif state != "Active":
                raise KmsRefused(f"key {key_id} is {state} on the server")
            return session.material(key_id)

    def key_state(self, key_id: str) -> str:
        """`available`, or the reason in the words of vSphere's CryptoManagerKmip."""
        return self.key_states([key_id])[key_id]

    def key_states(self, key_ids: t.Iterable[str]) -> dict[str, str]:
        """The same for many keys over one connection."""
        found = dict.fromkeys(key_ids, "KeyStateClusterUnreachable")
        with contextlib.suppress(KmsUnavailable), self._connected() as session:
            for key_id in found:
                found[key_id] = self._state_words(session, key_id)
        return found

    @staticmethod
    def _state_words(session: _Session, key_id: str) -> str:
        try:
            state = session.state(key_id)
        except KmsRefused as exc:
            missing = exc.reason == REASON_ITEM_NOT_FOUND
            return "KeyStateMissingInKMS" if missing else "NoPermissionToAccessKeyProvider"
        return "available" if state == "Active" else "KeyStateNotActiveOrEnabled"

    @contextlib.contextmanager
    def _session(self) -> t.Iterator[_Session]:
        connection = Connection(self._host, self._port, self._identity, self._timeout, self._address)
        try:
            if self._aversion != "works":
                raise OSError("the TLS handshake failed")
            yield _Session(connection, self._username, self._password)
        finally:
            connection.close()

    @contextlib.contextmanager
    def _connected(self) -> t.Iterator[_Session]:
        """A session whose transport failures come as KmsUnavailable."""
        try:
            with self._session() as session:
                yield session
        except ServerUntrustedError as exc:
            raise KmsDistrusted(f"vCenter does not trust the key server {self._host}: {exc}") from exc
        except ClientRefusedError as exc:
            raise KmsDistrusted(f"the key server {self._host} does not trust vCenter: {exc}") from exc
        except (OSError, kmip.NotKmipError) as exc:
            raise KmsUnavailable(f"cannot connect to the key server {self._host}:{self._port}: {exc}") from exc
