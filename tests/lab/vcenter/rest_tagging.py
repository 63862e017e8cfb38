# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags over REST: categories, tags and what they are attached to. Tests attach them with `Tagging.attach`.

Names of operations and fields are those of the official bindings (com.vmware.cis.tagging): below /api since 7.0 U2, in
the older tree below /rest, where an id stands behind id: and answers are wrapped, and over JSON-RPC. What a user may
not read is missing in lists.
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

BASE = "/api/cis/tagging/"
OLD_BASE = "/rest/com/vmware/cis/tagging/"
Operation = t.Callable[[t.Mapping[str, t.Any]], t.Any]  # from the fields of the input to the output
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


def _field(given: t.Mapping[str, t.Any], name: str, kind: type = str) -> t.Any:
    if not isinstance(given.get(name), kind):
        raise RestError("invalid_argument", f"{name} is missing", "vapi.data.structure.field.missing")
    return given[name]


def _key(target: t.Any) -> tuple[str, str]:
    """A DynamicID, as it is kept."""
    if not isinstance(target, dict) or not all(isinstance(target.get(name), str) for name in ("type", "id")):
        raise RestError("invalid_argument", "type or id is missing", "vapi.data.structure.field.missing")
    return target["type"], target["id"]


def _one(known: t.Mapping[str, t.Any], wanted: str) -> t.Any:
    found = known.get(wanted)
    if found is None:
        raise RestError("not_found", "Tagging object not found", "cis.tagging.objectNotFound.error")
    return found


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

    # operations

    def operations(self) -> dict[tuple[str, str], Operation]:
        """All by service (its last part) and name; none of them changes anything."""
        return {
            ("category", "list"): lambda _given: list(self.categories),
            ("category", "get"): lambda given: _one(self.categories, _field(given, "category_id")).as_data(),
            ("category", "list_used_categories"): lambda _given: [],
            ("tag", "list"): lambda _given: list(self.tags),
            ("tag", "get"): lambda given: _one(self.tags, _field(given, "tag_id")).as_data(),
            ("tag", "list_used_tags"): lambda _given: [],
            ("tag", "list_tags_for_category"): self._tags_of_category,
            ("tag_association", "list_attached_tags"): lambda given: self._on(given.get("object_id")),
            ("tag_association", "list_attachable_tags"): self._attachable,
            ("tag_association", "list_attached_tags_on_objects"): self._tags_on_objects,
            ("tag_association", "list_attached_objects"): self._objects_on_tag,
            ("tag_association", "list_attached_objects_on_tags"): self._objects_on_tags,
        }

    def _tags_of_category(self, given: t.Mapping[str, t.Any]) -> list[str]:
        wanted = _one(self.categories, _field(given, "category_id"))
        return [tag.id for tag in self.tags.values() if tag.category is wanted]

    def _on(self, target: t.Any) -> list[str]:
        key = _key(target)
        return [tag.id for tag in self.tags.values() if key in tag.objects]

    def _attachable(self, given: t.Mapping[str, t.Any]) -> list[str]:
        attached = self._on(given.get("object_id"))
        return [tag_id for tag_id in self.tags if tag_id not in attached]

    def _tags_on_objects(self, given: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """The tags of each object (assumptions: untagged-objects, tagging-limit)."""
        targets = _field(given, "object_ids", list)
        settings = self._core.settings
        if len(targets) > settings.tagging_limit:
            raise RestError("invalid_argument", "Too many objects", "cis.tagging.limit.error")
        found = [{"object_id": target, "tag_ids": self._on(target)} for target in targets]
        return [row for row in found if row["tag_ids"] or settings.untagged_objects_listed]

    def _objects_on_tag(self, given: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
        tag = _one(self.tags, _field(given, "tag_id"))
        return [{"type": kind, "id": moid} for kind, moid in tag.objects]

    def _objects_on_tags(self, given: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        wanted = [one for one in _field(given, "tag_ids", list) if one in self.tags]
        return [{"tag_id": one, "object_ids": self._objects_on_tag({"tag_id": one})} for one in wanted]

    # over REST

    def routes(self) -> list[Route]:
        """The operations in both trees."""
        return [
            route
            for (service, name), operation in self.operations().items()
            for route in _routes(service.replace("_", "-"), name.replace("_", "-"), operation)
        ]


# which part of the input stands in the path, if any; in the older tree one more does
IN_PATH = {"get": "{}_id", "list-attached-objects": "tag_id"}
IN_OLD_PATH = {**IN_PATH, "list-tags-for-category": "category_id"}


def _routes(service: str, name: str, operation: Operation) -> t.Iterator[Route]:
    for base, in_path, mark, query in ((BASE, IN_PATH, "", "action"), (OLD_BASE, IN_OLD_PATH, "id:", "~action")):
        field = in_path.get(name, "").format(service)
        path = base + service + (f"/{mark}{{{field}}}" if field else "")
        method, action = ("GET", "") if name in ("get", "list") else ("POST", f"?{query}={name}")
        yield Route(method, path, "read", ANY, _over_rest(operation, wrapped=base == OLD_BASE), action)


def _over_rest(operation: Operation, wrapped: bool) -> t.Callable[[RestCall], Response]:
    def answer(call: RestCall) -> Response:
        body = call.body
        if not isinstance(body, dict):
            raise RestError("invalid_argument", "A structure is expected.")
        value = operation({**body, **call.names})
        return Response(200, json.dumps({"value": value} if wrapped else value).encode(), dict(JSON))

    return answer
