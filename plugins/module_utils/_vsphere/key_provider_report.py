# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything there is to say about key providers, for `key_provider_info`."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    days_left,
    facts_in_part,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import LONGEST_RENEWAL
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import health as status
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.defaults import (
    default_clusters,
    entity_names,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.health import Facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    NATIVE,
    STANDARD,
    Provider,
    list_providers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.status import fetched
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native import api
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.client_certificates import (
    last_csr,
    working_certificate,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.client_identity import (
    is_pending,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.reachability import (
    with_certificates,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.keys import Warn
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.result import Usage
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.users import users_and_missing

_CLIENT_FACTS = ("subject", "issuer", "serial_number", "not_before", "not_after", "sha1", "sha256", "public_key_sha256")
_SOON = LONGEST_RENEWAL  # days before the end of a certificate in which its renewal may have begun
_NOT_ASKED: Facts = {"users": None, "in_use_by": None, "needed_by": None}


@dataclasses.dataclass(frozen=True)
class Report:
    """Facts of providers, and of those that are needed but not there."""

    providers: list[Facts]
    missing: list[Facts]


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where the facts come from. `open_rest` is called only when there is a native provider to ask for."""

    session: Session
    open_rest: t.Callable[[], Rest]
    warn: Warn
    rest_failed: t.Callable[[CollectionError], bool] = lambda _error: True  # whether to warn of it


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which providers to report: the one with the name, and those of the types; without either, all."""

    name: str | None = None
    types: tuple[str, ...] = ()

    def of(self, providers: t.Iterable[Provider]) -> list[Provider]:
        """The selected ones, in their order. Pure."""
        return [
            one for one in providers if self.name in (None, one.name) and (not self.types or one.type in self.types)
        ]


def provider_report(
    sources: Sources, selection: Selection, check_status: bool, users: bool, check_keys: bool = False
) -> Report:
    """Facts of the selected providers. What vCenter does not have has no type, so types do not narrow it.

    `check_status` lets vCenter connect to the servers, `check_keys` lets it fetch keys from them.
    """
    session, warn = sources.session, sources.warn
    listed = list_providers(session)
    providers = selection.of(listed)
    used, missing = users_and_missing(session, listed, providers, selection.name, warn) if users else (None, {})
    results = _present(sources, providers, check_status)
    standard = [facts["name"] for facts in results if facts["type"] == STANDARD]
    keys = fetched(session, standard) if check_keys and standard else {}
    for facts in results:
        facts["keys_in_use"] = dataclasses.asdict(keys[facts["name"]]) if facts["name"] in keys else None
        facts.update(_users_facts(used[facts["name"]]) if used is not None else _NOT_ASKED)
    return Report(results, [{"name": other, **_users_facts(usage)} for other, usage in missing.items()])


def _users_facts(usage: Usage) -> Facts:
    return {"users": usage.as_result(), "in_use_by": usage.lines(), "needed_by": usage.needs()}


def _present(sources: Sources, providers: t.Sequence[Provider], check_status: bool) -> list[Facts]:
    if not providers:
        return []
    session = sources.session
    now = session.now()
    health = _health(session, providers) if check_status else {}
    natives = _native_health(sources, providers) if check_status else {}
    names = entity_names(session, [entity for provider in providers for entity in provider.entities])
    results = []
    for provider in providers:
        facts = _facts(provider, names)
        found = health.get(provider.name, status.UNKNOWN_HEALTH)
        facts.update(_health_facts(found, now) if check_status else {"status": None, "connections": None})
        own = natives.get(provider.name)
        if own is not None:
            facts["status"] = own.colour
        facts.update(_client_facts(session, provider, now, facts["status"] == "green"))
        facts["reasons"] = _reasons(provider, facts, found, own)
        results.append(facts)
    return results


def _facts(provider: Provider, names: t.Mapping[str, str]) -> Facts:
    return {
        "name": provider.name,
        "type": provider.type,
        "servers": provider.servers,
        "default": provider.default,
        "default_clusters": default_clusters(provider, names),
        "has_backup": provider.has_backup,
        "tpm_required": provider.tpm_required,
        "key_id": provider.key_id,
    }


def _health(session: Session, providers: t.Sequence[Provider]) -> dict[str, status.ProviderHealth]:
    read = status.read_provider_health(session, providers)
    return {item.name: with_certificates(session, item, read[item.name]) for item in providers if item.name in read}


def _native_health(sources: Sources, providers: t.Sequence[Provider]) -> dict[str, api.NativeHealth]:
    """Health of the native providers by name. Only the REST interface knows it: SOAP may call a good one gray."""
    names = [provider.name for provider in providers if provider.type == NATIVE]
    if not names:
        return {}
    try:
        rest = sources.open_rest()
        return {name: api.read_native_health(rest, name) for name in names}
    except CollectionError as error:
        if sources.rest_failed(error):
            sources.warn(f"the status of native key providers comes from the SOAP interface: {error.message}")
        return {}


def _health_facts(found: status.ProviderHealth, now: datetime.datetime) -> Facts:
    connections = [_with_days(connection, now) for connection in found.as_results()]
    return {"status": found.overall, "connections": connections}


def _with_days(connection: Facts, now: datetime.datetime) -> Facts:
    certificate = connection["certificate"]
    if certificate is None:
        return connection
    left = days_left(certificate["not_after"], now) if certificate["not_after"] else None
    return {**connection, "certificate": {"sha256": None, **certificate, "days_left": left}}


def _client_facts(session: Session, provider: Provider, now: datetime.datetime, green: bool) -> Facts:
    if provider.type != STANDARD:
        return {"client_certificate": None, "csr_pending": None}
    working = working_certificate(session, provider.name)
    certificate = None
    if working:
        facts, _unreadable = facts_in_part(split(working)[0])
        certificate = {key: facts[key] for key in _CLIENT_FACTS}
        certificate["days_left"] = days_left(facts["not_after"], now) if facts["not_after"] else None
    left = certificate["days_left"] if certificate else None
    if green and left is not None and left > _SOON:  # nobody renews it yet
        return {"client_certificate": certificate, "csr_pending": None}
    csr = last_csr(session, provider.name)
    return {"client_certificate": certificate, "csr_pending": is_pending(csr, working)}


def _reasons(provider: Provider, facts: Facts, found: status.ProviderHealth, own: api.NativeHealth | None) -> list[str]:
    lines = status.reasons(found) + (own.other_reasons if own is not None else [])
    certificates = [
        (f"{item['name']}: the server's certificate", item["certificate"]) for item in facts["connections"] or []
    ]
    certificates.append(("vCenter's client certificate", facts["client_certificate"]))
    for whose, certificate in certificates:
        if certificate and certificate["days_left"] is not None and certificate["days_left"] < 0:
            lines.append(f"{whose} expired on {certificate['not_after']}")
    # has_backup decides, not the health: REST calls such a provider ERROR or WARNING (assumption native-unsaved-health)
    unsaved = provider.has_backup is False and provider.type == NATIVE
    if unsaved or (own is not None and own.backup_missing):
        lines.append("the native key provider was never backed up")
    return lines
