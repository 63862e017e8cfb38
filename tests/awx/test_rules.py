# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A definition that breaks a rule is found: one for each rule, of the API and of our own."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import check, definitions, surveys

Definitions = dict[str, t.Any]
Spoil = t.Callable[[Definitions], t.Any]


def named(made: Definitions, variable: str, part: str) -> dict[str, t.Any]:
    """The object whose name ends so."""
    return next(one for one in made[variable] if one["name"].endswith(part))


def template(part: str) -> t.Callable[[Definitions], dict[str, t.Any]]:
    return lambda made: named(made, "controller_templates", part)


def kind(made: Definitions) -> dict[str, t.Any]:
    return named(made, "controller_credential_types", "| OVHcloud API")


def question(made: Definitions, part: str, variable: str) -> dict[str, t.Any]:
    asked = surveys.questions(named(made, "controller_templates", part))
    return t.cast("dict[str, t.Any]", next(one for one in asked if one["variable"] == variable))


def node(made: Definitions, part: str, identifier: str) -> dict[str, t.Any]:
    nodes = named(made, "controller_workflows", part)["simplified_workflow_nodes"]
    return t.cast("dict[str, t.Any]", next(one for one in nodes if one["identifier"] == identifier))


def schedule(made: Definitions, part: str) -> dict[str, t.Any]:
    return named(made, "controller_schedules", part)


def field(made: Definitions, name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", next(one for one in kind(made)["inputs"]["fields"] if one["id"] == name))


OKMS, AUDIT, OKMS_FLOW, LEAVING = "| OVHcloud KMS", "| audit", "with OVHcloud KMS", "leaving a key provider"
FIELDS: dict[str, tuple[Spoil, str]] = {
    "a field that the API does not have": (
        lambda m: template(OKMS)(m).update(colour="red"),
        "job_templates has no field colour",
    ),
    "a text for a number": (lambda m: template(OKMS)(m).update(forks="5"), "forks is str, the API wants integer"),
    "a number out of bounds": (lambda m: template(OKMS)(m).update(forks=-1), "forks is -1, out of bounds"),
    "a text for a boolean": (lambda m: template(OKMS)(m).update(diff_mode="no"), "diff_mode is str"),
    "a choice that is none": (lambda m: template(OKMS)(m).update(job_type="test"), "job_type is 'test', none of"),
    "a name that is too long": (lambda m: kind(m).update(name="x" * 513), "name is longer than 512 characters"),
    "no image": (lambda m: m["controller_execution_environments"][0].pop("image"), "image is required"),
    "an unknown state": (lambda m: kind(m).update(state="gone"), "state 'gone' is none of"),
    "an unknown list": (lambda m: m.update(controller_jobs=[]), "no collection reads a variable of that name"),
    "a field that a node does not have": (
        lambda m: node(m, OKMS_FLOW, "plan").update(colour="red"),
        "node plan: workflow_job_template_nodes has no field colour",
    ),
    "a kind of credential that is none": (lambda m: kind(m).update(kind="vault"), "kind is 'vault'"),
}
KINDS: dict[str, tuple[Spoil, str]] = {
    "a field of type int": (
        lambda m: field(m, "client_id").update(type="int"),
        "of type int, AWX knows string and boolean",
    ),
    "a field that cannot be a variable": (
        lambda m: field(m, "client_id").update(id="client-id"),
        "'client-id' cannot be",
    ),
    "a field named tower": (lambda m: field(m, "client_id").update(id="tower"), "field 'tower' cannot be a variable"),
    "a field twice": (lambda m: field(m, "client_id").update(id="endpoint"), "two fields endpoint"),
    "a secret boolean": (
        lambda m: field(m, "client_secret").update(type="boolean"),
        "client_secret is no text, so it cannot have secret",
    ),
    "a field without a label": (lambda m: field(m, "client_id").pop("label"), "client_id has no label"),
    "a secret with a default": (lambda m: field(m, "client_secret").update(default="x"), "a secret with a default"),
    "a required field that is none": (
        lambda m: kind(m)["inputs"].update(required=["user"]),
        "requires user, which is no field",
    ),
    "an unknown injector": (lambda m: kind(m)["injectors"].update(vars={}), "has injectors vars"),
    "a variable of Ansible": (
        lambda m: kind(m)["injectors"]["env"].update(ANSIBLE_HOME="{{ client_id }}"),
        "env ANSIBLE_HOME is reserved",
    ),
    "a variable of the job": (lambda m: kind(m)["injectors"]["env"].update(PATH="x"), "env PATH is reserved"),
    "a variable with a hyphen": (lambda m: kind(m)["injectors"]["env"].update({"OVH-ID": "x"}), "'OVH-ID' cannot be"),
    "an undefined field in an injector": (
        lambda m: kind(m)["injectors"]["env"].update(OVH_ID="{{ client }}"),
        "env OVH_ID: 'client' is undefined",
    ),
    "an expression that does not parse": (lambda m: kind(m)["injectors"]["env"].update(OVH_ID="{{ x"), "env OVH_ID: "),
    "a number as value": (lambda m: kind(m)["injectors"]["env"].update(OVH_ID=5), "env OVH_ID is no text"),
    "a secret in extra_vars": (
        lambda m: kind(m)["injectors"].update(extra_vars={"ovh_secret": "{{ client_secret }}"}),
        "extra_vars ovh_secret holds a secret",
    ),
    "a reserved extra variable": (
        lambda m: kind(m)["injectors"].update(extra_vars={"ansible_user": "{{ client_id }}"}),
        "extra_vars ansible_user is reserved",
    ),
    "one file and several": (
        lambda m: kind(m)["injectors"].update(file={"template": "{{ endpoint }}", "template.a": "{{ endpoint }}"}),
        "one file and several",
    ),
    "a file that is no template": (
        lambda m: kind(m)["injectors"].update(file={"a": "x"}),
        "file 'a' is no template.NAME",
    ),
    "a file that nobody writes": (
        lambda m: kind(m)["injectors"]["env"].update(OVH_FILE="{{ tower.filename.a }}"),
        "env OVH_FILE: ",
    ),
    "a credential of an unknown type": (
        lambda m: m["controller_credentials"][0].update(credential_type="Safe"),
        "nobody defines the type Safe",
    ),
    "a credential with an unknown field": (
        lambda m: named(m, "controller_credentials", "| OVHcloud")["inputs"].update(user="x"),
        "OVHcloud API has no field user",
    ),
    "a secret in a credential": (
        lambda m: named(m, "controller_credentials", "| vCenter")["inputs"].update(password="x"),
        "password stands in the file",
    ),
    "a credential that runs overwrite": (
        lambda m: m["controller_credentials"][0].pop("state"),
        "each run would overwrite it",
    ),
}
TEMPLATES: dict[str, tuple[Spoil, str]] = {
    "two jobs at once": (
        lambda m: template(OKMS)(m).update(allow_simultaneous=True),
        "two of its jobs could run at once",
    ),
    "any variable": (
        lambda m: template(OKMS)(m).update(ask_variables_on_launch=True),
        "so nothing that it fixes is fixed",
    ),
    "no kind of job": (lambda m: template(OKMS)(m).pop("job_type"), "says not whether it runs or checks"),
    "an inventory that is not defined": (
        lambda m: template(OKMS)(m).update(inventory="x"),
        "inventory 'x' is not defined",
    ),
    "a notification that is not defined": (
        lambda m: template(OKMS)(m).update(notification_templates_error=["x"]),
        "notification x is not defined",
    ),
    "a credential that is not defined": (
        lambda m: template(OKMS)(m).update(credentials=["x"]),
        "credential x is not defined",
    ),
    "two credentials of one type": (
        lambda m: template(OKMS)(m)["credentials"].append("VMware encryption | vCenter"),
        "two credentials of the type VMware vCenter",
    ),
    "a secret that no credential brings": (
        lambda m: template("| recovery")(m).update(credentials=[]),
        "no credential of its own sets NKP_BACKUP_PASSWORD",
    ),
    "a playbook by the collection's name": (
        lambda m: template(OKMS)(m).update(playbook="ovhcloud.vmware_encryption.okms"),
        "is no playbooks/NAME.yml of the project",
    ),
    "a playbook that does not exist": (
        lambda m: template(OKMS)(m).update(playbook="playbooks/oksm.yml"),
        "its playbook playbooks/oksm.yml is no",
    ),
    "a playbook without template": (
        lambda m: m["controller_templates"].remove(template(AUDIT)(m)),
        "the playbook encryption_audit has no template",
    ),
    "a variable that is no option": (
        lambda m: template(OKMS)(m)["extra_vars"].update(okms_regio="x"),
        "sets okms_regio, which is no option of the role okms",
    ),
    "a secret in a template": (
        lambda m: template("| recovery")(m)["extra_vars"].update(recovery_backup_password="x"),
        "recovery_backup_password is a secret that stands in the template",
    ),
    "a variable that nobody asks for": (
        lambda m: template(OKMS)(m)["extra_vars"].update(okms_provider="{{ provider }}"),
        "okms_provider uses provider, which nobody asks for",
    ),
    "an answer in a path as it was typed": (
        lambda m: template("| decommission")(m)["extra_vars"].update(
            decommission_backup_path="/b/{{ key_provider }}.p12"
        ),
        "decommission_backup_path is a path with key_provider as it was typed",
    ),
    "a question that is fixed": (
        lambda m: template(OKMS)(m)["extra_vars"].update(private_cloud="pcc-1"),
        "asks for private_cloud and fixes it",
    ),
    "a question for nothing": (
        lambda m: template(OKMS)(m)["survey_spec"]["spec"].append(
            {**question(m, OKMS, "vsphere_user"), "variable": "x"}
        ),
        "asks for x, which it hands to no option",
    ),
    "a required option that nobody gives": (
        lambda m: template(AUDIT)(m)["extra_vars"].pop("encryption_audit_directory"),
        "neither sets nor asks for encryption_audit_directory",
    ),
    "a text for a boolean option": (
        lambda m: question(m, "| new keys", "key_rotation_backup_confirmed").update(type="text", default=""),
        "is of type text, the option is bool",
    ),
    "a choice that the role does not take": (
        lambda m: question(m, "| new keys", "key_rotation_mode").update(choices=["shallow", "wide"]),
        "it offers what the role does not take",
    ),
    "a secret in a survey": (
        lambda m: template("| recovery")(m)["survey_spec"]["spec"].append(
            {**question(m, "| recovery", "recovery_providers"), "variable": "recovery_backup_password", "type": "text"}
        ),
        "asks for a secret",
    ),
    "a drill that can become a recovery": (
        lambda m: template("drill")(m)["extra_vars"].pop("recovery_drill"),
        "does not fix recovery_drill",
    ),
    "a question of an unknown type": (
        lambda m: question(m, OKMS, "private_cloud").update(type="email"),
        "is of type email, which AWX does not know",
    ),
    "a question without a default": (lambda m: question(m, OKMS, "private_cloud").pop("default"), "lacks default"),
    "a default that is no choice": (
        lambda m: question(m, "| encrypt VMs", "power_off").update(default="maybe"),
        "its default is 'maybe', none of the choices",
    ),
    "a default of another type": (
        lambda m: question(m, "with order", "max_price").update(default="cheap"),
        "its default is 'cheap', expected float",
    ),
    "booleans as choices": (
        lambda m: question(m, "| new keys", "key_rotation_backup_confirmed").update(choices=[True, False]),
        "its choices are no texts",
    ),
    "a question for a secret": (
        lambda m: question(m, OKMS, "vsphere_user").update(type="password"),
        "what is secret comes from a credential",
    ),
    "a variable that AWX sets": (
        lambda m: question(m, OKMS, "vsphere_user").update(variable="awx_user_name"),
        "cannot be a",
    ),
    "a question twice": (
        lambda m: template(OKMS)(m)["survey_spec"]["spec"].append(question(m, OKMS, "vsphere_user")),
        "asks twice for vsphere_user",
    ),
    "a survey without questions": (
        lambda m: template(OKMS)(m).update(survey_spec={}),
        "survey_enabled without a question",
    ),
    "a survey that is not shown": (lambda m: template(OKMS)(m).update(survey_enabled=False), "its survey is not shown"),
}
GRAPH: dict[str, tuple[Spoil, str]] = {
    "a workflow with the name of a template": (
        lambda m: named(m, "controller_workflows", LEAVING).update(name="VMware encryption | audit"),
        "two templates or workflows have this name",
    ),
    "a name with a comma": (lambda m: template("| recovery")(m).update(name="a, b"), "a name with a comma"),
    "two nodes of one name": (lambda m: node(m, OKMS_FLOW, "plan").update(identifier="audit"), "two nodes audit"),
    "a successor that is none": (
        lambda m: node(m, OKMS_FLOW, "plan").update(success_nodes=["x"]),
        "node plan: is followed by x, which is none",
    ),
    "a leaf that does not say so": (
        lambda m: node(m, OKMS_FLOW, "audit").pop("success_nodes"),
        "says not what follows",
    ),
    "an approval that is a template, too": (
        lambda m: node(m, OKMS_FLOW, "approval").update(unified_job_template="x"),
        "is either an approval or a template",
    ),
    "an approval without an end": (
        lambda m: node(m, OKMS_FLOW, "approval")["approval_node"].pop("timeout"),
        "the approval has no name or no end",
    ),
    "a node with an unknown template": (
        lambda m: node(m, OKMS_FLOW, "plan").update(unified_job_template="x"),
        "node plan: nobody defines x",
    ),
    "a circle": (lambda m: node(m, OKMS_FLOW, "audit").update(success_nodes=["preflight"]), "go round in a circle"),
    "a prompt that the template lacks": (
        lambda m: template("with order")(m).update(ask_job_type_on_launch=False),
        "node plan: VMware encryption | OVHcloud KMS with order has no prompt for job_type",
    ),
    "a fixed answer without question": (
        lambda m: node(m, OKMS_FLOW, "preflight").update(extra_data={"preflight_iam": "true"}),
        "preflight_iam has no question",
    ),
    "a fixed answer that is no choice": (
        lambda m: node(m, OKMS_FLOW, "preflight").update(extra_data={"preflight_option": True}),
        "preflight_option is True, none of the choices",
    ),
    "a required question that nobody answers": (
        lambda m: node(m, OKMS_FLOW, "preflight").pop("extra_data"),
        "nobody answers preflight_option",
    ),
    "a question of a workflow for nothing": (
        lambda m: named(m, "controller_workflows", LEAVING)["survey_spec"]["spec"].append(
            question(m, OKMS, "vsphere_user")
        ),
        "asks for vsphere_user, which no job of it takes",
    ),
    "a question that means something else": (
        lambda m: question(m, "| encrypt VMs", "power_off").update(choices=["never", "shutdown"]),
        "power_off is asked as something else",
    ),
    "a workflow that takes any variable": (
        lambda m: named(m, "controller_workflows", LEAVING).update(ask_variables_on_launch=True),
        "takes any variable, which then reaches every job",
    ),
    "two workflows at once": (
        lambda m: named(m, "controller_workflows", LEAVING).update(allow_simultaneous=True),
        "two of its jobs could run at once",
    ),
    "an order that nobody approves": (
        lambda m: node(m, OKMS_FLOW, "plan").update(success_nodes=["approval", "option"]),
        "node option orders without an approval",
    ),
    "an order after a refusal": (
        lambda m: node(m, OKMS_FLOW, "approval").update(success_nodes=[], failure_nodes=["option"]),
        "node option orders without an approval",
    ),
    "a removal without a workflow": (
        lambda m: m["controller_workflows"].remove(named(m, "controller_workflows", LEAVING)),
        "decommission: destroys, and no workflow has it behind an approval",
    ),
    "a question that allows an order": (
        lambda m: template(OKMS)(m)["survey_spec"]["spec"].append(
            {**question(m, "| new keys", "key_rotation_backup_confirmed"), "variable": "okms_allow_order"}
        ),
        "OVHcloud KMS: orders, and no workflow has it behind an approval",
    ),
    "a move that could decrypt": (
        lambda m: template("| prepare a move")(m)["extra_vars"].update(encryption_exit_mode="decrypt"),
        "prepare a move: destroys, and no workflow has it behind an approval",
    ),
    "a schedule that destroys": (
        lambda m: schedule(m, "audit daily").update(unified_job_template="VMware encryption | decommission"),
        "nobody approves what a schedule starts",
    ),
    "a schedule without a start": (
        lambda m: schedule(m, "audit daily").update(rrule="RRULE:FREQ=DAILY;INTERVAL=1"),
        "its rrule is not DTSTART",
    ),
    "a schedule without an interval": (
        lambda m: schedule(m, "audit daily").update(rrule="DTSTART:20260101T050000Z RRULE:FREQ=DAILY"),
        "its rrule is not DTSTART",
    ),
    "a schedule of an unknown template": (
        lambda m: schedule(m, "audit daily").update(unified_job_template="x"),
        "audit daily: nobody defines x",
    ),
    "a schedule without a required answer": (
        lambda m: schedule(m, "audit daily").update(extra_data={}),
        "audit daily: private_cloud is missing",
    ),
    "a schedule with an answer to no question": (
        lambda m: schedule(m, "quarter").update(extra_data={"recovery_drill": True}),
        "recovery_drill has no question",
    ),
    "a schedule with a text for a list": (
        lambda m: schedule(m, "audit daily")["extra_data"].update(encryption_audit_fail_on="critical"),
        "encryption_audit_fail_on is 'critical', not some of the choices",
    ),
}
RULES = {
    f"{group}: {name}": rule
    for group, rules in (("field", FIELDS), ("credential", KINDS), ("template", TEMPLATES), ("graph", GRAPH))
    for name, rule in rules.items()
}


@pytest.mark.parametrize("name", sorted(RULES))
def test_broken_rule_is_found(name: str) -> None:
    spoil, said = RULES[name]
    made = copy.deepcopy(definitions.read(**definitions.EVERYTHING))
    spoil(made)
    found = check.problems(made)
    assert [text for text in found if said in text], found
