# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module metrics_file: whole or not at all, and a new time of the run is no change."""

from __future__ import annotations

import functools
import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.full_disk import run_on_full_disk

Run = t.Callable[..., harness.ModuleResult]
TIME = "vmware_encryption_last_run_timestamp_seconds"


def text(run: int, machines: int = 3) -> str:
    return (
        f'# HELP {TIME} When.\n# TYPE {TIME} gauge\n{TIME}{{vcenter="vc"}} {run}\n'
        f"# HELP machines VMs.\n# TYPE machines gauge\nmachines {machines}\n"
    )


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "vmware.prom"


@pytest.fixture
def run(path: pathlib.Path) -> Run:
    return functools.partial(harness.run_module, "metrics_file", path=str(path), volatile=[TIME])


@pytest.mark.oldest("metrics_file", "life")
def test_file_is_planned_written_refreshed_and_changed(run: Run, path: pathlib.Path) -> None:
    rehearsed = run(content=text(1), check=True)
    assert rehearsed.changed and not path.exists()
    first = run(content=text(1))
    assert first.changed and first["metrics_file"] == rehearsed["metrics_file"] and path.read_text() == text(1)
    assert (path.stat().st_mode & 0o777, first["metrics_file"]["mode"]) == (0o644, "0644")
    # only the time of the run is new: written, and no change
    later = run(content=text(2))
    assert not later.changed and path.read_text() == text(2)
    assert not run(content=text(3), check=True).changed and path.read_text() == text(2)
    told = run(content=text(3, machines=4), check=True)
    assert told.changed and path.read_text() == text(2)
    changed = run(content=text(3, machines=4))
    assert changed.changed and changed["metrics_file"] == told["metrics_file"] and path.read_text() == text(3, 4)
    assert "machines 4" in changed.diff["after"]["metrics"] and os.listdir(path.parent) == [path.name]


def test_mode_is_a_part_of_the_file(run: Run, path: pathlib.Path) -> None:
    assert run(content=text(1)).changed
    assert run(content=text(1), mode="640").changed and path.stat().st_mode & 0o777 == 0o640
    assert not run(content=text(1), mode="0640").changed


def test_collector_never_sees_half_a_file(run: Run, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(content=text(1))
    seen: list[list[str]] = []
    replace = os.replace

    def look(source: str, target: str) -> None:
        seen.append([one.name for one in path.parent.iterdir() if one.name.endswith(".prom")])
        assert path.read_text() == text(1)
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    run(content=text(2))
    assert seen == [[path.name]] and path.read_text() == text(2)


@pytest.mark.oldest("metrics_file", "refusal")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "rw"}, "mode: rw is not a file mode, such as '0644'"),
        (
            {"path": "/nowhere/at/all/vmware.prom"},
            "cannot write /nowhere/at/all/vmware.prom: No such file or directory",
        ),
        ({"path": "/dev/null"}, "path: /dev/null is not a regular file"),
    ],
)
def test_what_cannot_be_written_is_told(run: Run, options: dict[str, t.Any], said: str, path: pathlib.Path) -> None:
    refused = run(content=text(1), **options)
    assert refused.failed and said in refused.msg and "\n" not in refused.msg and not path.exists()


def test_old_file_stays_on_a_full_disk(run: Run, path: pathlib.Path) -> None:
    run(content=text(1))
    refused = run_on_full_disk("metrics_file", path=str(path), content=text(2, machines=9))
    assert refused.failed and f"cannot write {path}: File too large" in refused.msg
    assert path.read_text() == text(1) and os.listdir(path.parent) == [path.name]
