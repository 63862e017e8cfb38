# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module is at, told to whoever started it. A module cannot show anything by itself before it ends.

Nobody listens to a module that runs as a program of its own; then nothing is done here.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

LONGEST_LINE = 160  # characters; with its beginning, a line on the screen has at most 200
Hear = t.Callable[[str], None]


class _Told:
    """What there is of a process: who listens, what nobody may see, and the steps under way, the outermost first."""

    hear: Hear | None = None
    secrets: t.Sequence[str] = ()
    steps: t.ClassVar[list[ProgressStep]] = []


class ProgressStep:
    """Something that takes a while."""

    def __init__(self, text: str) -> None:
        self._text = text

    def at(self, text: str) -> None:
        """How far it is."""
        self._text = text
        _tell()

    def __str__(self) -> str:
        return self._text


def listen(hear: Hear | None) -> None:
    """Tell this one from now on."""
    _Told.hear = hear


def hide(secrets: t.Sequence[str]) -> None:
    """Values that no text may show."""
    _Told.secrets = secrets


@contextlib.contextmanager
def step(text: str) -> t.Iterator[ProgressStep]:
    """Something that takes a while, as a part of what is under way already."""
    made = ProgressStep(text)
    _Told.steps.append(made)
    _tell()
    try:
        yield made
    finally:
        _Told.steps.remove(made)
        _tell()


def _tell() -> None:
    if _Told.hear is not None:
        text = "; ".join(filter(None, map(str, _Told.steps)))
        _Told.hear(one_line(scrub(text, _Told.secrets), LONGEST_LINE))
