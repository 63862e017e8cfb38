# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a move: what was there before, as the text of a file."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

MOVE_FORMAT = "ovhcloud.vmware_encryption.move"
MOVE_SCHEMA = 1
_KINDS: dict[str, type] = {"provider": str, "source": dict, "target": dict, "virtual_machines": list}


class NotARecordError(ValueError):
    """The text is no record of a move."""


def recorded(made: t.Mapping[str, t.Any]) -> str:
    """The text of the file; what is only for the screen stays out of it."""
    kept = {key: value for key, value in made.items() if key != "table"}
    return dumped_report({"format": MOVE_FORMAT, "schema": MOVE_SCHEMA, **kept})


def loaded_record(text: str) -> dict[str, t.Any]:
    """The record in a text. Raises NotARecordError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotARecordError(f"the record of the move is not JSON: {one_line(str(error))}") from error
    if not isinstance(found, dict) or (found.get("format"), found.get("schema")) != (MOVE_FORMAT, MOVE_SCHEMA):
        raise NotARecordError("this is not the record of a move, which the mode prepare_target writes")
    wrong = sorted(name for name, kind in _KINDS.items() if not isinstance(found.get(name), kind))
    machines = found.get("virtual_machines")
    if wrong or not all(isinstance(one, dict) and one.get("name") for one in machines or []):
        raise NotARecordError(f"a damaged record of a move: {', '.join(wrong) or 'virtual_machines'}")
    return t.cast("dict[str, t.Any]", found)
