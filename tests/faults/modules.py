# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of modules that users run in plays of their own: vTPMs, and the audit logs of an OKMS domain."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

Variables = dict[str, t.Any]
VTPM, LOGS = "vm_vtpm", "okms_log_subscription"


def _play(folder: pathlib.Path, module: str, **options: t.Any) -> Variables:
    """A play with one task, which takes the place of the playbook of a role with the name of the module."""
    pace = {name: f"{{{{ {module}_{name} }}}}" for name in ("wait_interval", "wait_timeout")}
    task = {f"ovhcloud.vmware_encryption.{module}": {**options, **pace}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (folder / f"{module}.yml").write_text(json.dumps([play]))
    return {}


def vtpm_added(lab: Lab, folder: pathlib.Path) -> Variables:
    """VMs with unencrypted homes get vTPMs by the native default provider."""
    lab.give_encryption_right()
    add_native(lab, "nkp-prod")
    lab.vcenter.crypto.default = "nkp-prod"
    return _play(folder, VTPM, selection={"all": True})


def vtpm_removed(lab: Lab, folder: pathlib.Path) -> Variables:
    """They lose them again."""
    vtpm_added(lab, folder)
    done = runner_in(lab)(VTPM, selection={"all": True}, wait_interval=0.01)
    if done.failed:
        raise RuntimeError(done.msg)
    names = [one.name for one in lab.vcenter.inventory.vms]
    return _play(folder, VTPM, selection={"all": True}, state="absent", confirm_names=names)


def logs_begun(lab: Lab, folder: pathlib.Path) -> Variables:
    """All kinds of logs of a domain go to a stream; another stream has one kind."""
    domain, stream = lab.ovhcloud.new_okms(lab.region, "kms-prod"), lab.ovhcloud.add_stream()
    lab.ovhcloud.logs.add(domain, "kmip", lab.ovhcloud.add_stream())
    return _play(folder, LOGS, okms_id=domain.okms_id, stream_id=stream)


def logs_ended(lab: Lab, folder: pathlib.Path) -> Variables:
    """They do no longer; the other stream keeps its kind."""
    logs_begun(lab, folder)
    (domain,) = lab.ovhcloud.state.okms.values()
    stream = lab.ovhcloud.add_stream()
    for kind in ("kmip", "rest"):
        lab.ovhcloud.logs.add(domain, kind, stream)
    return _play(folder, LOGS, okms_id=domain.okms_id, stream_id=stream, state="absent")
