# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role okms: which KMIP endpoint, whom it trusts there, and what happens to providers that are there already."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import sha256_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import Door
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef

NAME = "okms-prod"
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """The playbook for a domain that exists."""
    variables = {
        "okms_private_cloud": lab.private_cloud,
        "okms_region": lab.region,
        "okms_display_name": "kms-prod",
        "okms_provider": NAME,
        "okms_default_provider": False,
        "okms_preflight": False,
        "okms_wait_interval": 0.01,
        "okms_wait_timeout": 120,
    }

    def run(check: bool = False, **options: t.Any) -> harness.PlayResult:
        return harness.run_playbook(lab, "okms", tmp_path, check=check, **{**variables, **options})

    return run


def set_up(lab: Lab, door: Door, server: str) -> None:
    """A green provider on that endpoint, whose key encrypts a VM: what a person or an earlier version has left."""
    lab.give_encryption_right()
    okms_id = lab.ovhcloud.new_okms(lab.region, "kms-prod").okms_id
    fast, place = providers.FAST, {"address": door.host, "port": door.port}
    flow = {
        "service_name": lab.private_cloud,
        "host": door.host,
        "thumbprint": thumbprints(door.certificate_pem)["sha1"],
    }
    providers.run(lab, "private_cloud_kms", **flow, **fast)
    trust = {"servers": [{"name": server, **place}], "server_ca": door.authority.certificate_pem}
    providers.run(lab, "standard_key_provider", name=NAME, **trust, **fast)
    csr = providers.run(lab, "key_provider_csr", provider=NAME)["csr"]["csr"]
    credential = {"okms_id": okms_id, "name": f"vcenter-{lab.private_cloud}", "csr": csr, **fast}
    certificate = providers.run(lab, "okms_credential", **credential)["credential"]["certificate"]
    providers.run(lab, "key_provider_client_certificate", provider=NAME, certificate=certificate, **fast)
    lab.vcenter.inventory.vms[0].crypto_key = KeyRef(NAME, lab.generate_key(NAME))


def server_of(lab: Lab) -> tuple[str, int, str]:
    """(name, port, colour) of the only server of the provider."""
    found = providers.run(lab, "key_provider_info", name=NAME)["key_providers"][0]
    (server,) = found["servers"]
    return server["name"], server["port"], found["status"]


def settled(lab: Lab, play: Play, **options: t.Any) -> None:
    """Another run changes nothing."""
    mark = lab.journal.mark()
    again = play(**options)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen


def vcenter_writes(lab: Lab, mark: int) -> list[str]:
    """What was written in vCenter."""
    return [entry.operation for entry in lab.journal.writes(mark, "vcenter")]


def test_a_provider_set_up_by_the_guide_stays_on_the_rsa_port(lab: Lab, play: Play) -> None:
    set_up(lab, lab.okms_rsa, "OVH KMS")
    mark = lab.journal.mark()
    kept = play()
    assert (kept.code, vcenter_writes(lab, mark)) == (0, []), kept.screen
    assert server_of(lab) == ("OVH KMS", lab.okms_rsa.port, "green")
    settled(lab, play, okms_server=None, okms_server_thumbprints=[])
    mark = lab.journal.mark()
    refused = play(okms_endpoint="ecdsa")
    assert (refused.code != 0, lab.journal.writes(mark)) == (True, [])
    screen = " ".join(refused.screen.split())
    for words in (
        f"{lab.okms_rsa.host}:{lab.okms_rsa.port} (rsa)",
        f"{lab.okms_ecdsa.host}:{lab.okms_ecdsa.port} (ecdsa)",
        "okms_endpoint: auto",
        "okms_move_endpoint: true",
    ):
        assert words in screen, words


def test_a_provider_of_an_earlier_version_moves_only_when_asked(lab: Lab, play: Play) -> None:
    lab.ovhcloud.settings.flow_port_counts = False  # else the entry has to be made anew for the other port
    lab.vcenter.settings.ecdsa_endpoint = "works"  # a provider on it that encrypts VMs
    set_up(lab, lab.okms_ecdsa, lab.region)
    machine = lab.vcenter.inventory.vms[0]
    mark = lab.journal.mark()
    kept = play()
    assert (kept.code, vcenter_writes(lab, mark)) == (0, []), kept.screen
    assert "okms_move_endpoint: true to move it" in " ".join(kept.screen.split())
    assert server_of(lab) == (lab.region, lab.okms_ecdsa.port, "green")
    refused = play(okms_endpoint="rsa")
    assert refused.code != 0 and machine.name in refused.screen
    assert server_of(lab) == (lab.region, lab.okms_ecdsa.port, "green")

    mark = lab.journal.mark()
    planned = play(check=True, okms_move_endpoint=True)
    assert (planned.code, lab.journal.writes(mark)) == (0, []), planned.screen
    screen = " ".join(planned.screen.split())
    host = lab.okms_kmip.host
    move = f"moves from {host}:{lab.okms_ecdsa.port} (ecdsa) to {host}:{lab.okms_rsa.port} (rsa); affected: "
    assert move in screen and machine.name in screen.partition(move)[2][:200]
    # an entry of those days is open for the old port only: moving would cut vCenter off
    (entry,) = lab.ovhcloud.core.private_cloud(lab.private_cloud).kms.values()
    entry.port = lab.okms_ecdsa.port
    mark = lab.journal.mark()
    stopped = play(okms_move_endpoint=True)
    assert (stopped.code != 0, lab.journal.writes(mark)) == (True, []), stopped.screen
    assert "was not moved: OVHcloud has opened the firewall" in " ".join(stopped.screen.split())
    entry.port = lab.okms_rsa.port
    moved = play(okms_move_endpoint=True)
    assert moved.code == 0, moved.screen
    assert server_of(lab) == (lab.region, lab.okms_rsa.port, "green")
    # the keys are those that were there
    info = providers.run(lab, "key_provider_info", name=NAME, users=True)["key_providers"][0]
    assert any(machine.name in line for line in info["in_use_by"])
    settled(lab, play)


def test_a_renewed_certificate_is_mended_by_the_next_run(lab: Lab, play: Play) -> None:
    lab.ovhcloud.settings.public_ca = "root"
    set_up(lab, lab.okms_rsa, lab.region)
    # trusted by the leaf alone, as the guide's manual way does it
    lab.vcenter.crypto.providers[NAME].trusted = [lab.okms_rsa.certificate_pem]
    assert play().code == 0
    lab.okms_kmip.replace_server_certificate()
    assert server_of(lab)[2] == "red"
    mark = lab.journal.mark()
    planned = play(check=True)
    assert (planned.code, lab.journal.writes(mark)) == (0, []), planned.screen
    assert planned.changed >= 2, planned.screen  # entry and trust
    mended = play()
    assert mended.code == 0, mended.screen
    written = [entry.operation for entry in lab.journal.writes(mark)]
    assert sum("changeProperties" in name for name in written) == 1, written
    assert [name for name in written if "Upload" in name] == ["UploadKmipServerCert"]
    assert not [name for name in written if "Client" in name or "DELETE" in name], written
    entry = lab.snapshot()["kms_entries"][0]
    assert entry["thumbprint"] == thumbprints(lab.okms_rsa.certificate_pem)["sha1"]
    assert server_of(lab) == (lab.region, lab.okms_rsa.port, "green")
    settled(lab, play)
    # from now on the CA is trusted: vCenter stays green over the next renewal
    lab.okms_kmip.replace_server_certificate()
    assert server_of(lab)[2] == "green"


def test_without_any_rule_it_ends_at_once_with_the_next_step(lab: Lab, play: Play) -> None:
    lab.ovhcloud.settings.public_ca = "null"
    lab.ovhcloud.new_okms(lab.region, "kms-prod")
    mark = lab.journal.mark()
    result = play(okms_vsphere_user=lab.vsphere_user_name)
    assert result.code != 0
    assert vcenter_writes(lab, mark) == [] and lab.snapshot()["kms_entries"] == []
    screen = " ".join(result.screen.split())
    for words in ("OVHcloud gives no CA", "okms_server_thumbprints", sha256_of(lab.okms_rsa.certificate_pem)):
        assert words in screen, words


def test_a_thumbprint_that_was_named_decides_alone(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    # the CA that the API gives is that of nobody here: only the pin speaks for the server
    lab.ovhcloud.settings.public_ca = "root"
    lab.okms_rsa.pair = lab.external_authority.leaf("*.okms.ovh.net", "server", ["*.okms.ovh.net", "localhost"])
    lab.okms_kmip.refresh_revocations()
    lab.ovhcloud.new_okms(lab.region, "kms-prod")
    pin = sha256_of(lab.okms_rsa.certificate_pem)
    assert play(check=True, okms_vsphere_user=lab.vsphere_user_name).code != 0
    done = play(okms_vsphere_user=lab.vsphere_user_name, okms_server_thumbprints=[pin])
    assert done.code == 0, done.screen
    assert server_of(lab) == (lab.region, lab.okms_rsa.port, "green")
    settled(lab, play, okms_vsphere_user=lab.vsphere_user_name, okms_server_thumbprints=[pin])


@pytest.mark.parametrize("aversion", ["handshake", "certificate"])
def test_ecdsa_server_that_nobody_needs_moves_on_vcenter_8(lab: Lab, play: Play, aversion: str) -> None:
    lab.ovhcloud.settings.flow_port_counts = False
    lab.vcenter.settings.ecdsa_endpoint = "works"  # as vCenter 7 did
    set_up(lab, lab.okms_ecdsa, lab.region)
    lab.vcenter.inventory.vms[0].crypto_key = None
    lab.vcenter.settings.ecdsa_endpoint = aversion
    assert server_of(lab)[2] == "red"
    moved = play()
    assert moved.code == 0, moved.screen
    assert "affected: nobody" in " ".join(moved.screen.split())
    assert server_of(lab) == (lab.region, lab.okms_rsa.port, "green")
    settled(lab, play)
