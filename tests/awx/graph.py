# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for workflows and schedules: who comes after whom, who approves, and whether every question is answered."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import surveys, templates

Given = t.Mapping[str, t.Any]
LINKS = ("success_nodes", "failure_nodes", "always_nodes")
# what a node overrides, and the switch of the template that lets it
PROMPTS = {
    "job_type": "ask_job_type_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "verbosity": "ask_verbosity_on_launch",
    "limit": "ask_limit_on_launch",
    "inventory": "ask_inventory_on_launch",
    "job_tags": "ask_tags_on_launch",
    "skip_tags": "ask_skip_tags_on_launch",
    "scm_branch": "ask_scm_branch_on_launch",
    "credentials": "ask_credential_on_launch",
}
_RRULE = re.compile(r"DTSTART(;TZID=[\w/]+:\d{8}T\d{6}|:\d{8}T\d{6}Z) RRULE:FREQ=[A-Z]+;INTERVAL=\d+(;[A-Z]+=[\w,]+)*")


def order(nodes: t.Sequence[Given]) -> list[str]:
    """The nodes as they run when all goes well, first to last; a circle or a missing node ends it."""
    successors = {node["identifier"]: [one for link in LINKS for one in node.get(link, [])] for node in nodes}
    begun = [name for name in successors if name not in {one for found in successors.values() for one in found}]
    for name in begun:
        begun += [one for one in successors.get(name, []) if one not in begun]
    return begun


def problems(definitions: Given) -> t.Iterator[str]:
    """What is wrong with workflows and schedules, each text begins with the name of one."""
    by_name = {one["name"]: one for one in definitions["controller_templates"]}
    names = [one["name"] for key in ("controller_templates", "controller_workflows") for one in definitions[key]]
    yield from (
        f"{name}: two templates or workflows have this name"
        for name in sorted({n for n in names if names.count(n) > 1})
    )
    yield from (f"{name}: a name with a comma cannot be looked up" for name in names if "," in name)
    for workflow in definitions["controller_workflows"]:
        for text in [*surveys.problems(workflow), *_nodes(workflow, by_name), *_answers(workflow, by_name)]:
            yield f"{workflow['name']}: {text}"
    yield from _approved(definitions, by_name)
    for schedule in definitions["controller_schedules"]:
        yield from (f"{schedule['name']}: {text}" for text in _schedule(schedule, by_name))


def _nodes(workflow: Given, by_name: t.Mapping[str, Given]) -> t.Iterator[str]:
    nodes = workflow.get("simplified_workflow_nodes", [])
    names = [node.get("identifier") for node in nodes]
    yield from (f"two nodes {name}" for name in sorted({name for name in names if names.count(name) > 1}))
    if workflow.get("allow_simultaneous") is not False:
        yield "two of its jobs could run at once"
    if workflow.get("ask_variables_on_launch"):
        yield "takes any variable, which then reaches every job"
    for node in nodes:
        where, followers = f"node {node['identifier']}", [one for link in LINKS for one in node.get(link, [])]
        yield from (f"{where}: is followed by {one}, which is none" for one in followers if one not in names)
        if not any(link in node for link in LINKS):
            yield f"{where}: says not what follows; the last one has success_nodes: []"
        if ("approval_node" in node) == ("unified_job_template" in node):
            yield f"{where}: is either an approval or a template"
        elif "approval_node" in node:
            if not node["approval_node"].get("name") or not node["approval_node"].get("timeout"):
                yield f"{where}: the approval has no name or no end"
        elif node["unified_job_template"] not in by_name:
            yield f"{where}: nobody defines {node['unified_job_template']}"
    if set(order(nodes)) != set(names):
        yield "its nodes go round in a circle"


def _answers(workflow: Given, by_name: t.Mapping[str, Given]) -> t.Iterator[str]:
    """The answers of the workflow reach each job: each must be of use, and each that a job requires must be there."""
    asked = {question["variable"]: question for question in surveys.questions(workflow)}
    wanted: set[str] = set()
    for node in workflow.get("simplified_workflow_nodes", []):
        template = by_name.get(node.get("unified_job_template", ""))
        if template is None:
            continue
        where, fixed = f"node {node['identifier']}", node.get("extra_data", {})
        questions = {question["variable"]: question for question in surveys.questions(template)}
        wanted |= set(questions)
        for name, switch in PROMPTS.items():
            if name in node and not template.get(switch):
                yield f"{where}: {template['name']} has no prompt for {name}"
        for name, value in fixed.items():
            bad = surveys.answer_problem(questions[name], value) if name in questions else "has no question"
            if bad or name in asked:
                yield f"{where}: {name} {bad or 'is asked by the workflow, too'}"
        yield from (f"{where}: {text}" for text in _handed(questions, asked, fixed))
    yield from (f"asks for {name}, which no job of it takes" for name in asked if name not in wanted)


def _handed(questions: t.Mapping[str, Given], asked: t.Mapping[str, Given], fixed: Given) -> t.Iterator[str]:
    for name, question in questions.items():
        if question.get("required") and name not in fixed and not (asked.get(name) or {}).get("required"):
            yield f"nobody answers {name}, which its template requires"
        other = asked.get(name)
        if other and (other["type"], other.get("choices")) != (question["type"], question.get("choices")):
            yield f"{name} is asked as something else than its template takes"


def _approved(definitions: Given, by_name: t.Mapping[str, Given]) -> t.Iterator[str]:
    """What orders or destroys runs behind an approval, and never by a schedule."""
    risky = {name: why for name, one in by_name.items() if (why := templates.dangerous(one))}
    behind: set[str] = set()
    for workflow in definitions["controller_workflows"]:
        nodes = {node["identifier"]: node for node in workflow.get("simplified_workflow_nodes", [])}
        for name, node in nodes.items():
            template = node.get("unified_job_template", "")
            if template not in risky or node.get("job_type") == "check":
                continue
            if _is_approved(name, nodes, set()):
                behind.add(template)
            else:
                yield f"{workflow['name']}: node {name} {risky[template]} without an approval"
    yield from (
        f"{name}: {why}, and no workflow has it behind an approval" for name, why in risky.items() if name not in behind
    )
    for schedule in definitions["controller_schedules"]:
        if schedule.get("unified_job_template") in risky:
            yield f"{schedule['name']}: nobody approves what a schedule starts"


def _is_approved(name: str, nodes: t.Mapping[str, Given], seen: set[str]) -> bool:
    """Whether every way to the node comes from an approval that was given."""
    if name in seen:
        return False
    before = [(one, link) for one, node in nodes.items() for link in LINKS if name in node.get(link, [])]
    return bool(before) and all(
        (link == "success_nodes" and "approval_node" in nodes[one]) or _is_approved(one, nodes, {*seen, name})
        for one, link in before
    )


def _schedule(schedule: Given, by_name: t.Mapping[str, Given]) -> t.Iterator[str]:
    if not _RRULE.fullmatch(str(schedule.get("rrule"))):
        yield "its rrule is not DTSTART, RRULE with FREQ and INTERVAL"
    template = by_name.get(str(schedule.get("unified_job_template")))
    if template is None:
        yield f"nobody defines {schedule.get('unified_job_template')}"
    elif schedule.get("state") != "absent":
        yield from surveys.unanswered(surveys.questions(template), schedule.get("extra_data", {}))
