# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OKMS: reference data and domains."""

from __future__ import annotations

import typing as t

from ..kv import KvStore
from .core import Area, Call, KmipEndpoint, new_uuid, serves
from .errors import bad_request, not_found
from .state import Countdown, Credential, Okms, Service

_PAIRS = {
    "oct": [["encrypt", "decrypt"], ["wrapKey", "unwrapKey"]],
    "RSA": [["sign", "verify"]],
    "EC": [["sign", "verify"]],
}
_SIZES = {"oct": [256, 192, 128], "RSA": [2048, 3072, 4096], "EC": []}
_CURVES = {"oct": [], "RSA": [], "EC": ["P-256", "P-384", "P-521"]}


class OkmsArea(Area):
    """Calls under /v2/okms/reference and /v2/okms/resource."""

    # --- life of a domain

    def deliver(self, region: str) -> str:
        """What an order does in the end: domain, billing service and IAM resource, visible a little later."""
        settings = self.core.settings
        domain = self.new(region, None)
        domain.window = Countdown(settings.okms_window_reads)
        domain.services_window = Countdown(settings.services_window_reads)
        return domain.okms_id

    def new(self, region: str, display_name: str | None) -> Okms:
        """A domain with its billing service, visible at once."""
        okms_id, service_id = new_uuid(), self.core.number("service", 130001234)
        name = display_name or okms_id
        domain = Okms(okms_id, region, new_uuid(), name, service_id, Countdown(0), Countdown(0))
        domain.secrets = KvStore(self.core.clock)
        self.state.okms[okms_id] = domain
        self.state.services[service_id] = Service(service_id, okms_id, "okms", self.core.now(), name)
        return domain

    def suspend(self, domain: Okms) -> None:
        """The service is terminated: its certificates stop working, the domain stays readable for a while."""
        domain.state = "SUSPENDED"
        domain.retention = Countdown(self.core.settings.retention_reads)
        for credential in domain.credentials.values():
            self.revoke(domain, credential)

    def revoke(self, domain: Okms, credential: Credential) -> None:
        """The certificate is not accepted any more."""
        serial = credential.certificate.serial_number
        self.core.authority.revoke(serial)
        self.core.callbacks.on_credential_revoked(domain.okms_id, credential.credential_id, serial)

    def _read(self, domain: Okms) -> None:
        """One read of the domain: pending changes come nearer."""
        if domain.new_name and domain.new_name[1].tick():
            domain.display_name, domain.new_name = domain.new_name[0], None
        if domain.retention and domain.retention.tick():
            domain.gone = True

    # --- calls

    @serves("GET /v2/okms/reference/regions")
    def regions(self, call: Call) -> list[dict[str, t.Any]]:
        """Regions and their endpoints."""
        return [
            {
                "certifications": ["STANDARD"],
                "id": region.id,
                "kmipEndpoint": region.ecdsa.text,
                "restEndpoint": region.rest_endpoint,
                "type": "REGION-3-AZ" if region.id == "eu-west-par" else "REGION-1-AZ",
            }
            for region in self.core.regions.values()
        ]

    def _known_region(self, call: Call) -> None:
        if call.query["region"] not in self.core.regions:
            raise not_found("region")

    @serves("GET /v2/okms/reference/serviceKey")
    def key_kinds(self, call: Call) -> list[dict[str, t.Any]]:
        """Kinds of service keys."""
        self._known_region(call)
        return [
            {
                "curves": [{"default": index == 0, "value": curve} for index, curve in enumerate(_CURVES[kind])],
                "default": kind == "oct",
                "operations": [{"default": index == 0, "value": pair} for index, pair in enumerate(pairs)],
                "sizes": [{"default": index == 0, "value": size} for index, size in enumerate(_SIZES[kind])],
                "type": kind,
            }
            for kind, pairs in _PAIRS.items()
        ]

    @serves("GET /v2/okms/reference/secretConfig")
    def secret_config(self, call: Call) -> dict[str, t.Any]:
        """Defaults of secrets."""
        self._known_region(call)
        return {"casRequired": False, "maxVersions": 10}

    @serves("GET /v2/okms/resource")
    def domains(self, call: Call) -> list[dict[str, t.Any]]:
        """All domains that can be read."""
        found = []
        for domain in list(self.state.okms.values()):
            self._read(domain)
            if not domain.gone and domain.window.tick():
                found.append(self.shown(domain))
        return tagged(found, call.query.get("iamTags"))

    @serves("GET /v2/okms/resource/{okmsId}")
    def domain(self, call: Call) -> dict[str, t.Any]:
        """One domain."""
        domain = self.state.okms.get(call.params["okmsId"])
        if domain is None or domain.gone or not domain.window.tick():
            raise not_found(f"okms {call.params['okmsId']}")
        self._read(domain)
        if domain.gone:
            raise not_found(f"okms {domain.okms_id}")
        return self.shown(domain, call.query.get("publicCA", False))

    def _rsa_text(self, rsa: KmipEndpoint) -> str:
        # ovh-guides: some mock-ups of OVHcloud's own front end carry a bare host
        return rsa.host if self.core.settings.rsa_endpoint == "bare" else rsa.text

    def shown(self, domain: Okms, with_ca: bool = False) -> dict[str, t.Any]:
        """The domain as the API writes it."""
        region, form = self.core.regions[domain.region], self.core.settings.public_ca
        rsa = region.rsa if self.core.settings.rsa_endpoint != "null" else None
        return {
            "iam": {
                "displayName": domain.display_name,
                "id": domain.iam_id,
                "state": domain.state,
                "tags": domain.tags or None,
                "urn": self.core.urn("okms", domain.okms_id),
            },
            "id": domain.okms_id,
            "kmipEndpoint": region.ecdsa.text,
            "kmipObjectCount": self.core.callbacks.kmip_object_count(domain.okms_id),
            "kmipRsaEndpoint": self._rsa_text(rsa) if rsa else None,
            "publicCA": region.ecdsa.authority(form) if with_ca else None,
            "publicRsaCA": rsa.authority(form) if rsa and with_ca else None,
            "region": domain.region,
            "restEndpoint": region.rest_endpoint,
            "secretCount": len(domain.secrets.secrets),
            "secretVersionCount": sum(len(secret.versions) for secret in domain.secrets.secrets.values()),
            "serviceKeyCount": sum(not key.state.startswith("DESTROYED") for key in domain.service_keys.values()),
            "swaggerEndpoint": region.rest_endpoint.replace("https://", "https://swagger-"),
        }


def usable(area: Area, call: Call) -> Okms:
    """The domain of a sub-resource call; a terminated one says so."""
    domain = area.core.readable_okms(call.params["okmsId"])
    if domain.state != "OK":
        raise bad_request("This OKMS is expired", "OKMSExpired")
    return domain


def tagged(items: list[dict[str, t.Any]], filters: dict[str, t.Any] | None) -> list[dict[str, t.Any]]:
    """The items whose `iam.tags` match the filters {key: [{operator, value}]}; operators EQ, NEQ, EXISTS, NEXISTS."""

    def matches(tags: dict[str, str], key: str, rule: dict[str, str]) -> bool:
        operator, value = rule.get("operator") or "EQ", rule.get("value")
        tests = {"EXISTS": key in tags, "NEXISTS": key not in tags, "NEQ": tags.get(key) != value}
        return tests.get(operator, tags.get(key) == value)

    return [
        item
        for item in items
        if all(
            matches(item["iam"]["tags"] or {}, key, rule) for key, rules in (filters or {}).items() for rule in rules
        )
    ]
