# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others keep in the files of a scenario: the dossier has another vCenter, the state file another run at work."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plays import this_play
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

ELSEWHERE = "5c8a3f0e-0000-4000-8000-00000000000a"  # instance UUID of a vCenter with the address of the lab's
ENTRY = {"type": "native", "role": "native_key_provider", "default": True, "key_id": "key of the other vCenter"}


def keep_dossier(lab: Lab, folder: pathlib.Path, provider: str) -> None:
    """A dossier with a key provider of that name in another vCenter."""
    section = {"id": ELSEWHERE, "name": lab.vcenter_hostname, "providers": {provider: ENTRY}, "retired": {}}
    _write(folder / "dossier.json", section)


def in_dossier(lab: Lab, folder: pathlib.Path) -> list[str]:
    """What is broken of it."""
    found = [one["providers"] for one in _sections(folder / "dossier.json") if one["id"] == ELSEWHERE]
    return [] if [list(one.values()) for one in found] == [[ENTRY]] else [f"the dossier has {found} of another vCenter"]


def keep_state(lab: Lab, folder: pathlib.Path, moid: str) -> None:
    """A state file in which another run, which is at work as long as this process, has noted a VM."""
    claim = {"id": moid, "run": this_play("another run")}
    campaign = {"key_ids": ["key-of-another-run"], "finished": False}
    section = {"id": lab.vcenter.settings.instance_uuid, "name": lab.vcenter_hostname, "power_on": [claim]}
    _write(folder / "state.json", {**section, "campaigns": {"of another run": campaign}})


def in_state(lab: Lab, folder: pathlib.Path) -> list[str]:
    """What is broken of it."""
    claims = [claim for one in _sections(folder / "state.json") for claim in one["power_on"]]
    campaigns = [name for one in _sections(folder / "state.json") for name in one["campaigns"]]
    kept = "of another run" in campaigns and any(claim["run"].startswith("another run@") for claim in claims)
    return [] if kept else [f"the state file has lost what another run has noted: {claims}, {campaigns}"]


def _write(path: pathlib.Path, section: dict[str, t.Any]) -> None:
    path.write_text(json.dumps({"format": 2, "vcenters": [section]}))
    path.chmod(0o600)


def _sections(path: pathlib.Path) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", json.loads(path.read_text())["vcenters"])
