# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the API, the account, private clouds and OKMS show of the assumptions about them. Reads only."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.account import see_account
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.cloud import see_cloud
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.domains import see_domains
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.reader import Reader
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.shapes import Shapes
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.rights import Caller

MOST = 5  # private clouds, and OKMS domains: a sixth shows nothing that five do not
_OF_CLOUDS = ("task-names", "finished-tasks-vanish", "kms-entry-delivered")


def look(context: Context) -> dict[str, t.Any]:
    """What the module ovhcloud_field_info returns: without names, addresses and ids."""
    reader = Reader(connect(context), Shapes(context.params["contracts"] or {}), context.closing)
    # whoever cannot call at all is told so, instead of nothing being seen
    caller = Caller.of(reader.get("/auth/details"))
    clouds = see_account(reader, caller.api)
    wanted = given(context.params["service_name"])
    for cloud in [wanted] if wanted else clouds[:MOST]:
        see_cloud(reader, cloud)
    for name in _OF_CLOUDS:
        reader.seen.miss(name, "there is no private cloud")
    see_domains(reader, MOST)
    return {"sightings": reader.seen.results(), "shapes": reader.shapes.results()}
