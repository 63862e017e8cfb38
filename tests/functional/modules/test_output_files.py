# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module output_files: all paths are judged before any folder is made."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.full_disk import run_on_full_disk

Run = t.Callable[..., harness.ModuleResult]
OPTION = "native_key_provider_backup_path"


@pytest.fixture
def run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return functools.partial(harness.run_module, "output_files", volumes=[str(tmp_path)])


def entry(path: str, **more: t.Any) -> dict[str, t.Any]:
    return {"option": OPTION, "path": path and os.path.abspath(path), **more}


@pytest.mark.oldest("output_files", "life")
def test_missing_folders_are_made_once(run: Run, tmp_path: pathlib.Path) -> None:
    files = [entry("kept/far/nkp.p12"), entry("kept/report", folder=True, room=0), entry("")]
    rehearsed = run(files=files, check=True)
    assert rehearsed.changed and os.listdir(tmp_path) == []
    made = run(files=files)
    wanted = [str(tmp_path / one) for one in ("kept", "kept/far", "kept/report")]
    assert made.changed and made["folders"] == wanted == rehearsed["folders"]
    assert [os.stat(folder).st_mode & 0o777 for folder in wanted] == [0o700] * 3
    assert [os.listdir(folder) for folder in wanted[1:]] == [[], []]  # the trial of the room leaves nothing
    again = run(files=files)
    assert not again.changed and again["folders"] == [] and again["files"] == made["files"]


def test_a_link_that_is_followed_is_judged_where_it_points(run: Run, tmp_path: pathlib.Path) -> None:
    (tmp_path / "dossier.json").symlink_to(tmp_path / "share/dossier.json")
    assert run(files=[entry("dossier.json", follow=True)])["folders"] == [str(tmp_path / "share")]
    (tmp_path / "share/dossier.json").mkdir()
    refused = run(files=[entry("dossier.json", follow=True)])
    assert refused.failed and "share/dossier.json is a folder" in refused.msg


def test_a_folder_of_the_user_keeps_its_mode(run: Run, tmp_path: pathlib.Path) -> None:
    tmp_path.chmod(0o755)
    assert not run(files=[entry("dossier.json")]).changed
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def _obstacles(folder: pathlib.Path) -> dict[str, str]:
    """Paths that cannot be written, and what is said about them."""
    (folder / "folder.p12").mkdir()
    (folder / "target.p12").write_text("kept")
    (folder / "link.p12").symlink_to(folder / "target.p12")
    (folder / "lost.p12").symlink_to(folder / "nowhere.p12")
    os.mkfifo(folder / "fifo.p12")
    (folder / "file").write_text("kept")
    return {
        "folder.p12": "is a folder; name a file in it",
        "link.p12": f"is a symbolic link, which a new file would replace; name the file to which it points, {folder}/t",
        "lost.p12": "is a symbolic link",
        "fifo.p12": "is not a regular file",
        "file/nkp.p12": "cannot be written: Not a directory",
        "file/far/nkp.p12": f"{folder}/file",
        "nul\0.p12": "contains an invalid character (U+0000)",
    }


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "name",
    ["folder.p12", "link.p12", "lost.p12", "fifo.p12", "file/nkp.p12", "file/far/nkp.p12", "nul\0.p12"],
)
def test_what_is_in_the_way_is_told_first(run: Run, tmp_path: pathlib.Path, name: str, check: bool) -> None:
    said = _obstacles(tmp_path)[name]
    before = sorted(os.listdir(tmp_path))
    result = run(files=[entry("new/good.p12"), entry(name)], check=check)
    assert result.failed and said in result.msg, result.msg
    # such a character is refused before the module knows what the path is called; roles refuse it by its name
    assert "\n" not in result.msg and ("files.path" if "\0" in name else OPTION) in result.msg
    assert sorted(os.listdir(tmp_path)) == before


def test_a_folder_that_takes_no_file_is_told(run: Run) -> None:
    result = run(files=[entry("/proc/nkp.p12")])  # a privileged user is only told by trying
    assert result.failed and "/proc/" in result.msg, result.msg


def test_a_full_disk_is_told(tmp_path: pathlib.Path, run: Run) -> None:
    options: dict[str, t.Any] = {"volumes": [str(tmp_path)], "files": [entry("nkp.p12")]}
    result = run_on_full_disk("output_files", **options)
    assert result.failed and "File too large" in result.msg, result.msg
    assert os.listdir(tmp_path) == []
    free = run(files=[entry("nkp.p12", room=1 << 60)], check=True)
    assert free.failed and f"{tmp_path} has " in free.msg and "but needs" in free.msg


@pytest.mark.oldest("output_files", "refusal")
def test_a_relative_path_is_refused(run: Run) -> None:
    result = run(files=[{"option": OPTION, "path": "nkp.p12"}])
    assert result.failed and result.msg == f"{OPTION}: nkp.p12 is relative; give an absolute path"


def test_nothing_is_written_in_the_collection(run: Run, tmp_path: pathlib.Path) -> None:
    (tmp_path / "installed").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "installed")
    result = run(files=[entry("way/playbooks/nkp.p12")], keep_out=str(tmp_path / "installed"))
    assert result.failed and "lies in the installed collection, and an upgrade would remove it" in result.msg
    assert os.listdir(tmp_path / "installed") == []


def test_a_path_in_the_container_of_a_job(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    files = [{"option": "dossier_path", "path": "/dev/shm/dossier.json"}]
    refused = run(files=files, prefix="okms_")
    assert refused["failure"]["kind"] == "refused_by_guard"
    assert refused.msg.startswith("okms_dossier_path: /dev/shm/dossier.json lies in this job's container (AWX_HOST")
    assert "name the volume in okms_volumes" in refused.msg
    assert not run(files=files, volumes=["/dev/shm"]).failed
    assert not run(files=[{**files[0], "lasting": False}]).failed
    monkeypatch.setenv("VMWARE_ENCRYPTION_VOLUMES", "/srv,/dev/shm")
    assert not run(files=files, volumes=None).failed


@pytest.mark.parametrize(
    ("content", "kind", "good"),
    [("dossier", "recovery dossier", {"vcenters": []}), ("state", "state file", {"vcenters": []})],
)
def test_content_that_cannot_be_used_is_refused(
    run: Run, tmp_path: pathlib.Path, content: str, kind: str, good: dict[str, t.Any]
) -> None:
    files = [entry("kept/new.p12"), entry("record.json", content=content)]
    for text in ('{"format": 2, "vcen', "[]", '{"format": 9, "vcenters": []}', "\0" * 4):
        (tmp_path / "record.json").write_text(text)
        refused = run(files=files)
        assert f"cannot use the {kind} {tmp_path}/record.json" in refused.msg, refused.msg
        assert not (tmp_path / "kept").exists() and (tmp_path / "record.json").read_text() == text
    for text in ("", json.dumps({"format": 2, **good})):
        (tmp_path / "record.json").write_text(text)
        assert not run(files=files, check=True).failed
    (tmp_path / "record.json").unlink()
    assert not run(files=files).failed and not (tmp_path / "record.json").exists()
