# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in a fork is a program: what it does to itself stays there, and all that it says comes back."""

from __future__ import annotations

import atexit
import json
import os
import pathlib
import signal
import sys
import tempfile
import textwrap
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process import forked

Start = t.Callable[..., forked.Ending]


@pytest.fixture
def start(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Runs these lines as a module."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(lines: str, **environment: str) -> forked.Ending:
        file = tmp_path / "forked_probe.py"
        file.write_text(textwrap.dedent(lines))
        return forked.run(forked.Program("forked_probe", str(file), b'{"a": 1}', environment, str(tmp_path)))

    return run


def test_what_it_prints_comes_back_in_any_size(start: Start) -> None:
    ending = start(
        """
        import os, subprocess, sys
        for _number in range(40):
            sys.stdout.write("o" * 10000)
            sys.stderr.write("e" * 10000)
        sys.stdout.flush()
        os.write(1, b"deep")
        subprocess.run(["echo", "deeper"])
        raise SystemExit(0)
        """
    )
    assert ending == (0, b"o" * 400000 + b"deepdeeper\n", b"e" * 400000)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("import os; os._exit(5)", 5),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("raise KeyboardInterrupt", 1),
    ],
)
def test_code_of_its_end_comes_back(start: Start, lines: str, code: int) -> None:
    assert start(lines).code == code


def test_text_of_its_end_is_an_error(start: Start) -> None:
    assert start("raise SystemExit('no')").errors == b"no\n"


def test_it_starts_as_a_program_does(start: Start, tmp_path: pathlib.Path) -> None:
    handled = (signal.SIGTERM, signal.SIGALRM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: None) for number in handled]
    tempfile.gettempdir()  # from now on Python knows it
    try:
        ending = start(
            """
            import json, os, signal, sys, tempfile, time
            from ansible.module_utils import basic
            found = {
                "term": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
                "alarm": signal.getsignal(signal.SIGALRM) == signal.SIG_DFL,
                "int": signal.getsignal(signal.SIGINT) == signal.default_int_handler,
                "pipe": signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN,
                "name": __name__, "words": sys.argv, "folder": os.getcwd(), "input": sys.stdin.read(),
                "home": os.path.expanduser("~"), "temporary": tempfile.gettempdir(), "zone": time.tzname[0],
                "arguments": basic._ANSIBLE_ARGS.decode(),
            }
            print(json.dumps(found))
            raise SystemExit
            """,
            HOME="/home/probe",
            TMPDIR="/var/tmp",
            TZ="UTC-5",
        )
    finally:
        for number, handler in zip(handled, before):
            signal.signal(number, handler)
    path = str(tmp_path / "forked_probe.py")
    assert ending.errors == b""
    assert json.loads(ending.output) == {
        **dict.fromkeys(("term", "alarm", "int", "pipe"), True),
        "name": "__main__",
        "words": [path],
        "folder": str(tmp_path),
        "input": "",
        "home": "/home/probe",
        "temporary": "/var/tmp",
        "zone": "UTC",
        "arguments": '{"a": 1}',
    }


def test_what_it_changes_stays_in_it(start: Start) -> None:
    before = (os.getcwd(), dict(os.environ), list(sys.argv), signal.getsignal(signal.SIGTERM), sys.stdout)
    mask = os.umask(0o22)
    start("import os, signal, sys; os.umask(0); os.environ['X'] = '1'; sys.path.clear(); raise SystemExit", Y="2")
    assert os.umask(mask) == 0o22
    assert (os.getcwd(), dict(os.environ), list(sys.argv), signal.getsignal(signal.SIGTERM), sys.stdout) == before
    assert sys.path


def test_thread_ends_its_work_before_it(start: Start) -> None:
    ending = start(
        """
        import atexit, os, threading
        release = threading.Event()
        def late():
            release.wait()
            os.write(1, b"thread ")
        threading.Thread(target=late).start()
        atexit.register(os.write, 1, b"end")
        release.set()
        raise SystemExit
        """
    )
    assert ending.output == b"thread end"


def test_ends_of_the_worker_are_not_its_own(start: Start, tmp_path: pathlib.Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("")
    atexit.register(kept.unlink)
    try:
        assert start("raise SystemExit").code == 0
        assert kept.exists()
    finally:
        atexit.unregister(kept.unlink)


def test_no_pipe_is_left_open(start: Start) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    start("raise SystemExit")
    assert sorted(os.listdir("/proc/self/fd")) == before
