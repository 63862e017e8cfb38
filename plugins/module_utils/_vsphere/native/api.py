# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Native key providers over REST: the calls, and vCenter's answers in our shape."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry, TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import (
    Rest,
    outcome_unknown,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest_errors import (
    message_text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    NATIVE,
    Provider,
)

_PROVIDERS = "/api/vcenter/crypto-manager/kms/providers"
_PROVIDER = _PROVIDERS + "/{}"
_ON_HOST = "/api/vcenter/crypto-manager/hosts/{}/kms/providers/{}"
_NOT_BACKED_UP = "com.vmware.vim.vpxd.encryption.keyProviderNotBackedUp"
_UNSETTLED = ("NONE", "WARNING")
_COLOURS = {"OK": "green", "WARNING": "yellow", "ERROR": "red"}
UNSAVED = "it was never backed up (native_key_provider_backup does it)"
_DOWNLOADS = 3  # a token counts once, so each further try needs a new export


@dataclasses.dataclass(frozen=True)
class NativeHealth:
    """Health as vCenter gives it (NONE, OK, WARNING, ERROR) and why, in words."""

    health: str
    reasons: list[str]
    backup_missing: bool

    @property
    def settled(self) -> bool:
        """NONE, and WARNING without a known reason, are seen while the provider is on its way to the hosts."""
        return self.health not in _UNSETTLED or self.backup_missing

    @property
    def colour(self) -> str:
        """The health in the words of other key providers: green, yellow, red, or gray while it is not known."""
        return _COLOURS.get(self.health, "gray")

    @property
    def other_reasons(self) -> list[str]:
        """Why it is not green, apart from a missing backup."""
        others = [reason for reason in self.reasons if reason != UNSAVED]
        if others or self.colour == "green" or self.backup_missing:
            return others
        return [
            f"vCenter reports {self.health} without a reason; it does so while it distributes the provider to its hosts"
        ]

    def __str__(self) -> str:
        return f"{self.health} ({'; '.join(self.reasons)})" if self.reasons else self.health


@dataclasses.dataclass(frozen=True)
class ImportAnswer:
    """What a backup holds."""

    provider: str
    key_id: str | None


def checked_name(name: str) -> str:
    """The name without blanks around it; InvalidInputError for one that cannot be in a path."""
    name = name.strip()
    if not name or "/" in name:
        raise InvalidInputError("name: the key provider needs a name that is not empty and has no / in it")
    return name


def check_native(provider: Provider, hostname: str) -> None:
    """Raise ConflictError when a provider of another kind has the name."""
    if provider.type != NATIVE:
        raise ConflictError(
            f"the key provider {provider.name} on {hostname} is of type {provider.type}, not {NATIVE}: names are "
            "shared by all kinds; choose another name",
            type=provider.type,
        )


def native_health_of(answer: t.Any) -> NativeHealth:
    """Health in an answer about a provider."""
    details = [detail for detail in answer.get("details") or [] if isinstance(detail, dict)]
    missing = any(detail.get("id") == _NOT_BACKED_UP for detail in details)
    return NativeHealth(str(answer.get("health") or "NONE"), [_reason(detail) for detail in details], missing)


def _reason(detail: dict[str, t.Any]) -> str:
    if detail.get("id") == _NOT_BACKED_UP:
        return UNSAVED
    return message_text(detail) or "vCenter gives no reason"


def read_native_health(rest: Rest, name: str) -> NativeHealth:
    """Health of a provider that is there."""
    return native_health_of(_structure(rest.get(f"read the key provider {name}", api_path(_PROVIDER, name)), name))


def health_on_host(rest: Rest, host: str, name: str) -> str | None:
    """Health of the provider on a host (its id, `host-12`); None when the host has not received it."""
    what = f"read the key provider {name} of the host {host}"
    try:
        return native_health_of(_structure(rest.get(what, api_path(_ON_HOST, host, name)), name)).health
    except NotFoundError:
        return None


def _structure(answer: t.Any, name: str) -> dict[str, t.Any]:
    if not isinstance(answer, dict):
        raise ApiError(f"vCenter's answer about the key provider {name} has an unknown shape")
    return answer


def wait_until_settled(rest: Rest, name: str, patience: Patience) -> NativeHealth:
    """Wait until vCenter has brought the provider to the hosts and knows its health."""
    what = f"health of the key provider {name}"
    return wait_for(lambda: read_native_health(rest, name), lambda seen: seen.settled, what, patience, provider=name)


def create(rest: Rest, name: str, tpm_required: bool, key_id: str | None, key_derivation_key: str | None) -> None:
    """Make a provider; vCenter makes up the key id and the key when they are not given."""
    # here and in an import only: an update takes nothing but a key id (vSphere Automation API)
    body: dict[str, t.Any] = {"provider": name, "constraints": {"tpm_required": tpm_required}}
    spec = {"key_id": key_id, "key_derivation_key": key_derivation_key}
    given = {key: value for key, value in spec.items() if value}
    # documented as required; vCenter does without it (samples of the vendor, vmware/govmomi)
    if given:
        body["native_spec"] = given
    rest.post(f"create the key provider {name}", _PROVIDERS, body)


def set_key_id(rest: Rest, name: str, key_id: str) -> None:
    """Change the key id, the only thing that can be changed."""
    what = f"change the key id of the key provider {name}"
    rest.patch(what, api_path(_PROVIDER, name), {"native_spec": {"key_id": key_id}})


def delete(rest: Rest, name: str) -> None:
    """Remove a provider."""
    rest.delete(f"remove the key provider {name}", api_path(_PROVIDER, name))


def rehearse_import(rest: Rest, content: bytes, password: str | None, tpm_required: bool) -> ImportAnswer:
    """Have vCenter read a backup without importing it."""
    what = "rehearse the import of the backup"
    answer = rest.ask(what, _PROVIDERS + "?action=import", _import_body(content, password, tpm_required, True))
    found = _structure(answer, "in the backup")
    info = found.get("native_info") or {}
    return ImportAnswer(str(found.get("provider")), info.get("key_id"))


def import_backup(rest: Rest, name: str, content: bytes, password: str | None, tpm_required: bool) -> None:
    """Make the provider from a backup."""
    body = _import_body(content, password, tpm_required, False)
    rest.post(f"import the backup of the key provider {name}", _PROVIDERS + "?action=import", body)


def _import_body(content: bytes, password: str | None, tpm_required: bool, dry_run: bool) -> dict[str, t.Any]:
    body: dict[str, t.Any] = {
        "config": base64.b64encode(content).decode("ascii"),
        # always: without constraints, those of the backup may count (assumption backup-keeps-constraints)
        "constraints": {"tpm_required": tpm_required},
        "dry_run": dry_run,
    }
    return {**body, "password": password} if password else body


def fetch_backup(rest: Rest, name: str, password: str) -> bytes:
    """Export and download a backup. After a lost answer it is exported anew, which does no harm."""

    def attempt() -> bytes:
        try:
            return _export(rest, name, password)
        except CollectionError as error:
            if outcome_unknown(error):
                raise TryAgain(error) from error
            raise

    return Retry(attempts=_DOWNLOADS, within=rest.timeout).call(attempt)


def _export(rest: Rest, name: str, password: str) -> bytes:
    what = f"export the key provider {name}"
    body = {"provider": name, **({"password": password} if password else {})}
    answer = _structure(rest.post(what, _PROVIDERS + "?action=export", body), name)
    location = answer.get("location") or {}
    token = (location.get("download_token") or {}).get("token")
    if not location.get("url") or not token:
        raise ApiError(f"could not {what}: vCenter offers no file to download ({answer.get('type') or 'no type'})")
    # this, and not the export, makes vCenter count the provider as backed up (vsphere-automation-sdk-python PR 390)
    content = rest.download(f"download the backup of the key provider {name}", str(location["url"]), str(token))
    if not content:
        raise ApiError(f"could not download the backup of the key provider {name}: vCenter sent an empty file")
    return content
