# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KMIP operations on one symmetric key. Import it only where KMIP is spoken: PyKMIP costs half a second."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.client import KmipClient
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.sdk import (
    AttributeFactory,
    BytearrayStream,
    attributes,
    enums,
    messages,
    objects,
    primitives,
)

# as vCenter 7.0.3 asks for it (captured requests in the tests of Cosmian/kms): AES, 256 bits, encrypt and decrypt
BITS = 256


class _AddAttribute:
    """Request payload of Add Attribute, which PyKMIP lacks: the key's id and one custom attribute."""

    def __init__(self, key_id: str, name: str, value: str) -> None:
        self._parts = (
            primitives.TextString(key_id, tag=enums.Tags.UNIQUE_IDENTIFIER),
            objects.Attribute(
                attribute_name=objects.Attribute.AttributeName(name), attribute_value=attributes.CustomAttribute(value)
            ),
        )

    def write(self, stream: t.Any, kmip_version: t.Any) -> None:
        """Encode; PyKMIP calls it for every payload."""
        body = BytearrayStream()
        for part in self._parts:
            part.write(body, kmip_version=kmip_version)
        frame = primitives.Struct(tag=enums.Tags.REQUEST_PAYLOAD)
        frame.length = body.length()
        frame.write(stream, kmip_version=kmip_version)
        stream.write(body.buffer)


class KeyClient(KmipClient):
    """Makes and removes a key as vCenter would ask for one. Raises KmsError; key bytes stay inside."""

    def create(self, name: str) -> str:
        """Make an AES key with vCenter's usage mask and this name; returns its id."""
        usage = [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT]
        wanted = (
            (enums.AttributeType.CRYPTOGRAPHIC_ALGORITHM, enums.CryptographicAlgorithm.AES),
            (enums.AttributeType.CRYPTOGRAPHIC_LENGTH, BITS),
            (enums.AttributeType.CRYPTOGRAPHIC_USAGE_MASK, usage),
            # vCenter gives its keys no name; this one is found again by it if the answer is lost
            (enums.AttributeType.NAME, name),
        )

        def ask() -> str:
            template = objects.TemplateAttribute(attributes=[self._attribute(*pair) for pair in wanted])
            return str(_needed(self._proxy.create(enums.ObjectType.SYMMETRIC_KEY, template).uuid))

        return str(self._asked("Create", ask))

    def state(self, key_id: str) -> str:
        """The key's state by PyKMIP's name, such as PRE_ACTIVE or ACTIVE."""

        def ask() -> str:
            found = self._proxy.get_attributes(key_id, ["State"]).attributes
            return str(_needed(found)[0].attribute_value.value.name)

        return str(self._asked("Get Attributes", ask))

    def add_attribute(self, key_id: str, name: str, value: str) -> None:
        """Add a custom attribute (`x-...`)."""

        def ask() -> None:
            operation = primitives.Enumeration(enums.Operation, enums.Operation.ADD_ATTRIBUTE, tag=enums.Tags.OPERATION)
            item = messages.RequestBatchItem(operation=operation, request_payload=_AddAttribute(key_id, name, value))
            # inner methods of PyKMIP 0.11.0, which has no Add Attribute (OpenKMIP/PyKMIP issue 277)
            self._proxy._send_message(self._proxy._build_request_message(None, [item]))
            self._proxy._receive_message()  # raises for a failure; there is nothing else to learn from it

        self._asked("Add Attribute", ask)

    def activate(self, key_id: str) -> None:
        """Pre-Active becomes Active."""
        self._asked("Activate", self._proxy.activate, uuid=key_id)

    def material_size(self, key_id: str) -> int:
        """Number of bytes of the key, which are thrown away at once."""

        def ask() -> int:
            return len(self._proxy.get(key_id).secret.key_block.key_value.key_material.value)

        return int(self._asked("Get", ask))

    def locate(self, name: str) -> list[str]:
        """Ids of the keys with that name."""

        def ask() -> list[str]:
            wanted = [self._attribute(enums.AttributeType.NAME, name)]
            return [str(key_id) for key_id in self._proxy.locate(attributes=wanted).uuids or []]

        return list(self._asked("Locate", ask))

    def revoke(self, key_id: str) -> None:
        """Take the key out of use, for the reason `cessation of operation`."""
        reason = enums.RevocationReasonCode.CESSATION_OF_OPERATION
        self._asked("Revoke", self._proxy.revoke, revocation_reason=reason, uuid=key_id)

    def destroy(self, key_id: str) -> None:
        """Destroy the key."""
        self._asked("Destroy", self._proxy.destroy, uuid=key_id)

    @staticmethod
    def _attribute(kind: t.Any, value: t.Any) -> t.Any:
        return AttributeFactory().create_attribute(kind, value)


def _needed(value: t.Any) -> t.Any:
    """The value that an answer must hold."""
    if not value:
        raise ValueError("empty")
    return value
