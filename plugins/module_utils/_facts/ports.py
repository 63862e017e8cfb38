# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP ports of KMIP: the one source for modules, filters, roles and docs, which a test compares."""

from __future__ import annotations

KMIP = 5696  # registered for KMIP; OKMS shows an ECDSA certificate there
# guide okms-vm-encrypt; vCenter 8 works with no other one (ovh/docs pull request 8226; assumption ecdsa-endpoint)
OKMS_RSA = 5697  # OKMS with an RSA certificate: the endpoint for vCenter
