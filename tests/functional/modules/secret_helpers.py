# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two places for files in secrets, so that one test is for both."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kv import KvSecret, KvStore

PATH = "vmware/nkp-prod"
# what the documentation of okms_secret asks for, to write and to read back
RIGHTS = [
    "okms:apiovh:resource/get",
    "okms:apiovh:secret/get",
    "okms:apikms:secret/get",
    "okms:apikms:secret/version/getData",
    "okms:apikms:secret/create",
    "okms:apikms:secret/version/create",
    "okms:apikms:secret/updateMetadata",
]


@dataclasses.dataclass
class Place:
    """A module with the options that lead it to a store of the lab."""

    lab: Lab
    module: str
    options: dict[str, t.Any]
    store: KvStore
    system: str

    def run(self, check: bool = False, **more: t.Any) -> harness.ModuleResult:
        """The module."""
        return harness.run_module(self.module, check, True, **{**self.options, "path": PATH, **more})

    def writes(self, since: int = 0) -> list[str]:
        """Operations that may have changed something."""
        return [entry.operation for entry in self.lab.journal.writes(since)]

    @property
    def secret(self) -> KvSecret:
        """The one in the store."""
        return self.store.secrets[PATH]

    def put(self, *contents: bytes) -> None:
        """Versions as the module writes them, by somebody else."""
        for content in contents:
            current = self.store.secrets[PATH].current if PATH in self.store.secrets else 0
            self.store.write(PATH, stored(content), current)


def stored(content: bytes) -> dict[str, str]:
    """The data of a secret that holds this file."""
    return {"content_base64": base64.b64encode(content).decode(), "sha256": hashlib.sha256(content).hexdigest()}


def okms_place(lab: Lab, token: str = "") -> Place:
    """A new domain; by default the account's own token."""
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    options = {
        "endpoint": lab.ovh_endpoint,
        "access_token": token or lab.ovhcloud.keys.access_token,
        "ca_path": str(lab.ca_path),
        "okms_id": domain.okms_id,
    }
    return Place(lab, "okms_secret", options, domain.secrets, "ovhcloud")


def vault_place(lab: Lab) -> Place:
    """The engine of the lab's Vault."""
    return Place(lab, "vault_secret", harness.connection(lab, "vault"), lab.vault.store, "vault")


PLACES: dict[str, t.Callable[[Lab], Place]] = {"okms_secret": okms_place, "vault_secret": vault_place}


def a_file(folder: pathlib.Path, content: bytes = b"first backup", name: str = "nkp.p12") -> str:
    """A file with that content."""
    path = folder / name
    path.write_bytes(content)
    return str(path)
