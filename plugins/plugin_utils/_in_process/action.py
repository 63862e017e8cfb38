# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of all modules: in a fork of Ansible's own worker where that is possible, else as any other module.

To start Python and to import pyVmomi anew for each task takes longer than all that most tasks do. What is imported here
is imported in the process that runs the play, so each of its workers has it already. Each module has an action file of
its own name: with one name for all, Ansible would take the defaults of one module for those of all.
"""

from __future__ import annotations

import gc
import importlib
import json
import re
import shlex
import sys
import typing as t

from ansible import constants as C  # noqa: N812
from ansible.executor import module_common
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action.normal import ActionModule as Normal
from ansible.release import __version__
from ansible.utils.display import Display
from ansible.utils.multiprocessing import context

# the first of all: it changes how the others are imported
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils import bytecode  # pylint: disable=unused-import # noqa: F401

# isort: split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.oldest_python import (
    OLDEST,
    refusal,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils import shared_sessions
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process import forked
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.decision import Situation, why_not
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.killed import killed
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.watch import Watch

_COLLECTION = "ovhcloud.vmware_encryption"
_MODULES = f"ansible_collections.{_COLLECTION}.plugins.modules."
_NAME, _VARIABLE = f"{_COLLECTION}.in_process", "ovhcloud_vmware_encryption_in_process"
_PROGRESS = "ovhcloud_vmware_encryption_progress"
_SAID = "module_stdout"  # in the result of a module that gave none
_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
_LONGEST_LINE = 200  # characters; a screen in a browser does not wrap well
_SETTING = {
    "in_process": {
        "description": "Whether modules run in a fork of Ansible's own worker where that is possible.",
        "type": "bool",
        "default": True,
        "env": [{"name": _VARIABLE.upper()}],
        "ini": [{"section": "ovhcloud_vmware_encryption", "key": "in_process"}],
        "vars": [{"name": _VARIABLE}],
    },
    "progress": {
        "description": "Seconds between two lines about what a module in such a fork is at; 0 for none.",
        "type": "float",
        "default": 60,
        "env": [{"name": _PROGRESS.upper()}],
        "ini": [{"section": "ovhcloud_vmware_encryption", "key": "progress"}],
        "vars": [{"name": _PROGRESS}],
    },
}
C.config.initialize_plugin_configuration_definitions("action", _NAME, _SETTING)
_CORE = tuple(int(part) for part in __version__.split(".")[:2])


def enabled(variables: dict[str, t.Any] | None = None) -> bool:
    """What the variable, the environment variable or ansible.cfg says."""
    return bool(C.config.get_config_value("in_process", None, "action", _NAME, variables=variables))


def action(file: str) -> type[Normal]:
    """The action class for the module that has the name of this action file; imports what the module needs."""
    name = _MODULES + file.rpartition(".")[2]
    if enabled():
        shared_sessions.begin()
        _load(name)
        gc.freeze()  # what is there now need not be looked through, and thereby copied, in each worker
    return type("ActionModule", (_InProcess,), {"_module": name})


def _load(name: str) -> str | None:
    """What went wrong, if it did: the module then says so itself, when it runs as a program."""
    try:
        importlib.import_module(name)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


class _InProcess(Normal):  # type: ignore[misc]
    """Ansible's own way from the task to its result; only what packs the module and starts Python is replaced."""

    _module = ""
    _forks = False
    _program: forked.Program | None = None
    _watch: Watch | None = None

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Decide once; there is no way back after the module has begun."""
        variables = task_vars or {}
        reason = why_not(self._situation(variables))
        how = f"as a program of its own: {reason}" if reason else "in a fork of Ansible's worker"
        Display().vvv(f"{self._task.action} runs {how}", host=variables.get("inventory_hostname"))
        self._forks = reason is None
        self._watch = self._watched(variables) if self._forks else None
        result = t.cast("dict[str, t.Any]", super().run(tmp, task_vars))
        if not result.get("failed") or _SAID not in result:
            return result
        found = killed(self._module.rpartition(".")[2], result) or ({} if self._forks else self._too_old(variables))
        kept = {name: value for name, value in result.items() if name in ("warnings", "deprecations", "ansible_facts")}
        return {**kept, "changed": False, **found} if found else result

    def _too_old(self, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """One line for what a Python has printed that is too old to read the module; empty if it is not."""
        python = self._interpreter(variables) or getattr(self, "_discovered_interpreter", None)
        asked = self._low_level_execute_command(f"{python} -c {shlex.quote(_VERSION)}") if python else {}
        found = re.search(r"^([0-9]+)\.([0-9]+)\.[0-9]+\s*$", str(asked.get("stdout", "")), re.MULTILINE)
        if not found or (int(found[1]), int(found[2])) >= OLDEST:
            return {}
        return refusal(str(python), found[0].strip())

    def _watched(self, variables: dict[str, t.Any]) -> Watch | None:
        """Shows a line while the module works, unless nobody wants any."""
        said = self._templar.template({_PROGRESS: variables[_PROGRESS]} if _PROGRESS in variables else {})
        every = float(C.config.get_config_value("progress", None, "action", _NAME, variables=said))
        name, host = self._module.rpartition(".")[2], variables.get("inventory_hostname")

        def show(text: str, seconds: float) -> None:
            gone = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
            doing = f": {text}" if text and not self._task.no_log else ""
            # beside the results: callbacks that write JSON have stdout
            Display().display(one_line(f"[{host}] {name}, {gone} so far{doing}", _LONGEST_LINE), stderr=True)

        return Watch(every, show) if every > 0 else None

    def _situation(self, variables: dict[str, t.Any]) -> Situation:
        said = self._templar.template({_VARIABLE: variables[_VARIABLE]} if _VARIABLE in variables else {})
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        wanted = enabled(said)
        return Situation(
            core=_CORE,
            enabled=wanted,
            system=sys.platform,
            start_method=context.get_start_method(),
            connection=type(self._connection).__module__,
            become=bool(self._connection.become),
            run_async=bool(self._task.async_val),
            keeps_files=bool(C.DEFAULT_KEEP_REMOTE_FILES),
            open_files=int(C.config.get_config_value("PYTHON_MODULE_RLIMIT_NOFILE", variables=variables)),
            shell=self._play_context.executable,
            interpreter=self._interpreter(variables),
            environment=list(environment),
            not_loaded=_load(self._module) if wanted else None,
        )

    def _interpreter(self, variables: dict[str, t.Any]) -> str | None:
        """The Python that a module would be started with; None when Ansible has to look for it."""
        if self._task.delegate_to:
            variables = variables["ansible_delegated_vars"][self._task.delegate_to]
        try:
            found = module_common._get_shebang("/usr/bin/python", variables, self._templar)[1]
        except module_common.InterpreterDiscoveryRequiredError:
            return None
        return str(found)

    def _is_pipelining_enabled(self, *arguments: t.Any, **named: t.Any) -> bool:
        """No file is handed over, so there is no need for a folder for it."""
        return self._forks or bool(super()._is_pipelining_enabled(*arguments, **named))

    def _configure_module(
        self, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> tuple[t.Any, ...]:
        """What would pack the module with its arguments."""
        if not self._forks:
            return t.cast("tuple[t.Any, ...]", super()._configure_module(module_name, module_args, task_vars))
        path = str(sys.modules[self._module].__file__)
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        self._program = forked.Program(
            name=self._module,
            path=path,
            arguments=json.dumps({"ANSIBLE_MODULE_ARGS": module_args}, cls=_encoder()).encode(),
            environment={str(name): str(value) for name, value in environment.items()},
            folder=self._loader.get_basedir(),
        )
        built = getattr(module_common, "_BuiltModule", None)
        if built is None:  # before ansible-core 2.19
            return "new", f"#!{sys.executable}", b"", path
        bits = built(
            b_module_data=b"", module_style="new", shebang=f"#!{sys.executable}", serialization_profile="legacy"
        )
        return bits, path

    def _low_level_execute_command(self, *arguments: t.Any, **named: t.Any) -> dict[str, t.Any]:
        """What would start the module."""
        program, self._program = self._program, None
        if program is None:
            return t.cast("dict[str, t.Any]", super()._low_level_execute_command(*arguments, **named))
        ending = forked.run(program, self._watch)
        output, errors = (to_text(found, errors="surrogate_then_replace") for found in (ending.output, ending.errors))
        lines = {"stdout_lines": output.splitlines(), "stderr_lines": errors.splitlines()}
        return {"rc": ending.code, "stdout": output, "stderr": errors, **lines}


def _encoder() -> t.Any:
    """As Ansible gives arguments to a module."""
    try:
        from ansible.module_utils.common.json import Direction, get_module_encoder
    except ImportError:  # before ansible-core 2.19
        from ansible.module_utils.common.json import AnsibleJSONEncoder

        return AnsibleJSONEncoder
    return get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)
