# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PyKMIP's engine with what the lab needs on top: AddAttribute, custom attributes, permissions, journal and faults."""

from __future__ import annotations

import copy
import dataclasses
import functools
import hmac
import os
import pathlib
import tempfile
import threading
import typing as t
import warnings

import sqlalchemy
from kmip.core import attributes, enums, exceptions, objects, policy, primitives, utils
from kmip.core.factories.payloads.request import RequestPayloadFactory
from kmip.core.messages.payloads import base
from kmip.pie import objects as pie_objects
from kmip.pie import sqltypes
from kmip.services.server import engine as kmip_engine

from ..faults import FaultRule, Faults
from ..journal import Journal

READS = frozenset(
    ("Check", "DiscoverVersions", "Get", "GetAttributeList", "GetAttributes", "GetUsageAllocation", "Locate", "Query")
)
Allowed = t.Callable[[str, int, str], bool]


def operation_name(operation: enums.Operation) -> str:
    """GET_ATTRIBUTES -> GetAttributes, as the specification writes it."""
    return "".join(word.capitalize() for word in operation.name.split("_"))


def custom_attribute(name: str, value: str) -> objects.Attribute:
    """A text attribute `x-...`."""
    label = objects.Attribute.AttributeName(name)
    return objects.Attribute(attribute_name=label, attribute_value=attributes.CustomAttribute(value))


def _failure(message: str) -> exceptions.KmipError:
    return exceptions.KmipError(enums.ResultStatus.OPERATION_FAILED, enums.ResultReason.GENERAL_FAILURE, message)


class AddAttributeRequest(base.RequestPayload):
    """Unique identifier and one attribute; PyKMIP has no such payload."""

    def __init__(self) -> None:
        super().__init__()
        self.unique_identifier = ""
        self.name = ""
        self.value: t.Any = None

    def read(self, input_buffer: t.Any, kmip_version: t.Any = enums.KMIPVersion.KMIP_1_0) -> None:
        """Decode the payload."""
        super().read(input_buffer, kmip_version=kmip_version)
        body = utils.BytearrayStream(input_buffer.read(self.length))
        if self.is_tag_next(enums.Tags.UNIQUE_IDENTIFIER, body):
            identifier = primitives.TextString(tag=enums.Tags.UNIQUE_IDENTIFIER)
            identifier.read(body, kmip_version=kmip_version)
            self.unique_identifier = identifier.value
        attribute = objects.Attribute()
        attribute.read(body, kmip_version=kmip_version)
        self.name, self.value = attribute.attribute_name.value, attribute.attribute_value.value


class AddAttributeResponse(base.ResponsePayload):
    """Unique identifier and the attribute as it is now."""

    def __init__(self, unique_identifier: str, name: str, value: str) -> None:
        super().__init__()
        self._identifier = primitives.TextString(unique_identifier, tag=enums.Tags.UNIQUE_IDENTIFIER)
        # a fresh object: PyKMIP pads a text that it has read once too much when it writes it again
        self._attribute = custom_attribute(name, value)

    def write(self, output_buffer: t.Any, kmip_version: t.Any = enums.KMIPVersion.KMIP_1_0) -> None:
        """Encode the payload."""
        body = utils.BytearrayStream()
        self._identifier.write(body, kmip_version=kmip_version)
        self._attribute.write(body, kmip_version=kmip_version)
        self.length = body.length()
        super().write(output_buffer, kmip_version=kmip_version)
        output_buffer.write(body.buffer)


# PyKMIP's decoder builds this factory itself for each batch item, so the method has to be put on the class
setattr(RequestPayloadFactory, "_create_add_attribute_payload", lambda self: AddAttributeRequest())  # noqa: B010


@dataclasses.dataclass
class KeyStore:
    """Where keys lie; the servers of one cluster share it. `custom` holds the attributes `x-...` by key."""

    path: str
    custom: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Caller(threading.local):
    """What the session's own thread tells the engine about its client, and is told back."""

    serial: int = 0
    hang_up: bool = False


@functools.cache
def _empty_store() -> bytes:
    """A database with the tables of PyKMIP: to make them in each store took a fifth of the start of a lab."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "empty.sqlite"
        engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        sqltypes.Base.metadata.create_all(engine)
        engine.dispose()
        return path.read_bytes()


class LabEngine(kmip_engine.KmipEngine):
    """The engine of one KMIP server. `seen` holds (client, operation) in order."""

    _protocol_versions: list[t.Any]

    def __init__(self, store: KeyStore, system: str, journal: Journal, faults: Faults | None = None) -> None:
        if not os.path.exists(store.path):
            pathlib.Path(store.path).write_bytes(_empty_store())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(policies=copy.deepcopy(policy.policies), database_path=store.path)
        # OKMS and the appliances that vCenter supports speak 1.x
        self._protocol_versions = [version for version in self._protocol_versions if version.major == 1]
        self._system = system
        self._journal = journal
        self._faults = faults or Faults()
        self._custom = store.custom
        self.allowed: Allowed = lambda subject, serial, operation: True
        self.login: tuple[str, str] | None = None  # user name and password that every request must carry
        self.read_only = ""  # how every change is refused, `Reason: text`; empty: changes are made
        self.caller = Caller()
        self.pause = threading.Event()  # set when the server stops: ends what a `slow` fault waits for
        self.seen: list[tuple[str, str]] = []

    def close(self) -> None:
        """Close the database; it opens again when it is used again."""
        self.pause.set()
        self._data_store.dispose()

    def keys(self) -> dict[str, dict[str, t.Any]]:
        """The symmetric keys in the store, without their material: {id: {state, length, owner, attributes}}."""
        with self._lock, self._data_store_session_factory() as database:
            return {
                str(row.unique_identifier): {
                    "state": operation_name(row.state),
                    "length": row.cryptographic_length,
                    "owner": row._owner,
                    "attributes": dict(self._custom.get(str(row.unique_identifier), {})),
                }
                for row in database.query(pie_objects.SymmetricKey).all()
            }

    def object_count(self, owner: str | None = None) -> int:
        """Number of managed objects, of one owner (subject CN) or of all."""
        with self._lock, self._data_store_session_factory() as database:
            query = database.query(pie_objects.ManagedObject)
            rows = query.all() if owner is None else [row for row in query.all() if row._owner == owner]
            return len(rows)

    def process_request(self, request: t.Any, credential: t.Any = None) -> t.Any:
        """Ask for user name and password first, if they are wanted."""
        if self.login is not None and not self._authentic(request.request_header, *self.login):
            reason = enums.ResultReason.AUTHENTICATION_NOT_SUCCESSFUL
            client = str((credential or [None])[0])
            for item in request.batch_items:
                name = operation_name(item.operation.value)
                self.seen.append((client, name))
                self._record(name, item.request_payload, operation_name(reason), client)
            message = "The request carries no known user name and password."
            raise exceptions.KmipError(enums.ResultStatus.OPERATION_FAILED, reason, message)
        return super().process_request(request, credential)

    @staticmethod
    def _authentic(header: t.Any, username: str, password: str) -> bool:
        credentials = header.authentication.credentials if header.authentication else []
        values = [one.credential_value for one in credentials]
        given = [value for value in values if isinstance(value, objects.UsernamePasswordCredential)]
        return any(
            value.username == username and hmac.compare_digest((value.password or "").encode(), password.encode())
            for value in given
        )

    def _process_operation(self, operation: enums.Operation, payload: t.Any) -> t.Any:
        name, client = operation_name(operation), str(self._client_identity[0])
        self.seen.append((client, name))
        status = "GeneralFailure"
        try:
            result = self._perform(operation, payload, name, client)
            status = "Success"
        except exceptions.KmipError as exc:
            status = operation_name(exc.reason)
            raise
        finally:
            self._record(name, payload, status, client)
        return result

    def _record(self, name: str, payload: t.Any, status: str, client: str) -> None:
        target = getattr(payload, "unique_identifier", None) or ""
        kind = "read" if name in READS else "write"
        self._journal.record(self._system, name, kind, str(getattr(target, "value", target)), status, client)

    def _perform(self, operation: enums.Operation, payload: t.Any, name: str, client: str) -> t.Any:
        rule = self._faults.pick(self._system, name)
        if rule:
            self._before(rule)
        if self.read_only and name not in READS:
            reason, _colon, text = self.read_only.partition(":")
            status = enums.ResultStatus.OPERATION_FAILED
            raise exceptions.KmipError(status, enums.ResultReason[reason], text.strip())
        if not self.allowed(client, self.caller.serial, name):
            raise exceptions.PermissionDenied(f"The identities of this certificate may not do {name}.")
        if operation is enums.Operation.ADD_ATTRIBUTE:
            result = self._process_add_attribute(payload)
        else:
            result = super()._process_operation(operation, payload)
        if rule and rule.action != "slow":
            self.caller.hang_up = True
        return result

    def _before(self, rule: FaultRule) -> None:
        """What a fault rule does before the operation takes effect; all others lose the answer after it did."""
        if rule.action == "slow":
            self.pause.wait(rule.seconds)
        elif rule.action == "refuse":
            raise exceptions.PermissionDenied("Refused by a fault rule.")
        elif rule.action == "status":
            raise _failure("Failed by a fault rule.")
        elif rule.action == "drop_before":
            self.caller.hang_up = True
            raise _failure("Dropped by a fault rule.")

    def _process_add_attribute(self, payload: AddAttributeRequest) -> AddAttributeResponse:
        identifier = payload.unique_identifier or self._id_placeholder
        # the owner rule that PyKMIP applies to the other operations
        self._get_object_with_access_controls(identifier, enums.Operation.ADD_ATTRIBUTE)
        if not payload.name.startswith("x-"):
            raise exceptions.InvalidField("Only custom attributes (x-...) can be added.")
        self._custom.setdefault(str(identifier), {})[payload.name] = str(payload.value)
        return AddAttributeResponse(str(identifier), payload.name, str(payload.value))

    def _process_query(self, payload: t.Any) -> t.Any:
        found = super()._process_query(payload)
        if enums.QueryFunction.QUERY_OPERATIONS in payload.query_functions:
            found.operations = [*found.operations, enums.Operation.ADD_ATTRIBUTE]
        if enums.QueryFunction.QUERY_OBJECTS in payload.query_functions:
            found.object_types = [enums.ObjectType.SYMMETRIC_KEY]
        return found

    def _get_attributes_from_managed_object(self, managed_object: t.Any, attr_names: t.Any) -> t.Any:
        found = super()._get_attributes_from_managed_object(managed_object, attr_names)
        for name, value in self._custom.get(str(managed_object.unique_identifier), {}).items():
            if not attr_names or name in attr_names:
                found.append(custom_attribute(name, value))
        return found
