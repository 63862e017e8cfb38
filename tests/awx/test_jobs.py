# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every template and workflow, run by ansible-runner against the lab, as an operator answers the surveys."""

from __future__ import annotations

import json
import pathlib
import typing as t
import uuid

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import definitions
from ansible_collections.ovhcloud.vmware_encryption.tests.awx.job import Awx, Job, LaunchRefusedError
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, examples

PASSWORD = "planted backup password"


def answers(lab: Lab, **more: t.Any) -> dict[str, t.Any]:
    """What each survey about a private cloud wants."""
    return {"private_cloud": lab.private_cloud, "vsphere_user": lab.vsphere_user_name, **more}


@pytest.fixture
def awx(lab: Lab, tmp_path: pathlib.Path) -> Awx:
    """With all credentials filled in, and everything that must outlast a job on one volume."""
    certificate, key = lab.external_ca_files(lab.directory)
    inputs = {
        "VMware vCenter": {
            "host": lab.vcenter_hostname,
            "username": lab.vcenter_username,
            "password": lab.vcenter_password,
        },
        "VMware encryption | Trust in vCenter": {
            "ca": pathlib.Path(lab.ca_path).read_text(),
            "port": str(lab.vcenter_port),
        },
        "VMware encryption | OVHcloud API": {
            "endpoint": lab.ovh_endpoint,
            "application_key": lab.application_key,
            "application_secret": lab.application_secret,
            "consumer_key": lab.consumer_key,
        },
        "VMware encryption | Backup password of key providers": {"password": PASSWORD},
        "VMware encryption | HashiCorp Vault": {
            "token": lab.vault.token,
            "ca": pathlib.Path(lab.ca_path).read_text(),
        },
        "VMware encryption | Client of a KMS": {
            "server_ca": lab.external_authority.certificate_pem,
            "ca_certificate": pathlib.Path(certificate).read_text(),
            "ca_private_key": pathlib.Path(key).read_text(),
        },
    }
    variables = {
        "awx_private_cloud": lab.private_cloud,
        "awx_vsphere_user": lab.vsphere_user_name,
        "awx_region": lab.region,
        "awx_volume": str(tmp_path / "volume"),
        "awx_image": "registry.example.com/ee:1",
    }
    (tmp_path / "volume").mkdir()
    return Awx(lab, tmp_path, definitions.read(**variables), inputs)


def good(job: Job) -> Job:
    """A job that ended well; its screen tells why it did not."""
    assert job.status == "successful", job.screen[-6000:]
    return job


def secrets_in(lab: Lab, jobs: t.Iterable[Job]) -> list[str]:
    """Planted secrets that AWX would show to everybody who may look at a job."""
    shown = "\n".join(job.screen + json.dumps(job.events) for job in jobs)
    return [secret for secret in [*lab.secrets(), PASSWORD] if secret in shown]


@pytest.mark.parametrize("blank", ["", None], ids=["blank", "null"])
def test_preflight_with_blank_answers_only_reads(lab: Lab, awx: Awx, blank: str | None) -> None:
    mark = lab.journal.mark()
    optional = dict.fromkeys(("vsphere_user", "okms_domain_region", "identities", "kms_servers"), blank)
    job = awx.launch("preflight", {**optional, "preflight_option": "okms", "private_cloud": lab.private_cloud})
    # nobody named a region or a user
    assert job.status == "failed" and "Region: none is not a region of OKMS" in job.screen, job.screen[-6000:]
    assert "blocking  vSphere privileges" in job.screen and "Ended with an exception" not in job.screen
    assert lab.journal.writes(mark) == [] and secrets_in(lab, [job]) == []
    # a failed job leaves them too
    facts = job.artifacts["encryption_facts_preflight"]
    assert facts["outcome"] == "failed" and facts["findings"]["blocking"] == len(facts["blocked"]) > 0


@pytest.mark.parametrize(
    ("template", "given", "said"),
    [
        ("OVHcloud KMS", {}, "private_cloud is missing"),
        ("OVHcloud KMS with order", {"max_price": ""}, "max_price is '', expected float"),
        ("new keys", {"key_rotation_backup_confirmed": True}, "none of the choices"),
        ("recovery drill", {"recovery_drill": False}, "recovery_drill has no question"),
    ],
)
def test_launch_that_awx_refuses_starts_no_job(awx: Awx, template: str, given: dict[str, t.Any], said: str) -> None:
    with pytest.raises(LaunchRefusedError, match=said):
        awx.launch(template, given)
    assert not list(awx.folder.glob("job-*"))


FLEET = {"machine_patterns": "vm1\napp-01", "power_off": "shutdown"}


@pytest.mark.whole
def test_workflow_orders_nothing_before_its_approval(lab: Lab, awx: Awx) -> None:
    mark = lab.journal.mark()
    given = answers(lab, okms_domain_region=lab.region, identities=None, max_price=1000.0, **FLEET)
    jobs = awx.work("from nothing with OVHcloud KMS", given, approve=False)
    assert list(jobs) == ["preflight", "plan"] and [good(job) for job in jobs.values()]
    assert lab.journal.writes(mark) == [] and jobs["plan"].changed > 0


@pytest.mark.whole
def test_workflow_with_okms_and_its_daily_run(lab: Lab, awx: Awx) -> None:
    stream = lab.ovhcloud.add_stream()
    asked = {"identities": "", "max_price": 1000.0, "log_stream_id": stream}
    jobs = awx.work("from nothing with OVHcloud KMS", answers(lab, okms_domain_region=lab.region, **asked, **FLEET))
    assert list(jobs) == ["preflight", "plan", "option", "encrypt", "audit"]
    assert [good(job) for name, job in jobs.items() if name != "audit"]
    assert (awx.folder / "volume/audit/encryption-audit.json").exists()
    (domain,) = lab.ovhcloud.state.okms.values()
    assert lab.vcenter.crypto.default == "okms"
    assert {one.stream_id for one in domain.log_subscriptions.values()} == {stream}
    planned, done = (jobs[node].artifacts["encryption_facts_okms"] for node in ("plan", "option"))
    assert (planned["outcome"], planned["provider"]["status"]) == ("planned", "")
    assert (done["outcome"], done["provider"]["status"], done["order"]["status"]) == ("changed", "green", "delivered")
    assert jobs["encrypt"].artifacts["encryption_facts_vm_encryption"]["counts"]["done"] == 1
    # the domain that node `option` set up is handed to the audit, without a question
    report = json.loads((awx.folder / "volume/audit/encryption-audit.json").read_text())
    assert report["okms"]["okms_id"] == done["okms"]["id"] == next(iter(lab.ovhcloud.state.okms))
    assert jobs["audit"].artifacts["encryption_facts_encryption_audit"]["findings"] == report["totals"]["findings"]

    mark = lab.journal.mark()
    daily = good(awx.start("OVHcloud KMS daily"))
    # the dossier learns the keys of the VMs
    assert lab.journal.writes(mark) == [] and daily.changed <= 1, daily.screen[-3000:]
    renewal = good(awx.start("certificate renewal daily"))
    assert lab.journal.writes(mark) == [] and "okms (okms, by its dossier)" in renewal.screen, renewal.screen[-3000:]
    assert secrets_in(lab, [*jobs.values(), daily, renewal]) == []


@pytest.mark.whole
def test_workflow_with_a_kms_of_your_own(lab: Lab, awx: Awx) -> None:
    servers = [
        {"name": f"kms{number}", "address": server.address[0], "port": server.address[1]}
        for number, server in enumerate(lab.external_kms, 1)
    ]
    given = answers(lab, kms_servers=json.dumps(servers), kms_identity="ca", **FLEET)
    jobs = awx.work("from nothing with a KMS of your own", given)
    assert list(jobs) == ["preflight", "plan", "option", "encrypt", "audit"]
    assert [good(job) for name, job in jobs.items() if name != "audit"]
    assert lab.vcenter.crypto.default == "external-kms" and secrets_in(lab, jobs.values()) == []


@pytest.mark.whole
def test_workflow_with_a_native_key_provider_and_its_recovery(lab: Lab, awx: Awx) -> None:
    given = answers(lab, native_name="nkp", tpm_required="false", **FLEET)
    jobs = awx.work("from nothing with a native key provider", given)
    assert list(jobs) == ["preflight", "plan", "option", "encrypt", "audit"]
    assert [good(job) for name, job in jobs.items() if name != "audit"]
    assert lab.vcenter.crypto.default == "nkp" and (awx.folder / "volume/backup/nkp.p12").exists()

    mark = lab.journal.mark()
    drill = good(awx.start("recovery drill each quarter"))
    assert lab.journal.writes(mark) == []
    lab.vcenter.lose_providers()
    plan = good(awx.launch("recovery", {"recovery_providers": None}, job_type="check"))
    assert lab.journal.writes(mark) == [] and plan.changed > 0
    back = good(awx.launch("recovery", {"recovery_providers": ""}))
    assert set(lab.vcenter.crypto.providers) == {"nkp"}
    former, lab.vcenter.settings.instance_uuid = lab.vcenter.settings.instance_uuid, str(uuid.uuid4())
    lab.vcenter.lose_providers()
    newly = good(awx.launch("recovery", {"recovery_providers": "", "recovery_vcenter": former}))
    assert set(lab.vcenter.crypto.providers) == {"nkp"}
    # the token and the CA of Vault come from a credential
    places = json.dumps([{"vault": lab.vault.url, "path": "vmware/nkp"}])
    asked = {name: given[name] for name in ("private_cloud", "vsphere_user", "native_name", "tpm_required")}
    kept = good(awx.launch("native key provider", {**asked, "native_key_provider_backup_places": places}))
    assert list(lab.vault.store.secrets) == ["vmware/nkp"]
    assert secrets_in(lab, [*jobs.values(), drill, plan, back, newly, kept]) == []


def encrypted(lab: Lab) -> None:
    """Two VMs with keys of okms-prod, while nkp is there too."""
    add_standard(open_up(lab), "okms-prod")
    add_native(lab, "nkp")
    examples.furnish(lab)
    machines = {"selection": {"names": ["app-01", "vm1"]}, "provider": "okms-prod"}
    result = runner_in(lab)("vm_encryption", **machines, **FAST)
    assert not result.failed, result.msg


@pytest.mark.whole
def test_new_keys_wait_for_their_approval(lab: Lab, awx: Awx) -> None:
    encrypted(lab)
    turn = {
        "private_cloud": lab.private_cloud,
        "key_rotation_campaign": "2026-q4",
        "key_rotation_mode": "shallow",
        "key_rotation_backup_confirmed": "true",
        **FLEET,
    }
    mark = lab.journal.mark()
    jobs = awx.work("new keys after approval", turn, approve=False)
    assert list(jobs) == ["plan"] and good(jobs["plan"]).changed and lab.journal.writes(mark) == []
    jobs = awx.work("new keys after approval", turn)
    assert list(jobs) == ["plan", "rotate", "audit"] and good(jobs["rotate"]).changed > 0
    again = good(awx.launch("new keys", {key: value for key, value in turn.items() if key != "private_cloud"}))
    assert again.changed == 0 and secrets_in(lab, [*jobs.values(), again]) == []


def kept(lab: Lab, awx: Awx) -> dict[str, t.Any]:
    """The backup of nkp on the volume of the jobs."""
    backup = {"path": str(awx.folder / "volume/backup/nkp.p12"), "backup_password": PASSWORD, "allow_ephemeral": True}
    (awx.folder / "volume/backup").mkdir()
    done = runner_in(lab)("native_key_provider_backup", name="nkp", **backup, **FAST)
    assert not done.failed, done.msg
    return {"encryption_exit_provider": "nkp", "encryption_exit_option": "native_key_provider"}


def named(_lab: Lab, _awx: Awx) -> dict[str, t.Any]:
    """A KMS of one's own, which knows its client by the name."""
    return {
        "encryption_exit_provider": "okms-prod",
        "encryption_exit_option": "external_kms",
        "kms_common_name": "vcenter",
    }


@pytest.mark.whole
@pytest.mark.parametrize("moved", [kept, named])
def test_vms_of_another_private_cloud_move_here(
    lab: Lab, awx: Awx, moved: t.Callable[[Lab, Awx], dict[str, t.Any]]
) -> None:
    encrypted(lab)
    machine = {"selection": {"names": ["vm2"]}, "provider": "nkp"}
    assert not runner_in(lab)("vm_encryption", **machine, **FAST).failed
    target, trust = lab.second_cloud(), "VMware encryption | Trust in vCenter"
    source = dict(awx.inputs["VMware vCenter"], **awx.inputs[trust])
    there = target.connection()
    own = {"host": there["hostname"], "username": there["username"], "password": there["password"]}
    awx.inputs = {
        **awx.inputs,
        "VMware vCenter": own,
        trust: {"ca": source["ca"], "port": str(there["port"])},
        "VMware encryption | Source of a move": source,
    }
    given = {"identities": "", "kms_identity": "ca", "encryption_exit_okms_id": "", **moved(lab, awx)}
    given = {**answers(lab), **given, "private_cloud": target.private_cloud}
    prepared = good(awx.launch("prepare a move", given))
    assert list(target.vcenter.crypto.providers) == [given["encryption_exit_provider"]]
    waiting = awx.launch("check a move")
    assert waiting.status == "failed" and "have not arrived as they left" in waiting.screen, waiting.screen[-3000:]
    for one in lab.vcenter.inventory.vms:
        if {key.provider for key in one.crypto_keys()} == {given["encryption_exit_provider"]}:
            target.take_over(one)
    mark = lab.journal.mark()
    arrived = good(awx.launch("check a move"))
    assert lab.journal.writes(mark) == [] and secrets_in(lab, [prepared, waiting, arrived]) == []


@pytest.mark.whole
def test_vms_move_and_the_old_provider_leaves(lab: Lab, awx: Awx) -> None:
    encrypted(lab)
    move = {"key_provider_migration_source": "okms-prod", "key_provider_migration_target": "nkp", "power_off": "never"}
    mark = lab.journal.mark()
    plan = good(awx.launch("other key provider", move, job_type="check"))
    assert lab.journal.writes(mark) == [] and plan.changed > 0
    done = good(awx.launch("other key provider", move))
    leave = {
        "private_cloud": lab.private_cloud,
        "key_provider": "okms-prod",
        "decommission_confirm": "okms-prod",
        "decommission_new_default": None,
        "decommission_remove_kms_entries": "false",
    }
    jobs = awx.work("leaving a key provider", leave)
    assert list(jobs) == ["plan", "decommission", "audit"] and good(jobs["decommission"]).changed > 0
    assert set(lab.vcenter.crypto.providers) == {"nkp"}
    assert secrets_in(lab, [plan, done, *jobs.values()]) == []
