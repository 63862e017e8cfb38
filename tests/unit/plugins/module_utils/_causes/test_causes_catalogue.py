# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: which of several signs of a cause counts."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue

KEY = "msg.vigor.enc.keyNotFound"


@pytest.mark.parametrize(
    ("text", "keys", "privilege", "cause"),
    [
        ("It has snapshots.", ["msg.hostd.configSpec.enc.snapshots"], "", "vm_has_snapshots"),
        ("A required key was not found.", [KEY], "", "vm_key_not_on_host"),
        # the text says why the host has none
        ("A required key was not found: QLC_ERR_SSL", [KEY], "", "tls_handshake_fails"),
        ("denied", [], "Cryptographer.Encrypt", "privilege_missing"),
        ("denied", [], "VirtualMachine.Config.Settings", None),
        ("The operation is not allowed in the current state.", [], "", None),
        ("timed out", [], "", None),
    ],
)
def test_cause_of_a_fault(text: str, keys: list[str], privilege: str, cause: str | None) -> None:
    known = catalogue.of_fault(text, keys, privilege)
    assert (known.id if known else None) == cause


@pytest.mark.parametrize(
    ("event", "text", "cause"),
    [
        ("com.vmware.vc.kms.crypto.KeyGenerateFail", "Key creation failed.", "no_key_returned"),
        ("com.vmware.vc.kms.crypto.KeyGenerateFail", "Key creation failed: QLC_ERR_SSL", "tls_handshake_fails"),
        (
            "com.vmware.vc.host.Crypto.HostKey.NewKey.KeyMissingOnKMS",
            "key was missing on the key provider",
            "host_key_renewed",
        ),
        ("com.vmware.vc.sso.Login", "QLC_ERR_SSL", None),
    ],
)
def test_text_of_an_event_counts_where_its_type_says_no_reason(event: str, text: str, cause: str | None) -> None:
    known = catalogue.of_event(event, text)
    assert (known.id if known else None) == cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", None),
        ("x" * 100_000 + "QLC_ERR_SSL", None),
        ("com.vmware.vc.kms.crypto.NotBackedUpAfterUpdate", "backup_outdated"),
        ("com.vmware.vc.kms.crypto.NotBackedUp", "provider_not_backed_up"),
        ("The host is not connected", "host_not_connected"),
    ],
)
def test_cause_of_a_pasted_text(text: str, cause: str | None) -> None:
    known = catalogue.of_text(text)
    assert (known.id if known else None) == cause
