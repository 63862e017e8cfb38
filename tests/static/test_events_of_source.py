# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: file, code and guide agree, arguments are documented, and filters make what surveys of AWX take."""

from __future__ import annotations

import copy
import re
import types
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.extensions.eda.plugins.event_filter import (
    private_cloud,
    survey_answers,
)
from ansible_collections.ovhcloud.vmware_encryption.extensions.eda.plugins.event_source import vcenter_encryption
from ansible_collections.ovhcloud.vmware_encryption.tests.static import events
from ansible_collections.ovhcloud.vmware_encryption.tests.static.test_agreement import disagreements
from ansible_collections.ovhcloud.vmware_encryption.tests.static.test_layers import ROOT

RULEBOOKS = sorted((ROOT / "extensions/eda/rulebooks").glob("*.yml"))
CODE = (
    *(ROOT / "plugins/module_utils/_vsphere/events").glob("*.py"),
    ROOT / "plugins/module_utils/_ovhcloud/order/watch.py",
    ROOT / "plugins/plugin_utils/event_source.py",
)
FILTERS = (private_cloud, survey_answers)


def documented(plugin: types.ModuleType) -> dict[str, t.Any]:
    """The options of a plugin's documentation."""
    return t.cast("dict[str, t.Any]", yaml.safe_load(plugin.DOCUMENTATION)["options"])


def test_file_lists_exactly_the_events_of_the_code() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in CODE)
    assert set(re.findall(r'"type": "(\w+)"', text)) == set(events.rows())


@pytest.mark.parametrize("kind", events.rows())
def test_sample_of_each_event_fits_its_row(kind: str) -> None:
    assert events.problems(events.sample(kind)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"new": "yes"}, "vm_unencrypted.new is str, not bool"),
        ({"new": None}, "vm_unencrypted.new is null"),
        ({"more": 1}, "vm_unencrypted: more is not in the file"),
        ({"vm": {"moid": "vm-1"}}, "vm_unencrypted.vm: name is missing"),
        ({"type": "vm_lost"}, "vm_lost is not in the file"),
    ],
)
def test_the_comparison_finds_differences(change: dict[str, t.Any], words: str) -> None:
    assert words in events.problems({**events.sample("vm_unencrypted"), **change})


def test_guide_shows_every_event() -> None:
    guide = (ROOT / "docs/docsite/rst/guide_events.rst").read_text(encoding="utf-8")
    assert events.table() in guide, "python -m tests.static.events prints the table"


def test_arguments_of_the_source_are_documented() -> None:
    options = copy.deepcopy(documented(vcenter_encryption))
    spec = copy.deepcopy(vcenter_encryption.SPEC.options)
    own = {"interval", "stuck_hours"}
    # the connection's are those of the modules for OVHcloud, and named in the text
    text = " ".join(options["orders"]["description"])
    assert [name for name in spec["orders"]["options"] if name not in own and f"C({name})" not in text] == []
    spec["orders"]["options"] = {name: spec["orders"]["options"][name] for name in own}
    assert disagreements(spec, options) == []


@pytest.mark.parametrize("plugin", FILTERS, ids=lambda plugin: plugin.__name__.rpartition(".")[2])
def test_arguments_of_filters_are_documented(plugin: types.ModuleType) -> None:
    code = plugin.main.__code__
    assert list(documented(plugin)) == list(code.co_varnames[1 : code.co_argcount])
    assert all(one.get("description") for one in documented(plugin).values())


EVENT = {
    "type": "provider_not_green",
    "provider": {"name": "okms"},
    "reasons": ["one\nline", "two"],
    "initial": False,
    "server": None,
    "days": 3,
    "many": [{"a": 1, "b": True}],
    "meta": {"uuid": "not an answer"},
}


def test_answers_are_flat_texts() -> None:
    assert survey_answers.main(dict(EVENT))["answers"] == {
        "type": "provider_not_green",
        "provider_name": "okms",
        "reasons": "one line; two",
        "initial": "false",
        "server": "",
        "days": "3",
        "many": "a=1, b=true",
    }


@pytest.mark.parametrize("kind", events.rows())
def test_every_event_becomes_texts(kind: str) -> None:
    answers = survey_answers.main(events.sample(kind))["answers"]
    assert all(isinstance(text, str) and "\n" not in text for text in answers.values())
    assert set(answers) == {
        "type",
        *(path.replace(".", "_") for path, _kind in events.paths(events.rows()[kind]["fields"])),
    }


def test_answers_are_cut_named_and_joined_as_asked() -> None:
    found = survey_answers.main(dict(EVENT), key="texts", separator=" / ", longest=8)
    assert found["texts"]["reasons"] == "one l..." and found["texts"]["type"] == "provi..."
    assert survey_answers.main(found, key="texts")["texts"].keys() == found["texts"].keys()
    assert {**found, "texts": None} == {**EVENT, "texts": None}


@pytest.mark.parametrize(
    ("event", "names", "expected"),
    [
        ({"vcenter": "pcc-192-0-2-10.ovh.com"}, None, "pcc-192-0-2-10"),
        ({"vcenter": "PCC-192-0-2-10.ovh.com."}, None, "pcc-192-0-2-10"),
        ({"vcenter": "vc.example.com"}, {"VC.example.com": "pcc-1"}, "pcc-1"),
        ({"vcenter": "vc.example.com"}, {"other.example.com": "pcc-1"}, ""),
        ({}, {"vc.example.com": "pcc-1"}, "pcc-1"),
        ({}, {"a": "pcc-1", "b": "pcc-2"}, ""),
        ({}, None, ""),
    ],
)
def test_private_cloud_is_that_of_the_vcenter(event: dict[str, t.Any], names: t.Any, expected: str) -> None:
    assert private_cloud.main(event, names=names)["private_cloud"] == expected


def conditions(path: t.Any) -> str:
    """All conditions of a rulebook as one text."""
    (ruleset,) = yaml.safe_load(path.read_text(encoding="utf-8"))
    return " ".join(str(rule["condition"]) for rule in ruleset["rules"])


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_rulebook_names_only_events_that_exist(path: t.Any) -> None:
    named = set(re.findall(r'"(\w+)"', conditions(path))) - {"client", "server"}
    assert named and named <= set(events.rows())


def test_awx_rulebook_handles_every_event_that_needs_somebody() -> None:
    quiet = {"provider_green", "vm_unlocked"}
    assert (
        set(re.findall(r'"(\w+)"', conditions(ROOT / "extensions/eda/rulebooks/awx.yml"))) - {"client", "server"}
        == set(events.rows()) - quiet
    )
