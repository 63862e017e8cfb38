# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are paths: meant from where the command was started; files in the place of text; older names."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.values import Spec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import read_text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import absolute

_FILE, _OUTPUT, _OLD_OUTPUT, _TASKS = "_file", "_output_path", "_path", "_tasks"

Specs = t.Mapping[str, Spec]
Answers = dict[str, t.Any]


def text_of(name: str, specs: Specs) -> str | None:
    """The option that takes the text of which this one names the file."""
    text = name[: -len(_FILE)] if name.endswith(_FILE) else ""
    return text if specs.get(text, {}).get("type") == "str" else None


def older_name(name: str, specs: Specs) -> str | None:
    """The option by which an output was called before."""
    old = name[: -len(_OUTPUT)] + _OLD_OUTPUT if name.endswith(_OUTPUT) else ""
    return old if old in specs else None


def completed(specs: Specs, options: t.Mapping[str, t.Any], start: str, remote: bool) -> tuple[Answers, list[str]]:
    """All options with absolute paths and the texts of files, and what is wrong with them; names are whole.

    start: the folder in which the command was started. remote: the steps of the role work on another host, where that
    folder means nothing; files with texts are read here all the same.
    """
    found, problems = dict(options), []
    for name, spec in specs.items():
        kinds = (spec.get("type"), spec.get("elements"))
        if "path" not in kinds or not found.get(name):
            continue
        many = kinds[0] == "list"
        here = not remote or name.endswith(_TASKS) or text_of(name, specs)
        given = found[name] if many else [found[name]]
        problems += [f"{name}: {one!r} {_NOWHERE}" for one in given if not (here or one.startswith(("/", "~", "$")))]
        made = [absolute(one, start) if here else one for one in given]
        found[name] = made if many else made[0]
    for name in specs:
        old, text = older_name(name, specs), text_of(name, specs)
        if old:
            found[name] = found.get(name) or found.get(old)
        if text and found.get(name) and not found.get(text):
            try:
                found[text] = read_text(found[name], name)
            except InvalidInputError as error:
                problems.append(error.message)
    return found, problems


def outputs(options: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """What the role will write with these options, as the module output_files takes it; names without the role's."""
    brought = ("backup_allow_ephemeral", "backup_copies", "backup_places", "backup_tasks")
    found: list[dict[str, t.Any]] = [
        {"option": "backup_path", "lasting": not any(options.get(name) for name in brought)},
        {"option": "dossier_path", "follow": True},
        {"option": "csr_output_path" if options.get("identity") == "csr" else "certificate_output_path"},
    ]
    return [{**entry, "path": options[name]} for entry in found if options.get(name := str(entry["option"]))]


_NOWHERE = (
    "is relative, and this play works on another host than the one on which you started it; give an absolute path"
)
