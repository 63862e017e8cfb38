# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event filter survey_answers: an event as flat texts, which the surveys of AWX take."""

from __future__ import annotations

import re
import typing as t

DOCUMENTATION = r"""
short_description: An event as flat texts for AWX's surveys
description:
  - Adds a dictionary in which every value of the event is one text, under the names on its path, joined by underscores.
    C(event.vm.moid) becomes C(event.answers.vm_moid), a list becomes one text, and true and false become C(true) and
    C(false).
  - AWX refuses structured data as the answer to a text question, and a number or boolean as one of the choices.
options:
  key:
    description: Where to put the texts.
    type: str
    default: answers
  separator:
    description: What joins the items of a list.
    type: str
    default: "; "
  longest:
    description: Longest text in characters. Longer ones are cut.
    type: int
    default: 1024
"""

EXAMPLES = r"""
- ovhcloud.vmware_encryption.vcenter_encryption:
    initial: true
  filters:
    - ovhcloud.vmware_encryption.survey_answers:
"""

_BROKEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def main(event: dict[str, t.Any], key: str = "answers", separator: str = "; ", longest: int = 1024) -> dict[str, t.Any]:
    """The event with its texts."""
    own = {name: value for name, value in event.items() if name not in (key, "meta")}
    return {**event, key: {name: _cut(text, int(longest)) for name, text in _flat("", own, separator)}}


def _flat(path: str, value: t.Any, separator: str) -> t.Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(f"{path}_{name}" if path else str(name), item, separator)
    else:
        yield path, _text(value, separator)


def _text(value: t.Any, separator: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return separator.join(_text(item, separator) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_text(item, separator)}" for name, item in value.items())
    return str(value)


def _cut(text: str, longest: int) -> str:
    """On one line."""
    text = _BROKEN.sub(" ", text).strip()
    return text if len(text) <= longest else text[: max(0, longest - 3)] + "..."
