# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word for one thing: texts for users keep to the glossary of the guide on the architecture."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs/docsite/rst/guide_architecture.rst"
# what is not written -> what is
WORDS = {
    r"machines?": "VM, control node, computer",
    r"key servers?": "KMIP server, KMS",
    r"(?:network|KMS) flows?": "KMS entry",
    r"in clear|clear (?:VM|disk|home)s?": "unencrypted",
    r"(?:host|machine) that runs the (?:play|modules?)": "control node",
    r"left alone|leaves? (?:\w+ )?alone|left out": "excluded, skipped, unchanged",
    r"shall|(?:is|are) to be|to be had": "can, must, will",
    r"mends?|mended": "fix, repair",
}
_ALL = re.compile("|".join(rf"\b(?:{words})\b" for words in WORDS), re.IGNORECASE)
# what is quoted: code, options, links, what is not prose; and the long form of VM
_QUOTED = re.compile(
    r"``[^`]*``|`[^`\n]*`|\bR?[VOCEPUMBILS]V?\([^()]*\)|:\w+:`[^`]*`|<[^<>\n]*>|https?://\S+|\{\{.*?\}\}|"
    r"virtual machines?|\*Machine\* credential|machine id\b",
    re.IGNORECASE,
)
PAGES = sorted(
    path
    for pattern in ("README.md", "CONTRIBUTING.md", "docs/docsite/rst/*.rst", "roles/*/README.md")
    for path in ROOT.glob(pattern)
    if path != GLOSSARY
)


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


def test_glossary_names_what_is_not_written() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    shown = text[text.index("\nGlossary\n") :]
    for words in ("machine", "key server", "network flow, KMS flow", "clear, in clear", "left alone, left out"):
        assert f"     - {words}" in shown, words
