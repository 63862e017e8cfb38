# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cause of a failure: how it is called, how bad it is, why, what to do, and who says so. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

CRITICAL, WARNING, NOTICE = "critical", "warning", "notice"
SEVERITIES = (CRITICAL, WARNING, NOTICE)

# where the texts, events and faults are written down
API = "vSphere Web Services API, CryptoKeyStatus"
EVENTS = "list of vCenter's events: github.com/lamw/vcenter-event-mapping, vsphere-8.0u3.md"
GUIDE_OKMS = "OVHcloud guide okms-vm-encrypt"
GUIDE_KMS = "OVHcloud guide vm-encrypt"
KMIP = "OASIS KMIP 1.4, result reasons"
LOCKED = (
    "vSphere Security: docs.vmware.com/en/VMware-vSphere/6.7/com.vmware.vsphere.security.doc/"
    "GUID-75758B55-E406-48B0-91F6-3F573459CB9A.html"
)
OPERATOR = "github.com/vmware-tanzu/vm-operator, crypto_reconciler_post.go"
READ_ONLY = "OVHcloud guide architecture-overview (KMS)"
RULES = "vSphere Security, virtual machine encryption interoperability"
VSAN = "vSphere documentation, vSAN data-at-rest encryption"


class Cause(t.NamedTuple):
    """Why, and what to do about it."""

    reason: str
    next_step: str


@dataclasses.dataclass(frozen=True)
class Known:
    """A row of the catalogue. `says`: a text, event, message key or state by which it is recognised."""

    id: str
    severity: str
    cause: Cause
    source: str
    says: str
    events: tuple[str, ...] = ()


Patterns = tuple[tuple[str, Known], ...]
