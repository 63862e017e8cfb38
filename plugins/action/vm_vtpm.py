# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module that has the name of this file."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.action import action

ActionModule = action(__name__)
