# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options of the group `vsphere`, mirrored by the documentation fragment `_vsphere`."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    text,
)


def connection() -> ArgSpec:
    """Options of every module of the group `vsphere`; names and variables are those of `vmware.vmware`.

    None is marked as required, because an empty option counts as not given: session.py checks them.
    """
    return ArgSpec(
        hostname=text(env=["VMWARE_HOST"]),
        username=text(env=["VMWARE_USER"]),
        password=text(env=["VMWARE_PASSWORD"], secret=True),
        port=integer(default=443, env=["VMWARE_PORT"]),
        validate_certs=boolean(default=True, env=["VMWARE_VALIDATE_CERTS"]),
        ca_path=file_path(env=["VMWARE_CA_PATH"]),
        proxy_host=text(env=["VMWARE_PROXY_HOST"]),
        proxy_port=integer(env=["VMWARE_PROXY_PORT"]),
        request_timeout=integer(default=300),
    )
