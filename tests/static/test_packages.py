# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which package of a back end may import which: arrows only point down, checked on the source."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.static.test_layers import PREFIX, ROOT, imports_of

Arrows = t.Mapping[str, t.AbstractSet[str]]

# back end -> package -> packages of the same back end that it imports; from the ground upwards
PACKAGES: dict[str, dict[str, set[str]]] = {
    "_ovhcloud": {
        "connection": set(),
        "iam": {"connection"},
        "private_cloud": {"connection"},
        "order": {"connection"},
        "okms": {"connection", "iam", "order"},
        "account": {"connection", "private_cloud", "okms"},
        "field": {"connection", "iam", "private_cloud", "order", "okms"},
    },
    "_vsphere": {
        "connection": set(),
        "keys": {"connection"},
        "history": {"connection", "keys"},
        "policies": {"connection"},
        "key_providers": {"connection", "keys"},
        "hosts": {"connection", "keys", "key_providers"},
        "machines": {"connection", "keys", "policies", "key_providers"},
        "vsan": {"connection", "keys", "key_providers", "hosts", "machines"},
        "usage": {"connection", "keys", "key_providers", "machines", "vsan"},
        "campaign": {"connection", "keys", "policies", "key_providers", "machines", "vsan"},
        "standard": {"connection", "keys", "key_providers", "machines", "usage"},
        "native": {"connection", "key_providers", "hosts", "usage"},
        "key_provider_report": {"connection", "keys", "key_providers", "usage", "standard", "native"},
        "events": {"connection", "machines", "hosts", "key_provider_report"},
        "field": {"connection", "policies", "key_providers", "hosts", "machines", "standard", "native"},
    },
}


def arrows_of(back_end: str, imports: t.Mapping[pathlib.PurePath, t.Iterable[str]]) -> dict[str, set[str]]:
    """For each package the others that its files import; `imports` are by path below the back end."""
    start = f"{PREFIX}{back_end}."
    found: dict[str, set[str]] = {}
    for path, names in imports.items():
        package = path.parts[0] if len(path.parts) > 1 else path.stem
        # who imports the back end as a whole could reach every package
        to = {name[len(start) :].partition(".")[0] or back_end for name in names if f"{name}.".startswith(start)}
        found.setdefault(package, set()).update(to - {package})
    return found


def present(back_end: str) -> dict[str, set[str]]:
    """The arrows of the source."""
    root = ROOT / "plugins/module_utils" / back_end
    return arrows_of(back_end, {path.relative_to(root): imports_of(path) for path in root.rglob("*.py")})


def too_many(found: Arrows, allowed: Arrows) -> list[str]:
    """Arrows that are not allowed."""
    return sorted(f"{one} imports {other}" for one, to in found.items() for other in to - allowed.get(one, set()))


def upward(table: Arrows) -> list[str]:
    """Arrows of a table that do not point to a row above: without them there is no circle."""
    rows = list(table)
    return [
        f"{one} imports {other}"
        for row, one in enumerate(rows)
        for other in sorted(table[one])
        if other not in rows[:row]
    ]


@pytest.mark.parametrize("back_end", PACKAGES)
def test_package_imports_only_what_its_row_allows(back_end: str) -> None:
    assert too_many(present(back_end), PACKAGES[back_end]) == []


@pytest.mark.parametrize("back_end", PACKAGES)
def test_table_has_no_arrow_that_nobody_uses(back_end: str) -> None:
    found = present(back_end)
    assert list(PACKAGES[back_end]) == [one for one in PACKAGES[back_end] if one in found]
    assert too_many(PACKAGES[back_end], found) == []


@pytest.mark.parametrize("back_end", PACKAGES)
def test_arrows_point_down(back_end: str) -> None:
    assert upward(PACKAGES[back_end]) == []


def test_the_check_itself_finds_arrows() -> None:
    sources = {
        pathlib.PurePath("keys/key.py"): {PREFIX + "_vsphere.connection.sdk", PREFIX + "_core.errors", "typing"},
        pathlib.PurePath("keys/status.py"): {PREFIX + "_vsphere.keys", PREFIX + "_vsphere.hosts", PREFIX + "_vsphere"},
        pathlib.PurePath("report.py"): {PREFIX + "_vsphere.keys.status"},
    }
    found = arrows_of("_vsphere", sources)
    assert found == {"keys": {"connection", "hosts", "_vsphere"}, "report": {"keys"}}
    allowed = {"connection": set[str](), "keys": {"connection"}}
    assert too_many(found, allowed) == ["keys imports _vsphere", "keys imports hosts", "report imports keys"]
    assert upward({"a": set(), "b": {"a", "c"}, "c": {"c", "b"}}) == ["b imports c", "c imports c"]
