# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module native_key_provider after a loss: backups restored, and names that encrypted VMs still need."""

from __future__ import annotations

import base64
import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.native_helpers import (
    NAME,
    PASSWORD,
    backup_runner,
    converge,
    ok,
    provider_runner,
    refused,
    run_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

KEY_ID = "4d3b1f70-8a53-4f0e-9f8d-0f6a0d6a7c11"
OTHER_KEY_ID = "11111111-2222-3333-4444-555555555555"
KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return provider_runner(run_module)


@pytest.fixture
def back_up(run_module, tmp_path):
    return backup_runner(run_module, tmp_path)


def restore_from(folder, password=PASSWORD):
    return {"path": str(folder / "vnkp.p12"), "password": password}


def lost(lab, run, back_up):
    """A provider that is gone with its vCenter, its backup and a VM that needs it; its key id."""
    key_id = ok(run())["key_provider"]["key_id"]
    ok(back_up())
    machine = lab.vcenter.inventory.vms[0]
    machine.crypto_key = KeyRef(NAME, "a key")
    lab.vcenter.lose_providers()
    assert machine.locked
    return key_id


def test_new_provider_under_the_name_of_a_lost_one(lab, run, back_up, tmp_path):
    """Its key is another, so the VMs would stay locked, and the backup could not be restored under its name."""
    key_id = lost(lab, run, back_up)
    message = refused(lab, run, "refused_by_guard")
    assert "that localhost no longer has is used by 1 VM (vm1)" in message and "restore_from" in message
    assert "confirm_name is vm1" in refused(lab, run, "refused_by_guard", confirm_name="vm1")
    restored = ok(run(restore_from=restore_from(tmp_path)))
    assert restored["key_provider"]["key_id"] == key_id and not lab.vcenter.inventory.vms[0].locked


@pytest.mark.parametrize("given", [{"confirm_name": NAME}, {"key_id": KEY_ID, "key_derivation_key": KEY}])
def test_name_typed_again_or_the_key_itself_makes_it(lab, run, back_up, given):
    lost(lab, run, back_up)
    assert ok(run(**given)).changed


def test_restore(lab, run, back_up, tmp_path):
    key_id = lost(lab, run, back_up)
    options = {"restore_from": restore_from(tmp_path)}
    unknown = ("health", "reasons", "hosts", "has_backup", "default")
    made = converge(lab, run, "key_provider", unknown, **options)
    assert (made["key_provider"]["key_id"], made["key_provider"]["health"]) == (key_id, "OK")
    assert not lab.vcenter.inventory.vms[0].locked
    assert "vCenter does not read" in ok(run(**options)).warnings[0]
    message = refused(lab, run, "conflict", key_id=OTHER_KEY_ID, **options)
    assert f"exists with the key id {key_id}" in message


def test_whether_vcenter_read_the_backup_is_told(lab, run, back_up, tmp_path):
    """In check mode as in a run: true before the restore, and afterwards only if vCenter reads it over the provider."""
    options = {"restore_from": restore_from(tmp_path)}
    lost(lab, run, back_up)
    assert [ok(run(check=check, **options))["backup_proved"] for check in (True, False, True)] == [True, True, False]
    lab.vcenter.settings.dry_run_refuses_existing = False
    assert ok(run(check=True, **options))["backup_proved"] is True
    assert ok(run())["backup_proved"] is None
    assert ok(run(state="absent", confirm_name=NAME, **options))["backup_proved"] is None


def test_restore_and_make_it_the_default(lab, run, back_up, tmp_path):
    lost(lab, run, back_up)
    made = ok(run(restore_from=restore_from(tmp_path), default=True))
    assert made["key_provider"]["default"] is True


def test_restore_where_vcenter_wants_a_new_backup(tmp_path):
    settings = VCenterSettings(imported_is_backed_up=False, dry_run_refuses_existing=False)
    with Lab(LabSettings(vcenter=settings)) as lab:
        module = functools.partial(run_in, open_up(lab))
        run, back_up = provider_runner(module), backup_runner(module, tmp_path)
        lost(lab, run, back_up)
        result = run(restore_from=restore_from(tmp_path), default=True)
        assert "is restored, but vCenter wants a new backup" in result.msg
        assert not ok(run(restore_from=restore_from(tmp_path))).changed
        ok(run(state="absent", confirm_name=NAME))
        ok(run(confirm_name=NAME))
        message = refused(lab, run, "conflict", restore_from=restore_from(tmp_path))
        assert "two providers of one name" in message


def test_backup_of_another_or_with_another_password(lab, run, back_up, tmp_path, run_module):
    key_id = lost(lab, run, back_up)
    message = refused(lab, run, "invalid_input", restore_from=restore_from(tmp_path, "wrong password"))
    assert "the password may be wrong" in message
    assert "wrong password" not in message
    other = functools.partial(run_module, "native_key_provider", **{**FAST, "name": "other"})
    assert f"a backup of the key provider {NAME}" in refused(
        lab, other, "invalid_input", restore_from=restore_from(tmp_path)
    )
    message = refused(lab, run, "invalid_input", restore_from=restore_from(tmp_path), key_id=OTHER_KEY_ID)
    assert f"holds the key id {key_id}" in message
    message = refused(lab, run, "invalid_input", restore_from={"path": str(tmp_path / "none.p12")})
    assert "No such file" in message


def test_warning_that_stays(lab, run, back_up, tmp_path):
    lost(lab, run, back_up)
    lab.vcenter.settings.native_settling_reads = 10**6
    made = ok(run(restore_from=restore_from(tmp_path), wait_timeout=0))
    assert made["key_provider"]["health"] == "WARNING"
    assert "last seen: WARNING" in made.warnings[0]
