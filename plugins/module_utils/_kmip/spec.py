# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options of the group `kmip`, mirrored by the documentation fragment `_kmip`."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    file_path,
    integer,
    number,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP


def connection() -> ArgSpec:
    """Options of every module of the group `kmip`.

    None is marked as required or exclusive, because an empty option counts as not given: settings.py checks them.
    """
    return ArgSpec(
        host=text(env=["KMIP_HOST"]),
        port=integer(default=KMIP, env=["KMIP_PORT"]),
        server_name=text(),
        ca=text(),
        ca_path=file_path(env=["KMIP_CA_PATH"]),
        thumbprints=texts(),
        client_certificate=text(),
        client_certificate_path=file_path(env=["KMIP_CLIENT_CERTIFICATE_PATH"]),
        client_private_key=text(secret=True),
        client_private_key_path=file_path(env=["KMIP_CLIENT_PRIVATE_KEY_PATH"], secret=False),
        client_private_key_passphrase=text(env=["KMIP_CLIENT_PRIVATE_KEY_PASSPHRASE"], secret=True),
        username=text(env=["KMIP_USERNAME"]),
        password=text(env=["KMIP_PASSWORD"], secret=True),
        connect_timeout=number(default=10.0),
        timeout=number(default=30.0),
    )
