# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of an installed collection with relative paths: all files lie where the command was started."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.test_role_external_kms import elsewhere
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

Play = t.Callable[..., harness.PlayResult]
PASSWORD = "planted backup password"
NATIVE = {
    "native_key_provider_name": "nkp",
    "native_key_provider_backup_path": "backups/new/nkp.p12",
    "native_key_provider_backup_password": PASSWORD,
    "native_key_provider_dossier_path": "dossier.json",
    "native_key_provider_vsphere_user": "admin",
    "native_key_provider_preflight": False,
    "native_key_provider_wait_interval": 0.01,
}
REPORT = {"encryption_audit_directory": "report", "encryption_audit_dossier_path": "dossier.json"}
ROTATION = {
    "key_rotation_campaign": "2026",
    "key_rotation_state_path": "rotation.json",
    "key_rotation_selection": {"all": True},
    "key_rotation_wait_interval": 0.01,
}


def galaxy(*arguments: str | os.PathLike[str]) -> None:
    """Run ansible-galaxy as a user does."""
    command = [str(pathlib.Path(sys.executable).parent / "ansible-galaxy"), "collection", *map(str, arguments)]
    # else this checkout counts as installed
    dropped = ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH")
    environment = {key: value for key, value in os.environ.items() if key not in dropped}
    subprocess.run(command, check=True, capture_output=True, env=environment)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The collection as a file."""
    built = tmp_path_factory.mktemp("built")
    galaxy("build", "--output-path", built, harness.ROOT)
    (file,) = built.glob("*.tar.gz")
    return file


@pytest.fixture
def installed(package: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """Where the collection is installed."""
    galaxy("install", "--offline", "-p", tmp_path / "installed", package)
    return tmp_path / "installed"


def files_in(folder: pathlib.Path) -> set[str]:
    """All files there, but those that Python keeps for itself."""
    return {str(path) for path in folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture
def here(tmp_path: pathlib.Path) -> pathlib.Path:
    """An empty folder in which commands are started."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture
def play(lab: Lab, here: pathlib.Path, installed: pathlib.Path) -> Play:
    """Runs a playbook of the installed collection by its name."""
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "PYTHONPATH": ""}

    def run(playbook: str, **options: t.Any) -> harness.PlayResult:
        done = harness.run_playbook(lab, playbook, here, environment=environment, **options)
        for name in ("variables.json", "stats.json"):  # of the harness
            (here / name).unlink(missing_ok=True)
        return done

    return run


def test_files_outlast_an_upgrade(
    lab: Lab, package: pathlib.Path, installed: pathlib.Path, here: pathlib.Path, play: Play, tmp_path: pathlib.Path
) -> None:
    before = files_in(installed)
    native = {**NATIVE, "native_key_provider_private_cloud": lab.private_cloud, "vcenter_ca_path": "ca.pem"}
    (here / "ca.pem").write_bytes(pathlib.Path(lab.ca_path).read_bytes())
    made = play("native_key_provider", **native)
    assert made.code == 0, made.screen
    # as the projects of AWX do it, whose playbooks lie somewhere else
    (tmp_path / "project").mkdir()
    imports = [
        f"- import_playbook: ovhcloud.vmware_encryption.{name}\n" for name in ("encryption_audit", "key_rotation")
    ]
    (tmp_path / "project/site.yml").write_text("".join(imports))
    done = play(str(tmp_path / "project/site.yml"), **REPORT, **ROTATION)
    assert done.code == 0, done.screen
    kept = {"backups/new/nkp.p12", "dossier.json", "rotation.json"}
    kept |= {f"report/encryption-audit.{kind}" for kind in ("json", "csv", "html")}
    assert kept <= {str(path.relative_to(here)) for path in here.rglob("*")}
    assert files_in(installed) == before
    assert os.listdir(tmp_path / "project") == ["site.yml"]
    # what people read and what is kept for later names whole paths
    backup = str(here / "backups/new/nkp.p12")
    assert f"Backup in {backup}" in made.screen
    assert backup in (here / "dossier.json").read_text()
    assert [(here / name).stat().st_mode & 0o777 for name in ("backups", "backups/new", "report")] == [0o700] * 3

    galaxy("install", "--offline", "--force", "-p", installed, package)
    assert all((here / name).is_file() for name in kept)
    drill = {"recovery_file": "dossier.json", "recovery_drill": True, "recovery_backup_password": PASSWORD}
    drilled = play("recovery", **drill)
    assert drilled.code == 0, drilled.screen
    again = play("native_key_provider", **native)
    assert (again.code, again.changed) == (0, 0), again.screen


def test_requests_and_authorities_are_files_of_here(
    lab: Lab, installed: pathlib.Path, here: pathlib.Path, play: Play
) -> None:
    before = files_in(installed)
    (here / "kms-ca.pem").write_text(lab.external_authority.certificate_pem)
    options = {
        **elsewhere(lab),
        "external_kms_server_ca_file": "kms-ca.pem",
        "external_kms_provider": "team-kms",
        "external_kms_identity": "csr",
        "external_kms_preflight": False,
        "external_kms_wait_interval": 0.01,
    }
    stopped = play("external_kms", **options)
    request = here / "external-kms-team-kms.csr"
    assert stopped.code != 0 and str(request) in stopped.screen, stopped.screen
    (here / "signed.pem").write_text(lab.external_sign(request.read_text()))
    done = play("external_kms", external_kms_certificate_file="signed.pem", **options)
    assert done.code == 0, done.screen
    assert files_in(installed) == before
