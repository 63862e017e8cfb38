# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: filters of the role awx, which compare definitions with answers of AWX."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from .engine import target
from .filters import filter_of
from .inputs import bent, odd_value

awx_plan, installed = map(filter_of, ("awx_plan", "installed_collection"))
WANTED = {
    "organizations": [{"name": "org"}],
    "credentials": [{"name": "one", "credential_type": "kind", "inputs": {"a": "b"}, "state": "exists"}],
    "job_templates": [{"name": "okms", "organization": "org", "credentials": ["one"]}],
    "workflow_job_templates": [
        {
            "name": "flow",
            "simplified_workflow_nodes": [
                {"identifier": "do", "unified_job_template": "okms", "success_nodes": ["end"]},
                {"identifier": "end", "approval_node": {"name": "end"}},
            ],
        }
    ],
}
NODE = {
    "id": 1,
    "identifier": "do",
    "summary_fields": {"workflow_job_template": {"name": "flow"}, "unified_job_template": {"name": "okms"}},
    "extra_data": {},
    "success_nodes": [2],
    "failure_nodes": [],
    "always_nodes": [],
}
FOUND = {"organizations": [{"name": "org"}], "workflow_job_template_nodes": [NODE]}


@target("filter awx_plan", st.tuples(bent([WANTED]), bent([FOUND]), st.sampled_from(("present", "absent"))))
def _awx_plan(value: tuple[t.Any, t.Any, str]) -> None:
    awx_plan(*value)
    awx_plan(*value, check=True)


@target("filter installed_collection", st.one_of(bent([["awx.awx", "ansible.posix"]]), odd_value), share=0.2)
def _installed(value: t.Any) -> None:
    installed(value)
