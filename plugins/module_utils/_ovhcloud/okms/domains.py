# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OKMS domains and regions: shapes, and the calls that read them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP, OKMS_RSA
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
    one_line,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.lines import normalise_region


@dataclasses.dataclass(frozen=True)
class Domain:
    """An OKMS domain; the counts are those of its contents."""

    id: str
    display_name: str | None  # not known without the IAM part of the answer
    region: str | None
    urn: str | None
    state: str | None
    kmip_endpoint: str | None
    kmip_host: str | None
    kmip_port: int | None
    kmip_rsa_endpoint: str | None
    kmip_endpoints: State
    kmip_for_vcenter: State | None
    rest_endpoint: str | None
    swagger_endpoint: str | None
    public_ca: str | None
    public_rsa_ca: str | None
    service_key_count: int | None
    kmip_object_count: int | None
    secret_count: int | None
    secret_version_count: int | None
    tags: dict[str, str]


DOMAIN_FIELDS = fields_of(Domain)
DOMAIN_VOLATILE = frozenset({"state", "service_key_count", "kmip_object_count", "secret_count", "secret_version_count"})
# also those of a terminated domain, which stays readable for some time (inferred from Terraform's provider)
ENDED_DOMAIN_STATES = ("SUSPENDED", "EXPIRED")


class Domains:
    """Calls of /v2/okms."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def every(self) -> list[State]:
        """All domains that the account may see, by display name and id, without their CA."""
        states = [domain_state(raw) for raw in self._client.get_all("/v2/okms/resource")]
        return sorted(states, key=lambda state: (str(state["display_name"]), state["id"]))

    def get(self, okms_id: str) -> State | None:
        """One domain with its CA; None when it does not exist or has ended."""
        try:
            # without publicCA=true, publicCA and publicRsaCA are null (schema v2/okms)
            raw = self._client.get(api_path("/v2/okms/resource/{}", okms_id), {"publicCA": True})
        except (NotFoundError, ServiceExpiredError):
            return None
        return domain_state(raw)

    def regions(self) -> list[State]:
        """The regions that offer OKMS."""
        raw = self._client.get_all("/v2/okms/reference/regions")
        return sorted((region_state(region) for region in raw), key=lambda region: str(region["id"]))

    def region(self, name: str) -> State:
        """One region; raises InvalidInputError with the list of all when there is none of that name."""
        wanted = normalise_region(name)
        regions = self.regions()
        for region in regions:
            if region["id"] == wanted:
                return region
        known = one_line(", ".join(str(region["id"]) for region in regions))
        raise InvalidInputError(f"region {name!r} does not offer OKMS; regions that do: {known}")


def only_one(states: list[State], display_name: str) -> State | None:
    """The one domain of that name, or None; raises AmbiguousError that lists them when there are more."""
    if len(states) > 1:
        seen = ", ".join(f"{state['id']} ({state['region']})" for state in states)
        raise AmbiguousError(
            f"{len(states)} OKMS domains are called {display_name!r}: {seen}. Name one by okms_id",
            okms_ids=[state["id"] for state in states],
        )
    return states[0] if states else None


def domain_state(raw: t.Any) -> State:
    """The API's domain in our shape. Without `iam` its name is not known (null); a domain without a name has its id."""
    read = record(raw, "an OKMS domain")
    okms_id = read.known_text("id")
    read.what = f"OKMS {okms_id}"
    iam = read.part("iam")
    host, port = split_endpoint(read.text("kmipEndpoint") or "")
    endpoints = endpoints_of(read)
    return as_result(
        Domain(
            id=okms_id,
            display_name=(iam.text("displayName") or okms_id) if iam.raw else None,
            region=_region(read.text("region")),
            urn=iam.text("urn"),
            state=iam.text("state"),
            kmip_endpoint=read.text("kmipEndpoint"),
            kmip_host=host,
            kmip_port=port,
            kmip_rsa_endpoint=read.text("kmipRsaEndpoint"),
            kmip_endpoints=endpoints,
            kmip_for_vcenter=for_vcenter(endpoints),
            rest_endpoint=read.text("restEndpoint"),
            swagger_endpoint=read.text("swaggerEndpoint"),
            public_ca=read.text("publicCA"),
            public_rsa_ca=read.text("publicRsaCA"),
            service_key_count=read.whole("serviceKeyCount"),
            kmip_object_count=read.whole("kmipObjectCount"),
            secret_count=read.whole("secretCount"),
            secret_version_count=read.whole("secretVersionCount"),
            tags=iam.labels("tags"),
        )
    )


def region_state(raw: t.Any) -> State:
    """The API's region in our shape.

    Regions do not tell the RSA endpoint: that of their domains has the same host, and the port of the guide.
    """
    read = record(raw, "a region of OKMS")
    host, port = split_endpoint(read.text("kmipEndpoint") or "")
    # a bare host gets the port 5697 below (assumption region-rsa-endpoint)
    presumed = {"kmipEndpoint": read.text("kmipEndpoint"), "kmipRsaEndpoint": host}
    endpoints = endpoints_of(Fields(presumed, read.what))
    return {
        "id": normalise_region(read.known_text("id")),
        "type": read.text("type"),
        "certifications": sorted(read.texts("certifications")),
        "kmip_endpoint": read.text("kmipEndpoint"),
        "kmip_host": host,
        "kmip_port": port,
        "kmip_endpoints": endpoints,
        "kmip_for_vcenter": for_vcenter(endpoints),
        "rest_endpoint": read.text("restEndpoint"),
    }


def _region(name: str | None) -> str | None:
    return normalise_region(name) if name else None


def split_endpoint(endpoint: str, default: int = KMIP) -> tuple[str | None, int | None]:
    """Host and port of `host:5696`, with or without a scheme; the default port when none is named."""
    bare = (endpoint.partition("://")[2] or endpoint).strip().rstrip("/")
    host, separator, port = bare.rpartition(":")
    if separator and port.isdigit():
        return (host or None), (int(port) if host else None)
    host = bare.rstrip(":")
    return (host or None), (default if host else None)


def endpoints_of(read: Fields) -> State:
    """Both KMIP servers of a domain; None for one that the API does not name."""
    return {
        # with a default port: mock-ups of OVHcloud's control panel carry a bare host (ovh/manager)
        "rsa": _endpoint("rsa", read.text("kmipRsaEndpoint"), OKMS_RSA, read.text("publicRsaCA")),
        "ecdsa": _endpoint("ecdsa", read.text("kmipEndpoint"), KMIP, read.text("publicCA")),
    }


def _endpoint(kind: str, text: t.Any, default: int, authority: t.Any) -> State | None:
    host, port = split_endpoint(str(text or ""), default)
    return {"kind": kind, "host": host, "port": port, "ca": authority or None} if host else None


def for_vcenter(endpoints: State) -> State | None:
    """The one that vCenter uses: the guide of OVHcloud registers the RSA endpoint."""
    # vCenter 8 works with the RSA one only (ovh/docs pull request 8226; assumption ecdsa-endpoint); it may be null
    chosen: State | None = endpoints["rsa"] or endpoints["ecdsa"]
    return chosen


def new_domain(region: State, display_name: str | None) -> State:
    """What is known of a domain before it is ordered."""
    names = ("kmip_endpoint", "kmip_host", "kmip_port", "kmip_endpoints", "kmip_for_vcenter", "rest_endpoint")
    known = {name: region[name] for name in names}
    counts = dict.fromkeys(("service_key_count", "kmip_object_count", "secret_count", "secret_version_count"), 0)
    return {"display_name": display_name, "region": region["id"], **known, **counts, "tags": {}}


def used_by(state: t.Mapping[str, t.Any]) -> str:
    """What still lives in a domain, in words; empty when nothing does."""
    kinds = {"service_key_count": "service key", "kmip_object_count": "KMIP object", "secret_count": "secret"}
    return ", ".join(plural(state[name], kind) for name, kind in kinds.items() if state.get(name))
