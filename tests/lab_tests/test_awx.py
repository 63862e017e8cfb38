# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's AWX by itself: lists in pages, look-ups by name, and the refusals of a real AWX 24.6.1."""

from __future__ import annotations

import typing as t

import pytest
import requests

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.awx import AwxServer
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.faults import Faults
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.web import WebServers

PLAYBOOK = "playbooks/okms.yml"


class Client:
    """Somebody with a token."""

    def __init__(self, server: AwxServer, url: str) -> None:
        self.server, self.url = server, url
        self.headers = {"Authorization": f"Bearer {server.token}"}

    def ask(self, method: str, path: str, **more: t.Any) -> requests.Response:
        url = path if path.startswith("/api") else f"/api/v2/{path}"
        return requests.request(method, self.url + url, headers=self.headers, timeout=30, **more)

    def make(self, endpoint: str, **fields: t.Any) -> int:
        answer = self.ask("POST", f"{endpoint}/", json=fields)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def refused(self, endpoint: str, **fields: t.Any) -> dict[str, t.Any]:
        answer = self.ask("POST", f"{endpoint}/", json=fields)
        assert answer.status_code == 400, answer.text
        return t.cast("dict[str, t.Any]", answer.json())


@pytest.fixture
def awx() -> t.Iterator[Client]:
    clock = LabClock()
    web = WebServers(Journal(clock), Faults())
    server = AwxServer([PLAYBOOK])
    yield Client(server, f"http://127.0.0.1:{web.serve(server, None)}")
    web.stop()


def template(awx: Client, **more: t.Any) -> int:
    """A job template, with all that it refers to."""
    organization = awx.make("organizations", name="org")
    project = awx.make("projects", name="project", organization=organization, scm_type="git", scm_url="https://x")
    inventory = awx.make("inventories", name="hosts", organization=organization)
    return awx.make("job_templates", name="okms", project=project, inventory=inventory, playbook=PLAYBOOK, **more)


def test_lists_come_in_pages_and_names_are_looked_up(awx: Client) -> None:
    for number in range(30):
        awx.make("organizations", name=f"org {number}")
    first = awx.ask("GET", "organizations/").json()
    assert (first["count"], len(first["results"])) == (30, 25)
    second = awx.ask("GET", first["next"]).json()
    assert (len(second["results"]), second["next"]) == (5, None)
    found = awx.ask("GET", "organizations/", params={"name": "org 7"}).json()
    assert [one["name"] for one in found["results"]] == ["org 7"]
    number = found["results"][0]["id"]
    assert awx.ask("GET", "organizations/", params={"or__id": number, "or__name": str(number)}).json()["count"] == 1
    assert awx.ask("GET", "organizations/", params={"colour": "red"}).status_code == 400


def test_strangers_are_refused_and_tokens_end(awx: Client) -> None:
    own = (awx.server.user, awx.server.password)
    made = requests.post(f"{awx.url}/api/v2/tokens/", auth=own, json={}, timeout=30).json()
    awx.headers = {"Authorization": f"Bearer {made['token']}"}
    assert awx.ask("GET", "organizations/").status_code == 200
    assert requests.delete(f"{awx.url}/api/v2/tokens/{made['id']}/", auth=own, timeout=30).status_code == 204
    assert awx.ask("GET", "organizations/").status_code == 401
    assert requests.post(f"{awx.url}/api/v2/tokens/", auth=("admin", "x"), json={}, timeout=30).status_code == 401


def test_fields_are_judged_and_strange_ones_ignored(awx: Client) -> None:
    assert awx.refused("organizations") == {"name": ["This field is required."]}
    assert "max_hosts" in awx.refused("organizations", name="x", max_hosts="many")
    assert "organization" in awx.refused("inventories", name="x", organization=999)
    number = awx.make("organizations", name="x", colour="red")
    assert "colour" not in awx.ask("GET", f"organizations/{number}/").json()
    assert "already exists" in str(awx.refused("organizations", name="x"))


@pytest.mark.parametrize(
    ("inputs", "injectors"),
    [
        ({"fields": [{"id": "a", "type": "int", "label": "A"}]}, {}),
        ({"fields": [{"id": "a-b", "type": "string", "label": "A"}]}, {}),
        ({"fields": []}, {"env": {"ANSIBLE_HOME": "x"}}),
        ({"fields": []}, {"env": {"MY-NAME": "x"}}),
        ({"fields": []}, {"env": {"NAME": "{{ nobody }}"}}),
        ({"fields": []}, {"env": {"NAME": 5}}),
    ],
    ids=["int", "hyphen in a field", "ANSIBLE_", "hyphen in a variable", "undefined field", "number"],
)
def test_types_of_credentials_that_a_real_awx_refused(awx: Client, inputs: t.Any, injectors: t.Any) -> None:
    awx.refused("credential_types", name="x", kind="cloud", inputs=inputs, injectors=injectors)


def test_secrets_are_hidden_and_their_type_stays_while_in_use(awx: Client) -> None:
    fields = [{"id": "a", "type": "string", "label": "A", "secret": True}, {"id": "b", "type": "string", "label": "B"}]
    kind = awx.make("credential_types", name="x", kind="cloud", inputs={"fields": fields})
    number = awx.make("credentials", name="x", credential_type=kind, inputs={"a": "secret", "b": "open"})
    assert awx.ask("GET", f"credentials/{number}/").json()["inputs"] == {"a": "$encrypted$", "b": "open"}
    assert awx.ask("DELETE", f"credential_types/{kind}/").status_code == 403
    assert awx.ask("DELETE", f"credentials/{number}/").status_code == 204
    assert awx.ask("DELETE", f"credential_types/{kind}/").status_code == 204
    assert awx.ask("DELETE", f"credential_types/{kind}/").status_code == 404


QUESTION = {"question_name": "Price", "variable": "price", "type": "float", "required": True, "default": 0.5}


def test_surveys_schedules_and_nodes_are_judged_by_the_questions(awx: Client) -> None:
    number = template(awx, survey_enabled=True)
    spec = {"name": "", "description": "", "spec": [QUESTION]}
    wrong = {**spec, "spec": [{**QUESTION, "default": "cheap"}]}
    assert awx.ask("POST", f"job_templates/{number}/survey_spec/", json=wrong).status_code == 400
    assert awx.ask("POST", f"job_templates/{number}/survey_spec/", json=spec).status_code == 200
    assert awx.ask("GET", f"job_templates/{number}/survey_spec/").json() == spec

    rule = "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"
    daily = {"name": "daily", "unified_job_template": number, "extra_data": {"price": 1}}
    assert "rrule" in awx.refused("schedules", **daily, rrule="RRULE:FREQ=DAILY;INTERVAL=1")
    for answers in ({}, {"price": ""}, {"price": True}, {"price": "1"}, {"price": 1, "x": 2}):
        awx.refused("schedules", **{**daily, "extra_data": answers}, rrule=rule)
    awx.make("schedules", **daily, rrule=rule)

    flow = awx.make("workflow_job_templates", name="flow")
    place = {"workflow_job_template": flow, "unified_job_template": number}
    assert "job_type" in awx.refused("workflow_job_template_nodes", identifier="a", job_type="check", **place)
    # what is required may come from the workflow
    awx.make("workflow_job_template_nodes", identifier="a", **place)


def test_launch_is_judged_by_the_survey_and_ignores_the_rest(awx: Client) -> None:
    number = template(awx, survey_enabled=True)
    text = {"question_name": "VMs", "variable": "vms", "type": "textarea", "required": False, "default": ""}
    spec = {"name": "", "description": "", "spec": [QUESTION, text]}
    assert awx.ask("POST", f"job_templates/{number}/survey_spec/", json=spec).status_code == 200
    place = awx.ask("GET", f"job_templates/{number}/").json()["related"]["launch"]
    for answers in ({}, {"price": "1"}, {"price": 1, "vms": {"a": 1}}):
        said = awx.ask("POST", place, json={"extra_vars": answers})
        assert (said.status_code, list(said.json())) == (400, ["variables_needed_to_start"])
    assert awx.server.launches.empty()
    job = awx.ask("POST", place, json={"limit": "web", "extra_vars": {"price": 1, "vms": "vm-1", "x": 2}})
    assert job.status_code == 201
    assert job.json()["ignored_fields"] == {"limit": "web", "extra_vars": {"x": 2}}
    assert awx.server.launches.get_nowait() == ("okms", {"price": 1, "vms": "vm-1"})
    found = awx.ask("GET", "jobs/", params={"id__in": str(job.json()["id"])}).json()["results"]
    assert [one["status"] for one in found] == ["successful"]


def test_playbook_by_its_collection_name_is_refused(awx: Client) -> None:
    template(awx)
    project = awx.ask("GET", "projects/", params={"name": "project"}).json()["results"][0]["id"]
    said = awx.refused("job_templates", name="x", project=project, playbook="ovhcloud.vmware_encryption.okms")
    assert said == {"playbook": ["Playbook not found for project."]}
