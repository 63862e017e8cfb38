# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between vCenters, or is not known of them: each of these can be set by a test."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class VCenterSettings:
    """Settings of the lab's vCenter. Those marked (unknown) are not documented: clients must live with either value."""

    version: str = "8.0.3"  # 7.0.1, 7.0.2, 8.0.3 or 9.0
    hostname: str = "vcenter.lab.test"
    clock_skew: float = 0.0  # seconds by which vCenter's own clock is ahead of the lab's
    page_size: int = 100  # objects per answer of the property collector
    session_limit: int = 2000
    idle_timeout: float = 0.0  # seconds of lab time until a session ends; 0: never
    task_polls: int = 0  # how often a task is seen running before it is finished
    reconfigure_polls: int | None = None  # the same for tasks that reconfigure a machine; None: task_polls
    vsan_settling_looks: int = 0  # how often vSAN is seen changing after its task is over
    vsan_esa_can_change: bool = False  # (unknown) ESA takes encryption after the creation of the cluster too
    tasks_at_once: int = 640  # what is started beyond that is queued (performance blog of 2021)
    shutdown_looks: int = 1  # readings of a machine that still show it on after ShutdownGuest
    mixed_keys: bool = True  # (unknown) home and disks of a machine may have different keys
    recrypt_needs_new_key: bool = True  # (unknown) a recrypt to the key that is in use is refused
    standard_empty_key_id: bool = False  # (unknown) an empty key id makes a key with a standard provider too
    native_unsaved_usable: bool = True  # (unknown) a native provider without backup encrypts machines
    decrypt_needs_profile: bool = True  # (unknown) a decryption without a profile in the same spec is refused
    wait_limit: float = 1800.0  # seconds that a wait for updates may block
    kms_timeout: float = 5.0  # seconds for one connection to a key server
    argument_fault: str = "InvalidArgument"  # (unknown) or RuntimeFault: unknown or duplicate providers and servers
    default_client_certificate: bool = True  # (unknown) a provider without an identity uses vCenter's own certificate
    client_key_kind: str = "rsa"  # rsa or ec: keys that vCenter makes for itself
    keep_csr_after_use: bool = False  # (unknown) the CSR stays readable after its certificate was taken
    server_certificates_accumulate: bool = True  # (unknown) an uploaded server certificate is added, not put in place
    server_certificate_chain: bool = False  # (unknown) RetrieveKmipServerCert returns the whole chain
    false_trust_unset: bool = False  # (unknown) a trust flag that is not true is left out
    empty_provider_remains: bool = False  # (unknown) a provider stays when its last server is removed
    list_generated_keys: bool = False  # (unknown) ListKeys names keys that nothing uses yet
    property_needs_privilege: bool = True  # (unknown) the property kmipServers needs what ListKmipServers needs
    native_status: str = "gray"  # (unknown) overall status of a native provider
    connection_texts: bool = True  # (unknown) connectionStatus says something
    rest_write_status: int = 204  # (unknown) 200, 201 or 204: answer of REST to a create, update or delete
    native_settling_reads: int = 1  # readings after a create (NONE) or an import (WARNING) until the health is known
    native_unsaved_health: str = "ERROR"  # (unknown) or WARNING: health of a provider without backup
    native_update_keeps_backup: bool = False  # (unknown) a provider stays backed up when its key id is changed
    download_host: str = "localhost"  # in the address of a backup: the appliance's name for itself; empty: the client's
    download_token_lifetime: float = 120.0  # seconds
    download_methods: tuple[str, ...] = ("GET", "POST")
    imported_is_backed_up: bool = True  # (unknown) a provider made from a backup counts as backed up
    backup_keeps_constraints: bool = True  # (unknown) an import without constraints takes those of the backup
    tagging_limit: int = 2000  # (unknown) objects in one question for their tags
    untagged_objects_listed: bool = False  # (unknown) an object without tags is in the answer
    dry_run_refuses_existing: bool = True  # (unknown) a dry run of an import fails when the provider exists
    pbm_paths: tuple[str, ...] = ("/pbm", "/pbm/sdk")  # (unknown) where the storage policies are served
    pbm_strict_version: bool = True  # (unknown) a version that this vCenter does not know is refused there
    pbm_session_fault: str = "SecurityError"  # (unknown) or NotAuthenticated: no session, or one that ended
    pbm_permission_fault: str = "NoPermission"  # (unknown) or PbmFaultNoPermission, which came with 8.0.2
    policy_users_told: bool = True  # (unknown) users that the caller may not see are told too, as they are counted
    pbm_services_in_all_rule_sets: bool = True  # (unknown) a policy whose rule sets differ in data services is refused
    pbm_unknown_component_refused: bool = True  # (unknown) and one that refers to a component that does not exist
    unknown_policy_refused: bool = True  # (unknown) a reconfiguration with a policy that does not exist is refused
    decrypt_takes_policy: bool = True  # (unknown) a decryption may give a policy that does not encrypt
    replication_needs_group: bool = False  # (unknown) a policy with replication is refused without a replication group
    policy_needs_apply: bool = True  # (unknown) since 8.0 a policy in the spec needs StorageProfile.Apply
    policy_query_limit: int = 0  # (unknown) so many policies at most in one question for their users; 0: any number

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
