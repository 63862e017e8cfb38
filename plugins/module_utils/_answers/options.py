# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a role as its steps read them: complete, in their types, and judged; pure."""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.paths import completed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.rules import broken
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.values import (
    Spec,
    judged,
    meant,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.characters import check_characters
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

_PLAYBOOK = "hosts"  # <role>_hosts names the hosts of the playbook of that name
_CONFIRMATION = re.compile(r"_confirm(?:_|$)")
_MODES = ("drift_check_metrics_mode", "encryption_audit_metrics_mode", "encryption_audit_mode")
_PASTED = ("doctor_error",)  # a text of anything, which is explained and goes to no system
_JSON = ("awx_kms_servers",)
_OUTPUTS = ("doctor_report", "drift_check_report", "preflight_report")  # what roles tell others
# AWX gives each job variables such as awx_job_id; the role awx has no option that begins so
_OF_JOBS = re.compile(
    r"awx_(?:execution|inventory|job|parent|project_(?:revision|scm)|schedule|user|webhook|workflow)_?"
)
_NAMED = 8  # problems that a message tells


def answered(
    role: str,
    specs: t.Mapping[str, Spec],
    values: t.Mapping[str, t.Any],
    partial: bool = False,
    start: str = "",
    remote: bool = False,
) -> dict[str, t.Any]:
    """Each option by its name without that of the role. Raises InvalidInputError with everything that is wrong.

    partial: options that are required may be missing, for those who only look whether the others are right.
    start: the folder in which the command was started, whose paths are meant. remote: the role works on another host.
    """
    if partial:
        specs = {name: {**spec, "required": False} for name, spec in specs.items()}
    # what destroys wants its name typed again, exactly
    specs = {name: {**spec, "exact": bool(_CONFIRMATION.search(name))} for name, spec in specs.items()}
    found, problems = judged(specs, {**values, **_octal(values), **_json(values)})
    wrong = _odd_characters(found)
    if not wrong:
        found, wrong = completed(specs, found, start or os.getcwd(), remote)
    problems += wrong
    options = {name[len(role) + 1 :]: value for name, value in found.items()}
    problems = problems or broken(role, options)
    if problems:
        more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise InvalidInputError(
            f"the options of the role {role} are invalid, nothing was changed: {'; '.join(problems[:_NAMED])}{more}"
        )
    return options


def _odd_characters(options: t.Mapping[str, t.Any]) -> list[str]:
    """What modules would refuse later, in the middle of the role."""
    problems = []
    for name, value in options.items():
        if name in _PASTED:
            continue
        try:
            check_characters(value, name)
        except InvalidInputError as error:
            problems.append(error.message)
    return problems


def _octal(values: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Modes of files that YAML has taken for numbers, because they stand without quotes."""
    modes = {name: values.get(name) for name in _MODES}
    return {name: f"0{mode:o}" for name, mode in modes.items() if isinstance(mode, int) and not isinstance(mode, bool)}


def _json(values: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Texts in JSON that Ansible before 2.19 has made lists of, because they came through a template."""
    found = {name: values.get(name) for name in _JSON}
    return {name: json.dumps(value) for name, value in found.items() if isinstance(value, (list, dict))}


def unknown(
    role: str, variables: t.Iterable[str], known: t.Iterable[str], values: t.Callable[[str], t.Any]
) -> list[str]:
    """Variables that begin with the name of the role and that neither it nor another role knows, with a better name.

    What a task has registered is no option; `values` reads a variable to find that out.
    """
    options = set(known)
    found = []
    for name in sorted(variables):
        if not name.startswith(f"{role}_") or name in options or name in (f"{role}_{_PLAYBOOK}", *_OUTPUTS):
            continue
        if role == "awx" and _OF_JOBS.match(name):
            continue
        value = values(name)
        if isinstance(value, t.Mapping) and ("changed" in value or "failed" in value):
            continue
        found.append(f"{name}{meant(name, options, f'{role}_')}")
    return found


def left_out(tags: t.Collection[str], only: t.Collection[str], skipped: t.Collection[str]) -> bool:
    """Whether --tags and --skip-tags leave out tasks with these tags, as Ansible decides it."""
    mine = set(tags) or {"untagged"}
    always = "always" in mine and "always" not in skipped
    tagged = mine - {"always", "untagged"}
    wanted = always or "all" in only or bool(mine & set(only)) or ("tagged" in only and bool(tagged))
    refused = bool(mine & set(skipped)) or ("tagged" in skipped and bool(tagged)) or ("all" in skipped and not always)
    return refused or not wanted
