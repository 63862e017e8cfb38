# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides say of rights is what the preflight asks for."""

from __future__ import annotations

import fnmatch
import pathlib
import re

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import KMIP_ACTIONS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.needs import needs_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.modules import iam_policy

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs" / "docsite" / "rst"


@pytest.mark.parametrize(
    ("option", "profile", "features"),
    [("okms", "order", ["iam", "logs"]), ("external_kms", "operate", []), ("native_key_provider", "operate", [])],
)
def test_guides_name_exactly_the_iam_actions_of_their_option(option: str, profile: str, features: list[str]) -> None:
    text = (GUIDES / f"guide_{option}.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"``(\w+:apiovh:[^`]+)``", text))
    needed = {need.action for need in needs_of(option, profile, features) if need.action}
    assert {action for action in needed if not any(fnmatch.fnmatch(action, one) for one in named)} == set()
    assert {one for one in named if not fnmatch.filter(needed, one)} == set()


def test_kmip_actions_are_the_same_in_role_spec_and_example() -> None:
    defaults = yaml.safe_load((ROOT / "roles/okms/defaults/main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((ROOT / "roles/okms/meta/argument_specs.yml").read_text(encoding="utf-8"))
    option = specs["argument_specs"]["main"]["options"]["okms_iam_kmip_actions"]
    example = yaml.safe_load(iam_policy.EXAMPLES)[0]["ovhcloud.vmware_encryption.iam_policy"]
    lists = (defaults["okms_iam_kmip_actions"], option["default"], example["allow"])
    assert all(sorted(actions) == sorted(KMIP_ACTIONS) for actions in lists)
    section = (GUIDES / "guide_okms.rst").read_text(encoding="utf-8").partition("The policy for KMIP\n")[2]
    named = re.findall(r"``(\w+)``", section.partition("the actions are")[2].partition("each with")[0])
    assert sorted(f"okms:kmip:{name}" for name in named) == sorted(KMIP_ACTIONS)
    # OKMS may refuse it although it is allowed, and vCenter does without
    assert "okms:kmip:locate" not in KMIP_ACTIONS
