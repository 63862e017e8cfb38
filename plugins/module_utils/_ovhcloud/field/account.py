# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API and the account show of the assumptions about them. Reads only."""

from __future__ import annotations

import http

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    join_url,
    signed_headers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    ApplicationKey,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    names,
    numbers,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.object_lists import (
    HEADERS,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.transport import (
    Transport,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.reader import Reader
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.catalog import PLAN
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.lines import Line

_REGIONS = "/v2/okms/reference/regions"
_PAGE, _PAGES = 100, (3, 1, 100)  # asked for, and the known sizes of pages
_CHECK = "/v2/iam/authorization/check"
_ORDERS = 20  # that are looked at, the newest first
_NEAR, _FAR = 15, 150  # seconds: in and beyond the window of 30
_LISTS = ("object-lists", "object-list-refused")


def see_pages(reader: Reader) -> None:
    """How many objects a page of API v2 holds."""
    name = "list-page-maximum"
    with reader.seen.reading(name):
        page, headers = reader.client.get_with(_REGIONS, {"X-Pagination-Size": str(_PAGE)})
        reader.shapes.add(_REGIONS, page)
        count = len(page) if isinstance(page, list) else 0
        if headers.get("X-Pagination-Cursor-Next"):
            reader.seen.see(name, [count])
        else:
            reader.seen.see(name, [size for size in _PAGES if size >= count] or [count])


def see_lists(reader: Reader) -> list[str]:
    """Whether lists of API v1 return whole objects; the names of the private clouds."""
    seen, clouds = reader.seen, list[str]()
    with seen.reading(*_LISTS):
        clouds = sorted(names(reader.get("/dedicatedCloud"), "the private clouds"))
        if not clouds:
            for name in _LISTS:
                seen.miss(name, "there is no private cloud")
            return []
        try:
            objects, _headers = reader.client.get_with("/dedicatedCloud", HEADERS)
        except CollectionError as error:
            if isinstance(error, AuthenticationError) or not _refusal(int(error.details.get("http_status", 0))):
                raise
            # the plain list was answered, so it is an object in it that cannot be read
            seen.see("object-lists", [True])
            seen.see("object-list-refused", ["refuse"])
            return clouds
        whole = isinstance(objects, list) and all(isinstance(one, dict) for one in objects)
        if isinstance(objects, list) and (objects or not whole):
            seen.see("object-lists", [whole])
        less = whole and len(objects) < min(len(clouds), _PAGE)
        told = ["leave_out"] if less else None
        seen.when("object-list-refused", told, "each private cloud of the account can be read")
    seen.miss("object-lists", "no private cloud can be read")
    return clouds


def _refusal(status: int) -> bool:
    """Whether an answer refuses what was asked, and would do so again."""
    client_error = http.HTTPStatus.BAD_REQUEST <= status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    return client_error and status != http.HTTPStatus.TOO_MANY_REQUESTS


def see_checks(reader: Reader, api: str) -> None:
    """The check of rights, which is a POST that only asks; `api` is the part of URNs that names the API."""
    seen = reader.seen
    with seen.reading("wildcard-checks", "post-status"):
        start = f"urn:v1:{api}:resource:pccVMware:"
        statuses = []
        for end, told in (("*", True), ("none", False)):
            body = {"resourceURNs": [start + end], "actions": ["pccVMware:apiovh:get"]}
            try:
                statuses.append(reader.client.ask(_CHECK, body)[1])
            except (ApiError, InvalidInputError) as error:
                if error.details.get("http_status") != http.HTTPStatus.BAD_REQUEST:
                    raise
                continue
            seen.see("wildcard-checks", [told])
            break
        if statuses:
            seen.see("post-status", statuses)
    for name in ("wildcard-checks", "post-status"):
        seen.miss(name, "the check of rights is refused")


def see_window(reader: Reader) -> None:
    """How far the time of a signed call may be off."""
    name, settings = "signature-window", reader.client.settings
    if not isinstance(settings.credentials, ApplicationKey):
        reader.seen.miss(name, "only calls with an application key are signed")
        return
    key, transport = settings.credentials, reader.closing(Transport(settings, lambda text: text))
    now, url = int(reader.client.now().timestamp()), join_url(settings.base_url, "/auth/details")

    def accepted(seconds: int) -> bool:
        def sign(method: str, where: str, body: str) -> dict[str, str]:
            return signed_headers(key, method, where, body, now - seconds)

        status = transport.exchange("GET", url, None, {"Accept": "application/json"}, sign).status_code
        if status >= http.HTTPStatus.BAD_REQUEST and not _refusal(status):
            raise ApiError(f"GET /auth/details: OVHcloud answered {status}", http_status=status)
        return bool(status < http.HTTPStatus.BAD_REQUEST)

    with reader.seen.reading(name):
        if not accepted(0):
            reader.seen.miss(name, "a signed call is refused")
        elif not accepted(_NEAR):
            reader.seen.see(name, [2.0])
        else:
            reader.seen.see(name, [300.0 if accepted(_FAR) else 30.0])


def see_catalogue(reader: Reader) -> None:
    """Whether the plan lists what bills its usage."""
    name, route = "usage-in-addon-families", "/order/catalog/public/okms"
    with reader.seen.reading(name):
        subsidiary = record(reader.get("/me"), "the account").text("ovhSubsidiary") or "FR"
        answer = reader.client.get(route, {"ovhSubsidiary": subsidiary}, anonymous=True)
        reader.shapes.add(route, answer)
        plans = [one for one in record(answer, "the catalogue").parts("plans") if one.text("planCode") == PLAN]
        if plans:
            families = [addon for family in plans[0].parts("addonFamilies") for addon in family.texts("addons")]
            reader.seen.see(name, [bool(families)])
    reader.seen.miss(name, "the catalogue does not have the plan")


def see_orders(reader: Reader) -> None:
    """Where an order line tells its plan."""
    name = "order-line-route"
    with reader.seen.reading(name):
        for order in reversed(numbers(reader.get("/me/order"), "the orders")[-_ORDERS:]):
            reader.get("/me/order/{}", order)
            for line in numbers(reader.get("/me/order/{}/details", order), "the lines of an order"):
                detail = record(reader.get("/me/order/{}/details/{}", order, line), "a line of an order")
                if _of_kms(detail):
                    reader.seen.see(name, [_route(reader, order, line)])
                    return
    reader.seen.miss(name, "no order of OKMS is among the newest orders")


def _of_kms(detail: Fields) -> bool:
    return Line(None, None, detail.text("description") or "").like_kms


def _route(reader: Reader, order: int, line: int) -> str:
    for word in ("extension", "operations"):
        if reader.maybe("/me/order/{}/details/{}/" + word, order, line) is not None:
            return word
    return "nothing"


def see_account(reader: Reader, api: str) -> list[str]:
    """All of these; the names of the private clouds."""
    see_pages(reader)
    see_checks(reader, api)
    see_window(reader)
    see_catalogue(reader)
    see_orders(reader)
    return see_lists(reader)
