# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every definition applied to the lab's AWX by the role awx, as its own template runs it, again, and removed."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import definitions
from ansible_collections.ovhcloud.vmware_encryption.tests.awx.job import Awx
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.awx import AwxServer
from ansible_collections.ovhcloud.vmware_encryption.tests.tools import foreign

PLAYBOOKS = [f"playbooks/{path.name}" for path in (harness.ROOT / "playbooks").glob("*.yml")]


@pytest.mark.whole
def test_all_definitions_are_applied_kept_and_removed(lab: Lab, tmp_path: pathlib.Path) -> None:
    server = AwxServer(PLAYBOOKS)
    url = f"http://localhost:{lab.web.serve(server, None)}"
    made = definitions.read()
    inputs = {"Red Hat Ansible Automation Platform": {"host": url, "oauth_token": server.token, "verify_ssl": True}}
    awx = Awx(lab, tmp_path, made, inputs)
    awx.collections = [str(foreign.awx())]
    done = awx.launch("AWX itself")
    assert done.status == "successful" and done.changed, done.screen[-6000:]
    for variable, endpoint in (
        ("controller_templates", "job_templates"),
        ("controller_workflows", "workflow_job_templates"),
    ):
        names = [one["name"] for one in server.store.objects[endpoint].values()]
        assert sorted(names) == sorted(one["name"] for one in made[variable])
    wanted = sum(len(one["simplified_workflow_nodes"]) for one in made["controller_workflows"])
    assert len(server.store.objects["workflow_job_template_nodes"]) == wanted

    mark = lab.journal.mark()
    kept = awx.launch("AWX itself")
    assert (kept.status, kept.changed) == ("successful", 0), kept.screen[-6000:]
    assert lab.journal.writes(mark, "awx") == []

    template = awx.template("AWX itself")
    leave = {"awx_state": "absent", "awx_confirm": "VMware encryption"}
    gone = awx.run({**template, "extra_vars": {**template["extra_vars"], **leave}}, {}, {})
    assert gone.status == "successful", gone.screen[-6000:]
    left = {kind: len(objects) for kind, objects in server.store.objects.items() if objects}
    # the organization, and the types that AWX brings along
    assert left == {"organizations": 1, "credential_types": 3}
