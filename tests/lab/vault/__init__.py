# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HashiCorp Vault with a KV engine of version 2."""

from .app import MOUNT, VaultServer

__all__ = ["MOUNT", "VaultServer"]
