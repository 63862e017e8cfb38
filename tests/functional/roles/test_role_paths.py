# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that cannot be written, or that would vanish: each role says so before it changes anything."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NATIVE = {
    "native_key_provider_name": "nkp",
    "native_key_provider_backup_password": "planted backup password",
    "native_key_provider_preflight": False,
    "native_key_provider_wait_interval": 0.01,
}
EXTERNAL = {
    "external_kms_servers": [{"name": "kms1", "address": "kms.example.com", "thumbprint": "AB" * 32}],
    "external_kms_preflight": False,
}
# by the option that names the file: the playbook, and what else it needs
LASTING: dict[str, tuple[str, dict[str, t.Any]]] = {
    "native_key_provider_backup_path": ("native_key_provider", NATIVE),
    "okms_dossier_path": ("okms", {"okms_private_cloud": "pcc-192-0-2-10", "okms_region": "eu-west-rbx"}),
    "external_kms_csr_output_path": ("external_kms", {**EXTERNAL, "external_kms_identity": "csr"}),
    "external_kms_certificate_path": ("external_kms", {**EXTERNAL, "external_kms_identity": "self_signed"}),
    "vm_encryption_state_path": ("vm_encryption", {"vm_encryption_selection": {"all": True}}),
    "key_rotation_state_path": (
        "key_rotation",
        {"key_rotation_campaign": "2026", "key_rotation_selection": {"all": True}},
    ),
    "key_provider_migration_state_path": (
        "key_provider_migration",
        {"key_provider_migration_source": "a", "key_provider_migration_target": "b"},
    ),
    "encryption_audit_directory": ("encryption_audit", {}),
    "doctor_report_path": ("doctor", {}),
    "drift_check_report_path": ("drift_check", {}),
    "drift_check_metrics_path": ("drift_check", {}),
    "field_check_report_path": ("field_check", {}),
}


@pytest.fixture(scope="module")
def quiet_lab() -> t.Iterator[Lab]:
    """One lab for all: nothing is ever changed in it."""
    with Lab() as running:
        yield running


def refused(lab: Lab, folder: pathlib.Path, book: str, check: bool = False, **options: t.Any) -> str:
    """The words of a run that ends before it changes anything."""
    surroundings = {"VMWARE_ENCRYPTION_VOLUMES": ""}
    if options.pop("in_a_job", False):
        surroundings["AWX_HOST"] = "https://awx.example.com"
    mark = lab.journal.mark()
    result = harness.run_playbook(lab, book, folder, check, environment=surroundings, **options)
    assert result.code != 0, result.screen
    assert lab.journal.writes(mark) == []
    return " ".join(result.screen.split())


@pytest.mark.parametrize("option", LASTING)
def test_what_must_outlast_a_job_is_refused_in_its_container(
    quiet_lab: Lab, tmp_path: pathlib.Path, option: str
) -> None:
    book, options = LASTING[option]
    path = f"/dev/shm/{os.getpid()}-{option}"
    said = refused(quiet_lab, tmp_path, book, **{**options, option: path, "in_a_job": True})
    # an output that has a newer name is told by it
    name = "external_kms_certificate_output_path" if option == "external_kms_certificate_path" else option
    assert f"{name}: {path} lies in this job's container" in said
    assert f"name the volume in {book}_volumes" in said
    assert not os.path.exists(path)


def _link(path: pathlib.Path) -> None:
    path.symlink_to(path.parent / "elsewhere.p12")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("make", "words"),
    [(pathlib.Path.mkdir, "is a folder"), (_link, "is a symbolic link"), (os.mkfifo, "is not a regular file")],
)
def test_no_provider_is_made_for_a_backup_without_a_place(
    quiet_lab: Lab, tmp_path: pathlib.Path, make: t.Callable[[pathlib.Path], None], words: str, check: bool
) -> None:
    make(tmp_path / "nkp.p12")
    options = {**NATIVE, "native_key_provider_backup_path": "nkp.p12", "native_key_provider_volumes": [str(tmp_path)]}
    said = refused(quiet_lab, tmp_path, "native_key_provider", check, **options)
    assert f"native_key_provider_backup_path: {tmp_path}/nkp.p12 {words}" in said
    assert quiet_lab.vcenter.crypto.providers == {}


def test_the_preflight_judges_the_paths_of_the_role_that_follows(quiet_lab: Lab, tmp_path: pathlib.Path) -> None:
    (tmp_path / "nkp.p12").mkdir()
    options: dict[str, t.Any] = {**NATIVE, "preflight_option": "native_key_provider"}
    options.update(native_key_provider_backup_path="nkp.p12", native_key_provider_volumes=[str(tmp_path)])
    said = refused(quiet_lab, tmp_path, "preflight", **options)
    assert f"native_key_provider_backup_path: {tmp_path}/nkp.p12 is a folder" in said


def test_on_another_host_relative_paths_are_refused(quiet_lab: Lab, tmp_path: pathlib.Path) -> None:
    book = tmp_path / "site.yml"
    book.write_text(
        "- hosts: all\n  gather_facts: false\n  roles: [{role: ovhcloud.vmware_encryption.encryption_audit}]\n"
    )
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {bastion: {ansible_host: 127.0.0.1, ansible_connection: ssh}}}\n")
    said = refused(quiet_lab, tmp_path, str(book), inventory=inventory, encryption_audit_directory="report")
    assert "encryption_audit_directory: 'report' is relative, and this play works on another host" in said
