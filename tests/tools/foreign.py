# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collections of others that tests run: Galaxy is not needed, since the package `ansible` carries them."""

from __future__ import annotations

import fcntl
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

from .paths import CACHE

# the last release of the package that carries awx.awx, in version 24.6.1
PACKAGE = "ansible==11.13.0"
PLACE = CACHE / "foreign" / PACKAGE.replace("==", "-")


def awx() -> pathlib.Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH that holds awx.awx and nothing else; made on first use."""
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    with PLACE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not PLACE.is_dir():
            with tempfile.TemporaryDirectory(dir=PLACE.parent) as folder:
                _take(pathlib.Path(folder)).replace(PLACE)
    return PLACE


def _take(folder: pathlib.Path) -> pathlib.Path:
    """The collection, out of the wheel; what the package depends on is left where it is."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    wheel = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.12", "--dest", str(folder), PACKAGE]
    subprocess.run([*pip, *wheel], check=True)
    made = folder / "made"
    with zipfile.ZipFile(next(folder.glob("ansible-*.whl"))) as archive:
        names = [name for name in archive.namelist() if name.startswith("ansible_collections/awx/awx/")]
        archive.extractall(made, names)
    shutil.rmtree(made / "ansible_collections/awx/awx/test", ignore_errors=True)
    return made
