# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials of an OKMS domain, for tests of what may happen to their keys."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


def due_renewal(lab: Lab, run_module: RunModule, folder: pathlib.Path) -> dict[str, t.Any]:
    """Options that renew a credential whose key, `okms.key` in the folder, OKMS has made."""
    options: dict[str, t.Any] = {
        "okms_id": lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id,
        "name": "backup",
        "identity_urns": ["urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"],
        "private_key_path": str(folder / "okms.key"),
        "renew_before": 120,
        "wait_interval": 0.01,
        "wait_timeout": 60,
    }
    assert run_module("okms_credential", **options).changed
    lab.clock.advance(300 * 86400.0)
    return {**harness.connection(lab, "ovhcloud"), **options}
