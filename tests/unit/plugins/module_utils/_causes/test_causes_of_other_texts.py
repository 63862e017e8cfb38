# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that have words of a cause in them and another meaning, or a length that nobody expects."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue, texts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Known
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._doctor.report import diagnose

NOW = datetime.datetime(2026, 11, 29, 8, tzinfo=datetime.timezone.utc)
UNREACHABLE = "com.vmware.vc.kms.crypto.Unreachable"


def causes(text: str) -> list[str]:
    return [str(line.partition(": ")[2]) for line in diagnose({"error": text}, NOW)["lines"]]


@pytest.mark.parametrize(
    "text",
    [
        "The operation is not allowed in the current state.",
        "could not log in as me on vc.example.net: vCenter's TLS certificate is not trusted: self-signed certificate",
        "could not GET https://eu.api.ovh.com/v2/okms/resource: timed out",
        "could not list the key providers on vc: timed out before the whole answer arrived (option request_timeout)",
        "License key is required",
        "The SSH key is missing",
        "The datastore is read-only",
        "The file [datastore1] crypto-01/crypto-01.vmx cannot be found",
        "Host esx1 is unreachable",
        "Permission denied: not authorized",
    ],
)
def test_text_about_something_else_has_no_cause(text: str) -> None:
    assert catalogue.of_text(text) is None


STATES = ("state: ", "runtime.", "overallStatus: ")  # what is read in fields and not said in words


@pytest.mark.parametrize("known", [one for one in catalogue.ALL if not one.says.startswith(STATES)], ids=str)
def test_text_of_each_cause_is_recognised(known: Known) -> None:
    assert catalogue.of_text(known.says) is known


@pytest.mark.parametrize("word", ["key ", "create operation failed", "authentication", "default key provider"])
def test_long_text_is_looked_at_in_time_that_grows_with_it(word: str) -> None:
    """What a pattern tries is counted in its own wildcards: none may run over the whole text."""
    patterns = [pattern for pattern, _known in (*texts.CERTAIN, *texts.PROBABLE)]
    assert [pattern for pattern in patterns if ".*" in pattern or ".+" in pattern] == []
    assert catalogue.of_text(word + "x" * 50_000) is None


def test_every_line_counts_in_a_long_log() -> None:
    log = "\n".join(f"line {number} of a log" for number in range(5000))
    (line,) = diagnose({"error": f"{log}\nevent {UNREACHABLE}"}, NOW)["lines"]
    assert "cannot reach the KMIP server" in line and UNREACHABLE in line


def test_text_that_a_terminal_broke_is_read_as_one() -> None:
    made = diagnose({"error": "Create operation failed on the\n   server: General_Failure"}, NOW)
    assert "does not create new keys" in made["lines"][0] and made["message"] == "1 cause"


def test_text_without_a_known_cause_is_not_counted_as_one() -> None:
    made = diagnose({"error": "it rains"}, NOW)
    assert made["message"] == "no known cause" and "no known cause" in made["lines"][0]


@pytest.mark.parametrize("reason", [None, ""])
def test_nothing_is_said_about_keys_that_were_not_looked_at(reason: t.Any) -> None:
    """The reason is missing, too, when the user may not ask for the state of keys."""
    made = diagnose({"machines": {"virtual_machines": [{"name": "db", "reason": reason}]}}, NOW)
    assert "available" not in made["text"] and "vm_unlock" in made["text"]
