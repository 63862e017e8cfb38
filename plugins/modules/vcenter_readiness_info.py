#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcenter_readiness_info
short_description: Read whether vCenter, its hosts and the vSphere user are ready for encryption
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - With one login, reads the versions of vCenter and its hosts, the TPMs and encryption states of the hosts, the
    privileges of the vSphere user, and how far apart the clocks are.
  - A vCenter that cannot be reached, and a user that is refused, are results and not failures.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
options:
  key_provider:
    description: Name of a key provider that is read with the same login.
    type: str
seealso:
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.private_cloud_info
  - module: ovhcloud.vmware_encryption.api_rights_info
"""

EXAMPLES = r"""
- name: Check whether vCenter is ready for encryption
  ovhcloud.vmware_encryption.vcenter_readiness_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: vcenter

- name: Name the hosts without a TPM
  ansible.builtin.debug:
    msg: "{{ vcenter.readiness.hosts | selectattr('tpm', 'equalto', false) | map(attribute='name') }}"
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
key_providers:
  description:
    - The key provider that O(key_provider) names, as M(ovhcloud.vmware_encryption.key_provider_info) returns it without
      its users. Empty if there is none of that name.
    - Null without O(key_provider), and if this vSphere user may not read it.
  returned: success
  type: list
  elements: dict
  sample: []
readiness:
  description: What was found. All but the first five keys are null if there was no login.
  returned: success
  type: dict
  contains:
    reachable:
      description: Whether vCenter answered.
      type: bool
      sample: true
    logged_in:
      description: Whether it let the user in.
      type: bool
      sample: true
    problem:
      description: What went wrong, null if nothing did.
      type: str
      sample: null
    problem_kind:
      description: The same as a stable word, such as V(unreachable), V(authentication) or V(unsupported).
        Null if nothing went wrong.
      type: str
      sample: null
    source_address:
      description:
        - The control node's address towards vCenter, null if a proxy is used. Behind address translation, vCenter sees
          another one.
      type: str
      sample: 203.0.113.5
    version:
      description: Version of vCenter.
      type: str
      sample: 8.0.3
    build:
      description: Build of vCenter.
      type: str
      sample: "24022515"
    api_version:
      description: Version of the API that module and vCenter agreed on.
      type: str
      sample: 8.0.3.0
    time:
      description: vCenter's time.
      type: str
      sample: "2026-09-25T08:00:00Z"
    clock_offset:
      description: Seconds by which vCenter's clock is ahead of the control node's.
      type: float
      sample: -0.2
    privileges:
      description:
        - For each privilege, whether the user has it. Those of encryption must be granted on the root folder, those of
          storage policies, VM settings and vSAN on the root folder or on a datacenter.
      type: dict
      sample: {Cryptographer.ManageKeyServers: true, Cryptographer.Encrypt: false}
    missing_privileges:
      description: Those that the user lacks.
      type: list
      elements: str
      sample: [Cryptographer.Encrypt]
    hosts:
      description: The hosts by name.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the host.
          type: str
          sample: esx1.example.com
        cluster:
          description: Its cluster, null for a host outside any cluster.
          type: str
          sample: cluster-1
        version:
          description: Version of ESXi, null if the host does not report it.
          type: str
          sample: 8.0.3
        build:
          description: Build of ESXi.
          type: str
          sample: "24022510"
        connection_state:
          description: V(connected), V(disconnected) or V(notResponding).
          type: str
          sample: connected
        crypto_state:
          description: V(incapable), V(prepared), V(safe) or V(pending_incapable), as in
            M(ovhcloud.vmware_encryption.host_encryption_info).
          type: str
          sample: safe
        tpm:
          description: Whether it has a TPM 2.0, null if vCenter does not report it.
          type: bool
          sample: true
    vsan_clusters:
      description: Names of the clusters with vSAN.
      type: list
      elements: str
      sample: [cluster-1]
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, given, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    InvalidInputError,
    MissingLibraryError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import connect_rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    Session,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.readiness import (
    readiness,
    source_address,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_provider_report import (
    Selection,
    Sources,
    provider_report,
)

SPEC = ArgSpec(connection(), key_provider=text(secret=False), trimmed=("key_provider",))
_DETAILS = (
    *("version", "build", "api_version", "time", "clock_offset", "privileges", "missing_privileges", "hosts"),
    "vsan_clusters",
)


class VcenterReadinessInfo:
    """Reader of the readiness."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._key_providers: list[State] | None = None

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        params = self._context.params
        hostname = given(params["hostname"])
        proxy = given(params.get("proxy_host"))
        found = self._look()  # judges the options, too
        address = source_address(check_host("hostname", hostname), params["port"]) if hostname and not proxy else None
        return {
            "vcenter": hostname,
            "readiness": {**found, "source_address": address},
            "key_providers": self._key_providers,
        }

    def _look(self) -> State:
        try:
            session = connect(self._context)
        except (InvalidInputError, MissingLibraryError):
            raise
        except CollectionError as error:
            return self._failed(error)
        self._key_providers = self._named(session)
        return {"reachable": True, "logged_in": True, "problem": None, "problem_kind": None, **readiness(session)}

    def _named(self, session: Session) -> list[State] | None:
        name = given(self._context.params["key_provider"])
        if not name:
            return None
        sources = Sources(session, lambda: connect_rest(self._context), self._context.warn)
        try:
            return provider_report(sources, Selection(name), check_status=True, users=False).providers
        except CollectionError:  # the missing privilege is among the results
            return None

    @staticmethod
    def _failed(error: CollectionError) -> State:
        refused = isinstance(error, AuthenticationError)
        return {
            "reachable": not isinstance(error, UnreachableError),
            "logged_in": False,
            "problem": error.message,
            "problem_kind": "authentication" if refused else error.kind,
            **dict.fromkeys(_DETAILS),
        }


def main() -> None:
    """Entry point."""
    run_info(SPEC, VcenterReadinessInfo)


if __name__ == "__main__":
    main()
