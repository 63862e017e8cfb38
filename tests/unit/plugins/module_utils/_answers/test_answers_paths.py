# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths among the options of a role: relative to the start, files in the place of text, older names."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.paths import completed, outputs

PATH: dict[str, t.Any] = {"type": "path", "default": ""}
SPECS: dict[str, dict[str, t.Any]] = {
    "kms_ca": {"type": "str", "default": ""},
    "kms_ca_file": PATH,
    "kms_csr_output_path": PATH,
    "kms_csr_path": PATH,
    "kms_dossier_path": PATH,
    "kms_backup_tasks": PATH,
    "kms_history": {"type": "list", "elements": "path", "default": []},
    "kms_copies": {"type": "list", "elements": "dict", "options": {"path": PATH}},
    "kms_file": PATH,
}
NOTHING = {name: spec.get("default") for name, spec in SPECS.items()}


def read(remote: bool = False, **given: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    """What differs from an option that was not given, and what is wrong."""
    found, problems = completed(SPECS, {**NOTHING, **given}, "/start", remote)
    return {name: value for name, value in found.items() if value != NOTHING[name]}, problems


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kms_dossier_path": "a/../d.json"}, {"kms_dossier_path": "/start/d.json"}),
        ({"kms_dossier_path": "/srv/d.json"}, {"kms_dossier_path": "/srv/d.json"}),
        ({"kms_dossier_path": "~/d.json"}, {"kms_dossier_path": "/home/me/d.json"}),
        ({"kms_history": ["a", "/b"]}, {"kms_history": ["/start/a", "/b"]}),
        ({"kms_csr_path": "a.csr"}, {"kms_csr_path": "/start/a.csr", "kms_csr_output_path": "/start/a.csr"}),
        # the file on another host is not one of here
        ({"kms_copies": [{"path": "a"}]}, {"kms_copies": [{"path": "a"}]}),
        ({"kms_file": "dossier.json"}, {"kms_file": "/start/dossier.json"}),
    ],
)
def test_path_as_seen_from_the_start(
    given: dict[str, t.Any], expected: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert read(**given) == (expected, [])


def test_the_newer_name_of_an_output_counts() -> None:
    found, _problems = read(kms_csr_path="old.csr", kms_csr_output_path="new.csr")
    assert found["kms_csr_output_path"] == "/start/new.csr"


def test_on_another_host_a_relative_path_is_refused() -> None:
    found, problems = read(True, kms_dossier_path="d.json", kms_history=["/a", "b"], kms_csr_path="/a.csr")
    assert [problem.partition(" is relative")[0] for problem in problems] == [
        "kms_dossier_path: 'd.json'",
        "kms_history: 'b'",
    ]
    assert found["kms_csr_path"] == "/a.csr"
    # tasks are read where the command was started
    assert read(True, kms_backup_tasks="t.yml") == ({"kms_backup_tasks": "/start/t.yml"}, [])


@pytest.mark.parametrize("remote", [True, False])
def test_the_text_of_a_file_is_read(tmp_path: pathlib.Path, remote: bool) -> None:
    (tmp_path / "ca.pem").write_bytes(b"\xef\xbb\xbfCA\r\n")
    found, problems = completed(SPECS, {**NOTHING, "kms_ca_file": "ca.pem"}, str(tmp_path), remote)
    assert (found["kms_ca"], problems) == ("CA\n", [])
    found, _problems = completed(SPECS, {**NOTHING, "kms_ca_file": "ca.pem", "kms_ca": "text"}, str(tmp_path), remote)
    assert found["kms_ca"] == "text"


def test_a_file_that_cannot_be_read_is_named_by_its_option(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, said in (
        ("nowhere.pem", "No such file or directory"),
        ("fifo", "is not a regular file"),
        (".", "Is a directory"),
    ):
        (problem,) = completed(SPECS, {**NOTHING, "kms_ca_file": name}, str(tmp_path), False)[1]
        assert problem.startswith("kms_ca_file: ") and said in problem, problem


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"dossier_path": "", "state": 1}, []),
        ({"dossier_path": "/d"}, [{"option": "dossier_path", "follow": True, "path": "/d"}]),
        ({"backup_path": "/b"}, [{"option": "backup_path", "lasting": True, "path": "/b"}]),
        (
            {"backup_path": "/b", "backup_copies": [{"host": "a"}]},
            [{"option": "backup_path", "lasting": False, "path": "/b"}],
        ),
        (
            {"identity": "csr", "csr_output_path": "/c", "certificate_output_path": "/p"},
            [{"option": "csr_output_path", "path": "/c"}],
        ),
        (
            {"identity": "ca", "csr_output_path": "/c", "certificate_output_path": "/p"},
            [{"option": "certificate_output_path", "path": "/p"}],
        ),
    ],
)
def test_what_a_role_will_write(options: dict[str, t.Any], expected: list[dict[str, t.Any]]) -> None:
    assert outputs(options) == expected
