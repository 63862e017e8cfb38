# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One life for each subject, run with every value of what tests/lab/assumptions.yml assumes of the real services."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import ModuleResult
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules import fleet_helpers, native_helpers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    make_green,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.pbm_rules import storage_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

GREEN, OTHER, NATIVE = "team-kms", "other-kms", "nkp"


@contextlib.contextmanager
def lab_with(assumed: Assumed) -> t.Iterator[Lab]:
    """A lab that behaves as assumed; what has no setting is played by the test."""
    settings = LabSettings(vcenter=VCenterSettings())
    with Lab(assumed.put(settings) if assumed.setting else settings) as lab:
        yield open_up(lab)
        assert lab.ovhcloud.contract_errors == []


def ok(result: ModuleResult) -> ModuleResult:
    """The result of a run that did not fail."""
    assert not result.failed, result.output
    return result


def twice(run: t.Callable[..., ModuleResult], *names: str, **options: t.Any) -> ModuleResult:
    """Run, which changes something; run again, which changes nothing."""
    done = ok(run(*names, **options))
    assert done.changed
    again = ok(run(*names, **options))
    assert not again.changed, again.output
    return done


def provider_in(result: ModuleResult, name: str) -> dict[str, t.Any]:
    """The record of a key provider in a result of key_provider_info."""
    return next(one for one in result["key_providers"] if one["name"] == name)


@every_value
def test_life_of_a_standard_provider(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        certificate = make_green(lab, run, GREEN)
        same = {"provider": GREEN, "certificate": certificate, **FAST}
        assert not ok(run("key_provider_client_certificate", **same)).changed
        assert not ok(run("key_provider_csr", provider=GREEN)).changed
        lab.generate_key(GREEN)
        shown = provider_in(ok(run("key_provider_info", users=True)), GREEN)
        assert (shown["status"], shown["in_use_by"]) == ("green", []), shown
        twice(run, "standard_key_provider", name=GREEN, state="absent", **FAST)
        assert lab.vcenter.crypto.providers.get(GREEN) is None


@every_value
def test_provider_whose_second_server_is_down(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_standard(lab)
        lab.external_kms[1].stop()
        shown = provider_in(ok(runner_in(lab)("key_provider_info")), GREEN)
        assert [one["status"] for one in shown["connections"]] == ["green", "red"]
        assert shown["status"] == (assumed.value if assumed.id == "partial-status" else "yellow")
        assert shown["reasons"], shown


@every_value
def test_provider_that_is_in_use_is_removed_when_asked(assumed: Assumed) -> None:
    """The collection asks for the name; after that vCenter has the last word, and is quoted."""
    with lab_with(assumed) as lab:
        add_standard(lab)
        run = runner_in(lab)
        lab.vcenter.inventory.vm("vm1").crypto_key = KeyRef(GREEN, "1")
        gone = {"name": GREEN, "state": "absent", **FAST}
        assert run("standard_key_provider", **gone)["failure"]["kind"] == "refused_by_guard"
        removed = run("standard_key_provider", **gone, confirm_name=GREEN)
        assert removed.failed is not assumed.value, removed.output
        assert (GREEN in lab.vcenter.crypto.providers) is removed.failed
        assert not removed.failed or ("is in use" in removed.msg and "\n" not in removed.msg)


@every_value
def test_key_server_that_goes_down_before_a_key_is_made(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        make_green(lab, run, GREEN)
        lab.faults.add("meanwhile", operation="GenerateKey", call=lab.external_kms.stop)
        failed = fleet_helpers.runner(run, provider=GREEN)()
        assert failed.failed and "vCenter cannot reach the KMIP server" in failed.msg, failed.output
        assert all(fleet_helpers.is_clear(machine) for machine in lab.vcenter.inventory.vms)


@every_value
def test_reconfiguration_without_an_encryption_policy(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        lab.vcenter.crypto.add_native(NATIVE, has_backup=True)
        lab.vcenter.machine_faults.add("vm1", "error", text=assumed.value)
        failed = fleet_helpers.runner(runner_in(lab), provider=NATIVE, selection={"names": ["vm1"]})()
        assert failed.failed and "without an encryption storage policy" in failed.msg, failed.output


@every_value
def test_okms_in_read_only_mode(assumed: Assumed) -> None:
    """Encryption stops with the cause; a shallow move to a key that is there works, and keys are served."""
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        providers.okms(lab, GREEN)
        lab.vcenter.crypto.add_native(NATIVE, has_backup=True)
        machine = lab.vcenter.inventory.vm("vm1")
        ok(fleet_helpers.runner(run, provider=GREEN, selection={"names": ["vm1"]})())
        machine.crypto_key = KeyRef(NATIVE, "a key of before")  # a move that was interrupted
        lab.set_okms_read_only()
        stopped = fleet_helpers.runner(run, provider=GREEN, selection={"names": ["vm2"]})()
        assert stopped.failed and "Next step" in stopped.msg, stopped.output
        words = ("is read-only", "does not create new keys", "does not create keys", "refuses an operation")
        assert any(one in stopped.msg for one in words), stopped.msg
        assert "restore" not in stopped.msg and fleet_helpers.is_clear(lab.vcenter.inventory.vm("vm2"))
        ok(fleet_helpers.runner(run, provider=GREEN, selection={"names": ["vm1"]})())
        assert fleet_helpers.is_encrypted(machine, GREEN)
        lab.set_okms_read_only(False)
        ok(fleet_helpers.runner(run, provider=GREEN, selection={"names": ["vm2"]})())


@every_value
def test_shallow_rekey_of_vsan_without_its_privilege(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        add_native(lab, default=True)
        lab.vcenter.inventory.cluster("C0").vsan = True
        ok(run("vsan_encryption", cluster="C0", **FAST))
        without(lab, "Vsan.Cluster.ShallowRekey")
        missing = ok(run("vcenter_readiness_info"))["readiness"]["missing_privileges"]
        assert missing == ["Vsan.Cluster.ShallowRekey"]
        rekeyed = run("vsan_encryption", cluster="C0", rekey="shallow", **FAST)
        assert rekeyed.failed is bool(assumed.value), rekeyed.output
        assert not rekeyed.failed or rekeyed["failure"]["privilege"] == "Vsan.Cluster.ShallowRekey"
        ok(run("vsan_encryption", cluster="C0", rekey="deep", **FAST))


@every_value
def test_old_virtual_hardware(assumed: Assumed) -> None:
    """The plan stops it; should vCenter have to, its fault is one line, and the VM stays as it was."""
    with lab_with(assumed) as lab:
        lab.vcenter.crypto.add_native(NATIVE, has_backup=True)
        machine = lab.vcenter.inventory.vm("vm1")
        run = fleet_helpers.runner(runner_in(lab), selection={"names": ["vm1"]}, provider=NATIVE)

        def downgrade() -> None:
            machine.hardware = "vmx-11"

        lab.faults.add("meanwhile", operation="ReconfigVM_Task", call=downgrade)
        late = run()
        assert late.failed and "vmx-11" in late.msg and "\n" not in late.msg, late.output
        blocked = run()
        assert blocked.failed and "virtual hardware is older" in blocked.msg, blocked.output
        assert fleet_helpers.is_clear(machine)


@every_value
def test_address_that_is_no_name(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        server = {"name": "kms-a", "address": "kms..example.net", "port": 5696}
        options = {"name": GREEN, "servers": [server], "server_thumbprints": ["AB:" * 31 + "AB"]}
        failed = runner_in(lab)("standard_key_provider", wait_timeout=1, wait_interval=0.2, **options)
        assert failed.failed and "kms..example.net" in failed.msg and "\n" not in failed.msg, failed.output
        assert GREEN not in lab.vcenter.crypto.providers


@every_value
def test_provider_on_okms(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    with lab_with(assumed) as lab:
        okms_id = providers.okms(lab, GREEN)
        lab.generate_key(GREEN)
        certificate, key = lab.client_files(okms_id, tmp_path)
        host, port = lab.okms_kmip.host, lab.okms_kmip.address[1]
        client = {"client_certificate_path": certificate, "client_private_key_path": key, "ca": lab.okms_public_ca}
        test = ok(runner_in(lab)("kmip_server_test", host=host, port=port, **client))
        assert test["kmip_server_test"]["passed"], test.output


@every_value
def test_life_of_a_native_provider(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        provider, back_up = native_helpers.provider_runner(run), native_helpers.backup_runner(run, tmp_path)
        made = twice(provider)["key_provider"]
        assert (made["has_backup"], made["health"] != "OK") == (False, True)
        twice(back_up)
        twice(provider, default=True)
        ok(provider(key_id="4d3b1f70-8a53-4f0e-9f8d-0f6a0d6a7c11"))
        ok(back_up())
        shown = provider_in(ok(run("key_provider_info")), native_helpers.NAME)
        assert (shown["default"], shown["has_backup"]) == (True, True)
        twice(provider, default=False)
        twice(provider, state="absent")


@every_value
def test_restore_of_a_native_provider(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        provider, back_up = native_helpers.provider_runner(run), native_helpers.backup_runner(run, tmp_path)
        key_id = ok(provider(tpm_required=False))["key_provider"]["key_id"]
        ok(back_up())
        ok(provider(state="absent"))
        backup = {"path": str(tmp_path / "vnkp.p12"), "password": native_helpers.PASSWORD}
        restored = twice(provider, restore_from=backup, tpm_required=False)["key_provider"]
        assert (restored["key_id"], restored["tpm_required"]) == (key_id, False)


@every_value
def test_life_of_an_encrypted_vm(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_standard(lab)
        add_standard(lab, OTHER, default=False)
        add_native(lab, NATIVE)
        run = runner_in(lab)
        names = {"selection": {"names": ["vm2", "vm3"]}, **fleet_helpers.FAST}
        machines = [lab.vcenter.inventory.vm(name) for name in ("vm2", "vm3")]
        for name in (GREEN, OTHER, NATIVE):
            twice(run, "vm_encryption", **names, provider=name)
            assert all(fleet_helpers.is_encrypted(machine, name) for machine in machines)
            for mode in ("shallow", "deep"):
                before = [fleet_helpers.keys_of(machine) for machine in machines]
                ok(run("vm_rekey", **names, mode=mode))
                assert all(not set(old) & set(fleet_helpers.keys_of(machine)) for old, machine in zip(before, machines))
        twice(run, "vm_encryption", **names, state="decrypted")
        assert all(fleet_helpers.is_clear(machine) for machine in machines)


@every_value
def test_rules_of_a_policy_survive(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_native(lab, NATIVE, default=True)
        pbm_profiles.add_team_policies(lab.vcenter.policies)
        machine = lab.vcenter.inventory.vm("vm2")
        machine.policy = pbm_profiles.TWO_RULE_SETS
        machine.disks[0].policy, machine.disks[1].policy = pbm_profiles.VSAN_RAID_6, pbm_profiles.TAGGED
        replicated = lab.vcenter.inventory.vm("vm3")
        replicated.policy = pbm_profiles.REPLICATED
        before = [storage_of(lab.vcenter.policies, one) for one in (machine, replicated)]
        rules = [[part["rules"] for part in one.values()] for one in before]

        def are_kept() -> bool:
            now = [storage_of(lab.vcenter.policies, one) for one in (machine, replicated)]
            return [[part["rules"] for part in one.values()] for one in now] == rules

        run, one = runner_in(lab), {"selection": {"names": ["vm2"]}, **fleet_helpers.FAST}
        twice(run, "vm_encryption", **one)
        assert are_kept() and fleet_helpers.is_encrypted(machine, NATIVE)
        ok(run("vm_rekey", **one, mode="deep"))
        assert are_kept()
        both = {**one, "selection": {"names": ["vm3"]}}
        other = run("vm_encryption", **both)
        assert are_kept() and other.failed == lab.vcenter.settings.replication_needs_group, other.output
        back = run("vm_encryption", **one, state="decrypted")
        assert are_kept() and back.failed == (not lab.vcenter.settings.decrypt_takes_policy), back.output
        if back.failed:
            ok(run("vm_encryption", **one, state="decrypted", policy_conflict="replace"))
        assert fleet_helpers.is_clear(machine)


@every_value
def test_life_of_a_policy(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_standard(lab)
        run = runner_in(lab)
        twice(run, "encryption_storage_policy", name="ours", description="for the team")
        names = {"selection": {"names": ["vm2", "vm3"]}, **fleet_helpers.FAST}
        twice(run, "vm_encryption", **names, provider=GREEN, policy="ours")
        refused = run("encryption_storage_policy", name="ours", state="absent")
        assert refused["failure"]["kind"] in ("refused_by_guard", "conflict"), refused.output
        twice(run, "vm_encryption", **names, state="decrypted")
        twice(run, "encryption_storage_policy", name="ours", state="absent")


@every_value
def test_vms_selected_by_tags(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        inventory = lab.vcenter.inventory
        tagged = [inventory.add_vm(f"tagged{number}") for number in range(70)]
        lab.vcenter.tagging.attach("env", "prod", *tagged)
        found = ok(runner_in(lab)("vm_encryption_info", selection={"tags": ["env:prod"]}))["virtual_machines"]
        assert {one["name"] for one in found} == {one.name for one in tagged}
        shown = ok(runner_in(lab)("vm_encryption_info", tags=True))["virtual_machines"]
        assert {one["name"] for one in shown if one["tags"]} == {one["name"] for one in found}


@every_value
def test_vsan_encryption(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_standard(lab)
        cluster = lab.vcenter.inventory.cluster("C0")
        cluster.vsan, cluster.vsan_state.esa = True, assumed.id == "vsan-esa-can-change"
        run = runner_in(lab)
        options = {"cluster": "C0", **FAST}
        done = run("vsan_encryption", **options)
        if done.failed:
            words = "only be encrypted when the cluster is created" if cluster.vsan_state.esa else "not supported"
            assert words in done.msg and "\n" not in done.msg, done.output
            assert not cluster.vsan_encryption
        else:
            assert not ok(run("vsan_encryption", **options)).changed


ORDER: dict[str, t.Any] = {"display_name": "kms-prod", "region": "eu-west-rbx", "allow_order": True, **providers.FAST}


@every_value
def test_life_of_an_okms_domain(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        domain = twice(run, "okms", **ORDER)["okms"]
        assert len(lab.ovhcloud.state.orders) == 1
        twice(run, "okms", okms_id=domain["id"], display_name="kms-new", **providers.FAST)
        gone = {"okms_id": domain["id"], "confirm_name": "kms-new", "state": "absent", **providers.FAST}
        if run("okms", **gone, terminate_directly=True).failed:
            assert ok(run("okms", **gone))["termination"]["state"] == "confirmation_pending"
        else:
            assert lab.ovhcloud.state.okms[domain["id"]].state == "SUSPENDED"


@every_value
def test_life_of_a_service_key(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        domain = lab.ovhcloud.new_okms(lab.region, "kms-prod")
        key = {"okms_id": domain.okms_id, "name": "billing", "type": "oct", "size": 256}
        twice(run, "okms_service_key", **key, state="active")
        twice(run, "okms_service_key", **key, state="deactivated")
        twice(run, "okms_service_key", **key, state="absent", confirm_name="billing")
        twice(run, "okms_service_key", **key, state="active")
        token = dict.fromkeys(("application_key", "application_secret", "consumer_key"))
        token["access_token"] = lab.ovhcloud.keys.access_token
        twice(
            run, "okms_service_key", **{**key, "name": "leaving", "protection_level": "HSM"}, extractable=True, **token
        )


@every_value
def test_kms_entry_of_a_private_cloud(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        host: dict[str, t.Any] = {"host": "198.51.100.7", "wait_for": "delivered", **providers.FAST}
        entry = {"service_name": lab.private_cloud, **host}
        thumbprints = ["AB:" * 19 + "AB", "CD:" * 19 + "CD"]
        # open before vCenter is set up, delivered before or after: neither order has to wait for the other
        opened = twice(run, "private_cloud_kms", **{**entry, "wait_for": "firewall_open"}, thumbprint=thumbprints[0])
        assert lab.ovhcloud.flow_open(opened["kms_entries"][0]["ip"])
        lab.ovhcloud.vcenter_trusts = lambda _ip: True
        delivered = ok(run("private_cloud_kms", **entry, thumbprint=thumbprints.pop(0)))
        assert not delivered.changed and delivered["kms_entries"][0]["state"] == "delivered"
        for thumbprint in thumbprints:
            twice(run, "private_cloud_kms", **entry, thumbprint=thumbprint)
        twice(run, "private_cloud_kms", **entry, state="absent", confirm_host="198.51.100.7")
        assert not lab.ovhcloud.state.pccs[lab.private_cloud].kms


@every_value
def test_rights_of_a_credential(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        rights = ok(run("api_rights_info", service_name=lab.private_cloud, kmip=False))["rights"]
        assert (rights["usable"], rights["missing_actions"]) == (True, []), rights
        expired = lab.ovhcloud.add_consumer_key(lifetime=0.0)
        rights = ok(run("api_rights_info", consumer_key=expired))["rights"]
        assert not rights["usable"] and rights["problem"]
