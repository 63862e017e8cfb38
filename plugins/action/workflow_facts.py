# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action workflow_facts: what a role tells the next node of a workflow, set as set_stats sets it."""

from __future__ import annotations

import typing as t

from ansible import constants as C  # noqa: N812
from ansible.plugins.action import ActionBase

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._workflow.facts import (
    PARTS,
    facts_of,
    stats_of,
)

_NAME, _VARIABLE = "ovhcloud.vmware_encryption.workflow_facts", "ovhcloud_vmware_encryption_stats"
_SETTING = {
    "stats": {
        "description": "Whether roles set facts for the next node of a workflow.",
        "type": "bool",
        "default": True,
        "env": [{"name": _VARIABLE.upper()}],
        "ini": [{"section": "ovhcloud_vmware_encryption", "key": "stats"}],
        "vars": [{"name": _VARIABLE}],
    }
}
C.config.initialize_plugin_configuration_definitions("action", _NAME, _SETTING)


class ActionModule(ActionBase):  # type: ignore[misc]
    """Changes nothing, neither here nor on a host."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("role", "summary", "stopped", *PARTS))

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The facts, as the result that Ansible takes stats from."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        if not self._wanted(variables):
            text = f"{_VARIABLE} turns the facts for workflows off"
            return {**result, "changed": False, "skipped": True, "msg": text}
        given = self._task.args
        facts = facts_of(given["summary"], bool(variables.get("ansible_check_mode")), given)
        hosts = [str(host) for host in variables.get("ansible_play_hosts_all") or []]
        data = stats_of(str(given["role"]), facts, str(variables.get("inventory_hostname")), hosts)
        return {**result, "changed": False, "ansible_stats": {"data": data, "per_host": False, "aggregate": True}}

    def _wanted(self, variables: t.Mapping[str, t.Any]) -> bool:
        said = self._templar.template({_VARIABLE: variables[_VARIABLE]}) if variables.get(_VARIABLE) is not None else {}
        blank = str(said.get(_VARIABLE, "")).strip() == ""
        return bool(C.config.get_config_value("stats", None, "action", _NAME, variables={} if blank else said))
