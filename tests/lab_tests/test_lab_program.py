# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a program: what it writes for others, and how it ends."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest
import requests

PACKAGE = "ansible_collections.ovhcloud.vmware_encryption.tests.lab"


def start(tmp_path, *options):
    path = tmp_path / "state.json"
    command = [sys.executable, "-m", PACKAGE, "--state-file", str(path), *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("It ends with"):
            return process, path, json.loads(path.read_text())
    raise AssertionError("the lab did not start")


def test_as_a_program_until_told_to_stop(tmp_path):
    process, path, state = start(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    answer = requests.get(state["ovh"]["endpoint"] + "/1.0/auth/time", verify=state["ca_path"], timeout=60)
    assert answer.status_code == 200
    kmip = requests.get(state["control_url"] + "/state", timeout=60).json()["kmip"]
    assert {name: kmip[name]["port"] for name in ("kms1", "kms2")} == {
        server["name"]: server["port"] for server in state["external_kms"]
    }
    assert (
        state["external_kms_login"] is None
        and "PRIVATE KEY" in pathlib.Path(state["external_client_ca"]["key_path"]).read_text()
    )
    requests.post(state["control_url"] + "/stop", timeout=60)
    output, _nothing = process.communicate(timeout=20)
    assert process.returncode == 0 and output.strip().endswith("The lab has stopped.")
    assert not path.exists() and not os.path.exists(os.path.dirname(state["ca_path"]))


@pytest.mark.parametrize("how", ["signal", "time", "parent"])
def test_as_a_program_it_ends_by_itself(tmp_path, how):
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    options = {"signal": [], "time": ["--for", "0.1"], "parent": ["--parent-pid", str(sleeper.pid)]}[how]
    process, path, state = start(tmp_path, "--vcenter-version", "7.0.2", *options)
    if how == "signal":
        process.terminate()
    sleeper.communicate(timeout=60)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert not os.path.exists(os.path.dirname(state["ca_path"])) and not path.exists()
