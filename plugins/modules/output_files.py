#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: output_files
short_description: Check that files can be written, and create their folders
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Checks all paths to which a play will write, before the play changes anything. All roles of this collection
    that write files run it before their first change.
  - It refuses a path if a folder, a symbolic link or a FIFO is in its place, if its folder is full or not
    writable, and if it lies in a job's container and so would vanish with it.
  - It also refuses an existing file whose content is not of the kind that O(files[].content) names.
  - It creates missing folders with mode 0700, once all paths are good. It leaves files unchanged. A temporary file
    proves that there is space; in check mode, the module only reads how much the file system has left.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_files
  - ovhcloud.vmware_encryption._volumes
options:
  files:
    description: The paths.
    type: list
    elements: dict
    required: true
    suboptions:
      option:
        description: Name of this path in messages, usually the variable that holds it.
        type: str
        required: true
      path:
        description: Where the file or the folder will be, an absolute path. If empty, the entry is ignored.
        type: path
      folder:
        description: Whether it is a folder into which files are put.
        type: bool
        default: false
      follow:
        description: Whether the program that writes the file follows a symbolic link. Otherwise, links are refused.
        type: bool
        default: false
      content:
        description:
          - What the file must be if it exists and is not empty, V(dossier) for that of
            M(ovhcloud.vmware_encryption.recovery_dossier), V(state) for that of
            M(ovhcloud.vmware_encryption.campaign_state). Without it, the content is not read.
        type: str
        choices: [dossier, state]
      lasting:
        description: Whether what is written must outlast the job.
        type: bool
        default: true
      room:
        description: Space that is needed, in bytes.
        type: int
        default: 65536
  keep_out:
    description:
      - Folder in which nothing may be written. By default, there is none.
      - The roles name the installed collection, which an upgrade replaces.
    type: path
  prefix:
    description: What messages put before the names of options, for roles.
    type: str
    default: ""
seealso:
  - module: ovhcloud.vmware_encryption.native_key_provider_backup
"""

EXAMPLES = r"""
- name: Check where the report and the dossier go before any change
  ovhcloud.vmware_encryption.output_files:
    files:
      - option: report_folder
        path: "{{ report_folder | ovhcloud.vmware_encryption.absolute_path }}"
        folder: true
      - option: dossier
        path: "{{ dossier | ovhcloud.vmware_encryption.absolute_path }}"
    volumes: [/runner/kept]
"""

RETURN = r"""
files:
  description: The paths, by the name of their option.
  returned: success
  type: dict
  sample:
    dossier: /srv/vmware/dossier.json
folders:
  description: Folders that were made, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/srv/vmware]
"""

import dataclasses
import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    suboptions,
    text,
    volumes_option,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import Reserved
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.job_container import inside
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_action
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import read_record, usable
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import (
    ROOM,
    check_file,
    check_folder,
    check_lasting,
    missing_folders,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.campaigns import loaded_state
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.dossier import loaded_dossier
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import ShapeError

FILE = ArgSpec(
    option=text(required=True),
    path=file_path(),
    folder=boolean(default=False),
    follow=boolean(default=False),
    content=text(choices=("dossier", "state")),
    lasting=boolean(default=True),
    room=integer(default=ROOM),
)
SPEC = ArgSpec(
    volumes_option(),
    files=suboptions(FILE, many=True, required=True),
    keep_out=file_path(),
    prefix=text(default=""),
)
_MODE = 0o700
_CONTENTS: dict[str, tuple[str, t.Callable[[str], t.Any]]] = {
    "dossier": ("recovery dossier", loaded_dossier),
    "state": ("state file", loaded_state),
}


@dataclasses.dataclass(frozen=True)
class Target:
    """One path: what it is called, where it is, and the folder in which a file must be made for it."""

    name: str
    path: str
    folder: str
    lasting: bool
    room: int
    content: str | None


class OutputFiles:
    """All paths of one play."""

    def __init__(self, params: dict[str, t.Any]) -> None:
        self._params = params
        self._targets = [self._target(entry) for entry in params["files"] if entry["path"]]

    def perform(self, check_mode: bool) -> dict[str, t.Any]:
        """Judge all of them, then make what is missing."""
        for target in self._targets:
            self._judge(target)
        missing = list(dict.fromkeys(one for target in self._targets for one in missing_folders(target.folder)))
        if not check_mode:
            for folder in missing:
                _make(folder)
            for target in self._targets:
                Reserved(os.path.join(target.folder, "room"), target.room).drop()
        prefix = self._params["prefix"]
        return {
            "changed": bool(missing),
            "files": {target.name[len(prefix) :]: target.path for target in self._targets},
            "folders": missing,
            "diff": {"before": {"folders": []}, "after": {"folders": missing}},
        }

    def _target(self, entry: dict[str, t.Any]) -> Target:
        name, path = self._params["prefix"] + entry["option"], entry["path"]
        if not os.path.isabs(path):
            raise InvalidInputError(f"{name}: {path} is relative; give an absolute path")
        path = os.path.realpath(path) if entry["follow"] else os.path.abspath(path)
        folder = path if entry["folder"] else os.path.dirname(path)
        return Target(name, path, folder, entry["lasting"], entry["room"], entry["content"])

    def _judge(self, target: Target) -> None:
        if target.folder != target.path:
            check_file(target.name, target.path)
        check_folder(target.name, target.folder, target.room)
        closed = self._params["keep_out"]
        if closed and inside(os.path.realpath(target.path), os.path.realpath(closed)):
            raise InvalidInputError(
                f"{target.name}: {target.path} lies in the installed collection, and an upgrade would remove it; "
                "nothing was changed. Choose another folder"
            )
        if target.lasting:
            option = f"{self._params['prefix']}volumes"
            how = f"name the volume in {option} (or in VMWARE_ENCRYPTION_VOLUMES) if it is one that outlives the job"
            check_lasting(target.name, target.path, self._params["volumes"] or [], how)
        if target.content:
            kind, load = _CONTENTS[target.content]
            with usable(kind, target.path, ShapeError):
                load(read_record(target.path, target.name))


def _make(folder: str) -> None:
    try:
        os.mkdir(folder, _MODE)
    except FileExistsError:
        return  # made meanwhile by somebody else
    except OSError as error:
        raise InvalidInputError(f"cannot make the folder {folder}: {error.strerror}") from error


def build(context: Context) -> OutputFiles:
    """Complete the paths."""
    return OutputFiles(context.params)


def main() -> None:
    """Entry point."""
    run_action(SPEC, build)


if __name__ == "__main__":
    main()
