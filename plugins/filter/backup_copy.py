# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter backup_copy: what was found at the place of a copy, or what became of the copy."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: backup_copy
short_description: Check a copy of a backup, based on what was read from its host
version_added: 0.1.0
description:
  - Before the copy, returns whether the place can take a copy and whether one is already there.
  - With O(sha256), returns whether the copy is there and is the right file.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: A place, as P(ovhcloud.vmware_encryption.backup_places#filter) returns it.
    type: dict
    required: true
  file:
    description: Result of M(ansible.builtin.stat) for the path, with SHA-256.
    type: dict
    required: true
  folder:
    description: Result of M(ansible.builtin.stat) for the path's folder. If empty, not checked.
    type: dict
    default: {}
  machine_id:
    description: Result of M(ansible.builtin.slurp) for C(/etc/machine-id). A host without one is not a problem.
    type: dict
    default: {}
  ours:
    description: What C(/etc/machine-id) of the control node holds.
    type: str
    default: ""
  written:
    description: Results of the tasks that wrote the copy, in their order.
    type: list
    elements: dict
    default: []
  sha256:
    description: SHA-256 of the file that was to be copied.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Check the copy
  ansible.builtin.assert:
    that: (place | ovhcloud.vmware_encryption.backup_copy(read_back, sha256=backup.sha256)).problem == ''
"""

RETURN = r"""
_value:
  description: The place with what is known about its copy.
  type: dict
  contains:
    problem:
      description: Why there is no good copy, or why none can be made. Empty if all is well.
      type: str
    there:
      description: Whether there is a file that may be a copy. An empty file does not count.
      type: bool
    sha256:
      description: SHA-256 of that file, empty if there is none.
      type: str
    private:
      description: Whether nobody else can read it, and it has the requested owner and group.
      type: bool
    mtime:
      description: When it was written.
      type: float
    same_machine:
      description: Whether the host seems to be the control node itself, although its connection is not local.
      type: bool
    changed:
      description: Whether something was written.
      type: bool
"""

TAKES = "a place of backup_places and results about its file"
Facts = t.Mapping[str, t.Any]
LONGEST = 300  # characters that are shown of what a host has answered


def backup_copy(
    place: Facts,
    file: Facts,
    folder: Facts | None = None,
    machine_id: Facts | None = None,
    ours: str = "",
    written: t.Sequence[Facts] = (),
    sha256: str = "",
) -> dict[str, t.Any]:
    """The place with what is known about its copy."""
    if not isinstance(place, t.Mapping) or "label" not in place:
        raise AnsibleFilterError("backup_copy: the input is not a place of backup_places")
    found = _stat(file)
    there = bool(found.get("isreg")) and found.get("size", 0) > 0
    known = {
        "there": there,
        "sha256": str(found.get("checksum") or "") if there else "",
        "private": _is_private(place, found),
        "mtime": float(found.get("mtime") or 0),
        "same_machine": bool(place.get("outside")) and _is_same(machine_id or {}, ours),
        "changed": any(one.get("changed") for one in written),
    }
    what = _miss(place, known, [*written, file], sha256) if sha256 else _hindrance(place, file, folder or {})
    problem = f"{place['label']}: {what}" if what else ""
    return {**place, **known, "problem": problem}


def _stat(result: Facts) -> Facts:
    found = result.get("stat")
    return found if isinstance(found, t.Mapping) and found.get("exists") else {}


def _said(results: t.Sequence[Facts]) -> str:
    """The first fault in the words of the host or the connection, on one line."""
    for one in results:
        text = " ".join(str(one.get("msg") or "").split())
        if text and (one.get("unreachable") or "stat" not in one):
            return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    return ""


def _is_private(place: Facts, found: Facts) -> bool:
    wanted = ((place.get("owner"), ("pw_name", "uid")), (place.get("group"), ("gr_name", "gid")))
    belongs = all(not name or str(name) in [str(found.get(key)) for key in keys] for name, keys in wanted)
    return found.get("mode") == "0600" and belongs


def _is_same(machine_id: Facts, ours: str) -> bool:
    try:
        theirs = base64.b64decode(str(machine_id.get("content") or "")).decode("ascii", "replace").strip()
    except binascii.Error:
        return False
    return bool(theirs) and theirs == ours.strip()


def _miss(place: Facts, known: Facts, results: t.Sequence[Facts], sha256: str) -> str:
    """Why what was read back is no good copy."""
    said = _said(results)
    if known["sha256"].lower() == sha256.lower():
        # some file systems know no modes, and the tasks say nothing of it
        return "" if known["private"] else said
    if said:
        return said
    if not known["there"]:
        return "the file does not exist after copying"
    return f"what was read back has the SHA-256 {known['sha256']}, not {sha256}"


def _hindrance(place: Facts, file: Facts, folder: Facts) -> str:
    """Why the place can take no copy."""
    if said := _said([file, folder] if folder else [file]):
        return said
    found, around = _stat(file), _stat(folder)
    if found and not found.get("isreg"):
        return "there is something that is not a regular file; name a file"
    if not folder:
        return ""
    parent = str(place["path"]).rpartition("/")[0] or "/"
    user = place.get("own", {}).get("user") or "the user of the connection"
    if not around.get("isdir"):
        return (
            f"the folder {parent} does not exist; create it, so that {user} can write to it and nobody else can enter"
        )
    if not (around.get("writeable") and around.get("executable")):
        return f"{user} cannot write in the folder {parent}"
    return ""


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"backup_copy": shaped(backup_copy, AnsibleFilterError, TAKES)}
