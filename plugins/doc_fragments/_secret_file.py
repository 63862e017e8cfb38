# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that keep a file in a secret."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors secret_options() of module_utils/_kv/spec.py."""

    DOCUMENTATION = r"""
options:
  path:
    description:
      - Path of the secret, without that of its engine, for example V(vmware/nkp-prod).
      - 1 to 255 letters, digits and the characters C(_.:=@-), with C(/) between its parts. The path is not secret, and
        appears in logs.
    type: str
    required: true
  state:
    description:
      - V(present) ensures that the newest version of the secret holds O(file).
      - V(fetched) ensures that O(file) is the newest version that can be read, or O(version).
      - V(absent) removes the secret with all its versions. It requires O(confirm_name). Nobody can undo this.
    type: str
    choices: [present, absent, fetched]
    default: present
  file:
    description:
      - File on the host that runs the module, required for O(state=present).
      - With O(state=fetched), its folder must exist. The module writes it with mode 0600, whole or not at all. Without
        it, the module only reads the secret, and returns what it holds.
    type: path
  version:
    description:
      - Number of the version to fetch, from 1, with O(state=fetched) only. By default, the newest that can be read.
    type: int
  max_versions:
    description:
      - How many versions the secret keeps, from 1 to 24000. The module sets and checks it, because if it is too
        small, the next write destroys the oldest versions silently.
    type: int
    default: 100
  allow_version_loss:
    description:
      - Whether a new version may destroy the oldest ones. By default, the module refuses to write to a full secret.
    type: bool
    default: false
  force:
    description: Whether O(state=fetched) may replace another file at O(file).
    type: bool
    default: false
  confirm_name:
    description: The O(path), typed again. Required for O(state=absent).
    type: str
"""
