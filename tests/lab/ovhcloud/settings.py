# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches of the lab's OVHcloud API. Counts are numbers of reads that still see the old state; 0 means at once."""

from __future__ import annotations

import dataclasses

from ..assumptions import assumed


@dataclasses.dataclass
class OvhSettings:
    """What differs between accounts, what a test plays, and what is assumed() of the real API."""

    # HTTP
    void: str = assumed("ovhcloud.void")
    page_size: int = 2  # of v2 lists
    page_maximum: int = assumed("ovhcloud.page_maximum")
    object_lists: bool = assumed("ovhcloud.object_lists")  # lists of v1 give whole objects when they are asked to
    object_list_refused: str = assumed("ovhcloud.object_list_refused")
    post_status: int = assumed("ovhcloud.post_status")
    conflict_status: int = assumed("ovhcloud.conflict_status")
    signature_window: float = assumed("ovhcloud.signature_window")  # seconds
    token_lifetime: int = 3599  # seconds, of OAuth2 tokens
    credential_status_readable: bool = assumed("ovhcloud.credential_status_readable")
    refusals_name_actions: bool = True  # False: what guide authenticate-api-with-service-account shows
    wildcard_checks: bool = assumed("ovhcloud.wildcard_checks")

    # account and orders
    subsidiary: str = "FR"  # of the account
    account_state: str = "complete"  # or `incomplete`: may not order
    payment_method: bool = True  # a valid default method is registered
    autopay_honoured: bool = assumed("ovhcloud.autopay_honoured")
    order_price: float = 0.0  # before tax
    usage_in_addon_families: bool = assumed("ovhcloud.usage_in_addon_families")
    order_line_route: str = assumed("ovhcloud.order_line_route")
    order_outcome: str = "delivered"  # or `cancelled`, `documentsRequested`, `stuck`
    order_checking_reads: int = 1
    order_delivering_reads: int = 1
    okms_window_reads: int = 1  # 404 after `delivered`
    services_window_reads: int = 1  # empty list after `delivered`
    rename_reads: int = 1
    retention_reads: int = 2  # SUSPENDED after a termination, then 404
    direct_termination: bool = assumed("ovhcloud.direct_termination")

    # OKMS
    public_ca: str = assumed("ovhcloud.public_ca")
    rsa_endpoint: str = "port"  # kmipRsaEndpoint: `port` (host:port), `bare` (no port), or `null`, as publicRsaCA then
    credential_reads: int = 1
    credential_delete_reads: int = 1
    credential_outcome: str = "READY"  # or `ERROR`
    credential_san: str = assumed("ovhcloud.credential_san")
    policy_seconds: float = 60.0  # until a new IAM policy counts for KMIP, by the lab's clock
    policy_handshakes: int = 2  # refused handshakes after which it counts in any case: tests do not wait
    service_key_state: str = assumed("ovhcloud.service_key_state")
    key_attributes: bool = assumed("ovhcloud.key_attributes")
    key_tells_protection: bool = assumed("ovhcloud.key_tells_protection")
    destroyed_keys_stay: bool = assumed("ovhcloud.destroyed_keys_stay")
    regional_refusal: int = assumed("ovhcloud.regional_refusal")
    secret_cas_status: int = assumed("ovhcloud.secret_cas_status")
    secret_get_action: str = assumed("ovhcloud.secret_get_action")
    secret_size_counts: str = assumed("ovhcloud.secret_size_counts")
    secret_prunes: str = assumed("ovhcloud.secret_prunes")
    secret_deletion_time: str | None = assumed("ovhcloud.secret_deletion_time")
    secret_hiding_field: str = assumed("ovhcloud.secret_hiding_field")
    log_kinds: tuple[str, ...] = assumed("ovhcloud.log_kinds")
    log_subscription_reads: int = assumed("ovhcloud.log_subscription_reads")
    log_subscription_once: bool = assumed("ovhcloud.log_subscription_once")
    log_stream_refused: int = assumed("ovhcloud.log_stream_refused")

    # private cloud
    task_reads: int = 1  # for each of todo and doing
    task_outcome: str = "done"  # or `error`, `canceled`
    tasks_vanish: str = assumed("ovhcloud.tasks_vanish")
    iam_option: str = "available"  # `unavailable`: canBeEnabled is false; `missing`: the routes answer 404
    iam_role_prefix: str = "iam-"  # guide "How to use IAM policies with vSphere": IAM roles are prefixed with it
    advanced_security: bool = False  # sensitive operations wait for a code sent by SMS
    code_lifetime: float = 900.0  # guide "Using the secure interface": 15 minutes, then the task is cancelled
    service_pack: str = ""  # of all private clouds; empty: hds-nsxt with advanced security, else default
    role_needs_service_pack: bool = assumed("ovhcloud.role_needs_service_pack")
    user_access_policy: str = "filtered"  # or `open`: of the private cloud
    kms_needs_code: bool = assumed("ovhcloud.kms_needs_code")
    task_names: str = assumed("ovhcloud.task_names")
    kms_delivered: str = assumed("ovhcloud.kms_delivered")
    creating_entry_changeable: bool = assumed("ovhcloud.creating_entry_changeable")
    flow_port_counts: bool = assumed("ovhcloud.flow_port_counts")
    flow_thumbprint_counts: bool = assumed("ovhcloud.flow_thumbprint_counts")
