# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: files that runs leave to later ones, in today's format and in those of earlier versions."""

from __future__ import annotations

import contextlib
import json
import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records import campaigns, dossier, entries
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import ShapeError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter

from .engine import target
from .inputs import bent, json_text, odd_text

HERE, NOW = VCenter("0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44", "vc"), "2026-10-01T00:00:00Z"


@contextlib.contextmanager
def told() -> t.Iterator[None]:
    """As the modules tell what is wrong in a file."""
    try:
        yield
    except ShapeError as error:
        raise InvalidInputError(f"cannot use /safe/file.json: {error}") from error


SERVER = {"name": "kms", "address": "192.0.2.1", "port": 5696, "username": None}
OKMS = {
    "role": "okms",
    "type": "standard",
    "default": True,
    "servers": [SERVER],
    "key_ids": ["k1"],
    "client_certificate": {"sha256": "AB", "not_after": "2027-01-01T00:00:00Z"},
    "okms": {"id": "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31", "region": "eu-west-rbx", "endpoint": {"port": 5697}},
    "variables": {"okms_private_cloud": "pcc", "okms_id": "7c0f", "okms_identity_urns": ["urn:v1:eu:x"]},
}
NATIVE = {
    "role": "native_key_provider",
    "type": "native",
    "key_id": "k2",
    "backup": {"path": "/safe/nkp.p12", "sha256": "CD", "created_at": "2026-09-01T08:00:00Z"},
    "variables": {
        "native_key_provider_backup_path": "/safe/nkp.p12",
        "native_key_provider_tpm_required": False,
        "native_key_provider_backup_copies": [{"host": "vault", "path": "/nkp.p12"}],
        "native_key_provider_backup_places": [{"vault": "https://v.example.com", "path": "a/b", "max_versions": 3}],
        "native_key_provider_backup_places_required": 1,
    },
}
EXTERNAL = {
    "role": "external_kms",
    "type": "standard",
    "servers": [SERVER],
    "server_certificates": ["AB:CD"],
    "variables": {"external_kms_servers": [SERVER], "external_kms_server_ca": "PEM"},
}
PROVIDERS = {"okms": OKMS, "nkp": NATIVE, "team": EXTERNAL}
OLD = {"format": 1, "vcenter": "vc", "updated_at": NOW, "providers": PROVIDERS}
SECTION = {"id": HERE.id, "name": "vc", "providers": PROVIDERS, "retired": {"old": {**NATIVE, "retired_at": NOW}}}
NEW = {"format": 2, "updated_at": NOW, "vcenters": [SECTION, {**SECTION, "id": "another"}, {**SECTION, "id": ""}]}
DOSSIERS = [OLD, {**OLD, "vcenter": ""}, NEW]


@target("recovery dossiers", st.tuples(json_text(DOSSIERS), bent([OKMS, {}]), st.booleans()))
def _dossier(value: tuple[str, t.Any, bool]) -> None:
    text, entry, retire = value
    change = dossier.DossierChange("okms", entry if isinstance(entry, dict) else {}, retire, "k2")
    with told():
        made = dossier.dumped_dossier(dossier.changed_dossier(dossier.loaded_dossier(text), HERE, change, NOW))
    assert dossier.dumped_dossier(dossier.loaded_dossier(made)) == made


@target("entries of recovery dossiers", st.tuples(json_text(DOSSIERS), st.one_of(st.just(""), odd_text)))
def _entries(value: tuple[str, str]) -> None:
    text, source = value
    with told():
        json.dumps(entries.to_rebuild(dossier.loaded_dossier(text), HERE, source))
    with told():
        json.dumps(entries.read(dossier.loaded_dossier(text), HERE))


STATE_1 = {"format": 1, "vcenter": "vc", "campaign": "c", "key_ids": ["k1"], "power_on": ["vm-1"], "finished": False}
NOTED = {"power_on": [{"id": "vm-1", "run": "a@1"}], "campaigns": {"c": {"key_ids": ["k1"], "finished": True}}}
STATE_2 = {"format": 2, "vcenters": [{"id": HERE.id, "name": "vc", **NOTED}, {"id": "", "name": "vc", **NOTED}]}


@target("state files", json_text([STATE_1, {**STATE_1, "key_ids": None}, STATE_2]))
def _state(text: str) -> None:
    claims = [{"id": "vm-1", "run": "a@1"}]
    change = campaigns.CampaignChange("me", "c", ["k2"], ["vm-2"], ["vm-1", "vm-3"], None, claims)
    with told():
        found = campaigns.loaded_state(text)
        made = campaigns.changed_state(found, HERE, change)
        json.dumps(campaigns.view(made, HERE, change, lambda run: run == "a@1"))
        campaigns.unknown_owners(found, HERE)
        assert campaigns.loaded_state(campaigns.dumped_state(made) or "") == made
