# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role says which of its variables stands for which option that messages of its modules name."""

from __future__ import annotations

import ast
import collections
import functools
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.variables import (
    ENVIRONMENT,
    PLAYBOOK,
    connection_of,
    variables_of,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = "ansible.builtin.include_role"
PREFIX = "ovhcloud.vmware_encryption."
ROLES = sorted(path.name for path in (ROOT / "roles").glob("*") if path.is_dir())
Tasks = t.Iterator[dict[str, t.Any]]


def _tasks(node: t.Any) -> Tasks:
    for entry in node or []:
        yield entry
        for part in ("block", "rescue", "always"):
            yield from _tasks(entry.get(part))


def tasks_of(role: str) -> Tasks:
    """Every task of a role, blocks included."""
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        yield from _tasks(yaml.safe_load(path.read_text()))


def pairs_of(role: str) -> str:
    """What the role says in the environment of its tasks."""
    found = [(task.get("environment") or {}).get(ENVIRONMENT, "") for task in tasks_of(role)]
    return " ".join(found).strip()


def specification(role: str) -> dict[str, t.Any]:
    """The variables of a role."""
    path = ROOT / "roles" / role / "meta/argument_specs.yml"
    return t.cast("dict[str, t.Any]", yaml.safe_load(path.read_text())["argument_specs"]["main"].get("options") or {})


@functools.cache
def spoken() -> str:
    """All texts in the code of the modules that are for people, without docstrings and documentation."""
    texts = []
    for path in [*(ROOT / "plugins/module_utils").rglob("*.py"), *(ROOT / "plugins/modules").glob("*.py")]:
        tree = ast.parse(path.read_text())
        silent = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr)
            or (
                isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("DOCUMENTATION", "EXAMPLES", "RETURN")
            )
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
                texts.append(node.value)
    return "\n".join(text for text in texts if " " in text.strip())


def is_spoken_of(option: str) -> bool:
    """Whether a message names the option in the way in which it is translated."""
    after = r"(?!\w)" if "_" in option else r"(?==|: (?:true|false)\b)"
    return option != "name" and re.search(rf"(?<![\w./-]){option}{after}", spoken()) is not None


def set_by(role: str) -> dict[str, set[str]]:
    """By option of a module: the variables of the role that its tasks set it by."""
    known = specification(role)
    found: dict[str, set[str]] = collections.defaultdict(set)
    for task in tasks_of(role):
        for module in (name for name in task if name.startswith(PREFIX) and isinstance(task[name], dict)):
            for option, value in task[module].items():
                if not isinstance(value, str):
                    continue
                names = {f"{role}_{name}" for name in re.findall(rf"\b(?:__{role}_options\.|{role}_)(\w+)", str(value))}
                found[option] |= names & set(known)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_names_of_a_role_are_its_variables(role: str) -> None:
    known, pairs = specification(role), dict(word.split("=") for word in pairs_of(role).split())
    assert [variable for variable in pairs.values() if variable not in known] == []
    included = [str(task[INCLUDE]["name"]).rpartition(".")[2] for task in tasks_of(role) if INCLUDE in task]
    tasks = [task for one in (role, *included) for task in tasks_of(one)]
    options = {name for task in tasks for key in task if key.startswith(PREFIX) for name in task[key] or {}}
    assert [pair for pair in pairs if pair.rpartition(".")[2] not in options] == []


@pytest.mark.parametrize("role", [role for role in ROLES if role != "preflight"])  # which speaks for other roles
def test_each_option_that_messages_name_has_its_variable(role: str) -> None:
    text = pairs_of(role)
    modules = {word.partition(".")[0] for word in text.split() if "." in word.partition("=")[0]}
    told = {
        **variables_of(text, ""),
        **{key: value for one in modules for key, value in variables_of(text, one).items()},
    }
    missing = {
        option: variables
        for option, variables in set_by(role).items()
        if len(variables) == 1 and is_spoken_of(option) and variables != {option} and told.get(option) not in variables
    }
    assert missing == {}


def test_options_that_messages_name_are_found() -> None:
    assert is_spoken_of("allow_order") and is_spoken_of("force") and is_spoken_of("wait_timeout")
    assert not is_spoken_of("service_name") and not is_spoken_of("description")


# that of the role awx talks to AWX, whose modules are others'
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "awx")


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_messages_name_the_connection_variables_of_a_playbook(path: pathlib.Path) -> None:
    for play in yaml.safe_load(path.read_text()):
        assert play["environment"][PLAYBOOK] == "true"
        for options in play["module_defaults"].values():
            variables = {
                option: re.findall(r"\b(?:ovhcloud|vcenter)_\w+", str(text))[0] for option, text in options.items()
            }
            assert connection_of(options) == variables


@pytest.mark.parametrize("role", ROLES)
def test_a_role_tells_why_it_stopped_also_for_a_loop(role: str) -> None:
    """The result of a loop only says that an item failed."""
    told = "".join(path.read_text() for path in (ROOT / "roles" / role / "tasks").glob("*.yml"))
    assert re.findall(r"ansible_failed_result\.(?:msg|results)", told) == []


# what modules say who may run without any role; the other packages work for one role each
_OF_MODULES = ("_core", "_http", "_kv", "_kmip", "_ovhcloud", "_records", "_vault", "_vsphere", "_certificates")


_OF_ROLES = ("meant.py",)  # the plan of the role certificate_renewal


def test_modules_name_their_own_options_not_those_of_roles() -> None:
    own = {
        option
        for path in (ROOT / "plugins/modules").glob("*.py")
        for option in re.findall(r"^  (\w+):$", path.read_text(), re.M)
    }
    variables = {name for role in ROLES for name in specification(role)} - own
    found = []
    for package in _OF_MODULES:
        for path in sorted((ROOT / "plugins/module_utils" / package).rglob("*.py")):
            if path.name in _OF_ROLES:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or " " not in node.value:
                    continue
                # a module may point to a role by its name
                text = re.sub(r"\w+(?: of the role \w+ and leave \w+ on)", "", node.value)
                found += [
                    f"{path.name}:{node.lineno} {name}" for name in variables.intersection(re.findall(r"\w+", text))
                ]
    assert found == []
