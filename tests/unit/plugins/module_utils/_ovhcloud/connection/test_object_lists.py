# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of objects: pages, an API that only knows ids, refusals, and an API that repeats itself."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.object_lists import Lists

ALL = [{"id": number} for number in range(250)]


class Api:
    """Answers lists; `told` says how many objects there are, `size` is the most it gives at once."""

    def __init__(self, objects: bool = True, told: bool = True, size: int = 100, error: t.Any = None) -> None:
        self.objects, self.told, self.size, self.error = objects, told, size, error
        self.asked: list[str] = []

    def get_with(self, call_path: str, headers: t.Mapping[str, str]) -> t.Any:
        self.asked.append(f"{call_path} page {headers['X-Pagination-Number']}")
        if self.error:
            raise self.error
        start = (int(headers["X-Pagination-Number"]) - 1) * self.size
        items = ALL[start : start + self.size]
        told = {"X-Pagination-Elements": str(len(ALL))} if self.told else {}
        return (items, told) if self.objects else ([item["id"] for item in ALL], {})

    def get(self, call_path: str) -> t.Any:
        self.asked.append(call_path)
        head, _slash, tail = call_path.rpartition("/")
        if tail == "249":
            raise NotFoundError("gone")
        return {"id": int(tail)} if head == "/thing" else [item["id"] for item in ALL]


def lists(api: Api) -> Lists:
    return Lists(t.cast(t.Any, api))


@pytest.mark.parametrize(("told", "size", "pages"), [(True, 100, 3), (False, 100, 4), (True, 40, 7), (False, 40, 8)])
def test_pages_are_followed_to_the_end(told: bool, size: int, pages: int) -> None:
    api = Api(told=told, size=size)
    assert lists(api).every("/thing", "things") == ALL
    assert len(api.asked) == pages


def test_api_of_ids_is_asked_for_objects_once() -> None:
    api = Api(objects=False)
    both = lists(api)
    assert both.every("/thing", "things") == ALL[:249]  # one has gone meanwhile
    assert both.every("/thing", "things") == ALL[:249]
    assert [one for one in api.asked if "page" in one] == ["/thing page 1"]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_refusal_leads_to_the_plain_list(status: int) -> None:
    assert lists(Api(error=ForbiddenError("no", http_status=status))).every("/thing", "things") == ALL[:249]


@pytest.mark.parametrize("error", [AuthenticationError("no", http_status=401), ApiError("busy", http_status=429)])
def test_other_errors_are_not_hidden(error: Exception) -> None:
    with pytest.raises(type(error)):
        lists(Api(error=error)).every("/thing", "things")


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("size", [40, 100])
def test_page_that_comes_twice_leads_to_the_plain_list(told: bool, size: int) -> None:
    api = Api(told=told, size=size)
    answer = api.get_with("/thing", {"X-Pagination-Number": "1"})
    api.get_with = lambda call_path, headers: answer  # type: ignore[method-assign]
    assert lists(api).every("/thing", "things") == ALL[:249]


def test_empty_list_is_asked_for_once() -> None:
    api = Api(told=False)
    api.get_with = lambda call_path, headers: api.asked.append(call_path) or ([], {})  # type: ignore
    assert lists(api).every("/thing", "things") == []
    assert api.asked == ["/thing"]
