# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option that says which folders outlast the container of a job."""

from __future__ import annotations


class ModuleDocFragment:
    """For modules that refuse to write where files vanish with the job."""

    DOCUMENTATION = r"""
options:
  volumes:
    description:
      - Folders that outlast this job's container although the module cannot see that from inside, such as a volume
        mounted below C(/runner). The module accepts files in them.
      - If it is not given, the environment variable E(VMWARE_ENCRYPTION_VOLUMES) is used, with commas between the
        folders.
    type: list
    elements: path
"""
