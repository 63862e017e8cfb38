# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two trees in which Ansible's tools see this checkout: one by link, one by copy."""

from __future__ import annotations

import ast
import os
import pathlib
import re
import shutil
import subprocess

from . import process, pythons
from .paths import CACHE, COPY, COPY_TREE, IN_TREE, LINK_TREE, ROOT
from .venvs import Venv

# ansible-test fetches a script that installs pip into its environments; this stands in for it and needs no other host.
GET_PIP = '''\
"""Give the environment that runs this the pip of its own interpreter, then install what was asked for."""
import subprocess
import sys

DROPPED = ("--no-setuptools", "--no-wheel")

subprocess.check_call([sys.executable, "-m", "ensurepip", "--upgrade"])
wanted = [word for word in sys.argv[1:] if word not in DROPPED]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install"] + wanted))
'''


def link() -> pathlib.Path:
    """The tree whose collection is a link to the checkout: for runs, unit tests and types."""
    place = LINK_TREE / IN_TREE
    if not (place.is_symlink() and place.resolve() == ROOT):
        place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(ROOT, place.parent))
    return LINK_TREE


def copy() -> pathlib.Path:
    """A fresh copy of every file that git knows or would add: ansible-test refuses links, linters would follow them."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    # A repository of its own: else the tools ask the one around it, which ignores everything here.
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)
    return COPY


def environment(venv: Venv, collections: pathlib.Path, **changes: str) -> dict[str, str]:
    """For programs of the environment that see one of the trees."""
    path = os.pathsep.join([str(venv.bin), os.environ.get("PATH", os.defpath)])
    return process.clean_environment(
        {
            "PATH": path,
            "PYTHONPATH": str(collections),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_HOME": str(CACHE / "ansible"),
            "ANSIBLE_REMOTE_TMP": str(CACHE / "ansible" / "tmp"),
            **changes,
        }
    )


def ansible_test_environment(venv: Venv) -> dict[str, str]:
    """For ansible-test: real interpreters before shims, and a home folder of its own with pip's settings in a file.

    ansible-test hands HOME and PATH to its environments and drops the rest, so neither PIP_* nor PYENV_VERSION arrive.
    """
    home = COPY_TREE / "home"
    settings = home / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(_pip_settings(venv), encoding="utf-8")
    stand_in = home / ".ansible" / "test" / "cache"
    stand_in.mkdir(parents=True, exist_ok=True)
    for version in _pip_versions(venv):
        (stand_in / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP, encoding="utf-8")
    interpreters = dict.fromkeys(str(path.parent) for path in pythons.available().values())
    path = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if "shims" not in folder]
    cleaned = process.clean_environment()
    return {**cleaned, "HOME": str(home), "PATH": os.pathsep.join([str(venv.bin), *interpreters, *path])}


def _pip_settings(venv: Venv) -> str:
    """Every setting that pip has here, from files and from the environment, as one file."""
    command = [str(venv.python), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines: dict[str, str] = {}
    for found in re.finditer(r"^(?:global|user|site|install|:env:)\.([\w-]+)=('.*'|\".*\")$", listed, re.MULTILINE):
        lines[found[1]] = f"{found[1]} = {ast.literal_eval(found[2])}"
    return "\n".join(["[global]", *lines.values(), ""])


def _pip_versions(venv: Venv) -> list[str]:
    """The pip versions for which this ansible-test would fetch its script."""
    source = next(venv.folder.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py"))
    return sorted(set(re.findall(r"\bpip='(\d+(?:\.\d+)+)'", source.read_text(encoding="utf-8"))))
