# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role encryption_exit with OVHcloud KMS: whether the domain's audit logs still go to their stream afterwards."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import runner_in
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles import fleet_site
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import Okms

OKMS, CERTIFICATE, REMOVED = "okms-prod", "/credential/", "Key providers okms-prod removed"
END = {"decommission_end_logs": True}
REVOKE = {"decommission_revoke_credential": True}


class Site:
    """OVHcloud KMS as the role okms makes it, its audit logs in a stream, and a VM that uses it."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self.stream = lab, lab.ovhcloud.add_stream()
        self.told = f"Audit logs of the domain no longer in the stream {self.stream}"
        dossier = str(folder / "dossier.json")
        wanted: dict[str, t.Any] = {
            "okms_private_cloud": lab.private_cloud,
            "okms_vsphere_user": lab.vsphere_user_name,
            "okms_region": lab.region,
            "okms_display_name": "kms-prod",
            "okms_provider": OKMS,
            "okms_allow_order": True,
            "okms_wait_interval": 0.01,
            "okms_wait_timeout": 120,
            "okms_log_stream_id": self.stream,
            "okms_dossier_path": dossier,
        }
        made = harness.run_playbook(lab, "okms", folder, **wanted)
        assert (made.code, made.failed) == (0, 0), made.screen
        done = runner_in(lab)("vm_encryption", selection={"names": ["vm1"]}, provider=OKMS, wait_interval=0.01)
        assert not done.failed, done.output
        # as after a restart: what the hosts were given for it
        for host in lab.vcenter.inventory.hosts:
            host.crypto_key, host.crypto_state = None, "incapable"
        exit_: dict[str, t.Any] = {
            "encryption_exit_mode": "decrypt",
            "encryption_exit_directory": str(folder / "exit"),
            "encryption_exit_power_off": "shutdown",
            "encryption_exit_remove_providers": [OKMS],
            "encryption_exit_confirm": [OKMS],
            "decommission_dossier_path": dossier,
        }
        self.play = fleet_site.player(lab, folder, "encryption_exit", **exit_)

    @property
    def domain(self) -> Okms:
        """The only domain."""
        (found,) = self.lab.ovhcloud.state.okms.values()
        return found

    def sent(self) -> list[tuple[str, str]]:
        """Kind and stream of each subscription."""
        return sorted((one.kind, one.stream_id) for one in self.domain.log_subscriptions.values())

    def ended(self) -> dict[str, list[str]]:
        """The last summary of one more run that ends the logs."""
        result = self.play(**END, **REVOKE)
        assert (result.code, result.failed) == (0, 0), result.screen
        return summary_of(result)


@pytest.fixture
def site(lab: Lab, tmp_path: pathlib.Path) -> Site:
    found = Site(lab, tmp_path)
    assert found.sent() == [("kmip", found.stream), ("rest", found.stream)]
    return found


def test_logs_end_after_everything_that_leaves_a_trace(site: Site) -> None:
    machine, inventory = site.lab.vcenter.inventory.vm("vm1"), site.lab.vcenter.inventory
    before, other = site.sent(), site.lab.ovhcloud.add_stream()
    mark = site.lab.journal.mark()
    plan = summary_of(site.play(check=True, **END, **REVOKE))
    assert mentioned(plan["to_do"], REMOVED, site.told) and site.lab.journal.writes(mark) == [], plan
    inventory.snapshot(machine, "before")
    held = site.play(**END, **REVOKE)
    assert held.code == 2 and site.sent() == before, held.screen
    assert not mentioned([*summary_of(held)["changed"], *summary_of(held)["done"]], "Audit logs"), held.screen
    assert mentioned(summary_of(held)["to_do"], REMOVED, site.told), held.screen
    inventory.remove_snapshots(machine)
    site.lab.ovhcloud.logs.add(site.domain, "kmip", other)
    mark = site.lab.journal.mark()
    assert mentioned(site.ended()["changed"], REMOVED, site.told)
    assert site.sent() == [("kmip", other)] and OKMS not in site.lab.vcenter.crypto.providers
    order = [f"{one.system} {one.operation}" for one in site.lab.journal.writes(mark)]
    assert [one for one in order[-2:] if "DELETE" in one and "/log/subscription/" in one] == order[-2:], order
    assert any(CERTIFICATE in one for one in order[:-2]) and any("RemoveKm" in one for one in order[:-2]), order
    looked = summary_of(site.play(check=True, **END, **REVOKE))
    assert mentioned(looked["done"], REMOVED, site.told), looked
    again = fleet_site.quiet(site.lab, site.play, **END, **REVOKE)
    assert mentioned(summary_of(again)["done"], REMOVED, site.told), again.screen
    # what the removal leaves to do is to do at the end of the exit; somebody has destroyed the keys
    site.lab.ovhcloud.kmip_object_count = lambda _owner: 0
    asked = {"decommission_terminate_okms": True, "decommission_confirm_okms": "kms-prod"}
    waits = site.play(**END, **REVOKE, **asked)
    assert waits.code == 0 and mentioned(summary_of(waits)["to_do"], "Confirm the termination"), waits.screen


@pytest.mark.parametrize(
    ("options", "why"),
    [({}, "not asked for"), (END, "they stay, the domain is in use by access certificate vcenter-")],
    ids=["not asked for", "the certificate is valid"],
)
def test_logs_that_stay_are_told_at_the_end(site: Site, options: dict[str, t.Any], why: str) -> None:
    before, mark = site.sent(), site.lab.journal.mark()
    left = site.play(**options)
    assert (left.code, left.failed) == (0, 0), left.screen
    assert mentioned(summary_of(left)["skipped"], f"{site.told} ({why}"), left.screen
    assert site.sent() == before and OKMS not in site.lab.vcenter.crypto.providers
    assert not [one for one in site.lab.journal.writes(mark) if "/log/" in one.operation]
    # the provider is gone, and the next run still ends them
    assert mentioned(site.ended()["changed"], REMOVED, site.told) and site.sent() == []


def test_the_domain_of_the_exit_is_that_of_the_removal(site: Site) -> None:
    """Without a dossier, the exit's own options are all that says where the certificates and logs are."""
    known = {
        "decommission_dossier_path": "",
        "decommission_log_stream_id": site.stream,
        "encryption_exit_okms_id": site.domain.okms_id,
        "encryption_exit_private_cloud": site.lab.private_cloud,
    }
    assert mentioned(summary_of(site.play(check=True, **known, **END, **REVOKE))["to_do"], site.told)
    left = site.play(**known, **END, **REVOKE)
    assert (left.code, left.failed) == (0, 0), left.screen
    assert mentioned(summary_of(left)["changed"], REMOVED, site.told) and site.sent() == []
    assert [one.status for one in site.domain.credentials.values()] == []


def test_a_removal_that_cannot_be_is_refused_first(site: Site) -> None:
    mark = site.lab.journal.mark()
    refusals: list[tuple[dict[str, t.Any], str]] = [
        ({"decommission_terminate_okms": True, "decommission_confirm_okms": "kms-prd"}, "kms-prd"),
        ({"decommission_credential_name": "other", **REVOKE}, "presents the access certificate"),
    ]
    for options, word in refusals:
        refused = site.play(**options)
        assert refused.code == 2 and word in refused.screen, refused.screen
        assert site.lab.journal.writes(mark) == [], refused.screen
    assert site.play(check=True, **refusals[0][0]).code == 2
