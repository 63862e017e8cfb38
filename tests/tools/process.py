# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a program: its output to a log, its environment free of what the user's shell happens to hold."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
from collections.abc import Mapping, Sequence

from .paths import BYTECODE

# Settings of the user that would change a test, or lead it to a real system.
FOREIGN = ("ANSIBLE_", "OVH_", "OKMS_", "KMIP_", "VMWARE_", "GOVC_", "PYTEST_", "COVERAGE_", "MYPY")
FOREIGN_NAMES = frozenset(
    {
        "PIP_REQUIRE_VIRTUALENV",
        "PYENV_VERSION",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
    }
)


@dataclasses.dataclass(frozen=True)
class Finished:
    """How a program ended; `output` holds both of its streams."""

    code: int
    output: str


class ProgramError(Exception):
    """A program that had to succeed did not; the message holds the end of its output."""


def clean_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a child: ours, less foreign settings, with loopback kept from any proxy.

    Bytecode is kept, beside the checkout's files: to compile them in each of some thousand processes took longer than
    most of what these do.
    """
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN) and name not in FOREIGN_NAMES
    }
    direct = ",".join(filter(None, [kept.get("no_proxy") or kept.get("NO_PROXY"), "localhost,127.0.0.1,::1"]))
    kept.update(no_proxy=direct, NO_PROXY=direct, LC_ALL="C.UTF-8", PYTHONUNBUFFERED="1")
    kept["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    kept.update(changes or {})
    return kept


def run(
    command: Sequence[str | os.PathLike[str]], log: pathlib.Path, cwd: pathlib.Path, environment: Mapping[str, str]
) -> Finished:
    """Run without input; the output is appended to the log under a line that says what ran."""
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**environment, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"$ cd {cwd} && {' '.join(words)}\n{done.stdout}\n")
    return Finished(done.returncode, done.stdout)


def tail(text: str, lines: int = 60) -> str:
    """The last lines, each moved in, to be shown on the screen."""
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-lines:])
