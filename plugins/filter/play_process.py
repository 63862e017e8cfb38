# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter play_process: a text that tells this play from all others."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plays import this_play
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: play_process
short_description: Tell this play apart from others that run at the same time
version_added: 0.1.0
description:
  - Returns a text for the process that runs the play. M(ovhcloud.vmware_encryption.campaign_state) uses it to find out
    whether a run that shut down VMs is still active or was killed.
  - Keep the text in a fact at the start of the play. If the system cannot distinguish processes, each use of the
    filter returns another text.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  _input:
    description: A name for a part of the play, such as that of the host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Remember this run's identity
  ansible.builtin.set_fact:
    this_run: "{{ inventory_hostname | ovhcloud.vmware_encryption.play_process }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
  sample: localhost@2f6e5b0a-7c1d-4c55-9f0e-8d3f0c6f4b11:4026531836:4242:123456
"""

TAKES = "the name of a host"


def play_process(name: t.Any) -> str:
    """The text."""
    return this_play(str(name))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"play_process": shaped(play_process, AnsibleFilterError, TAKES)}
