# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that depend on what a private cloud is."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import (
    KMIP_ACTIONS,
    KMIP_OPTIONAL,
    why_no_iam,
)


@pytest.mark.parametrize(
    ("cloud", "certified"),
    [
        ({"service_pack": "hds-2024", "advanced_security": False}, True),
        ({"service_pack": "pcidss"}, True),
        ({"service_pack": "snc-v1"}, True),
        ({"service_pack": "premier", "advanced_security": True}, True),
        ({"service_pack": "premier", "advanced_security": False}, False),
        ({"service_pack": None}, False),
    ],
)
def test_certified_and_secured_clouds_cannot_have_iam(cloud: dict[str, t.Any], certified: bool) -> None:
    assert ("certified or secured" in why_no_iam(cloud)) is certified


@pytest.mark.parametrize("pack", ["nsx", "nsxt", "nsx-and-vrops", "default-nsxt"])
def test_clouds_with_nsx_cannot_have_iam(pack: str) -> None:
    assert why_no_iam({"service_pack": pack}) == f"private clouds with NSX cannot use it, service pack {pack}"


def test_optional_actions_are_not_among_those_that_vcenter_needs() -> None:
    assert not set(KMIP_ACTIONS) & set(KMIP_OPTIONAL)
    assert all(action.startswith("okms:kmip:") for action in (*KMIP_ACTIONS, *KMIP_OPTIONAL))
