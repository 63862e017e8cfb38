# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that modules state."""

from __future__ import annotations


class ModuleDocFragment:
    """Standard attributes; a module overrides `support` and `details` where they are not full."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the predicted result without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed (or would change in C(check_mode)) when in diff mode.
    support: full
  idempotent:
    description: Running the module again with the same options changes nothing.
    support: full
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode). This module never changes anything.
    support: full
  diff_mode:
    description: Returns what has changed (or would change in C(check_mode)) when in diff mode.
    support: N/A
    details: This module never changes anything.
  idempotent:
    description: Running the module again with the same options changes nothing.
    support: full
"""

    ACTIONGROUP_OVHCLOUD = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ovhcloud.vmware_encryption.ovhcloud) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ovhcloud.vmware_encryption.ovhcloud
"""

    ACTIONGROUP_KMIP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ovhcloud.vmware_encryption.kmip) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ovhcloud.vmware_encryption.kmip
"""

    ACTIONGROUP_VSPHERE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ovhcloud.vmware_encryption.vsphere) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ovhcloud.vmware_encryption.vsphere
"""

    ACTIONGROUP_VAULT = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ovhcloud.vmware_encryption.vault) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ovhcloud.vmware_encryption.vault
"""

    ACTIONGROUP_CERTIFICATES = r"""
options: {}
attributes:
  action_group:
    description: >-
      Use C(group/ovhcloud.vmware_encryption.certificates) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ovhcloud.vmware_encryption.certificates
"""

    ACTIONGROUP_FILES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ovhcloud.vmware_encryption.files) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ovhcloud.vmware_encryption.files
"""
