# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts from outside, made fit for a file."""

from __future__ import annotations

import re
import typing as t

# what neither HTML nor a table may hold: control characters and halves of surrogate pairs
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(value: t.Any) -> str:
    """A value as text without what no file should hold."""
    return _FORBIDDEN.sub("\ufffd", str(value))
