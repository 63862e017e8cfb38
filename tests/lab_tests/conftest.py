# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RSA keys are made once for all tests of a process."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import pki


def pytest_configure() -> None:
    """One lab of a test never gets a key twice."""
    pki.RSA_KEYS.most = 24
