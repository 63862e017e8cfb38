# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's vCenter: SOAP with pyVmomi's own serialisers, and a real KMIP client behind CryptoManagerKmip."""

from .app import VCenter
from .entities import KeyRef
from .inventory import Inventory
from .sessions import EVERYTHING
from .settings import VCenterSettings

__all__ = ["EVERYTHING", "Inventory", "KeyRef", "VCenter", "VCenterSettings"]
