# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks: a new VM is encrypted by a playbook and by a job of AWX, through an outage, and no secret is shown."""

from __future__ import annotations

import json
import pathlib

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import definitions
from ansible_collections.ovhcloud.vmware_encryption.tests.events.conftest import (
    LONGEST,
    Rulebook,
    Start,
    changed,
    eventually,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.awx import AwxServer

ORGANIZATION = "VMware encryption"


def add_vm(lab: Lab, name: str) -> str:
    """A new VM; its id."""
    with lab.vcenter.lock:
        return str(lab.vcenter.inventory.add_vm(name, ["scsi"]).reference._moId)


def check_secrets(lab: Lab, rulebook: Rulebook) -> None:
    """Neither events nor logs hold one."""
    assert [secret for secret in lab.secrets() if secret in rulebook.screen] == []


def test_new_vm_is_encrypted_by_the_playbook(green: Lab, start: Start) -> None:
    rulebook = start("ovhcloud.vmware_encryption.encrypt_new_vms", "--print-events")
    rulebook.until("'name': 'vm6'")  # the first state is shown, and nothing is done about it
    watching = len(green.vcenter.sessions.active())
    add_vm(green, "new")
    recap = rulebook.until("localhost                  :")
    assert "failed=0" in recap and "changed=1" in recap, rulebook.screen
    encrypted = [machine.name for machine in green.vcenter.inventory.vms if machine.crypto_key]
    assert encrypted == ["new"]
    # the end of the rulebook would also end the playbook, which logs out after its recap
    eventually(lambda: len(green.vcenter.sessions.active()) == watching, "the playbook has logged out")
    assert rulebook.end() == 0
    assert green.vcenter.sessions.active() == []
    check_secrets(green, rulebook)


def awx_with_templates(lab: Lab) -> tuple[AwxServer, str]:
    """An AWX of the lab that has the templates and surveys of the definitions."""
    server = AwxServer(["playbooks/any.yml"])
    store = server.store
    organization = store.create("organizations", {"name": ORGANIZATION})["id"]
    project = store.create("projects", {"name": "project", "organization": organization, "scm_type": ""})["id"]
    inventory = store.create("inventories", {"name": "hosts", "organization": organization})["id"]
    common = {"project": project, "inventory": inventory, "playbook": "playbooks/any.yml"}
    for template in definitions.read()["controller_templates"]:
        asks = {"survey_enabled": template.get("survey_enabled", False)}
        made = store.create("job_templates", {"name": template["name"], **common, **asks})
        store.surveys[made["id"]] = template.get("survey_spec") or {}
    return server, f"http://localhost:{lab.web.serve(server, None)}"


def test_templates_of_awx_are_started_through_an_outage(green: Lab, start: Start, tmp_path: pathlib.Path) -> None:
    server, url = awx_with_templates(green)
    variables = tmp_path / "variables.yml"
    variables.write_text(json.dumps({"awx_organization": ORGANIZATION, "okms_domain_region": green.region}))
    green.external_kms.stop()
    rulebook = start(
        changed("awx", tmp_path, interval=1),
        *("-e", str(variables), "--controller-url", url, "--controller-token", server.token, "--print-events"),
    )
    # the key provider is red from the start
    name, answers = server.launches.get(timeout=LONGEST)
    assert (name, answers) == ("VMware encryption | audit", {"private_cloud": green.private_cloud})

    # vCenter starts anew: it loses all sessions, and some requests meet nobody
    green.faults.add("drop_before", system="vcenter", times=4)
    green.vcenter.sessions.end_all()
    moid = add_vm(green, "meanwhile")
    name, answers = server.launches.get(timeout=LONGEST)
    assert (name, answers) == ("VMware encryption | encrypt VMs", {"machine_ids": moid, "power_off": "never"})
    # once only: what follows is the next VM
    other = add_vm(green, "after")
    assert server.launches.get(timeout=LONGEST)[1]["machine_ids"] == other
    assert rulebook.end() == 0
    assert "'type': 'source_failed'" in rulebook.screen and "'type': 'source_connected'" in rulebook.screen
    assert green.vcenter.sessions.active() == []
    check_secrets(green, rulebook)
    assert server.token not in rulebook.screen
