# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether keys are available, from answers of vCenter that say it, that do not, and that lack a key."""

from __future__ import annotations

import types
import typing as t

from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key, native_key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.report import key_report
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.status import unavailable

# keyAvailable is optional in the vSphere API, and nothing there promises a row for each key
SAID: dict[str, t.Any] = {"yes": True, "no": False, "nothing": None}
IDS = [*SAID, "no row"]


def session() -> t.Any:
    """A vCenter that answers so."""
    status = vim.encryption.CryptoManagerKmip.CryptoKeyStatus
    rows = [
        status(
            keyId=native_key(Key("okms", key_id)),
            keyAvailable=answer,
            reason="KeyStateMissingInKMS" if answer is False else None,
        )
        for key_id, answer in SAID.items()
    ]
    crypto = types.SimpleNamespace(QueryCryptoKeyStatus=lambda **_asked: rows)
    return types.SimpleNamespace(
        hostname="vc", vcenter_id="1", crypto=crypto, call=lambda _what, operation, **options: operation(**options)
    )


def test_only_what_vcenter_calls_available_is_available() -> None:
    made = key_report(session(), [{"provider": "okms", "key_id": key_id} for key_id in IDS])
    found = {one["key_id"]: one for one in made["encryption_keys"]}
    assert [key_id for key_id in IDS if found[key_id]["available"]] == ["yes"] and made["unavailable"] == 3
    assert "does not exist in the KMS" in found["no"]["reason"]
    for unsaid in ("nothing", "no row"):
        assert "did not say" in found[unsaid]["reason"] and found[unsaid]["next_step"]


def test_unlocking_counts_only_keys_that_are_surely_gone() -> None:
    assert {key.id for key in unavailable(session(), [Key("okms", key_id) for key_id in IDS])} == {"no"}
