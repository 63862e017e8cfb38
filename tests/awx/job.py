# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX starts them: a private data directory made from the definitions, and ansible-runner.

Variables of the template arrive plain, answers of a survey and of a workflow marked unsafe, optional credentials as
blank variables of the environment, and AWX adds variables of its own. What is no definition, such as names that only
the lab resolves and the mounted volume, stands for the container group of the job.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import jinja2.sandbox
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import graph, surveys
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.names import VARIABLE

Given = t.Mapping[str, t.Any]
_LONGEST = 1800.0  # each of some hundred objects costs a module
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# what types that AWX brings along make of their fields
_MANAGED = {
    "VMware vCenter": {
        "VMWARE_HOST": "{{ host }}",
        "VMWARE_USER": "{{ username }}",
        "VMWARE_PASSWORD": "{{ password }}",
        "VMWARE_VALIDATE_CERTS": "False",
    },
    "Red Hat Ansible Automation Platform": {
        "CONTROLLER_HOST": "{{ host }}",
        "CONTROLLER_USERNAME": "{{ username }}",
        "CONTROLLER_PASSWORD": "{{ password }}",
        "CONTROLLER_OAUTH_TOKEN": "{{ oauth_token }}",
        "CONTROLLER_VERIFY_SSL": "{{ verify_ssl }}",
    },
}


class _Unsafe(str):
    """Text that nobody may read as a template."""


def _marked(value: t.Any) -> t.Any:
    if isinstance(value, t.Mapping):
        return {_Unsafe(name): _marked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    return _Unsafe(value) if isinstance(value, str) else value


class _Dumper(yaml.SafeDumper):
    """Writes the mark."""


_Dumper.add_representer(_Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style="'"))


class LaunchRefusedError(Exception):
    """AWX answers 400 and starts nothing."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A job that has ended, read from what ansible-runner left."""

    status: str  # successful, failed
    screen: str
    events: list[dict[str, t.Any]]

    @property
    def changed(self) -> int:
        """Changes that the recap counts."""
        return sum(self._stats().get("changed", {}).values())

    @property
    def artifacts(self) -> dict[str, t.Any]:
        """What set_stats handed over."""
        return t.cast("dict[str, t.Any]", self._stats().get("artifact_data", {}))

    def _stats(self) -> dict[str, t.Any]:
        found = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return found[-1] if found else {}


class Awx:
    """What the role awx would make, without the server: it launches templates and workflows."""

    def __init__(self, lab: Lab, folder: pathlib.Path, definitions: Given, inputs: t.Mapping[str, Given]) -> None:
        self.lab, self.folder, self.definitions = lab, folder, definitions
        self.inputs = inputs  # what an operator filled in, by type of credential
        self._numbers = itertools.count(1)

    def template(self, name: str) -> Given:
        """A job template by the end of its name."""
        return self._one("controller_templates", name)

    def _one(self, variable: str, name: str) -> Given:
        found = [one for one in self.definitions[variable] if one["name"] in (name, f"VMware encryption | {name}")]
        assert len(found) == 1, f"{variable}: {name}"
        return t.cast(Given, found[0])

    def launch(self, name: str, answers: Given | None = None, **prompts: t.Any) -> Job:
        """A launch by somebody who answers the survey; what has no answer takes its default."""
        template = self.template(name)
        given = dict(answers or {})
        if refused := surveys.unanswered(surveys.questions(template), given):
            raise LaunchRefusedError("; ".join(refused))
        return self.run(template, given, prompts)

    def start(self, schedule: str) -> Job:
        """What a schedule starts."""
        one = self._one("controller_schedules", schedule)
        return self.launch(one["unified_job_template"], one.get("extra_data"))

    def work(self, name: str, answers: Given, approve: bool = True) -> dict[str, Job]:
        """The jobs of a workflow by node, in the order in which they ran."""
        workflow = self._one("controller_workflows", name)
        if refused := surveys.unanswered(surveys.questions(workflow), answers):
            raise LaunchRefusedError("; ".join(refused))
        nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
        extra = {**self._defaults(workflow, answers), **answers}
        done: dict[str, Job] = {}
        ready = graph.order(list(nodes.values()))[:1]
        handed: dict[str, t.Any] = {}
        for name in ready:
            node = nodes[name]
            good = approve
            if "unified_job_template" in node:
                prompts = {key: node[key] for key in ("job_type", "diff_mode") if key in node}
                template = self.template(node["unified_job_template"])
                done[name] = self.run(template, {**node.get("extra_data", {}), **handed, **extra}, prompts)
                handed.update(done[name].artifacts)
                good = done[name].status == "successful"
            ready += node.get("success_nodes" if good else "failure_nodes", []) + node.get("always_nodes", [])
        return done

    def _defaults(self, one: Given, answers: Given) -> dict[str, t.Any]:
        asked = {question["variable"]: surveys.default_of(question) for question in surveys.questions(one)}
        return {name: value for name, value in asked.items() if name not in answers}

    def run(self, template: Given, answers: Given, prompts: Given) -> Job:
        """The job of a template, whose answers were judged."""
        number = next(self._numbers)
        private = self.folder / f"job-{number}"
        for name in ("env", "inventory"):
            (private / name).mkdir(parents=True, mode=0o700)
        (private / "project").symlink_to(harness.ROOT)
        source = harness.ROOT / "extensions/awx/inventory.yml"
        (private / "inventory/hosts.yml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        own = {"awx_job_id": number, "awx_user_name": "operator", "awx_job_template_name": template["name"]}
        variables = {
            **template.get("extra_vars", {}),
            **_marked({**self._defaults(template, answers), **answers, **own}),
        }
        (private / "env/extravars").write_text(yaml.dump(variables, Dumper=_Dumper), encoding="utf-8")
        words = [
            *(["--check"] if prompts.get("job_type") == "check" else []),
            *(["--diff"] if prompts.get("diff_mode") else []),
        ]
        (private / "env/cmdline").write_text(" ".join(words), encoding="utf-8")
        (private / "env/envvars").write_text(json.dumps(self._environment(template, private)), encoding="utf-8")
        return self._runner(private, template["playbook"])

    def _environment(self, template: Given, private: pathlib.Path) -> dict[str, str]:
        found = {
            # of the container group
            VARIABLE: self.lab.network.table_path,
            "OVH_CA_PATH": self.lab.ca_path,
            "OVH_TOKEN_URL": self.lab.token_url,
            "VMWARE_ENCRYPTION_VOLUMES": str(self.folder),
            # of AWX
            "JOB_ID": private.name.rpartition("-")[2],
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([harness.collections_path(), *self.collections]),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
        }
        kinds = {one["name"]: one["credential_type"] for one in self.definitions["controller_credentials"]}
        for name in template.get("credentials", []):
            found.update(self._injected(kinds[name], private))
        return found

    collections: t.Sequence[str] = ()

    def _injected(self, kind: str, private: pathlib.Path) -> dict[str, str]:
        """A credential of that type as AWX hands it to a job: files, and variables of the environment."""
        types = {one["name"]: one for one in self.definitions["controller_credential_types"]}
        space: dict[str, t.Any] = dict(self.inputs.get(kind, {}))
        if kind in _MANAGED:
            return _rendered(_MANAGED[kind], space)
        assert set(space) >= set(types[kind]["inputs"].get("required", [])), f"{kind} has to be filled in"
        names: dict[str, str] = {}
        for name, text in _rendered(types[kind]["injectors"].get("file", {}), space).items():
            file = private / "env" / f"{kind}-{name}".replace(" ", "-")
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
            names[name.partition(".")[2]] = str(file)
        space["tower"] = {"filename": names.get("", names)}
        return _rendered(types[kind]["injectors"].get("env", {}), space)

    def _runner(self, private: pathlib.Path, playbook: str) -> Job:
        command = [pathlib.Path(sys.executable).parent / "ansible-runner", "run", private, "-p", playbook, "-i", "job"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
        path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), kept.get("PATH", os.defpath)])
        subprocess.run(
            [str(word) for word in command],
            env={**kept, "PATH": path, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST,
            check=False,
        )
        left = private / "artifacts/job"
        events = []
        for file in sorted((left / "job_events").glob("*.json"), key=lambda one: int(one.name.partition("-")[0])):
            with contextlib.suppress(json.JSONDecodeError):  # a file that the runner did not finish
                events.append(json.loads(file.read_text(encoding="utf-8")))
        screen = _COLOUR.sub("", (left / "stdout").read_text(encoding="utf-8"))
        return Job((left / "status").read_text(), screen, events)


def _rendered(texts: t.Mapping[str, str], space: Given) -> dict[str, str]:
    """As AWX renders injectors: an optional field that nobody filled in is blank."""
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment()
    return {name: sandbox.from_string(text).render(space) for name, text in texts.items()}
