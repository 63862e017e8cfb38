# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 7: the second run of each role, which changes nothing: seconds, CPU, tasks, requests and logins."""

from __future__ import annotations

import pathlib
import statistics
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.faults import scenarios
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles import fleet_site
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

from . import ansible_runs
from .ansible_runs import PROGRAMS, Run
from .figures import Figures, heading, table

RUNS = 3
PING = "ansible.builtin.ping"
HEAD = ("role", "seconds", "CPU s", "x programs", "x pings", "tasks", "vCenter", "OVHcloud", "KMIP", "logins")
BUDGETS = pathlib.Path(__file__).with_name("budgets.yml")
LOGINS = 1


def _audit(lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    """Four key providers, a private cloud and an OKMS domain."""
    fleet_site.prepare(lab)
    return {
        "encryption_audit_directory": str(folder / "audit"),
        "encryption_audit_private_cloud": lab.private_cloud,
        "encryption_audit_okms_id": lab.ovhcloud.new_okms(lab.region, "kms-prod").okms_id,
    }


def _okms(lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    """Option 2 in a region with one address, the role that the project's targets name."""
    names = {"private_cloud": lab.private_cloud, "vsphere_user": lab.vsphere_user_name, "region": lab.region}
    return {f"okms_{name}": value for name, value in {**names, "allow_order": True}.items()}


# roles that `make faults` does not run, or runs in a larger site
OWN = {"encryption_audit": _audit, "okms": _okms}
PLAYBOOKS = {path.stem for path in (harness.ROOT / "playbooks").glob("*.yml")}
# what is left over after the first run, in which the role has nothing to do any more, has no site of its own there
UNMEASURED = {"awx": "needs awx.awx: make test STEPS=awx"}


def sites() -> dict[str, scenarios.Scenario]:
    """A starting point for each role that has one: the first that `make faults` knows."""
    found = {role: scenarios.Scenario(role, role, prepare) for role, prepare in OWN.items()}
    for one in scenarios.ALL.values():
        if not one.needs_ssh and one.role in PLAYBOOKS:  # two of them are plays with one module
            found.setdefault(one.role, one)
    return dict(sorted(found.items()))


def run(figures: Figures, directory: pathlib.Path, only: t.Collection[str] = ()) -> None:
    """Measure and tell."""
    heading(
        "7. The second run of each role, in which nothing is left to do, by ansible-playbook on this machine",
        f"Medians of {RUNS} runs, each way in turns: modules in forks of Ansible's workers; as programs (x programs);",
        "as many tasks that do nothing but ping (x pings). Ratios are of CPU seconds, without the lab.",
    )
    known = sites()
    rows: list[list[t.Any]] = []
    for role, site in known.items():
        if not only or role in only:
            rows.append(_role(figures, directory, role, site))
    table(HEAD, rows)
    for role in sorted(PLAYBOOKS - set(known)) if not only else ():
        print(f"  NOT RUN: {role} ({UNMEASURED.get(role, 'make faults has no scenario of it')})")


def _role(figures: Figures, directory: pathlib.Path, role: str, site: scenarios.Scenario) -> list[t.Any]:
    folder = directory / f"role-{role}"
    folder.mkdir()
    with Lab(site.settings()) as lab:
        if site.earlier:
            before = scenarios.ALL[site.earlier]
            _play(lab, folder, before.role, before.start(lab, folder))
        variables = site.start(lab, folder)
        _play(lab, folder, role, variables)
        own, programs, pings = [], [], []
        for _number in range(RUNS):
            own.append(_play(lab, folder, role, variables))
            programs.append(_play(lab, folder, role, variables, PROGRAMS))
            pings.append(_pings(folder, own[-1].started))
    last, cpu = own[-1], statistics.median(one.cpu for one in own)
    by = {"programs": programs, "pings": pings}
    ratios = {name: cpu / statistics.median(one.cpu for one in runs) for name, runs in by.items()}
    figures.keep("roles", **{role: {**last.figures(), "cpu_seconds": cpu, "cpu_ratio": ratios}})
    _expect(figures, role, last)
    kmip = last.total - last.vcenter - last.requests.get("ovhcloud", 0)
    row = [role, statistics.median(one.seconds for one in own), cpu, *ratios.values(), last.started]
    return [*row, last.vcenter, last.requests.get("ovhcloud", 0), kmip, last.logins]


def _expect(figures: Figures, role: str, last: Run) -> None:
    figures.expect(f"second run of {role}: logins at vCenter", last.logins, LOGINS)
    budget = yaml.safe_load(BUDGETS.read_text(encoding="utf-8")).get(role, {})
    if role in OWN and budget:
        found = {"vcenter": last.vcenter, "ovhcloud": last.requests.get("ovhcloud", 0), "tasks": last.started}
        for name, value in found.items():
            figures.expect(f"second run of {role}: {name}", value, budget[name])


def _play(
    lab: Lab,
    folder: pathlib.Path,
    role: str,
    variables: t.Mapping[str, t.Any],
    environment: t.Mapping[str, str] | None = None,
) -> Run:
    name = f"ovhcloud.vmware_encryption.{role}"
    return ansible_runs.play(name, folder, lab=lab, variables=variables, environment=environment)


def _pings(folder: pathlib.Path, tasks: int) -> Run:
    file = folder / "pings.yml"
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [{PING: {}}] * tasks}]
    file.write_text(yaml.safe_dump(plays), encoding="utf-8")
    return ansible_runs.play(file, folder)
