# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action role_options, which has no module."""

from __future__ import annotations

DOCUMENTATION = r"""
module: role_options
short_description: Read and judge the options of a role of this collection
version_added: 0.1.0
description:
  - Every role of this collection begins with it. It reads the variables of the role, completes them with the
    defaults, turns them into their types, and fails with everything that is wrong before the role does anything.
  - Null and blank text mean that an option was not given, as surveys hand over questions without an answer. An
    option with a default then takes it.
  - Lists can be given as text, with one item, with items separated by commas or one per line, or in JSON.
    Dictionaries can be given as JSON.
  - A variable that begins with the name of the role and is none of its options is a warning that names it.
  - The result is never shown, because secrets are among the options.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  role:
    description: Name of the role, without that of the collection.
    type: str
    required: true
  partial:
    description: Whether required options may be missing. The options are then only judged, and not returned.
    type: bool
    default: false
attributes:
  check_mode:
    description: Runs the same in check mode.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
notes:
  - It is an action, nothing runs on the managed host.
"""

EXAMPLES = r"""
- name: Read and judge the options
  ovhcloud.vmware_encryption.role_options:
    role: okms
  register: __okms_options
  tags: [always]
"""

RETURN = r"""
option:
  description: Each option, under its name without that of the role.
  returned: when the options can be used, and not with O(partial)
  type: raw
  sample: eu-west-rbx
outputs:
  description: What the role will write with these options, as M(ovhcloud.vmware_encryption.output_files) takes it.
  returned: with O(partial)
  type: list
  elements: dict
  sample:
    - option: dossier_path
      follow: true
      path: /srv/vmware/dossier.json
volumes:
  description: The option C(volumes) of the role, folders that outlast a job.
  returned: with O(partial)
  type: list
  elements: str
  sample: [/runner/kept]
"""
