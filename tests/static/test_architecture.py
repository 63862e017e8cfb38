# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide on the architecture is true: packages, runners, files and the module shown are those of the source."""

from __future__ import annotations

import pathlib
import re

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import runner
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.pages import documents

ROOT = documents.ROOT
GUIDE = documents.GUIDES / "guide_architecture.rst"
UTILS = ROOT / "plugins/module_utils"
EXAMPLE = ROOT / "plugins/modules/vcenter_info.py"
TEXT = GUIDE.read_text(encoding="utf-8")
_CELL = re.compile(r"^   \* - ``([^`]+)``$", re.MULTILINE)
_PATH = re.compile(r"``((?:[\w.-]+/)+[\w.-]+|[\w-]+\.py)``")


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    after = TEXT.partition(f"\n{title}\n{'-' * len(title)}\n")[2]
    assert after, f"the guide has no section {title}"
    return re.split(r"\n[^\n]+\n-{3,}\n", after)[0]


def packages() -> list[str]:
    """Every folder with code below module_utils."""
    return sorted({str(path.parent.relative_to(UTILS)) for path in UTILS.rglob("*.py")})


def test_guide_names_each_package_and_no_other() -> None:
    named = _CELL.findall(section("Packages"))
    assert sorted(named) == packages(), "mend the table Packages of guide_architecture.rst"


def test_guide_names_each_kind_of_the_runner() -> None:
    kinds = {name for name in vars(runner) if re.fullmatch(r"run(_[a-z]+)?", name)}
    assert set(_CELL.findall(section("A module"))) == kinds


def test_guide_shows_the_module_as_it_is() -> None:
    shown = next(block.text for block in documents.blocks(GUIDE) if block.language == "python")
    code = EXAMPLE.read_text(encoding="utf-8")
    assert shown == code[code.index("SPEC = ") :]
    assert 20 <= shown.count("\n") <= 40, "show another module: this one is no longer short"


@pytest.mark.parametrize("name", sorted(set(_PATH.findall(TEXT))))
def test_files_that_the_guide_names_exist(name: str) -> None:
    places = [ROOT, UTILS, *(path for path in (ROOT / "roles").iterdir() if path.is_dir())]
    assert any((place / name).exists() for place in places), f"{name} is not there"


def test_every_guide_is_in_the_index() -> None:
    index = (ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"- (guide_\w+)", index)
    assert sorted(listed) == sorted(path.stem for path in documents.GUIDES.glob("guide_*.rst"))


def test_readme_and_contributing_lead_to_the_guide() -> None:
    link = str(GUIDE.relative_to(ROOT))
    for name in ("README.md", "CONTRIBUTING.md"):
        assert f"]({link})" in pathlib.Path(ROOT / name).read_text(encoding="utf-8"), name
