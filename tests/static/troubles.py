# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the guide on troubleshooting, made from the causes that the code itself knows.

After a change of these: PYTHONPATH=.cache/collections python -m
ansible_collections.ovhcloud.vmware_encryption.tests.static.troubles
"""

from __future__ import annotations

import pathlib
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys import causes
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import obstacles

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs/docsite/rst/guide_troubleshooting.rst"
TABLE = ".. list-table:: {}\n"
# what vCenter, a host or the KMIP server says: one example for each cause; a test shows that each leads there
SAYS = (
    "QLC_ERR_COMMUNICATE",
    "QLC_ERR_VALUE_MISSING",
    "QLC_ERR_SSL",
    "encryptForbiddenWithoutEncryptedProfile",
    "bad certificate",
    "cannot retrieve the requested certificate",
    "keys are missing on the key server",
    "ITEM_NOT_FOUND",
    "the required key was not found",
    "the server is in read-only mode",
    "the operation is not supported by the server",
    "the Create operation failed: GENERAL_FAILURE",
    "disk groups cannot be evacuated",
    "not supported on vSAN ESA",
    "AUTHENTICATION_NOT_SUCCESSFUL",
    "PERMISSION_DENIED",
    "the server is not trusted",
    "no default key provider is set",
    "the key provider requires backup",
    "the host has no TPM",
    "the key is not active",
    "the host is not connected",
    "cannot generate key",
)
_KINDS = "The kind of a failure (failure.kind in the result)"
_MESSAGES = "What vCenter or the KMIP server says"
_STATES = "Why a key is not available"
_OBSTACLES = "Why a VM is blocked"


def tables() -> dict[str, list[tuple[str, str, str]]]:
    """Rows (known fault, cause, next step) by title."""
    told = [(words, causes.cause_of(words) or causes.UNKNOWN_CAUSE) for words in SAYS]
    return {
        _MESSAGES: [(f"``{words}``", cause.reason, cause.next_step) for words, cause in told],
        _STATES: [(f"``{key}``", cause.reason, cause.next_step) for key, cause in states().items()],
        _OBSTACLES: [(f"``{rule.code}``", rule.reason, rule.next_step) for rule in obstacles.RULES],
    }


def states() -> dict[str, causes.Cause]:
    """Reasons of a key's status, as vCenter calls them."""
    return dict(causes._STATUS)


def known_causes() -> set[causes.Cause]:
    """Every cause that the code may name for a message."""
    return {cause for _pattern, cause in (*causes._CERTAIN, *causes._KNOWN)}


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
