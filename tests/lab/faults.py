# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults by rule: which request goes wrong, how, and how often."""

from __future__ import annotations

import dataclasses
import fnmatch
import threading
import typing as t

# drop_before: the request never takes effect; drop_after: it does, but the answer is lost
# meanwhile: something else happens (another run, a move of the clock) after it has arrived and before it takes effect
# rewrite: it takes effect, and the answer's body is what `rewrite` makes of it (a newer server, a proxy that meddles)
# of HTTP servers, after it took effect, until the client leaves - hang: not a byte; trickle_head, trickle: headers or
# body byte by byte; endless: a body without an end; announced: a body that calls itself 1 TiB long
OPEN_ENDED = ("hang", "trickle_head", "trickle", "endless", "announced")
# of HTTPS servers, after it took effect, a record of TLS that cannot be decrypted (RFC 8446, 5.2) - broken_tls: in
# place of the answer; broken_tls_in_body: in the middle of its body
BROKEN_TLS = ("broken_tls", "broken_tls_in_body")
ACTIONS = (
    *("drop_before", "drop_after", "status", "html", "truncate", "refuse", "slow", "meanwhile", "rewrite"),
    *OPEN_ENDED,
    *BROKEN_TLS,
)


@dataclasses.dataclass
class FaultRule:
    """One rule. `operation` is a shell pattern on the journal's operation; `skip` matches pass before the first hit."""

    action: str
    system: str = "*"
    operation: str = "*"
    times: int = 1
    skip: int = 0
    status: int = 500
    retry_after: int | str | None = None
    seconds: float = 0.0
    rewrite: t.Callable[[bytes], bytes] | None = None
    call: t.Callable[[], object] | None = None  # for `meanwhile`, of HTTP servers only; runs in a thread of its own

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"unknown fault {self.action!r}, one of {', '.join(ACTIONS)}")


class Faults:
    """The rules in force, safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []

    def add(self, action: str, **rule: t.Any) -> FaultRule:
        """Add a rule, see FaultRule for its fields."""
        made = FaultRule(action, **rule)
        with self._lock:
            self._rules.append(made)
        return made

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def pick(self, system: str, operation: str) -> FaultRule | None:
        """The rule that hits this request, used up by one; None when it may pass."""
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not fnmatch.fnmatchcase(system, rule.system):
                    continue
                if not fnmatch.fnmatchcase(operation, rule.operation):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.times -= 1
                return rule
        return None
