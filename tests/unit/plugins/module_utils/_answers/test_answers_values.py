# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people type, and the value that a role takes it for."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.values import (
    RefusedError,
    blank,
    converted,
    judged,
)

COPIES = {"type": "list", "elements": "dict", "options": {"host": {"type": "str", "required": True}, "port": {}}}
LISTS = {"type": "list", "elements": "str"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, True), ("", True), (" \n", True), ("\ufeff \u200b", True), ("a", False), (0, False), (False, False)],
)
def test_null_and_white_space_are_blank(value: t.Any, expected: bool) -> None:
    assert blank(value) is expected


@pytest.mark.parametrize(
    ("spec", "value", "expected"),
    [
        ({}, " okms \n", "okms"),
        ({}, 7, "7"),
        ({"type": "path"}, "a b", "a b"),
        ({"no_log": True}, " with blanks ", " with blanks "),
        ({"type": "bool"}, "false", False),
        ({"type": "bool"}, " Yes", True),
        ({"type": "bool"}, 1, True),
        ({"type": "bool"}, 0.0, False),
        ({"type": "int"}, "365", 365),
        ({"type": "int"}, 365.0, 365),
        ({"type": "int"}, "5.0", 5),
        ({"type": "int"}, -1, -1),
        ({"type": "float"}, "0.5", 0.5),
        ({"type": "float"}, 3, 3.0),
        (LISTS, "one", ["one"]),
        (LISTS, "one, two,", ["one", "two"]),
        (LISTS, "one\n two\r\n\nwith, comma\n", ["one", "two", "with, comma"]),
        (LISTS, '["one", "with, comma"]', ["one", "with, comma"]),
        (LISTS, "['one', 'two']", ["one", "two"]),
        # what people know from YAML; a pattern needs no quotes
        (LISTS, "- one\n- '*two'\n- *three\n\n- with, comma", ["one", "*two", "*three", "with, comma"]),
        (LISTS, "one\n- two", ["one", "- two"]),
        (LISTS, "  - one\r\n  - two\r\n", ["one", "two"]),
        (LISTS, "---\n- one\n-\n- two", ["one", "two"]),
        (LISTS, "-", []),
        (LISTS, '"one"\n"with, comma",', ["one", "with, comma"]),
        (LISTS, "'one', 'two'", ["one", "two"]),
        (LISTS, '"with, comma"', ["with, comma"]),
        # a shell pattern, and names of VMs that begin like JSON
        (LISTS, "[ab]*", ["[ab]*"]),
        (LISTS, "[old] web-1\nweb-2\n[old]-3", ["[old] web-1", "web-2", "[old]-3"]),
        (LISTS, "[one,\n two]", ["one", "two"]),
        # what a copy brings along and nobody sees
        ({}, "\ufeffokms\u200b", "okms"),
        ({"no_log": True}, "\u200bsecret", "\u200bsecret"),
        ({"type": "bool"}, "true\u200b", True),
        ({"type": "int"}, "\ufeff365", 365),
        ({"type": "float"}, "0.5\u00a0", 0.5),
        (LISTS, "\ufeffone\u200b\n\u00a0two\u2060", ["one", "two"]),
        (COPIES, '\ufeff[{"host":\u00a0"vault1"}]', [{"host": "vault1"}]),
        (COPIES, "  - host: vault1\r\n    port: 22\r\n  - host:\u00a0b\r\n",
         [{"host": "vault1", "port": "22"}, {"host": "b"}]),
        ({"type": "dict"}, "  a: 1\n  b: 2", {"a": "1", "b": "2"}),
        (LISTS, ["one", "", None, 2], ["one", "2"]),
        (LISTS, 5, ["5"]),
        (LISTS, [], []),
        ({**LISTS, "choices": ["warning", "critical"]}, "critical,warning", ["critical", "warning"]),
        ({"type": "dict"}, '{"a": 1}', {"a": 1}),
        ({"type": "dict"}, "{'a': [1]}", {"a": [1]}),
        ({"type": "dict"}, "a=1", {"a": "1"}),
        ({"type": "dict", "options": {"names": LISTS, "all": {"type": "bool"}}}, {"names": "vm1,vm2", "all": ""},
         {"names": ["vm1", "vm2"]}),
        ({"type": "dict"}, "a:\n  b: 007\n  c: no\n", {"a": {"b": "007", "c": "no"}}),
        ({"type": "dict"}, "{a: [b, c]}", {"a": ["b", "c"]}),
        ({"type": "dict", "options": {"names": LISTS, "all": {"type": "bool"}}}, "all: no\nnames:\n- vm1\n- '*db'",
         {"names": ["vm1", "*db"], "all": False}),
        (COPIES, '{"host": "vault1"}', [{"host": "vault1"}]),
        (COPIES, "- host: vault1\n  port: 22\n- host: b\n  port:\n", [{"host": "vault1", "port": "22"}, {"host": "b"}]),
        (COPIES, "host: vault1", [{"host": "vault1"}]),
        (COPIES, [{"host": "vault1", "port": 22}, None], [{"host": "vault1", "port": "22"}]),
    ],
)  # fmt: skip
def test_a_value_comes_in_the_type_of_its_option(spec: dict[str, t.Any], value: t.Any, expected: t.Any) -> None:
    result = converted(value, spec)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("spec", "value", "words"),
    [
        ({}, True, "True is not text; quote text that YAML would interpret as something else"),
        ({}, ["a"], "a list is not text"),
        ({"type": "bool"}, "perhaps", "'perhaps' is neither true nor false"),
        ({"type": "bool"}, 2, "2 is neither true nor false"),
        ({"type": "int"}, "1.5", "'1.5' is not a whole number"),
        ({"type": "int"}, True, "True is not a whole number"),
        ({"type": "int"}, "9" * 30, "is not a whole number"),
        ({"type": "float"}, "nan", "'nan' is not a number"),
        ({"type": "float"}, True, "True is not a number"),
        ({"choices": ["rsa", "auto", ""]}, "dsa", "'dsa' is not one of rsa, auto"),
        ({**LISTS, "choices": ["warning", "critical"]}, "critical, warn", "'warn' is not one of warning, critical"),
        (LISTS, "[one, two", "the text starts like JSON, but is not JSON"),
        (LISTS, '["one"\n"two"', "the text starts like JSON, but is not JSON"),
        (LISTS, "[one] two\n[three", "the text starts like JSON, but is not JSON"),
        (LISTS, [["a"]], "item 1 is a list, expected a text"),
        (COPIES, "vault1", "as text, it must be JSON or YAML"),
        (COPIES, "- host: a\n b", "the text looks like YAML, but is not YAML"),
        (COPIES, "- vault1", "item 1: "),
        ({"type": "dict"}, "a:\n- *b", "the text looks like YAML, but has references (& and *); quote texts with them"),
        ({"type": "dict"}, "a: &x [1]\nb: [*x, *x]", "has references"),
        (COPIES, [{"hots": "vault1"}], "item 1: host: required, but not given; hots is unknown, did you mean host?"),
        ({"type": "dict"}, "vm1", "the text is not a dictionary; write it in JSON"),
        ({"type": "dict"}, "[1]", "the text is not a dictionary"),
        ({"type": "dict"}, 5, "5 is not a dictionary"),
        ({}, {"a": "b\n" * 400}, "a dictionary is not text"),
        ({"type": "int"}, "-----BEGIN\nKEY", "a text of 14 characters is not a whole number"),
    ],
)
def test_a_value_of_no_use_is_refused_in_one_line(spec: dict[str, t.Any], value: t.Any, words: str) -> None:
    with pytest.raises(RefusedError) as caught:
        converted(value, spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"type": "int", "no_log": True}, "Geheim-12345"),
        ({"type": "dict", "no_log": True}, "Geheim-12345"),
        ({"no_log": True, "choices": None}, {"Geheim-12345": 1}),
        ({"type": "dict", "options": {"pin": {"type": "int", "no_log": True}}}, {"pin": "Geheim-12345"}),
    ],
)
def test_a_secret_of_no_use_is_not_quoted(spec: dict[str, t.Any], value: t.Any) -> None:
    with pytest.raises(RefusedError) as caught:
        converted(value, spec)
    assert "Geheim" not in str(caught.value)


def test_nesting_without_end_is_refused() -> None:
    for spec in (LISTS, {"type": "dict"}):
        with pytest.raises(RefusedError):
            converted(("[" if spec is LISTS else '{"a":') * 100_000, spec)


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_blank_answer_takes_the_default(value: t.Any) -> None:
    specs: dict[str, dict[str, t.Any]] = {
        "text": {"default": "okms"},
        "flag": {"type": "bool", "default": True},
        "days": {"type": "int", "default": 365},
        "names": {"type": "list", "elements": "str", "default": ["a"]},
        "choice": {"choices": ["auto", "rsa"], "default": "auto"},
        "open": {"type": "bool"},
    }
    found, problems = judged(specs, dict.fromkeys(specs, value))
    assert problems == []
    assert found == {"text": "okms", "flag": True, "days": 365, "names": ["a"], "choice": "auto", "open": None}


def test_an_empty_list_is_an_answer() -> None:
    assert judged({"names": {"type": "list", "default": ["a"]}}, {"names": []}) == ({"names": []}, [])


def test_everything_that_is_wrong_is_told_at_once() -> None:
    specs: dict[str, dict[str, t.Any]] = {
        "days": {"type": "int"},
        "name": {"required": True},
        "hosts": {"type": "list", "required": True},
    }
    _found, problems = judged(specs, {"days": "x", "name": " ", "hosts": []})
    missing = "required, but not given"
    assert problems == ["days: 'x' is not a whole number", f"name: {missing}", f"hosts: {missing}"]
