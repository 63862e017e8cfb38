# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of kmip_server_info."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.kmip_info_helpers import (
    VERSIONS,
    Setting,
)


@pytest.fixture(params=list(VERSIONS))
def kms(request, tmp_path):
    setting = Setting(tmp_path, request.param)
    yield setting
    setting.server.close()


@pytest.fixture
def kms13(tmp_path):
    setting = Setting(tmp_path, "TLSv1.3")
    yield setting
    setting.server.close()
