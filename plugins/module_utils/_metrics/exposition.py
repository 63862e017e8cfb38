# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus' text format: families of gauges, each with HELP and TYPE, and escaped labels. Pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t

Labels = t.Mapping[str, str]
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")


@dataclasses.dataclass(frozen=True)
class Family:
    """All samples of one metric. A gauge, whose name never ends in _total: nothing here only counts up."""

    name: str
    help: str
    samples: t.Sequence[tuple[Labels, float]]


def exposition(families: t.Iterable[Family]) -> str:
    """The text of the file. It omits families without samples."""
    return "".join(_family(one) for one in families if one.samples)


def _family(family: Family) -> str:
    if not _NAME.fullmatch(family.name) or family.name.endswith("_total"):
        raise ValueError(f"{family.name!r} is no name of a gauge")
    lines = [f"# HELP {family.name} {_escaped(family.help)}", f"# TYPE {family.name} gauge"]
    # a series that stands twice would make Prometheus refuse the file; the smallest value is the most urgent one
    series: dict[str, float] = {}
    for labels, value in family.samples:
        key = _labels(labels)
        series[key] = min(value, series.get(key, value))
    lines += [f"{family.name}{key} {_number(value)}" for key, value in sorted(series.items())]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    wrong = [name for name in labels if not _LABEL.fullmatch(name)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no name of a label")
    pairs = [f'{name}="{_escaped(text, quotes=True)}"' for name, text in labels.items()]
    return "{" + ",".join(pairs) + "}" if pairs else ""


def _escaped(text: str, quotes: bool = False) -> str:
    r"""Backslash and line end as \\ and \n, in labels the quotation mark too; what else breaks lines is a blank."""
    made = re.sub(r"[\r\v\f\x1c-\x1e\x85\u2028\u2029\0]", " ", text).replace("\\", r"\\").replace("\n", r"\n")
    return made.replace('"', r"\"") if quotes else made


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
