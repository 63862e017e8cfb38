# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When key providers, their certificates and their backups are an event: once, and again after a change. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.conditions import Event

_Facts = t.Mapping[str, t.Any]
_UNKNOWN = (None, "gray")  # colours that say nothing; the provider is judged by the next one
_CLIENT, _SERVER = "client", "server"
_Key = tuple[str, ...]
_DEFAULT: _Key = ("default",)


@dataclasses.dataclass(frozen=True)
class EventThresholds:
    """`days`: days left at which the end of a certificate is told; `backup_days`: age that a backup may have."""

    days: tuple[int, ...] = (30, 14, 7, 3, 1, 0)
    backup_days: int = 365

    def reached(self, left: int | None) -> int | None:
        """The lowest threshold that was reached, None when none was."""
        return min((day for day in self.days if left is not None and left <= day), default=None)


@dataclasses.dataclass(frozen=True)
class Backup:
    """The newest backup of a native provider: when it was made, and its age in days."""

    created_at: str
    days: int


@dataclasses.dataclass
class ProviderConditions:
    """What was told of key providers. `known` has one entry for each thing that is watched, and none for others."""

    limits: EventThresholds = dataclasses.field(default_factory=EventThresholds)
    tell_initial: bool = False
    started: bool = False
    known: dict[_Key, t.Any] = dataclasses.field(default_factory=dict)

    def see(self, providers: t.Sequence[_Facts], backups: t.Mapping[str, Backup]) -> list[Event]:
        """The events since the last report. `providers` are facts as of the module key_provider_info."""
        events: list[Event] = []
        for provider in providers:
            name = str(provider["name"])
            for _key, event in self._of(provider, backups.get(name)):
                events += [{**one, "provider": {"name": name, "type": provider["type"]}} for one in event]
        events += self._defaults(providers)
        initial, self.started = not self.started, True
        self._forget(providers)
        return [{**event, "initial": initial} for event in events if self.tell_initial or not initial]

    def _forget(self, providers: t.Sequence[_Facts]) -> None:
        """What belongs to providers and servers that are gone; what one look lacks of the others is kept."""
        servers = {str(one["name"]): _servers(one) for one in providers}

        def exists(key: _Key) -> bool:
            if key == _DEFAULT:
                return True
            return key[1] in servers and (len(key) < 3 or not servers[key[1]] or key[2] in servers[key[1]])

        self.known = {key: state for key, state in self.known.items() if exists(key)}

    def _of(self, provider: _Facts, backup: Backup | None) -> t.Iterator[tuple[_Key, list[Event]]]:
        """Each thing that is watched of a provider, with the events of it."""
        name = str(provider["name"])
        yield self._status(name, provider)
        client = provider.get("client_certificate")
        if client:
            yield self._expiry((_CLIENT, name), client, None)
        for connection in provider.get("connections") or []:
            server, certificate = str(connection["name"]), connection.get("certificate")
            yield self._expiry((_SERVER, name, server), certificate, server)
            yield self._change((f"{_SERVER} certificate", name, server), certificate, server)
        if backup is not None:
            yield self._backup(("backup", name), backup)

    def _status(self, name: str, provider: _Facts) -> tuple[_Key, list[Event]]:
        key, colour = ("status", name), provider.get("status")
        before = self.known.get(key)
        if colour in _UNKNOWN:
            return key, []
        reasons = [str(reason) for reason in provider.get("reasons") or []]
        after = None if colour == "green" else (colour, tuple(sorted(reasons)))
        self.known[key] = after
        if after == before:
            return key, []
        if after is None:
            return key, [{"type": "provider_green", "status": colour}]
        return key, [{"type": "provider_not_green", "status": colour, "reasons": reasons}]

    def _expiry(self, key: _Key, certificate: _Facts | None, server: str | None) -> tuple[_Key, list[Event]]:
        """Told at each threshold, once for each certificate."""
        whose, reached = identity(certificate), self.limits.reached((certificate or {}).get("days_left"))
        if certificate is None or whose is None:
            return key, []
        before = self.known.get(key) or ("", None)
        told = before[1] if before[0] == whose else None
        news = reached is not None and (told is None or reached < told)
        self.known[key] = whose, reached if news else told
        if not news:
            return key, []
        event = {"type": "certificate_expiring", "certificate": key[0], "server": server}
        return key, [{**event, "days_left": certificate["days_left"], "threshold": reached, **_shown(certificate)}]

    def _change(self, key: _Key, certificate: _Facts | None, server: str) -> tuple[_Key, list[Event]]:
        """A server that is unreachable shows none: the one that it showed last counts."""
        whose = identity(certificate)
        before = self.known.get(key)
        if certificate is None or whose is None or before == whose:
            return key, []
        self.known[key] = whose
        if before is None:
            return key, []
        event = {"type": "server_certificate_changed", "server": server, "before": before}
        return key, [{**event, **_shown(certificate)}]

    def _backup(self, key: _Key, backup: Backup) -> tuple[_Key, list[Event]]:
        old = backup.days > self.limits.backup_days
        before, self.known[key] = self.known.get(key), (backup.created_at, old)
        if not old or before == self.known[key]:
            return key, []
        return key, [{"type": "backup_too_old", "created_at": backup.created_at, "age_days": backup.days}]

    def _defaults(self, providers: t.Sequence[_Facts]) -> list[Event]:
        """The default of the system, and of each cluster that has its own."""
        before, after = self.known.get(_DEFAULT), defaults_of(providers)
        self.known[_DEFAULT] = after
        if before is None:
            return []
        return [
            {
                "type": "default_provider_changed",
                "cluster": cluster or None,
                "before": before.get(cluster),
                "after": after.get(cluster),
            }
            for cluster in sorted({*before, *after})
            if before.get(cluster) != after.get(cluster)
        ]


def _servers(provider: _Facts) -> set[str]:
    """Names of its servers, by configuration and by status; either may be missing from one look."""
    both = [*(provider.get("servers") or []), *(provider.get("connections") or [])]
    return {str(server["name"]) for server in both}


def defaults_of(providers: t.Sequence[_Facts]) -> dict[str, str]:
    """Default key provider by cluster; that of the system by the empty name."""
    found: dict[str, str] = {}
    for one in providers:
        clusters = [*([""] if one.get("default") else []), *(one.get("default_clusters") or [])]
        found.update(dict.fromkeys(clusters, str(one["name"])))
    return found


def identity(certificate: _Facts | None) -> str | None:
    """SHA-1 thumbprint, the one that vCenter always gives; None for a certificate that was not seen."""
    return (certificate or {}).get("sha1") or None


def _shown(certificate: _Facts) -> dict[str, t.Any]:
    return {name: certificate.get(name) for name in ("subject", "not_after", "sha1", "sha256")}
