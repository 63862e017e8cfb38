# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of an order: which plan and region they install, also where the API has no `/extension` that tells it."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    numbers,
    record,
)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KMS = re.compile(r"\bo?kms\b|key management", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Line:
    """One line. `ours` is None where the API does not tell plan and region; `domain` is set once it is delivered."""

    ours: bool | None
    domain: str | None
    description: str

    @property
    def like_kms(self) -> bool:
        """Whether its text sounds like a KMS."""
        return _KMS.search(self.description) is not None


def lines_of(client: Client, order_id: int, plan: str, region: str | None) -> list[Line]:
    """The lines of an order that are this plan in this region (None: in any), or may be."""
    listed = client.get(api_path("/me/order/{}/details", order_id))
    places = [api_path("/me/order/{}/details/{}", order_id, number) for number in numbers(listed, f"order {order_id}")]
    found = [_line(client, place, f"a line of order {order_id}", plan, region) for place in places]
    return [line for line in found if line.ours is not False]


def is_line_of(extension: t.Any, plan: str, region: str | None) -> bool | None:
    """Whether an order line installs this plan in this region (None: in any); None when the answer does not tell."""
    if extension is None:
        return None
    order = record(extension, "the extension of an order line").part("order")
    code = order.part("plan").text("code")
    if code != plan:
        return False if code else None
    if region is None:
        return True
    settings = {entry.text("label"): entry.text("value") for entry in order.parts("configurations")}
    return normalise_region(str(settings["region"])) == region if settings.get("region") else None


def normalise_region(region: str) -> str:
    """`EU_WEST_RBX`, the form before November 2024, and `eu-west-rbx` are the same region."""
    return region.strip().lower().replace("_", "-")


def _line(client: Client, place: str, what: str, plan: str, region: str | None) -> Line:
    try:
        # the route is BETA, and not every API has plan and region there (assumption order-line-route)
        ours = is_line_of(client.get(f"{place}/extension"), plan, region)
    except NotFoundError:
        ours = None  # lines of other products may have none, and some APIs have no such route
    if ours is False:
        return Line(False, None, "")
    detail = record(client.get(place), what)
    domain = _uuid(detail.text("domain")) or (_by_operation(client, place, what) if ours is None else None)
    return Line(ours, domain, detail.text("description") or "")


def _by_operation(client: Client, place: str, what: str) -> str | None:
    """The delivered resource as the API of the US tells it."""
    try:
        ids = numbers(client.get(f"{place}/operations"), what)
        operations: list[Fields] = [record(client.get(f"{place}/operations/{number}"), what) for number in ids]
    except (ForbiddenError, NotFoundError):
        return None  # only the schema of the US has the route
    found = [_uuid(operation.part("resource").text("name")) for operation in operations]
    return next((name for name in found if name), None)


def _uuid(name: str | None) -> str | None:
    """The name of a resource, None for the placeholder before delivery and for names of other products."""
    return name.lower() if name and _UUID.fullmatch(name) else None
