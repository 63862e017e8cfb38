# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags over REST: categories, tags and what they are attached to. Tests attach them with `Tagging.attach`.

Paths, names of fields and actions are those of the official bindings (com.vmware.cis.tagging), there since 7.0 U2
below /api. What a user may not read is left out of lists.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
import uuid

from ..web import Response
from . import vmomi
from .entities import Entity
from .rest import ANY, RestCall, Route
from .rest_errors import JSON, RestError

if t.TYPE_CHECKING:
    from .core import Core

CATEGORIES, TAGS, ASSOCIATIONS = "/api/cis/tagging/category", "/api/cis/tagging/tag", "/api/cis/tagging/tag-association"
_NAMESPACE = uuid.UUID("6f1d3a52-6c39-4f6e-9a1e-6b9a2f0c7d11")


@dataclasses.dataclass
class Category:
    """A category of tags."""

    id: str
    name: str

    def as_data(self) -> dict[str, t.Any]:
        """CategoryModel."""
        return {
            "id": self.id,
            "name": self.name,
            "description": "",
            "cardinality": "MULTIPLE",
            "associable_types": [],
            "used_by": [],
        }


@dataclasses.dataclass
class Tag:
    """A tag and the objects (type, id) that have it."""

    id: str
    category: Category
    name: str
    objects: dict[tuple[str, str], None] = dataclasses.field(default_factory=dict)

    def as_data(self) -> dict[str, t.Any]:
        """TagModel."""
        return {
            "id": self.id,
            "category_id": self.category.id,
            "name": self.name,
            "description": "",
            "used_by": [],
        }


def _id(kind: str, name: str) -> str:
    """The same in every run, in the form of real ids."""
    return f"urn:vmomi:InventoryService{kind}:{uuid.uuid5(_NAMESPACE, f'{kind} {name}')}:GLOBAL"


def _object(reference: t.Any) -> tuple[str, str]:
    return type(reference).__name__.rpartition(".")[2], vmomi.moid(reference)


def _answer(value: t.Any) -> Response:
    return Response(200, json.dumps(value).encode(), dict(JSON))


class Tagging:
    """All tags of one vCenter."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.categories: dict[str, Category] = {}
        self.tags: dict[str, Tag] = {}

    def attach(self, category: str, name: str, *entities: Entity) -> Tag:
        """Give entities a tag, which is made when it is not there."""
        owner = Category(_id("Category", category), category)
        owner = self.categories.setdefault(owner.id, owner)
        made = Tag(_id("Tag", f"{category} {name}"), owner, name)
        made = self.tags.setdefault(made.id, made)
        made.objects.update(dict.fromkeys(_object(entity.reference) for entity in entities))
        return made

    def routes(self) -> list[Route]:
        """The operations; none of them changes anything, whatever its method."""
        actions = {
            "list-attached-tags": self._tags_on_object,
            "list-attached-tags-on-objects": self._tags_on_objects,
            "list-attached-objects-on-tags": self._objects_on_tags,
        }
        return [
            Route("GET", CATEGORIES, "read", ANY, lambda _call: _answer(list(self.categories))),
            Route("GET", CATEGORIES + "/{id}", "read", ANY, lambda call: self._one(self.categories, call)),
            Route("GET", TAGS, "read", ANY, lambda _call: _answer(list(self.tags))),
            Route("GET", TAGS + "/{id}", "read", ANY, lambda call: self._one(self.tags, call)),
            Route("POST", TAGS, "read", ANY, self._tags_of_category, "?action=list-tags-for-category"),
            *(Route("POST", ASSOCIATIONS, "read", ANY, do, f"?action={name}") for name, do in actions.items()),
        ]

    @staticmethod
    def _one(known: t.Mapping[str, t.Any], call: RestCall) -> Response:
        found = known.get(call.names["id"])
        if found is None:
            raise RestError("not_found", "Tagging object not found", "cis.tagging.objectNotFound.error")
        return _answer(found.as_data())

    @staticmethod
    def _field(call: RestCall, name: str) -> t.Any:
        body = call.body
        if not isinstance(body, dict) or name not in body:
            raise RestError("invalid_argument", f"{name} is missing", "vapi.data.structure.field.missing")
        return body[name]

    def _tags_of_category(self, call: RestCall) -> Response:
        wanted = self._field(call, "category_id")
        return _answer([tag.id for tag in self.tags.values() if tag.category.id == wanted])

    def _on(self, target: t.Mapping[str, str]) -> list[str]:
        key = (target["type"], target["id"])
        return [tag.id for tag in self.tags.values() if key in tag.objects]

    def _tags_on_object(self, call: RestCall) -> Response:
        return _answer(self._on(self._field(call, "object_id")))

    def _tags_on_objects(self, call: RestCall) -> Response:
        """The tags of each object (assumptions: untagged-objects, tagging-limit)."""
        targets = self._field(call, "object_ids")
        settings = self._core.settings
        if len(targets) > settings.tagging_limit:
            raise RestError("invalid_argument", "Too many objects", "cis.tagging.limit.error")
        found = [{"object_id": target, "tag_ids": self._on(target)} for target in targets]
        return _answer([row for row in found if row["tag_ids"] or settings.untagged_objects_listed])

    def _objects_on_tags(self, call: RestCall) -> Response:
        tags = [self.tags[one] for one in self._field(call, "tag_ids") if one in self.tags]
        rows = [
            {"tag_id": tag.id, "object_ids": [{"type": kind, "id": moid} for kind, moid in tag.objects]} for tag in tags
        ]
        return _answer(rows)
