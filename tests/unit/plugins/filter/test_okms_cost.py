# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter okms_cost: what roles give it when something was not read."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.okms_cost import FilterModule

okms_cost = FilterModule().filters()["okms_cost"]


def test_no_domain_gives_nothing() -> None:
    assert okms_cost({}) == {}
    assert okms_cost({}, [{"name": "okms"}]) == {}


def test_without_providers_nothing_is_told_about_use() -> None:
    cost = okms_cost({"id": "x", "display_name": "kms", "kmip_object_count": 3})
    assert (cost["kmip_objects"], cost["in_use"], cost["unused"], cost["monthly_cost"]) == (3, None, None, None)


@pytest.mark.parametrize("wrong", [[{"id": "x"}], {"name": "kms"}, "kms"])
def test_what_is_no_domain_is_refused(wrong: object) -> None:
    with pytest.raises(AnsibleFilterError, match="okms_cost"):
        okms_cost(wrong)
