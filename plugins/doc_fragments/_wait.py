# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a bounded wait."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors wait_options() of module_utils/_core/argspec.py; a module documents its own default of wait_timeout."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the other side has finished what was started.
      - With V(false) the module returns after one look, and the next run goes on from there.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait at most, in seconds. A wait that ends loses nothing, run again to go on.
    type: int
    default: 600
  wait_interval:
    description: Pause between two looks, in seconds.
    type: float
    default: 5
"""
