# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreters of this computer that can make a virtual environment."""

from __future__ import annotations

import functools
import os
import pathlib
import subprocess
import sys

Version = tuple[int, int]

PROBE = "import ensurepip, ssl, sys, venv; print(*sys.version_info[:2])"
OLDEST, NEWEST = (3, 9), (3, 14)


def _folders() -> list[pathlib.Path]:
    """Folders to look in. Without shims: they exist for versions that they then refuse to start."""
    on_path = [pathlib.Path(part) for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv") / "versions"
    return [folder for folder in on_path if "shims" not in folder.parts] + sorted(pyenv.glob("*/bin"), reverse=True)


def _works(path: pathlib.Path, version: Version) -> bool:
    try:
        done = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.split() == [str(part) for part in version]


@functools.cache
def available() -> dict[Version, pathlib.Path]:
    """Version to interpreter, newest first; the interpreter that runs us is preferred for its own version."""
    own = pathlib.Path(getattr(sys, "_base_executable", "") or sys.executable)
    found: dict[Version, pathlib.Path] = {}
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        version = (3, minor)
        paths = [folder / f"python3.{minor}" for folder in _folders()]
        if version == sys.version_info[:2]:
            paths.insert(0, own)
        working = next((path for path in paths if path.exists() and _works(path, version)), None)
        if working:
            found[version] = working
    return found


def pick(wanted: tuple[Version, ...]) -> tuple[Version, pathlib.Path] | None:
    """The first of the wanted versions that this computer has."""
    return next(((version, available()[version]) for version in wanted if version in available()), None)


def text(version: Version) -> str:
    """The version as people write it."""
    return ".".join(map(str, version))
