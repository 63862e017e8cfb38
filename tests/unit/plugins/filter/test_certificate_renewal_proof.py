# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter certificate_renewal_proof: what works, and what may be revoked."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.certificate_renewal_proof import FilterModule

proof = FilterModule().filters()["certificate_renewal_proof"]
PURPOSE = "vCenter of pcc-1, key provider okms"
Facts = dict[str, t.Any]


def connection(name: str = "a", status: str = "green", trusts: bool = True, accepts: bool = True) -> Facts:
    """Between vCenter and a server."""
    return {
        **{"name": name, "status": status},
        **{"vcenter_trusts_server": trusts, "server_trusts_vcenter": accepts},
    }


def provider(*connections: Facts, name: str = "okms", sha256: str = "NEW", **more: t.Any) -> Facts:
    """As key_provider_info returns it."""
    return {
        **{"name": name, "connections": list(connections or [connection()]), "reasons": ["because"]},
        **{"client_certificate": {"sha256": sha256}, "keys_in_use": {"asked": 0, "unavailable": []}, **more},
    }


def credential(name: str, day: int = 1, left: int = 300, **more: t.Any) -> Facts:
    """An access certificate of a year, issued on a day of January; its thumbprint is its id in capitals."""
    return {
        **{"id": name, "certificate_sha256": name.upper(), "status": "READY", "from_csr": True, "description": PURPOSE},
        **{"created_at": f"2026-01-{day:02}T00:00:00Z", "expires_at": f"2027-01-{day:02}T00:00:00Z"},
        **{"days_left": left, **more},
    }


NEW = credential("new", day=9)
DOWN = connection("b", "red", trusts=False, accepts=False)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (provider(), ""),
        # a server that is down while another one works
        (provider(connection(), DOWN), ""),
        (provider(connection(), connection("b", "red", accepts=False)), "does not work at the servers"),
        (provider(DOWN), "because"),
        (provider(connections=None), "does not work"),
        (provider(name="other"), "vCenter has no key provider okms any more"),
        (provider(keys_in_use={"asked": 2, "unavailable": ["1: gone"]}), ""),
        (
            provider(keys_in_use={"asked": 1, "unavailable": ["1: gone"]}),
            "none of the 1 keys in use of the key provider okms",
        ),
        (provider(keys_in_use=None), ""),
    ],
)
def test_a_certificate_works_when_a_key_can_be_fetched(found: Facts, words: str) -> None:
    said = proof({"key_providers": [found]}, "okms")["problem"]
    assert words in said and bool(words) == bool(said)


@pytest.mark.parametrize(
    ("old", "goes"),
    [
        (credential("old"), True),
        (credential("old", description=f"{PURPOSE}, replaces older"), True),
        (credential("old", day=10), False),  # somebody renews at this moment
        (credential("old", from_csr=False), False),
        (credential("old", status="DELETING"), False),
        (credential("old", certificate_sha256=None), False),
        (credential("shared"), False),  # another key provider presents it
        (credential("old", description="vCenter of pcc-1, key provider okms-2"), False),
        (credential("old", description="by hand"), False),
        (credential("old", description=None), False),
        # the one in use replaces these
        (credential("named", description="vCenter of pcc-old, key provider okms"), True),
        (credential("named", description="vCenter of pcc-old, key provider okms", from_csr=False), False),
        # somebody's request, whose key may be in two vCenters
        (credential("named", description="by hand"), False),
        (credential("named", description=None), False),
    ],
)
def test_only_what_nobody_needs_is_revoked(old: Facts, goes: bool) -> None:
    new = {**NEW, "description": f"{PURPOSE}, replaces named"}
    read = {"key_providers": [provider(), provider(name="other", sha256="SHARED")]}
    found = proof(read, "okms", [old, new])
    assert (found["revoke"] == [old], found["in_use"]) == (goes, new)


@pytest.mark.parametrize(
    ("found", "left", "wait", "revoked"),
    [
        (provider(), 357, 0, True),
        (provider(), 358, 1, False),
        # moments after it was issued, 364 whole days are left
        (provider(), 364, 7, False),
        (provider(), 365, 7, False),
        (provider(DOWN), 300, 0, False),
        # some keys are lost: whether it is by the new identity, nobody knows
        (provider(keys_in_use={"asked": 2, "unavailable": ["1: gone"]}), 300, 0, False),
    ],
)
def test_the_old_one_stays_until_the_new_one_has_worked(found: Facts, left: int, wait: int, revoked: bool) -> None:
    new = {**NEW, "days_left": left}
    result = proof({"key_providers": [found]}, "okms", [credential("old"), new], 7)
    assert (result["days_to_wait"], bool(result["revoke"])) == (wait, revoked)
    assert [one["id"] for one in result["older"]] == ["old"]


@pytest.mark.parametrize("presented", ["", "OLD", "UNKNOWN"])
def test_nothing_goes_while_the_working_one_is_not_the_newest(presented: str) -> None:
    found = proof({"key_providers": [provider(sha256=presented)]}, "okms", [credential("old"), NEW])
    assert (found["older"], found["revoke"]) == ([], [])
