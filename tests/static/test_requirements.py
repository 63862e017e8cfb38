# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python packages: each has a lower and an upper bound, unit tests use the lowest, and the lock lies between."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import CRYPTOGRAPHY
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import Library, version_tuple
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import REQUESTS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.sdk import PYKMIP
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import PYVMOMI

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = (CRYPTOGRAPHY, PYKMIP, PYVMOMI, REQUESTS)
LINE = re.compile(r"(?P<name>[a-z0-9-]+)(?P<rules>[<>=][^;]*)?(?:; *(?P<marker>.+))?")


class Requirement(t.NamedTuple):
    """One line of a file for pip."""

    name: str
    rules: dict[str, tuple[int, ...]]  # operator: version
    marker: str

    def allows(self, version: tuple[int, ...]) -> bool:
        """Whether the version lies within the bounds."""
        lowest, end = self.rules.get(">=", ()), self.rules.get("<")
        return version >= lowest and (end is None or version < end)


def read(path: str) -> list[Requirement]:
    """The requirements of a file, without comments and hashes."""
    found = []
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip().rstrip("\\").strip()
        if not text or text.startswith("--hash"):
            continue
        match = LINE.fullmatch(text)
        assert match, f"{path}: {line}"
        parts = [re.split(r"(?<=[<>=])(?=[0-9])", rule.strip()) for rule in (match["rules"] or "").split(",") if rule]
        rules = {operator: version_tuple(version) for operator, version in parts}
        found.append(Requirement(match["name"], rules, match["marker"] or ""))
    return found


def lowest(path: str) -> dict[str, tuple[int, ...]]:
    """Exact versions of a file by package."""
    return {item.name: item.rules["=="] for item in read(path) if "==" in item.rules}


EE = read("meta/ee-requirements.txt")


@pytest.mark.parametrize("item", EE, ids=str)
def test_requirement_has_a_lower_and_an_upper_bound(item: Requirement) -> None:
    assert set(item.rules) == {">=", "<"} and item.rules[">="] < item.rules["<"]


def test_modules_need_what_the_execution_environment_gives() -> None:
    needed = {library.package: version_tuple(library.minimum) for library in LIBRARIES}
    assert {item.name for item in EE} == set(needed)
    assert all(item.rules[">="] >= needed[item.name] for item in EE)


def test_unit_tests_run_with_the_least_that_modules_accept() -> None:
    needed: t.Iterable[Library] = LIBRARIES
    assert lowest("tests/unit/requirements.txt") == {one.package: version_tuple(one.minimum) for one in needed}


def test_lock_holds_exact_versions_within_the_bounds() -> None:
    text = (ROOT / "meta/ee/requirements.lock").read_text(encoding="utf-8")
    versions = lowest("meta/ee/requirements.lock")
    assert len(versions) == len(re.findall("^[a-z]", text, re.MULTILINE))
    for block in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block.splitlines()[0]
    for item in EE:
        if "<" not in item.marker:  # the lock is for Python 3.11 and newer
            assert item.allows(versions[item.name]), item.name


def test_execution_environment_names_its_image_and_its_lock() -> None:
    made = yaml.safe_load((ROOT / "meta/ee/execution-environment.yml").read_text(encoding="utf-8"))
    image, _colon, tag = made["images"]["base_image"]["name"].rpartition(":")
    assert "/" in image and re.fullmatch(r"[0-9].*", tag), "a tag that moves is no base"
    files = [(ROOT / "meta/ee" / one["src"]).is_file() for one in made["additional_build_files"]]
    assert files == [True] and "ovhcloud.vmware_encryption" in made["dependencies"]["exclude"]["all_from_collections"]
    assert any("--require-hashes" in step for step in made["additional_build_steps"]["append_final"])


@pytest.mark.parametrize(
    ("version", "fits"), [((1, 9), False), ((2,), True), ((2, 31), True), ((3,), False), ((3, 0, 1), False)]
)
def test_bounds_are_compared_as_versions(version: tuple[int, ...], fits: bool) -> None:
    assert Requirement("x", {">=": (2,), "<": (3,)}, "").allows(version) is fits
