# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab like the file of a field check: what is set, what is only told, and files that are none."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.__main__ import main
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.like import NoFieldCheckError, like


def written(folder: pathlib.Path, version: str = "8.0.3", **found: t.Any) -> pathlib.Path:
    """A file in which these assumptions are different."""
    rows = [{"id": name.replace("_", "-"), "state": "different", "found": value} for name, value in found.items()]
    report = {"format": "ovhcloud.vmware_encryption.field", "schema": 1, "assumptions": rows}
    path = folder / "field.json"
    path.write_text(json.dumps({**report, "vcenter": {"version": version}}))
    return path


def test_settings_are_those_of_the_file(tmp_path: pathlib.Path) -> None:
    found: dict[str, t.Any] = {
        "native_status": ["gray"],
        "pbm_paths": [["/pbm"]],
        "list_page_maximum": [50],
        "mixed_keys": [False],
    }
    made = like(written(tmp_path, okms_maximum_tls=["TLSv1_2"], **found))
    settings = made.settings
    assert made.left == [] and settings.vcenter is not None
    assert (settings.vcenter.native_status, settings.vcenter.pbm_paths) == ("gray", ("/pbm",))
    assert (settings.vcenter.mixed_keys, settings.ovhcloud.page_maximum) == (False, 50)
    assert (settings.okms_maximum_tls, settings.ovhcloud.public_ca) == ("TLSv1_2", "root")


def test_what_the_lab_does_not_play_is_named(tmp_path: pathlib.Path) -> None:
    found: dict[str, t.Any] = {"native_status": ["pink"], "mixed_keys": [1], "public_ca": [], "never_heard": [True]}
    made = like(written(tmp_path, "8.0.9", region_rsa_endpoint=["none"], object_lists=None, **found))
    assert [line.partition(":")[0] for line in made.left] == [
        "version", "region-rsa-endpoint", "native-status", "mixed-keys", "public-ca", "never-heard",
    ]  # fmt: skip
    assert made.settings.vcenter is not None and made.settings.vcenter.native_status == "by_backup"


@pytest.mark.parametrize(("version", "played"), [("7.0.3", "7.0.2"), ("9.1", "9.0"), ("", "8.0.3"), ("8.0.3", "8.0.3")])
def test_vcenter_that_comes_next(tmp_path: pathlib.Path, version: str, played: str) -> None:
    assert like(written(tmp_path, version)).settings.vcenter_version == played


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "ovhcloud.vmware_encryption.field", "schema": 2}'])
def test_file_that_is_none(tmp_path: pathlib.Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(NoFieldCheckError, match=r"other\.json is not"):
        like(path)
    assert main(["--like", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["--like", str(tmp_path / "missing.json")]) == 2


def test_lab_starts_like_a_file(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, native_status=["gray"], public_ca=[])
    assert main(["--like", str(path), "--plain", "--for", "0"]) == 0
    assert "Not played: public-ca: what was found is none of the known values" in capsys.readouterr().out
