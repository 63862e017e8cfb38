# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook awx: definitions applied to the lab's AWX by the real modules of awx.awx, again, and removed."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.awx import AwxServer
from ansible_collections.ovhcloud.vmware_encryption.tests.tools import foreign

PLAYBOOKS = [f"playbooks/{path.name}" for path in (harness.ROOT / "playbooks").glob("*.yml")]
NODES = "workflow_job_template_nodes"
ORGANIZATION = "VMware encryption"
SECRET = "planted service account secret"
LEAST: dict[str, t.Any] = {
    "awx_private_cloud": "pcc-192-0-2-10",
    "awx_image": "registry.example.com/vmware-encryption-ee:0.1.0",
}
# nobody answers these: they have a default, or are not needed
SPECS = yaml.safe_load((harness.ROOT / "roles/awx/meta/argument_specs.yml").read_text())["argument_specs"]["main"]
BLANK: list[str] = sorted(set(SPECS["options"]) - set(LEAST) - {"awx_definitions"})


class Site:
    """An AWX, and a user with the role."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self.folder = lab, folder
        self.server = AwxServer(PLAYBOOKS)
        self.url = f"http://localhost:{lab.web.serve(self.server, None)}"

    def play(self, check: bool = False, path: str = "", **options: t.Any) -> harness.PlayResult:
        environment = {
            "CONTROLLER_HOST": self.url,
            "CONTROLLER_OAUTH_TOKEN": self.server.token,
            "OVH_CLIENT_ID": "EU.0123456789abcdef",
            "OVH_CLIENT_SECRET": SECRET,
            "ANSIBLE_COLLECTIONS_PATH": path or os.pathsep.join([harness.collections_path(), str(foreign.awx())]),
        }
        environment.update(options.pop("environment", {}))
        return harness.run_playbook(self.lab, "awx", self.folder, check, environment=environment, **options)

    def small(self, change: t.Callable[[str], str] = str, **options: t.Any) -> harness.PlayResult:
        """With little of each kind, because every object costs a module."""
        file = self.folder / "definitions/all.yml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(change(FEW))
        return self.play(awx_definitions=str(file.parent), **options)

    def writes(self, mark: int) -> int:
        return len(self.lab.journal.writes(mark, "awx"))

    def one(self, endpoint: str, name: str) -> dict[str, t.Any]:
        found = [one for one in self.server.store.objects[endpoint].values() if one["name"] == name]
        assert len(found) == 1, (endpoint, name)
        return found[0]

    def followers(self) -> dict[str, list[str]]:
        nodes = self.server.store.objects["workflow_job_template_nodes"]
        links = self.server.store.links
        return {
            node["identifier"]: [nodes[one]["identifier"] for one in links.get((NODES, number, "success_nodes"), [])]
            for number, node in nodes.items()
        }

    def names(self, endpoint: str) -> list[str]:
        objects = self.server.store.objects[endpoint].values()
        return [one.get("name") or one["identifier"] for one in objects if not one.get("managed")]


FEW = """
controller_organizations:
  - name: &org "{{ awx_organization | default('VMware encryption', true) }}"
controller_credential_types:
  - name: OVHcloud API
    kind: cloud
    inputs:
      fields: [{id: client_id, type: string, label: Id}, {id: client_secret, type: string, label: Secret, secret: true}]
      required: [client_id, client_secret]
    injectors: {env: {OVH_CLIENT_ID: !unsafe "{{ client_id }}", OVH_CLIENT_SECRET: !unsafe "{{ client_secret }}"}}
controller_credentials:
  - name: OVHcloud
    organization: *org
    credential_type: OVHcloud API
    state: exists
    inputs:
      client_id: "{{ lookup('ansible.builtin.env', 'OVH_CLIENT_ID') }}"
      client_secret: "{{ lookup('ansible.builtin.env', 'OVH_CLIENT_SECRET') }}"
controller_execution_environments: [{name: ee, organization: *org, image: "{{ awx_image }}"}]
controller_notifications:
  - name: told
    organization: *org
    notification_type: webhook
    notification_configuration:
      {url: "https://hooks.example.com/", http_method: POST, headers: {}, username: "", password: ""}
controller_projects:
  - name: project
    organization: *org
    scm_type: git
    scm_url: https://git.example.com/encryption.git
    wait: true
controller_inventories: [{name: hosts, organization: *org}]
controller_inventory_sources:
  - name: of the project
    organization: *org
    inventory: hosts
    source: scm
    source_project: project
    source_path: hosts.yml
controller_templates:
  - name: okms
    organization: *org
    project: project
    inventory: hosts
    execution_environment: ee
    playbook: playbooks/okms.yml
    job_type: run
    credentials: [OVHcloud]
    ask_job_type_on_launch: true
    extra_vars: {okms_private_cloud: !unsafe "{{ private_cloud }}", okms_allow_order: false}
    survey_enabled: true
    survey_spec:
      name: ""
      description: ""
      spec:
        - question_name: Cloud
          variable: private_cloud
          type: text
          required: true
          default: "{{ awx_private_cloud }}"
    notification_templates_error: [told]
controller_workflows:
  - name: flow
    organization: *org
    survey_enabled: true
    survey_spec: "{{ controller_templates[0].survey_spec }}"
    simplified_workflow_nodes:
      - {identifier: plan, unified_job_template: okms, job_type: check, success_nodes: [approval]}
      - {identifier: approval, approval_node: {name: Go on, timeout: 60}, success_nodes: [do]}
      - {identifier: do, unified_job_template: okms, success_nodes: []}
controller_schedules:
  - name: daily
    unified_job_template: okms
    rrule: "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"
    extra_data: {private_cloud: "{{ awx_private_cloud }}"}
"""


def blank(value: t.Any) -> dict[str, t.Any]:
    """Every option that nobody has to answer."""
    return dict.fromkeys(BLANK, value)


def touched(play: harness.PlayResult) -> int:
    """Objects that a run made, changed or removed, or would; the recap counts tasks."""
    return play.screen.count("changed: [localhost] => (item=")


@pytest.fixture
def site(lab: Lab, tmp_path: pathlib.Path) -> Site:
    return Site(lab, tmp_path)


def newer(text: str) -> str:
    """The definitions of a later version: a node has another name, an option another value, a schedule another day."""
    text = text.replace("identifier: do,", "identifier: act,").replace("[do]", "[act]")
    return text.replace("okms_allow_order: false", "okms_allow_order: true").replace("INTERVAL=1", "INTERVAL=2")


@pytest.mark.oldest("role awx", "check", "first", "second")
def test_definitions_are_applied_once_corrected_and_removed(site: Site) -> None:
    mark = site.lab.journal.mark()
    looked = site.small(check=True, **LEAST, **blank(""))
    assert looked.code == 0, looked.screen
    assert site.writes(mark) == 0 and "would create job template okms" in looked.screen

    made = site.small(**LEAST)
    assert made.code == 0, made.screen
    assert touched(made) == touched(looked) == 16, "check mode has said something else"
    assert summary_of(made)["to_do"] == [] and summary_of(made)["skipped"] == ["Former workflow nodes removed (none)"]
    store = site.server.store
    template = site.one("job_templates", "okms")
    assert json.loads(template["extra_vars"])["okms_private_cloud"] == "{{ private_cloud }}"
    assert store.surveys[template["id"]]["spec"][0]["default"] == LEAST["awx_private_cloud"]
    assert site.one("credentials", "OVHcloud")["inputs"]["client_secret"] == SECRET and SECRET not in made.screen
    assert site.followers() == {"plan": ["approval"], "approval": ["do"], "do": []}

    mark = site.lab.journal.mark()
    again = site.small(**LEAST, **blank(None))
    assert (again.code, again.changed, site.writes(mark)) == (0, 0, 0), again.screen
    assert (summary_of(again)["to_do"], summary_of(again)["changed"]) == ([], []), again.screen

    # somebody without the secret at hand brings a later version
    other = {**LEAST, "environment": {"OVH_CLIENT_SECRET": ""}}
    looked = site.small(newer, check=True, **other)
    assert looked.code == 0 and site.writes(mark) == 0 and looked.changed > 0, looked.screen
    done = site.small(newer, **other)
    assert done.code == 0, done.screen
    assert site.followers() == {"plan": ["approval"], "approval": ["act"], "act": []}
    assert "INTERVAL=2" in site.one("schedules", "daily")["rrule"]
    assert json.loads(site.one("job_templates", "okms")["extra_vars"])["okms_allow_order"] is True
    assert site.one("credentials", "OVHcloud")["inputs"]["client_secret"] == SECRET

    refused = site.small(newer, awx_state="absent", awx_confirm="vmware encryption", **LEAST)
    assert refused.code and "awx_confirm: type the name of the organization" in refused.screen
    mark = site.lab.journal.mark()
    looked = site.small(newer, check=True, awx_state="absent", awx_confirm=ORGANIZATION, **LEAST)
    assert looked.code == 0 and site.writes(mark) == 0 and touched(looked) == 10, looked.screen
    gone = site.small(newer, awx_state="absent", awx_confirm=ORGANIZATION, **LEAST)
    assert gone.code == 0 and touched(gone) == touched(looked), gone.screen
    assert len(summary_of(gone)["changed"]) == len(summary_of(looked)["to_do"]) > 0 == len(summary_of(gone)["to_do"])
    left = {kind: names for kind in store.objects if (names := site.names(kind))}
    assert left == {"organizations": [ORGANIZATION]}
    mark = site.lab.journal.mark()
    again = site.small(newer, awx_state="absent", awx_confirm=ORGANIZATION, **LEAST)
    assert (again.code, again.changed, site.writes(mark)) == (0, 0, 0), again.screen


def test_what_awx_refuses_is_told_and_can_be_corrected(site: Site) -> None:
    few = """
controller_organizations: [{name: "VMware encryption"}]
controller_projects:
  - {name: project, organization: VMware encryption, scm_type: git, scm_url: "https://git.example.com/e.git"}
controller_inventories: [{name: hosts, organization: VMware encryption}]
controller_templates:
  - name: audit
    organization: VMware encryption
    project: project
    inventory: hosts
    playbook: playbooks/encryption_audit.yml
controller_schedules: [{name: daily, unified_job_template: audit, rrule: "RRULE:FREQ=DAILY;INTERVAL=1"}]
"""
    broken = site.small(lambda _text: few, **LEAST)
    print(broken.screen)
    assert broken.code and "Valid DTSTART required in rrule" in broken.screen
    done = site.small(lambda _text: few.replace('"RRULE', '"DTSTART:20260101T030000Z RRULE'), **LEAST)
    assert done.code == 0 and touched(done) == 1, done.screen
    assert "1 templates, 0 workflows, 1 schedules" in done.screen


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ({}, {}, "awx_private_cloud: "),
        ({**LEAST, "awx_daily_option": "external_kms"}, {}, "awx_kms_servers: required"),
        (LEAST, {"CONTROLLER_HOST": ""}, "missing: CONTROLLER_HOST"),
        (LEAST, {"CONTROLLER_OAUTH_TOKEN": ""}, "missing: CONTROLLER_OAUTH_TOKEN"),
        (LEAST, {"CONTROLLER_OAUTH_TOKEN": "wrong"}, "Invalid authentication credentials"),
        ({**LEAST, "awx_collection": "ansible.controller"}, {}, "missing: a collection"),
    ],
    ids=["options", "servers", "host", "login", "token", "collection"],
)
def test_missing_prerequisites_are_named(
    site: Site, options: dict[str, t.Any], environment: dict[str, str], said: str
) -> None:
    mark = site.lab.journal.mark()
    done = site.small(environment=environment, **options)
    assert done.code and said in done.screen, done.screen
    assert site.writes(mark) == 0
