# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain with audit logs and a stream for them, so that one test is for all who send logs there."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import Okms

PACE: dict[str, t.Any] = {"wait_timeout": 60, "wait_interval": 0.01}
# what the documentation of okms_log_subscription asks for
RIGHTS = [
    "okms:apiovh:log/kind/get",
    "okms:apiovh:log/subscription/get",
    "okms:apiovh:log/subscription/create",
    "okms:apiovh:log/subscription/delete",
    "ldp:apiovh:output/graylog/stream/forwardTo",
]


@dataclasses.dataclass
class LogSite:
    """A domain, a stream, and the module that joins them."""

    lab: Lab
    domain: Okms
    stream: str

    @property
    def kinds(self) -> list[str]:
        """Of the domain's logs, sorted."""
        return sorted(self.lab.ovhcloud.settings.log_kinds)

    def run(self, check: bool = False, **more: t.Any) -> harness.ModuleResult:
        """The module okms_log_subscription."""
        options = {"okms_id": self.domain.okms_id, "stream_id": self.stream, **PACE, **more}
        connection = {**harness.connection(self.lab, "ovhcloud"), **options}
        return harness.run_module("okms_log_subscription", check, True, **connection)

    def writes(self, since: int = 0) -> list[str]:
        """Methods of the calls that may have changed something."""
        return [entry.operation.partition(" ")[0] for entry in self.lab.journal.writes(since)]

    def sent(self) -> list[tuple[str, str]]:
        """Kind and stream of each subscription of the domain."""
        return sorted((one.kind, one.stream_id) for one in self.domain.log_subscriptions.values())


def log_site(lab: Lab) -> LogSite:
    """A new domain and a stream."""
    return LogSite(lab, lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod"), lab.ovhcloud.add_stream())
