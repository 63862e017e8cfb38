# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for what the description of an access certificate says."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.issued import purpose_of, replaced_by

PURPOSE = "vCenter of pcc-1, key provider okms"


@pytest.mark.parametrize(
    ("description", "purpose", "replaced"),
    [
        (PURPOSE, PURPOSE, set()),
        (f"{PURPOSE}, replaces a-1, replaces b-2", PURPOSE, {"a-1", "b-2"}),
        ("by hand, for vCenter of pcc-1, key provider okms", "", set()),
        ("by hand, replaces a-1", "", {"a-1"}),
        ("", "", set()),
        (None, "", set()),
    ],
)
def test_a_description_says_whose_it_is(description: str | None, purpose: str, replaced: set[str]) -> None:
    told = {"description": description}
    assert (purpose_of(told), replaced_by(told)) == (purpose, replaced)
