# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the key providers of a vCenter show of the assumptions about them. Reads only."""

from __future__ import annotations

import typing as t
import uuid

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import matches
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import version_tuple
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ForbiddenError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import Sightings
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP, OKMS_RSA
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.tasks import result_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    NATIVE,
    STANDARD,
    Provider,
    key_provider_id,
    list_providers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.api import read_native_health
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.client_certificates import (
    last_csr,
    working_certificate,
)

Answered = tuple[Provider, t.Any]  # a provider and vCenter's own ClusterStatus of it
_OKMS = (".okms.ovh.net", ".okms.ovh.us", ".okms.ovh.ca")
_BLOCK = "-----BEGIN CERTIFICATE-----"
_NO_SERVER = "there is no standard key provider with a server"
_NO_OKMS = "there is no standard key provider on OKMS with a reachable server"
_STATUS = ("connection-texts", "false-trust-unset", "partial-status", "native-status")
_ENDPOINTS = ("ecdsa-endpoint", "ecdsa-endpoint-of-vcenter-7")


def see_providers(session: Session, rest: Rest, seen: Sightings) -> list[Provider]:
    """Look at all of them; they are returned for those who ask who uses them."""
    see_privilege(session, seen)
    see_wrong_argument(session, seen)
    providers: list[Provider] = []
    with seen.reading(*_STATUS, *_ENDPOINTS, "empty-provider-remains"):
        providers = list_providers(session)
        empty = any(one.type == STANDARD and not one.servers for one in providers)
        seen.when("empty-provider-remains", [True] if empty else None, "no provider without servers is there")
        statuses = _statuses(session, providers)
        see_servers([(one, status) for one, status in statuses if one.type == STANDARD], seen)
        see_native([(one, status) for one, status in statuses if one.type == NATIVE], seen)
        see_ecdsa(session.version, statuses, seen)
    see_certificates(session, providers, seen)
    see_unsaved(rest, providers, seen)
    return providers


def _statuses(session: Session, providers: t.Sequence[Provider]) -> list[Answered]:
    if not providers:
        return []
    what = "read the status of the key providers"
    raw = [provider.raw for provider in providers]
    task = session.call(what, session.crypto.RetrieveKmipServersStatus_Task, clusters=raw)
    found = {answer.clusterId.id: answer for answer in result_of(session, task, what) or []}
    return [(provider, found[provider.name]) for provider in providers if provider.name in found]


def see_servers(statuses: t.Sequence[Answered], seen: Sightings) -> None:
    """Texts, flags and colours of standard providers."""
    servers = [server for _provider, status in statuses for server in status.servers or []]
    texts = [bool((server.connectionStatus or "").strip()) for server in servers]
    seen.when("connection-texts", [any(texts)] if texts else None, _NO_SERVER)
    flags = [flag for server in servers for flag in (server.clientTrustServer, server.serverTrustClient)]
    told = [False] if False in flags else [True] if None in flags else None
    seen.when("false-trust-unset", told, "no trust flag is missing or false" if flags else _NO_SERVER)
    for _provider, status in statuses:
        green = [str(server.status) == "green" for server in status.servers or []]
        if any(green) and not all(green):
            seen.see("partial-status", [str(status.overallStatus)])
    seen.miss("partial-status", "no provider has servers of which only some are green")


def see_native(statuses: t.Sequence[Answered], seen: Sightings) -> None:
    """The colour of native providers over SOAP, before and after their backup."""
    for provider, status in statuses:
        colour = str(status.overallStatus)
        expected = {"by_backup": "green" if provider.has_backup else "red", "gray": "gray"}
        expected.update(green="green", red="red")
        seen.see("native-status", [value for value, wanted in expected.items() if wanted == colour])
    seen.miss("native-status", "there is no native key provider")


def see_ecdsa(version: str, statuses: t.Sequence[Answered], seen: Sightings) -> None:
    """Whether vCenter works with port 5696 of OKMS: providers that also have a green server on port 5697 show it."""
    # vCenter 8 is said to work with port 5697 only (ovh/docs PR 8226); nothing is said of vCenter 7
    old = version_tuple(version)[:1] < (8,)
    name, other = reversed(_ENDPOINTS) if old else _ENDPOINTS
    seen.miss(other, f"this vCenter is {'older than' if old else 'not'} version {'8' if old else '7'}")
    for provider, status in statuses:
        ports = {str(server["name"]): server["port"] for server in provider.servers if _okms(str(server["address"]))}
        ends = [(ports.get(str(server.name)), server) for server in status.servers or []]
        if not any(port == OKMS_RSA and str(server.status) == "green" for port, server in ends):
            continue  # who is refused there would be refused here, too
        for server in [server for port, server in ends if port == KMIP]:
            seen.when(name, _aversion(server), "vCenter does not say why it gets no certificate from port 5696")
    seen.miss(name, "no key provider has port 5696 of OKMS beside a green server on port 5697")


def _aversion(server: t.Any) -> list[str] | None:
    if str(server.status) == "green":
        return ["works"]
    if server.certInfo is not None:
        return ["handshake"]
    # without a word it could also be the firewall
    return ["certificate"] if "certificate" in (server.connectionStatus or "").lower() else None


def _okms(host: str) -> bool:
    return host.rstrip(".").lower().endswith(_OKMS)


def see_certificates(session: Session, providers: t.Sequence[Provider], seen: Sightings) -> None:
    """Client certificates and CSRs, and how many certificates vCenter returns for a server."""
    for provider in providers:
        if provider.type != STANDARD or not provider.servers:
            continue
        with seen.reading("default-client-certificate", "csr-after-use"):
            working = working_certificate(session, provider.name)
            if not working:
                seen.see("default-client-certificate", [False])
            request = last_csr(session, provider.name)
            if request and working and _same_key(working, request):
                seen.see("csr-after-use", [True])
        with seen.reading("server-certificate-chain"):
            for info in provider.raw.servers or []:
                if _okms(str(info.address)):
                    _see_chain(session, provider.name, info, seen)
    has = "each provider has a certificate, and nothing says whether it is vCenter's own"
    seen.miss("default-client-certificate", has if providers else _NO_SERVER)
    seen.miss("csr-after-use", "no CSR is there whose certificate is in use; either none was used, or none is kept")
    seen.miss("server-certificate-chain", _NO_OKMS)


def _see_chain(session: Session, provider: str, info: t.Any, seen: Sightings) -> None:
    """OKMS sends its issuing CA, too, so one certificate is the leaf alone."""
    read = session.crypto.RetrieveKmipServerCert
    found = session.call(
        "read the certificate of a KMIP server", read, keyProvider=key_provider_id(provider), server=info
    )
    blocks = (getattr(found, "certificate", None) or "").count(_BLOCK)
    if blocks:
        seen.see("server-certificate-chain", [blocks > 1])


def _same_key(certificate: str, request: str) -> bool:
    try:
        return matches(certificate, request)
    except InvalidInputError:
        return False


def see_unsaved(rest: Rest, providers: t.Sequence[Provider], seen: Sightings) -> None:
    """The health over REST of native providers without a backup."""
    for provider in providers:
        if provider.type == NATIVE and provider.has_backup is False:
            with seen.reading("native-unsaved-health"):
                health = read_native_health(rest, provider.name)
                if health.settled:
                    seen.see("native-unsaved-health", [health.health])
    seen.miss("native-unsaved-health", "there is no native key provider without a backup, or its health is not settled")


def see_wrong_argument(session: Session, seen: Sightings) -> None:
    """Which fault a provider has that does not exist: asked with a name that was just made up."""
    what, name = "read the client certificate of a provider that does not exist", f"field-check-{uuid.uuid4()}"
    with seen.reading("argument-fault"):
        try:
            session.call(what, session.crypto.RetrieveClientCert, cluster=key_provider_id(name))
        except ForbiddenError:
            raise
        except CollectionError as error:
            fault = str(error.details.get("fault") or "")
            seen.when("argument-fault", [fault] if fault else None, f"it could not be read ({error.kind})")
        else:
            seen.miss("argument-fault", "this vCenter returns nothing for a provider that does not exist")


def see_privilege(session: Session, seen: Sightings) -> None:
    """Whether the property can be read by a user who may not call the method."""
    reason = "this user has the privilege; run it once more as a user without the encryption right"
    try:
        session.call("list the KMIP servers", session.crypto.ListKmipServers)
    except ForbiddenError:
        try:
            session.fetch("read the KMIP servers", session.crypto, "kmipServers")
        except ForbiddenError:
            seen.see("kmip-servers-privilege", [True])
        except CollectionError as error:
            reason = f"it could not be read ({error.kind})"
        else:
            seen.see("kmip-servers-privilege", [False])
    except CollectionError as error:
        reason = f"it could not be read ({error.kind})"
    seen.miss("kmip-servers-privilege", reason)
