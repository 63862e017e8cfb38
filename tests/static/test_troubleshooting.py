# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide on troubleshooting has every cause that the code knows, in its words."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys import causes
from ansible_collections.ovhcloud.vmware_encryption.tests.static import troubles


def test_guide_has_the_tables_that_the_code_makes() -> None:
    text = troubles.GUIDE.read_text(encoding="utf-8")
    assert troubles.with_tables(text) == text, f"run the module {troubles.__name__}"


def test_each_message_leads_to_a_cause_and_no_cause_is_left_out() -> None:
    led = {words: causes.cause_of(words) for words in troubles.SAYS}
    assert [words for words, cause in led.items() if cause is None] == []
    assert troubles.known_causes() - set(led.values()) == set()
