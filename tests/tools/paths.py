# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are. Everything that the driver writes is below .cache."""

from __future__ import annotations

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
VENVS = CACHE / "venvs"
LOGS = CACHE / "logs"
BYTECODE = CACHE / "bytecode"
RESULTS = CACHE / "results"
REQUIREMENTS = ROOT / "tests" / "requirements"
LAB_NAMES = ROOT / "tests" / "lab" / "names.py"
RUNTIME_REQUIREMENTS = ROOT / "meta" / "ee-requirements.txt"
LOCK = ROOT / "meta" / "ee" / "requirements.lock"
LOWEST_REQUIREMENTS = ROOT / "tests" / "unit" / "requirements.txt"

IN_TREE = pathlib.PurePath("ansible_collections", "ovhcloud", "vmware_encryption")

LINK_TREE = CACHE / "collections"
COPY_TREE = CACHE / "ansible-test"
COPY = COPY_TREE / IN_TREE


def shown(path: pathlib.Path) -> str:
    """The path as a person at the top of the checkout would type it."""
    return str(path.relative_to(ROOT)) if ROOT in path.parents else str(path)
