# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes a report, where, and with which version of this collection."""

from __future__ import annotations

import getpass
import json
import pathlib
import re
import socket
import typing as t


def run_by(given: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Who runs the audit, where, and in which job."""
    found = {"user": str(given.get("user") or _user()), "control_node": socket.gethostname()}
    return {**found, "job": str(given["job"])} if given.get("job") else found


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as containers have
        return ""


def collection_version() -> str:
    """The version of this collection, installed or in a checkout; empty when neither file tells it."""
    root = pathlib.Path(__file__).resolve().parents[3]
    manifest, source = root / "MANIFEST.json", root / "galaxy.yml"
    if manifest.exists():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    found = re.search(r"^version: *(\S+)", source.read_text(encoding="utf-8"), re.M) if source.exists() else None
    return found[1] if found else ""
