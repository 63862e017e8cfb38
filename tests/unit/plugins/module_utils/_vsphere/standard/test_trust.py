# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging what a KMS presents."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import GuardError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.trust import (
    Presented,
    TrustRule,
    judge,
)

END = datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)  # of the leaf
DAY = datetime.timedelta(days=1)
SERVER = {"name": "kms", "address": "192.0.2.1", "port": 5696}


@pytest.mark.parametrize(
    ("past", "trusted", "refused"),
    [(-1, False, False), (1, False, True), (1, True, False)],
)
def test_certificate_ends_by_the_given_clock(leaf, past, trusted, refused):
    presented, now = Presented(SERVER, leaf.certificate, trusted), END + past * DAY
    if not refused:
        judge(TrustRule(), presented, lambda: now)
        return
    with pytest.raises(GuardError, match="expired on"):
        judge(TrustRule(), presented, lambda: now)
