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
      - Whether to wait until the other side has finished what the module started.
      - With V(false), the module returns after one check, and the next run continues from there.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait at most, in seconds. If the time runs out, nothing is lost, and the next run
      continues.
    type: int
    default: 600
  wait_interval:
    description: Pause between two checks, in seconds.
    type: float
    default: 5
"""
