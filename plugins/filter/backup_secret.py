# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter backup_secret: what was found in a secret that keeps a copy of a backup, or what became of the copy."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: backup_secret
short_description: Check a copy of a backup that is kept in a secret
version_added: 0.1.0
description:
  - Returns the same keys as P(ovhcloud.vmware_encryption.backup_copy#filter), for a place that is a secret.
  - Before the copy, returns whether the place answers and whether a copy is already there.
  - With O(sha256), returns whether the copy is there and is the right file.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: A place, as P(ovhcloud.vmware_encryption.backup_places#filter) returns it.
    type: dict
    required: true
  result:
    description:
      - Result of M(ovhcloud.vmware_encryption.okms_secret) or M(ovhcloud.vmware_encryption.vault_secret).
    type: dict
    required: true
  sha256:
    description: SHA-256 of the file that was to be copied.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Check the copy
  ansible.builtin.assert:
    that: (place | ovhcloud.vmware_encryption.backup_secret(written, sha256=backup.sha256)).problem == ''
"""

RETURN = r"""
_value:
  description: The place with what is known about its copy.
  type: dict
  contains:
    problem:
      description: Why there is no good copy, or why the place cannot be read. Empty if all is well.
      type: str
    there:
      description: Whether there is a file that may be a copy.
      type: bool
    sha256:
      description: SHA-256 of that file, empty if there is none.
      type: str
    private:
      description: Whether the secret keeps its versions as requested.
      type: bool
    mtime:
      description: When it was written.
      type: float
    same_machine:
      description: Always V(false), because a secret is not on the control node.
      type: bool
    changed:
      description: Whether something was written.
      type: bool
"""

TAKES = "a place of backup_places and the result of a module"
USUAL_VERSIONS = 100  # the default of both modules
Facts = t.Mapping[str, t.Any]
LONGEST = 500  # characters that are shown of what a module says


def backup_secret(place: Facts, result: Facts, sha256: str = "") -> dict[str, t.Any]:
    """The place with what is known about its copy."""
    if not isinstance(place, t.Mapping) or "label" not in place:
        raise AnsibleFilterError("backup_secret: the input is not a place of backup_places")
    failure, secret = _part(result, "failure"), _part(result, "secret")
    # nothing is there yet: that is no problem before the copy
    absent = not sha256 and failure.get("kind") == "not_found" and not failure.get("versions")
    found = str(secret.get("sha256") or "")
    what = "" if absent else _problem(result, found, sha256)
    return {
        **place,
        "there": bool(found) and not what,
        "sha256": found,
        "private": _is_kept(place, secret),
        "mtime": _seconds(secret.get("created_at")),
        "same_machine": False,
        "changed": bool(result.get("changed")),
        "problem": f"{place['label']}: {what}" if what else "",
    }


def _part(result: Facts, name: str) -> Facts:
    value = result.get(name)
    return value if isinstance(value, t.Mapping) else {}


def _problem(result: Facts, found: str, sha256: str) -> str:
    if result.get("failed"):
        text = " ".join(str(result.get("msg") or "failed").split())
        return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    if sha256 and found.lower() != sha256.lower():
        return f"what was read back has the SHA-256 {found or 'of nothing'}, not {sha256}"
    return ""


def _is_kept(place: Facts, secret: Facts) -> bool:
    wanted = place.get("max_versions") or USUAL_VERSIONS
    return secret.get("max_versions") == wanted and not secret.get("expires_after")


def _seconds(moment: t.Any) -> float:
    try:
        known = datetime.datetime.strptime(str(moment), "%Y-%m-%dT%H:%M:%SZ")
        return known.replace(tzinfo=datetime.timezone.utc).timestamp()
    except (ValueError, OverflowError):
        return 0.0


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"backup_secret": shaped(backup_secret, AnsibleFilterError, TAKES)}
