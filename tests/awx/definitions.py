# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions as Ansible reads them: files, variables of the role awx, and what Ansible makes of both."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import subprocess
import sys
import typing as t
from inspect import signature

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "extensions/awx/controller"
# what the role awx wants to be told, and something for all that it can be told
LEAST: dict[str, t.Any] = {
    "awx_private_cloud": "pcc-192-0-2-10",
    "awx_image": "registry.example.com/vmware-encryption-ee:0.1.0",
}
EVERYTHING: dict[str, t.Any] = {
    **LEAST,
    "awx_organization": "Platform",
    "awx_project_url": "https://git.example.com/encryption.git",
    "awx_project_branch": "1.0.0",
    "awx_vsphere_user": "admin",
    "awx_region": "eu-west-par",
    "awx_identity_urns": "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip",
    "awx_volume": "/srv/jobs",
    "awx_daily_option": "external_kms",
    "awx_native_name": "nkp-prod",
    "awx_native_tpm_required": "no",
    "awx_kms_servers": '[{"name": "kms1", "address": "kms1.example.net"}]',
    "awx_kms_identity": "ca",
    "awx_notification_url": "https://hooks.example.com/awx",
}
Definitions = dict[str, t.Any]


def plain(value: t.Any) -> t.Any:
    """Without the types in which Ansible keeps marks."""
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, t.Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None else str(value)


def rendered(variables: dict[str, t.Any]) -> Definitions:
    """What Ansible makes of the files; what is marked unsafe stays as it is."""
    loader = DataLoader()
    # from 2.19 on, ansible-core renders only what is said to be a template
    trusted = {"trusted_as_template": True} if "trusted_as_template" in str(signature(loader.load_from_file)) else {}
    raw: dict[str, t.Any] = {}
    for path in sorted(FOLDER.glob("*.yml")):
        raw.update(loader.load_from_file(str(path), **trusted))
    templar = Templar(loader=loader, variables={**raw, **variables})
    return {name: plain(templar.template(value)) for name, value in raw.items() if not name.startswith("vmware_")}


@functools.cache
def _in_a_process(variables: str) -> str:
    """The collections of a process that loads plugins are Ansible's, so it is not the one of the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OVH_", "VMWARE_", "NKP_"))}
    path = os.pathsep.join(sys.path)
    command = [sys.executable, __file__, variables]
    done = subprocess.run(command, env={**kept, "PYTHONPATH": path}, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def read(**variables: t.Any) -> Definitions:
    """All `controller_*` lists for these variables of the role awx; a copy that a test may spoil."""
    return t.cast(Definitions, json.loads(_in_a_process(json.dumps(variables or LEAST, sort_keys=True))))


if __name__ == "__main__":
    init_plugin_loader()
    json.dump(rendered(json.loads(sys.argv[1])), sys.stdout)
