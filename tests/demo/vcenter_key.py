# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VM encryption asks of vCenter, with pyVmomi alone: make a key in the provider."""

from __future__ import annotations

import ssl

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim


def make_key(environment: dict[str, str], provider: str) -> str:
    """Let vCenter make one key in the provider and return its id; raises RuntimeError with vCenter's reason."""
    context = ssl.create_default_context(cafile=environment["VMWARE_CA_PATH"])
    instance = SmartConnect(
        host=environment["VMWARE_HOST"],
        port=int(environment.get("VMWARE_PORT", "443")),
        user=environment["VMWARE_USER"],
        pwd=environment["VMWARE_PASSWORD"],
        sslContext=context,
    )
    try:
        manager = instance.content.cryptoManager
        result = manager.GenerateKey(keyProvider=vim.encryption.KeyProviderId(id=provider))
        if not result.success:
            raise RuntimeError(result.reason)
        return str(result.keyId.keyId)
    finally:
        Disconnect(instance)
