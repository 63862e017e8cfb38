# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line instead of a traceback on a Python that is too old for this code.

The files that every module loads first call it, because the next ones cannot even be loaded by such a Python. One
before 3.7 does not get so far: it knows no postponed annotations, so Ansible's wrapper or the module ends in a syntax
error. The action of the modules then says the same from the control node.
"""

from __future__ import annotations

import json
import sys
import typing as t

OLDEST = (3, 9)


def refuse_older() -> None:
    """End as a module that failed, on a Python older than 3.9."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        # pylint: disable=ansible-bad-function  # there is no AnsibleModule yet: it cannot be loaded before this
        print(json.dumps(refusal(sys.executable, found)))
        sys.exit(1)


def refusal(python: str, found: str) -> dict[str, t.Any]:
    """The result of a module on that Python, of that version."""
    message = (
        f"ovhcloud.vmware_encryption needs Python 3.9 or newer: {python} is Python {found}. Set "
        "ansible_python_interpreter to a newer one, or run the module in an execution environment"
    )
    return {"failed": True, "msg": message, "failure": {"kind": "unsupported", "found": found}}
