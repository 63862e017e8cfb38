# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust in all wanted servers of one provider: looked at and judged before any write, established after."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import facts_in_part
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import Server
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.servers import same_place
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.trust import (
    Presented,
    TrustRule,
    establish,
    fetch_presented,
    judge,
    prepare,
    unreachable,
    wait_until_reachable,
)


class ServerTrust:
    """What the servers present now, by name. Empty as long as the user named nobody to trust."""

    def __init__(self, session: Session, provider: str, rule: TrustRule) -> None:
        self.rule = rule
        self._session = session
        self._provider = provider
        self._seen: dict[str, Presented] = {}
        self._prepared = False

    def look(self, servers: t.Sequence[Server]) -> None:
        """Ask once, and stop with GuardError when a certificate is not the expected one."""
        if self.rule.active:
            self._take([fetch_presented(self._session, self._provider, server) for server in servers])

    def _take(self, seen: t.Sequence[Presented]) -> None:
        for presented in seen:
            if presented.pem and self.rule.verifies:
                judge(self.rule, presented, self._session.now)
        self._seen = {presented.server["name"]: presented for presented in seen}

    @property
    def nobody_there(self) -> bool:
        """Servers were asked and none of them presents a certificate."""
        return bool(self._seen) and not any(presented.pem for presented in self._seen.values())

    def trusts(self, server: Server) -> bool:
        """vCenter says now that it trusts this server."""
        presented = self._seen.get(server["name"])
        return presented is not None and presented.trusted and same_place(presented.server, server)

    def known_already(self, servers: t.Sequence[Server], present: t.Sequence[Server]) -> dict[str, bool]:
        """Of servers that are new to the provider, by name: whether vCenter trusts them by a CA that it has.

        Asked only when the user named nobody to trust: else `look` has asked.
        """
        places = [(one["address"], one["port"]) for one in present]
        new = [one for one in servers if (one["address"], one["port"]) not in places and not self.rule.active]
        return {one["name"]: fetch_presented(self._session, self._provider, one).trusted for one in new}

    def will_trust(self, server: Server, before: bool) -> bool:
        """Whether vCenter will trust the server; one that is down beside others stays as it is."""
        presented = self._seen.get(server["name"])
        if presented is None:
            return before
        return before or bool(presented.pem) or self.nobody_there

    def warnings(self, to_come: bool) -> list[str]:
        """What the user should know; `to_come`: nothing was done yet (check mode)."""
        missing = [presented for presented in self._seen.values() if not presented.pem]
        texts = []
        if missing and not self.nobody_there:
            texts.append(f"{unreachable(missing)}. The other servers were checked; rerun when this one is available")
        elif missing and to_come:
            texts.append(
                f"{unreachable(missing)}. Therefore, its certificate could not be checked; a real run waits for it"
            )
        if self.rule.first_use:
            texts.extend(self._first_use(presented) for presented in self._seen.values() if self._is_new(presented))
        return texts

    @staticmethod
    def _is_new(presented: Presented) -> bool:
        return bool(presented.pem) and not presented.trusted

    @staticmethod
    def _first_use(presented: Presented) -> str:
        facts, _unreadable = facts_in_part(presented.leaf)
        return (
            f"trust on first use: nobody verified the KMS {presented.place}. Its certificate: SHA-256 "
            f"{facts['sha256']}, subject {facts['subject'] or 'not readable'}. Add it to server_thumbprints "
            "after you have compared it"
        )

    def wait(self, patience: Patience) -> None:
        """Before the first write: wait for a certificate when no server presents one, and judge it."""
        if self.nobody_there:
            servers = [presented.server for presented in self._seen.values()]
            self._take(wait_until_reachable(self._session, self._provider, servers, patience))

    def prepare(self, changing: t.Sequence[Server]) -> None:
        """Before servers that are registered move or go: add the new trust, and leave the old one."""
        there = self._there
        if not changing or all(presented.trusted for presented in there):
            return
        leaving = [fetch_presented(self._session, self._provider, server) for server in changing]
        kept = "".join(presented.leaf for presented in leaving if presented.trusted)
        prepare(self._session, self._provider, self.rule, there, kept)
        self._prepared = True

    def establish(self, patience: Patience) -> None:
        """Make vCenter trust the servers that are there."""
        there = self._there
        if self._prepared:
            there = [fetch_presented(self._session, self._provider, presented.server) for presented in there]
        if not all(presented.trusted for presented in there):
            establish(self._session, self._provider, self.rule, there, patience)

    @property
    def _there(self) -> list[Presented]:
        return [presented for presented in self._seen.values() if presented.pem]

    def results(self) -> list[dict[str, t.Any]]:
        """Which certificate each server presents, and what it has passed."""
        return [
            {
                "name": presented.server["name"],
                "sha256": facts_in_part(presented.leaf)[0]["sha256"],
                "trusted_by": self.rule.held_by,
            }
            for presented in self._there
        ]
