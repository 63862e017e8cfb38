# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options of the OVHcloud API, mirrored by the documentation fragment `_ovhcloud`."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    text,
)


def connection() -> ArgSpec:
    """Options of every module of the group `ovhcloud`.

    The rules between them are checked in config.py and not here, because an empty option counts as not given.
    """
    return ArgSpec(
        endpoint=text(env=["OVH_ENDPOINT"]),
        application_key=text(env=["OVH_APPLICATION_KEY"], secret=False),
        application_secret=text(env=["OVH_APPLICATION_SECRET"], secret=True),
        consumer_key=text(env=["OVH_CONSUMER_KEY"], secret=True),
        client_id=text(env=["OVH_CLIENT_ID"]),
        client_secret=text(env=["OVH_CLIENT_SECRET"], secret=True),
        token_url=text(env=["OVH_TOKEN_URL"], secret=False),
        access_token=text(env=["OVH_ACCESS_TOKEN"], secret=True),
        ca_path=file_path(env=["OVH_CA_PATH"]),
        validate_certs=boolean(default=True),
        timeout=integer(default=60),
    )
