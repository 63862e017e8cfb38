# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for questions of surveys, and for answers to them."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.awx.kinds import IDENTIFIER

Given = t.Mapping[str, t.Any]
_TEXTS, _CHOICES = ("text", "textarea", "password"), ("multiplechoice", "multiselect")
_NUMBERS = {"integer": (int,), "float": (int, float)}
TYPES = (*_TEXTS, *_CHOICES, *_NUMBERS)
_KEYS = {
    "question_name", "question_description", "variable", "type", "required", "min", "max", "default", "choices",
}  # fmt: skip
# AWX gives each job variables with these in front; Ansible has its own
_RESERVED = ("awx_", "tower_", "ansible_")


def questions(one: Given) -> list[Given]:
    """The questions that a template or workflow asks."""
    return list((one.get("survey_spec") or {}).get("spec", [])) if one.get("survey_enabled") else []


def problems(one: Given) -> t.Iterator[str]:
    """What AWX refuses, or an operator would stumble over, in the survey of a template or workflow."""
    spec = one.get("survey_spec") or {}
    if one.get("survey_enabled") and not spec.get("spec"):
        yield "survey_enabled without a question"
    if spec and (not one.get("survey_enabled") or set(spec) != {"name", "description", "spec"}):
        yield "its survey is not shown, or is not name, description and spec"
    names = [question.get("variable") for question in spec.get("spec", [])]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"asks twice for {name}"
    for question in spec.get("spec", []):
        for text in _question(question):
            yield f"question {question.get('variable')}: {text}"


def _question(question: Given) -> t.Iterator[str]:
    if strange := set(question) - _KEYS:
        yield f"has no {', '.join(sorted(strange))}"
    if missing := {"question_name", "question_description", "variable", "type", "required", "default"} - set(question):
        yield f"lacks {', '.join(sorted(missing))}"
        return
    kind, name = question["type"], str(question["variable"])
    if kind not in TYPES:
        yield f"is of type {kind}, which AWX does not know"
        return
    if not IDENTIFIER.fullmatch(name) or name.startswith(_RESERVED):
        yield "cannot be a variable of a job"
    if kind == "password":
        yield "asks for a secret: what is secret comes from a credential"
    if kind in _CHOICES and not all(isinstance(choice, str) for choice in question.get("choices", [None])):
        yield "its choices are no texts"
    elif default_of(question) not in ("", None, []) and (bad := answer_problem(question, default_of(question))):
        yield f"its default {bad}"


def default_of(question: Given) -> t.Any:
    """What AWX answers for who does not; several choices are lines."""
    default = question.get("default")
    return default.splitlines() if question["type"] == "multiselect" and isinstance(default, str) else default


def answer_problem(question: Given, value: t.Any) -> str:
    """What AWX says to an answer at a launch, in a node, or in a schedule; blank when it takes it."""
    kind, required = question["type"], question.get("required")
    if value is None or (value == "" and kind in _TEXTS):
        return "is missing" if required else ""
    if kind in _TEXTS and not isinstance(value, str):
        return f"is {type(value).__name__}, expected text"
    if kind in _NUMBERS and (isinstance(value, bool) or not isinstance(value, _NUMBERS[kind])):
        return f"is {value!r}, expected {kind}"
    if kind == "multiplechoice" and value not in question.get("choices", []):
        return f"is {value!r}, none of the choices"
    if kind == "multiselect" and not (isinstance(value, list) and set(value) <= set(question.get("choices", []))):
        return f"is {value!r}, not some of the choices"
    return _bounds(question, value)


def _bounds(question: Given, value: t.Any) -> str:
    if question["type"] in _CHOICES:
        return ""
    size = len(value) if isinstance(value, str) else value
    least, most = question.get("min"), question.get("max")
    if least not in (None, "") and size < least:
        return f"is less than {least}"
    if most not in (None, "") and size > most:
        return f"is more than {most}"
    return ""


def unanswered(asked: t.Iterable[Given], answers: Given) -> list[str]:
    """Required questions without an answer, and answers that AWX would refuse or that nobody asked for."""
    asked = list(asked)
    known = {question["variable"]: question for question in asked}
    found = [f"{name} has no question" for name in answers if name not in known]
    for name, question in known.items():
        if name in answers or question.get("required"):
            bad = answer_problem(question, answers.get(name))
            found += [f"{name} {bad}"] if bad else []
    return found
