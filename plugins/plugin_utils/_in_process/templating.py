# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the templates of roles need, loaded once in the process that runs the play."""

from __future__ import annotations

import contextlib

from ansible.plugins.loader import filter_loader, test_loader


def load_filters() -> None:
    """Load those of this collection and of Ansible; else each worker that templates with one would load all of them.

    What cannot be loaded is left to the first task that uses it, which then says so.
    """
    with contextlib.suppress(Exception):
        filter_loader.get("ovhcloud.vmware_encryption.play_process")
        test_loader.get("ansible.builtin.version")
