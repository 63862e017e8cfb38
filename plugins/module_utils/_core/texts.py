# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign texts and values in messages: one line each, cut to a readable length. Pure."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import flat

LONGEST_TEXT, LONGEST_VALUE = 300, 60  # characters


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text on one line, without control characters, cut to a readable length."""
    line = " ".join(flat(text[: 20 * longest]).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def shown(value: t.Any, longest: int = LONGEST_VALUE) -> str:
    """Any value as JSON would write it, on one line, cut to a readable length."""
    try:
        text = json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):  # keys of other types; a number or a nesting beyond Python's limits
        text = f"a {type(value).__name__}"
    return one_line(text, longest)
