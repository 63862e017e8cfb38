# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the user: private, whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import read_text, write_private


def test_write_private_is_private_and_exact(tmp_path):
    path = tmp_path / "key.pem"
    old_mask = os.umask(0)
    try:
        write_private(str(path), "one\r\ntwo\n")
    finally:
        os.umask(old_mask)
    assert path.read_bytes() == b"one\r\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_readable_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text("old")
    path.chmod(0o644)
    write_private(str(path), "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["key.pem"]


def test_write_private_says_what_fails_and_cleans_up(tmp_path):
    with pytest.raises(InvalidInputError, match=r"cannot write .*No such file or directory"):
        write_private(str(tmp_path / "missing" / "key.pem"), "secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(InvalidInputError, match=r"cannot write .*folder"):
        write_private(str(folder), "secret")
    assert os.listdir(tmp_path) == ["folder"]


def test_read_text_drops_a_byte_order_mark(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbftext\r\n")
    assert read_text(str(path), "ca_path").strip() == "text"


def test_read_text_names_the_option(tmp_path):
    with pytest.raises(InvalidInputError, match=r"^ca_path: cannot read .*: No such file or directory$"):
        read_text(str(tmp_path / "missing"), "ca_path")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x30\x82\xff\xfe")
    with pytest.raises(InvalidInputError, match=r"^ca_path: .* is not a text file"):
        read_text(str(binary), "ca_path")
