# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests against the lab."""

from __future__ import annotations

import contextlib
import os
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, pki


def pytest_configure(config: pytest.Config) -> None:
    """Marks of these tests; tests/static/test_oldest_core.py wants one for each module and role."""
    pki.RSA_KEYS.most = harness.RSA_KEYS
    config.addinivalue_line("markers", "oldest(subject, *what): runs on the oldest ansible-core too")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither the variables nor an ovh.conf of the person who runs the tests may reach a module."""
    for name in list(os.environ):
        if name.startswith(harness.CONNECTION_PREFIXES):
            monkeypatch.delenv(name)
    with contextlib.suppress(ImportError):
        # from 2.19 on, ansible-core shows warnings instead of returning them beside controller code
        monkeypatch.setattr("ansible.module_utils._internal.is_controller", False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)


@pytest.fixture
def lab() -> t.Iterator[Lab]:
    """A fresh lab; its answers must have kept to the published contracts."""
    with Lab() as running:
        yield running
        assert running.ovhcloud.contract_errors == []


class RunModule(t.Protocol):
    """Runs a module; connection options come from the lab unless given."""

    def __call__(
        self, name: str, /, check: bool = False, diff: bool = True, **options: t.Any
    ) -> harness.ModuleResult: ...


@pytest.fixture
def run_module(lab: Lab) -> RunModule:
    """Module runner bound to the lab of this test."""

    def call(module: str, /, check: bool = False, diff: bool = True, **options: t.Any) -> harness.ModuleResult:
        defaults = harness.connection(lab, harness.group_of(module))
        return harness.run_module(module, check, diff, **{**defaults, **options})

    return call
