# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the task says of a module that was killed, about which Ansible itself only knows that it printed no JSON."""

from __future__ import annotations

import signal
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import UNEXPECTED

_SHELL = 128  # added to the number of a signal, as shells do
_WHY = {"SIGKILL": ", as the system does when its memory runs out"}


def killed(module: str, result: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    """The result of a module that a signal ended before it printed anything; None for any other end."""
    code = result.get("rc")
    if result.get("module_stdout") or not isinstance(code, int):
        return None
    try:
        name = signal.Signals(code - _SHELL).name
    except ValueError:
        return None
    message = (
        f"the process of {module} was ended by {name}{_WHY.get(name, '')}, before it returned a result. "
        "What it had begun may have taken effect; rerun to complete it"
    )
    return {"failed": True, "msg": message, "failure": {"kind": UNEXPECTED, "signal": name}}
