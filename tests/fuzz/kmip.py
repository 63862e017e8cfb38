# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: what KMIP servers send, from the first record of TLS on, and the options that lead there."""

from __future__ import annotations

import datetime
import ssl
import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip import handshake, server_info, trust
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.handshake import HandshakeResult
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.key_client import KeyClient
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import (
    Anchors,
    Endpoint,
    Identity,
    anchors_of,
    bare_context,
    endpoint_of,
    identity_of,
    load_identity,
    verifying_context,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.ttlv import raise_for_result

from .certificates import PARTLY
from .engine import target
from .inputs import damaged, damaged_text, odd_text
from .samples import der_of, samples

SAMPLES = samples()
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
ENDPOINT = Endpoint("kms.example.com", 5696, "kms.example.com", 1.0, 1.0)


def item(tag: int, kind: int, value: bytes) -> bytes:
    """One item of KMIP's encoding (tag, type, length, value)."""
    return tag.to_bytes(3, "big") + bytes([kind]) + len(value).to_bytes(4, "big") + value + b"\0" * (-len(value) % 8)


def structure(tag: int, *items: bytes) -> bytes:
    """An item that holds items."""
    return item(tag, 1, b"".join(items))


def number(tag: int, kind: int, value: int) -> bytes:
    """An integer (2) or an enumeration (5)."""
    return item(tag, kind, value.to_bytes(4, "big"))


def answer(operation: int, payload: bytes, *more: bytes) -> bytes:
    """A whole answer (KMIP 1.4) to one operation; `more` stands after the status."""
    version = structure(0x420069, number(0x42006A, 2, 1), number(0x42006B, 2, 4))
    header = structure(0x42007A, version, item(0x420092, 9, (1_790_000_000).to_bytes(8, "big")), number(0x42000D, 2, 1))
    status = () if more else (number(0x42007F, 5, 0),)
    batch = structure(0x42000F, number(0x42005C, 5, operation), *status, *more, structure(0x42007C, payload))
    return structure(0x42007B, header, batch)


KEY_ID = item(0x420094, 7, b"key-1")
VERSIONS = structure(0x420069, number(0x42006A, 2, 1), number(0x42006B, 2, 4))
STATE = structure(0x420008, item(0x42000A, 7, b"State"), number(0x42000B, 5, 2))
MATERIAL = structure(
    0x42008F,
    structure(
        0x420040,
        number(0x420042, 5, 1),
        structure(0x420045, item(0x420043, 8, bytes(32))),
        number(0x420028, 5, 3),
        number(0x42002A, 2, 256),
    ),
)
REFUSAL = (number(0x42007F, 5, 1), number(0x42007E, 5, 1), item(0x42007D, 7, b"no\nsuch thing " * 400))
ANSWERS = (
    answer(0x1E, VERSIONS),
    answer(0x18, number(0x42005C, 5, 1) + number(0x42005C, 5, 0x0A) + item(0x42009D, 7, b"a vendor")),
    answer(0x01, number(0x420057, 5, 2) + KEY_ID),
    answer(0x0B, KEY_ID + STATE),
    answer(0x0D, KEY_ID + STATE),
    answer(0x12, KEY_ID),
    answer(0x0A, number(0x420057, 5, 2) + KEY_ID + MATERIAL),
    answer(0x08, KEY_ID),
    answer(0x0A, b"", *REFUSAL),
)
FLAT = tuple(raw for raw in (b"", ANSWERS[0][:8], ANSWERS[0] + ANSWERS[1], ANSWERS[-1]))


@target("KMIP results", damaged(ANSWERS), FLAT)
def _results(data: bytes) -> None:
    raise_for_result(data, ENDPOINT.peer)


class _Told:
    """A transport that gives the same answer to everything."""

    endpoint = ENDPOINT
    is_open = True

    def __init__(self, data: bytes) -> None:
        self._data = data

    def exchange(self, _message: bytes) -> bytes:
        """The answer."""
        return self._data

    def open(self) -> None:
        """It is."""

    def close(self) -> None:
        """It stays."""


CALLS: tuple[t.Callable[[KeyClient], object], ...] = (
    lambda client: client.versions(),
    lambda client: client.query(),
    lambda client: client.create("name"),
    lambda client: client.state("key-1"),
    lambda client: client.add_attribute("key-1", "x-a", "b"),
    lambda client: client.activate("key-1"),
    lambda client: client.material_size("key-1"),
    lambda client: client.locate("name"),
    lambda client: client.revoke("key-1"),
    lambda client: client.destroy("key-1"),
)


@target(
    "KMIP answers through PyKMIP",
    st.tuples(st.integers(0, len(CALLS) - 1), damaged(ANSWERS, sized=True)),
    [(call, ANSWERS[0]) for call in range(len(CALLS))] + [(0, raw) for raw in ANSWERS],
    share=0.7,
)
def _pykmip(value: tuple[int, bytes]) -> None:
    call, data = value
    client = KeyClient(t.cast(t.Any, _Told(data)), Identity(username="user", password="secret"))
    CALLS[call](client)
    client.version  # noqa: B018 (read for what it may raise)


def record(kind: int, body: bytes) -> bytes:
    """A TLS record of version 1.2."""
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


def message(kind: int, body: bytes) -> bytes:
    """A handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def certificates(*chain: bytes) -> bytes:
    """The message with the server's certificates."""
    body = b"".join(len(one).to_bytes(3, "big") + one for one in chain)
    return message(11, len(body).to_bytes(3, "big") + body)


HELLO = message(2, b"\x03\x03" + bytes(32) + b"\x00\xc0\x2b\x00")
CHAIN = (SAMPLES.leaf_der, SAMPLES.authority_der)
RECORDS = (
    record(22, HELLO + certificates(*CHAIN)),
    record(22, HELLO) + record(22, certificates(*CHAIN)) + record(22, message(14, b"")),
    *(record(22, HELLO + certificates(der_of(text))) for text in PARTLY),
)


def _judged(seen: HandshakeResult) -> None:
    """What kmip_server_info makes of what it saw, without a network."""
    pins = Anchors(pins=(("sha256", "AA:" * 31 + "AA"), ("sha1", "AA:" * 19 + "AA")))
    server_info.shown(ENDPOINT, seen, NOW)
    trust.pin_mismatch(seen.chain[0], pins)
    judgement = trust.Judgement(True, ["ca"], True, None, True, [])
    place = trust.Place("192.0.2.1", seen, judgement)
    place.as_result()
    trust.for_vcenter(Anchors(SAMPLES.authority), seen, judgement, [place])
    trust.demand(ENDPOINT, pins, seen, trust.Judgement(False, [], None, False, None, ["another one"]))


@target("TLS handshakes", damaged(RECORDS), RECORDS)
def _handshakes(data: bytes) -> None:
    messages = list(handshake.handshake_messages(data))
    chain = handshake.clear_chain(messages)
    if chain:
        _judged(HandshakeResult("192.0.2.1", chain, True, "TLSv1.2", None, None))


class _Wire:
    """A socket from which these bytes come."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def getpeername(self) -> tuple[str, int]:
        """Where it leads."""
        return "192.0.2.1", 5696

    def sendall(self, data: bytes) -> None:
        """Nobody listens."""

    def settimeout(self, seconds: float) -> None:
        """It is always ready."""

    def recv(self, size: int) -> bytes:
        """The next bytes."""
        part, self._data = self._data[:size], self._data[size:]
        return part


# a certificate needs a server that knows the numbers of this very handshake
@target("TLS servers", damaged(RECORDS), RECORDS, share=0.5, refuses_all=True)
def _servers(data: bytes) -> None:
    wire = t.cast(t.Any, _Wire(data))
    seen = handshake._Exchange(wire, ENDPOINT, bare_context()).run()
    if not seen.chain:
        raise handshake.no_certificate(ENDPOINT, seen)
    _judged(seen)


TEXTS = {
    "host": odd_text,
    "server_name": odd_text,
    "ca": damaged_text([SAMPLES.authority, SAMPLES.leaf, *PARTLY]),
    "client_certificate": damaged_text([SAMPLES.leaf]),
    "client_private_key": damaged_text([SAMPLES.ec_key, SAMPLES.ciphered_key]),
    "client_private_key_passphrase": odd_text,
    "ca_path": odd_text,
    "client_certificate_path": odd_text,
    "client_private_key_path": odd_text,
    "username": odd_text,
    "password": odd_text,
}
GIVEN = {"host": "kms.example.com", "client_certificate": SAMPLES.leaf, "client_private_key": SAMPLES.ec_key}
OPTIONS = {
    **dict.fromkeys(TEXTS),
    **GIVEN,
    "port": 5696,
    "thumbprints": None,
    "connect_timeout": 1.0,
    "timeout": 1.0,
}


@target(
    "KMIP options",
    st.fixed_dictionaries({}, optional={**TEXTS, "port": st.integers(), "thumbprints": st.lists(odd_text, max_size=2)}),
    [{"ca_path": "a\0b"}, {"ca": PARTLY[3]}, {"host": "a" * 64}],
    share=0.5,
)
def _options(changes: dict[str, t.Any]) -> None:
    params = {**OPTIONS, **changes}
    endpoint_of(params)
    identity, context = identity_of(params), verifying_context(anchors_of(params))
    if identity:
        load_identity(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), identity)
    context.get_ca_certs()
