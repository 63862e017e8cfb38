# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following tasks and VMs in vCenter: how long one request waits, and answers that would never end."""

from __future__ import annotations

import re

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.watch import Watch
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import session_in
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

POWER = {"vim.VirtualMachine:vm-1": {"runtime.powerState": "poweredOff"}}


def watching(session: Session) -> Watch:
    """A watch over one VM."""
    watch = Watch(session)
    watch.add([session.object(vim.VirtualMachine, "vm-1")])
    return watch


def test_wait_without_news_is_shorter_than_the_time_out(lab: Lab) -> None:
    with session_in(lab, request_timeout=2) as session:
        watch = watching(session)
        assert watch.wait(600) == POWER
        # nothing happens: an empty answer, not a lost connection after which all would be told again
        assert watch.wait(600) == {}
    assert lab.journal.count(operation="CreatePropertyCollector") == 1


def test_truncated_answer_whose_version_stays_ends(lab: Lab) -> None:
    def stuck(body: bytes) -> bytes:
        body, found = re.subn(rb"(<version[^>]*>)[^<]*<", rb"\1<", body)
        assert found == 1
        return body.replace(b"<truncated>false<", b"<truncated>true<")

    lab.faults.add("rewrite", system="vcenter", operation="WaitForUpdatesEx", rewrite=stuck, times=9)
    with session_in(lab) as session:
        assert watching(session).wait(0) == POWER
    assert lab.journal.count(operation="WaitForUpdatesEx") == 1
