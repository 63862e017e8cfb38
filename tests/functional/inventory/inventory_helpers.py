# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a real ansible-inventory against the lab."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
import sys
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUDS = "ovhcloud.vmware_encryption.private_clouds"
VMS = "ovhcloud.vmware_encryption.encrypted_vms"


@dataclasses.dataclass(frozen=True)
class Listed:
    """What ansible-inventory answered: its JSON, or the lines of its graph, and all that it said beside it."""

    code: int
    output: str
    said: str

    @property
    def data(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(self.output, object_hook=_plain))

    @property
    def hosts(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.data["_meta"]["hostvars"])

    def group(self, name: str) -> list[str]:
        """The hosts of a group, sorted; empty when there is no such group."""
        return sorted(self.data.get(name, {}).get("hosts", []))

    def tells(self, text: str) -> bool:
        """Whether it said that; Ansible breaks lines where a screen would end."""
        return "".join(text.split()) in "".join(self.said.split())


def _plain(value: dict[str, t.Any]) -> t.Any:
    """Texts that are no templates are marked in the JSON."""
    return value.get("__ansible_unsafe", value)


def source(folder: pathlib.Path, plugin: str, text: str = "", /, **options: t.Any) -> pathlib.Path:
    """A file of the inventory; `text` is YAML that follows the options."""
    file = folder / f"my.{plugin.rpartition('.')[2]}.yml"
    file.write_text(yaml.safe_dump({"plugin": plugin, **options}, allow_unicode=True) + text)
    return file


def cached(folder: pathlib.Path) -> dict[str, t.Any]:
    """Options of a cache in files below the folder."""
    return {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder / "cache")}


def inventory(
    lab: Lab,
    file: pathlib.Path,
    *arguments: str,
    environment: t.Mapping[str, str] | None = None,
    command: str = "ansible-inventory",
) -> Listed:
    """`ansible-inventory -i file --list`, or with other arguments, as a process of its own."""
    program = str(pathlib.Path(sys.executable).parent / command)
    got = subprocess.run(
        [program, "-i", str(file), *(arguments or ("--list",))],
        env={
            **harness.ansible_environment(file.parent),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
            **(lab.environment() if environment is None else environment),
        },
        cwd=file.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Listed(got.returncode, got.stdout, got.stderr)
