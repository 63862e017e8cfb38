# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of another shape than a function takes, told in one line: pure."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

# what Python raises when a value is of another kind, lacks a key, is out of range or is nested too deep
WRONG_SHAPE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
F = t.TypeVar("F", bound=t.Callable[..., t.Any])


def why(error: Exception) -> str:
    """The error of Python in one line, for somebody who looks for the wrong value."""
    return one_line(f"{type(error).__name__}: {error}", 120)


def shaped(function: F, error: type[Exception], takes: str) -> F:
    """The function, which raises `error` for values of a wrong shape; `takes` says what it takes, in words."""

    @functools.wraps(function)
    def call(*arguments: t.Any, **named: t.Any) -> t.Any:
        try:
            return function(*arguments, **named)
        except WRONG_SHAPE as wrong:
            said = f"{function.__name__}: the input has the wrong shape, it takes {takes} ({why(wrong)})"
            # Ansible shows the whole text of a cause, however long, and it is in the message already
            raise error(said) from None

    return t.cast(F, call)
