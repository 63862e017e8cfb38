# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages name what the user typed: in a role, the variable of the role instead of the option of the module.

Each role says in the environment of its tasks which of its variables stands for which option, as pairs of
`option=variable` or `module.option=variable`. The playbooks of this collection say that they run, because options of a
connection have variables there only: a play of a user has module_defaults. Without that, messages stay as they are.
"""

from __future__ import annotations

import re
import typing as t

ENVIRONMENT = "OVHCLOUD_VMWARE_ENCRYPTION_VARIABLES"
PLAYBOOK = "OVHCLOUD_VMWARE_ENCRYPTION_PLAYBOOK"
# options of a connection; no role has variables for them
CONNECTION = frozenset(
    (
        "access_token", "application_key", "application_secret", "ca_path", "client_id", "client_secret",
        "consumer_key", "endpoint", "hostname", "password", "port", "proxy_host", "proxy_port", "request_timeout",
        "timeout", "token_url", "username", "validate_certs",
    )
)  # fmt: skip
# an option that only one side has, and how its variables begin in the playbooks
_SIDES = {"hostname": "vcenter_", "endpoint": "ovhcloud_"}
# keys of results whose texts are for people
_TEXTS = ("error", "msg", "next_step", "problem", "reason", "reasons")
_BEFORE = r"(?<![\w./-])"


def variables_of(text: str, module: str) -> dict[str, str]:
    """Variable of the role by option of the module, from the text of the environment."""
    pairs = dict(word.split("=", 1) for word in text.split() if "=" in word)
    plain = {option: variable for option, variable in pairs.items() if "." not in option}
    own = {option.partition(".")[2]: pairs[option] for option in pairs if option.startswith(f"{module}.")}
    return {**plain, **own}


def connection_of(options: t.Collection[str]) -> dict[str, str]:
    """Variable of a playbook by connection option of a module with these options; empty when it has no connection."""
    prefix = next((prefix for option, prefix in _SIDES.items() if option in options), "")
    return {option: prefix + option for option in options if option in CONNECTION} if prefix else {}


class Words:
    """The texts of one module in the words of the role that runs it.

    A name with an underscore is an option wherever it stands; other names are also words of English, so they count
    before `=`, `: true` and `: false`, and at the beginning of a message.
    """

    def __init__(self, text: str, module: str, options: t.Collection[str], in_playbook: bool = False) -> None:
        connection = connection_of(options) if in_playbook else {}
        self._variables = {**connection, **(variables_of(text, module) if text else {})}
        self._module = module
        # in a play of a user an option of a connection is what was typed
        own = set(options).difference(CONNECTION) if text else set()
        known = sorted({*self._variables, *own}, key=len, reverse=True)
        names = "|".join(re.escape(name) for name in known if "_" in name)
        words = "|".join(re.escape(name) for name in known if "_" not in name)
        parts = [rf"{_BEFORE}(?:{names})(?!\w)"] if names else []
        parts += [rf"{_BEFORE}(?:{words})(?==|: (?:true|false)\b)", rf"^(?:{words})(?=: )"] if words else []
        self._pattern = re.compile("|".join(parts)) if parts else None

    def of(self, message: str) -> str:
        """The message with the names of variables; an option that the role has no variable for is said to be one."""
        if self._pattern is None:
            return message
        strange = [name for name in dict.fromkeys(self._pattern.findall(message)) if name not in self._variables]
        strange = [name for name in strange if not message.startswith(f"{name}: ")]
        said = self._replaced(message)
        if not strange:
            return said
        are = "is an option" if len(strange) == 1 else "are options"
        return f"{said.rstrip('.')}. ({' and '.join(strange)} {are} of the module {self._module}, not of the role)"

    def in_data(self, data: t.Any) -> t.Any:
        """The same for the texts in a result."""
        if self._pattern is None:
            return data
        if isinstance(data, dict):
            return {key: self._text(value) if key in _TEXTS else self.in_data(value) for key, value in data.items()}
        return [self.in_data(one) for one in data] if isinstance(data, list) else data

    def _text(self, value: t.Any) -> t.Any:
        if isinstance(value, str):
            return self._replaced(value)
        if isinstance(value, list):
            return [self._text(one) for one in value]
        return self.in_data(value)

    def _replaced(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._variables.get(found.group(), found.group()), text)
