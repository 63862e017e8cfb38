# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of modules can be copied: their options exist, and their results come from an earlier task."""

from __future__ import annotations

import dataclasses
import importlib
import typing as t

import jinja2
import pytest
import yaml
from jinja2 import nodes

from ansible_collections.ovhcloud.vmware_encryption.tests.static.test_agreement import COLLECTION, MODULES

PREFIX = "ovhcloud.vmware_encryption."
ROLES_ONLY = {"role_options", "workflow_facts"}  # only roles run them, with facts of their own
CONDITIONS = ("that", "when", "failed_when", "until")
JINJA = jinja2.Environment(autoescape=True)
OF_ANSIBLE = {"changed", "failed", "msg", "skipped"}
Task = dict[str, t.Any]


def tasks_of(module: str) -> list[Task]:
    """The examples of a module."""
    text = importlib.import_module(f"{COLLECTION}.plugins.modules.{module}").EXAMPLES
    return t.cast("list[Task]", yaml.safe_load(text))


def calls_of(task: Task) -> t.Iterator[tuple[str, Task]]:
    """The module of this collection that the task runs, and its options."""
    for key, value in task.items():
        if key.startswith(PREFIX):
            yield key[len(PREFIX) :], value or {}


def wrong_options(spec: dict[str, t.Any], given: t.Any) -> t.Iterator[str]:
    """Options that do not exist, lack, or have none of their values; also in dictionaries and lists of them."""
    former = {alias for option in spec.values() for alias in option.get("aliases", ())}
    for entry in given if isinstance(given, list) else [given]:
        if not isinstance(entry, dict):  # a template
            continue
        yield from (f"{name} does not exist" for name in entry if name not in spec and name not in former)
        for name, option in spec.items():
            if name not in entry:
                yield from [f"{name} is missing"] if option.get("required") else []
                continue
            value = entry[name]
            values = value if isinstance(value, list) else [value]
            plain = [one for one in values if not isinstance(one, dict) and "{{" not in str(one)]
            yield from (f"{name} is {one}" for one in plain if one not in option.get("choices", plain))
            yield from (
                f"{name}: {text}" for text in wrong_options(option.get("options", {}), value) if option.get("options")
            )


@pytest.mark.parametrize("module", [name for name in MODULES if name not in ROLES_ONLY])
def test_examples_give_options_that_exist(module: str) -> None:
    wrong = []
    for task in tasks_of(module):
        for name, options in calls_of(task):
            spec = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}").SPEC.options
            wrong += [f"{task['name']}: {text}" for text in wrong_options(spec, options)]
    assert wrong == []


def _templates(value: t.Any, key: str = "") -> t.Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _templates(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _templates(one, key)
    elif isinstance(value, str) and (key in CONDITIONS or "{{" in value):
        yield value if "{{" in value else "{{ " + value + " }}"


def _path(node: nodes.Node) -> list[str]:
    """`found`, `okms`, `id` for found.okms[0].id; nothing for what a filter returns."""
    if isinstance(node, nodes.Getattr):
        above = _path(node.node)
        return [*above, node.attr] if above else []
    if isinstance(node, nodes.Getitem):
        return _path(node.node)
    return [node.name] if isinstance(node, nodes.Name) else []


@dataclasses.dataclass
class Reader:
    """Judges what tasks read, one after the other."""

    returned: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)  # RETURN by registered name

    def wrong(self, task: Task) -> t.Iterator[str]:
        """Results that no earlier task registers, and keys that they do not have."""
        own = {"item", *(task.get("vars") or {})}
        name = task.get("register")
        if name and CONDITIONS[2] in task:  # which looks at the task's own result
            self.learn(task)
        for text in _templates({key: value for key, value in task.items() if key != "name"}):
            for node in JINJA.parse(text).find_all((nodes.Getattr, nodes.Getitem)):
                root, *keys = _path(node) or [""]
                if root and root not in own:
                    yield from self._unknown(root, keys)
        self.learn(task)

    def learn(self, task: Task) -> None:
        """Remember what the task registers or sets."""
        for fact in task.get("ansible.builtin.set_fact") or ():
            self.returned[fact] = {}
        if "register" in task:
            for module, _options in calls_of(task):
                text = importlib.import_module(f"{COLLECTION}.plugins.modules.{module}").RETURN
                self.returned[task["register"]] = yaml.safe_load(text)

    def _unknown(self, root: str, keys: list[str]) -> t.Iterator[str]:
        if root not in self.returned:
            yield f"nothing registers {root}"
            return
        fields: dict[str, t.Any] | None = self.returned[root]
        for key in keys:
            if not fields or key in OF_ANSIBLE:
                return
            if key not in fields:
                yield f"{root} has no {key}"
                return
            fields = fields[key].get("contains")


@pytest.mark.parametrize("module", [name for name in MODULES if name not in ROLES_ONLY])
def test_examples_read_results_that_earlier_tasks_register(module: str) -> None:
    reader = Reader()
    wrong = [f"{task['name']}: {text}" for task in tasks_of(module) for text in reader.wrong(task)]
    assert sorted(set(wrong)) == []


def test_the_reader_finds_wrong_results_and_options() -> None:
    tasks: list[Task] = [
        {"name": "a", f"{PREFIX}vcenter_info": {"hostnme": "vc"}, "register": "found"},
        {"name": "b", "ansible.builtin.debug": {"msg": "{{ found.versions ~ found.build ~ old.x[0].y ~ secret }}"}},
        {"name": "c", "ansible.builtin.assert": {"that": ["found.vcenter == 1", "request.csr.pending"]}},
    ]
    reader = Reader()
    found = [text for task in tasks for text in reader.wrong(task)]
    assert sorted(set(found)) == ["found has no versions", "nothing registers old", "nothing registers request"]
    spec = {"a": {"required": True}, "b": {"choices": ["x"]}, "c": {"options": {"d": {}}}}
    texts = ["z does not exist", "a is missing", "b is y", "c: e does not exist"]
    assert list(wrong_options(spec, {"b": "y", "c": [{"e": 1}], "z": 2})) == texts
