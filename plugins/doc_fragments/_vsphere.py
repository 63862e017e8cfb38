# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the connection to vCenter."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors connection() of module_utils/_vsphere/connection/spec.py."""

    DOCUMENTATION = r"""
options:
  hostname:
    description:
      - Host name or address of vCenter.
      - If it is not given, the environment variable E(VMWARE_HOST) is used.
      - An empty value counts as not given; a host name is required.
    type: str
  username:
    description:
      - Name of the vSphere user, for example C(admin@pcc-192-0-2-10.ovh.com).
      - If it is not given, the environment variable E(VMWARE_USER) is used.
    type: str
  password:
    description:
      - Password of the vSphere user.
      - If it is not given, the environment variable E(VMWARE_PASSWORD) is used.
    type: str
  port:
    description:
      - TCP port of vCenter.
      - If it is not given, the environment variable E(VMWARE_PORT) is used.
    type: int
    default: 443
  validate_certs:
    description:
      - Whether vCenter's TLS certificate must be valid.
      - If it is not given, the environment variable E(VMWARE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File (or directory) with the certificates of the CA that issued vCenter's certificate, in PEM form.
      - Without it, the module uses the trusted CAs of the host on which it runs.
      - If it is not given, the environment variable E(VMWARE_CA_PATH) is used.
    type: path
  proxy_host:
    description:
      - Host name of an HTTP proxy for the connection to vCenter.
      - If it is not given, the environment variable E(VMWARE_PROXY_HOST) is used.
    type: str
  proxy_port:
    description:
      - Port of the HTTP proxy, V(3128) if only O(proxy_host) is given.
      - If it is not given, the environment variable E(VMWARE_PROXY_PORT) is used.
    type: int
  request_timeout:
    description:
      - Time-out for the whole answer to one request, in seconds. vCenter answers some requests only after it has given
        up on a KMS, so values below V(60) are rarely useful.
    type: int
    default: 300
requirements:
  - pyvmomi >= 8.0.3.0.1
notes:
  - Tasks on the control node share one login to vCenter for each user, which ends with the run of Ansible. Elsewhere,
    and in inventory plugins, each run logs in once and logs out.
"""
