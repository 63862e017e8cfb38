# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that people type into a text field: every value stays the text that it is."""

from __future__ import annotations

import typing as t

try:
    import yaml
except ImportError:  # Ansible's control node has it, and only that one reads options
    yaml = None  # type: ignore[assignment]


_LONGEST, _DEEPEST = 65536, 1000  # characters, and brackets that open something: more takes PyYAML minutes


class NotYamlError(ValueError):
    """The text is no YAML, or more than lists, dictionaries and texts."""


def from_yaml(text: str) -> t.Any:
    """Lists, dictionaries and texts: 007 and no are texts here, the option's type says what they mean."""
    if len(text) > _LONGEST or sum(map(text.count, "[{")) > _DEEPEST:
        raise NotYamlError("is too long")
    if yaml is None:
        raise NotYamlError("PyYAML, which reads it, is missing")
    try:
        # few letters with references can stand for more than fits into memory
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise NotYamlError("has references (& and *); quote texts with them")
        return yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise NotYamlError("is not YAML; texts with * & : # need quotes") from error
