# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action role_options: the options of a role, completed and judged before its first step."""

from __future__ import annotations

import functools
import os
import pathlib
import re
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

# the first of all: it changes how the others are imported
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils import bytecode  # pylint: disable=unused-import # noqa: F401

# isort: split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.former import (
    UNTIL,
    names_of,
    renamed,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.options import (
    answered,
    left_out,
    unknown,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.paths import outputs
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.values import blank
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import COLLECTION
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import flat
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.templating import load_filters

load_filters()  # this action is the first of each role, and Ansible imports it in the process that runs the play

_ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
_LONGEST_ERROR = 300
_EXPRESSION = re.compile(r"\s*\{\{[^{}]*\}\}\s*")  # a whole value that refers to another variable
_UNDEFINED = re.compile(r"'[\w.]+' is undefined")

Specs = t.Mapping[str, t.Mapping[str, t.Any]]


@functools.cache
def specs_of(role: str) -> Specs:
    """The documented options of a role, by name."""
    text = (_ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    return t.cast(Specs, yaml_load(text)["argument_specs"]["main"]["options"])


def every_option() -> set[str]:
    """The options of all roles: one may begin with the name of another one."""
    return {name for folder in _ROLES.iterdir() if folder.is_dir() for name in names_of(specs_of(folder.name))}


def plain(value: t.Any, omitted: t.Any = None) -> t.Any:
    """The value without the types in which Ansible keeps marks of its own; encrypted text is decrypted."""
    if value is None or (omitted is not None and value == omitted):
        return None
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, t.Mapping):
        return {str(key): plain(item, omitted) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item, omitted) for item in value]
    return str(value)


def has_secret(spec: t.Mapping[str, t.Any]) -> bool:
    """Whether the option, or a part of it, is secret."""
    return bool(spec.get("no_log")) or any(map(has_secret, (spec.get("options") or {}).values()))


def of_secret(raw: t.Any, error: str) -> str:
    """Why a secret cannot be read. Ansible's own error quotes it: a password with two braces is no template."""
    undefined = _UNDEFINED.search(error) if isinstance(raw, str) and _EXPRESSION.fullmatch(raw) else None
    why = f" ({undefined[0]})" if undefined else ""
    return (
        f"Ansible takes the value for a template, and cannot evaluate it{why}; if it is none, put the tag !unsafe "
        "before the value"
    )


class ActionModule(ActionBase):  # type: ignore[misc]
    """Reads the variables of the role, as a task would."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("role", "partial", "answers"))

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The options as the result of the task, which is never shown."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        role, partial = str(self._task.args["role"]), bool(self._task.args.get("partial", False))
        if self._leaves_out(variables):
            text = f"--tags or --skip-tags exclude every step of the role {role}: nothing was checked or changed"
            Display().warning(text)
            return {**result, "changed": False, "skipped": True, "msg": text}
        specs = specs_of(role)
        known = names_of(specs)
        strange = [] if partial else [name for name in variables if name.startswith(f"{role}_") and name not in known]
        for text in unknown(role, strange, every_option(), variables.__getitem__) if strange else []:
            Display().warning(f"{text}: the role {role} has no such option, it is ignored")
        try:
            remote = str(variables.get("ansible_connection") or "local").rpartition(".")[2] != "local"
            secret = {name for name, spec in specs.items() if has_secret(spec)}
            values, told = renamed(specs, self._values(known, variables, secret), handed=self._task.get_vars())
            for text in told:
                Display().deprecated(text, version=UNTIL, collection_name=COLLECTION)
            options = answered(role, specs, values, partial, os.getcwd(), remote)
        except InvalidInputError as error:
            return {**result, "changed": False, "failed": True, "msg": error.message}
        if partial and not self._task.args.get("answers", False):
            return {**result, "changed": False, "outputs": outputs(options), "volumes": options.get("volumes") or []}
        # secrets are among them
        if partial:
            return {**result, "changed": False, "_ansible_no_log": True, "answers": options}
        return {**result, "changed": False, "_ansible_no_log": True, **options}

    def _leaves_out(self, variables: t.Mapping[str, t.Any]) -> bool:
        """Whether the tags exclude the other steps; they have the tag `always` of this one only if the user says so."""
        only, skipped = variables.get("ansible_run_tags") or ["all"], variables.get("ansible_skip_tags") or []
        role = self._task._role
        around = [*getattr(role, "tags", []), *getattr(getattr(role, "_play", None), "tags", [])]
        tags = [str(tag) for tag in self._task.tags if tag != "always" or tag in around]
        return left_out(tags, only, skipped)

    def _values(
        self, names: t.Iterable[str], variables: t.Mapping[str, t.Any], secret: t.Container[str]
    ) -> dict[str, t.Any]:
        """What was given. A blank -e does not hide what a role that includes this one has handed over."""
        values: dict[str, t.Any] = {}
        problems = []
        handed, decided = self._task.get_vars(), self._decided()
        for name in names:
            raw: t.Any = None
            try:
                if name in decided:
                    raw = decided[name][1]
                    values.update(self._by_role(name, decided[name], variables))
                for place in (variables, handed) if values.get(name) is None else ():
                    if blank(values.get(name)) and place.get(name) is not None:
                        raw = place[name]
                        values[name] = self._read(raw, variables.get("omit"))
            except AnsibleError as error:
                told = of_secret(raw, str(error)) if name in secret else flat(str(error))[:_LONGEST_ERROR]
                problems.append(f"{name}: {told}")
        if problems:
            raise InvalidInputError(f"options cannot be read, nothing was changed: {'; '.join(problems)}")
        return values

    def _decided(self) -> dict[str, tuple[str, t.Any]]:
        """What a role of this collection that includes this one hands over: the role and the value, by name.

        Ansible lets -e and surveys win over it, which would take a migration's VMs to another policy or a removal to
        another key provider. A playbook that includes the role decides as everywhere in Ansible.
        """
        found: dict[str, tuple[str, t.Any]] = {}
        node: t.Any = self._task
        while node is not None:
            role = getattr(node, "_role", None)
            if role is not None and _ROLES in pathlib.Path(role._role_path).resolve().parents:
                for name, value in (node.vars or {}).items():
                    found.setdefault(name, (pathlib.Path(role._role_path).name, value))
            node = node._parent
        return found

    def _by_role(self, name: str, decided: tuple[str, t.Any], variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The value that a role decides, and a warning if somebody has said another one.

        A template without a result decides nothing: that role was not told either.
        """
        role, raw = decided
        value, said = self._read(raw, variables.get("omit")), variables.get(name)
        if blank(value) and not blank(raw):
            return {}
        if said is not None and said != raw and not self._alike(said, value, variables):
            Display().warning(f"{name} does not count here: the role {role} decides it")
        return {name: "" if value is None else value}

    def _alike(self, said: t.Any, value: t.Any, variables: t.Mapping[str, t.Any]) -> bool:
        """Whether somebody has said nothing else; what does not count may also be what nobody can read."""
        try:
            other = self._read(said, variables.get("omit"))
        except AnsibleError:
            return False
        return blank(other) or str(other).lower() == str(value).lower()

    def _read(self, raw: t.Any, omitted: t.Any) -> t.Any:
        try:
            return plain(self._templar.template(raw), omitted)
        except AnsibleError as error:
            if _is_omitted(error):
                return None
            raise


def _is_omitted(error: BaseException | None) -> bool:
    """Whether a variable came out as `omit`, which ansible-core 2.19 and newer raise."""
    while error is not None and "Omitted" not in type(error).__name__:
        error = error.__cause__
    return error is not None
