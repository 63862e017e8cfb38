# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between vCenters, and what is assumed of them: each of these can be set by a test."""

from __future__ import annotations

import dataclasses
import uuid

from ..assumptions import assumed


def new_uuid() -> str:
    """What tells an installation apart from all others."""
    return str(uuid.uuid4())


@dataclasses.dataclass
class VCenterSettings:
    """Settings of the lab's vCenter. What no source confirms is assumed(): clients must work with either value."""

    version: str = "8.0.3"  # 7.0.1, 7.0.2, 8.0.3 or 9.0
    hostname: str = "vcenter.lab.test"  # its own name for itself
    instance_uuid: str = dataclasses.field(default_factory=new_uuid)  # AboutInfo: globally unique, optional (empty)
    clock_skew: float = 0.0  # seconds by which vCenter's own clock is ahead of the lab's
    page_size: int = 100  # objects per answer of the property collector
    session_limit: int = 2000  # performance blog of 2021
    idle_timeout: float = 0.0  # seconds of lab time until a session ends; 0: never
    task_polls: int = 0  # how often a task is seen running before it is finished
    reconfigure_polls: int | None = None  # the same for tasks that reconfigure a VM; None: task_polls
    vsan_settling_looks: int = 0  # how often vSAN is seen changing after its task is over
    vsan_encryption_allowed: bool = assumed("vcenter.vsan_encryption_allowed")
    vsan_esa_can_change: bool = assumed("vcenter.vsan_esa_can_change")
    tasks_at_once: int = 640  # what is started beyond that is queued (performance blog of 2021)
    shutdown_looks: int = 1  # readings of a VM that still show it on after ShutdownGuest
    mixed_keys: bool = assumed("vcenter.mixed_keys")
    recrypt_needs_new_key: bool = assumed("vcenter.recrypt_needs_new_key")
    standard_empty_key_id: bool = assumed("vcenter.standard_empty_key_id")
    native_unsaved_usable: bool = assumed("vcenter.native_unsaved_usable")
    decrypt_needs_profile: bool = assumed("vcenter.decrypt_needs_profile")
    ended_wait_refused: bool = assumed("vcenter.ended_wait_refused")  # else all objects have left its view
    wait_limit: float = 1800.0  # seconds that a wait for updates may block
    kms_timeout: float = 60.0  # seconds for one connection to a KMIP server; a busy computer is no fault
    ecdsa_endpoint: str = assumed("vcenter.ecdsa_endpoint")
    ecdsa_endpoint_7: str = assumed("vcenter.ecdsa_endpoint_7")
    argument_fault: str = assumed("vcenter.argument_fault")
    bad_address_refused: bool = assumed("vcenter.bad_address_refused")
    default_client_certificate: bool = assumed("vcenter.default_client_certificate")
    client_key_kind: str = "rsa"  # rsa or ec: keys that vCenter makes for itself
    keep_csr_after_use: bool = assumed("vcenter.keep_csr_after_use")
    server_certificates_accumulate: bool = assumed("vcenter.server_certificates_accumulate")
    server_certificate_chain: bool = assumed("vcenter.server_certificate_chain")
    false_trust_unset: bool = assumed("vcenter.false_trust_unset")
    empty_provider_remains: bool = assumed("vcenter.empty_provider_remains")
    list_generated_keys: bool = assumed("vcenter.list_generated_keys")
    key_refusal_words: str = assumed("vcenter.key_refusal_words")
    shallow_rekey_privilege: str = assumed("vcenter.shallow_rekey_privilege")
    vmotion_mode_fault: str = assumed("vcenter.vmotion_mode_fault")
    ft_mode_fault: str = assumed("vcenter.ft_mode_fault")
    ft_mode_after_decryption: str = assumed("vcenter.ft_mode_after_decryption")
    fault_tolerance_fault: str = assumed("vcenter.fault_tolerance_fault")
    old_hardware_fault: str = assumed("vcenter.old_hardware_fault")
    tpm_fault: str = assumed("vcenter.tpm_fault")
    tpm_removal_decrypts: bool = assumed("vcenter.tpm_removal_decrypts")
    tpm_removal_needs_no_snapshots: bool = assumed("vcenter.tpm_removal_needs_no_snapshots")
    property_needs_privilege: bool = assumed("vcenter.property_needs_privilege")
    native_status: str = assumed("vcenter.native_status")
    partial_status: str = assumed("vcenter.partial_status")
    server_ca_accepted: bool = assumed("vcenter.server_ca_accepted")
    server_bundle_accepted: bool = assumed("vcenter.server_bundle_accepted")
    trust_told_late: int = assumed("vcenter.trust_told_late")
    used_provider_removable: bool = assumed("vcenter.used_provider_removable")
    connection_texts: bool = assumed("vcenter.connection_texts")
    rest_write_status: int = assumed("vcenter.rest_write_status")
    native_settling_reads: int = 1  # readings after a create (NONE) or an import (WARNING) until the health is known
    native_unsaved_health: str = assumed("vcenter.native_unsaved_health")
    native_update_keeps_backup: bool = assumed("vcenter.native_update_keeps_backup")
    download_host: str = "localhost"  # in the address of a backup: the appliance's name for itself; empty: the client's
    download_token_lifetime: float = 120.0  # seconds, of the token that an export gives
    download_methods: tuple[str, ...] = ("GET", "POST")  # vendor samples use either
    imported_is_backed_up: bool = assumed("vcenter.imported_is_backed_up")
    backup_keeps_constraints: bool = assumed("vcenter.backup_keeps_constraints")
    tagging_limit: int = assumed("vcenter.tagging_limit")
    unknown_key_status: str = assumed("vcenter.unknown_key_status")
    untagged_objects_listed: bool = assumed("vcenter.untagged_objects_listed")
    dry_run_refuses_existing: bool = assumed("vcenter.dry_run_refuses_existing")
    pbm_paths: tuple[str, ...] = assumed("vcenter.pbm_paths")
    pbm_strict_version: bool = assumed("vcenter.pbm_strict_version")
    pbm_session_fault: str = assumed("vcenter.pbm_session_fault")
    pbm_permission_fault: str = assumed("vcenter.pbm_permission_fault")
    policy_users_told: bool = assumed("vcenter.policy_users_told")
    policy_parts_limit: int = assumed("vcenter.policy_parts_limit")
    policy_told_late: int = assumed("vcenter.policy_told_late")
    pbm_services_in_all_rule_sets: bool = assumed("vcenter.pbm_services_in_all_rule_sets")
    pbm_unknown_component_refused: bool = assumed("vcenter.pbm_unknown_component_refused")
    unknown_policy_refused: bool = assumed("vcenter.unknown_policy_refused")
    decrypt_takes_policy: bool = assumed("vcenter.decrypt_takes_policy")
    replication_needs_group: bool = assumed("vcenter.replication_needs_group")
    policy_needs_apply: bool = assumed("vcenter.policy_needs_apply")
    policy_query_limit: int = assumed("vcenter.policy_query_limit")
    unknown_event_types_refused: bool = assumed("vcenter.unknown_event_types_refused")

    def __post_init__(self) -> None:
        if self.version not in RELEASES:
            raise ValueError(f"unknown vCenter version {self.version!r}, one of {', '.join(RELEASES)}")
        if self.argument_fault not in ("InvalidArgument", "RuntimeFault"):
            raise ValueError(f"unknown fault {self.argument_fault!r}")
        if self.rest_write_status not in (200, 201, 204):
            raise ValueError(f"not a status of success: {self.rest_write_status}")


@dataclasses.dataclass(frozen=True)
class Release:
    """How a release names itself."""

    version: str
    build: str
    api_version: str
    has_native_providers: bool = True


RELEASES = {
    "7.0.1": Release("7.0.1", "16860138", "7.0.1.0", has_native_providers=False),
    "7.0.2": Release("7.0.2", "17694817", "7.0.2.0"),
    "8.0.3": Release("8.0.3", "25600417", "8.0.3.0"),
    "9.0": Release("9.0.0", "24755230", "9.0.0.0"),
}
