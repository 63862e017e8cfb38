# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two years of daily decisions: a small world of certificates in which the filters of the role decide on each day."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter import (
    certificate_renewal_plan,
    certificate_renewal_proof,
)

plan = certificate_renewal_plan.FilterModule().filters()["certificate_renewal_plan"]
proof = certificate_renewal_proof.FilterModule().filters()["certificate_renewal_proof"]
DAYS = 730
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
DOMAIN = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
PURPOSE = "vCenter of pcc-1, key provider okms"
Facts = dict[str, t.Any]


def moment(day: int) -> str:
    """A day as modules write it."""
    return (BEGIN + datetime.timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclasses.dataclass
class World:
    """What is there on a day. Certificates are known by the day on which they were issued."""

    life: int
    day: int = 0
    in_use: int = 0
    issued: list[int] = dataclasses.field(default_factory=lambda: [0])
    pinned: int = 0  # the server's certificate whose thumbprint the KMS entry has
    writes: list[tuple[int, str]] = dataclasses.field(default_factory=list)

    def dates(self, issued: int, life: int) -> Facts:
        """Of one certificate."""
        ends = issued + life
        return {"not_before": moment(issued), "not_after": moment(ends), "days_left": ends - self.day}

    @property
    def server(self) -> int:
        """Day on which the present certificate of the server began: it is renewed every 90 days, for 120."""
        return self.day // 90 * 90

    def credentials(self) -> list[Facts]:
        """As okms_credential_info returns them."""
        return [
            {
                **{"id": str(one), "certificate_sha256": f"SHA{one}", "status": "READY", "from_csr": True},
                **{"created_at": moment(one), "expires_at": moment(one + self.life), "description": PURPOSE},
                "days_left": one + self.life - self.day,
            }
            for one in self.issued
        ]

    def read(self) -> Facts:
        """What the role reads."""
        connection = {
            **{"name": "rbx", "status": "green", "vcenter_trusts_server": True, "server_trusts_vcenter": True},
            "certificate": self.dates(self.server, 120),
        }
        client = {"subject": f"CN={DOMAIN}", "sha256": f"SHA{self.in_use}", **self.dates(self.in_use, self.life)}
        provider = {
            **{"name": "okms", "type": "standard", "connections": [connection], "client_certificate": client},
            **{
                "servers": [{"name": "rbx", "address": "rbx.example", "port": 5697}],
                "reasons": [],
                "keys_in_use": None,
            },
        }
        places = [{"address": "192.0.2.1", "sha1": f"SERVER{self.server}"}]
        entry = {"ip": "192.0.2.1", "thumbprint": f"SERVER{self.pinned}"}
        return {
            "info": {"key_providers": [provider]},
            "credentials": {"results": [{"item": DOMAIN, "credentials": self.credentials()}]},
            "clouds": {"results": [{"item": "pcc-1", "private_clouds": [{"encryption": {"kms": [entry]}}]}]},
            "servers": {"results": [{"kmip_server": {"host": "rbx.example", "port": 5697, "by_address": places}}]},
        }

    def run(self, fails: bool = False) -> list[str]:
        """What the role does on this day, as far as its filters decide it; the alarms."""
        found = plan(self.read(), {"private_cloud": "pcc-1"})
        (row,) = found["providers"]
        if row["due"] and self.pinned != self.server:
            self.pinned = self.server
            self.writes.append((self.day, "entry"))
        if any("vCenter's certificate expire" in said for said in row["due"]) and not fails:
            self.issued.append(self.day)
            self.in_use = self.day
            self.writes.append((self.day, "renewed"))
        for one in proof(self.read()["info"], "okms", self.credentials(), 7)["revoke"]:
            self.issued.remove(int(one["id"]))
            self.writes.append((self.day, "revoked"))
        return [*found["alarms"], *found["failures"]]


@pytest.mark.parametrize("life", [365, 180, 90, 30])
def test_no_day_of_two_years_is_without_a_certificate(life: int) -> None:
    world = World(life)
    for world.day in range(DAYS + 1):
        assert world.run() == []
        # vCenter presents one that OKMS accepts and that has not ended
        assert world.in_use in world.issued and world.in_use + life > world.day
        assert len(world.issued) <= 2
    assert world.pinned == world.server
    kinds = [kind for _day, kind in world.writes]
    assert kinds.count("entry") == DAYS // 90
    renewals = kinds.count("renewed")
    assert renewals == DAYS // (life - min(120, life // 3)) and kinds.count("revoked") in (renewals, renewals - 1)
    # each is revoked after a whole week of its successor, which came moments after the look of its day
    revoked = [day for day, kind in world.writes if kind == "revoked"]
    assert revoked == [day + 8 for day, kind in world.writes if kind == "renewed"][: len(revoked)]


def test_both_ends_of_two_years_have_one_usable_credential() -> None:
    world = World(365)
    assert len(world.issued) == 1
    for world.day in range(DAYS + 1):
        world.run()
    assert len(world.issued) == 1
    # 2 renewals, 2 revocations and 8 renewed server certificates in 731 days
    assert len(world.writes) == 12 and len({day for day, _kind in world.writes}) == 12


def test_a_renewal_that_fails_for_months_is_heard_in_time() -> None:
    world = World(365)
    heard = []
    for world.day in range(360):
        heard += [world.day] if world.run(fails=True) else []
    assert (heard[0], len(heard)) == (365 - 29, 24)
    world.day = 360
    world.run()
    assert (world.in_use, world.run()) == (360, [])


def test_days_that_are_left_out_are_made_up_for() -> None:
    world = World(365)
    for world.day in (0, 100, 300, 310, 600, 730):
        world.run()
        assert world.in_use + 365 > world.day and len(world.issued) <= 2
    assert [day for day, kind in world.writes if kind == "renewed"] == [300, 600]
    assert [day for day, kind in world.writes if kind == "revoked"] == [310, 730]
