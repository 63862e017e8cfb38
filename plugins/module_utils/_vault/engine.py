# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A KV engine of HashiCorp Vault, version 2."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import REQUESTS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.fetched import FetchedFile
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.secrets import Rights, Secrets
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.spec import FETCHED, check_secret_options
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.stored import StoredFile
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vault.client import VaultClient
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vault.config import load


def rights_of(mount: str, path: str) -> Rights:
    """The lines of a policy that each call needs."""
    data, metadata = f"{mount}/data/{path}", f"{mount}/metadata/{path}"
    return Rights(
        look=f"the capability read on {metadata}",
        read=f"the capability read on {data}",
        create=f"the capability create on {data}",
        write=f"the capability update on {data}",
        keep=f"the capability update on {metadata}",
        remove=f"the capability delete on {metadata}",
    )


def secret_resource(context: Context) -> Resource:
    """The resource for the options of the module vault_secret."""
    require(REQUESTS)
    params = context.params
    check_secret_options(params)
    settings = load(params)
    client = context.closing(VaultClient(settings))
    rights = rights_of(settings.mount, params["path"].strip())
    secrets = Secrets(client, f"/v1/{settings.mount}", f"{settings.url} ({settings.mount})", rights)
    return FetchedFile(secrets, context) if params["state"] == FETCHED else StoredFile(secrets, params)
