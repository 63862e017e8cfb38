# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events that extensions/eda/events.yml promises, and how an event differs from its row."""

from __future__ import annotations

import pathlib
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "extensions/eda/events.yml"
_KINDS: dict[str, tuple[type, ...]] = {
    "bool": (bool,), "dict": (dict,), "float": (float, int), "int": (int,), "list": (list,), "str": (str,),
}  # fmt: skip

Row = dict[str, t.Any]


def rows() -> dict[str, Row]:
    """What the file says of each type."""
    return t.cast("dict[str, Row]", yaml.safe_load(FILE.read_text(encoding="utf-8")))


def problems(event: t.Mapping[str, t.Any]) -> list[str]:
    """How an event differs from the row of its type; empty when it does not."""
    row = rows().get(event["type"])
    if row is None:
        return [f"{event['type']} is not in the file"]
    return list(_wrong(event["type"], {key: value for key, value in event.items() if key != "type"}, row["fields"]))


def _wrong(where: str, values: t.Mapping[str, t.Any], fields: t.Mapping[str, Row]) -> t.Iterator[str]:
    for name in sorted({*values} ^ {*fields}):
        yield f"{where}: {name} is {'not in the file' if name in values else 'missing'}"
    for name in sorted({*values} & {*fields}):
        yield from _field(f"{where}.{name}", values[name], fields[name])


def _field(where: str, value: t.Any, row: Row) -> t.Iterator[str]:
    if value is None:
        if not row.get("null"):
            yield f"{where} is null"
    elif not isinstance(value, _KINDS[row["kind"]]) or (isinstance(value, bool) and row["kind"] != "bool"):
        yield f"{where} is {type(value).__name__}, not {row['kind']}"
    elif isinstance(value, dict):
        yield from _wrong(where, value, row["fields"])
    elif isinstance(value, list) and not all(isinstance(item, str) for item in value):
        yield f"{where} is no list of texts"


def sample(kind: str) -> dict[str, t.Any]:
    """An event of that type, made of the samples."""
    return {"type": kind, **_samples(rows()[kind]["fields"])}


def _samples(fields: t.Mapping[str, Row]) -> dict[str, t.Any]:
    return {name: _samples(row["fields"]) if row["kind"] == "dict" else row["sample"] for name, row in fields.items()}


def paths(fields: t.Mapping[str, Row], above: str = "") -> t.Iterator[tuple[str, Row]]:
    """The fields with a value of their own, as a rulebook names them."""
    for name, row in fields.items():
        if row["kind"] == "dict":
            yield from paths(row["fields"], f"{above}{name}.")
        else:
            yield f"{above}{name}", row


def table() -> str:
    """The table of the guide."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 24 40 36", ""]
    lines += ["   * - Type", "     - When", "     - Fields"]
    for kind, row in rows().items():
        names = ", ".join(f"``{name}``" for name, _row in paths(row["fields"]))
        lines += [f"   * - ``{kind}``", f"     - {row['when']}", f"     - {names}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table())
