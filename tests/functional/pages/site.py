# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where pages are tried: the sources to clone, the files that readers bring along, and a page from top to bottom."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.pages.documents import ROOT, Block, blocks
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.pages.reader import Answer, Reader, give

FACTS = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
INSTALLED = ".ansible/collections/ansible_collections"


def _listed() -> list[str]:
    """Every file that git knows or would add."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [name for name in found.split("\0") if name and (ROOT / name).is_file()]


def copied(place: pathlib.Path) -> None:
    """Put the collection where ansible-galaxy would install it, which the test of README does in earnest."""
    for name in _listed():
        if not name.startswith("tests/"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)


def sources(folder: pathlib.Path) -> dict[str, str]:
    """Make a repository of this checkout as it is; the variables with which git finds it at the published address."""
    place = folder / "published"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", f"--work-tree={ROOT}", f"--git-dir={place}"]
    subprocess.run([*git, "init", "--quiet"], check=True, cwd=ROOT)
    names = "\0".join(_listed())
    add = ["add", "--pathspec-from-file=-", "--pathspec-file-nul"]
    subprocess.run([*git, *add], check=True, input=names, text=True, cwd=ROOT)
    subprocess.run([*git, "commit", "--quiet", "--message=All of it"], check=True, cwd=ROOT)
    subprocess.run([*git, "config", "core.bare", "true"], check=True, cwd=ROOT)
    give(place)
    settings = {f"url.{place}.insteadOf": f"{FACTS['repository']}.git", "advice.detachedHead": "false"}
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


class Page:
    """A page that a reader works through from top to bottom."""

    def __init__(self, path: pathlib.Path, reader: Reader) -> None:
        self.reader = reader
        self.answers: list[Answer] = []
        self._left = [block for block in blocks(path) if not block.reason]

    def leave_out(self, words: str) -> None:
        """Do nothing with blocks that have these words: this computer lacks what they need."""
        self._left = [block for block in self._left if words not in block.text]

    def until(self, words: str = "") -> None:
        """Write each file, type each command, in order, up to the block with these words; or all that are left."""
        while self._left and not (words and words in self._left[0].text):
            self._work(self._left.pop(0))

    def _work(self, block: Block) -> None:
        if block.file_name:
            self.reader.write(block.file_name, block.text)
        for command in block.commands:
            answer = self.reader.type(command.text)
            self.answers.append(answer)
            wanted = "an error" if command.stops else "success"
            assert (answer.code != 0) == command.stops, (
                f"{block.where}: `{command.text}` ended with code {answer.code}, the page promises {wanted}:\n"
                f"{answer.screen[-6000:]}"
            )

    def screen(self, words: str) -> str:
        """What the first command with these words has shown."""
        return next(answer.screen for answer in self.answers if words in answer.command)


def listing(folder: pathlib.Path) -> dict[str, int]:
    """Files below a folder with their sizes; Python's caches come and go."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.stat().st_size for path in found}
