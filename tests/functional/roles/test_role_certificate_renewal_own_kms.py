# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook certificate_renewal on a KMS of one's own, with each way to give vCenter its identity."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, identities, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import Identity

DAY = 86400.0
PROVIDER = "team-kms"
FAST = {"wait_interval": 0.01, "wait_timeout": 60}


class Years:
    """The lab with a provider, the playbook with its variables, and a calendar."""

    def __init__(self, lab: Lab, folder: pathlib.Path, **variables: t.Any) -> None:
        kms = lab.external_kms[0]
        self.lab, self.folder, self.today = lab, folder, 0
        # a KMS gives keys to the name that has made them, and vCenter asks for certificates of this name
        providers.external(lab).identity = Identity(*lab.external_client_pair(lab.vcenter.settings.hostname))
        lab.vcenter.flow_open = lambda _host, _port: True
        identities.give_key(lab, PROVIDER)
        self.watch = identities.Watch(lab, PROVIDER, list(lab.external_kms))
        self.variables = {
            **{f"certificate_renewal_{name}": value for name, value in FAST.items()},
            "external_kms_provider": PROVIDER,
            "external_kms_servers": [{"name": kms.name, "address": kms.address[0], "port": kms.address[1]}],
            "external_kms_server_ca": lab.external_authority.certificate_pem,
            "external_kms_csr_output_path": str(folder / "vcenter.csr"),
            "external_kms_certificate_output_path": str(folder / "vcenter.pem"),
            **variables,
        }

    def until(self, day: int) -> None:
        """Let the days pass; the servers get a new certificate every 90 days, for 120 days."""
        for now in range(self.today + 1, day + 1):
            self.lab.clock.advance(DAY)
            if now % 90 == 0:
                for server in self.lab.external_kms:
                    server.replace_server_certificate(days=120)
        self.today = day

    def on(self, day: int, **options: t.Any) -> harness.PlayResult:
        """The run of that day."""
        self.until(day)
        done = harness.run_playbook(self.lab, "certificate_renewal", self.folder, **{**self.variables, **options})
        assert (done.code, self.watch.gaps) == (0, []), done.screen
        assert self.watch.accepted()
        return done

    def idle(self, day: int, **options: t.Any) -> None:
        """A day on which nothing is written."""
        mark, before = self.lab.journal.mark(), identities.in_use(self.lab, PROVIDER)
        done = self.on(day, **options)
        assert (done.changed, self.lab.journal.writes(mark)) == (0, []), done.screen
        assert identities.in_use(self.lab, PROVIDER) == before

    def waits(self, day: int, *words: str, **options: t.Any) -> None:
        """A day on which somebody has to do something, and the certificate in use stays."""
        before = identities.in_use(self.lab, PROVIDER)
        done = self.on(day, **options)
        assert mentioned(summary_of(done)["to_do"], *words), done.screen
        assert identities.in_use(self.lab, PROVIDER) == before

    def renews(self, day: int, **options: t.Any) -> None:
        """A day on which vCenter gets another certificate."""
        before = identities.in_use(self.lab, PROVIDER)
        assert self.on(day, **options).changed
        assert identities.in_use(self.lab, PROVIDER) != before


def test_two_years_with_a_ca_at_hand(lab: Lab, tmp_path: pathlib.Path) -> None:
    certificate, key = lab.external_ca_files(tmp_path)
    years = Years(
        lab,
        tmp_path,
        certificate_renewal_private_cloud=lab.private_cloud,
        external_kms_private_cloud=lab.private_cloud,
        external_kms_identity="ca",
        external_kms_ca_certificate_file=certificate,
        external_kms_ca_private_key_file=key,
    )
    kms = lab.external_kms[0]
    pin = thumbprints(kms.server_certificate_pem)["sha1"]
    flow = {"service_name": lab.private_cloud, "host": kms.address[0], "thumbprint": pin, "wait_for": "delivered"}
    providers.run(lab, "private_cloud_kms", **flow, **FAST)
    years.idle(1)
    assert years.on(91).changed  # the thumbprint of the KMS entry
    years.idle(92)
    for day in (246, 492):
        # the CA signs by the clock of the control node, which the lab cannot move
        years.renews(day, external_kms_validity=day + 365)
    years.on(731)
    years.idle(732)
    (entry,) = lab.snapshot()["kms_entries"]
    assert entry["thumbprint"] == thumbprints(kms.server_certificate_pem)["sha1"]


def test_keys_that_the_new_name_does_not_get_fail_every_day(lab: Lab, tmp_path: pathlib.Path) -> None:
    certificate, key = lab.external_ca_files(tmp_path)
    ca = {
        **{"external_kms_identity": "ca", "external_kms_common_name": "somebody-else"},
        **{"external_kms_ca_certificate_file": certificate, "external_kms_ca_private_key_file": key},
    }
    years = Years(lab, tmp_path, external_kms_validity=246 + 365, **ca)
    for day in (246, 247):
        years.until(day)
        done = harness.run_playbook(lab, "certificate_renewal", tmp_path, **years.variables)
        assert done.code != 0 and "none of the 1 keys in use" in " ".join(done.screen.split()), (day, done.screen)
    # nothing is due on the second day, and nothing is written
    assert done.changed == 0 and years.watch.lost()


def test_two_years_with_requests_that_somebody_signs(lab: Lab, tmp_path: pathlib.Path) -> None:
    years = Years(lab, tmp_path, external_kms_identity="csr")
    request, signed = tmp_path / "vcenter.csr", tmp_path / "signed.pem"
    given = {"external_kms_certificate_file": str(signed)}
    years.idle(1)
    for begun in (246, 496):
        years.waits(begun, "external_kms_certificate_file")
        # nobody has signed it yet
        years.idle(begun + 1, **(given if begun > 246 else {}))
        signed.write_text(lab.external_sign(request.read_text()))
        years.renews(begun + 5, **given)
    years.idle(730, **given)
    assert lab.journal.count("vcenter", operation="GenerateClientCsr") == 2


def test_two_years_with_pairs_of_the_kms(lab: Lab, tmp_path: pathlib.Path) -> None:
    years = Years(lab, tmp_path, external_kms_identity="key_pair")
    certificate, key = tmp_path / "pair.pem", tmp_path / "pair.key"
    given = {"external_kms_certificate_file": str(certificate), "external_kms_private_key_file": str(key)}
    years.waits(246, "external_kms_private_key_file")
    for day in (250, 496):
        years.until(day)
        for path, text in zip((certificate, key), lab.external_client_pair(lab.vcenter.settings.hostname)):
            path.write_text(text)
        years.renews(day, **given)
    years.idle(730, **given)


def test_two_years_with_self_signed_certificates(lab: Lab, tmp_path: pathlib.Path) -> None:
    years = Years(lab, tmp_path, external_kms_identity="self_signed")
    written = tmp_path / "vcenter.pem"
    for day in (246, 620):
        # vCenter makes such a certificate for ten years
        limit = {"certificate_renewal_renew_before": 3400} if day > 246 else {}
        years.waits(day, "external_kms_imported_thumbprint", **limit)
        years.idle(day + 1, **limit)
        lab.external_kms.trust_client_certificate(written.read_text())
        known = thumbprints(written.read_text())["sha256"]
        years.renews(day + 2, external_kms_imported_thumbprint=known, **limit)
    years.idle(730, certificate_renewal_renew_before=3400)


def test_a_refusal_brings_no_unknown_successor_into_use(lab: Lab, tmp_path: pathlib.Path) -> None:
    years = Years(lab, tmp_path, external_kms_identity="self_signed", external_kms_import_timeout=0)
    years.waits(246, "external_kms_imported_thumbprint")
    before = identities.in_use(lab, PROVIDER)
    written = thumbprints((tmp_path / "vcenter.pem").read_text())["sha256"]
    with pytest.MonkeyPatch.context() as moment:
        for server in lab.external_kms:
            moment.setattr(server, "accepts", lambda _certificate: False)
            server.refresh_revocations()
        mark = lab.journal.mark()
        refused = harness.run_playbook(lab, "certificate_renewal", tmp_path, **years.variables)
    assert refused.code != 0, refused.screen
    assert "external_kms_imported_thumbprint" in refused.screen and written in refused.screen
    assert (identities.in_use(lab, PROVIDER), lab.journal.writes(mark)) == (before, []), refused.screen
    years.watch.gaps.clear()
    years.idle(247)


@pytest.mark.parametrize("identity", ["csr", "key_pair"])
def test_a_successor_that_nobody_brings_fails_the_job_in_time(lab: Lab, tmp_path: pathlib.Path, identity: str) -> None:
    years = Years(lab, tmp_path, external_kms_identity=identity)
    years.waits(300, "external_kms_certificate_file")
    lab.clock.advance(40 * DAY)
    late = harness.run_playbook(lab, "certificate_renewal", tmp_path, **years.variables)
    assert late.code != 0 and "in 24 days" in late.screen, late.screen
    assert years.watch.gaps == []


def test_requests_of_two_providers_go_to_two_files(lab: Lab, tmp_path: pathlib.Path) -> None:
    kms, names = lab.external_kms[0], [PROVIDER, "other-kms"]
    server = {"name": kms.name, "address": kms.address[0], "port": kms.address[1]}
    held = {"external_kms_servers": [server], "external_kms_identity": "csr"}
    held = {**held, "external_kms_server_ca": lab.external_authority.certificate_pem}
    lab.vcenter.flow_open = lambda _host, _port: True
    entries = {}
    for name in names:
        providers.external(lab, name)
        own = {**held, **dict.fromkeys(("external_kms_private_cloud", "external_kms_vsphere_user"), "")}
        common = {"type": "standard", "role": "external_kms", "default": False, "server_certificates": []}
        entries[name] = {**common, "servers": [server], "variables": {**own, "external_kms_provider": name}}
    vcenter = providers.vcenter_of(lab)
    dossier = tmp_path / "dossier.json"
    section = {"id": vcenter.id, "name": vcenter.name, "providers": entries, "retired": {}}
    dossier.write_text(json.dumps({"format": 2, "vcenters": [section], "updated_at": None}))
    lab.clock.advance(250 * DAY)
    given: dict[str, t.Any] = {
        "certificate_renewal_dossier_path": str(dossier),
        **{f"certificate_renewal_{k}": v for k, v in FAST.items()},
    }
    mark, one = lab.journal.mark(), str(tmp_path / "vcenter.csr")
    refused = harness.run_playbook(lab, "certificate_renewal", tmp_path, **given, external_kms_csr_output_path=one)
    said = " ".join(refused.screen.split())
    assert refused.code != 0 and f"external_kms_csr_output_path is one file, {one}" in said, refused.screen
    assert lab.journal.writes(mark) == [] and not pathlib.Path(one).exists()
    path = str(tmp_path / "{{ external_kms_provider }}.csr")
    for count in (2, 0):
        mark = lab.journal.mark()
        done = harness.run_playbook(lab, "certificate_renewal", tmp_path, **given, external_kms_csr_output_path=path)
        assert done.code == 0, done.screen
        assert lab.journal.count("vcenter", operation="GenerateClientCsr", since=mark) == count, done.screen
    texts = {(tmp_path / f"{name}.csr").read_text() for name in names}
    assert len(texts) == 2
