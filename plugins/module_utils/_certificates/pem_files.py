# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM in files: the text of an option or of the file that its `_path` names, and a file that a module keeps up to date.

Paths are on the host that runs the module, relative ones in the folder in which it runs. All is judged before the
first write; messages name the option and the path, and never quote the content.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import normalise
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import Reserved, read_text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import check_file, check_folder

LARGEST = 1024 * 1024  # bytes; a chain of certificates has some thousand
ROOM = 16384  # bytes that must be free for a certificate or a request


class Given(t.NamedTuple):
    """What an option says: its text, None if neither it nor its file was given, and where it stands, for messages."""

    text: str | None
    name: str


def text_of(params: t.Mapping[str, t.Any], option: str, exclusive: bool = True) -> Given:
    """The text of `option`, or of the file that `<option>_path` names. An empty text counts as not given.

    Raises InvalidInputError for a file that cannot be read, is too large, or holds nothing; and for both at once,
    unless not `exclusive`, as for older options, whose text then counts.
    """
    text, path = given(params[option]), given(params[f"{option}_path"])
    if text and path and exclusive:
        raise InvalidInputError(f"{option} and {option}_path are both given; keep one of them")
    if text or not path:
        return Given(str(text) if text else None, option)
    name = f"{option}_path"
    if os.path.isdir(path):
        raise InvalidInputError(f"{name}: {path} is a directory, expected a file")
    content = read_text(path, name, LARGEST)
    if not content.strip().strip("\ufeff"):
        raise InvalidInputError(f"{name}: {path} is empty")
    return Given(content, f"{name}: {path}")


def pem_of(params: t.Mapping[str, t.Any], option: str, label: str) -> str | None:
    """The PEM of `option`, or of its file, canonical; None if neither was given.

    `label` is the wanted kind of all blocks, as for `normalise`. Raises InvalidInputError.
    """
    found = text_of(params, option)
    return normalise(found.text, label, found.name) if found.text is not None else None


class PemFile:
    """A file that a module keeps equal to a PEM text. It is replaced whole, and only if it holds such PEM or nothing.

    `mode` is that of a new file: what is public, such as a request that somebody else signs, may be read by others.
    """

    def __init__(self, path: str, option: str, label: str, mode: int = 0o600) -> None:
        self.path = os.path.abspath(path)
        self._option = option
        self._label = label
        self._mode = mode

    def check(self) -> None:
        """Raise InvalidInputError when it could not be written, or holds something else. Never writes."""
        folder = os.path.dirname(self.path)
        check_file(self._option, self.path)
        if not os.path.isdir(folder):
            raise InvalidInputError(f"{self._option}: {self.path} must name a file in an existing folder")
        check_folder(self._option, folder, ROOM)
        self._present()

    def _present(self) -> str:
        if not os.path.lexists(self.path):
            return ""
        content = read_text(self.path, self._option, LARGEST)
        if not content.strip():
            return ""
        try:
            return normalise(content, self._label, f"{self._option}: {self.path}")
        except InvalidInputError as error:
            raise InvalidInputError(f"{error.message}; such a file is never overwritten, name another one") from error

    def holds(self, pem: str) -> bool:
        """Whether the file holds this canonical PEM."""
        return self._present() == pem

    def write(self, pem: str) -> None:
        """Let the text appear at the path, whole or not at all."""
        file = Reserved(self.path)
        try:
            file.fill(pem)
            os.chmod(file.temporary, self._mode)
            file.put()
        finally:
            file.drop()
