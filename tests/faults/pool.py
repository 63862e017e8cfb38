# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the processes of the pool do: each has a folder and a warm process of its own."""

from __future__ import annotations

import pathlib
import tempfile

from .injection import Clean, Finding, Site
from .scenarios import ALL

_site: Site | None = None


def begin(folder: str) -> None:
    """A process starts."""
    global _site
    _site = Site(pathlib.Path(tempfile.mkdtemp(dir=folder)))


def clean(name: str) -> Clean:
    """A scenario without faults."""
    assert _site is not None
    return _site.clean(ALL[name])


def inject(name: str, undisturbed: Clean, action: str, index: int) -> Finding:
    """One injection."""
    assert _site is not None
    return _site.inject(ALL[name], undisturbed, action, index)
