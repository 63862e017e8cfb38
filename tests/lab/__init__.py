# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab on loopback: OVHcloud API, OKMS, external KMS and vCenter over their real protocols."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .lab import Lab, LabSettings

__all__ = ["Lab", "LabSettings"]


def __getattr__(name: str) -> t.Any:
    """Load the whole lab only when it is asked for: its parts can be used, and tested, alone."""
    if name not in __all__:
        raise AttributeError(name)
    from . import lab

    return getattr(lab, name)
