# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the rulebook for AWX: each template exists, and takes what the rulebook answers to its survey."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.extensions.eda.plugins.event_filter import (
    private_cloud,
    survey_answers,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.awx import definitions, surveys
from ansible_collections.ovhcloud.vmware_encryption.tests.static import events

RULES = yaml.safe_load((definitions.ROOT / "extensions/eda/rulebooks/awx.yml").read_text(encoding="utf-8"))[0]["rules"]
STARTING = {rule["name"]: rule for rule in RULES if "run_job_template" in rule["action"]}
VALUES = {"awx_organization": "VMware encryption", "okms_domain_region": "eu-west-rbx"}


def rendered(text: str, event: t.Mapping[str, t.Any]) -> str:
    """As ansible-rulebook renders the one form that the rulebook has."""

    def value(found: re.Match[str]) -> str:
        first, *path = found[1].split(".")
        place: t.Any = {"event": event, **VALUES}[first]
        for name in path:
            place = place[name]
        assert isinstance(place, str), found[1]
        return place

    return re.sub(r"{{ ([\w.]+) }}", value, text)


@pytest.mark.parametrize("name", STARTING)
def test_template_takes_the_answers_of_the_rule(name: str) -> None:
    rule = STARTING[name]
    action = rule["action"]["run_job_template"]
    templates = {one["name"]: one for one in definitions.read()["controller_templates"]}
    kinds = set(re.findall(r'"(\w+)"', rule["condition"])) & set(events.rows())
    for kind in kinds:
        event = survey_answers.main(private_cloud.main(events.sample(kind), names={"": "pcc-192-0-2-10"}))
        event["answers"]["private_cloud"] = event["answers"]["private_cloud"] or "pcc-192-0-2-10"
        answers = {key: rendered(text, event) for key, text in action["job_args"]["extra_vars"].items()}
        assert surveys.unanswered(surveys.questions(templates[action["name"]]), answers) == []
    assert action["include_events"] is False  # they are no answers


def test_nothing_that_orders_or_destroys_is_started_by_an_event() -> None:
    started = {rule["action"]["run_job_template"]["name"] for rule in STARTING.values()}
    assert not [name for name in started if re.search("order|decommission|recovery|leav|exit", name)]
