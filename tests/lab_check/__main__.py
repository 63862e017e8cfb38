# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make lab-check`."""

from __future__ import annotations

import sys

from ..lab import Lab
from . import automation_sdk, kmip_clients, ovh_library, plain_requests, vmomi
from .checks import Checks


def main() -> int:
    """Run all clients against one lab; every answer of the API must also keep to the published contracts."""
    checks = Checks()
    with Lab() as lab, ovh_library.pointed_at(lab):
        print("python-ovh:")
        issued = ovh_library.check(lab, checks)
        print("OpenSSL and PyKMIP:")
        kmip_clients.openssl(lab, checks)
        kmip_clients.pykmip(lab, checks, issued)
        print("pyVmomi:")
        vmomi.check(lab, checks, issued.okms_id)
        print("vSphere Automation SDK:")
        automation_sdk.check(lab, checks)
        print("Plain requests:")
        plain_requests.check(lab, checks)
        print("Contracts:")
        checks.that(
            lab.ovhcloud.contract_errors == [], "every answer of the API is valid against the published contracts"
        )
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
