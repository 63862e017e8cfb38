# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the user: read with a clear error, write privately and whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError


def read_text(path: str, name: str) -> str:
    """The text of a file that the option `name` points to."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise InvalidInputError(f"{name}: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name}: {path} is no text file (a binary form such as DER or PKCS#12?)") from error


def read_bytes(path: str, name: str) -> bytes:
    """The content of a file that the option `name` points to."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InvalidInputError(f"{name}: cannot read {path}: {error.strerror}") from error


def write_private(path: str, content: str | bytes) -> None:
    """Write a file that only its owner can read (0600), atomically: readers see the old content or the new one."""
    folder = os.path.dirname(os.path.abspath(path))
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".")  # mkstemp creates with mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        raise InvalidInputError(f"cannot write {path}: {error.strerror}", path=path) from error
