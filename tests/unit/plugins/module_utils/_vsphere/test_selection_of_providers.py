# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key providers are reported."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_provider_report import Selection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
)

KINDS = {"a": "standard", "b": "native", "c": "trusted", "d": "standard", "e": "unknown"}
PROVIDERS = [Provider(name, kind, [], False, [], None, None, None, None) for name, kind in KINDS.items()]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), "abcde"),
        (Selection(types=("standard",)), "ad"),
        (Selection(types=("native", "unknown")), "be"),
        (Selection("a"), "a"),
        (Selection("a", ("standard", "native")), "a"),
        (Selection("a", ("native",)), ""),
        (Selection("none"), ""),
    ],
)
def test_name_and_types_select_together(selection: Selection, expected: str) -> None:
    assert "".join(one.name for one in selection.of(PROVIDERS)) == expected
