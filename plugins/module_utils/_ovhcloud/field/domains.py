# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What OKMS domains show of the assumptions about them, over the central and the regional API. Reads only."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import quote

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.client_use import (
    alternative_name_form,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import certificate_facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import OKMS_RSA
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    ApplicationKey,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.reader import Reader
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import (
    domain_state,
    split_endpoint,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.regional import (
    regional_client,
)

_DOMAIN = "/v2/okms/resource/{}"
_CENTRAL = (
    "public-ca", "region-rsa-endpoint", "okms-credential-name", "key-tells-protection", "destroyed-keys-stay",
    "log-kinds",
)  # fmt: skip
_REGIONAL = ("key-attributes", "secret-deletion-time", "secret-hiding-field")
_HIDING = ("delete_version_after", "deactivate_version_after")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")  # OVHcloud names them, not the customer
_KEYS = 20  # that are looked at over the regional API, and as many secrets


def see_domains(reader: Reader, most: int) -> None:
    """Domains of the account, up to a number."""
    seen = reader.seen
    with seen.reading(*_CENTRAL, *_REGIONAL):
        known = [record(raw, "an OKMS domain") for raw in reader.every("/v2/okms/resource")]
        for one in known[:most]:
            see_domain(reader, one.known_text("id"))
        if not known:
            for name in (*_CENTRAL, *_REGIONAL):
                seen.miss(name, "there is no OKMS domain")
    reasons = {
        "okms-credential-name": "no credential with a certificate is there",
        "key-tells-protection": "there is no service key",
        "destroyed-keys-stay": "no destroyed key is listed; either none was destroyed, or they are not listed",
        "key-attributes": "there is no service key",
        "secret-deletion-time": "there is no secret with a version that is not hidden",
    }
    for name, reason in reasons.items():
        seen.miss(name, reason)


def see_domain(reader: Reader, okms_id: str) -> None:
    """One domain."""
    seen = reader.seen
    keys: list[Fields] = []
    with seen.reading("public-ca", "region-rsa-endpoint"):
        raw = reader.get(_DOMAIN, okms_id, params={"publicCA": True})
        read = record(raw, "an OKMS domain")
        see_authorities(reader, read)
        see_rsa_endpoint(reader, read)
    with seen.reading("key-tells-protection", "destroyed-keys-stay"):
        keys = [record(raw, "a service key") for raw in reader.every(_DOMAIN + "/serviceKey", okms_id)]
        for key in keys:
            seen.see("key-tells-protection", ["protectionLevel" in key.raw])
            if (key.text("state") or "").startswith("DESTROYED"):
                seen.see("destroyed-keys-stay", [True])
    with seen.reading("okms-credential-name"):
        for raw in reader.every(_DOMAIN + "/credential", okms_id):
            pem = record(raw, "a credential").text("certificatePEM")
            if pem:
                seen.see("okms-credential-name", [alternative_name_form(pem)])
    with seen.reading("log-kinds"):
        kinds = [
            record(raw, "a kind of logs").known_text("name") for raw in reader.every(_DOMAIN + "/log/kind", okms_id)
        ]
        seen.when("log-kinds", [sorted(kinds)] if all(map(_KIND.fullmatch, kinds)) else None, "their names are odd")
    with seen.reading(*_REGIONAL):
        see_region(reader, okms_id, [key.known_text("id") for key in keys])


def see_authorities(reader: Reader, read: Fields) -> None:
    """What the fields for the CA hold."""
    fields = ["publicCA"] + (["publicRsaCA"] if read.text("kmipRsaEndpoint") else [])
    for pem in map(read.text, fields):
        if not pem:
            reader.seen.see("public-ca", ["null"])
        elif len(split(pem, "CA")) > 1:
            reader.seen.see("public-ca", ["bundle"])
        else:
            root = certificate_facts(pem, "CA")["self_signed"]
            reader.seen.see("public-ca", ["root" if root else "issuing"])


def see_rsa_endpoint(reader: Reader, read: Fields) -> None:
    """Whether the RSA endpoint is where the collection presumes it for a region."""
    text = read.text("kmipRsaEndpoint")
    host, port = split_endpoint(text or "", OKMS_RSA)
    presumed = (split_endpoint(read.text("kmipEndpoint") or "")[0], OKMS_RSA)
    reader.seen.see("region-rsa-endpoint", [("same" if (host, port) == presumed else "other-host") if text else "none"])


def see_region(reader: Reader, okms_id: str, keys: t.Sequence[str]) -> None:
    """Attributes of keys, and how secrets are shown."""
    seen, settings = reader.seen, reader.client.settings
    if isinstance(settings.credentials, ApplicationKey):
        for name in _REGIONAL:
            seen.miss(name, "the regional API takes no application key; run it once more with a service account")
        return
    domain = domain_state(reader.client.get(api_path(_DOMAIN, okms_id)))
    there, base = regional_client(settings, domain, reader.closing), api_path("/api/{}/v1", okms_id)
    with seen.reading("key-attributes"):
        for key in keys[:_KEYS]:
            read = record(there.get(base + api_path("/servicekey/{}", key)), "a service key")
            seen.see("key-attributes", ["extractable" in read.labels("attributes")])
    with seen.reading("secret-hiding-field"):
        data = record(there.get(base + "/secret/config"), "the configuration of secrets").part("data")
        told = [name for name in _HIDING if name in data.raw]
        seen.when("secret-hiding-field", told or None, "the configuration of secrets has neither field")
    with seen.reading("secret-deletion-time"):
        for raw in reader.every(_DOMAIN + "/secret", okms_id)[:_KEYS]:
            path = record(raw, "a secret").known_text("path")
            try:
                answer = there.get(f"{base}/secret/metadata/{quote(path, safe='/')}")
            except NotFoundError:
                continue
            versions = record(answer, "a secret").part("data").labels("versions")
            for version in versions.values():
                hidden = record(version, "a version of a secret").raw.get("deletion_time")
                if not hidden:
                    seen.see("secret-deletion-time", [hidden])
