# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All files with targets."""

from __future__ import annotations

import importlib

from . import engine

FILES = (
    "awx", "certificates", "clients", "events", "filters", "kmip", "leaving", "modules", "options", "ovhcloud",
    "places", "records", "renewal", "reports",
)  # fmt: skip


def load() -> None:
    """Register the targets of all files."""
    for name in FILES:
        importlib.import_module(f"{__package__}.{name}")


def explored(name: str, inputs: int, seed: int, survey: bool) -> engine.Outcome:
    """One target, in another process."""
    load()
    return engine.explore(engine.TARGETS[name], inputs, seed, survey)
