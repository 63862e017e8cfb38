# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Former names keep working until 2.0.0, and the documentation says so."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers import former as options
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import FORMER

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
COLLECTION = "ansible_collections.ovhcloud.vmware_encryption"


def _records(contains: dict[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    """The keys of each record in a module's RETURN, at any depth."""
    yield contains
    for entry in contains.values():
        yield from _records(entry.get("contains") or {})


@pytest.mark.parametrize("name", MODULES)
def test_renamed_result_is_documented_under_both_names(name: str) -> None:
    returned = yaml.safe_load(importlib.import_module(f"{COLLECTION}.plugins.modules.{name}").RETURN) or {}
    for record in _records(returned):
        for new, former in FORMER.items():
            if new not in record:
                continue
            entry = record[former.name]
            text = " ".join(entry["description"])
            assert f".{new})" in text and "former name" in text and "until 2.0.0" in text, new
            assert entry["returned"] == "until 2.0.0"
            # each word that is another one there
            assert all(f"V({old})" in text for word, old in former.words.items() if f"V({word})" in text)


def test_some_module_returns_each_renamed_key() -> None:
    keys = set()
    for name in MODULES:
        returned = yaml.safe_load(importlib.import_module(f"{COLLECTION}.plugins.modules.{name}").RETURN) or {}
        keys |= {key for record in _records(returned) for key in record}
    only_in_reports = {"category", "topic", "unencrypted_parts"}
    assert set(FORMER) - keys == only_in_reports


@pytest.mark.parametrize(("name", "former"), options.FORMER.items())
def test_former_option_of_a_role_is_in_its_readme_only(name: str, former: str) -> None:
    specs = {path.parent.parent.name: path for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")}
    role = next(role for role, path in specs.items() if f"\n      {name}:" in path.read_text(encoding="utf-8"))
    text = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert f"`{former}` (now `{name}`)" in text and text.count(former) == 1
    pages = [*(ROOT / "docs/docsite/rst").glob("*.rst"), *(ROOT / "extensions").rglob("*.yml"), ROOT / "README.md"]
    pages += [*(ROOT / "roles").rglob("tasks/*.yml"), *(ROOT / "roles").glob("*/defaults/main.yml")]
    known = ROOT / "roles/recovery/tasks"  # it reads older dossiers
    assert [path for path in pages if former in path.read_text(encoding="utf-8") and known not in path.parents] == []


@pytest.mark.parametrize("name", MODULES)
def test_former_option_of_a_module_warns_until_2_0_0(name: str) -> None:
    module = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
    for option in (module.SPEC.options if hasattr(module, "SPEC") else {}).values():
        said = option.get("deprecated_aliases", [])
        assert [one["name"] for one in said] == option.get("aliases", [])
        assert {one["version"] for one in said} <= {"2.0.0"}
