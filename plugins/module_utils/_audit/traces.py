# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the use of keys of an OKMS domain leaves a trace, where it goes, and which identity to look for: pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts, Records
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import (
    NOTICE,
    WARNING,
    finding,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result

_STEP = "Run the playbook okms with okms_log_stream_id: only what happens after that is in the stream."


@dataclasses.dataclass(frozen=True)
class LogsOfKind:
    """A kind of a domain's logs, and the streams of Logs Data Platform that get it; none: they cannot be read."""

    kind: str
    name: t.Optional[str]
    streams: list[Facts]  # stream_id, ldp_service, since


@dataclasses.dataclass(frozen=True)
class TracedIdentity:
    """A credential as the logs name it, and the key providers of this vCenter that present it."""

    tls_cert_id: str
    credential: str
    used_by: list[str]
    identities: list[str]


@dataclasses.dataclass(frozen=True)
class Traces:
    """What an auditor needs to follow the use of keys."""

    okms_id: str
    kinds: list[Facts]
    identities: list[Facts]


def traces(
    logs: t.Optional[t.Mapping[str, t.Any]], credentials: t.Optional[Records], providers: Records
) -> t.Optional[Facts]:
    """From results of okms_log_subscription_info (include_kinds) and okms_credential_info; None: not read.

    In the logs, tls_cert_id is the id of the credential whose certificate was used (guide to the logs of OKMS).
    """
    if not logs:
        return None
    subscriptions = logs.get("log_subscriptions") or []
    known = {str(one["name"]): one.get("display_name") for one in logs.get("log_kinds") or []}
    names = sorted({*known, *(str(one["kind"]) for one in subscriptions)})
    kinds = [as_result(LogsOfKind(name, known.get(name), _streams(name, subscriptions))) for name in names]
    found = as_result(Traces(str(logs.get("okms_id") or ""), kinds, _identities(credentials or [], providers)))
    return found if kinds else None


def _streams(kind: str, subscriptions: Records) -> list[Facts]:
    return [
        {"stream_id": one.get("stream_id"), "ldp_service": one.get("ldp_service"), "since": one.get("created_at")}
        for one in subscriptions
        if str(one["kind"]) == kind
    ]


def _identities(credentials: Records, providers: Records) -> list[Facts]:
    users: dict[str, list[str]] = {}
    for provider in providers:
        key = (provider.get("client_certificate") or {}).get("public_key_sha256")
        if key:
            users.setdefault(str(key), []).append(str(provider["name"]))
    found = [
        as_result(
            TracedIdentity(
                tls_cert_id=str(one.get("id")),
                credential=str(one.get("name")),
                used_by=users.get(str(one.get("public_key_sha256")), []),
                identities=list(one.get("identity_urns") or []),
            )
        )
        for one in credentials
    ]
    # what this vCenter presents first: anything else in the logs is somebody else
    return sorted(found, key=lambda one: (not one["used_by"], one["credential"], one["tls_cert_id"]))


def of_traces(found: t.Optional[Facts]) -> list[Facts]:
    """Logs that go nowhere."""
    if not found:
        return []
    silent = untraced(found)
    if not silent:
        return []
    subject = f"Audit logs of OKMS {found['okms_id']}"
    if len(silent) == len(found["kinds"]):
        text = f"The use of keys leaves no trace that you can read: no stream gets its logs ({', '.join(silent)})."
        return [finding(WARNING, "okms_no_logs", subject, text, _STEP, silent)]
    text = f"Its logs {', '.join(silent)} go to no stream, so what they tell cannot be read."
    return [finding(NOTICE, "okms_some_logs", subject, text, _STEP, silent)]


def untraced(found: t.Mapping[str, t.Any]) -> list[str]:
    """Kinds of logs that no stream gets."""
    return [str(one["kind"]) for one in found["kinds"] if not one["streams"]]
