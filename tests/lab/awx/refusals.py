# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an AWX 24.6.1 refused in November 2026 beyond the fields that it describes, found by trying."""

from __future__ import annotations

import re
import typing as t

import jinja2

from .store import Data, RefusedError, Store

RESERVED = re.compile(r"ANSIBLE_.*|PATH|HOME|JOB_ID|VIRTUAL_ENV|INVENTORY_ID")
_NAME = re.compile(r"[A-Za-z_]\w*")
_RRULE = re.compile(r"DTSTART[:;]\S+ RRULE:.*FREQ=\w+.*INTERVAL=\d+")
_DEFAULTS: dict[str, t.Any] = {"integer": int, "float": (int, float)}
# what a node or schedule may override, and the switch of a template that lets it
_PROMPTS = {"job_type": "ask_job_type_on_launch", "diff_mode": "ask_diff_mode_on_launch"}


def judge(store: Store, endpoint: str, data: Data, playbooks: t.Collection[str]) -> None:
    """Raises for an object that the API does not take."""
    if endpoint == "credential_types":
        _kind(data)
    elif endpoint == "job_templates" and data.get("playbook") not in playbooks:
        raise RefusedError({"playbook": ["Playbook not found for project."]})
    elif endpoint == "schedules":
        if not _RRULE.match(str(data["rrule"])):
            raise RefusedError(
                {"rrule": ["Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"]}
            )
        _prompts(store, data, required=True)
    elif endpoint == "workflow_job_template_nodes":
        # a workflow's survey may bring the required ones
        _prompts(store, data, required=False)


def _kind(data: Data) -> None:
    fields = data["inputs"].get("fields", [])
    for field in fields:
        if field.get("type", "string") not in ("string", "boolean") or not _NAME.fullmatch(str(field.get("id"))):
            raise RefusedError(
                {"inputs": [f"{field.get('type')} {field.get('id')} is not one of ['string', 'boolean']"]}
            )
    files = data["injectors"].get("file", {})
    names = {name.partition(".")[2]: "EXAMPLE" for name in files}
    space: Data = {field["id"]: "EXAMPLE" for field in fields}
    space["tower"] = {"filename": "EXAMPLE" if "template" in files else names}
    for where in ("env", "extra_vars", "file"):
        for name, value in data["injectors"].get(where, {}).items():
            if where != "file" and (RESERVED.fullmatch(name) or not _NAME.fullmatch(name)):
                raise RefusedError({"injectors": [f"{name} is not allowed"]})
            if not isinstance(value, str):
                raise RefusedError({"injectors": [f"{value!r} is not of type 'string'"]})
            try:
                jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(value).render(space)
            except jinja2.TemplateError as error:
                raise RefusedError({"injectors": [f"{name} uses an undefined field ({error})"]}) from error


def _prompts(store: Store, data: Data, required: bool) -> None:
    template = store.find("unified_job_template", data.get("unified_job_template"))
    if template is None:
        return
    for name, switch in _PROMPTS.items():
        if data.get(name) not in (None, "") and not template.get(switch):
            raise RefusedError({name: ["Field is not configured to prompt on launch."]})
    asked = {question["variable"]: question for question in store.surveys.get(template["id"], {}).get("spec", [])}
    shown = asked if template.get("survey_enabled") else {}
    given = data.get("extra_data") or {}
    if strange := sorted(set(given) - set(shown)):
        raise RefusedError({"extra_data": [f"Variables {', '.join(strange)} are not allowed on launch."]})
    answers(shown.values(), given, required)


def answers(questions: t.Iterable[Data], given: Data, required: bool = True) -> None:
    """Raises for answers to the questions of a survey that AWX does not take; `required`: none may be missing."""
    wrong = [text for question in questions for text in _answer(question, given, required)]
    if wrong:
        raise RefusedError({"variables_needed_to_start": wrong})


def _answer(question: Data, given: Data, required: bool) -> t.Iterator[str]:
    name, kind = question["variable"], question["type"]
    value = given.get(name)
    if name not in given or value in (None, ""):
        if question["required"] and (required or name in given):
            yield f"'{name}' value missing"
        elif value == "" and kind in _DEFAULTS:
            yield f"'{name}' value '' is expected to be a numeric type."
    elif kind in _DEFAULTS and (isinstance(value, bool) or not isinstance(value, _DEFAULTS[kind])):
        yield f"Value {value} for '{name}' expected to be a numeric type."
    elif kind in ("text", "textarea") and not isinstance(value, str):
        yield f"Value {value} for '{name}' expected to be a string."
    elif kind == "multiplechoice" and value not in question["choices"]:
        yield f"Value {value} for '{name}' expected to be one of {question['choices']}."
    elif kind == "multiselect" and not (isinstance(value, list) and set(value) <= set(question["choices"])):
        yield f"'{name}' value is expected to be a list of choices."


def survey(spec: Data) -> None:
    """Raises for a survey that the API does not take."""
    if not all(
        isinstance(spec.get(name), kind) for name, kind in (("name", str), ("description", str), ("spec", list))
    ):
        raise RefusedError({"error": "'name', 'description' and 'spec' are required."})
    for number, question in enumerate(spec["spec"]):
        for name in ("type", "question_name", "variable", "required"):
            if name not in question:
                raise RefusedError({"error": f"'{name}' missing from survey question {number}."})
        default = question.get("default", "")
        wanted = _DEFAULTS.get(question["type"], str)
        if default != "" and not isinstance(default, wanted):
            raise RefusedError({"error": f"The default value {default} for question {number} is of another type."})
        if question["type"] == "multiplechoice" and default not in ("", *question["choices"]):
            raise RefusedError({"error": f"The default value {default} for question {number} is no choice."})
