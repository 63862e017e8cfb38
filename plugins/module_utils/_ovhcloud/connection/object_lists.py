# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of API v1 as whole objects: in pages as OVHcloud's own clients ask for them, or else one by one."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    PAGE_SIZE,
    Client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    listing,
    numbers,
)

# not in the schema, so an API that knows none of it must do, too; Pragma asks for objects as they are now
# (ovhcloud-cli and ovh/manager use them; assumption object-lists)
HEADERS = {"X-Pagination-Mode": "CachedObjectList-Pages", "X-Pagination-Size": str(PAGE_SIZE), "Pragma": "no-cache"}
_REFUSED, _BUSY = range(400, 500), 429


class Lists:
    """Lists of one account. An API that answers with ids is not asked for objects again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known = True

    def every(self, call_path: str, what: str) -> list[t.Any]:
        """All objects of a list whose ids are numbers; without those that were deleted meanwhile."""
        found = self.in_pages(call_path, what)
        if found is not None:
            return found
        found = []
        for number in numbers(self._client.get(call_path), what):
            try:
                found.append(self._client.get(call_path + api_path("/{}", number)))
            except NotFoundError:
                continue
        return found

    def in_pages(self, call_path: str, what: str) -> list[t.Any] | None:
        """The objects of a list that may be read; None when this API lists ids only, refuses, or repeats itself."""
        found: list[t.Any] = []
        page = 1
        while self._known:
            answer = self._page(call_path, page)
            if answer is None:
                return None  # the plain list tells why
            items = listing(answer[0], what)
            if any(not isinstance(item, dict) for item in items):
                self._known = False
                return None
            if items and items[0] in found:
                return None  # it ignores the number of the page, or an object was added: the list of ids is complete
            found.extend(items)
            total = answer[1].get("X-Pagination-Elements") or ""
            # without the number, only an empty page is the last: a server may give fewer objects than it was asked for
            if not items or (total.isdigit() and len(found) >= int(total)):
                return found
            page += 1
        return None

    def _page(self, call_path: str, page: int) -> tuple[t.Any, t.Mapping[str, str]] | None:
        try:
            return self._client.get_with(call_path, {**HEADERS, "X-Pagination-Number": str(page)})
        except CollectionError as error:
            # one object that cannot be read may refuse the whole list (assumption object-list-refused)
            status = int(error.details.get("http_status", 0))
            if status not in _REFUSED or status == _BUSY or isinstance(error, AuthenticationError):
                raise
            return None
