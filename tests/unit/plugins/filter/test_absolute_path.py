# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter absolute_path."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.absolute_path import FilterModule

absolute_path = FilterModule().filters()["absolute_path"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("dossier.json", "{here}/dossier.json"),
        ("a/../b/./c.json", "{here}/b/c.json"),
        ("/srv/a", "/srv/a"),
        ("~/keys", "/home/somebody/keys"),
        ("$KEPT/keys", "/kept/keys"),
        ("", ""),
        (None, ""),
        (["a", "/b"], ["{here}/a", "/b"]),
    ],
)
def test_path_as_seen_from_the_start(
    path: t.Any, expected: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("KEPT", "/kept")
    wanted = [one.format(here=tmp_path) for one in expected] if isinstance(expected, list) else expected
    wanted = wanted.format(here=tmp_path) if isinstance(wanted, str) else wanted
    assert absolute_path(path) == wanted


@pytest.mark.parametrize("path", [7, True, {"path": "a"}])
def test_what_is_no_path_is_refused(path: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"absolute_path: .* is not a path"):
        absolute_path(path)
