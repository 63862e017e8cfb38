# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of vm_encryption_info: an open lab, its inventory, a reader, VMs of all places."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.machine_info_helpers import (
    make_town,
    reader,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def inventory(lab):
    return lab.vcenter.inventory


@pytest.fixture
def read(lab, run_module):
    return reader(lab, run_module)


@pytest.fixture
def town(inventory):
    return make_town(inventory)
