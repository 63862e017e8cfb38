# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word for one thing: texts for users keep to the glossary of the guide on the architecture."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import tokenize
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs/docsite/rst/guide_architecture.rst"
# what is not written -> what is
WORDS = {
    r"machines?": "VM, control node, computer",
    r"key servers?": "KMIP server, KMS",
    r"(?:network|KMS) flows?": "KMS entry",
    r"in clear|clear (?:VM|disk|home)s?": "unencrypted",
    r"(?:host that runs the play|machine that runs)": "control node",
    r"left alone|leaves? (?:\w+ )?alone|left out": "excluded, skipped, unchanged",
    r"shall|(?:is|are) to be|to be had": "can, must, will",
    r"mends?|mended": "fix, repair",
}
_ALL = re.compile("|".join(rf"\b(?:{words})\b" for words in WORDS), re.IGNORECASE)
# what is quoted: code, options, links, what is not prose; and the long form of VM
_QUOTED = re.compile(
    r"``[^`]*``|`[^`\n]*`|\bR?[VOCEPUMBILS]V?\([^()]*\)|:\w+:`[^`]*`|<[^<>\n]*>|https?://\S+|\{\{.*?\}\}|"
    r"virtual machines?|\*Machine\* credential|machine id\b|[\w.]*/machines?\b[\w/.]*",
    re.IGNORECASE,
)
PAGES = sorted(
    path
    for pattern in ("README.md", "CONTRIBUTING.md", "docs/docsite/rst/*.rst", "roles/*/README.md")
    for path in ROOT.glob(pattern)
    if path != GLOSSARY
)


PLUGINS = sorted(
    path for kind in ("modules", "filter", "doc_fragments") for path in (ROOT / "plugins" / kind).glob("*.py")
)
SPECS = sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))
TASKS = sorted([*(ROOT / "roles").glob("*/tasks/**/*.yml"), *(ROOT / "playbooks").glob("*.yml")])


def foreign(text: str) -> list[str]:
    """Words that the glossary replaces, each with its line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), line)
        found += [f"{number}: {one[0]}" for one in _ALL.finditer(plain)]
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_keep_to_the_glossary(path: pathlib.Path) -> None:
    assert foreign(path.read_text(encoding="utf-8")) == []


@functools.cache
def tree_of(path: pathlib.Path) -> ast.Module:
    """A source, parsed once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


def documentation(path: pathlib.Path) -> t.Iterator[tuple[str, str]]:
    """The blocks of documentation in a plugin, each with its name."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            name = getattr(node.targets[0], "id", "")
            if name.isupper() and "\n" in node.value.value:
                yield name, node.value.value


def prose(text: str) -> str:
    """A block of documentation without the keys of its YAML: options and results keep their names."""
    return re.sub(r"^(\s*(?:- )?)[\w.-]+:(?=\s|$)", r"\1", text, flags=re.MULTILINE)


def task_names(value: t.Any) -> t.Iterator[str]:
    """Names of plays, blocks, tasks and handlers, at any depth."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield from [one["name"]] if isinstance(one.get("name"), str) else []
            for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
                yield from task_names(one.get(part) or [])


def messages(path: pathlib.Path) -> t.Iterator[str]:
    """Texts in the code of a plugin: no docstrings, no documentation, and without what is put into them."""
    tree = tree_of(path)
    quiet = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    quiet |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign) and _is_documentation(node)}
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [one.value if isinstance(one, ast.Constant) else "..." for one in parts]
        text = "".join(one for one in texts if isinstance(one, str)) if id(node) not in quiet else ""
        # a pattern is no message, and neither is a single word
        if text.count(" ") >= 2 and not re.search(r"[|\\\n]", text) and texts != ["..."]:
            yield text


def remarks(path: pathlib.Path) -> t.Iterator[str]:
    """Docstrings and comments of a source."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield ast.get_docstring(node) or ""
    with tokenize.open(path) as file:
        yield from (one.string for one in tokenize.generate_tokens(file.readline) if one.type == tokenize.COMMENT)


def _is_documentation(node: ast.Assign) -> bool:
    return getattr(node.targets[0], "id", "").isupper() and "\n" in str(getattr(node.value, "value", ""))


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_documentation_keeps_to_the_glossary(path: pathlib.Path) -> None:
    found = {name: foreign(prose(text)) for name, text in documentation(path)}
    assert {name: words for name, words in found.items() if words} == {}


def test_messages_keep_to_the_glossary() -> None:
    found = {}
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        if texts := [text for text in messages(path) if foreign(text)]:
            found[str(path.relative_to(ROOT))] = texts
    assert found == {}


@pytest.mark.parametrize("folder", ["plugins", "tests"])
def test_docstrings_and_comments_keep_to_the_glossary(folder: str) -> None:
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        if texts := [text for text in remarks(path) if foreign(text)]:
            found[str(path.relative_to(ROOT))] = texts
    found.pop("tests/static/test_words.py", None)
    assert found == {}


def test_names_of_tests_have_at_most_60_characters() -> None:
    names = [
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    ]
    assert len(names) > 2000
    assert [name for name in names if len(name) > 60] == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.parent.parent.name)
def test_options_of_roles_keep_to_the_glossary(path: pathlib.Path) -> None:
    assert foreign(prose(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", TASKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_task_names_keep_to_the_glossary(path: pathlib.Path) -> None:
    names = task_names(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [name for name in names if foreign(name)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The machine runs.\nIt is a VM.", ["1: machine"]),
        ("Virtual machines, the key `machines` and O(machine)", []),
        ("All\nkey servers and a KMS flow", ["2: key servers", "2: KMS flow"]),
        ("Clear the list; disks in clear", ["1: in clear"]),
        ("The clear disks are left alone", ["1: clear disks", "1: left alone"]),
        ("It is to be had", ["1: is to be"]),
    ],
)
def test_the_check_itself_finds_words(text: str, found: list[str]) -> None:
    assert foreign(text) == found


def test_changelog_fixes_nothing_that_was_never_released() -> None:
    """Before the first release, nobody had what was repaired; whoever must know a behaviour reads it as a change."""
    changelog = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    fragments = sorted((ROOT / "changelogs/fragments").glob("*.yml"))
    assert changelog["releases"] or fragments
    if changelog["releases"]:
        return
    found = [path.name for path in fragments if "bugfixes" in yaml.safe_load(path.read_text(encoding="utf-8"))]
    assert found == []


def test_glossary_names_what_is_not_written() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    shown = text[text.index("\nGlossary\n") :]
    for words in ("machine", "key server", "network flow, KMS flow", "clear, in clear", "left alone, left out"):
        assert f"     - {words}" in shown, words
