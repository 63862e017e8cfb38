# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters that a path, a URL, a header, a SOAP or a KMIP message cannot hold, in each text option of each module."""

from __future__ import annotations

import importlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_connection_options import NEEDED
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

MODULES = sorted(name for names in harness.GROUPS.values() for name in names)


def spec_of(module: str) -> dict[str, dict[str, t.Any]]:
    """The options of the module."""
    loaded = importlib.import_module(f"{harness.COLLECTION}.plugins.modules.{module}")
    return dict(loaded.SPEC.options)


def free_texts(module: str) -> list[str]:
    """Options that take any text or path."""
    plain = ("str", "path")
    return [name for name, one in spec_of(module).items() if one.get("type") in plain and not one.get("choices")]


def sample(option: dict[str, t.Any]) -> t.Any:
    """Any value that the option takes."""
    if option.get("choices"):
        return option["choices"][0]
    if option["type"] == "list":
        return [] if option.get("options") else ["x"]
    return "x"


def needed(module: str) -> dict[str, t.Any]:
    """What Ansible itself wants before a module begins."""
    required = {name: sample(one) for name, one in spec_of(module).items() if one.get("required")}
    return {**required, **NEEDED.get(module, {})}


@pytest.mark.parametrize("module", MODULES)
def test_impossible_character_is_refused_by_its_option(lab: Lab, run_module: RunModule, module: str) -> None:
    names = free_texts(module)
    assert names
    for name, odd in zip(names, "\x00\x01\x1b\ufffe" * len(names)):
        refused = run_module(module, **{**needed(module), name: f"Planted{odd}value"})
        assert refused["failure"]["kind"] == "invalid_input", (name, refused.msg)
        assert refused.msg.startswith(f"{name} contains an invalid character (U+{ord(odd):04X})"), refused.msg
        assert "Planted" not in refused.msg and "\n" not in refused.msg
    assert lab.journal.entries() == []


def test_null_character_in_a_backup_password_is_no_panic(lab: Lab, run_module: RunModule) -> None:
    options: dict[str, t.Any] = {"name": "p", "path": "p.p12", "allow_ephemeral": True}
    refused = run_module("native_key_provider_backup", backup_password="Planted\x00word-1", **options)
    assert refused.msg.startswith("backup_password contains an invalid character (U+0000)")
    assert "Planted" not in refused.output
