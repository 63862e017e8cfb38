# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role okms over what a person has set up by OVHcloud's guide: other names, one KMS entry, the leaf trusted."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

HOST = "eu-west-par.okms.ovh.net"
NAME = "OVH KMS"
DAY = 86400.0
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """The playbook for a domain that exists, with the options that a form of AWX leaves blank."""
    variables = {
        "okms_private_cloud": lab.private_cloud,
        "okms_region": "eu-west-par",
        "okms_display_name": "by hand",
        "okms_provider": NAME,
        "okms_endpoint": "",
        "okms_dossier_path": None,
        "okms_wait_interval": 0.01,
        "okms_wait_timeout": 20,
    }

    def run(check: bool = False, **options: t.Any) -> harness.PlayResult:
        return harness.run_playbook(lab, "okms", tmp_path, check=check, **{**variables, **options})

    return run


def set_up(lab: Lab) -> None:
    """A green provider whose every name is another one than ours, with an entry for the first address only."""
    lab.give_encryption_right()
    lab.ovhcloud.settings.kms_delivered = "before_vcenter"
    okms_id = lab.ovhcloud.new_okms("eu-west-par", "by hand").okms_id
    server = providers.run(lab, "kmip_server_info", host=HOST, port=5697)["kmip_server"]
    for address in lab.okms_addresses("eu-west-par"):
        flow = {"service_name": lab.private_cloud, "host": address, "thumbprint": server["sha1"]}
        providers.run(lab, "private_cloud_kms", **flow, description="KMS", wait_for="delivered", **providers.FAST)
    servers = [{"name": "Paris", "address": HOST, "port": 5697}]
    pin = [server["sha256"]]
    providers.run(lab, "standard_key_provider", name=NAME, servers=servers, server_thumbprints=pin, **providers.FAST)
    lab.vcenter.crypto.providers[NAME].trusted = [server["certificate"]]
    csr = providers.run(lab, "key_provider_csr", provider=NAME)["csr"]["csr"]
    issued = providers.run(lab, "okms_credential", okms_id=okms_id, name="vcenter by hand", csr=csr, **providers.FAST)
    certificate = issued["credential"]["certificate"]
    providers.run(lab, "key_provider_client_certificate", provider=NAME, certificate=certificate, **providers.FAST)
    entries = lab.ovhcloud.state.pccs[lab.private_cloud].kms
    for kms_id in list(entries)[1:]:
        del entries[kms_id]


def test_provider_made_by_hand_is_completed_and_renewed(lab: Lab, play: Play) -> None:
    set_up(lab)
    mark = lab.journal.mark()
    planned = play(check=True)
    assert (planned.code, lab.journal.writes(mark)) == (0, []), planned.screen
    done = play()
    assert done.code == 0, done.screen
    written = [entry.operation for entry in lab.journal.writes(mark)]
    assert not [name for name in written if "credential" in name or "Client" in name], written
    entries = lab.ovhcloud.state.pccs[lab.private_cloud].kms.values()
    assert {entry.ip for entry in entries} == set(lab.okms_addresses("eu-west-par"))
    mark = lab.journal.mark()
    again = play(okms_endpoint=None)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen
    # near its end it is replaced like one of ours
    lab.clock.advance(345 * DAY)
    renewed = play()
    assert renewed.code == 0, renewed.screen
    found = providers.run(lab, "key_provider_info", name=NAME)["key_providers"][0]
    assert (found["status"], found["client_certificate"]["days_left"] > 300) == ("green", True)
    assert len(lab.snapshot()["credentials"]) == 2
    assert play().changed == 0
