# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches of the lab's OVHcloud API. Counts are numbers of reads that still see the old state; 0 means at once."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class OvhSettings:
    """Everything that is unknown about the real API, or that differs between accounts, can be switched here."""

    # HTTP
    void: str = "null"  # `null`: 200 with body null; `empty`: 204 without a body
    page_size: int = 2
    page_maximum: int = 3  # a client that asks for 100 must still follow the cursor
    signature_window: float = 30.0
    token_lifetime: int = 3599  # seconds, of OAuth2 tokens
    credential_status_readable: bool = True  # (unknown) a consumer key that is not valid may ask for its own status
    wildcard_checks: bool = True  # (unknown) authorization/check takes a URN with *

    # account and orders
    subsidiary: str = "FR"
    account_state: str = "complete"  # or `incomplete`: may not order
    payment_method: bool = True  # a valid default method is registered
    autopay_honoured: bool = True
    order_price: float = 0.0  # before tax
    usage_in_addon_families: bool = True  # (unknown) the plan lists the addons that bill use
    order_outcome: str = "delivered"  # or `cancelled`, `documentsRequested`, `stuck`
    order_checking_reads: int = 1
    order_delivering_reads: int = 1
    okms_window_reads: int = 1  # 404 after `delivered`
    services_window_reads: int = 1  # empty list after `delivered`
    rename_reads: int = 1
    retention_reads: int = 2  # SUSPENDED after a termination, then 404
    direct_termination: bool = True  # DELETE /services/{id} is open to this account

    # OKMS
    credential_reads: int = 1
    credential_delete_reads: int = 1
    credential_outcome: str = "READY"  # or `ERROR`
    service_key_state: str = "ACTIVE"  # of a new service key; or `PRE_ACTIVE`
    destroyed_keys_stay: bool = False  # a deleted service key is listed on as DESTROYED

    # private cloud
    task_reads: int = 1  # for each of todo and doing
    task_outcome: str = "done"  # or `error`, `canceled`
    tasks_vanish: str = ""  # `after_read`: a finished task answers once more; `at_once`: never
    iam_option: str = "available"  # `unavailable`: canBeEnabled is false; `missing`: the routes answer 404
    iam_role_prefix: str = "iam-"  # guide "How to use IAM policies with vSphere": IAM roles are prefixed with it
    advanced_security: bool = False  # sensitive operations wait for a code sent by SMS
    code_lifetime: float = 900.0  # guide "Using the secure interface": 15 minutes, then the task is cancelled
    service_pack: str = ""  # of all private clouds; empty: hds-nsxt with advanced security, else nsxt
    user_access_policy: str = "filtered"
    kms_port: int = 5696
