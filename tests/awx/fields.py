# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions against the fields that an AWX 24.6.1 takes in POST requests, recorded from its OPTIONS answers."""

from __future__ import annotations

import json
import pathlib
import typing as t

Fields = dict[str, dict[str, dict[str, t.Any]]]
Definitions = t.Mapping[str, t.Any]
ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDED: Fields = json.loads((ROOT / "tests/lab/awx/post_fields.json").read_text(encoding="utf-8"))

# the variables that infra.controller_configuration and infra.aap_configuration read, and where each list goes
ENDPOINTS = {
    "controller_organizations": "organizations",
    "aap_organizations": "organizations",
    "controller_credential_types": "credential_types",
    "controller_credentials": "credentials",
    "controller_execution_environments": "execution_environments",
    "controller_notifications": "notification_templates",
    "controller_projects": "projects",
    "controller_inventories": "inventories",
    "controller_templates": "job_templates",
    "controller_workflows": "workflow_job_templates",
    "controller_schedules": "schedules",
    # its fields were not recorded: those below are the ones of the module inventory_source
    "controller_inventory_sources": "inventory_sources",
}
_SOURCE = (
    "name description inventory source source_path source_vars enabled_var enabled_value host_filter limit credential"
    " execution_environment overwrite overwrite_vars timeout verbosity update_on_launch update_cache_timeout"
    " source_project scm_branch"
)
# what is no field of the object, and the modules do with requests of its own
_TOLD = {"notification_templates_started", "notification_templates_success", "notification_templates_error"}
BESIDE: dict[str, set[str]] = {
    "credentials": {"update_secrets"},
    "inventory_sources": {"organization", *_TOLD},
    "job_templates": {"organization", "credentials", "survey_spec", "labels", "instance_groups", *_TOLD},
    "organizations": {"galaxy_credentials", "instance_groups", *_TOLD},
    "projects": {"wait", "update_project", *_TOLD},
    "schedules": {"organization", "credentials", "labels", "instance_groups"},
    "workflow_job_templates": {
        "survey_spec",
        "labels",
        "simplified_workflow_nodes",
        "notification_templates_approvals",
        *_TOLD,
    },
    "workflow_job_template_nodes": {
        "approval_node",
        "credentials",
        "success_nodes",
        "failure_nodes",
        "always_nodes",
        "lookup_organization",
    },
}
_TYPES: dict[str, t.Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "id": str,  # the modules look names up
    "json": (dict, str),
}
_STATES = ("present", "absent", "exists")


def problems(definitions: Definitions) -> list[str]:
    """What the API would refuse by its own description; each text names the object."""
    found = []
    for variable, objects in definitions.items():
        endpoint = ENDPOINTS.get(variable)
        if endpoint is None:
            found.append(f"{variable}: no collection reads a variable of that name")
            continue
        for one in objects:
            found += of_object(endpoint, one, str(one.get("name")))
            for node in one.get("simplified_workflow_nodes", []):
                where = f"{one.get('name')}: node {node.get('identifier')}"
                found += of_object("workflow_job_template_nodes", {**node, "workflow_job_template": "it"}, where)
    return found


def of_object(endpoint: str, given: t.Mapping[str, t.Any], where: str) -> list[str]:
    """The same for one object."""
    known = RECORDED.get(endpoint) or {name: {"type": "any"} for name in _SOURCE.split()}
    found = [
        f"{where}: {name} is required" for name, field in known.items() if field.get("required") and not given.get(name)
    ]
    for name, value in given.items():
        if name == "state":
            found += [] if value in _STATES else [f"{where}: state {value!r} is none of {', '.join(_STATES)}"]
        elif name in BESIDE.get(endpoint, set()):
            continue
        elif name not in known:
            found.append(f"{where}: {endpoint} has no field {name}")
        else:
            found += [f"{where}: {name} {text}" for text in _of_field(known[name], value)]
    return found


def _of_field(field: t.Mapping[str, t.Any], value: t.Any) -> t.Iterator[str]:
    kind = field["type"]
    if kind == "choice" and value not in field["choices"]:
        yield f"is {value!r}, none of {field['choices']}"
    wanted = _TYPES.get(kind)
    if wanted and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
        yield f"is {type(value).__name__}, the API wants {kind}"
    elif kind == "string" and len(value) > field.get("max_length", len(value)):
        yield f"is longer than {field['max_length']} characters"
    elif kind == "integer" and not field.get("min_value", value) <= value <= field.get("max_value", value):
        yield f"is {value}, out of bounds"
