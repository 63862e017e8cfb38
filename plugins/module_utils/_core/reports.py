# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON files of reports: nothing in them is a template to Ansible, and one that says the same keeps its time. Pure."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

Report = dict[str, t.Any]

# what starts a template; JSON itself never has two of these characters in a row when it is indented
_MARKS = re.compile(r"\{[{%#]")


def dumped_report(made: t.Mapping[str, t.Any]) -> str:
    """The report as the text of its file."""
    text = json.dumps(made, indent=1, sort_keys=True) + "\n"
    # braces of a template can only come from names; written like this they are nothing to Ansible, and the same in JSON
    return _MARKS.sub(lambda found: f"{{\\u{ord(found[0][1]):04x}", text)


def dated_report(made: t.Mapping[str, t.Any], now: datetime.datetime, previous: str) -> str:
    """The same with `generated_at`: now (UTC), or the time of the previous report if that one says the same."""
    time, old = now.strftime("%Y-%m-%dT%H:%M:%SZ"), earlier_report(previous, made["format"])
    if {key: old.get(key) for key in made} == json.loads(json.dumps(made)):
        time = str(old.get("generated_at") or time)
    return dumped_report({**made, "generated_at": time})


def earlier_report(text: str, kind: str) -> Report:
    """The report in a text, of the format `kind`; empty for what is none, which is written anew."""
    try:
        found = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("format") == kind else {}


def shown_line(line: str) -> str:
    """A line for the screen that is no template to Ansible, whatever names are in it."""
    return _MARKS.sub(lambda mark: f"{{ {mark[0][1]}", line)
