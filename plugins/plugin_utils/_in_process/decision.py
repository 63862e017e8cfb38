# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a module may run in a fork of Ansible's own worker: where it would find all that it finds in a program."""

from __future__ import annotations

import dataclasses
import os
import site
import sys
import typing as t

CORES = ((2, 16), (2, 22))  # from, and below: the versions of ansible-core whose inner ways are known, and tested
SHELLS = ("/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash")
LOCAL = "ansible.plugins.connection.local"
# what Python, the loader or OpenSSL read when they start; they have started
_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "OPENSSL_", "SSLKEYLOGFILE", "GLIBC_", "MALLOC_")


@dataclasses.dataclass(frozen=True)
class Situation:
    """What is known of a task before it begins."""

    core: tuple[int, ...]
    enabled: bool = True
    system: str = "linux"
    start_method: str = "fork"
    connection: str = LOCAL
    become: bool = False
    run_async: bool = False
    keeps_files: bool = False
    open_files: int = 0
    shell: str = SHELLS[0]
    interpreter: str | None = None
    environment: t.Collection[str] = ()
    not_loaded: str | None = None


def why_not(task: Situation) -> str | None:
    """The first reason against it, in words, or None."""
    at_start = sorted(name for name in task.environment if name.startswith(_AT_START))
    for against, reason in (
        (not task.enabled, "it is turned off"),
        (not CORES[0] <= task.core[:2] < CORES[1], f"ansible-core {'.'.join(map(str, task.core))} is not known to it"),
        (task.system != "linux", f"the system is {task.system}, not linux"),
        (task.start_method != "fork", f"the workers start by {task.start_method}, not by fork"),
        (task.connection != LOCAL, f"the connection is {task.connection.rpartition('.')[2]}, not local"),
        (task.become, "the task becomes another user"),
        (task.run_async, "the task is asynchronous"),
        (task.keeps_files, "ANSIBLE_KEEP_REMOTE_FILES keeps the files of modules"),
        (bool(task.open_files), "python_module_rlimit_nofile limits the open files of modules"),
        (task.shell not in SHELLS, f"commands run in {task.shell}"),
        (bool(at_start), f"the environment of the task has {', '.join(at_start)}, read only when a program starts"),
        (task.interpreter is None, "Ansible has yet to find the Python of this host"),
        (
            not same_python(task.interpreter or ""),
            f"the Python is {task.interpreter}, that of Ansible {sys.executable}",
        ),
        (own_way(), "Ansible's Python was started with options of its own"),
        (task.not_loaded is not None, f"it cannot be loaded here ({task.not_loaded})"),
    ):
        if against:
            return reason
    return None


def same_python(path: str, own: str | None = None) -> bool:
    """Whether that program is the Python that runs us, in the same virtual environment.

    The Python of an environment is a link to the one that made it, so the folder decides as well.
    """
    own = sys.executable if own is None else own
    if not os.path.isabs(path) or not own:
        return False
    folders = {os.path.realpath(os.path.dirname(one)) for one in (path, own)}
    return len(folders) == 1 and os.path.realpath(path) == os.path.realpath(own)


def own_way(flags: t.Any = None, user_site: str | None = None) -> bool:
    """Whether options of the command (-E, -I, -S, -s) hide packages that a module would find."""
    flags = flags or sys.flags
    hidden = flags.no_user_site and os.path.isdir(user_site or site.getusersitepackages())
    return bool(flags.ignore_environment or flags.no_site or hidden)
