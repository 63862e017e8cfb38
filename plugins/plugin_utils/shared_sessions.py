# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of a run lets its tasks share sessions, and ends these when it ends itself: see _core.kept."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import types
import typing as t

from ansible import constants as C  # noqa: N812

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import kept
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    UnreachableError,
)

_owner = 0  # id of the process that has begun


def begin() -> None:
    """Called in the process of the run, before its first task. A worker that comes first shares nothing."""
    global _owner
    if _owner or multiprocessing.parent_process() is not None:
        return
    try:
        folder = tempfile.mkdtemp(prefix="vmware_encryption_", dir=C.DEFAULT_LOCAL_TMP)
    except OSError:
        return  # each task has its own sessions then
    _owner = os.getpid()
    kept.share_in(folder)
    atexit.register(_end, folder)
    _end_on_termination(folder)


def _end_on_termination(folder: str) -> None:
    """A cancelled job: Ansible tells its workers and then ends itself with the same signal, so nothing runs at exit."""
    before = signal.getsignal(signal.SIGTERM)
    if before in (signal.SIG_IGN, None) or threading.current_thread() is not threading.main_thread():
        return

    def ended(number: int, _frame: types.FrameType | None) -> None:
        signal.signal(number, before)
        _end(folder)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, ended)


def _end(folder: str) -> None:
    if os.getpid() == _owner:  # and not a fork of it
        end(folder)


def end(folder: str) -> None:
    """End all sessions that were shared in the folder, and remove it."""
    unreachable = set()
    for kind, record in kept.left_in(folder):
        log_out, place = _ways().get(kind), str(record.get("place"))
        if log_out is None or place in unreachable:
            continue
        try:
            log_out(record)
        except CollectionError as error:  # vCenter ends it by itself when it has been idle for long
            if isinstance(error, UnreachableError):
                unreachable.add(place)
    shutil.rmtree(folder, ignore_errors=True)


def _ways() -> dict[str, t.Callable[[t.Mapping[str, t.Any]], None]]:
    """How to end a session of each kind; tokens of OVHcloud end by themselves."""
    from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import rest, session

    return {kept.SOAP: session.log_out_soap, kept.REST: rest.log_out_rest}
