# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions that are shipped: nothing is wrong with them, for whatever the role awx is told."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import check, definitions, graph, surveys, templates
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness


@pytest.mark.parametrize("variables", [definitions.LEAST, definitions.EVERYTHING], ids=["least", "everything"])
def test_shipped_definitions_break_no_rule(variables: dict[str, str]) -> None:
    assert check.problems(definitions.read(**variables)) == []


@pytest.mark.parametrize("option", ["okms", "external_kms", "native_key_provider"])
def test_each_option_can_run_daily(option: str) -> None:
    made = definitions.read(**{**definitions.EVERYTHING, "awx_daily_option": option})
    assert check.problems(made) == []
    daily = {one["unified_job_template"]: one.get("state") for one in made["controller_schedules"]}
    roles = {
        templates.role_of(one): daily.get(one["name"]) for one in made["controller_templates"] if one["name"] in daily
    }
    assert [name for name, state in roles.items() if state == "present"] == [option]


@pytest.mark.parametrize(
    ("said", "answer"), [("", "true"), (True, "true"), ("yes", "true"), (False, "false"), ("no", "false")]
)
def test_daily_native_run_says_what_its_provider_was_made_with(said: t.Any, answer: str) -> None:
    made = definitions.read(**{**definitions.EVERYTHING, "awx_native_tpm_required": said})
    daily = next(one for one in made["controller_schedules"] if one["name"].endswith("native key provider daily"))
    option = next(one for one in made["controller_templates"] if one["name"].endswith("| native key provider"))
    asked = {question["variable"]: question["default"] for question in surveys.questions(option)}
    assert (daily["extra_data"]["tpm_required"], asked["tpm_required"]) == (answer, answer)


def test_daily_runs_answer_what_the_surveys_offer() -> None:
    made = definitions.read(**definitions.EVERYTHING)
    asked = {one["name"]: surveys.questions(one) for one in made["controller_templates"]}
    for one in made["controller_schedules"]:
        # the answers of a workflow are not those of the schedule that keeps what it has made
        offered = {question["variable"]: question["default"] for question in asked[one["unified_job_template"]]}
        mine = {
            name: value for name, value in offered.items() if str(value) in map(str, definitions.EVERYTHING.values())
        }
        assert mine.items() <= one.get("extra_data", {}).items(), one["name"]


@pytest.mark.parametrize("option", ["okms", "external_kms", "native_key_provider"])
def test_each_option_has_a_workflow_with_an_approval(option: str) -> None:
    made = definitions.read()
    role = {one["name"]: templates.role_of(one) for one in made["controller_templates"]}
    roles = [
        [
            role.get(nodes[name].get("unified_job_template", ""), "approval")
            for name in graph.order(list(nodes.values()))
        ]
        for one in made["controller_workflows"]
        for nodes in [{node["identifier"]: node for node in one["simplified_workflow_nodes"]}]
    ]
    assert ["preflight", option, "approval", option, "vm_encryption", "encryption_audit"] in roles


def test_sources_of_inventories_are_files_of_the_project() -> None:
    made = definitions.read()
    sources = {one["source_path"]: one for one in made["controller_inventory_sources"]}
    assert all((harness.ROOT / path).is_file() for path in sources)
    # private clouds come from the plugin, with the credential of their account
    clouds = sources["extensions/awx/private_clouds.yml"]
    plugin = yaml.safe_load((harness.ROOT / clouds["source_path"]).read_text())["plugin"]
    assert plugin == "ovhcloud.vmware_encryption.private_clouds"
    kinds = {one["name"]: one["credential_type"] for one in made["controller_credentials"]}
    assert kinds[clouds["credential"]] == "VMware encryption | OVHcloud API"
    assert clouds["inventory"] in {one["name"] for one in made["controller_inventories"]}


def test_names_of_the_role_reach_the_definitions() -> None:
    made = definitions.read(**definitions.EVERYTHING)
    text = str(made)
    for name, value in definitions.EVERYTHING.items():
        assert value in text or value.replace('"', '\\"') in text or name == "awx_daily_option", name


@pytest.mark.parametrize(
    ("asked", "answer", "said"),
    [
        ({"type": "float", "min": 0, "max": 5}, "", "expected float"),
        ({"type": "float", "min": 0, "max": 5}, 2, ""),
        ({"type": "float", "min": 0, "max": 5}, 6.5, "is more than 5"),
        ({"type": "integer"}, True, "expected integer"),
        ({"type": "integer"}, 2.5, "expected integer"),
        ({"type": "multiplechoice", "choices": ["true", "false"]}, True, "none of the choices"),
        ({"type": "multiselect", "choices": ["a", "b"]}, ["a", "b"], ""),
        ({"type": "multiselect", "choices": ["a", "b"]}, ["c"], "not some of the choices"),
        ({"type": "textarea"}, {"names": ["vm1"]}, "is dict, expected text"),
        ({"type": "text", "min": 3}, "ab", "is less than 3"),
        ({"type": "text", "min": 3}, "", ""),
        ({"type": "text", "required": True}, None, "is missing"),
    ],
)
def test_answers_are_judged_as_awx_judged_them(asked: dict[str, t.Any], answer: t.Any, said: str) -> None:
    found = surveys.answer_problem(asked, answer)
    assert (said in found) if said else not found
