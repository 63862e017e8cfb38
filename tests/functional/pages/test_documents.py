# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and guides as they are read here: no block escapes, and what is not run says why."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.pages import documents

MARKDOWN = """
<!-- not run: it costs money -->
```shell
order --now
```

```yaml
# a.yml
key: value   # said
```

```shell
first \\
  -e second   # why
stop it   # stops: nobody has signed
```
"""
RST = """
.. not run: it costs money

.. code-block:: bash

    order --now

.. code-block:: yaml

    # a.yml
    key: value

text

.. code-block:: yaml

    - name: Nobody knows what to do with this
"""


def read(folder: pathlib.Path, name: str, text: str) -> list[documents.Block]:
    """The blocks of a page."""
    (folder / name).write_text(text, encoding="utf-8")
    return documents.blocks(folder / name)


def test_markdown_gives_files_commands_and_reasons(tmp_path: pathlib.Path) -> None:
    order, file, shell = read(tmp_path, "page.md", MARKDOWN)
    assert (order.reason, order.line) == ("it costs money", 4)
    assert (file.file_name, file.text, file.commands) == ("a.yml", "# a.yml\nkey: value   # said\n", [])
    assert [(one.text, one.stops) for one in shell.commands] == [
        ("first -e second   # why", False),
        ("stop it   # stops: nobody has signed", True),
    ]


def test_restructured_text_gives_files_commands_and_reasons(tmp_path: pathlib.Path) -> None:
    order, file, unclear = read(tmp_path, "page.rst", RST)
    assert (order.reason, order.text) == ("it costs money", "order --now\n")
    assert file.file_name == "a.yml"
    assert documents.unclear(unclear).startswith("page.rst:17: neither a file")


@pytest.mark.parametrize("page", documents.pages(), ids=lambda path: path.stem)
def test_every_block_is_a_file_commands_or_marked(page: pathlib.Path) -> None:
    text, found = page.read_text(encoding="utf-8"), documents.blocks(page)
    shown = text.count("\n```") // 2 if page.suffix == ".md" else text.count(".. code-block::")
    assert len(found) == shown, "a block was not understood"
    assert [documents.unclear(block) for block in found if documents.unclear(block)] == []


@pytest.mark.parametrize("page", documents.pages(), ids=lambda path: path.stem)
def test_every_file_is_used_by_a_command_of_its_page(page: pathlib.Path) -> None:
    found = documents.blocks(page)
    typed = " ".join(command.text for block in found for command in block.commands)
    unused = [one.file_name for one in found if one.file_name and not one.reason and one.file_name not in typed]
    assert unused == []


@pytest.mark.parametrize("page", documents.pages()[1:], ids=lambda path: path.stem)
def test_every_guide_begins_with_a_command(page: pathlib.Path) -> None:
    assert documents.blocks(page)[0].commands, "the first block of the page is no command"


def test_changelog_page_is_made_from_the_first_release_on() -> None:
    releases = yaml.safe_load((documents.ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]
    settings = yaml.safe_load((documents.ROOT / "docs/docsite/config.yml").read_text(encoding="utf-8"))
    assert settings["changelog"]["write_changelog"] == bool(releases)
