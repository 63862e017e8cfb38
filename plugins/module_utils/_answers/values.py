# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what people type into values: blank answers, words for booleans, numbers and lists that arrive as text."""

from __future__ import annotations

import ast
import difflib
import json
import math
import re
import textwrap
import typing as t

from ansible.module_utils.common.validation import check_type_dict

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.yaml_text import (
    NotYamlError,
    from_yaml,
)

_TRUE = ("1", "on", "t", "true", "y", "yes")
_FALSE = ("0", "f", "false", "n", "no", "off")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(?:\.0*)?")
_LIKE_YAML = re.compile(r"- |-$|[\"']?[A-Za-z_][\w -]*[\"']?:(?:\s|$)", re.MULTILINE)  # how such a text begins
# what no editor shows and a copy brings along: soft hyphen, joiners, marks of direction, byte order mark
_UNSEEN = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_SET = re.compile(r"\[[^\[\]\"',]+\]\s*[^\s,\]]")  # how a pattern such as [ab]* begins, or a name such as [old] web
_NO_LITERAL = (TypeError, ValueError, SyntaxError, RecursionError, MemoryError)
_LONGEST_QUOTE = 40  # longer texts, or those of several lines, are only measured: they may be keys

Spec = t.Mapping[str, t.Any]


class RefusedError(ValueError):
    """Why a value is no use, in words that follow the name of its option."""


def blank(value: t.Any) -> bool:
    """True for null and for text without any letter: what an unanswered question of a survey leaves."""
    return value is None or (isinstance(value, str) and not trimmed(value))


def trimmed(text: str) -> str:
    """The text without white space and characters that nobody sees at its ends."""
    start, end = 0, len(text)
    while start < end and _hidden(text[start]):
        start += 1
    while start < end and _hidden(text[end - 1]):
        end -= 1
    return text[start:end]


def _hidden(letter: str) -> bool:
    return letter.isspace() or letter in _UNSEEN


def quoted(value: t.Any) -> str:
    """The value in a message, or how long it is."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) > _LONGEST_QUOTE or not text.isprintable():
        return f"a text of {len(text)} characters"
    return repr(text) if isinstance(value, str) else text


def meant(name: str, known: t.Iterable[str], prefix: str = "") -> str:
    """The known name that is close to a misspelt one, as the end of a message, or nothing."""
    ends = [one[len(prefix) :] for one in known if one.startswith(prefix)]
    close = difflib.get_close_matches(name[len(prefix) :], ends, n=1)
    return f", did you mean {prefix}{close[0]}?" if close else ""


def converted(value: t.Any, spec: Spec) -> t.Any:
    """The value in the type that the spec names. Raises RefusedError; values of secret options are never quoted."""
    kind = spec.get("type", "str")
    try:
        result = _CONVERTERS[kind](value, spec)
    except RefusedError as error:
        if spec.get("no_log"):
            raise RefusedError(f"its value is not a {_KINDS.get(kind, kind)}") from error
        raise
    choices = spec.get("choices")
    if choices is not None:
        _check_choices(result if isinstance(result, list) else [result], choices)
    return result


def _check_choices(values: t.Sequence[t.Any], choices: t.Sequence[t.Any]) -> None:
    for value in values:
        if value not in choices:
            allowed = ", ".join(str(one) for one in choices if not blank(one))
            raise RefusedError(f"{quoted(value)} is not one of {allowed}")


def _text(value: t.Any, spec: Spec) -> str:
    if isinstance(value, str):
        # white space at an end of a password can belong to it
        return value if spec.get("no_log") or spec.get("exact") else trimmed(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise RefusedError(f"{_named(value)} is not text; quote text that YAML would interpret as something else")


def _boolean(value: t.Any, spec: Spec) -> bool:
    word = trimmed(str(value)).lower() if isinstance(value, (str, bool, int, float)) else ""
    word = word[:-2] if word in ("0.0", "1.0") else word
    if word not in _TRUE + _FALSE:
        raise RefusedError(f"{_named(value)} is neither true nor false")
    return word in _TRUE


def _integer(value: t.Any, spec: Spec) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(trimmed(value)):
        return int(trimmed(value).split(".")[0])
    raise RefusedError(f"{_named(value)} is not a whole number")


def _number(value: t.Any, spec: Spec) -> float:
    try:
        result = math.nan if isinstance(value, bool) else float(trimmed(value) if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result):
        raise RefusedError(f"{_named(value)} is not a number")
    return result


def _list(value: t.Any, spec: Spec) -> list[t.Any]:
    of_dicts = spec.get("elements") == "dict"
    items = _items(value, of_dicts) if isinstance(value, str) else value if isinstance(value, list) else [value]
    inner = {"type": spec.get("elements", "str"), "options": spec.get("options"), "no_log": spec.get("no_log")}
    result = []
    for number, item in enumerate(items, 1):
        if blank(item):
            continue
        if isinstance(item, (list, dict)) and not of_dicts:
            raise RefusedError(f"item {number} is {_named(item)}, expected a text")
        try:
            result.append(converted(item, inner))
        except RefusedError as error:
            raise RefusedError(f"item {number}: {error}") from error
    return result


def _items(text: str, of_dicts: bool) -> list[t.Any]:
    """One item, one a line, separated by commas, or JSON."""
    text = _block(text)
    lines = [trimmed(line) for line in text.splitlines() if not blank(line)]
    in_brackets = text.startswith("[") and (of_dicts or not all(map(_begins_no_list, lines)))
    if in_brackets or (of_dicts and text.startswith("{")):
        found = _parsed(text)
        return found if isinstance(found, list) else [found]
    if of_dicts:
        found = _yaml(text) if _LIKE_YAML.match(text) else None
        if not isinstance(found, (list, dict)):
            raise RefusedError("expected a list of dictionaries; as text, it must be JSON or YAML")
        return found if isinstance(found, list) else [found]
    return [_unquoted(item) for item in _texts(text, lines)]


def _block(text: str) -> str:
    """The lines without what surrounds them, and without the indentation that all of them have."""
    lines = "\n".join(text.splitlines())
    return trimmed(textwrap.dedent(lines.strip(f"\n{_UNSEEN}")))


def _begins_no_list(line: str) -> bool:
    return not line.startswith("[") or bool(_SET.match(line))


def _texts(text: str, lines: list[str]) -> list[str]:
    """The items of a list of texts, each with the quotes that it has."""
    lines = lines[1:] if lines and lines[0] == "---" else lines  # how a file in YAML begins
    if all(line == "-" or line.startswith("- ") for line in lines):
        return [line[2:] for line in lines]  # a list in YAML; patterns such as *-db need no quotes here
    if len(lines) > 1:
        return [line.rstrip(",") for line in lines]
    alone = _unquoted(text)
    return [text] if alone != text and text[0] not in alone else text.split(",")


def _unquoted(text: str) -> str:
    text = trimmed(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _parsed(text: str) -> t.Any:
    """JSON, or what Python writes, with its single quotes, or YAML in braces."""
    for read, given in (
        (json.loads, text),
        *((one, _spaced(text)) for one in (json.loads, ast.literal_eval, from_yaml)),
    ):
        try:
            return read(given)
        except _NO_LITERAL:
            pass
    raise RefusedError("the text starts like JSON, but is not JSON")


def _spaced(text: str) -> str:
    """The text with plain spaces: non-breaking ones, which look alike, part nothing in JSON and YAML."""
    return text.replace("\u00a0", " ")


def _yaml(text: str) -> t.Any:
    try:
        return from_yaml(_spaced(text))
    except NotYamlError as error:
        raise RefusedError(f"the text looks like YAML, but {error}") from error


def _dictionary(value: t.Any, spec: Spec) -> dict[str, t.Any]:
    value = _block(value) if isinstance(value, str) else value
    if isinstance(value, str) and value.startswith("{"):
        value = _parsed(value)
    elif isinstance(value, str) and _LIKE_YAML.match(value):
        value = _yaml(value)
    elif isinstance(value, str):
        try:
            value = check_type_dict(value)  # key=value, as on the command line
        except _NO_LITERAL as error:
            raise RefusedError("the text is not a dictionary; write it in JSON or YAML") from error
    if not isinstance(value, dict):
        raise RefusedError(f"{_named(value)} is not a dictionary")
    if not spec.get("options"):
        return value
    result, problems = judged(spec["options"], value)
    problems += [f"{key} is unknown{meant(str(key), spec['options'])}" for key in value if key not in spec["options"]]
    if problems:
        raise RefusedError("; ".join(problems))
    # a key that was not given stays away: those who read it ask whether it is there
    return {key: one for key, one in result.items() if one is not None}


def judged(specs: t.Mapping[str, Spec], values: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    """Each option of the specs with its value or its default, and what is wrong with them."""
    result: dict[str, t.Any] = {}
    problems = []
    for name, spec in specs.items():
        result[name] = spec.get("default")
        try:
            value = None if blank(values.get(name)) else converted(values[name], spec)
        except RefusedError as error:
            problems.append(f"{name}: {error}")
            continue
        if value is not None and (value not in ([], {}) or not spec.get("required")):
            result[name] = value
        elif spec.get("required"):
            problems.append(f"{name}: required, but not given")
    return result, problems


def _named(value: t.Any) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a dictionary"
    return quoted(value)


_CONVERTERS: dict[str, t.Callable[[t.Any, Spec], t.Any]] = {
    "str": _text,
    "path": _text,
    "bool": _boolean,
    "int": _integer,
    "float": _number,
    "list": _list,
    "dict": _dictionary,
}
_KINDS = {"str": "text", "path": "path", "list": "such list", "dict": "such dictionary"}
