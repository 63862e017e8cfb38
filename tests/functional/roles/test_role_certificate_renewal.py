# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook certificate_renewal on OVHcloud KMS: two years of daily runs, jumping to the days that matter."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, identities, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints

DAY = 86400.0
PROVIDER = "okms-prod"
CORRECT = "POST /dedicatedCloud/{serviceName}/vmEncryption/kms/{kmsId}/changeProperties"
ISSUE = "POST /v2/okms/resource/{okmsId}/credential"
REVOKE = "DELETE /v2/okms/resource/{okmsId}/credential/{credentialId}"
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Runs the playbook with the name of the private cloud, which no certificate tells."""

    def run(**options: t.Any) -> harness.PlayResult:
        check = options.pop("check", False)
        variables = {"private_cloud": lab.private_cloud, "wait_interval": 0.01, "wait_timeout": 60, **options}
        named = {f"certificate_renewal_{name}": value for name, value in variables.items()}
        return harness.run_playbook(lab, "certificate_renewal", tmp_path, check=check, **named)

    return run


def usable(lab: Lab) -> list[str]:
    """Thumbprints of the access certificates that OKMS accepts."""
    every = [one for domain in lab.ovhcloud.state.okms.values() for one in domain.credentials.values()]
    ready = [one.certificate.public_bytes(Encoding.PEM).decode() for one in every if one.status == "READY"]
    return [thumbprints(pem)["sha256"] for pem in ready]


def pinned(lab: Lab) -> bool:
    """Whether the KMS entries have the thumbprint of the server's certificate of today."""
    shown = thumbprints(lab.okms_rsa.certificate_pem)["sha1"]
    return {entry["thumbprint"] for entry in lab.snapshot()["kms_entries"]} == {shown}


def written(lab: Lab, mark: int) -> set[str]:
    """What was written at OVHcloud since then."""
    return {entry.operation for entry in lab.journal.writes(mark, system="ovhcloud")}


@pytest.mark.oldest("role certificate_renewal", "second")
def test_two_years_on_okms_without_a_gap_end_with_one_credential(lab: Lab, play: Play) -> None:
    providers.okms(lab, PROVIDER)
    identities.give_key(lab, PROVIDER)
    watch = identities.Watch(lab, PROVIDER, [lab.okms_kmip])
    first, seen, today = identities.in_use(lab, PROVIDER), [], 0
    # the server gets a new certificate every 90 days, for 120 days
    renewed_servers = set(range(90, 731, 90))
    for day, credentials, writes in (
        (1, 1, set()),
        (91, 1, {CORRECT}),
        (92, 1, set()),
        (246, 2, {CORRECT, ISSUE}),
        (247, 2, set()),
        (254, 1, {REVOKE}),
        (492, 2, {CORRECT, ISSUE}),
        (500, 1, {REVOKE}),
        (731, 1, {CORRECT}),
        (732, 1, set()),
    ):
        for now in range(today + 1, day + 1):
            lab.clock.advance(DAY)
            if now in renewed_servers:
                lab.okms_kmip.replace_server_certificate(days=120)
        today, mark = day, lab.journal.mark()
        done = play()
        assert (done.code, done.failed) == (0, 0), done.screen
        assert (written(lab, mark), len(usable(lab))) == (writes, credentials), (day, done.screen)
        assert pinned(lab) and watch.accepted()
        assert identities.in_use(lab, PROVIDER) in usable(lab)
        if not writes:
            assert (done.changed, lab.journal.writes(mark)) == (0, []), done.screen
            seen.append(len(lab.journal.entries(since=mark)))
    assert watch.gaps == [] and watch.looks > 100
    assert identities.in_use(lab, PROVIDER) != first
    # requests of a day without anything to do; two of them let vCenter fetch the keys in use
    assert max(seen) <= 22, seen
    machine = lab.vcenter.inventory.vm("vm1")
    keys = [key.key_id for key in machine.crypto_keys()]
    states = lab.vcenter._connections.key_states(lab.vcenter.crypto.providers[PROVIDER], keys)
    assert set(states.values()) == {"available"}


@pytest.mark.oldest("role certificate_renewal", "check", "first")
def test_check_mode_writes_nothing_and_the_run_says_what_it_did(lab: Lab, play: Play) -> None:
    providers.okms(lab, PROVIDER)
    lab.clock.advance(250 * DAY)
    mark = lab.journal.mark()
    checked = play(check=True)
    assert (checked.code, lab.journal.writes(mark)) == (0, []), checked.screen
    assert mentioned(summary_of(checked)["to_do"], f"Certificate of vCenter for the key provider {PROVIDER}")
    done = play(revoke_after=0)
    assert done.facts("certificate_renewal")["counts"] == {"selected": 1, "due": 0, "failed": 0}
    changed = summary_of(done)["changed"]
    assert done.code == 0 and mentioned(changed, "Certificate of vCenter", "Replaced access certificates"), done.screen
    assert usable(lab) == [identities.in_use(lab, PROVIDER)]
    mark = lab.journal.mark()
    again = play(revoke_after=0)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen
    assert mentioned(summary_of(again)["done"], "364 days left", "they match")


def test_the_old_credential_stays_while_keys_cannot_be_fetched(lab: Lab, play: Play) -> None:
    providers.okms(lab, PROVIDER)
    inventory = lab.vcenter.inventory
    inventory.encrypt(inventory.vm("vm1"), PROVIDER, "a-key-that-okms-does-not-have")
    lab.clock.advance(250 * DAY)
    stopped = play(revoke_after=0)
    assert stopped.code != 0 and "gets none of the 1 keys in use" in stopped.screen, stopped.screen
    assert len(usable(lab)) == 2
    # nor is another one issued, or the old one revoked, by the next runs
    mark = lab.journal.mark()
    lab.clock.advance(20 * DAY)
    assert play().code != 0 and written(lab, mark) == set()
    identities.give_key(lab, PROVIDER)
    assert play().code == 0 and len(usable(lab)) == 1


def test_a_renewal_that_fails_is_repeated_and_heard(lab: Lab, play: Play) -> None:
    providers.okms(lab, PROVIDER)
    lab.clock.advance(250 * DAY)
    lab.faults.add("status", status=403, operation=ISSUE, times=9)
    assert play().code != 0
    # the old certificate works, and its request waits in vCenter
    assert len(usable(lab)) == 1 and identities.in_use(lab, PROVIDER) in usable(lab)
    lab.clock.advance(90 * DAY)
    late = play()
    message = " ".join(late.screen.split()).rpartition("fatal: ")[2]
    assert late.code != 0 and "vCenter's certificate expires on" in message, late.screen
    # so does the certificate of the server, for which others are responsible
    assert "has a certificate that expires on" in message and "have it renewed there" in message
    lab.okms_kmip.replace_server_certificate()
    lab.faults.clear()
    mark = lab.journal.mark()
    done = play()
    assert done.code == 0, done.screen
    assert lab.journal.count("vcenter", operation="GenerateClientCsr", since=mark) == 0
    assert len(usable(lab)) == 2


@pytest.mark.oldest("role certificate_renewal", "unreadable file")
def test_an_unreadable_certificate_of_another_kms_stops_nobody(lab: Lab, tmp_path: pathlib.Path) -> None:
    providers.okms(lab, PROVIDER)
    binary = tmp_path / "vcenter.der"
    binary.write_bytes(bytes(range(256)))
    given: dict[str, t.Any] = {
        "external_kms_certificate_file": str(binary),
        "okms_private_cloud": " ",
        "okms_provider": " ",
    }
    done = harness.run_playbook(
        lab, "certificate_renewal", tmp_path, certificate_renewal_private_cloud=lab.private_cloud, **given
    )
    assert (done.code, done.changed) == (0, 0), done.screen


def test_a_name_of_no_private_cloud_fails_the_job(lab: Lab, play: Play) -> None:
    providers.okms(lab, PROVIDER)
    done = play(private_cloud="pcc-typo")
    assert done.code != 0 and "shows no private cloud pcc-typo" in " ".join(done.screen.split()), done.screen


def test_an_unknown_provider_or_name_is_told(lab: Lab, play: Play) -> None:
    providers.external(lab)
    lab.vcenter.flow_open = lambda _host, _port: True
    quiet = play()
    assert quiet.code == 0 and "(not known)" in quiet.screen, quiet.screen
    lab.clock.advance(250 * DAY)
    told = play()
    assert told.code == 0 and mentioned(summary_of(told)["to_do"], "nobody says how it gets its certificate")
    lab.clock.advance(90 * DAY)
    assert play().code != 0
    missing = play(providers=["gone"])
    assert missing.code != 0 and "has no standard key provider gone" in " ".join(missing.screen.split())
