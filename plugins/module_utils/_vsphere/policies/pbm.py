# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service for storage policies (PBM), in the login of the session."""

from __future__ import annotations

import http
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ApiError, UnsupportedError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import pbm
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session

# clients of others use the one or the other
_PATHS = ("/pbm/sdk", "/pbm")
# pyVmomi does not negotiate here. This is vSphere 6.5: it has all that is needed, and every vCenter knows it.
_VERSION = "pbm.version.version11"


def profile_manager(session: Session) -> t.Any:
    """vCenter's manager of storage policies."""
    for path in _PATHS:
        instance = pbm.ServiceInstance("ServiceInstance", session.service(path, _VERSION, login_in_header=True))
        try:
            return session.call("reach the storage policies", instance.RetrieveContent).profileManager
        except ApiError as error:
            if error.details.get("http_status") != http.HTTPStatus.NOT_FOUND:
                raise
    raise UnsupportedError(f"{session.hostname} has no storage policies: neither {' nor '.join(_PATHS)} is there")
