# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a server test: their names and rights, what became of each, and the verdict in words. No connection."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import kmip_action
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import KmsError

T = t.TypeVar("T")


class ProbeStep(t.NamedTuple):
    """One step. `action` is what OKMS calls the right in its IAM; not required: vCenter does without it."""

    name: str
    operation: str | None
    action: str | None
    required: bool = True


# in the order in which they are done
STEPS = (
    ProbeStep("server_certificate", None, None),
    ProbeStep("connection", None, None),
    ProbeStep("discover_versions", "DiscoverVersions", None),
    ProbeStep("query", "Query", None),
    ProbeStep("create", "Create", "create"),
    ProbeStep("state_after_create", "GetAttributes", "getAttributes"),
    # vCenter does without it: 7.0.2 works with PyKMIP, which cannot decode it (OpenKMIP/PyKMIP issue 661)
    ProbeStep("add_attribute", "AddAttribute", "addAttribute", required=False),
    ProbeStep("activate", "Activate", "activate"),
    ProbeStep("state_after_activate", "GetAttributes", "getAttributes"),
    ProbeStep("get", "Get", "get"),
    # only this test needs it, and OKMS may refuse it in spite of the right (assumption locate-granted)
    ProbeStep("locate", "Locate", "locate", required=False),
    ProbeStep("revoke", "Revoke", "revoke"),
    ProbeStep("destroy", "Destroy", "destroy"),
    ProbeStep("get_after_destroy", "Get", "get", required=False),
)


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """What became of a step; ok is None for one that was not tried."""

    step: str
    operation: str | None
    required: bool
    right: str | None
    ok: bool | None = None
    error_kind: str | None = None
    error: str | None = None
    seconds: float | None = None


class ProbeRecord:
    """What became of the steps. `rows` is the result's form; ok is None for a step that was not tried."""

    def __init__(self, monotonic: t.Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._errors: dict[str, KmsError] = {}
        self._rows: dict[str, dict[str, t.Any]] = {
            step.name: as_result(
                StepRecord(
                    step=step.name,
                    operation=step.operation,
                    required=step.required,
                    right=kmip_action(step.action) if step.action else None,
                )
            )
            for step in STEPS
        }

    @property
    def rows(self) -> list[dict[str, t.Any]]:
        """One per step, in the order of the test."""
        return list(self._rows.values())

    @property
    def failed(self) -> list[dict[str, t.Any]]:
        """Required steps that were tried and failed."""
        return [row for row in self.rows if row["required"] and row["ok"] is False]

    @property
    def complete(self) -> bool:
        """All required steps were done."""
        return all(row["ok"] for row in self.rows if row["required"])

    def attempt(self, name: str, call: t.Callable[[], T]) -> T | None:
        """Do the step and note how it went; a KmsError is noted, not raised."""
        row, start = self._rows[name], self._monotonic()
        try:
            value = call()
        except KmsError as error:
            self._errors[name] = error
            row.update(ok=False, error_kind=error.kind, error=error.message)
            return None
        else:
            row["ok"] = True
            return value
        finally:
            row["seconds"] = round(self._monotonic() - start, 3)

    def skip(self, name: str, why: str, required: bool = True) -> None:
        """Note why a step is not tried; required=False when vCenter can do without it here."""
        row = self._rows[name]
        row.update(error=f"not tried: {why}", required=row["required"] and required)

    def ok(self, name: str) -> bool | None:
        """Whether the step was done; None when it was not tried."""
        return t.cast("bool | None", self._rows[name]["ok"])

    def error(self, name: str) -> KmsError | None:
        """The error of a failed step."""
        return self._errors.get(name)


def missing(offered: t.Collection[str]) -> list[str]:
    """Operations of the steps that are not among those that a server lists (PyKMIP's names: GET_ATTRIBUTES)."""
    listed = {name.replace("_", "").lower() for name in offered}
    asked = [step.operation for step in STEPS if step.action and step.operation]
    return sorted({operation for operation in asked if operation.lower() not in listed})


def verdict(peer: str, subject: str, record: ProbeRecord, remaining: t.Sequence[str]) -> str:
    """What failed, on which server, with which certificate, and what remains (see `remains`), on one line."""
    text = f"KMIP server {peer}: the test with client certificate {subject} failed"
    # a key that can be read after Destroy fails the test in a step that is not required
    first, *others = record.failed or [row for row in record.rows if row["ok"] is False]
    also = [f"Also failed: {', '.join(map(_step, others))}"] if others else []
    return ". ".join([f"{text} at step {_step(first)}: {_reason(first, peer)}", *_hint(first), *also, *remaining])


def remains(left_behind: t.Sequence[str], key_name: str | None, perhaps: bool) -> list[str]:
    """Sentences on keys that are still there."""
    if left_behind:
        keys = ", ".join(left_behind)
        return [f"Left behind on the server: test key {keys} (name {key_name}); revoke and destroy it there"]
    if perhaps:
        return [
            "A test key may be left behind on the server, because the answer to Create was lost and looking for it "
            f"failed: revoke and destroy the key with the name {key_name}, if there is one"
        ]
    return []


def _step(row: t.Mapping[str, t.Any]) -> str:
    return f"{row['step']} ({row['operation']})" if row["operation"] else str(row["step"])


def _reason(row: t.Mapping[str, t.Any], peer: str) -> str:
    text = str(row["error"])
    prefix = f"KMIP server {peer}: "
    return f"{text[len(prefix) :] if text.startswith(prefix) else text} [{row['error_kind']}]"


def _hint(row: t.Mapping[str, t.Any]) -> list[str]:
    """The right that may be missing: OKMS refuses single operations to a certificate that it lets in."""
    if not row["right"]:
        return []
    if row["error_kind"] == "permission_denied":
        return [
            f"On OVHcloud OKMS the right is the IAM action {row['right']}; the same answer also means somebody "
            "else's key or a key in the wrong state"
        ]
    if row["error_kind"] == "operation_failed" and "authori" in str(row["error"]).lower():
        return [f"On OVHcloud OKMS the right is the IAM action {row['right']}"]
    return []
