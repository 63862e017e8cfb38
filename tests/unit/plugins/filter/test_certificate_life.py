# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter certificate_life: limits as variables bring them."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.certificate_life import FilterModule

certificate_life = FilterModule().filters()["certificate_life"]
YEAR = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2027-01-01T00:00:00Z", "days_left": 100}


@pytest.mark.parametrize(("given", "limit"), [(None, 120), ("", 120), ("90", 90), (0, 0)])
def test_a_blank_limit_is_the_default(given: t.Any, limit: int) -> None:
    found = certificate_life(YEAR, given)
    assert (found["renew_before"], found["lasts"]) == (limit, limit < 100)


def test_both_limits_and_what_is_left_are_returned() -> None:
    wanted = {
        "days_left": 100,
        "lifetime": 365,
        "renew_before": 120,
        "fail_below": 101,
        "lasts": False,
        "alarming": True,
    }
    assert certificate_life(YEAR, fail_below=101) == wanted
    assert certificate_life(None)["alarming"] is True


def test_a_wrong_shape_is_one_clear_line() -> None:
    with pytest.raises(AnsibleFilterError, match="it takes a certificate of key_provider_info"):
        certificate_life("certificate")
