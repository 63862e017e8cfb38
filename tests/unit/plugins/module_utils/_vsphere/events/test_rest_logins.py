# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the event source logs in to the REST interface with a password that vCenter refuses."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.rest_logins import (
    PausedError,
    RestLogins,
)


def attempts(error: CollectionError, seconds: int) -> tuple[list[int], int]:
    """When a login was tried by a look each minute that always fails, and how many warnings there were."""
    logins, tried, warnings = RestLogins(), [], 0
    for now in range(0, seconds, 60):
        try:
            logins.check(now)
            tried.append(now)
            raise error
        except CollectionError as failure:
            warnings += logins.failed(failure, now)
    return tried, warnings


def test_refused_password_is_tried_seldom_with_a_warning() -> None:
    assert attempts(AuthenticationError("refused"), 10_000) == ([0, 60, 960, 2760, 6360, 9960], 6)


def test_failure_that_is_no_refusal_is_tried_at_each_look() -> None:
    assert attempts(ApiError("HTTP 503"), 600) == (list(range(0, 600, 60)), 10)


def test_success_ends_the_pause() -> None:
    logins = RestLogins()
    for _twice in range(2):
        logins.failed(AuthenticationError("refused"), 0.0)
    with pytest.raises(PausedError, match="refused the last login; next try in 890 s"):
        logins.check(10.0)
    logins.worked()
    logins.check(10.0)
    assert logins.refusals == 0
