# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in a fork of this process: what it prints and how it ends, as if it were a program."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import os
import runpy
import selectors
import signal
import sys
import tempfile
import threading
import time
import traceback
import typing as t

from ansible.module_utils import basic
from ansible.module_utils.common import warnings

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.watch import Watch

_PART = 1 << 16


class Program(t.NamedTuple):
    """What a module is given."""

    name: str  # of the Python module
    path: str
    arguments: bytes  # what a packed module would have in it
    environment: t.Mapping[str, str]
    folder: str


class Ending(t.NamedTuple):
    """As of a command of a shell."""

    code: int
    output: bytes
    errors: bytes


def run(program: Program, watch: Watch | None = None) -> Ending:
    """Run it to its end, and show what it is at.

    Whoever stops waiting, as a time limit of Ansible does, leaves it running, as ever.
    """
    output, errors = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        progress.listen(watch.hear if watch else None)
        _become(program, output[1], errors[1])
    os.close(output[1])
    os.close(errors[1])
    with open(output[0], "rb", 0) as shown, open(errors[0], "rb", 0) as told:
        found = _read(shown, told, watch)
    _pid, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return Ending(code if code >= 0 else 128 - code, *found)


def _read(output: io.FileIO, errors: io.FileIO, watch: Watch | None) -> list[bytes]:
    """All of both, while they come in turns."""
    found: dict[t.Any, bytearray] = {output: bytearray(), errors: bytearray()}
    with selectors.DefaultSelector() as selector:
        for file in found:
            selector.register(file, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(watch.left() if watch else None)
            if watch:
                watch.look()
            for key, _events in ready:
                part = os.read(key.fd, _PART)
                found[key.fileobj] += part
                if not part:
                    selector.unregister(key.fileobj)
    return [bytes(part) for part in found.values()]


def _become(program: Program, output: int, errors: int) -> t.NoReturn:
    """Be that program from here on: nothing of the worker is left to it, and nothing of it to the worker."""
    code = 1
    try:
        gc.freeze()  # what is there stays shared with the worker
        _streams(output, errors)
        try:
            code = _main(program)
        except BaseException:
            traceback.print_exc()
        threading._shutdown()  # type: ignore[attr-defined]  # as Python does at its end
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # sys.exit would go up through the worker's own frames, which this fork has as well
        os._exit(code)


def _streams(output: int, errors: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, given in enumerate((nothing, output, errors)):
        os.dup2(given, number)
    sys.stdin = sys.__stdin__ = _stream(0, "r")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _stream(1, "w")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "w", "backslashreplace")  # type: ignore[misc]


def _stream(number: int, mode: str, errors: str = "strict") -> t.Any:
    return open(number, mode, encoding=sys.getfilesystemencoding(), errors=errors, closefd=False)


def _main(program: Program) -> int:
    _forget()
    os.environ.update(program.environment)
    time.tzset()
    os.chdir(program.folder)
    sys.argv = [program.path]
    basic._ANSIBLE_ARGS = program.arguments
    try:
        _start(program.name)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
    return 1


def _forget() -> None:
    """Leave what belongs to the worker: its handlers, what it does at its end, and that it is part of Ansible."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    atexit._clear()
    tempfile.tempdir = None
    warnings._global_warnings.clear()
    warnings._global_deprecations.clear()
    with contextlib.suppress(ImportError):  # before ansible-core 2.19
        from ansible.module_utils import _internal
        from ansible.module_utils._internal import _traceback

        _internal.is_controller = False
        _internal.import_controller_module = lambda _name, /: None
        _internal.get_controller_serialize_map = dict
        _traceback._is_traceback_enabled = _traceback._is_module_traceback_enabled
        _traceback._module_tracebacks_enabled_events = None


def _start(name: str) -> None:
    """Begin as Ansible's wrapper begins a module that it has unpacked."""
    sys.modules.pop(name, None)
    loader = None
    with contextlib.suppress(ImportError):  # before ansible-core 2.19
        loader = importlib.import_module("ansible.module_utils._internal._ansiballz._loader")
    if loader:
        arguments = basic._ANSIBLE_ARGS
        loader.run_module(json_params=arguments, profile="legacy", module_fqn=name, modlib_path="", extensions={})
    runpy.run_module(name, {"_module_fqn": name, "_modlib_path": ""}, "__main__", alter_sys=True)
    print('{"msg": "New-style module did not handle its own exit", "failed": true}')
    raise SystemExit(1)
