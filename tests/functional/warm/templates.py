# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles each Jinja template once in the life of a warm process; every play would compile the same hundreds anew.

A play hands what it compiled to the process it was forked from: compiled code depends on nothing but the text and the
syntax settings of the environment.
"""

from __future__ import annotations

import marshal
import types
import typing as t

from jinja2 import environment

Key = tuple[t.Any, ...]

# what decides about the code of a template besides its text: see jinja2.lexer.get_lexer
_SYNTAX = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
    "sandboxed",
    "autoescape",
    "optimized",
)

_known: dict[Key, types.CodeType] = {}
_new: dict[Key, types.CodeType] = {}


def _key(of: environment.Environment, kind: str, source: str) -> Key:
    cls = type(of)
    # plain values, which marshal can write: the lookup plugin template of ansible-core 2.16 sets its own kind of text
    syntax = (str(value) if isinstance(value, str) else value for value in (getattr(of, name) for name in _SYNTAX))
    return (f"{cls.__module__}.{cls.__qualname__}", kind, str(source), *syntax)


def _code(key: Key, compiled: t.Callable[[], types.CodeType]) -> types.CodeType:
    if key not in _known:
        _known[key] = _new[key] = compiled()
    return _known[key]


def remember() -> None:
    """From now on what was compiled once is not compiled again."""
    cls = environment.Environment
    compile_, compile_expression = cls.compile, cls.compile_expression

    def compile_once(self: t.Any, source: t.Any, name: t.Any = None, filename: t.Any = None, *more: t.Any) -> t.Any:
        if not isinstance(source, str) or name is not None or filename is not None or any(more):
            return compile_(self, source, name, filename, *more)
        return _code(_key(self, "template", source), lambda: compile_(self, source))

    def compile_expression_once(self: t.Any, source: str, undefined_to_none: bool = True) -> t.Any:
        key = _key(self, "expression", source)
        if key in _known:
            template = self.template_class.from_code(self, _known[key], self.make_globals(None), None)
            return environment.TemplateExpression(template, undefined_to_none)

        def from_string(tree: t.Any, *more: t.Any) -> t.Any:
            code = _code(key, lambda: compile_(self, tree))
            return self.template_class.from_code(self, code, self.make_globals(None), None)

        self.from_string = from_string
        try:
            return compile_expression(self, source, undefined_to_none)
        finally:
            del self.from_string

    cls.compile = compile_once  # type: ignore[method-assign, assignment]
    cls.compile_expression = compile_expression_once  # type: ignore[method-assign]


def hand_over(file: t.BinaryIO) -> None:
    """At the end of a play: write what it compiled."""
    file.write(marshal.dumps(_new))
    file.flush()


def take_over(file: t.BinaryIO) -> None:
    """After a play: read what it compiled; one that was killed may have written nothing, or half of it."""
    file.seek(0)
    try:
        _known.update(marshal.load(file))
    except (EOFError, ValueError, TypeError):
        return
