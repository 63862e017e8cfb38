# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that are counted and told one by one."""

from __future__ import annotations

import typing as t


class Checks:
    """Passed and failed checks of one run."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def that(self, condition: bool, what: str) -> None:
        """Count and print one fact."""
        if condition:
            self.passed += 1
        else:
            self.failed += 1
        print(f"  [{'ok' if condition else 'WRONG'}] {what}", flush=True)

    def raises(self, kind: type[BaseException], call: t.Callable[[], t.Any], what: str) -> BaseException | None:
        """Count whether the call raises that error; returns it."""
        try:
            call()
        except kind as error:
            self.that(True, f"{what}: {type(error).__name__}")
            return error
        self.that(False, f"{what}: nothing was raised")
        return None
