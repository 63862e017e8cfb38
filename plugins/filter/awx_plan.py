# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter awx_plan: which objects the role awx hands to the modules of AWX."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: awx_plan
short_description: Compare definitions for AWX with what AWX has
version_added: 0.1.0
description:
  - Returns the objects to create or to remove, by kind. The modules of AWX fail in check mode when an object refers to
    one that does not exist yet, and when they remove one whose type no longer exists, so the filter excludes these.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: Definitions by the name of their endpoint in the API, such as C(job_templates).
    type: dict
    required: true
  found:
    description: What the API returned for each endpoint, and for C(workflow_job_template_nodes).
    type: dict
    required: true
  state:
    description: Whether objects are created or removed.
    type: str
    choices: [present, absent]
    default: present
  check:
    description: Whether this is check mode, in which an object can only be tried if all that it refers to exists.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show which templates would be created
  ansible.builtin.debug:
    msg: "{{ wanted | ovhcloud.vmware_encryption.awx_plan(found={'job_templates': []}) }}"
  vars:
    wanted: {job_templates: "{{ controller_templates }}"}
"""

RETURN = r"""
_value:
  description:
    - For each endpoint the objects for its module, without values of credentials.
    - C(nodes), C(links) and C(stale_nodes) are those of workflows. C(later) names what check mode cannot try.
  type: dict
  sample: {job_templates: [], nodes: [], links: [], stale_nodes: [], later: []}
"""

TAKES = "definitions by endpoint, each a list of objects with a name"
NODES = "workflow_job_template_nodes"
LINKS = ("success_nodes", "failure_nodes", "always_nodes")
# what an object refers to: its field, and where the name is found
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "credentials": ("credentials",),
    "credential": ("credentials",),
    "execution_environment": ("execution_environments",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "unified_job_template": ("job_templates", "workflow_job_templates"),
    "notification_templates_error": ("notification_templates",),
    "notification_templates_approvals": ("notification_templates",),
}
SINGULAR = {"inventories": "inventory"}
Wanted = t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]
Plan = dict[str, list[t.Any]]
There = t.Mapping[str, set[str]]
Nodes = dict[tuple[str, str], t.Mapping[str, t.Any]]


def awx_plan(wanted: Wanted, found: t.Mapping[str, t.Any], state: str = "present", check: bool = False) -> Plan:
    """The objects by endpoint."""
    if state not in ("present", "absent"):
        raise ValueError(f"state {state!r}")
    there = {kind: {str(one["name"]) for one in found.get(kind, [])} for kind in wanted}
    nodes = {(_name(one, "workflow_job_template"), str(one["identifier"])): one for one in found.get(NODES, [])}
    plan: Plan = {kind: [] for kind in (*wanted, "nodes", "links", "stale_nodes", "later")}
    for kind, objects in wanted.items():
        if state == "absent":
            # the organization may hold what is not ours
            plan[kind] = [_shown(one) for one in objects if kind != "organizations" and one["name"] in there[kind]]
        else:
            _make(plan, kind, objects, wanted, there, check)
    if state == "present":
        for workflow in wanted.get("workflow_job_templates", []):
            _connect(plan, workflow, wanted, there, nodes, check)
    return plan


def _shown(one: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Without the values of a credential, which are secret; inputs of a type are its fields."""
    secret = {"inputs"} if "credential_type" in one else set()
    return {name: value for name, value in one.items() if name not in {"simplified_workflow_nodes", *secret}}


def _make(
    plan: Plan,
    kind: str,
    objects: t.Iterable[t.Mapping[str, t.Any]],
    wanted: Wanted,
    there: There,
    check: bool,
) -> None:
    for one in objects:
        state, exists = one.get("state", "present"), one["name"] in there[kind]
        if (state == "absent" and not exists) or (state == "exists" and exists):
            continue
        if check and not _ready(one, wanted, there):
            plan["later"].append(f"{_title(kind)} {one['name']}")
        else:
            plan[kind].append(_shown(one))


def _title(kind: str) -> str:
    return SINGULAR.get(kind, kind[:-1]).replace("_", " ")


def _ready(one: t.Mapping[str, t.Any], wanted: Wanted, there: There) -> bool:
    """Whether all objects of ours that it refers to exist; what others made is looked up by the modules."""
    for field, kinds in REFERENCES.items():
        names = one.get(field) or []
        ours = {other["name"] for kind in kinds for other in wanted.get(kind, [])}
        missing = ours - {name for kind in kinds for name in there.get(kind, ())}
        if missing.intersection([names] if isinstance(names, str) else names):
            return False
    return True


def _name(node: t.Mapping[str, t.Any], field: str) -> str:
    return str((node.get("summary_fields", {}).get(field) or {}).get("name", ""))


def _connect(
    plan: Plan, workflow: t.Mapping[str, t.Any], wanted: Wanted, there: There, found: Nodes, check: bool
) -> None:
    """Nodes of a workflow, the links between them, and nodes that it had before."""
    name = str(workflow["name"])
    nodes = [{**node, "workflow": name} for node in workflow.get("simplified_workflow_nodes", [])]
    known = {str(node["identifier"]) for node in nodes}
    stale = [one for of, one in sorted(found) if of == name and one not in known]
    plan["stale_nodes"] += [{"workflow": name, "identifier": one} for one in stale]
    exists = name in there["workflow_job_templates"]
    linked = all((name, one) in found for one in known)
    numbers = {one["id"]: identifier for (_of, identifier), one in found.items()}
    for node in nodes:
        now = found.get((name, str(node["identifier"])))
        if check and not (exists and _ready(node, wanted, there)):
            plan["later"].append(f"node {node['identifier']} of {name}")
        elif not _is_node(now, node):
            plan["nodes"].append({key: value for key, value in node.items() if key not in LINKS})
        links = {link: list(node.get(link, [])) for link in LINKS}
        if now and links == {link: sorted(numbers.get(one, "") for one in now.get(link, [])) for link in LINKS}:
            continue
        if not check or linked:
            plan["links"].append({"workflow": name, "identifier": node["identifier"], **links})
        elif any(links.values()):
            plan["later"].append(f"links of node {node['identifier']} of {name}")


def _is_node(now: t.Mapping[str, t.Any] | None, node: t.Mapping[str, t.Any]) -> bool:
    """Whether the node is as wanted; an approval is left to its module, which reads it."""
    if now is None or "approval_node" in node:
        return False
    same = all((now.get(key) or None) == (node.get(key) or None) for key in ("extra_data", "job_type", "diff_mode"))
    return same and _name(now, "unified_job_template") == node.get("unified_job_template")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"awx_plan": shaped(awx_plan, AnsibleFilterError, TAKES)}
