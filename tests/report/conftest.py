# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: the browser of this computer, and reports of made-up fleets as files."""

from __future__ import annotations

import datetime
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter import encryption_audit_html
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import model
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.tests.report import browser, fleet

Report = dict[str, t.Any]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[browser.Browser]:
    """One browser for all tests."""
    program = browser.find()
    assert program is not None, browser.MISSING
    with browser.Browser(program, tmp_path_factory.mktemp("profile")) as running:
        yield running


def history(facts: fleet.Facts) -> list[Report]:
    """Earlier reports, in which less was encrypted."""
    made = []
    for ago in range(12, 0, -1):
        machines = [
            machine if (number * 7919) % 100 < 95 - ago * 7 else fleet.machine(number, "unencrypted")
            for number, machine in enumerate(facts["virtual_machines"])
        ]
        when = fleet.NOW - datetime.timedelta(days=14 * ago)
        made.append(model.report({**facts, "virtual_machines": machines}, Thresholds(), when))
    return made


def written(folder: pathlib.Path, facts: fleet.Facts, earlier: t.Sequence[Report] = ()) -> tuple[Report, str]:
    """The report, and the address of its page."""
    made = model.loaded(dumped_report(model.report(facts, Thresholds(), fleet.NOW, None, earlier)))
    file = folder / "encryption-audit.html"
    file.write_text(encryption_audit_html.encryption_audit_html(dumped_report(made)), encoding="utf-8")
    return made, file.as_uri()


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, str]:
    """A private cloud of 241 VMs with a past, and names that try to break out of the page."""
    facts = fleet.facts(240)
    earlier = history(facts)
    facts["virtual_machines"] += fleet.hostile()
    return written(tmp_path_factory.mktemp("usual"), facts, earlier)
