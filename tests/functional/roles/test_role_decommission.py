# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook decommission: each kind of key provider is removed when nobody needs it, and not before."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints

NATIVE, OKMS, EXTERNAL = "nkp-prod", "okms-prod", "team-kms"
PACE = {"decommission_wait_interval": 0.01, "decommission_wait_timeout": 120}
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Runs the playbook."""

    def run(**options: t.Any) -> harness.PlayResult:
        check, verbosity = options.pop("check", False), options.pop("verbosity", 0)
        return harness.run_playbook(lab, "decommission", tmp_path, check, verbosity, **{**PACE, **options})

    return run


def _done(result: harness.PlayResult) -> bool:
    return (result.code, result.failed) == (0, 0)


@pytest.mark.oldest("role decommission", "check", "first", "second")
def test_a_native_provider_goes_and_its_backup_stays(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    backup = providers.native(lab, tmp_path)
    content = backup.read_bytes()
    given = {
        "decommission_provider": NATIVE,
        "decommission_backup_path": str(backup),
        "decommission_backup_password": providers.BACKUP_PASSWORD,
        "decommission_backup_allow_ephemeral": True,
    }
    mark = lab.journal.mark()
    checked = play(**given, check=True)
    assert _done(checked) and checked.changed == 1 and lab.journal.writes(mark) == [], checked.screen
    removed = play(**given, decommission_confirm=NATIVE, verbosity=4)
    assert _done(removed) and lab.snapshot()["providers"] == [], removed.screen
    assert len(lab.journal.writes(mark)) == 1 and backup.read_bytes() == content
    summary = summary_of(removed)
    assert mentioned(summary["changed"], "removed from vCenter") and summary["to_do"] == [], summary
    assert mentioned(summary["skipped"], "in its place (it is not a default)", "terminated (not asked for)"), summary
    again = play(**given, decommission_confirm=NATIVE)
    assert _done(again) and again.changed == 0 and len(lab.journal.writes(mark)) == 1, again.screen
    assert providers.BACKUP_PASSWORD not in checked.screen + removed.screen + again.screen
    assert not [secret for secret in lab.secrets() if secret in removed.screen]


def test_check_mode_needs_no_folder_for_the_backup(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    providers.native(lab, tmp_path)
    given = {
        "decommission_provider": NATIVE,
        "decommission_backup_path": str(tmp_path / "new/nkp.p12"),
        "decommission_backup_password": providers.BACKUP_PASSWORD,
        "decommission_backup_allow_ephemeral": True,
    }
    mark = lab.journal.mark()
    checked = play(**given, check=True)
    assert _done(checked) and lab.journal.writes(mark) == [] and not (tmp_path / "new").exists(), checked.screen
    assert mentioned(summary_of(checked)["to_do"], "Backup of the key provider in", "removed from vCenter")


def test_okms_provider_goes_with_credential_entry_and_domain(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    """The termination takes two runs and the token of the mail; each run goes on where the last one stopped."""
    okms_id = providers.okms(lab)
    dossier = providers.dossier(lab, tmp_path, OKMS, okms_id)
    policies = [f"okms-{lab.private_cloud}-{provider}-kmip" for provider in (OKMS, "okms-other")]
    wish: dict[str, t.Any] = {"identities": ["user:vcenter-kmip"], "resources": [f"okms:{okms_id}"]}
    for name in policies:
        providers.run(lab, "iam_policy", name=name, **wish, allow=["okms:kmip:get"])
    given = {
        "decommission_provider": OKMS,
        "decommission_confirm": OKMS,
        "decommission_dossier_path": str(dossier),
        "decommission_revoke_credential": True,
        "decommission_remove_policy": True,
        "decommission_remove_kms_entries": True,
        "decommission_terminate_okms": True,
        "decommission_confirm_okms": "kms-prod",
    }
    mark = lab.journal.mark()
    checked = play(**given, check=True)
    assert _done(checked) and checked.changed == 5 and lab.journal.writes(mark) == [], checked.screen
    first = play(**given)
    assert _done(first) and "decommission_termination_token" in first.screen, first.screen
    state = lab.snapshot()
    assert (state["providers"], state["kms_entries"], state["credentials"]) == ([], [], [])
    assert [policy["name"] for policy in lab.ovhcloud.state.policies.values()] == policies[1:]
    assert lab.ovhcloud.state.okms[okms_id].state == "OK"
    assert providers.retired(dossier, lab) == []
    mark = lab.journal.mark()
    waiting = play(**given)
    assert _done(waiting) and waiting.changed == 0 and lab.journal.writes(mark) == [], waiting.screen
    assert mentioned(summary_of(waiting)["to_do"], "rerun with decommission_termination_token", "is retired")
    mail = lab.ovhcloud.state.mails[max(lab.ovhcloud.state.mails)]
    token = re.findall(r"token=(\w+)", mail.body)[0]
    confirmed = play(**given, decommission_termination_token=token, verbosity=4)
    assert _done(confirmed) and len(lab.journal.writes(mark)) == 1, confirmed.screen
    assert lab.ovhcloud.state.okms[okms_id].state != "OK"
    assert providers.retired(dossier, lab) == [OKMS]
    assert mentioned(summary_of(confirmed)["changed"], "terminated", f"says that {OKMS} is retired")
    assert not [secret for secret in (token, *lab.secrets()) if secret in confirmed.screen]
    again = play(**given, decommission_termination_token=token)
    assert _done(again) and again.changed == 0 and len(lab.journal.writes(mark)) == 1, again.screen


def test_the_policy_stays_while_another_certificate_works(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    okms_id = providers.okms(lab)
    name = f"okms-{lab.private_cloud}-{OKMS}-kmip"
    wish: dict[str, t.Any] = {"identities": ["user:vcenter-kmip"], "resources": [f"okms:{okms_id}"]}
    providers.run(lab, "iam_policy", name=name, **wish, allow=["okms:kmip:get"])
    other = {
        "okms_id": okms_id,
        "name": "backup-tool",
        "private_key_path": str(tmp_path / "backup.key"),
        **providers.FAST,
    }
    providers.run(lab, "okms_credential", **other)
    given = {
        "decommission_provider": OKMS,
        "decommission_confirm": OKMS,
        "decommission_dossier_path": str(providers.dossier(lab, tmp_path, OKMS, okms_id)),
        "decommission_revoke_credential": True,
        "decommission_remove_policy": True,
    }
    done = play(**given)
    assert _done(done) and "in use by access certificate backup-tool" in " ".join(done.screen.split()), done.screen
    assert [policy["name"] for policy in lab.ovhcloud.state.policies.values()] == [name]


def test_direct_termination_ends_in_one_guarded_run(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    lab.ovhcloud.settings.direct_termination = True
    okms_id = providers.okms(lab)
    given = {
        "decommission_provider": OKMS,
        "decommission_confirm": OKMS,
        "decommission_dossier_path": str(providers.dossier(lab, tmp_path, OKMS, okms_id)),
        "decommission_revoke_credential": True,
        "decommission_terminate_okms": True,
        "decommission_terminate_directly": True,
        "decommission_confirm_okms": "kms-prod",
    }
    machine = lab.vcenter.inventory.vm("vm1")
    lab.vcenter.inventory.encrypt(machine, OKMS, "key-1")
    mark = lab.journal.mark()
    refused = play(**given)
    assert refused.code != 0 and lab.journal.writes(mark) == [], refused.screen
    lab.vcenter.inventory.decrypt(machine)
    done = play(**given)
    assert _done(done) and lab.ovhcloud.state.okms[okms_id].state != "OK", done.screen
    assert (lab.ovhcloud.state.mails, lab.snapshot()["providers"]) == ({}, [])
    mark = lab.journal.mark()
    again = play(**given)
    assert _done(again) and again.changed == 0 and lab.journal.writes(mark) == [], again.screen


def test_external_provider_goes_and_shared_kms_entry_stays(lab: Lab, play: Play) -> None:
    """Two providers on one KMS server; the default passes to the other one."""
    other, kms = providers.external(lab, "other-kms").id, lab.external_kms[0]
    lab.vcenter.crypto.default = providers.external(lab).id
    pin = thumbprints(kms.server_certificate_pem)["sha1"]
    flow = {"service_name": lab.private_cloud, "host": kms.address[0], "thumbprint": pin}
    providers.run(lab, "private_cloud_kms", **flow, **providers.FAST)
    given = {
        "decommission_provider": EXTERNAL,
        "decommission_confirm": EXTERNAL,
        "decommission_remove_kms_entries": True,
        "decommission_private_cloud": lab.private_cloud,
        "decommission_kms_hosts": [lab.external_kms[0].address[0]],
        "decommission_clear_defaults": True,
    }
    removed = play(**given, decommission_new_default=other)
    assert _done(removed), removed.screen
    assert [(one["id"], one["default"]) for one in lab.snapshot()["providers"]] == [(other, True)]
    assert len(lab.snapshot()["kms_entries"]) == 1 and "another key provider needs them" in removed.screen
    again = play(**given, decommission_new_default=other)
    assert _done(again) and again.changed == 0, again.screen
