# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filters of the role awx."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter import awx_plan as plans
from ansible_collections.ovhcloud.vmware_encryption.plugins.filter import installed_collection as installed

awx_plan = plans.FilterModule().filters()["awx_plan"]
installed_collection = installed.FilterModule().filters()["installed_collection"]
FLOW: dict[str, t.Any] = {
    "name": "flow",
    "organization": "org",
    "simplified_workflow_nodes": [
        {"identifier": "do", "unified_job_template": "okms", "job_type": "check", "success_nodes": ["end"]},
        {"identifier": "end", "approval_node": {"name": "end"}, "success_nodes": []},
    ],
}
WANTED: dict[str, t.Any] = {
    "organizations": [{"name": "org"}],
    "credential_types": [{"name": "kind", "inputs": {"fields": []}}],
    "credentials": [
        {"name": "one", "organization": "org", "credential_type": "kind", "state": "exists", "inputs": {"a": "b"}}
    ],
    "job_templates": [{"name": "okms", "organization": "org", "credentials": ["one"]}],
    "workflow_job_templates": [FLOW],
    "schedules": [{"name": "daily", "unified_job_template": "okms"}, {"name": "old", "state": "absent"}],
}


def node(identifier: str, number: int, **more: t.Any) -> dict[str, t.Any]:
    """As the API lists it."""
    names = {"workflow_job_template": {"name": "flow"}, "unified_job_template": {"name": more.pop("template", "okms")}}
    links: dict[str, list[int]] = {link: [] for link in plans.LINKS}
    return {"id": number, "identifier": identifier, "extra_data": {}, "summary_fields": names, **links, **more}


def found(*nodes: dict[str, t.Any], **less: list[str]) -> dict[str, t.Any]:
    """Everything is there, but for what is said."""
    names = {kind: [one["name"] for one in objects] for kind, objects in WANTED.items()}
    there = {kind: [{"name": name} for name in less.get(kind, all_of)] for kind, all_of in names.items()}
    return {**there, "workflow_job_template_nodes": list(nodes)}


NODES = (node("do", 1, job_type="check", success_nodes=[2]), node("end", 2, template="end"))


def names(plan: dict[str, t.Any]) -> dict[str, list[str]]:
    return {
        kind: [one if isinstance(one, str) else one.get("name", one.get("identifier")) for one in some]
        for kind, some in plan.items()
        if some
    }


def test_empty_awx_makes_all_in_a_run_and_tries_little_in_check() -> None:
    made = names(awx_plan(WANTED, {}))
    assert made["organizations"] == ["org"] and made["nodes"] == ["do", "end"] and made["links"] == ["do", "end"]
    assert made["schedules"] == ["daily"] and "later" not in made
    tried = names(awx_plan(WANTED, {}, check=True))
    assert {kind for kind in tried if kind != "later"} == {"organizations", "credential_types"}
    assert "job template okms" in tried["later"] and "links of node do of flow" in tried["later"]
    assert "links of node end of flow" not in tried["later"]


def test_existing_credentials_stay_and_values_are_omitted() -> None:
    assert "credentials" not in names(awx_plan(WANTED, found()))
    made = awx_plan(WANTED, found(credentials=[]))
    assert "inputs" not in made["credentials"][0] and made["credential_types"][0]["inputs"] == {"fields": []}


@pytest.mark.parametrize(
    ("nodes", "made", "linked", "stale"),
    [
        (NODES, ["end"], [], []),
        ((node("do", 1, job_type="run", success_nodes=[2]), NODES[1]), ["do", "end"], [], []),
        ((node("do", 1, job_type="check", template="x", success_nodes=[2]), NODES[1]), ["do", "end"], [], []),
        ((node("do", 1, job_type="check", extra_data={"a": 1}, success_nodes=[2]), NODES[1]), ["do", "end"], [], []),
        ((node("do", 1, job_type="check", failure_nodes=[2]), NODES[1]), ["end"], ["do"], []),
        ((*NODES, node("gone", 3)), ["end"], [], ["gone"]),
    ],
    ids=["same", "another type", "another template", "other answers", "other links", "one too many"],
)
def test_nodes_that_differ_are_made(nodes: t.Any, made: list[str], linked: list[str], stale: list[str]) -> None:
    plan = names(awx_plan(WANTED, found(*nodes), check=True))
    assert [plan.get(kind, []) for kind in ("nodes", "links", "stale_nodes")] == [made, linked, stale]


def test_removal_takes_what_is_there_and_leaves_the_organization() -> None:
    gone = names(awx_plan(WANTED, found(job_templates=[]), state="absent"))
    assert gone == {
        "credential_types": ["kind"],
        "credentials": ["one"],
        "workflow_job_templates": ["flow"],
        "schedules": ["daily", "old"],
    }


@pytest.mark.parametrize("wanted", [None, [], {"job_templates": [{}]}, {"job_templates": "x"}])
def test_another_shape_is_told_in_one_line(wanted: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="awx_plan: the input has the wrong shape"):
        awx_plan(wanted, {"job_templates": []}) if wanted else awx_plan(wanted, None)


def test_first_installed_collection_is_found() -> None:
    assert installed_collection(["no.where", "ovhcloud.vmware_encryption", "awx.awx"]) == "ovhcloud.vmware_encryption"
    assert installed_collection(["no.where"]) == ""
    with pytest.raises(AnsibleFilterError, match="no collection"):
        installed_collection(["../x"])
