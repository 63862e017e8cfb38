# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of many virtual machines in few requests; only vCenter's REST interface has them."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import Tag

_BASE = "/api/cis/tagging"
_ON_OBJECTS = f"{_BASE}/tag-association?action=list-attached-tags-on-objects"
_BLOCK = 500  # no limit is documented (assumption tagging-limit)
_SMALLEST = 50  # what is refused for so few VMs has another reason
_TOO_MUCH = (InvalidInputError, ApiError)  # what a block that is too large may be answered with


class Tags:
    """Reader of tags; each tag and category is asked for once."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._tags: dict[str, Tag | None] = {}
        self._categories: dict[str, str] = {}
        self._block = _BLOCK

    def of_machines(self, moids: t.Sequence[str]) -> dict[str, list[Tag]]:
        """Tags by id of the VM; without VMs that have none."""
        found: dict[str, list[Tag]] = {}
        left = list(moids)
        while left:
            block = left[: self._block]
            rows = self._attached(block)
            if rows is None:
                self._block = len(block) // 2
                continue
            del left[: len(block)]
            for row in rows:
                tags = [tag for tag in map(self._tag, row["tag_ids"]) if tag is not None]
                # VMs without tags may be in the answer, too (assumption untagged-objects)
                if tags:
                    found[row["object_id"]["id"]] = sorted(tags)
        return found

    def known(self, names: t.Collection[str]) -> list[Tag]:
        """The tags seen so far; all that there are when one of the names is not among them."""
        seen = self._seen()
        if not set(names) <= {text for tag in seen for text in (str(tag), tag.name)}:
            for one in self._rest.get("list the tags", f"{_BASE}/tag") or []:
                self._tag(one)
        return self._seen()

    def _seen(self) -> list[Tag]:
        return [tag for tag in self._tags.values() if tag is not None]

    def _attached(self, moids: t.Sequence[str]) -> list[t.Any] | None:
        """VMs with the ids of their tags; None when vCenter may have been asked for too many at once."""
        body = {"object_ids": [{"id": moid, "type": "VirtualMachine"} for moid in moids]}
        try:
            return self._rest.ask("read the tags of VMs", _ON_OBJECTS, body) or []
        except CollectionError as error:
            if len(moids) > _SMALLEST and type(error) in _TOO_MUCH:
                return None
            raise

    def _tag(self, tag_id: str) -> Tag | None:
        """A tag by its id; None when it was removed meanwhile."""
        if tag_id not in self._tags:
            try:
                found = self._rest.get("read a tag", api_path(_BASE + "/tag/{}", tag_id))
                self._tags[tag_id] = Tag(self._category(found["category_id"]), found["name"])
            except NotFoundError:
                self._tags[tag_id] = None
        return self._tags[tag_id]

    def _category(self, category_id: str) -> str:
        if category_id not in self._categories:
            found = self._rest.get("read a tag category", api_path(_BASE + "/category/{}", category_id))
            self._categories[category_id] = found["name"]
        return self._categories[category_id]
