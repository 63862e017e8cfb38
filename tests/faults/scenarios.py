# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role starts from and what it is told; all wait in small steps."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import (
    Inventory,
    VCenterSettings,
    pbm_profiles,
)

from . import drift, leaving, modules, natives, others, renewals

STANDARD, NATIVE, OKMS = "team-kms", "nkp-prod", "okms-prod"
PARIS = "eu-west-par"
DAY = 86400.0
KMIP_USER = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"
Variables = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A role, the state of the lab before it, and its variables. `prepare` makes that state and returns those."""

    name: str
    role: str
    prepare: t.Callable[[Lab, pathlib.Path], Variables]
    settings: t.Callable[[], LabSettings] = LabSettings
    earlier: str = ""  # a scenario whose role has run before `prepare` is called
    needs_ssh: bool = False  # a host that is reached by ssh
    promise: t.Callable[[Lab, pathlib.Path], list[str]] = lambda _lab, _folder: []  # what is broken of its own promises

    def start(self, lab: Lab, folder: pathlib.Path) -> Variables:
        """The variables with the pace of the lab, after making the state before."""
        pace: Variables = {f"{self.role}_wait_interval": 0.01, f"{self.role}_wait_timeout": 20}
        return {**self.prepare(lab, folder), **pace}


def okms(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 2 with its IAM steps, from an empty account, in a region of three addresses."""
    return {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": PARIS,
        "okms_allow_order": True,
        "okms_iam": True,
        "okms_iam_users": ["user:alice"],
        "okms_identity_urns": [KMIP_USER],
        "okms_dossier_path": str(folder / "dossier.json"),
    }


def okms_renewal(lab: Lab, folder: pathlib.Path) -> Variables:
    """The same a year later: vCenter's certificate is near its end, and a new request replaces the key in waiting."""
    lab.clock.advance(340 * DAY)
    return okms(lab, folder)


def okms_server_renewal(lab: Lab, folder: pathlib.Path) -> Variables:
    """OKMS has renewed its server certificate: vCenter trusts the CA and stays green, the KMS entry is out of date."""
    lab.okms_kmip.replace_server_certificate()
    return okms(lab, folder)


def okms_leaf_renewal(lab: Lab, folder: pathlib.Path) -> Variables:
    """The same, and vCenter trusts the old certificate alone, as the manual way of the guide leaves it: it is red."""
    lab.vcenter.crypto.providers["okms"].trusted = [lab.okms_rsa.certificate_pem]
    return okms_server_renewal(lab, folder)


def kmip_by_policy() -> LabSettings:
    """OKMS serves a certificate only when an IAM policy allows its identity to."""
    return LabSettings(kmip_needs_policy=True)


def external_kms(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 1, with vCenter's request signed by a CA at hand."""
    certificate, key = lab.external_ca_files(folder)
    return {
        "external_kms_private_cloud": lab.private_cloud,
        "external_kms_vsphere_user": lab.vsphere_user_name,
        "external_kms_provider": "team-kms",
        "external_kms_servers": [
            {"name": server.name, "address": server.address[0], "port": server.address[1]}
            for server in lab.external_kms
        ],
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_identity": "ca",
        "external_kms_ca_certificate_path": certificate,
        "external_kms_ca_private_key_path": key,
        "external_kms_certificate_path": str(folder / "team-kms.pem"),
        "external_kms_dossier_path": str(folder / "dossier.json"),
    }


def small_fleet() -> LabSettings:
    """Four VMs with all kinds of controllers on two hosts; tasks take a few looks."""
    vcenter = VCenterSettings(reconfigure_polls=2, shutdown_looks=2)
    return LabSettings(vcenter=vcenter, inventory=Inventory(hosts=2, vms=4))


def _providers(lab: Lab) -> None:
    """A standard provider on the team's KMS as default, a native one beside it, the right to use them."""
    lab.give_encryption_right()
    lab.vcenter.flow_open = lambda _host, _port: True
    add_standard(lab, STANDARD)
    add_native(lab, NATIVE)


def preflight(lab: Lab, folder: pathlib.Path) -> Variables:
    """The look at everything that option 2 needs."""
    return {
        "preflight_option": "okms",
        "preflight_profile": "order",
        "preflight_private_cloud": lab.private_cloud,
        "preflight_vsphere_user": lab.vsphere_user_name,
        "preflight_grant_encryption_right": True,
        "preflight_okms_region": lab.region,
        "preflight_allow_order": True,
    }


def _policies(lab: Lab) -> None:
    """Two VMs have storage policies with rules: one for all of it, and others for the disks of the second."""
    pbm_profiles.add_team_policies(lab.vcenter.policies)
    first, second = lab.vcenter.inventory.vms[:2]
    first.policy = second.policy = pbm_profiles.VSAN_RAID_6
    for disk in first.disks:
        disk.policy = pbm_profiles.VSAN_RAID_6
    for disk in second.disks:
        disk.policy = pbm_profiles.TAGGED


def vm_encryption(lab: Lab, folder: pathlib.Path) -> Variables:
    """VMs unencrypted, one of them running, two with policies that have rules."""
    _providers(lab)
    _policies(lab)
    lab.vcenter.inventory.vm("vm2").power_state = "poweredOn"
    lab.vcenter.inventory.vm("vm2").tools = True
    return {
        "vm_encryption_selection": {"all": True},
        "vm_encryption_power_off": "shutdown",
        "vm_encryption_wave_size": 2,
        "vm_encryption_state_path": str(folder / "state.json"),
    }


def vm_decryption(lab: Lab, folder: pathlib.Path) -> Variables:
    """Back to clear, and to the policies of before."""
    _encrypted(lab)
    return {
        "vm_encryption_selection": {"all": True},
        "vm_encryption_state": "decrypted",
        "vm_encryption_power_off": "force",
        "vm_encryption_wave_size": 4,
        "vm_encryption_state_path": str(folder / "state.json"),
    }


def _encrypted(lab: Lab) -> None:
    """The same VMs encrypted with real keys, half of them running."""
    _providers(lab)
    _policies(lab)
    done = runner_in(lab)("vm_encryption", selection={"all": True}, wait_interval=0.01)
    if done.failed:
        raise RuntimeError(done.msg)
    for machine in lab.vcenter.inventory.vms[:2]:
        machine.power_state = "poweredOn"


def key_rotation(lab: Lab, folder: pathlib.Path) -> Variables:
    """New keys of the same provider."""
    _encrypted(lab)
    return {
        "key_rotation_selection": {"all": True},
        "key_rotation_campaign": "faults",
        "key_rotation_state_path": str(folder / "state.json"),
        "key_rotation_wave_size": 2,
    }


def key_provider_migration(lab: Lab, folder: pathlib.Path) -> Variables:
    """From the standard to the native provider."""
    _encrypted(lab)
    return {
        "key_provider_migration_source": STANDARD,
        "key_provider_migration_target": NATIVE,
        "key_provider_migration_wave_size": 2,
    }


def recovery(lab: Lab, folder: pathlib.Path) -> Variables:
    """vCenter has lost the provider that the scenario before has made."""
    lab.vcenter.lose_providers()
    return {
        "recovery_file": str(folder / "dossier.json"),
        "recovery_backup_password": providers.BACKUP_PASSWORD,
        "native_key_provider_backup_allow_ephemeral": True,  # the tests themselves may run in a container
    }


def decommission_native(lab: Lab, folder: pathlib.Path) -> Variables:
    """A native provider that was the default goes, another, which is in use, takes over; a backup is made first."""
    _providers(lab)
    lab.vcenter.crypto.default = NATIVE
    inventory = lab.vcenter.inventory
    inventory.encrypt(inventory.vm("vm1"), STANDARD, "key-1")
    inventory.give_host_key(inventory.host("esx2"), STANDARD, "key-2")
    inventory.cluster("C0").vsan_encryption = STANDARD
    return {
        "decommission_provider": NATIVE,
        "decommission_confirm": NATIVE,
        "decommission_clear_defaults": True,
        "decommission_new_default": STANDARD,
        "decommission_backup_path": str(folder / "nkp.p12"),
        "decommission_backup_password": providers.BACKUP_PASSWORD,
        "decommission_backup_allow_ephemeral": True,
    }


def decommission_external(lab: Lab, folder: pathlib.Path) -> Variables:
    """The provider on the team's KMS, and its flow, go; a native one takes over."""
    add_native(lab, NATIVE)
    return {
        "decommission_provider": STANDARD,
        "decommission_confirm": STANDARD,
        "decommission_clear_defaults": True,
        "decommission_new_default": NATIVE,
        "decommission_remove_kms_entries": True,
        "decommission_dossier_path": str(folder / "dossier.json"),
    }


def _okms_goes(folder: pathlib.Path) -> Variables:
    return {
        "decommission_provider": OKMS,
        "decommission_confirm": OKMS,
        "decommission_dossier_path": str(folder / "dossier.json"),
        "decommission_revoke_credential": True,
        "decommission_remove_kms_entries": True,
        "decommission_terminate_okms": True,
        "decommission_confirm_okms": "kms-prod",
    }


def decommission_okms(lab: Lab, folder: pathlib.Path) -> Variables:
    """A provider on OKMS goes, with its access certificate, its flow, and the first step of the end of its domain."""
    providers.dossier(lab, folder, OKMS, providers.okms(lab, OKMS, region=PARIS), PARIS)
    return _okms_goes(folder)


def decommission_okms_end(lab: Lab, folder: pathlib.Path) -> Variables:
    """The second step, with the token of the mail."""
    mails = lab.ovhcloud.state.mails
    token = re.findall(r"token=(\w+)", mails[max(mails)].body)[0]
    return {**_okms_goes(folder), "decommission_termination_token": token}


def two_vcenters(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 3; the dossier has a provider of the same name in another vCenter of the same address."""
    others.keep_dossier(lab, folder, NATIVE)
    return natives.alone(lab, folder)


def two_runs(lab: Lab, folder: pathlib.Path) -> Variables:
    """VMs are encrypted while another run, which shares the state file, has switched one of them off."""
    variables = vm_encryption(lab, folder)
    reference = lab.vcenter.inventory.vm("vm4").reference
    others.keep_state(lab, folder, str(reference).strip("'").partition(":")[2])
    return variables


def exit_decrypt(lab: Lab, folder: pathlib.Path) -> Variables:
    """Everything off encryption, and the key provider goes."""
    _encrypted(lab)
    return leaving.decrypt(lab, folder, STANDARD)


ALL = {
    one.name: one
    for one in (
        Scenario("okms", "okms", okms, kmip_by_policy),
        Scenario("okms_renewal", "okms", okms_renewal, kmip_by_policy, earlier="okms"),
        Scenario("okms_server_renewal", "okms", okms_server_renewal, kmip_by_policy, earlier="okms"),
        Scenario("okms_leaf_renewal", "okms", okms_leaf_renewal, kmip_by_policy, earlier="okms"),
        Scenario(
            "renewal_okms", "certificate_renewal", renewals.okms, kmip_by_policy, "okms", promise=renewals.promise
        ),
        Scenario(
            "renewal_own_kms", "certificate_renewal", renewals.own_kms, earlier="external_kms", promise=renewals.promise
        ),
        Scenario("external_kms", "external_kms", external_kms),
        Scenario("native_key_provider", "native_key_provider", natives.alone),
        Scenario(
            "native_copies",
            "native_key_provider",
            natives.copies,
            needs_ssh=True,
            promise=natives.copied_before_default,
        ),
        Scenario(
            "native_copies_lost",
            "native_key_provider",
            natives.copies_lost,
            earlier="native_copies",
            needs_ssh=True,
            promise=natives.copied_before_default,
        ),
        Scenario("native_places", "native_key_provider", natives.places, promise=natives.placed_before_default),
        Scenario(
            "native_places_lost",
            "native_key_provider",
            natives.places_lost,
            earlier="native_places",
            promise=natives.placed_before_default,
        ),
        Scenario("drift_repair", "drift_check", drift.repair, earlier="external_kms", promise=drift.verified_only),
        Scenario("preflight", "preflight", preflight),
        Scenario("vm_encryption", "vm_encryption", vm_encryption, small_fleet),
        Scenario("two_vcenters", "native_key_provider", two_vcenters, promise=others.in_dossier),
        Scenario("two_vcenters_lost", "recovery", recovery, earlier="two_vcenters", promise=others.in_dossier),
        Scenario("two_runs", "vm_encryption", two_runs, small_fleet, promise=others.in_state),
        Scenario("vm_decryption", "vm_encryption", vm_decryption, small_fleet),
        Scenario("exit_decrypt", "encryption_exit", exit_decrypt, small_fleet, promise=leaving.no_false_proof),
        Scenario("exit_target", "encryption_exit", leaving.target_external, small_fleet, promise=leaving.same_keys),
        Scenario(
            "exit_target_native", "encryption_exit", leaving.target_native, small_fleet, promise=leaving.same_keys
        ),
        Scenario("key_rotation", "key_rotation", key_rotation, small_fleet),
        Scenario("key_provider_migration", "key_provider_migration", key_provider_migration, small_fleet),
        Scenario("recovery_native", "recovery", recovery, earlier="native_key_provider"),
        Scenario("recovery_okms", "recovery", recovery, earlier="okms"),
        Scenario("vtpm_added", modules.VTPM, modules.vtpm_added, small_fleet),
        Scenario("vtpm_removed", modules.VTPM, modules.vtpm_removed, small_fleet),
        Scenario("logs_begun", modules.LOGS, modules.logs_begun),
        Scenario("logs_ended", modules.LOGS, modules.logs_ended),
        Scenario("decommission_native", "decommission", decommission_native),
        Scenario("decommission_external", "decommission", decommission_external, earlier="external_kms"),
        Scenario("decommission_okms", "decommission", decommission_okms),
        Scenario("decommission_okms_end", "decommission", decommission_okms_end, earlier="decommission_okms"),
    )
}
