# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides say of rights is what the preflight asks for."""

from __future__ import annotations

import fnmatch
import pathlib
import re

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.needs import needs_of

GUIDES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst"


@pytest.mark.parametrize(
    ("option", "profile", "features"),
    [("okms", "order", ["iam"]), ("external_kms", "operate", []), ("native_key_provider", "operate", [])],
)
def test_guides_name_the_iam_actions_of_their_option_and_no_others(
    option: str, profile: str, features: list[str]
) -> None:
    text = (GUIDES / f"guide_{option}.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"``(\w+:apiovh:[^`]+)``", text))
    needed = {need.action for need in needs_of(option, profile, features) if need.action}
    assert {action for action in needed if not any(fnmatch.fnmatch(action, one) for one in named)} == set()
    assert {one for one in named if not fnmatch.filter(needed, one)} == set()
