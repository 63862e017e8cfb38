# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action role_options, which has no module."""

from __future__ import annotations

DOCUMENTATION = r"""
module: role_options
short_description: Read and check the options of a role of this collection
version_added: 0.1.0
description:
  - Every role of this collection starts with it. It reads the role's variables, completes them with the
    defaults, and converts them to their types. If anything is wrong, it lists all of it and fails before the role does
    anything.
  - Null and blank text mean "not given", because surveys return unanswered questions like this. The option's default
    then applies, if it has one.
  - Lists can be text, with one item, with items separated by commas or one per line, in JSON or in YAML.
    Dictionaries can be JSON or YAML. In YAML, every value is taken as it is written, so V(007) and V(no) stay text
    where the option wants text.
  - The module warns about a variable that starts with the role's name and is not one of its options.
  - The options are never shown, because they include secrets.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  role:
    description: Name of the role, without that of the collection.
    type: str
    required: true
  partial:
    description: Whether required options may be missing. The module then only checks the options, and returns none.
    type: bool
    default: false
  answers:
    description: With O(partial=true), whether to return the options anyway, as RV(answers).
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
  - It is an action; nothing runs on the managed host.
"""

EXAMPLES = r"""
- name: Read and check the options
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
answers:
  description: All options under their names without that of the role.
  returned: with O(partial) and O(answers)
  type: dict
  sample: {region: eu-west-rbx}
outputs:
  description: What the role will write with these options, in the form of M(ovhcloud.vmware_encryption.output_files).
  returned: with O(partial)
  type: list
  elements: dict
  sample:
    - option: dossier_path
      follow: true
      path: /srv/vmware/dossier.json
volumes:
  description: The role's option C(volumes), folders that outlast a job.
  returned: with O(partial)
  type: list
  elements: str
  sample: [/runner/kept]
"""
