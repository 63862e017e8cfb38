# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the lab's AWX, and what its API refuses by its own description.

post_fields.json holds the POST fields that an AWX 24.6.1 described in its OPTIONS answers, for 13 endpoints. Fields
that it does not know are ignored, as the Django REST framework does. inventory_sources was not recorded: its fields are
those of the module awx.awx.inventory_source.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import typing as t

Fields = dict[str, dict[str, t.Any]]
Data = dict[str, t.Any]

RECORDED: dict[str, Fields] = json.loads(pathlib.Path(__file__).with_name("post_fields.json").read_text())
RECORDED["inventory_sources"] = {
    "name": {"type": "string", "required": True, "max_length": 512},
    "inventory": {"type": "id", "required": True},
    **{name: {"type": "id", "default": None} for name in ("source_project", "credential", "execution_environment")},
    "update_cache_timeout": {"type": "integer", "default": 0},
    **{name: {"type": "string", "default": ""} for name in ("description", "source", "source_path", "source_vars")},
    **{name: {"type": "boolean", "default": False} for name in ("overwrite", "overwrite_vars", "update_on_launch")},
}
TYPES = {
    "organizations": "organization",
    "credential_types": "credential_type",
    "credentials": "credential",
    "execution_environments": "execution_environment",
    "notification_templates": "notification_template",
    "projects": "project",
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "workflow_job_template_nodes": "workflow_job_template_node",
    "workflow_approval_templates": "workflow_approval_template",
    "schedules": "schedule",
}
# where the id of a field is looked for
TARGETS = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "credential": ("credentials",),
    "execution_environment": ("execution_environments",),
    "default_environment": ("execution_environments",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": ("job_templates", "workflow_job_templates", "workflow_approval_templates"),
}
ASSOCIATIONS = {
    "credentials": "credentials",
    "notification_templates_started": "notification_templates",
    "notification_templates_success": "notification_templates",
    "notification_templates_error": "notification_templates",
    "notification_templates_approvals": "notification_templates",
    "success_nodes": "workflow_job_template_nodes",
    "failure_nodes": "workflow_job_template_nodes",
    "always_nodes": "workflow_job_template_nodes",
}
# AWX looks them up in the organization; execution environments and types of credentials have one name each
UNIQUE = ("name", "organization", "credential_type", "inventory")
MANAGED = ("VMware vCenter", "Red Hat Ansible Automation Platform", "Machine")
_PYTHON: dict[str, t.Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "json": (dict, list, str),
    "id": (int, str),
}


class RefusedError(Exception):
    """Answered with that status and these words by field."""

    def __init__(self, words: Data, status: int = 400) -> None:
        super().__init__(str(words))
        self.words, self.status = words, status


class Store:
    """What this AWX holds: by endpoint, and by the numbers that it gives to objects of all kinds."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[int, Data]] = {endpoint: {} for endpoint in TYPES}
        self.links: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[int, Data] = {}
        self._numbers = itertools.count(1)
        for name in MANAGED:
            self._keep(
                "credential_types", {"name": name, "kind": "cloud", "managed": True, "inputs": {}, "injectors": {}}
            )

    def _keep(self, endpoint: str, data: Data) -> Data:
        number = next(self._numbers)
        one = {"id": number, "type": TYPES[endpoint], "url": f"/api/v2/{endpoint}/{number}/", **data}
        self.objects[endpoint][number] = one
        return one

    def find(self, field: str, number: t.Any) -> Data | None:
        """The object that a field of another one names."""
        places = [self.objects[endpoint].get(int(number or 0)) for endpoint in TARGETS[field]]
        return next((one for one in places if one), None)

    def create(self, endpoint: str, given: Data) -> Data:
        """A new object, with the defaults of the API."""
        fields = RECORDED[endpoint]
        missing = {
            name: ["This field is required."]
            for name, field in fields.items()
            if field.get("required") and name not in given
        }
        if missing:
            raise RefusedError(missing)
        data = {name: field.get("default") for name, field in fields.items()}
        data.update(self.checked(endpoint, given))
        self._check_unique(endpoint, data)
        # nobody but AWX itself makes types that are managed
        return self._keep(endpoint, {**data, "managed": False} if endpoint == "credential_types" else data)

    def keep_approval(self, data: Data) -> Data:
        """An approval has an endpoint only below its node."""
        return self._keep("workflow_approval_templates", data)

    def checked(self, endpoint: str, given: Data) -> Data:
        """The fields that the API knows; raises for those of another kind."""
        found, wrong = {}, {}
        for name, field in RECORDED[endpoint].items():
            if name not in given:
                continue
            value = given[name]
            if text := self._wrong(name, field, value):
                wrong[name] = [text]
            found[name] = value
        if wrong:
            raise RefusedError(wrong)
        return found

    def _wrong(self, name: str, field: Data, value: t.Any) -> str:
        kind = field["type"]
        if value is None or (kind == "id" and value == ""):
            return "This field may not be null." if field.get("required") else ""
        if kind == "choice":
            return "" if value in field["choices"] else f'"{value}" is not a valid choice.'
        if not isinstance(value, _PYTHON[kind]) or (kind == "integer" and isinstance(value, bool)):
            return f"Not a valid {kind}."
        if kind == "string" and len(value) > field.get("max_length", len(value)):
            return f"Ensure this field has no more than {field['max_length']} characters."
        if kind == "id" and name in TARGETS and self.find(name, value) is None:
            return f'Invalid pk "{value}" - object does not exist.'
        return ""

    def _check_unique(self, endpoint: str, data: Data) -> None:
        if "name" not in data or endpoint == "schedules":
            return
        same = [name for name in UNIQUE if name in RECORDED[endpoint] or name == "name"]
        for other in self.objects[endpoint].values():
            if all(other.get(name) == data.get(name) for name in same):
                raise RefusedError({"__all__": [f"{TYPES[endpoint]} with this {' and '.join(same)} already exists."]})

    def remove(self, endpoint: str, number: int) -> None:
        """The object, with what cannot be without it; raises when something else needs it."""
        users = [one for one in self.objects["credentials"].values() if one["credential_type"] == number]
        if endpoint == "credential_types" and users:
            raise RefusedError({"detail": "Credential types that are in use cannot be deleted"}, 403)
        gone = self.objects[endpoint].pop(number)
        # an approval belongs to its node
        self.objects["workflow_approval_templates"].pop(gone.get("unified_job_template") or 0, None)
        for kind, field in (
            ("schedules", "unified_job_template"),
            ("workflow_job_template_nodes", "workflow_job_template"),
            ("inventory_sources", "inventory"),
        ):
            for one in [one["id"] for one in self.objects[kind].values() if one.get(field) == number]:
                self.remove(kind, one)
        for numbers in self.links.values():
            while number in numbers:
                numbers.remove(number)
