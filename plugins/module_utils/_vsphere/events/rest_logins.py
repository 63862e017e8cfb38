# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the event source may log in to REST with a password that SOAP sessions outlive. Pure."""

from __future__ import annotations

import dataclasses

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    UnreachableError,
)

# five refusals within 180 seconds lock an account of the built-in domain (defaults of vCenter Single Sign-On)
_FIRST, _LONGEST = 900.0, 3600.0  # seconds between two logins that are refused: no account is locked by them


class PausedError(UnreachableError):
    """Nobody was asked: the last login was refused a short while ago."""


@dataclasses.dataclass
class RestLogins:
    """Refusals since the last success. The first may be a session that has ended: the next login follows at once."""

    refusals: int = 0
    not_before: float = 0.0

    def check(self, now: float) -> None:
        """Raise PausedError while no login may be tried. `now`: a monotonic clock, in seconds."""
        if now < self.not_before:
            left = int(self.not_before - now)
            raise PausedError(f"the REST interface refused the last login; next try in {left} s")

    def failed(self, error: CollectionError, now: float) -> bool:
        """Remember a failure; True when it is worth a warning."""
        if isinstance(error, PausedError):
            return False
        if isinstance(error, AuthenticationError):
            self.refusals += 1
            if self.refusals > 1:
                self.not_before = now + min(_LONGEST, _FIRST * 2.0 ** min(self.refusals - 2, 10))
        return True

    def worked(self) -> None:
        """Begin anew."""
        self.refusals, self.not_before = 0, 0.0
