# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: the lab, as the tests of the roles have it."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import conftest as functional
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import _no_settings_from_outside, lab

__all__ = ["_no_settings_from_outside", "lab"]


def pytest_configure(config: pytest.Config) -> None:
    """Marks of these tests."""
    functional.pytest_configure(config)
    config.addinivalue_line("markers", "whole: only of `make awx-check`, not of `make test`")
