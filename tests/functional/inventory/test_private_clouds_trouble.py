# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin private_clouds when its cache or the API is broken."""

from __future__ import annotations

import json
import pathlib
import types
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils import inventory_source
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.inventory.inventory_helpers import (
    CLOUDS,
    cached,
    inventory,
    source,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.inventory.test_private_clouds import (
    CLOUD,
    add_clouds,
    requests,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

BROKEN_CACHES: dict[str, t.Callable[[dict[str, t.Any]], str]] = {
    "cut": lambda data: json.dumps(data)[:40],
    "empty": lambda data: "",
    "no parts": lambda data: json.dumps({"options": data["options"]}),
    "no warnings": lambda data: json.dumps({**data, "parts": {"": {"hosts": data["parts"][""]["hosts"]}}}),
    "texts for hosts": lambda data: json.dumps({**data, "parts": {"": {"hosts": ["a"], "warnings": []}}}),
}


@pytest.mark.parametrize("broken", list(BROKEN_CACHES))
def test_broken_cache_is_read_anew(lab: Lab, tmp_path: pathlib.Path, broken: str) -> None:
    file = source(tmp_path, CLOUDS, **cached(tmp_path))
    first = inventory(lab, file)
    (kept,) = [path for path in (tmp_path / "cache").glob("**/*") if path.is_file()]
    data = json.loads(kept.read_text())
    wrapped = "__payload__" in data  # since ansible-core 2.19
    text = BROKEN_CACHES[broken](json.loads(data["__payload__"]) if wrapped else data)
    kept.write_text(json.dumps({"__payload__": text}) if wrapped and text.endswith("}") else text)
    again = inventory(lab, file)
    assert (again.code, again.hosts) == (0, first.hosts), again.said
    mark = lab.journal.mark()
    assert inventory(lab, file).hosts == first.hosts and requests(lab, mark) == []


def test_cache_of_another_release_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin: t.Any = types.SimpleNamespace(secret=())
    found = []
    for release in ("version: 1.0.0", "version: 1.1.0", "version: 1.1.0"):
        monkeypatch.setattr(inventory_source, "_release", lambda release=release: release)
        found.append(inventory_source.InventorySource._fingerprint(plugin, {"names": []}))
    assert found[0] != found[1] == found[2]
    monkeypatch.undo()
    version = yaml.safe_load((harness.ROOT / "galaxy.yml").read_text())["version"]
    assert version in inventory_source._release()


PARTS = "GET /dedicatedCloud/{serviceName}/vmEncryption"


def test_part_that_the_api_fails_to_give_is_null(lab: Lab, tmp_path: pathlib.Path) -> None:
    add_clouds(lab, 3)
    file = source(tmp_path, CLOUDS, gather=["encryption"], **cached(tmp_path))
    # a whole answer of another shape is not asked for again
    lab.faults.add("rewrite", operation=PARTS, rewrite=lambda body: b"[]")
    listed = inventory(lab, file)
    assert listed.code == 0 and len(listed.hosts) == 3, listed.said
    assert listed.hosts[CLOUD]["private_cloud"]["encryption"] is None
    assert listed.tells(f"{CLOUD}: a part cannot be read and is null: OVHcloud answered the encryption of {CLOUD}")
    mark = lab.journal.mark()
    again = inventory(lab, file)  # the cache did not keep it
    assert again.hosts[CLOUD]["private_cloud"]["encryption"] and requests(lab, mark) and again.said == ""
    mark = lab.journal.mark()
    assert inventory(lab, file).hosts == again.hosts and requests(lab, mark) == []


@pytest.mark.parametrize("count", [1, 5])
def test_api_that_fails_everywhere_ends_the_inventory(lab: Lab, tmp_path: pathlib.Path, count: int) -> None:
    add_clouds(lab, count)
    lab.faults.add("rewrite", operation=PARTS, rewrite=lambda body: b"[]", times=count)
    listed = inventory(lab, source(tmp_path, CLOUDS, gather=["encryption"]))
    assert listed.code != 0 and listed.tells("OVHcloud answered the encryption of")
    assert not listed.tells("is missing from the inventory")
