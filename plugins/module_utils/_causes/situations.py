# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that no text of another system tells: what is seen in the state of vCenter and of the private cloud. Pure."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import (
    CRITICAL,
    GUIDE_OKMS,
    LOCKED,
    WARNING,
    Cause,
    Known,
)

VM_LOCKED = Known(
    "vm_locked", CRITICAL,
    Cause("it is locked: its host does not have its key", "run vm_unlock, which says whether a key is really missing"),
    LOCKED, "runtime.cryptoState: locked",
)  # fmt: skip
HOST_MODE_OFF = Known(
    "host_mode_off", WARNING,
    Cause(
        "the host is not in encryption mode, so encrypted VMs cannot run there",
        "turn the mode on with host_encryption",
    ),
    "vSphere Security, host encryption mode", "runtime.cryptoState: incapable",
)  # fmt: skip
PROVIDER_NOT_GREEN = Known(
    "provider_not_green", CRITICAL,
    Cause(
        "vCenter does not show the key provider as green",
        "see its reasons with key_provider_info; the guide Troubleshooting has the causes",
    ),
    "vSphere Web Services API, ClusterStatus", "overallStatus: red",
)  # fmt: skip
PRIVILEGE_MISSING = Known(
    "privilege_missing", WARNING,
    Cause(
        "the vSphere user lacks a privilege for encryption",
        "on OVHcloud, give it the right encryption_right with private_cloud_user and let it log in again; elsewhere "
        "give its vCenter role this privilege",
    ),
    f"github.com/vmware/pyvmomi-community-samples issue 724; {GUIDE_OKMS}",
    "Permission to perform this operation was denied. (NoPermission) Cryptographer.Encrypt",
)  # fmt: skip
TASK_WAITS_FOR_CODE = Known(
    "task_waits_for_code", WARNING,
    Cause(
        "a task of the private cloud waits for the code that a token validator got by SMS",
        "let the validator confirm it on https://<private cloud>/secure/ in time; then rerun what started it",
    ),
    "OVHcloud guide interface-secure", "state: waitingTodo",
)  # fmt: skip
TASK_WAITS = Known(
    "task_waits", WARNING,
    Cause(
        "a task of the private cloud has not ended",
        "wait; if it stays so for hours, ask OVHcloud's support with its id",
    ),
    f"{GUIDE_OKMS}; schema of /dedicatedCloud", "state: doing",
)  # fmt: skip
TASK_WAITS_FOR_CUSTOMER = Known(
    "task_waits_for_customer", WARNING,
    Cause(
        "a task of the private cloud waits for your KMS or key provider to be set up",
        "add the server in vCenter: run the role okms or external_kms",
    ),
    GUIDE_OKMS, "Waiting for customer to configure the KMS Server...",
)  # fmt: skip
TASK_FAILED = Known(
    "task_failed", CRITICAL,
    Cause("a task of the private cloud ended in error", "ask OVHcloud's support with its id"),
    "schema of /dedicatedCloud", "state: error",
)  # fmt: skip
SITUATIONS = (
    VM_LOCKED, HOST_MODE_OFF, PROVIDER_NOT_GREEN, PRIVILEGE_MISSING, TASK_WAITS_FOR_CODE, TASK_WAITS,
    TASK_WAITS_FOR_CUSTOMER, TASK_FAILED,
)  # fmt: skip
