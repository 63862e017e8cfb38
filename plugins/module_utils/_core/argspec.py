# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that travel with their rules, and the option shapes that modules share."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.oldest_python import refuse_older

refuse_older()

COLLECTION = "ovhcloud.vmware_encryption"
Option = dict[str, t.Any]
_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


class ArgSpec:
    """Options and the rules between them; specs are joined by giving them to the constructor.

    `trimmed` names texts, and lists of texts, whose white space at both ends is no part of them: a name or an id that
    came with some would mean another object, which would be made, ordered, or not found to be removed. `servers.name`
    is the option `name` of each dictionary in the list `servers`.
    """

    def __init__(
        self,
        *parts: ArgSpec,
        rules: t.Mapping[str, t.Any] | None = None,
        trimmed: t.Collection[str] = (),
        **options: Option,
    ) -> None:
        self.options: dict[str, Option] = {}
        self.rules: dict[str, t.Any] = {}
        self._trimmed = list(trimmed)
        for part in parts:
            self._add(part.options, part.rules)
            self._trimmed += part._trimmed
        self._add(options, rules or {})

    def _add(self, options: t.Mapping[str, Option], rules: t.Mapping[str, t.Any]) -> None:
        for name, option in options.items():
            if name in self.options:
                raise ValueError(f"option {name} is defined twice")
            self.options[name] = option
        for rule, value in rules.items():
            if rule not in _RULES:
                raise ValueError(f"unknown rule {rule}")
            if rule == "required_by":
                self.rules.setdefault(rule, {}).update(value)
            else:
                self.rules.setdefault(rule, []).extend(value)

    def trim(self, params: dict[str, t.Any]) -> None:
        """Take that white space away."""
        for path in self._trimmed:
            name, _dot, inner = path.partition(".")
            for options in (params[name] or ()) if inner else (params,):
                key = inner or name
                value = options[key]
                if isinstance(value, str):
                    options[key] = value.strip()
                elif isinstance(value, list):
                    options[key] = [one.strip() for one in value]

    def module_arguments(self) -> dict[str, t.Any]:
        """Keyword arguments for AnsibleModule."""
        return {"argument_spec": self.options, **self.rules}


def nonempty_env(*names: str) -> str:
    """Environment fallback that treats an empty variable as not given: AWX sets unused credential fields to nothing."""
    for name in names:
        value = os.environ.get(name)
        if value:
            return value
    raise AnsibleFallbackNotFound


def _option(kind: str, env: t.Sequence[str] = (), **more: t.Any) -> Option:
    option: Option = {"type": kind}
    if env:
        option["fallback"] = (nonempty_env, list(env))
    option.update({name: value for name, value in more.items() if value is not None})
    return option


def text(
    required: bool | None = None,
    default: str | None = None,
    choices: t.Sequence[str] | None = None,
    env: t.Sequence[str] = (),
    secret: bool | None = None,
) -> Option:
    """A string. secret=True hides it (no_log); secret=False says that a secret-looking name holds none."""
    chosen = list(choices) if choices else None
    return _option("str", env, required=required, default=default, choices=chosen, no_log=secret)


def boolean(default: bool | None = None, env: t.Sequence[str] = ()) -> Option:
    """True or false; None when not given."""
    return _option("bool", env, default=default)


def dictionary() -> Option:
    """A dictionary of any shape; None when not given."""
    return _option("dict")


def renamed(option: Option, *former: str) -> Option:
    """The option, which also takes its former names until 2.0.0. The runner refuses both at once."""
    said = [{"name": name, "version": "2.0.0", "collection_name": COLLECTION} for name in former]
    return {**option, "aliases": list(former), "deprecated_aliases": said}


def integer(default: int | None = None, required: bool | None = None, env: t.Sequence[str] = ()) -> Option:
    """A whole number."""
    return _option("int", env, default=default, required=required)


def number(default: float | None = None) -> Option:
    """A number."""
    return _option("float", default=default)


def file_path(
    secret: bool | None = None,
    env: t.Sequence[str] = (),
    default: str | None = None,
    required: bool | None = None,
) -> Option:
    """A path on the host that runs the module; `~` and variables are expanded by Ansible."""
    return _option("path", env, no_log=secret, default=default, required=required)


def texts(
    required: bool | None = None,
    default: t.Sequence[str] | None = None,
    secret: bool | None = None,
    choices: t.Sequence[str] | None = None,
) -> Option:
    """A list of strings."""
    chosen = list(default) if default is not None else None
    allowed = list(choices) if choices else None
    return _option("list", elements="str", required=required, default=chosen, no_log=secret, choices=allowed)


def volumes_option() -> ArgSpec:
    """`volumes`, the folders that outlast a job, documented in the fragment `volumes`."""
    return ArgSpec(volumes=_option("list", ("VMWARE_ENCRYPTION_VOLUMES",), elements="path"))


def suboptions(
    spec: ArgSpec, many: bool = False, required: bool | None = None, default: t.Any = None, secret: bool | None = None
) -> Option:
    """A dictionary (many=False) or a list of dictionaries with options of their own."""
    option = _option("list" if many else "dict", required=required, default=default, no_log=secret)
    if many:
        option["elements"] = "dict"
    option["options"] = spec.options
    option.update(spec.rules)
    return option


def state_option() -> ArgSpec:
    """`state` with present (default) and absent."""
    return ArgSpec(state=text(default="present", choices=("present", "absent")))


def wait_options(timeout: int = 600, interval: float = 5.0) -> ArgSpec:
    """`wait`, `wait_timeout` and `wait_interval` (seconds), documented in the fragment `wait`."""
    return ArgSpec(
        wait=boolean(default=True), wait_timeout=integer(default=timeout), wait_interval=number(default=interval)
    )


def given(value: t.Any) -> t.Any:
    """None for an empty string: an empty connection option counts as not given."""
    return None if value == "" else value


def pick(params: t.Mapping[str, t.Any], *names: str, **renamed: str) -> dict[str, t.Any]:
    """The named options that were given (not None); `renamed` maps a result key to the option it comes from."""
    pairs = [(name, name) for name in names] + list(renamed.items())
    return {key: params[name] for key, name in pairs if params.get(name) is not None}
