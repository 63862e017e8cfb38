# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `ovh.conf` files of the official clients, each read by itself: one must not redirect secrets of another."""

from __future__ import annotations

import configparser
import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_sendable

# the playbooks of this collection say where the command was started; Ansible runs modules elsewhere
START = "OVHCLOUD_VMWARE_ENCRYPTION_START"
FILES = ("/etc/ovh.conf", "~/.ovh.conf", "ovh.conf")  # a later file wins


class Stored(t.NamedTuple):
    """A value and the file that it comes from."""

    value: str
    file: str


class ConfFiles:
    """What the files hold; `unread` says of each file that is there and cannot be read why."""

    def __init__(self, names: t.Sequence[str] = FILES) -> None:
        self.unread: list[str] = []
        self._files: list[tuple[str, configparser.RawConfigParser]] = []
        for name in names:
            text = self._text(name)
            if text is not None:
                self._files.append((name, _parsed(name, text)))

    def find(self, section: str, name: str) -> Stored | None:
        """The value of the last file that has it, without the white space and quotes around it."""
        for file, parser in reversed(self._files):
            value = parser.get(section, name, fallback="").strip().strip("\"'").strip()
            if value:
                return Stored(check_sendable(name, value), file)
        return None

    def _text(self, name: str) -> str | None:
        path = os.path.join(os.environ.get(START, ""), os.path.expanduser(name))
        if not os.path.lexists(path):
            return None
        try:
            if not os.path.isfile(path) and os.access(path, os.R_OK):
                self.unread.append(f"{name} is not a file")
                return None
            with open(path, encoding="utf-8-sig") as file:  # some editors put a byte order mark at its beginning
                return file.read()
        except OSError as error:
            self.unread.append(f"{name} cannot be read ({error.strerror or type(error).__name__})")
        except UnicodeDecodeError:
            raise InvalidInputError(f"cannot read {name}: it is not a text in UTF-8") from None
        return None


def _parsed(name: str, text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # the text of these errors quotes the line, which may hold a secret
        kind = type(error).__name__
        raise InvalidInputError(f"cannot read {name}: it is not a valid ini file ({kind})") from None
    return parser
