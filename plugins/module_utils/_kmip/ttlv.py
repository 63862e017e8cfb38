# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outer form of KMIP messages (TTLV), as far as results are concerned. Pure.

PyKMIP needs a reason and a message in every failure, which KMIP does not demand: results are read before it decodes.
"""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    OperationFailedError,
    ProtocolError,
)

_BATCH_ITEM, _OPERATION = 0x42000F, 0x42005C
_STATUS, _REASON, _MESSAGE = 0x42007F, 0x42007E, 0x42007D
_STATES = {1: "failed", 2: "is pending", 3: "was undone"}
_OPERATIONS = {
    0x01: "Create",
    0x08: "Locate",
    0x0A: "Get",
    0x0B: "Get Attributes",
    0x0C: "Get Attribute List",
    0x0D: "Add Attribute",
    0x12: "Activate",
    0x13: "Revoke",
    0x14: "Destroy",
    0x18: "Query",
    0x1E: "Discover Versions",
}


def walk(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    """(tag, value) of the items side by side in the data; structures are not entered. Raises ProtocolError."""
    offset = 0
    while offset < len(data):
        if len(data) - offset < 8:
            raise ProtocolError("a KMIP message is cut off inside an item's header")
        tag = int.from_bytes(data[offset : offset + 3], "big")
        size = int.from_bytes(data[offset + 4 : offset + 8], "big")
        if size > len(data) - offset - 8:
            raise ProtocolError("an item of a KMIP message is longer than the message")
        yield tag, data[offset + 8 : offset + 8 + size]
        # values are filled up to 8 bytes, which their length does not count (KMIP 1.4, 9.1.1)
        offset += 8 + size + -size % 8


def raise_for_result(data: bytes, peer: str) -> None:
    """Raise OperationFailedError for the first batch item that is not a success."""
    try:
        items = [item for _tag, message in walk(data) for tag, item in walk(message) if tag == _BATCH_ITEM]
        fields = [dict(walk(item)) for item in items]
    except ProtocolError as error:
        raise ProtocolError(f"KMIP server {peer}: {error.message}") from error
    for one in fields:
        _raise_for_item(one, peer)


def _raise_for_item(fields: t.Mapping[int, bytes], peer: str) -> None:
    # an answer without its status is no success
    status = int.from_bytes(fields.get(_STATUS, b"\0\0\0\1"), "big")
    if status == 0:
        return
    operation = _OPERATIONS.get(int.from_bytes(fields.get(_OPERATION, b""), "big"), "the request")
    reason = int.from_bytes(fields[_REASON], "big") if _REASON in fields else None
    said = " ".join(fields.get(_MESSAGE, b"").decode("utf-8", "replace").split())
    text = f"KMIP server {peer}: {operation} {_STATES.get(status, f'ended with status {status}')}"
    if said:
        text += f": {said}"
    raise OperationFailedError(text + (f" (reason {reason})" if reason is not None else ""), operation, reason)
