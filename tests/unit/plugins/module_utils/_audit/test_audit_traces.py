# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the use of keys leaves a trace, and which identity to look for."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.traces import of_traces, traces
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet


def logs(*sent: str) -> dict[str, t.Any]:
    """A domain with two kinds, of which these go to a stream."""
    base = fleet.logs()
    return {**base, "log_subscriptions": [{**base["log_subscriptions"][0], "kind": kind} for kind in sent]}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ((), [("okms_no_logs", "warning", ["KMIP", "REST"])]),
        (("KMIP",), [("okms_some_logs", "notice", ["REST"])]),
        (("KMIP", "REST"), []),
        (("KMIP", "REST", "a kind that the API no longer names"), []),
    ],
)
def test_logs_that_go_nowhere_are_findings(sent: t.Sequence[str], expected: list[t.Any]) -> None:
    found = of_traces(traces(logs(*sent), None, []))
    assert [(one["topic"], one["severity"], one["affected"]) for one in found] == expected
    assert all("okms_log_stream_id" in one["next_step"] for one in found)


def test_nothing_is_said_of_logs_that_were_not_read() -> None:
    for unread in (None, {}, {"okms_id": "x", "log_kinds": [], "log_subscriptions": []}):
        assert traces(unread, fleet.credentials(), fleet.providers()) is None
    assert of_traces(None) == []


def test_identity_is_the_credential_that_a_provider_presents() -> None:
    credentials = [{**one, "identity_urns": ["urn:v1:x"]} for one in fleet.credentials()]
    found = traces(logs("KMIP"), credentials, fleet.providers())
    assert found is not None
    seen = [(one["tls_cert_id"], one["credential"], bool(one["used_by"])) for one in found["identities"]]
    assert seen == [("vcenter-prod", "vcenter-prod", True), ("old-laptop", "old-laptop", False)]
    assert found["identities"][0]["identities"] == ["urn:v1:x"]
    assert [(one["kind"], len(one["streams"])) for one in found["kinds"]] == [("KMIP", 1), ("REST", 0)]
