# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vSAN: the configuration of a cluster, of which the key provider of data-at-rest encryption is told."""

from __future__ import annotations

import typing as t

from pyVmomi import vim

from . import errors
from .crypto_manager import provider_id
from .dispatcher import Call, operation
from .entities import Cluster

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory


class VsanClusterConfig:
    """`vsan-cluster-config-system`, reached at /vsanHealth."""

    def __init__(self, core: Core, inventory: Inventory) -> None:
        self._inventory = inventory
        core.store.add(vim.cluster.VsanVcClusterConfigSystem("vsan-cluster-config-system"), self, {})

    @operation("VsanClusterGetConfig")
    def config(self, call: Call) -> t.Any:
        """ConfigInfoEx of a cluster; without vSAN it says nothing of encryption."""
        cluster = self._inventory.entity(call.arguments["cluster"])
        if not isinstance(cluster, Cluster):
            raise errors.not_found(call.arguments["cluster"])
        if not cluster.vsan and not cluster.vsan_encryption:
            return vim.vsan.ConfigInfoEx(enabled=False)
        provider = cluster.vsan_encryption
        encryption = vim.vsan.DataEncryptionConfig(
            encryptionEnabled=bool(provider), kmsProviderId=provider_id(provider), changing=False
        )
        return vim.vsan.ConfigInfoEx(enabled=True, dataEncryptionConfig=encryption)
