# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Goes with a key through all that vCenter will ask for, and takes the key away again whatever happens."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import typing as t
import uuid

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    certificate_facts,
    days_left,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.client import Offer
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    ClientCredentialsError,
    KmsError,
    OperationFailedError,
    ServerTestError,
    UnexpectedAnswerError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.handshake import look
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.key_client import KeyClient
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.probe_record import (
    ProbeRecord,
    missing,
    remains,
    verdict,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.server_info import shown
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import (
    Identity,
    anchors_of,
    endpoint_of,
    identity_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.transport import Transport
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.trust import demand, judge

KEY_BYTES = 32
# one of those that vCenter sets
# (captured requests of vCenter 7.0.3 in the tests of Cosmian/kms)
_ATTRIBUTE = ("x-Product", "ansible")


_LONGEST_NAME = 64


def unique_name(beginning: str) -> str:
    """A name for the test key that nobody else has, so that it is safe to find the key by it.

    Raises InvalidInputError for what PyKMIP cannot send (kept to ASCII) or servers may not like.
    """
    printable = all("!" <= character <= "~" for character in beginning)
    if not printable or not 0 < len(beginning) <= _LONGEST_NAME:
        raise InvalidInputError(
            f"key_name: {beginning!r} is not a name of 1 to {_LONGEST_NAME} printable ASCII characters without blanks"
        )
    return f"{beginning}-{uuid.uuid4().hex[:8]}"


class ProbeClient(t.Protocol):
    """What KeyClient does; see there."""

    @property
    def is_open(self) -> bool: ...
    def open(self) -> None: ...
    def close(self) -> None: ...
    @property
    def version(self) -> str: ...
    def versions(self) -> list[str]: ...
    def query(self) -> Offer: ...
    def create(self, name: str) -> str: ...
    def state(self, key_id: str) -> str: ...
    def add_attribute(self, key_id: str, name: str, value: str) -> None: ...
    def activate(self, key_id: str) -> None: ...
    def material_size(self, key_id: str) -> int: ...
    def locate(self, name: str) -> list[str]: ...
    def revoke(self, key_id: str) -> None: ...
    def destroy(self, key_id: str) -> None: ...


class Probe:
    """One test. `connect` makes a client that is not opened yet: after a lost connection the clean-up needs another.

    `left_behind` holds the id of a key that could not be removed; `perhaps` says that there may be one without a
    known id, under the name that was given.
    """

    def __init__(self, connect: t.Callable[[], ProbeClient], record: ProbeRecord) -> None:
        self._connect = connect
        self._client = connect()
        self._record = record
        self._state: str | None = None  # the key's, as last told by the server
        self._given_up = False
        self.protocol_version: str | None = None
        self.offer: Offer | None = None
        self.key_name: str | None = None
        self.key_id: str | None = None
        self.left_behind: list[str] = []
        self.perhaps = False

    @property
    def remains(self) -> bool:
        """There is, or may be, a key of ours on the server."""
        return bool(self.left_behind) or self.perhaps

    def close(self) -> None:
        """Close the connection; may be called at any time."""
        self._client.close()

    def look(self) -> None:
        """The steps that change nothing."""
        self._record.attempt("connection", self._client.open)
        if self._record.ok("connection"):
            if self._step("discover_versions", self._client.versions):
                self.protocol_version = self._client.version
            self.offer = self._step("query", self._client.query)

    def try_key(self, name: str) -> None:
        """The steps that write, on a key with that name, and the clean-up. The name must be new on the server.

        Nothing is written without a connection; a mere refusal of what `look` has asked does not matter.
        """
        if not self._record.ok("connection") or self._given_up:
            return
        self.key_name, lost = name, True
        try:
            self.key_id = self._step("create", lambda: self._client.create(name))
            # without a clear refusal the key may exist, although its id is not known
            lost = not isinstance(self._record.error("create"), OperationFailedError)
            if self.key_id:
                self._use(self.key_id, name)
        finally:
            if lost and not self.key_id:
                self._find(name)
            if self.key_id:
                self._remove(self.key_id)

    # --- steps

    def _step(self, name: str, call: t.Callable[[], t.Any]) -> t.Any:
        """Do a step. The test ends with a broken connection, unless vCenter does without the step, and with a server
        that does not know us.
        """
        if self._given_up:
            self._record.skip(name, "the conversation had ended before")
            return None

        def with_connection() -> t.Any:
            self._reconnect()
            return call()

        value = self._record.attempt(name, with_connection)
        error = self._record.error(name)
        broken = not self._client.is_open and name not in ("add_attribute", "locate")
        self._given_up = broken or (error is not None and error.kind == "not_authenticated")
        return value

    def _reconnect(self) -> None:
        """Have an open connection, a new one if need be."""
        if self._client.is_open:
            return
        self._client.close()
        self._client = self._connect()
        self._client.open()
        with contextlib.suppress(OperationFailedError):
            self._client.versions()

    def _use(self, key_id: str, name: str) -> None:
        self._step("state_after_create", lambda: self._expect_state(key_id, "PRE_ACTIVE", "ACTIVE"))
        self._step("add_attribute", lambda: self._client.add_attribute(key_id, *_ATTRIBUTE))
        if self._state == "ACTIVE":
            self._record.skip("activate", "the server activates new keys by itself", required=False)
        else:
            self._step("activate", lambda: self._activate(key_id))
        self._step("state_after_activate", lambda: self._expect_state(key_id, "ACTIVE"))
        self._step("get", lambda: self._expect_material(key_id))
        self._step("locate", lambda: self._expect_located(key_id, name))

    def _expect_state(self, key_id: str, *expected: str) -> None:
        self._state = self._client.state(key_id)
        if self._state not in expected:
            raise UnexpectedAnswerError(f"the key is in state {self._state}, expected {' or '.join(expected)}")

    def _activate(self, key_id: str) -> None:
        before, self._state = self._state, None
        try:
            self._client.activate(key_id)
        except OperationFailedError:
            self._state = before
            raise
        self._state = "ACTIVE"

    def _expect_material(self, key_id: str) -> None:
        size = self._client.material_size(key_id)
        if size != KEY_BYTES:
            raise UnexpectedAnswerError(f"the key has {size} bytes, expected {KEY_BYTES}")

    def _expect_located(self, key_id: str, name: str) -> None:
        if key_id not in self._client.locate(name):
            raise UnexpectedAnswerError("Locate by name does not find the key")

    # --- clean-up

    def _find(self, name: str) -> None:
        """The answer to Create was lost: look for the key by its name, which nobody else uses."""
        try:
            self._reconnect()
            found = self._client.locate(name)
        except KmsError:
            self.perhaps = True
        else:
            self.key_id = found[0] if found else None

    def _remove(self, key_id: str) -> None:
        self._given_up = False
        # an active key has to be revoked before it is destroyed, a pre-active one does not (KMIP, attribute State)
        if self._state == "PRE_ACTIVE":
            self._record.skip("revoke", "the key is not active")
        else:
            self._insist("revoke", lambda: self._client.revoke(key_id))
        if not self._insist("destroy", lambda: self._client.destroy(key_id)):
            self.left_behind = [key_id]
            return
        self._step("get_after_destroy", lambda: self._expect_absent(key_id))
        if isinstance(self._record.error("get_after_destroy"), UnexpectedAnswerError):
            self.left_behind = [key_id]

    def _insist(self, name: str, call: t.Callable[[], None]) -> bool:
        """Do a step of the clean-up, once more when its answer was lost; whether it took effect."""
        self._given_up = False
        self._step(name, call)
        if self._record.ok(name) or self._client.is_open:
            return bool(self._record.ok(name))
        try:
            self._reconnect()
            call()
        except KmsError as error:
            return error.kind == "item_not_found"  # the first attempt has done it
        return True

    def _expect_absent(self, key_id: str) -> None:
        try:
            self._client.material_size(key_id)
        except OperationFailedError as error:
            if error.kind != "item_not_found":
                raise
        else:
            raise UnexpectedAnswerError("the key can still be read after Destroy")


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """What came of the test; what could not be looked at is null."""

    host: str
    port: int
    server_name: str | None
    client_certificate: dict[str, t.Any]
    passed: bool | None
    protocol_version: str | None
    vendor: str | None
    missing: list[str] | None
    steps: list[dict[str, t.Any]]
    key_name: str | None
    key_id: str | None
    left_behind: list[str]
    perhaps_left_behind: bool
    address: str | None = None
    tls_version: str | None = None
    server_certificate: dict[str, t.Any] | None = None


@dataclasses.dataclass(frozen=True)
class ShortCertificate:
    """What tells a certificate from others, and when it ends."""

    subject: str | None
    issuer: str | None
    serial_number: str | None
    not_after: str | None
    days_left: int | None
    sha1: str
    sha256: str


class KmipServerTest:
    """Judges the server, then lets a probe try everything, and says what came out."""

    def __init__(self, context: Context) -> None:
        params = context.params
        self.context = context
        self.endpoint = endpoint_of(params)
        self.anchors = anchors_of(params)
        self.identity = _own_identity(params)
        self.name = unique_name(params["key_name"])
        self.now = datetime.datetime.now(datetime.timezone.utc)
        facts = certificate_facts(self.identity.certificate or "", "client_certificate")
        self.certificate = _short({**facts, "days_left": days_left(facts["not_after"], self.now)})
        self.must_pass = params["on_failure"] == "fail"
        self.seen: dict[str, t.Any] = {}  # of the server, once it has been looked at
        self.record = ProbeRecord()
        self.probe = context.closing(Probe(self._client, self.record))

    def perform(self, check_mode: bool) -> dict[str, t.Any]:
        """The test; in check mode only the steps that change nothing. Raises ServerTestError when it must pass."""
        self.record.attempt("server_certificate", self._judge)
        if self.record.ok("server_certificate"):
            self.probe.look()
            if not check_mode:
                self.probe.try_key(self.name)
        passed: bool | None = self.record.complete and not self.probe.remains
        if check_mode and not self.record.failed:
            passed = None
        result = {"changed": self.probe.remains, "kmip_server_test": self._result(passed)}
        if passed is False:
            self._tell(result)
        return result

    def _client(self) -> KeyClient:
        return KeyClient(Transport(self.endpoint, self.anchors, self.identity), self.identity)

    def _judge(self) -> None:
        seen = look(self.endpoint)
        facts = shown(self.endpoint, seen, self.now)
        self.seen = {
            "address": facts["address"],
            "tls_version": facts["tls_version"],
            "server_certificate": _short(facts),
        }
        demand(self.endpoint, self.anchors, seen, judge(self.endpoint, self.anchors, seen))

    def _result(self, passed: bool | None) -> State:
        probe, offer = self.probe, self.probe.offer
        return as_result(
            ProbeResult(
                host=self.endpoint.host,
                port=self.endpoint.port,
                server_name=self.endpoint.server_name,
                client_certificate=self.certificate,
                passed=passed,
                protocol_version=probe.protocol_version,
                vendor=offer.vendor if offer else None,
                missing=missing(offer.operations) if offer else None,
                steps=self.record.rows,
                key_name=probe.key_name,
                key_id=probe.key_id,
                left_behind=probe.left_behind,
                perhaps_left_behind=probe.perhaps,
                **self.seen,
            )
        )

    def _tell(self, result: dict[str, t.Any]) -> None:
        keys = remains(self.probe.left_behind, self.probe.key_name, self.probe.perhaps)
        message = verdict(self.endpoint.peer, self.certificate["subject"], self.record, keys)
        if self.must_pass:
            raise ServerTestError(message, result, self.record.failed)
        for sentence in keys:
            self.context.warn(f"KMIP server {self.endpoint.peer}: {sentence}")


def _own_identity(params: t.Mapping[str, t.Any]) -> Identity:
    identity = identity_of(params)
    if identity is None or identity.certificate is None:
        raise ClientCredentialsError(
            "client_certificate: the client certificate to be tested is missing (option client_certificate or "
            "client_certificate_path)"
        )
    return identity


def _short(facts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return as_result(ShortCertificate(**{name: facts[name] for name in fields_of(ShortCertificate)}))
