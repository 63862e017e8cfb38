# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM in files: what is refused before anything is written, and what is written."""

from __future__ import annotations

import os
import re
import stat

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates import pem_files
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import (
    CERTIFICATE,
    PRIVATE_KEY,
    REQUEST,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError


@pytest.fixture
def pem(authority):
    return authority.certificate


def options(text=None, path=None):
    return {"ca": text, "ca_path": path and str(path)}


def test_text_or_file_gives_the_same(tmp_path, pem):
    file = tmp_path / "ca.pem"
    file.write_bytes(b"\xef\xbb\xbf" + b"Team CA\r\n" + pem.replace("\n", "\r\n").encode())
    assert pem_files.pem_of(options(pem), "ca", CERTIFICATE) == pem
    assert pem_files.pem_of(options(path=file), "ca", CERTIFICATE) == pem
    assert pem_files.pem_of(options("", file), "ca", CERTIFICATE) == pem
    assert pem_files.pem_of(options("", ""), "ca", CERTIFICATE) is None


def test_relative_path_is_in_the_folder_of_the_process(tmp_path, monkeypatch, pem):
    (tmp_path / "ca.pem").write_text(pem)
    monkeypatch.chdir(tmp_path)
    assert pem_files.pem_of(options(path="ca.pem"), "ca", CERTIFICATE) == pem
    file = pem_files.PemFile("made.pem", "output_path", CERTIFICATE)
    file.check()
    monkeypatch.chdir("/")
    file.write(pem)
    assert (tmp_path / "made.pem").read_text() == pem and file.holds(pem)


def test_older_options_take_the_text_when_both_are_given(tmp_path, pem):
    with pytest.raises(InvalidInputError, match=r"^ca and ca_path are both given; keep one of them$"):
        pem_files.text_of(options(pem, tmp_path / "x"), "ca")
    assert pem_files.text_of(options(pem, tmp_path / "x"), "ca", exclusive=False) == (pem, "ca")


FILES = {
    "missing": (None, "cannot read .*: No such file or directory"),
    "empty": (b"", "is empty"),
    "blank": (b" \n\xef\xbb\xbf\n", "is empty"),
    "no PEM": (b"hello", "contains no PEM block"),
    "another kind": ("private_key", "block 1 .* is not a CERTIFICATE"),
    "cut off": ("cut", "has no END line"),
    "DER": (bytes(range(128, 256)), "is not a text file"),
    "huge": (b"x" * (pem_files.LARGEST + 1), f"is larger than {pem_files.LARGEST} bytes"),
}


@pytest.mark.parametrize("kind", FILES)
def test_unusable_file_is_told_by_option_and_path(tmp_path, leaf, kind):
    content, words = FILES[kind]
    if isinstance(content, str):
        content = {"cut": leaf.certificate[:200], "private_key": leaf.private_key}[content].encode()
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidInputError, match=f"^ca_path: (cannot read )?{file}|^ca_path: .*") as caught:
        pem_files.pem_of(options(path=file), "ca", CERTIFICATE)
    message = caught.value.message
    assert str(file) in message and "\n" not in message and len(message) < 400
    assert re.search(words, message), message


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_told(tmp_path, make):
    make(tmp_path / "odd")
    with pytest.raises(InvalidInputError, match=r"is a directory, expected a file|is not a regular file"):
        pem_files.text_of(options(path=tmp_path / "odd"), "ca")


def test_key_in_a_file_is_never_quoted(tmp_path):
    file = tmp_path / "key.pem"
    file.write_text("hunter2-hunter2\n")
    with pytest.raises(InvalidInputError) as caught:
        pem_files.pem_of({"key": None, "key_path": str(file)}, "key", PRIVATE_KEY)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_file_is_replaced_whole_and_only_when_it_differs(tmp_path, leaf, pem, mode):
    path = tmp_path / "made.pem"
    file = pem_files.PemFile(str(path), "output_path", CERTIFICATE, mode)
    file.check()
    assert not file.holds(pem) and not path.exists()
    file.write(pem)
    assert file.holds(pem) and path.read_text() == pem and stat.S_IMODE(path.stat().st_mode) == mode
    other = leaf.certificate
    file.check()
    assert not file.holds(other)
    file.write(other)
    assert path.read_text() == other and os.listdir(tmp_path) == ["made.pem"]


@pytest.mark.parametrize("content", ["root:x:0:0\n", ""])
def test_file_of_something_else_is_never_overwritten(tmp_path, pem, content):
    path, content = tmp_path / "hosts", content or pem
    path.write_text(content)
    with pytest.raises(InvalidInputError, match=f"^output_path: {path}.*never overwritten"):
        pem_files.PemFile(str(path), "output_path", REQUEST).check()
    assert path.read_text() == content


@pytest.mark.parametrize("name", ["no-folder/made.pem", "."])
def test_place_that_takes_no_file_is_told(tmp_path, name):
    with pytest.raises(InvalidInputError, match=r"^output_path: .*(existing folder|is a folder)"):
        pem_files.PemFile(str(tmp_path / name), "output_path", CERTIFICATE).check()
