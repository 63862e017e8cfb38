# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the guide on troubleshooting, made from the catalogue of causes in the code.

After a change of these: PYTHONPATH=.cache/collections python -m
ansible_collections.ovhcloud.vmware_encryption.tests.static.troubles
"""

from __future__ import annotations

import pathlib
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import (
    events,
    faults,
    situations,
    states,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Known
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import obstacles

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs/docsite/rst/guide_troubleshooting.rst"
TABLE = ".. list-table:: {}\n"
_KINDS = "The kind of a failure (failure.kind in the result)"
_MESSAGES = "What vCenter or the KMIP server says"
_STATES = "Why a key is not available"
_EVENTS = "Events of vCenter"
_FAULTS = "Why a task of a VM fails"
_SITUATIONS = "What the doctor sees"
_OBSTACLES = "Why a VM is blocked"
Row = tuple[str, str, str]


def tables() -> dict[str, list[Row]]:
    """Rows (known fault, cause, next step) by title."""
    told = dict.fromkeys(known for _pattern, known in (*texts.CERTAIN, *texts.PROBABLE))
    return {
        _MESSAGES: [_row(known.says, known) for known in told],
        _STATES: [_row(state, known) for state, known in states.STATES.items()],
        _EVENTS: [_row(event, known) for known in (*told, *events.OF_EVENTS) for event in known.events],
        _FAULTS: [_row(key, known) for key, known in faults.FAULTS],
        _SITUATIONS: [_row(known.says, known) for known in situations.SITUATIONS],
        _OBSTACLES: [(f"``{rule.code}``", rule.reason, rule.next_step) for rule in obstacles.RULES],
    }


def _row(says: str, known: Known) -> Row:
    return f"``{says}``", known.cause.reason, known.cause.next_step


def kinds() -> list[tuple[str, str]]:
    """Every kind of failure with its meaning."""
    found = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.CollectionError)]
    return [(f"``{one.kind}``", str(one.__doc__).partition("\n")[0]) for one in found if one.kind != "error"]


def _table(title: str, head: t.Sequence[str], rows: t.Sequence[t.Sequence[str]]) -> str:
    lines = [TABLE.format(title), "   :header-rows: 1\n", "\n"]
    for row in [head, *rows]:
        lines += [f"   {'  -' if number else '* -'} {_cell(cell)}\n" for number, cell in enumerate(row)]
    return "".join(lines)


def _cell(text: str) -> str:
    """A sentence, without what reStructuredText would read as mark-up."""
    if text.startswith("``"):
        return text
    plain = re.sub(r"`(\w+)`", r"``\1``", text)
    return plain if plain.startswith(("vCenter", "vSAN")) else plain[:1].upper() + plain[1:]


def with_tables(text: str) -> str:
    """The guide's text with the present tables in the place of the old ones."""
    made = {title: _table(title, ("Known fault", "Cause", "Next step"), rows) for title, rows in tables().items()}
    made[_KINDS] = _table(_KINDS, ("Kind", "Meaning"), kinds())
    for title, table in made.items():
        before, found, after = text.partition(TABLE.format(title))
        assert found, f"the guide has no table {title}"
        text = before + table + re.sub(r"\A(?:[ ].*\n|\n(?=[ ]))*", "", after)
    return text


if __name__ == "__main__":
    GUIDE.write_text(with_tables(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
