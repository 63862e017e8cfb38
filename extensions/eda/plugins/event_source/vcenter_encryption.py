# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source vcenter_encryption: what somebody, or a job, should do about the encryption of a vCenter."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Events about the encryption of a vCenter
description:
  - Waits in vCenter for changes of VMs and hosts with one idle request, and looks at the key providers at intervals.
  - Each condition is an event once, and again only after it has changed. Every event has a C(type); the guide on
    events and C(extensions/eda/events.yml) list them with their fields.
  - Reconnects after a restart of vCenter or a loss of the network, and then reports what changed meanwhile. After a
    refused password it waits at least 15 minutes before the next try, so that vCenter does not lock the account.
  - Writes nothing. The vSphere user needs read access, and for key providers the privileges of
    M(ovhcloud.vmware_encryption.key_provider_info).
  - Needs ansible-core, pyVmomi, requests and cryptography in the Python that runs ansible-rulebook.
options:
  hostname:
    description: Address of vCenter. Without it, the environment variable E(VMWARE_HOST).
    type: str
  username:
    description: vSphere user. Without it, the environment variable E(VMWARE_USER).
    type: str
  password:
    description: Password of this user. Without it, the environment variable E(VMWARE_PASSWORD).
    type: str
  port:
    description: TCP port of vCenter. Without it, the environment variable E(VMWARE_PORT).
    type: int
    default: 443
  validate_certs:
    description: Whether to check vCenter's certificate. Without it, the environment variable E(VMWARE_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description: File or directory with vCenter's CA. Without it, the environment variable E(VMWARE_CA_PATH).
    type: path
  proxy_host:
    description: HTTP proxy. Without it, the environment variable E(VMWARE_PROXY_HOST).
    type: str
  proxy_port:
    description: Port of the proxy. Without it, the environment variable E(VMWARE_PROXY_PORT).
    type: int
  request_timeout:
    description: Seconds for one answer of vCenter. The waiting request takes at most half of them.
    type: int
    default: 300
  initial:
    description:
      - Whether to report the conditions that hold when the source starts. Their events have C(initial=true).
      - Otherwise, the source only reports what changes from then on.
    type: bool
    default: false
  interval:
    description: Seconds between two looks at the key providers. Each look lets vCenter connect to the KMIP servers.
    type: int
    default: 60
  expiry_days:
    description: Days left at which the end of a client or server certificate is reported, each once.
    type: list
    elements: int
    default: [30, 14, 7, 3, 1, 0]
  dossier_path:
    description:
      - The recovery dossier, which knows when the backup of each native key provider was made.
      - Without it, the age of backups is unknown, and C(backup_too_old) is never reported.
    type: path
  backup_max_age:
    description: Age in days above which a backup is too old.
    type: int
    default: 365
  orders:
    description:
      - Watch the account's orders of OKMS domains too. With an empty dictionary, the credentials come from the
        environment (C(OVH_*)) or from C(ovh.conf).
      - Takes C(endpoint), C(application_key), C(application_secret), C(consumer_key), C(client_id), C(client_secret),
        C(token_url), C(access_token), C(ca_path), C(validate_certs) and C(timeout) of the modules for OVHcloud.
    type: dict
    suboptions:
      interval:
        description: Seconds between two looks.
        type: int
        default: 300
      stuck_hours:
        description: Age in hours from which an order that is not delivered is stuck.
        type: int
        default: 24
"""

EXAMPLES = r"""
- name: VMware encryption
  hosts: localhost
  sources:
    - ovhcloud.vmware_encryption.vcenter_encryption:
        hostname: pcc-192-0-2-10.ovh.com
        username: events@pcc-192-0-2-10.ovh.com
        password: "{{ VMWARE_PASSWORD }}"
        initial: true
  rules:
    - name: A key provider is not green
      condition: event.type == "provider_not_green"
      action:
        debug:
          msg: "{{ event.provider.name }} is {{ event.status }}: {{ event.reasons | join('; ') }}"
"""

import asyncio
import pathlib
import sys
import typing as t

# ansible-rulebook runs this file by its path, and knows nothing of the collection's Python modules
for _folder in pathlib.Path(__file__).absolute().parents:
    if _folder.name == "ansible_collections" and str(_folder.parent) not in sys.path:
        sys.path.append(str(_folder.parent))

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    suboptions,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import read_record, usable
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection import (
    spec as ovhcloud_spec,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.watch import OrderReader
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.dossier import loaded_dossier
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.entries import backups_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import ShapeError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import (
    spec as vsphere_spec,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.reader import VCenterReader
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils.event_source import (
    LOG,
    Reader,
    follow,
    keep_signal_handlers,
    options,
    secrets_of,
)

SPEC = ArgSpec(
    vsphere_spec.connection(),
    initial=boolean(default=False),
    interval=integer(default=60),
    expiry_days={"type": "list", "elements": "int", "default": [30, 14, 7, 3, 1, 0]},
    dossier_path=file_path(),
    backup_max_age=integer(default=365),
    orders=suboptions(
        ArgSpec(ovhcloud_spec.connection(), interval=integer(default=300), stuck_hours=integer(default=24))
    ),
)


def _warn(message: str) -> None:
    LOG.warning("%s", message)


def _backups(path: str | None) -> t.Callable[[str, str], t.Mapping[str, str]]:
    """When the backup of each native key provider of a vCenter was made, from the dossier as it is now."""

    def read(vcenter_id: str, name: str) -> t.Mapping[str, str]:
        if not path:
            return {}
        with usable("recovery dossier", path, ShapeError):
            return backups_of(loaded_dossier(read_record(path, "dossier_path")), VCenter(vcenter_id, name))

    return read


def readers(params: dict[str, t.Any]) -> list[Reader]:
    """What there is to read."""
    for name in ("interval", "request_timeout"):
        if params[name] < 1:
            raise InvalidInputError(f"{name}: {params[name]} is not a positive number of seconds")
    found: list[Reader] = [VCenterReader(params, _backups(params["dossier_path"]), _warn)]
    if params["orders"] is not None:
        found.append(OrderReader({**params["orders"], "initial": params["initial"]}, _warn))
    return found


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Entry point of ansible-rulebook."""
    params = options(SPEC, args)
    keep_signal_handlers()
    await follow(readers(params), queue.put, secrets_of(SPEC, params))
