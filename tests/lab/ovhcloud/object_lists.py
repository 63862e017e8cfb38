# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of API v1 that hold whole objects, in pages, instead of ids.

OVHcloud's own clients ask for them with the headers X-Pagination-Mode, -Size and -Number and read X-Pagination-Elements
(ovhcloud-cli on its lists, ovh/manager on /dedicatedCloud/{serviceName}/user among others); the schema says nothing.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .contracts import Operation, operations
from .core import Call, Core, Handler
from .errors import ApiError, bad_request
from .rights import Rights

MODE = "CachedObjectList-Pages"
_DEFAULT_SIZE = 1000  # a comment in ovh/manager


class ObjectLists:
    """Answers a list by asking for each of its ids."""

    def __init__(self, core: Core, rights: Rights, handlers: t.Mapping[str, Handler]) -> None:
        self._core = core
        self._rights = rights
        self._handlers = handlers

    def asked(self, call: Call) -> bool:
        """Whether this call wants objects and gets them."""
        ids = call.operation.answer_type in ("long[]", "string[]") and call.operation.version == 1
        wanted = call.request.headers.get("X-Pagination-Mode") == MODE
        return ids and wanted and self._core.settings.object_lists and self._single(call.operation) is not None

    def single(self, operation: Operation) -> Operation:
        """The call that reads one object of the list."""
        found = self._single(operation)
        if found is None:
            raise RuntimeError(f"{operation.name} lists nothing that can be read")
        return found

    def of(self, call: Call, ids: t.Sequence[t.Any]) -> list[dict[str, t.Any]]:
        """The objects; what happens when one cannot be read, as when it has expired, is assumed."""
        single = self.single(call.operation)
        name = next(name for name in single.pattern.groupindex if name not in call.params)
        found = []
        for number in ids:
            one = dataclasses.replace(call, operation=single, params={**call.params, name: number}, query={})
            try:
                self._rights.check(one)
                found.append(self._handlers[single.name](one))
            except ApiError:
                if self._core.settings.object_list_refused == "refuse":
                    raise
        return found

    def page(self, call: Call, items: t.Sequence[t.Any]) -> tuple[list[t.Any], dict[str, str]]:
        """One page, and the headers that tell how many objects there are."""
        headers = call.request.headers
        size, number = headers.get("X-Pagination-Size", str(_DEFAULT_SIZE)), headers.get("X-Pagination-Number", "1")
        if not size.isdigit() or not number.isdigit() or not int(size) or not int(number):
            raise bad_request("Invalid pagination headers")
        start = (int(number) - 1) * int(size)
        told = {"X-Pagination-Elements": str(len(items)), "X-Pagination-Number": number, "X-Pagination-Size": size}
        return list(items[start : start + int(size)]), told

    def _single(self, operation: Operation) -> Operation | None:
        for one in operations():
            head, _slash, tail = one.template.rpartition("/")
            if one.method == "GET" and one.version == 1 and head == operation.template and tail.startswith("{"):
                return one if one.name in self._handlers else None
        return None
