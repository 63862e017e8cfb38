# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust in the KMS: what a server presents, whether it is the right one, and making vCenter trust it."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    certificate_facts,
    days_left,
    facts_in_part,
    thumbprint,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import check_signed_by
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import normalise, split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    GuardError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import one_line
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.health import (
    TRUST_SETTLES,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Server,
    key_provider_id,
    server_info,
)


@dataclasses.dataclass(frozen=True)
class TrustRule:
    """Which server certificates the user accepts. Both pins and CA given: both must hold.

    `between`: certificates that may lead from a server's own one to the authority; not trusted by themselves.
    """

    authority: str | None = None
    pins: tuple[str, ...] = ()
    first_use: bool = False
    between: str = ""

    @property
    def active(self) -> bool:
        """The user said whom to trust."""
        return bool(self.authority or self.pins or self.first_use)

    @property
    def verifies(self) -> bool:
        """There is something to compare a certificate with."""
        return bool(self.authority or self.pins)

    @property
    def held_by(self) -> list[str]:
        """In words, what a certificate that was judged has passed."""
        kinds = [("ca", self.authority), ("thumbprint", self.pins), ("first_use", self.first_use)]
        return [word for word, given in kinds if given]


@dataclasses.dataclass(frozen=True)
class Presented:
    """What a server shows to vCenter: PEM (empty when vCenter gets none) and whether vCenter trusts it already."""

    server: Server
    pem: str
    trusted: bool
    problem: str | None = None

    @property
    def leaf(self) -> str:
        """The server's own certificate, without the chain."""
        return split(self.pem, f"certificate of the KMS {self.place}")[0]

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.server['name']} at {self.server['address']}:{self.server['port']}"


def trust_rule_of(
    server_ca: str | None,
    server_thumbprints: t.Sequence[str] | None,
    first_use: bool,
    server_chain: t.Sequence[str] | None = None,
) -> TrustRule:
    """The rule from the options; SHA-1 is refused because it can be forged."""
    authority = normalise(server_ca, "CERTIFICATE", name="server_ca") if server_ca else None
    between = [normalise(text, "CERTIFICATE", name="server_chain") for text in server_chain or [] if text]
    pins = []
    for text in server_thumbprints or []:
        algorithm, canonical = thumbprint(text, "server_thumbprints")
        if algorithm != "sha256":
            raise InvalidInputError(
                f"server_thumbprints: {text} is SHA-1; only SHA-256 is accepted, because a certificate "
                "with "
                "the same SHA-1 thumbprint can be forged (vCenter's user interface shows SHA-1). kmip_server_info "
                "shows both"
            )
        pins.append(canonical)
    return TrustRule(authority, tuple(pins), first_use, "".join(between))


def fetch_presented(session: Session, provider: str, server: Server) -> Presented:
    """Ask vCenter which certificate the server presents; the provider need not exist yet. Changes nothing."""
    what = f"read the certificate of the KMS {server['name']}"
    info = server_info({key: server[key] for key in server if server[key] is not None})
    method = session.crypto.RetrieveKmipServerCert
    try:
        answer = session.call(what, method, keyProvider=key_provider_id(provider), server=info)
    except ApiError as error:  # most versions answer with an empty text instead
        return Presented(server, "", False, error.message)
    pem = (answer.certificate or "").strip() if answer is not None else ""
    return Presented(server, pem, bool(answer is not None and answer.clientTrustServer))


def judge(rule: TrustRule, presented: Presented, now: t.Callable[[], datetime.datetime]) -> None:
    """Raise GuardError when the presented certificate is not one that the user accepts.

    `now` reads vCenter's clock, by which vCenter judges; that of the control node may be wrong.
    """
    facts, _unreadable = facts_in_part(presented.leaf)
    subject, issuer = (facts[name] or "not readable" for name in ("subject", "issuer"))
    got = f"presented: SHA-256 {facts['sha256']}, subject {subject}, issuer {issuer}"
    if rule.pins and facts["sha256"] not in rule.pins:
        raise GuardError(
            f"the KMS {presented.place} presents another certificate than expected; nothing was changed. "
            f"Expected: SHA-256 {' or '.join(rule.pins)}; {got}",
            expected=list(rule.pins),
            presented=facts["sha256"],
        )
    # vCenter may return the leaf alone (assumption server-certificate-chain): `between` leads from it to the CA
    if rule.authority and not _signed_by(rule, presented):
        authority = certificate_facts(split(rule.authority)[0])
        raise GuardError(
            f"the KMS {presented.place} presents a certificate that the given CA did not sign; nothing was changed. "
            f"Expected issuer: {authority['subject']} (SHA-256 {authority['sha256']}); {got}. Give the certificates "
            "between the two as server_chain (kmip_server_info returns them), or server_thumbprints alone",
            expected=authority["sha256"],
            presented=facts["sha256"],
        )
    if not presented.trusted and facts["not_after"] and days_left(facts["not_after"], now()) < 0:
        raise GuardError(
            f"the certificate of the KMS {presented.place} expired on {facts['not_after']}: vCenter does not "
            f"trust it, and waiting does not help; nothing was changed. Renew the KMS's certificate; {got}",
            presented=facts["sha256"],
        )


def _signed_by(rule: TrustRule, presented: Presented) -> bool:
    try:
        return check_signed_by(presented.pem + "\n" + rule.between, rule.authority or "")
    except InvalidInputError as error:
        raise GuardError(
            f"the KMS {presented.place} presents a certificate that cannot be read, so it is unknown whether the "
            f"given CA signed it ({error.message}); nothing was changed. Renew the KMS's certificate, or give "
            "server_thumbprints alone"
        ) from error


def unreachable(presented: t.Iterable[Presented]) -> str:
    """Why vCenter has no certificate from these servers, and what to do."""
    places = ", ".join(item.place for item in presented)
    said = "; ".join(one_line(item.problem) for item in presented if item.problem)
    return (
        f"vCenter gets no certificate from the KMS {places}: it cannot connect. On OVHcloud, the KMS entry must be "
        "open (private_cloud_kms); elsewhere, check address, port and firewall between vCenter and the KMS"
        + (f". vCenter said: {said}" if said else "")
    )


def wait_until_reachable(
    session: Session, provider: str, servers: t.Sequence[Server], patience: Patience
) -> list[Presented]:
    """Look until one server at least presents a certificate."""

    def look_at_all() -> list[Presented]:
        return [fetch_presented(session, provider, server) for server in servers]

    seen = wait_for(
        look_at_all,
        lambda found: any(item.pem for item in found),
        f"certificate of a KMS of the key provider {provider}",
        patience,
        unreachable,
    )
    if not any(item.pem for item in seen):
        raise UnreachableError(f"{unreachable(seen)}. Nothing was changed")
    return seen


def prepare(session: Session, provider: str, rule: TrustRule, verified: t.Sequence[Presented], leaving: str) -> None:
    """Before servers of a provider change: add the new trust without taking the old one away.

    Everything goes in one upload, because it is not documented whether an upload adds to or replaces the former.
    `leaving`: the certificates by which the servers that will change are trusted now.
    """
    _upload(session, provider, _together(rule, verified) + leaving)


def establish(
    session: Session, provider: str, rule: TrustRule, verified: t.Sequence[Presented], patience: Patience
) -> None:
    """Make vCenter trust the verified servers.

    The CA comes first, because trust then survives the renewal of a server's certificate. Whether vCenter takes a CA,
    and whether an upload adds to or replaces the former, is not documented: each next step is done only when the flags
    of all servers do not hold yet. Where something is trusted already, the first upload holds that too.
    """
    # see the assumptions server-ca-accepted, server-bundle-accepted and server-certificates-accumulate
    everything = _together(rule, verified)
    steps = [[everything]] if any(item.trusted for item in verified) else []
    if rule.authority:
        steps.append([rule.authority])
        steps.append([rule.authority + rule.between])
    steps.append([item.leaf for item in verified if not item.trusted])
    steps.append([everything])
    servers = [item.server for item in verified]
    last = ""
    for step in steps:
        if step == [last]:
            continue
        for certificate in step:
            _upload(session, provider, certificate)
        last = step[-1]
        if all(item.trusted for item in _look_again(session, provider, servers)):
            return
    _await_trust(session, provider, servers, patience)


def _together(rule: TrustRule, verified: t.Sequence[Presented]) -> str:
    """Everything by which the verified servers can be trusted."""
    return "".join([rule.authority or "", rule.between if rule.authority else "", *(item.leaf for item in verified)])


def _await_trust(session: Session, provider: str, servers: t.Sequence[Server], patience: Patience) -> None:
    """Wait for the flags, which may lag behind the upload; not for ever, because nothing else will set them."""
    wait_for(
        lambda: _look_again(session, provider, servers),
        lambda seen: all(item.trusted for item in seen),
        f"vCenter's trust in the servers of the key provider {provider}",
        dataclasses.replace(patience, timeout=min(patience.timeout, TRUST_SETTLES)),
        lambda seen: (
            "not trusted although their certificates were uploaded: "
            + ", ".join(item.place for item in seen if not item.trusted)
        ),
        provider=provider,
    )


def _look_again(session: Session, provider: str, servers: t.Sequence[Server]) -> list[Presented]:
    return [fetch_presented(session, provider, server) for server in servers]


def _upload(session: Session, provider: str, certificate: str) -> None:
    what = f"upload the KMS certificate for the key provider {provider}"
    method = session.crypto.UploadKmipServerCert
    session.call(what, method, cluster=key_provider_id(provider), certificate=certificate)
