# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options of HashiCorp Vault."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors connection() of module_utils/_vault/config.py."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of Vault, such as V(https://vault.example.com:8200). It must begin with C(https://).
      - If the option is not given, E(VAULT_ADDR) is used. One of them is required.
    type: str
  token:
    description:
      - A token whose policy allows what the module does. The module neither renews nor revokes it.
      - If the option is not given, E(VAULT_TOKEN) is used. One of them is required.
    type: str
  namespace:
    description:
      - Namespace of Vault Enterprise.
      - If the option is not given, E(VAULT_NAMESPACE) is used.
    type: str
  mount:
    description: Path of the KV secrets engine, which must be of version 2.
    type: str
    default: secret
  ca_path:
    description:
      - File or directory with the certificates of the authorities to trust instead of the default ones.
      - If the option is not given, E(VAULT_CACERT) is used.
    type: path
  validate_certs:
    description: Whether to check Vault's certificate. Disable this only for a test environment.
    type: bool
    default: true
  timeout:
    description: Time-out for an answer as a whole, up to its last byte, in seconds.
    type: int
    default: 60
"""
