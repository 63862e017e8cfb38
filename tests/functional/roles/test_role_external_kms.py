# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook external_kms: each way to give vCenter its identity, and the days on which something is wrong."""

from __future__ import annotations

import functools
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, identities, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import KmipServer
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, key_pem, thumbprints

DAY = 86400.0
LOGIN = ("vcenter-user", "kms-passw0rd-of-the-team")
PASSPHRASE = "passphrase-of-the-ca"
PROVIDER = "team-kms"
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Runs the playbook for both KMIP servers of the team."""
    return player(lab, tmp_path)


def player(lab: Lab, folder: pathlib.Path) -> Play:
    """The playbook with the variables that all ways share."""
    variables = {
        "external_kms_provider": PROVIDER,
        "external_kms_private_cloud": lab.private_cloud,
        "external_kms_vsphere_user": lab.vsphere_user_name,
        "external_kms_servers": [server_of(kms) for kms in lab.external_kms],
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_csr_path": str(folder / "vcenter.csr"),
        "external_kms_certificate_path": str(folder / "vcenter.pem"),
        "external_kms_import_timeout": 1,
        "external_kms_wait_interval": 0.01,
        "external_kms_wait_timeout": 120,
    }

    def run(**options: t.Any) -> harness.PlayResult:
        check, verbosity = options.pop("check", False), options.pop("verbosity", 0)
        return harness.run_playbook(
            lab, "external_kms", folder, check=check, verbosity=verbosity, **{**variables, **options}
        )

    return run


def elsewhere(lab: Lab) -> dict[str, t.Any]:
    """The vCenter of this lab as one outside of OVHcloud, with one KMIP server, the certificate of which lasts."""
    lab.give_encryption_right()
    lab.vcenter.flow_open = lambda _host, _port: True
    kms = lab.external_kms[0]
    kms.replace_server_certificate(days=3000)
    return {
        "external_kms_private_cloud": "",
        "external_kms_vsphere_user": "",
        "external_kms_servers": [server_of(kms)],
    }


def server_of(kms: KmipServer) -> dict[str, t.Any]:
    """A server as the role takes it."""
    return {"name": kms.name, "address": kms.address[0], "port": kms.address[1]}


def state_of(lab: Lab, run_module: RunModule) -> dict[str, t.Any]:
    """The provider as key_provider_info tells it."""
    return t.cast("dict[str, t.Any]", run_module("key_provider_info", name=PROVIDER)["key_providers"][0])


def nothing_more(lab: Lab, play: Play, **options: t.Any) -> None:
    """Another run changes nothing and writes nothing anywhere."""
    mark = lab.journal.mark()
    again = play(**options)
    assert (again.code, again.failed, again.changed) == (0, 0, 0), again.screen
    assert lab.journal.writes(mark) == []


def checked_without_writes(lab: Lab, play: Play, **options: t.Any) -> harness.PlayResult:
    """Check mode ends well and writes nothing anywhere."""
    mark = lab.journal.mark()
    checked = play(check=True, **options)
    assert (checked.code, checked.failed) == (0, 0), checked.screen
    assert lab.journal.writes(mark) == []
    return checked


def words_of(result: harness.PlayResult) -> str:
    """The screen without line breaks."""
    return " ".join(result.screen.split())


def pair_options(lab: Lab, days: float = 365) -> dict[str, str]:
    """Variables of a certificate and key that the KMS made."""
    certificate, key = lab.external_client_pair(days=days)
    return {
        "external_kms_identity": "key_pair",
        "external_kms_certificate": certificate,
        "external_kms_private_key": key,
    }


def test_everything_that_is_missing_is_told_at_once(lab: Lab, play: Play) -> None:
    for kms in lab.external_kms:
        kms.stop()
    lab.vcenter.inventory.hosts[0].version = "6.0.0"
    stopped = play(**pair_options(lab), external_kms_vsphere_user="nobody")
    assert stopped.code != 0 and lab.journal.writes() == [], stopped.screen
    words = ("ESXi versions", "no user nobody", *(f"KMS {kms.name}" for kms in lab.external_kms))
    message = words_of(stopped).rpartition("findings block option external_kms")[2]
    assert all(word in message for word in words), stopped.screen


def test_certificate_and_key(lab: Lab, play: Play, run_module: RunModule) -> None:
    options = pair_options(lab)
    checked = checked_without_writes(lab, play, **options)
    for words in ("KMS entries of", "Encryption right", "registered", "is the default", "delivered"):
        assert words in words_of(checked), words

    done = play(verbosity=4, **options)
    assert done.code == 0, done.screen
    provider = state_of(lab, run_module)
    assert (provider["status"], provider["default"], len(provider["servers"])) == ("green", True, 2)
    assert provider["client_certificate"]["sha256"] == thumbprints(options["external_kms_certificate"])["sha256"]
    assert [entry["state"] for entry in lab.snapshot()["kms_entries"]] == ["delivered"] * 2
    key_line = options["external_kms_private_key"].splitlines()[1]
    for secret in (*lab.secrets(), "PRIVATE KEY", key_line):
        assert secret not in done.screen
    # tested from here before vCenter was told anything
    first = next(entry.number for entry in lab.journal.writes(system="vcenter"))
    assert any(entry.number < first for entry in lab.journal.writes(system="external_kms"))
    nothing_more(lab, play, **options)

    lab.clock.advance(340 * DAY)
    foretold, asked = checked_without_writes(lab, play, **options), play(**options)
    assert "run again with the certificate and key that follow" in summary_of(foretold)["to_do"][-1]
    assert asked.code != 0 and summary_of(foretold)["to_do"] == summary_of(asked)["to_do"], asked.screen


def test_request_signed_elsewhere_in_two_runs_and_its_renewal(
    lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    request = tmp_path / "vcenter.csr"
    options: dict[str, t.Any] = {"external_kms_identity": "csr", **elsewhere(lab)}
    checked_without_writes(lab, play, **options)
    asked = play(**options)
    assert asked.code != 0
    assert str(request) in asked.screen and "external_kms_certificate" in asked.screen
    csr = request.read_text()

    options["external_kms_certificate"] = lab.external_sign(csr)
    done = play(**options)
    assert done.code == 0, done.screen
    provider = state_of(lab, run_module)
    assert (provider["status"], provider["default"]) == ("green", True)
    summary = summary_of(done)
    assert mentioned(
        summary["skipped"], "(no certificate and key for a test from the control node)", "(no private cloud named)"
    )
    assert mentioned(summary["changed"], "Certificate of vCenter in use", "is the default"), summary
    nothing_more(lab, play, **options)

    lab.clock.advance(340 * DAY)
    for _run in range(2):
        asked = play(**options)
        assert asked.code != 0 and str(request) in asked.screen
        assert state_of(lab, run_module)["status"] == "green"
    assert asked.changed == 0
    assert lab.journal.count("vcenter", operation="GenerateClientCsr") == 2
    options["external_kms_certificate"] = lab.external_sign(request.read_text())
    renewed = play(**options)
    assert renewed.code == 0, renewed.screen
    assert state_of(lab, run_module)["client_certificate"]["days_left"] > 300


def test_check_mode_without_a_flow_asks_vcenter_nothing(
    lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    providers.external(lab)
    certificate_path, key_path = lab.external_ca_files(tmp_path, PASSPHRASE)
    options: dict[str, t.Any] = {
        "external_kms_identity": "ca",
        "external_kms_servers": [server_of(lab.external_kms[0])],
        "external_kms_ca_certificate_path": certificate_path,
        "external_kms_ca_private_key_path": key_path,
        "external_kms_ca_private_key_passphrase": PASSPHRASE,
        "external_kms_preflight": False,
        "external_kms_dossier_path": None,
    }
    assert state_of(lab, run_module)["status"] == "red"  # nobody has opened the flow
    checked_without_writes(lab, play, **options)
    done = play(**options)
    assert done.code == 0 and state_of(lab, run_module)["status"] == "green", done.screen
    # the certificate that the KMS knows stays
    assert lab.journal.count("vcenter", operation="GenerateClientCsr") == 0


def test_ca_with_another_cas_key_is_refused_before_any_write(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    stranger = Authority("Somebody else", lab.clock)
    mark = lab.journal.mark()
    for check in (True, False):
        stopped = play(
            check=check,
            external_kms_identity="ca",
            external_kms_ca_certificate=stranger.certificate_pem,
            external_kms_ca_private_key=key_pem(lab.external_authority.key),
            external_kms_preflight=False,
        )
        assert stopped.code != 0
        assert "does not belong to" in words_of(stopped)
    assert lab.journal.writes(mark) == []


def test_request_signed_by_a_ca_at_hand_for_a_kms_with_a_login(tmp_path: pathlib.Path) -> None:
    with Lab(LabSettings(external_kms_login=LOGIN)) as lab:
        play, vcenter = player(lab, tmp_path), elsewhere(lab)
        certificate_path, key_path = lab.external_ca_files(tmp_path, PASSPHRASE)
        server = {
            **server_of(lab.external_kms[0]),
            "username": LOGIN[0],
            "password": LOGIN[1],
            "thumbprint": thumbprints(lab.external_kms[0].server_certificate_pem)["sha256"],
        }
        options = {
            **vcenter,
            "external_kms_identity": "ca",
            "external_kms_servers": [server],
            "external_kms_server_ca": "",
            "external_kms_ca_certificate_path": certificate_path,
            "external_kms_ca_private_key_path": key_path,
            "external_kms_ca_private_key_passphrase": PASSPHRASE,
            "external_kms_validity": 800,
            "external_kms_common_name": "vcenter-of-the-team",
            "external_kms_dossier_path": str(tmp_path / "dossier.json"),
        }
        checked_without_writes(lab, play, **options)
        lab.faults.add("drop_before", system="vcenter", operation="UpdateKmsSignedCsrClientCert")
        stopped = play(**options)
        assert stopped.code != 0, stopped.screen
        issued = (tmp_path / "vcenter.pem").read_text()
        done = play(verbosity=4, **options)
        assert done.code == 0, done.screen
        signed = (tmp_path / "vcenter.pem").read_text()
        assert signed == issued
        run_module = t.cast("RunModule", functools.partial(harness.run_module, **harness.connection(lab, "vsphere")))
        provider = state_of(lab, run_module)
        assert (provider["status"], provider["default"]) == ("green", True)
        assert "CN=vcenter-of-the-team" in provider["client_certificate"]["subject"]
        assert provider["client_certificate"]["sha256"] == thumbprints(signed)["sha256"]
        for secret in (*lab.secrets(), PASSPHRASE, LOGIN[1], "PRIVATE KEY"):
            assert secret not in done.screen
        nothing_more(lab, play, **options)

        # for the day on which vCenter has no certificate any more that tells the name
        held = providers.section(tmp_path / "dossier.json", lab)["providers"][PROVIDER]["variables"]
        assert (held["external_kms_common_name"], held["external_kms_validity"]) == ("vcenter-of-the-team", 800)
        del options["external_kms_common_name"]
        nothing_more(lab, play, **options)

        lab.clock.advance(780 * DAY)
        renewed = play(**options)
        assert renewed.code == 0, renewed.screen
        assert (tmp_path / "vcenter.pem").read_text() != signed


@pytest.mark.oldest("role external_kms", "check", "first", "second")
def test_self_signed_certificate_and_its_successor(
    lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    written = tmp_path / "vcenter.pem"
    options: dict[str, t.Any] = {"external_kms_identity": "self_signed", **elsewhere(lab)}
    checked_without_writes(lab, play, **options)
    waiting = play(**options)
    assert waiting.code != 0
    assert str(written) in waiting.screen and "Import the certificate" in words_of(waiting)
    lab.external_kms.trust_client_certificate(written.read_text())
    first = thumbprints(written.read_text())["sha256"]
    done = play(**options)
    assert done.code == 0, done.screen
    provider = state_of(lab, run_module)
    assert (provider["status"], provider["default"]) == ("green", True)
    assert provider["client_certificate"]["sha256"] == first

    # vCenter makes such a certificate for ten years
    options["external_kms_renew_before"] = provider["client_certificate"]["days_left"] - 2
    lab.clock.advance(5 * DAY)
    waiting = play(**options)
    successor = thumbprints(written.read_text())["sha256"]
    # there are years left for that, so the run does not fail
    assert waiting.code == 0 and successor != first, waiting.screen
    assert mentioned(summary_of(waiting)["to_do"], "Import the certificate", successor)
    assert state_of(lab, run_module)["client_certificate"]["sha256"] == first
    lab.external_kms.trust_client_certificate(written.read_text())
    options["external_kms_imported_thumbprint"] = successor
    renewed = play(**options)
    assert renewed.code == 0, renewed.screen
    assert state_of(lab, run_module)["client_certificate"]["sha256"] == successor
    nothing_more(lab, play, **options)


def test_one_of_two_servers_is_down(lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path) -> None:
    options = pair_options(lab)
    dossier = tmp_path / "dossier.json"
    lab.external_kms[1].stop()
    done = play(**options, external_kms_dossier_path=str(dossier))
    assert done.code == 0, done.screen
    name = lab.external_kms[1].name
    assert f"{name}: vCenter cannot reach it" in words_of(done)
    made = lab.external_kms.keys
    assert lab.generate_key(PROVIDER) in made()
    entry = providers.section(dossier, lab)["providers"][PROVIDER]
    assert (entry["role"], entry["default"]) == ("external_kms", True)
    assert "PRIVATE KEY" not in dossier.read_text()
    nothing_more(lab, play, **options, external_kms_dossier_path=str(dossier))


def test_server_is_removed_by_its_name(lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path) -> None:
    first, second = lab.external_kms
    options: dict[str, t.Any] = {**pair_options(lab), "external_kms_dossier_path": str(tmp_path / "dossier.json")}
    assert play(**options).code == 0
    identities.give_key(lab, PROVIDER)
    both = play(**options, external_kms_remove_servers=[second.name])
    assert both.code != 0 and f"external_kms_remove_servers: '{second.name}' is also in" in words_of(both)
    slow = {**server_of(first), "timeout": 20, "protocol": "KMIP1", "proxy_address": "", "nbio": None}
    options = {**options, "external_kms_servers": [slow], "external_kms_remove_servers": [second.name]}
    first.stop()
    down = play(**options, external_kms_preflight=False)
    assert down.code != 0 and set(lab.vcenter.crypto.providers[PROVIDER].servers) == {first.name, second.name}
    first.start()
    checked = checked_without_writes(lab, play, **options)
    assert mentioned(summary_of(checked)["to_do"], f"Servers removed from the key provider: {second.name}")
    done = play(**options)
    assert (done.code, done.changed) == (0, 3), done.screen  # the setting, the removal, and the dossier
    assert mentioned(summary_of(done)["changed"], "Servers removed")
    (server,) = state_of(lab, run_module)["servers"]
    assert (server["name"], server["timeout"], server["protocol"]) == (first.name, 20, "KMIP1")
    entry = providers.section(tmp_path / "dossier.json", lab)["providers"][PROVIDER]
    assert [server["name"] for server in entry["servers"]] == [first.name]
    assert entry["variables"]["external_kms_servers"][0]["timeout"] == 20
    nothing_more(lab, play, **options)


def test_only_server_is_replaced_in_one_run(lab: Lab, play: Play) -> None:
    """Check mode cannot ask the server that is to come, and foretells the removal all the same."""
    first, second = lab.external_kms
    options: dict[str, t.Any] = {**pair_options(lab), "external_kms_servers": [server_of(first)]}
    assert play(**options).code == 0
    identities.give_key(lab, PROVIDER)
    options = {**options, "external_kms_servers": [server_of(second)], "external_kms_remove_servers": [first.name]}
    checked = checked_without_writes(lab, play, **options)
    assert mentioned(summary_of(checked)["to_do"], f"Servers removed from the key provider: {first.name}")
    assert play(**options).code == 0
    assert list(lab.vcenter.crypto.providers[PROVIDER].servers) == [second.name]
    nothing_more(lab, play, **options)


def test_wrong_pin_or_no_answer_stops_before_any_change(lab: Lab, play: Play) -> None:
    servers = [{**server_of(kms), "thumbprint": "AB:" * 31 + "AB"} for kms in lab.external_kms]
    for look in (True, False):
        wrong = play(**pair_options(lab), external_kms_servers=servers, external_kms_preflight=look)
        assert wrong.code != 0 and "AB:AB:AB" in wrong.screen and "blocked_by" in wrong.screen
    lab.external_kms.stop()
    silent = play(**pair_options(lab), external_kms_preflight=False)
    assert silent.code != 0 and "No server of the KMS answers" in silent.screen
    assert lab.journal.writes() == []


def test_a_vcenter_elsewhere_and_a_kms_inside_it(lab: Lab, play: Play) -> None:
    lab.vcenter.inventory.vm("vm1").ip_addresses = [lab.external_kms[0].address[0]]
    done = play(**pair_options(lab), **elsewhere(lab), external_kms_default_provider=False)
    assert done.code == 0, done.screen
    assert "is the VM vm1 of this vCenter" in words_of(done)
    assert lab.journal.count("ovhcloud") == 0
