# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host has a TPM 2.0. Pure."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found


def tpm_of(found: Found) -> bool | None:
    """Whether the host has a TPM 2.0."""
    supported = found.properties.get("capability.tpmSupported")
    version = found.properties.get("capability.tpmVersion")
    if supported is None and version is None:
        return None
    return bool(supported) and (not version or str(version).startswith("2"))
