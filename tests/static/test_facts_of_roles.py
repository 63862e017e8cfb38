# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role sets facts for the next node of a workflow: which ones, as its README and the guide say."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._workflow.facts import LISTS, PREFIX, facts_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = "ovhcloud.vmware_encryption.workflow_facts"
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
COMMON = list(facts_of({}, False, {}))
_DOCS = importlib.import_module("ansible_collections.ovhcloud.vmware_encryption.plugins.modules.workflow_facts")
KNOWN: dict[str, t.Any] = yaml.safe_load(_DOCS.RETURN)["ansible_stats"]["contains"]["data"]["contains"]
# the keys of these depend on the role
OF_ROLES = ("counts", "key_counts", "findings", "files")


def tasks_in(value: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Tasks of a file, those in blocks too."""
    for task in value or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_in(task.get(part))


def arguments_of(role: str) -> list[dict[str, t.Any]]:
    """What each task of the role that sets facts hands over, as it is written."""
    files = sorted((ROOT / "roles" / role / "tasks").glob("*.yml"))
    return [task[ACTION] for file in files for task in tasks_in(yaml.safe_load(file.read_text())) if ACTION in task]


def facts_named(role: str) -> dict[str, t.Any]:
    """The facts of the role, by name; their values stand for nothing."""
    return facts_of({}, False, arguments_of(role)[0])


def meaning(name: str, value: t.Any) -> str:
    """What a fact tells, from the documentation of the action; its keys where they depend on the role."""
    text = re.sub(r"[CV]\(([^)]*)\)", r"`\1`", str(KNOWN[name]["description"])).rstrip(".")
    return f"{text}: {', '.join(f'`{key}`' for key in value)}" if name in OF_ROLES else text


def section(role: str) -> str:
    """The section of the role's README."""
    found = {name: value for name, value in facts_named(role).items() if not name.endswith("_more")}
    own = {name: value for name, value in found.items() if name not in COMMON}
    common = ", ".join(f"`{name}`" for name in found if name in COMMON)
    rows = [f"| `{name}` | {meaning(name, value)} |" for name, value in own.items()]
    table = ["", "| fact | meaning |", "|---|---|", *rows] if rows else []
    first = (
        f"The role sets the variable `{PREFIX}{role}` for the next node of an AWX workflow, also in check mode and "
        f"after a failure. It has {common} (see the guide on AWX){' and:' if rows else '.'}"
    )
    return "\n".join(["## Facts for the next job", "", first, *table])


@pytest.mark.parametrize("role", ROLES)
def test_role_sets_its_facts_in_one_task(role: str) -> None:
    found = arguments_of(role)
    assert [one["role"] for one in found] == [role], f"one task with {ACTION}, at the end of tasks/summary.yml"
    assert set(facts_named(role)) <= set(KNOWN)


@pytest.mark.parametrize("role", ROLES)
def test_readme_of_a_role_names_its_facts(role: str) -> None:
    readme = (ROOT / "roles" / role / "README.md").read_text()
    assert section(role) in readme, f"roles/{role}/README.md needs this section:\n\n{section(role)}\n"


def rows_of_guide() -> dict[str, tuple[str, str]]:
    """Name, meaning and roles of each row in the guide's table."""
    guide = (ROOT / "docs/docsite/rst/guide_awx.rst").read_text()
    table = guide[guide.index(".. list-table:: Facts") :]
    rows = re.findall(r"^   \* - ``(\w+)``\n     - (.*)\n     - (.*)$", table.split("\n\n\n")[0], re.MULTILINE)
    return {name: (text, roles) for name, text, roles in rows}


def expected_of_guide() -> dict[str, tuple[str, str]]:
    """The same, from the action's documentation and the roles."""
    setting = {role: facts_named(role) for role in ROLES}
    found = {}
    for name, entry in KNOWN.items():
        roles = [role for role, facts in setting.items() if name in facts]
        text = re.sub(r"[CV]\(([^)]*)\)", r"``\1``", str(entry["description"])).rstrip(".")
        who = "all" if name in COMMON else ", ".join(f"``{role}``" for role in roles)
        if roles and not name.endswith("_more"):
            found[name] = (text, who)
    return found


def test_guide_has_a_row_for_each_fact() -> None:
    wanted = expected_of_guide()
    rows = "\n".join(f"   * - ``{name}``\n     - {text}\n     - {roles}" for name, (text, roles) in wanted.items())
    assert rows_of_guide() == wanted, f"the table in guide_awx.rst needs these rows:\n\n{rows}\n"


def test_no_option_can_have_the_name_of_a_fact() -> None:
    """A fact is an extra variable of the next job: as an option it would override what the user set."""
    names = {name for role in ROLES for name in _options(role)}
    assert [name for name in names if name.startswith(PREFIX)] == []
    # roles warn of variables that begin with their name, and plays read <role>_hosts
    assert [role for role in ROLES if f"{PREFIX}x".startswith(f"{role}_")] == []
    used = "\n".join(path.read_text() for path in (ROOT / "playbooks").glob("*.yml"))
    assert PREFIX not in used


def _options(role: str) -> t.Iterable[str]:
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text()
    return t.cast("dict[str, t.Any]", yaml.safe_load(text)["argument_specs"]["main"]["options"])


def test_every_documented_fact_is_set_by_a_role() -> None:
    found = {name for role in ROLES for name in facts_named(role)}
    assert found == set(KNOWN) - {"hosts", "hosts_more"}
    assert {f"{name}_more" for name in LISTS} <= found
