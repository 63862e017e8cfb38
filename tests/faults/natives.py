# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of the role native_key_provider: alone, with copies on a host, with its backup in secrets."""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.ssh_host import GO, SshHost
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import Okms

NATIVE = "nkp-prod"
SECRET = "vmware/nkp-prod"
Variables = dict[str, t.Any]


def alone(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 3."""
    return {
        "native_key_provider_name": "nkp-prod",
        "native_key_provider_private_cloud": lab.private_cloud,
        "native_key_provider_vsphere_user": lab.vsphere_user_name,
        "native_key_provider_backup_path": str(folder / "nkp.p12"),
        "native_key_provider_backup_password": providers.BACKUP_PASSWORD,
        "native_key_provider_backup_allow_ephemeral": True,
        "native_key_provider_dossier_path": str(folder / "dossier.json"),
    }


@functools.cache
def backup_host() -> SshHost:
    """The one of this process."""
    host = SshHost()
    atexit.register(host.close)
    return host


def copies(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 3 with a copy on a host reached by ssh; each start of the Python there is a request that can go wrong."""
    host = backup_host()

    def heard(program: str) -> str:
        lab.journal.record(host.name, program, "read")
        rule = lab.faults.pick(host.name, program)
        return rule.action if rule else GO

    host.heard = heard
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {host.name: host.variables()}}}))
    (folder / "vault").mkdir(mode=0o700, exist_ok=True)
    variables = alone(lab, folder)
    places = [{"host": host.name, "path": str(folder / "vault/copy.p12")}]
    return {**variables, "native_key_provider_backup_copies": places}


def copies_lost(lab: Lab, folder: pathlib.Path) -> Variables:
    """The next job: vCenter has lost the provider and the container its file, so the copy is the way back."""
    lab.vcenter.lose_providers()
    (folder / "nkp.p12").unlink()
    return {**copies(lab, folder), "native_key_provider_restore_from": str(folder / "nkp.p12")}


def copied_before_default(lab: Lab, folder: pathlib.Path) -> list[str]:
    """A default provider has a copy of its backup on the host."""
    copy, backup = folder / "vault/copy.p12", folder / "nkp.p12"
    if lab.vcenter.crypto.default != NATIVE:
        return []
    if not copy.exists():
        return [f"{NATIVE} is the default, and its backup has no copy"]
    same = not backup.exists() or copy.read_bytes() == backup.read_bytes()
    return [] if same else [f"{NATIVE} is the default, and the copy is not its backup"]


def _backup_domain(lab: Lab) -> Okms:
    """The OKMS domain for backups; made when it is not there yet."""
    known = [domain for domain in lab.ovhcloud.state.okms.values() if domain.display_name == "backups"]
    return known[0] if known else lab.ovhcloud.new_okms(lab.region, "backups")


def places(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 3 with its backup in Secret Manager of OKMS and in Vault."""
    places = [
        {"okms_secret": _backup_domain(lab).okms_id, "path": SECRET},
        {"vault": lab.vault.url, "path": SECRET},
    ]
    return {
        **alone(lab, folder),
        "native_key_provider_backup_places": places,
        "ovhcloud_access_token": lab.ovhcloud.keys.access_token,
    }


def places_lost(lab: Lab, folder: pathlib.Path) -> Variables:
    """The next job, in a container of its own: vCenter has lost the provider and the file is gone."""
    lab.vcenter.lose_providers()
    (folder / "nkp.p12").unlink()
    return {**places(lab, folder), "native_key_provider_restore_from": str(folder / "nkp.p12")}


def placed_before_default(lab: Lab, folder: pathlib.Path) -> list[str]:
    """A default provider has its backup as the newest version of both secrets, and no version is ever lost."""
    stores = {"OKMS": _backup_domain(lab).secrets, "Vault": lab.vault.store}
    found = {name: store.secrets.get(SECRET) for name, store in stores.items()}
    lost = [name for name, one in found.items() if one and sorted(one.versions) != list(range(1, one.current + 1))]
    problems = [f"{name} has lost a version of the backup" for name in lost]
    if lab.vcenter.crypto.default != NATIVE:
        return problems
    backup = folder / "nkp.p12"
    ours = hashlib.sha256(backup.read_bytes()).hexdigest() if backup.exists() else ""
    for name, one in found.items():
        newest = (one.versions[one.current].data or {}).get("sha256") if one else None
        if not newest or (ours and newest != ours):
            problems.append(f"{NATIVE} is the default, and its backup is not in {name}")
    return problems
