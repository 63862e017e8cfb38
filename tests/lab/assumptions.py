# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no source confirms about the real services: reads assumptions.yml, gives the lab's settings their defaults.

Run as a module, it rewrites the table in the guide for development and the copy of the role field_check.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import pathlib
import re
import typing as t

import yaml

FILE = pathlib.Path(__file__).with_name("assumptions.yml")
ROOT = FILE.parents[2]
SHIPPED = ROOT / "roles/field_check/files/assumptions.yml"  # the same, for an installed collection
GUIDE = ROOT / "docs/docsite/rst/guide_development.rst"
PARTS = ("lab", "ovhcloud", "vcenter")
TABLE = ".. list-table:: Assumptions\n"
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PROOF = re.compile(r"test_\w+\.py::test_\w+")

Value = t.Any  # whatever a setting may be: bool, int, str, None, or a tuple of texts


class AssumptionError(ValueError):
    """An entry is wrong; the text names it."""


@dataclasses.dataclass(frozen=True)
class Assumption:
    """One entry of the file."""

    id: str
    assumed: str  # in plain English, of the default
    default: Value
    alternatives: tuple[Value, ...]  # the other values
    source: str  # who says so, or unknown
    depends: tuple[str, ...]  # files of the collection that must work either way
    proof: str  # test_file.py::test_name, which runs once with every value
    setting: str = ""  # part.field of the lab; empty: the test itself plays the values
    seen_by: str = ""  # what the role field_check reads to see it
    not_seen_because: str = ""  # or why reading does not show it

    @property
    def values(self) -> tuple[Value, ...]:
        """The default first."""
        return (self.default, *self.alternatives)


@dataclasses.dataclass(frozen=True)
class Assumed:
    """One value of one entry, as a test gets it."""

    id: str
    setting: str
    value: Value

    def put(self, settings: t.Any) -> t.Any:
        """Give this value to LabSettings (with their parts) or to a running Lab, and return it."""
        part, _dot, field = self.setting.partition(".")
        target = (settings if hasattr(settings, field) else settings.settings) if part == "lab" else settings
        if part != "lab":
            target = getattr(settings, part)
            target = getattr(target, "settings", target)
        if not hasattr(target, field):
            raise AssumptionError(f"{self.id}: the lab has no setting {self.setting}")
        setattr(target, field, self.value)
        return settings


def _frozen(value: t.Any) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _entry(raw: dict[str, t.Any]) -> Assumption:
    name = raw.get("id", "without an id")
    known = {field.name for field in dataclasses.fields(Assumption)}
    missing = known - {"setting", "seen_by", "not_seen_because"} - set(raw)
    if missing or set(raw) - known:
        raise AssumptionError(f"{name}: fields {sorted(missing | (set(raw) - known))} are missing or not known")
    lists = {key: tuple(_frozen(item) for item in raw[key]) for key in ("alternatives", "depends")}
    return Assumption(**{**raw, **lists, "default": _frozen(raw["default"])})


def problems(entries: t.Sequence[Assumption]) -> list[str]:
    """What is wrong with the entries, in words."""
    ids = [entry.id for entry in entries]
    settings = [entry.setting for entry in entries if entry.setting]
    found = [f"{one}: twice" for one in sorted({*ids, *settings}) if max(ids.count(one), settings.count(one)) > 1]
    found += [f"{after}: sort the entries by id" for before, after in zip(ids, ids[1:]) if after < before]
    for entry in entries:
        # True equals 1 for Python, not for a setting
        values = [(type(value), value) for value in entry.values]
        checks = {
            "the id is not in lower case with hyphens": ID.fullmatch(entry.id),
            "no sentence says what is assumed": entry.assumed.endswith("."),
            "no alternative": entry.alternatives,
            "a value twice": all(values.count(one) == 1 for one in values),
            "no source": entry.source,
            "seen_by or not_seen_because is missing, or both are there": bool(entry.seen_by)
            != bool(entry.not_seen_because),
            "nothing depends on it": entry.depends,
            "the proof is not test_file.py::test_name": PROOF.fullmatch(entry.proof),
            f"the setting is not {'|'.join(PARTS)}.field": not entry.setting or entry.setting.split(".")[0] in PARTS,
        }
        found += [f"{entry.id}: {problem}" for problem, holds in checks.items() if not holds]
    return found


@functools.cache
def assumptions(path: pathlib.Path = FILE) -> tuple[Assumption, ...]:
    """All entries of the file; AssumptionError when something is wrong with them."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there
    entries = tuple(_entry(raw) for raw in yaml.load(path.read_text(encoding="utf-8"), loader))
    found = problems(entries)
    if found:
        raise AssumptionError("; ".join(found))
    return entries


def assumed(setting: str) -> t.Any:
    """The default that the file gives to a setting of the lab, such as vcenter.mixed_keys."""
    for entry in assumptions():
        if entry.setting == setting:
            return entry.default
    raise AssumptionError(f"no entry of {FILE.name} has the setting {setting}")


def cases_for(proof: str) -> list[Assumed]:
    """What the entries that name this test need: all defaults of the lab together, then each other value."""
    entries = [entry for entry in assumptions() if entry.proof == proof]
    driven = next((entry for entry in entries if entry.setting), None)
    cases = [Assumed(driven.id, driven.setting, driven.default)] if driven else []
    for entry in entries:
        values = entry.alternatives if entry.setting else entry.values
        cases += [Assumed(entry.id, entry.setting, value) for value in values]
    return cases


Test = t.TypeVar("Test", bound=t.Callable[..., t.Any])


def every_value(test: Test) -> Test:
    """Run a test once for each value of the entries that name it as their proof; it takes the argument `assumed`."""
    import pytest  # the lab itself runs without it

    proof = f"{pathlib.Path(inspect.getfile(test)).name}::{test.__name__}"
    cases = cases_for(proof)
    if not cases:
        raise AssumptionError(f"no entry of {FILE.name} has the proof {proof}")
    ids = [f"{case.id}={_shown(case.value)}" for case in cases]
    return t.cast("Test", pytest.mark.parametrize("assumed", cases, ids=ids)(test))


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value) or "empty"


def table() -> str:
    """The table of the guide for development."""
    lines = [TABLE, "   :header-rows: 1\n", "\n"]
    rows = [("Id", "Assumed", "Default", "Also tried", "Source")]
    rows += [
        (
            entry.id,
            entry.assumed,
            _shown(entry.default),
            "; ".join(_shown(value) for value in entry.alternatives),
            entry.source,
        )
        for entry in assumptions()
    ]
    for row in rows:
        lines += [f"   {'  -' if number else '* -'} {cell}\n" for number, cell in enumerate(row)]
    return "".join(lines)


def with_table(text: str) -> str:
    """The guide's text with the present table in the place of the old one."""
    before, _table, after = text.partition(TABLE)
    rest = re.sub(r"\A(?:[ ].*\n|\n(?=[ ]))*", "", after)
    return f"{before}{table()}{rest}"


if __name__ == "__main__":
    SHIPPED.write_bytes(FILE.read_bytes())
    GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
