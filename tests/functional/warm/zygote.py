# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has Ansible and all modules loaded, and forks a child for every play it is asked for.

What a play does is the same as with ansible-playbook; what is saved is the start of Python for the play and for each of
its modules, which is nine tenths of the time of a short play, and half of the rest: Ansible's fork for each task. Only
`ActionBase._execute_module` and `WorkerProcess.start` are replaced: tasks and their modules run in the process of the
play. What a task does on another host is as ever.
"""

from __future__ import annotations

import atexit
import contextlib
import copy
import gc
import importlib
import importlib.util
import inspect
import io
import json
import os
import pathlib
import sys
import tempfile
import traceback
import typing as t

COLLECTION = "ansible_collections.ovhcloud.vmware_encryption"
SHORT = "ovhcloud.vmware_encryption."


def module_of(name: str) -> t.Any:
    """The Python module behind the name of an Ansible module."""
    if name.startswith(SHORT):
        return importlib.import_module(f"{COLLECTION}.plugins.modules.{name[len(SHORT) :]}")
    return importlib.import_module(f"ansible.modules.{name.rpartition('.')[2]}")


@contextlib.contextmanager
def given(arguments: dict[str, t.Any]) -> t.Iterator[None]:
    """Let the next module find its arguments, as a module of a controller from 2.19 on and of one before."""
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:
        from ansible.module_utils import basic

        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        yield
    else:
        from ansible.module_utils import _internal

        _internal.is_controller = False
        try:
            with patch_module_args(arguments):
                yield
        finally:
            _internal.is_controller = True


@contextlib.contextmanager
def in_folder(path: str) -> t.Iterator[None]:
    """Work there, and come back."""
    here = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(here)


def run_module(name: str, arguments: dict[str, t.Any]) -> str:
    """What the module prints."""
    from ansible.module_utils.common import warnings

    warnings._global_warnings.clear()
    output = io.StringIO()
    with given(arguments), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        module_of(name).main()
    return output.getvalue()


@contextlib.contextmanager
def environment_of(action: t.Any) -> t.Iterator[None]:
    """The variables that the task, its blocks and its play set."""
    levels = action._task.environment or []
    before = dict(os.environ)
    for level in levels if isinstance(levels, list) else [levels]:
        os.environ.update({name: str(value) for name, value in (action._templar.template(level) or {}).items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def replace_execution() -> None:
    """Let Ansible run a module where its task runs, unless that is another host."""
    from ansible.plugins.action import ActionBase

    elsewhere = ActionBase._execute_module
    knows_options = "ignore_unknown_opts" in inspect.signature(ActionBase._update_module_args).parameters

    def execute(
        self: t.Any,
        module_name: str | None = None,
        module_args: dict[str, t.Any] | None = None,
        tmp: t.Any = None,
        task_vars: dict[str, t.Any] | None = None,
        persist_files: bool = False,
        delete_remote_tmp: bool | None = None,
        wrap_async: bool = False,
        ignore_unknown_opts: bool = False,
    ) -> dict[str, t.Any]:
        more = {"ignore_unknown_opts": ignore_unknown_opts} if knows_options else {}
        if self._connection.transport != "local":
            found = elsewhere(
                self,
                module_name,
                module_args,
                tmp,
                task_vars,
                persist_files,
                delete_remote_tmp,
                wrap_async,
                **more,
            )
            return t.cast("dict[str, t.Any]", found)
        name = module_name or self._task.action
        arguments = dict(self._task.args if module_args is None else module_args)
        self._update_module_args(name, arguments, task_vars or {}, **more)
        # where Ansible runs the modules of local connections
        with environment_of(self), in_folder(self._loader.get_basedir()):
            printed = run_module(name, json.loads(json.dumps(arguments, default=str)))
        found = json.loads(printed.strip().splitlines()[-1])
        found["_ansible_parsed"] = True
        return t.cast("dict[str, t.Any]", found)

    ActionBase._execute_module = execute


def stay_in_process() -> None:
    """Let Ansible run a task in the process of the play: what WorkerProcess does, with copies of what it changes."""
    from ansible.executor.process import worker
    from ansible.executor.task_executor import TaskExecutor

    before_2_21 = "task" in inspect.signature(TaskExecutor).parameters

    def start(self: t.Any) -> None:
        host, task = copy.copy(self._host), self._task.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = self._task._parent
        (_run_before_2_21 if before_2_21 else _run)(TaskExecutor, self, host, task)

    worker.WorkerProcess.start = start


def _run(executor: t.Any, worker: t.Any, host: t.Any, task: t.Any) -> None:
    from ansible._internal import _task

    task.squash()
    with _task.TaskContext.create(task=task, task_vars=dict(worker._task_vars), host_name=host.name):
        result = executor(
            host,
            worker._play_context.copy(),
            worker._loader,
            worker._shared_loader_obj,
            worker._final_q,
            worker._variable_manager,
        ).run()
        result.finalize_registered_values()
        task.ignore_errors = result.ignore_errors
        task.ignore_unreachable = result.ignore_unreachable
        worker._final_q.send_task_result(host, task, result)


def _run_before_2_21(executor: t.Any, worker: t.Any, host: t.Any, task: t.Any) -> None:
    with open(os.devnull) as nothing:
        result = executor(
            host,
            task,
            dict(worker._task_vars),
            worker._play_context.copy(),
            *([nothing] if "new_stdin" in inspect.signature(executor).parameters else []),
            worker._loader,
            worker._shared_loader_obj,
            worker._final_q,
            worker._variable_manager,
        ).run()
    worker._final_q.send_task_result(host.name, task._uuid, result, task_fields=task.dump_attrs())


def preload() -> None:
    """Import what plays and modules need."""
    for name in ("cli.playbook", "executor.task_queue_manager", "modules.copy", "modules.file", "modules.stat"):
        importlib.import_module(f"ansible.{name}")
    from ansible.plugins import loader

    # before any import from the collection: plays find their playbooks through Ansible's own loader
    loader.init_plugin_loader()
    # what every task would load anew
    loader.connection_loader.get("ansible.builtin.local", class_only=True)
    loader.shell_loader.get("sh")
    for name in ("normal", "copy", "debug", "fail", "assert", "set_fact", "include_vars"):
        loader.action_loader.get(f"ansible.builtin.{name}", class_only=True)
    loader.action_loader.get("ovhcloud.vmware_encryption.role_options", class_only=True)
    list(loader.filter_loader.all())
    list(loader.test_loader.all())
    list(loader.lookup_loader.all(class_only=True))
    root = pathlib.Path(__file__).resolve().parents[3]
    for path in sorted((root / "plugins/modules").glob("*.py")):
        importlib.import_module(f"{COLLECTION}.plugins.modules.{path.stem}")


def play(order: dict[str, t.Any]) -> int:
    """Run ansible-playbook, or ansible, in this process and return its exit code."""
    from ansible.cli.adhoc import AdHocCLI
    from ansible.cli.playbook import PlaybookCLI

    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    screen = os.open(order["screen"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(screen, 1)
    os.dup2(screen, 2)
    try:
        program = AdHocCLI if order["arguments"][0] == "ansible" else PlaybookCLI
        return int(program(order["arguments"]).run() or 0)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    except BaseException:
        traceback.print_exc()
        return 250


def beside(name: str, path: pathlib.Path) -> t.Any:
    """A module of the tests by its file: importing its packages would load much that plays do not have."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """One order a line on standard input; for each a line with the process, and one with its exit code at its end."""
    here = pathlib.Path(__file__).resolve()
    preload()
    replace_execution()
    stay_in_process()
    # look up the names of the lab of each play: what the environments of make do at the start of Python
    beside("encryption_lab_names", here.parents[2] / "lab/names.py").install()
    templates = beside("warm_templates", here.with_name("templates.py"))
    templates.remember()
    # forks neither collect nor copy what is here already
    gc.collect()
    gc.freeze()
    gc.disable()
    answers = os.fdopen(os.dup(1), "w")
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as compiled:
            child = os.fork()
            if child == 0:
                os.setsid()  # a play is killed together with all it has started
                atexit._clear()  # what belongs to this process, its temporary folder among it
                code = play(json.loads(line))
                templates.hand_over(compiled)
                atexit._run_exitfuncs()
                sys.stdout.flush()
                os._exit(code)
            print(json.dumps({"pid": child}), file=answers, flush=True)
            _pid, status = os.waitpid(child, 0)
            templates.take_over(compiled)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
