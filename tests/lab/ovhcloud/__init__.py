# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OVHcloud API of the lab, driven by the published contracts."""

from __future__ import annotations

from .app import OvhCloud
from .core import KmipEndpoint, Region
from .seed import EVERYTHING, PRIVATE_CLOUD, Keys
from .settings import OvhSettings

__all__ = ["EVERYTHING", "PRIVATE_CLOUD", "Keys", "KmipEndpoint", "OvhCloud", "OvhSettings", "Region"]
