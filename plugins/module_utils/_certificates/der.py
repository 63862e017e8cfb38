# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outer form of certificates (DER), for those that cryptography cannot read. Pure; nothing here is an error."""

from __future__ import annotations

import ipaddress
import typing as t

# tags of DER (X.690), and of the version and the extensions of a certificate (RFC 5280, 4.1)
_SEQUENCE, _VERSION, _EXTENSIONS, _OBJECT, _OCTETS = 0x30, 0xA0, 0xA3, 0x06, 0x04
# 2.5.29.17; the kinds of names below are those of RFC 5280, 4.2.1.6
_ALTERNATIVE_NAME = b"\x55\x1d\x11"
_TEXTS = {0x81: "email", 0x82: "DNS", 0x86: "URI"}
_ADDRESS = 0x87


def items(data: bytes) -> t.Iterator[tuple[int, int, int]]:
    """(tag, start, end) of the contents of the elements side by side, as far as their lengths make sense."""
    offset = 0
    while offset + 2 <= len(data):
        tag, size, start = data[offset], data[offset + 1], offset + 2
        if size & 0x80:
            digits = size & 0x7F
            size = int.from_bytes(data[start : start + digits], "big")
            start += digits
        if start + size > len(data):
            return
        yield tag, start, start + size
        offset = start + size


def as_version_3(der: bytes) -> bytes:
    """The same certificate with the version number 3, whatever it calls itself; its signature fits no more."""
    for outer, start, end in items(der):
        for inner, begin, _end in items(der[start:end]) if outer == _SEQUENCE else ():
            place = start + begin
            if inner == _SEQUENCE and der[place] == _VERSION and der[place + 1 : place + 4] == b"\x03\x02\x01":
                return der[: place + 4] + b"\x02" + der[place + 5 :]
            return der
    return der


def plain_names(der: bytes) -> list[str]:
    """The alternative names of the simple kinds, written as in certificate_facts."""
    names = []
    for content in _extensions(der):
        parts = [(tag, content[start:end]) for tag, start, end in items(content)]
        if (_OBJECT, _ALTERNATIVE_NAME) not in parts or parts[-1][0] != _OCTETS:
            continue
        value = parts[-1][1]
        for _tag, start, end in items(value):
            inside = value[start:end]
            names += [_name(tag, inside[begin:stop]) for tag, begin, stop in items(inside)]
    return [name for name in names if name]


def _extensions(der: bytes) -> t.Iterator[bytes]:
    data = der
    for wanted in (_SEQUENCE, _SEQUENCE, _EXTENSIONS, _SEQUENCE):
        data = next((data[start:end] for tag, start, end in items(data) if tag == wanted), b"")
    for tag, start, end in items(data):
        if tag == _SEQUENCE:
            yield data[start:end]


def _name(tag: int, value: bytes) -> str:
    if tag in _TEXTS:
        return f"{_TEXTS[tag]}:{value.decode('ascii', 'replace')}"
    if tag == _ADDRESS and len(value) in (4, 16):
        return f"IP:{ipaddress.ip_address(value)}"
    return ""
