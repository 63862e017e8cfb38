# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page tells its reader to type: files (their first line is a comment with their name) and commands, in order.

A block that cannot run against the lab has a comment with the reason before it: `<!-- not run: reason -->` in Markdown,
`.. not run: reason` in reStructuredText. A command that is expected to stop says so: `command   # stops: reason`.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[3]
GUIDES = ROOT / "docs" / "docsite" / "rst"
README = ROOT / "README.md"
SHELLS = ("shell", "bash", "sh", "console")
SAMPLES = ("text", "")  # what is shown on a screen, not what is typed

_MARKDOWN = re.compile(
    r"""(?:<!--[ ]not[ ]run:[ ](?P<reason>[^>]+)[ ]-->\n+)?
    ^```(?P<language>\w*)\n (?P<text>.*?) ^```$""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_RST = re.compile(
    r"""(?:^\.\.[ ]not[ ]run:[ ](?P<reason>.+)\n\n+)?
    ^\.\.[ ]code-block::[ ]?(?P<language>\w*)\n\n (?P<text>(?:[ ]{4}.*\n|\n)+)""",
    re.MULTILINE | re.VERBOSE,
)
_NAME = re.compile(r"# ([\w.-]+\.(?:ya?ml|cfg|ini))(?:\s|$)")
_STOPS = re.compile(r"\s#\s*stops\b")


@dataclasses.dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: str
    line: int
    language: str
    text: str
    reason: str = ""  # why it is not run

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.page}:{self.line}"

    @property
    def file_name(self) -> str:
        """Name of the file that the block shows; empty for others."""
        found = _NAME.match(self.text) if self.language not in SHELLS else None
        return found[1] if found else ""

    @property
    def commands(self) -> list[Command]:
        """The commands of a block for a shell; lines that end with a backslash go on."""
        if self.language not in SHELLS:
            return []
        joined = re.sub(r"\\\n\s*", "", self.text)
        lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
        return [Command(line, bool(_STOPS.search(line))) for line in lines]


@dataclasses.dataclass(frozen=True)
class Command:
    """One command; `stops` says that the page expects it to end with an error."""

    text: str
    stops: bool = False


def blocks(page: pathlib.Path) -> list[Block]:
    """All code blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    pattern = _MARKDOWN if page.suffix == ".md" else _RST
    return [
        Block(
            page.name,
            text.count("\n", 0, found.start("text")) + 1,
            found["language"],
            textwrap.dedent(found["text"]).strip("\n") + "\n",
            " ".join((found["reason"] or "").split()),
        )
        for found in pattern.finditer(text)
    ]


def unclear(block: Block) -> str:
    """Why nobody can tell what to do with a block; empty when it is a file, a command, a sample or marked."""
    if block.reason or block.language in SAMPLES or block.file_name or block.commands:
        return ""
    return f"{block.where}: neither a file with its name in the first line, nor commands, nor marked as not run"


def pages() -> list[pathlib.Path]:
    """README and the guides."""
    return [README, *sorted(GUIDES.glob("*.rst"))]
