# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as a vCenter 7 or 8 writes them (KMIP 1.1), and a reader for the answers that depends on nothing."""

from __future__ import annotations

import dataclasses
import struct
import typing as t

from kmip.core import attributes, enums, objects, primitives, utils
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.messages import contents, messages, payloads
from kmip.core.messages.payloads import base

STRUCTURE = 0x01
TAG_BATCH_ITEM = 0x42000F
TAG_REASON = 0x42007E
TAG_MESSAGE = 0x42007D
TAG_PAYLOAD = 0x42007C
TAG_STATUS = 0x42007F
TAG_IDENTIFIER = 0x420094
TAG_ATTRIBUTE = 0x420008
TAG_ATTRIBUTE_NAME = 0x42000A
TAG_ATTRIBUTE_VALUE = 0x42000B
TAG_KEY_MATERIAL = 0x420043
STATES = {1: "PreActive", 2: "Active", 3: "Deactivated", 4: "Compromised", 5: "Destroyed", 6: "DestroyedCompromised"}
Item = tuple[enums.Operation, t.Any]


class NotKmipError(ValueError):
    """The answer cannot be read."""


@dataclasses.dataclass(frozen=True)
class Node:
    """One TTLV item; `value` is a list of nodes for a structure, else the raw bytes."""

    tag: int
    value: t.Any

    def find(self, tag: int) -> Node | None:
        """The first item with that tag, at any depth."""
        if self.tag == tag:
            return self
        children = self.value if isinstance(self.value, list) else []
        return next((found for child in children if (found := child.find(tag))), None)

    def number(self, tag: int) -> int | None:
        """The integer or enumeration below this item."""
        found = self.find(tag)
        return int.from_bytes(found.value, "big") if found else None

    def text(self, tag: int) -> str:
        """The text below this item, empty when there is none."""
        found = self.find(tag)
        return found.value.decode("utf-8", "replace") if found else ""


def decode(data: bytes) -> list[Node]:
    """The TTLV items side by side in `data`."""
    nodes: list[Node] = []
    offset = 0
    while offset < len(data):
        if len(data) - offset < 8:
            raise NotKmipError("truncated TTLV header")
        tag, kind = int.from_bytes(data[offset : offset + 3], "big"), data[offset + 3]
        size = struct.unpack_from("!I", data, offset + 4)[0]
        body = data[offset + 8 : offset + 8 + size]
        if len(body) < size:
            raise NotKmipError("TTLV item longer than its message")
        nodes.append(Node(tag, decode(body) if kind == STRUCTURE else body))
        offset += 8 + size + (-size % 8)
    return nodes


def attribute_value(payload: Node, name: str) -> bytes | None:
    """The raw value of the attribute with that name in an answer to GetAttributes."""
    children = payload.value if isinstance(payload.value, list) else []
    for child in children:
        if child.tag == TAG_ATTRIBUTE and child.text(TAG_ATTRIBUTE_NAME) == name:
            found = child.find(TAG_ATTRIBUTE_VALUE)
            return bytes(found.value) if found else None
    return None


class _AddAttribute(base.RequestPayload):
    """Unique identifier and a text attribute; PyKMIP has no such payload."""

    def __init__(self, identifier: str, name: str, value: str) -> None:
        super().__init__()
        label = objects.Attribute.AttributeName(name)
        self._identifier = primitives.TextString(identifier, tag=enums.Tags.UNIQUE_IDENTIFIER)
        self._attribute = objects.Attribute(attribute_name=label, attribute_value=attributes.CustomAttribute(value))

    def write(self, output_buffer: t.Any, kmip_version: t.Any = enums.KMIPVersion.KMIP_1_1) -> None:
        """Encode the payload."""
        body = utils.BytearrayStream()
        self._identifier.write(body, kmip_version=kmip_version)
        self._attribute.write(body, kmip_version=kmip_version)
        self.length = body.length()
        super().write(output_buffer, kmip_version=kmip_version)
        output_buffer.write(body.buffer)


def discover_versions() -> Item:
    """DiscoverVersions with an empty payload."""
    return enums.Operation.DISCOVER_VERSIONS, payloads.DiscoverVersionsRequestPayload()


def query_server() -> Item:
    """Query for the server information only."""
    functions = [enums.QueryFunction.QUERY_SERVER_INFORMATION]
    return enums.Operation.QUERY, payloads.QueryRequestPayload(query_functions=functions)


def create_aes256() -> Item:
    """Create with exactly algorithm, usage mask (encrypt, decrypt) and length; no name."""
    kinds, factory = enums.AttributeType, AttributeFactory()
    masks = [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT]
    wanted = [
        factory.create_attribute(kinds.CRYPTOGRAPHIC_ALGORITHM, enums.CryptographicAlgorithm.AES),
        factory.create_attribute(kinds.CRYPTOGRAPHIC_USAGE_MASK, masks),
        factory.create_attribute(kinds.CRYPTOGRAPHIC_LENGTH, 256),
    ]
    template = objects.TemplateAttribute(attributes=wanted)
    payload = payloads.CreateRequestPayload(enums.ObjectType.SYMMETRIC_KEY, template)
    return enums.Operation.CREATE, payload


def get_attributes(identifier: str, name: str) -> Item:
    """GetAttributes for one attribute."""
    payload = payloads.GetAttributesRequestPayload(unique_identifier=identifier, attribute_names=[name])
    return enums.Operation.GET_ATTRIBUTES, payload


def add_attribute(identifier: str, name: str, value: str) -> Item:
    """AddAttribute with a custom text attribute."""
    return enums.Operation.ADD_ATTRIBUTE, _AddAttribute(identifier, name, value)


def activate(identifier: str) -> Item:
    """Activate."""
    payload = payloads.ActivateRequestPayload(unique_identifier=attributes.UniqueIdentifier(identifier))
    return enums.Operation.ACTIVATE, payload


def get(identifier: str) -> Item:
    """Get without a format."""
    return enums.Operation.GET, payloads.GetRequestPayload(unique_identifier=identifier)


def request(items: t.Sequence[Item], first: int, username: str | None = None, password: str | None = None) -> bytes:
    """A request message; batch item ids are `QLKC` and a counter that starts at `first`."""
    authentication = None
    if username:
        secret = objects.UsernamePasswordCredential(username=username, password=password or "")
        credential = objects.Credential(enums.CredentialType.USERNAME_AND_PASSWORD, secret)
        authentication = contents.Authentication([credential])
    header = messages.RequestHeader(
        protocol_version=contents.ProtocolVersion(1, 1),
        authentication=authentication,
        batch_count=contents.BatchCount(len(items)),
    )
    batch = [
        messages.RequestBatchItem(
            operation=contents.Operation(operation),
            unique_batch_item_id=contents.UniqueBatchItemID(b"QLKC" + struct.pack("!I", first + number)),
            request_payload=payload,
        )
        for number, (operation, payload) in enumerate(items)
    ]
    stream = utils.BytearrayStream()
    messages.RequestMessage(request_header=header, batch_items=batch).write(stream, enums.KMIPVersion.KMIP_1_1)
    return bytes(stream.buffer)
