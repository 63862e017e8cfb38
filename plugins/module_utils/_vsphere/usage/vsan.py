# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key provider encrypts the vSAN of a cluster."""

from __future__ import annotations

import dataclasses
import http
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.vsan.service import (
    CONFIG_SYSTEM,
    PATH,
    VERSION,
)


@dataclasses.dataclass(frozen=True)
class VsanUse:
    """An encrypted vSAN. `provider` is None when it is not known; `doubt` says why."""

    cluster: str
    provider: str | None
    doubt: str | None = None


def vsan_users(session: Session, clusters: t.Sequence[Found]) -> list[VsanUse]:
    """Clusters with data-at-rest encryption, one request each; one that cannot be read counts as possible user."""
    if not clusters:
        return []
    system = vim.cluster.VsanVcClusterConfigSystem(CONFIG_SYSTEM, session.service(PATH, VERSION))
    uses = []
    for cluster in clusters:
        what = f"read the vSAN configuration of the cluster {cluster.name}"
        try:
            config = session.call(what, system.GetConfigInfoEx, cluster.object)
        except AuthenticationError:
            raise
        except CollectionError as error:
            if not _no_vsan(error):
                uses.append(VsanUse(cluster.name, None, f"vSAN of cluster {cluster.name} ({error.message})"))
            continue
        use = vsan_use_of(cluster.name, config)
        if use is not None:
            uses.append(use)
    return uses


def _no_vsan(error: CollectionError) -> bool:
    """The vCenter has no vSAN service, or the cluster is gone."""
    absent = error.details.get("http_status") == http.HTTPStatus.NOT_FOUND
    return absent or isinstance(error, (NotFoundError, UnsupportedError))


def vsan_use_of(cluster: str, config: t.Any) -> VsanUse | None:
    """The use that a ConfigInfoEx tells; encryption that is being switched off still needs its keys."""
    encryption = config.dataEncryptionConfig if config is not None else None
    if encryption is None or not (encryption.encryptionEnabled or encryption.changing):
        return None
    if encryption.kmsProviderId is None:
        return VsanUse(cluster, None, f"vSAN of cluster {cluster} (its key provider is unknown)")
    return VsanUse(cluster, encryption.kmsProviderId.id)
