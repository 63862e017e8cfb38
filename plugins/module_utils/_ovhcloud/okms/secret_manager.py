# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret Manager of an OKMS domain as an engine of KV v2, which its regional API also is."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.fetched import FetchedFile
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.secrets import Rights, Secrets
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.spec import (
    ABSENT,
    FETCHED,
    check_secret_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.stored import StoredFile
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import Domains
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.regional import (
    check_token,
    regional_client,
)

# guide secret-manager-ui; what exactly counts is not known (assumption secret-size-counts)
LIMIT = 64 << 10  # bytes of a secret in all
# the guides differ in the channel of secret/get; listing a secret does not include its value
# (guides okms-authentication-methods and external-secret-operator; assumption secret-get-action)
NEEDED_ACTIONS = Rights(
    look="the action okms:apikms:secret/get and, for some domains, okms:apiovh:secret/get",
    read="the action okms:apikms:secret/version/getData, which secret/get does not include",
    create="the action okms:apikms:secret/create",
    write="the action okms:apikms:secret/version/create",
    keep="the action okms:apikms:secret/updateMetadata",
    remove="the action okms:apikms:secret/delete",
)


class _NoSecrets(Secrets):
    """Those of a domain that does not exist any more: they ended with it."""

    def history(self, path: str) -> None:
        return None


def secret_resource(context: Context) -> Resource:
    """The resource for the options of the module okms_secret."""
    check_secret_options(context.params)
    client = connect(context)
    check_token(client.settings)
    okms_id = context.params["okms_id"]
    domain = Domains(client).get(okms_id)
    if domain is None:
        if context.params["state"] == ABSENT:
            return StoredFile(_NoSecrets(client, "", f"OKMS {okms_id}", NEEDED_ACTIONS), context.params)
        raise NotFoundError(f"OKMS {okms_id} does not exist, or this account may not see it")
    base = api_path("/api/{}/v1/secret", okms_id)
    there: Client = regional_client(client.settings, domain, context.closing)
    secrets = Secrets(there, base, f"OKMS {okms_id}", NEEDED_ACTIONS, LIMIT)
    if context.params["state"] == FETCHED:
        return FetchedFile(secrets, context)
    return StoredFile(secrets, context.params)
