# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide on troubleshooting has every cause that the code knows, in its words."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue, situations
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import SEVERITIES, Known
from ansible_collections.ovhcloud.vmware_encryption.tests.static import troubles


def test_guide_has_the_tables_that_the_code_makes() -> None:
    text = troubles.GUIDE.read_text(encoding="utf-8")
    assert troubles.with_tables(text) == text, f"run the module {troubles.__name__}"


def test_guide_shows_every_cause_of_the_catalogue() -> None:
    shown = {(reason, step) for rows in troubles.tables().values() for _fault, reason, step in rows}
    assert [known.id for known in catalogue.ALL if tuple(known.cause) not in shown] == []


def test_causes_have_different_names() -> None:
    assert len(catalogue.BY_ID) == len(catalogue.ALL)
    assert len(catalogue.BY_EVENT) == sum(len(known.events) for known in catalogue.ALL)


@pytest.mark.parametrize("known", catalogue.ALL, ids=lambda known: known.id)
def test_cause_is_complete(known: Known) -> None:
    assert known.severity in SEVERITIES
    assert all(text and text == text.strip() for text in (*known.cause, known.source, known.says))
    assert not known.cause.next_step.endswith(".") and not known.cause.reason.endswith(".")


@pytest.mark.parametrize(
    "known", [known for known in catalogue.ALL if known not in situations.SITUATIONS], ids=lambda known: known.id
)
def test_text_of_a_cause_leads_to_it(known: Known) -> None:
    assert catalogue.of_text(f"2026-11-29 esx1: {known.says}") is known
    assert all(catalogue.of_text(f"event {event} of vm-12") is known for event in known.events)
