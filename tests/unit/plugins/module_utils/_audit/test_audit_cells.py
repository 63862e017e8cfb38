# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CSV: one row for each VM and disk, and no formula in it."""

from __future__ import annotations

import csv
import io
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import cells, model
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (-5, "-5"),
        ("db-01", "db-01"),
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=b", "a=b"),
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
    ],
)
def test_cells_are_harmless(value: t.Any, text: str) -> None:
    assert cells.cell(value) == text


def test_one_row_for_each_machine_and_disk() -> None:
    facts = fleet.facts(80)
    facts["virtual_machines"] += fleet.hostile()
    made = model.report(facts, Thresholds(), fleet.NOW)
    text = cells.table(made)
    text.encode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sum(row["record"] == "vm" for row in rows) == made["totals"]["virtual_machines"]
    assert sum(row["record"] == "disk" for row in rows) == made["totals"]["disks"]
    assert (
        sum(row["record"] == "disk" and row["encrypted"] == "yes" for row in rows) == made["totals"]["disks_encrypted"]
    )
    assert sum(bool(row["exception"]) for row in rows) == made["totals"]["exceptions"]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+@\t\r")]
    assert {row["vm"] for row in rows} >= {'\'=HYPERLINK("http://192.0.2.1","x")', "<script>window.harm=1</script>"}
