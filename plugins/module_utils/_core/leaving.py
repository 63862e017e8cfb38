# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to unfinished files when this process is told to end, as by a cancelled job or a closed terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import types
import typing as t

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_unfinished: list[str] = []
_before: dict[int, t.Any] = {}


def remember(path: str) -> None:
    """Remove this file or empty folder when the process is told to end; called before it is made."""
    if not _unfinished and threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            # one that is ignored, as with nohup, stays so
            if handler not in (signal.SIG_IGN, None):
                _before[number] = handler
                signal.signal(number, _end)
    _unfinished.append(path)


def forget(path: str) -> None:
    """It is finished, or gone."""
    with contextlib.suppress(ValueError):
        _unfinished.remove(path)
    if not _unfinished and threading.current_thread() is threading.main_thread():
        while _before:
            signal.signal(*_before.popitem())


@contextlib.contextmanager
def removed_on_end(*paths: str) -> t.Iterator[None]:
    """Files and folders that this block makes and removes; the folder of a file before it."""
    for path in paths:
        remember(path)
    try:
        yield
    finally:
        for path in paths:
            forget(path)


@contextlib.contextmanager
def uninterrupted() -> t.Iterator[None]:
    """A signal to end waits until the block is done: what comes into being there exists nowhere else."""
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {*_SIGNALS, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)


def _end(number: int, _frame: types.FrameType | None) -> None:
    for path in reversed(_unfinished):
        with contextlib.suppress(OSError):
            os.unlink(path)
        with contextlib.suppress(OSError):
            os.rmdir(path)
    signal.signal(number, _before.get(number, signal.SIG_DFL))
    os.kill(os.getpid(), number)
