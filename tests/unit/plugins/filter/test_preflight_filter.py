# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter preflight_table around its pure part."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.preflight_table import FilterModule

preflight_table = FilterModule().filters()["preflight_table"]


@pytest.mark.parametrize("facts", [[], {}, "okms", None])
def test_input_without_option_is_refused(facts: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="option"):
        preflight_table(facts)


def test_nothing_found_is_an_empty_table() -> None:
    table = preflight_table({"option": "okms"})
    assert (table["rows"], table["lines"], table["blocking"]) == ([], [], 0)
