# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: the lab, and a Python that has the oldest packages that modules accept."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import (
    _no_settings_from_outside,
    lab,
    pytest_configure,
    run_module,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.tools import venvs

__all__ = ["_no_settings_from_outside", "lab", "pytest_configure", "run_module"]


@pytest.fixture(scope="session")
def lowest() -> pathlib.Path:
    """Its interpreter. The lab, which speaks of the newest vCenter too, and Ansible run on another one."""
    return venvs.LOWEST.ensure().python
