# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that both inventory plugins share."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors filters() of plugin_utils/inventory_source.py."""

    DOCUMENTATION = r"""
options:
  filters:
    description:
      - Which hosts the inventory has. Each filter is a Jinja expression over the variables of a host. The first one
        that is true decides; the inventory includes a host for which none is true.
      - To keep only what an earlier filter includes, end the list with V(exclude) set to V(true).
      - An expression that fails, such as one with an undefined variable, counts as false, unless O(strict) is V(true).
    type: list
    elements: dict
    suboptions:
      include:
        description: Hosts for which this is true are included.
        type: str
      exclude:
        description: Hosts for which this is true are excluded.
        type: str
notes:
  - Names and values that come from OVHcloud and vCenter are never evaluated as templates, whatever they contain.
  - Values of options may be templates, such as a look-up of a secret, and may be encrypted with Ansible Vault. Secrets
    are neither variables of a host nor kept in the cache.
  - The plugin uses the cache only while the options that decide what to read stay the same.
"""
