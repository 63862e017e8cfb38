# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One check for optional Python packages: names the package, the interpreter and the execution environment."""

from __future__ import annotations

import dataclasses
import sys

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import MissingLibraryError


@dataclasses.dataclass(frozen=True)
class Library:
    """A package as the importing file found it: `error` is the text of its ImportError, None when it is there."""

    package: str
    minimum: str
    error: str | None = None
    version: str | None = None


def version_tuple(text: str) -> tuple[int, ...]:
    """Leading numbers of a version: '9.1.1.0' -> (9, 1, 1, 0), '2.0rc1' -> (2, 0)."""
    numbers: list[int] = []
    for part in text.split("."):
        digits = ""
        for character in part:
            if not character.isdigit():
                break
            digits += character
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def require(*libraries: Library) -> None:
    """Raise MissingLibraryError for every package that is missing or too old, in one message."""
    problems = []
    for library in libraries:
        if library.error is not None:
            problems.append(f"{library.package} >= {library.minimum} (import failed: {library.error})")
        elif library.version and version_tuple(library.version) < version_tuple(library.minimum):
            problems.append(f"{library.package} >= {library.minimum} (found {library.version})")
    if problems:
        raise MissingLibraryError(
            f"missing Python package for {sys.executable}: {'; '.join(problems)}. Install it for this interpreter, set "
            "ansible_python_interpreter to the one that has it, or use an execution environment built from this "
            "collection's meta/execution-environment.yml",
            interpreter=sys.executable,
            packages=[library.package for library in libraries],
        )
