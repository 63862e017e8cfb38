# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make test` counts is what ran, and nothing of the user's shell gets in."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap
import time

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.tools import __main__ as main
from ansible_collections.ovhcloud.vmware_encryption.tests.tools import beside, load, process, pythons, steps, tally
from ansible_collections.ovhcloud.vmware_encryption.tests.tools.paths import BYTECODE
from ansible_collections.ovhcloud.vmware_encryption.tests.tools.tally import Row, Tally

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_junit_counts_and_names_what_did_not_pass(tmp_path: pathlib.Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite><testcase classname='c' name='a'/>"
        "<testcase classname='c' name='b'><failure message='at once&#10;in detail'>text</failure></testcase>"
        "<testcase classname='c' name='c'><error/></testcase>"
        "<testcase classname='c' name='d'><skipped message='why'/></testcase></testsuite></testsuites>"
    )
    counted = tally.junit([report])
    assert (counted.passed, counted.failed, counted.skipped) == (1, 2, 1)
    assert counted.notes == ["    failed: c::b: at once", "    failed: c::c: ", "    skipped: c::d: why"]


def test_sanity_counts_each_test_and_python() -> None:
    output = (
        'Running sanity test "compile" on Python 3.9\nRunning sanity test "compile" on Python 3.13\n'
        'Running sanity test "pylint"\n'
        "FATAL: The 1 sanity test(s) listed below (out of 3) failed. See error output above for details.\npylint\n"
    )
    counted = tally.sanity(output)
    assert (counted.passed, counted.failed) == (2, 1)


def test_plain_counts_are_those_of_the_last_line() -> None:
    counted = tally.plain("2 passed, 0 failed\nmore\n4 passed, 1 failed\n")
    assert (counted.passed, counted.failed) == (4, 1)
    assert tally.plain("nothing of the kind").passed == 0


def test_table_ends_with_the_sum() -> None:
    rows = [
        Row("unit", Tally(passed=4), 1.2, 30.4),
        Row("sanity", Tally(passed=1, failed=2), 3.0, 2.0),
        Row("report", Tally(), 0.0, 0.0),
    ]
    lines = tally.table(rows, 3.6).splitlines()
    assert lines[-1] == "5 passed, 2 failed"
    assert lines[-3].split() == ["all", "4", "32", "5", "2", "0"]
    assert lines[1].endswith("passed")
    assert lines[2].endswith("FAILED")
    assert lines[3].endswith("not run")


def test_settings_of_the_user_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = ("OVH_APPLICATION_SECRET", "VMWARE_PASSWORD", "ANSIBLE_CONFIG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    for name in foreign:
        monkeypatch.setenv(name, "of the user")
    monkeypatch.setenv("no_proxy", "example.com")
    environment = process.clean_environment({"PATH": "ours"})
    assert "of the user" not in environment.values()
    assert environment["PATH"] == "ours"
    assert environment["PYTHONPYCACHEPREFIX"] == str(BYTECODE)
    assert environment["no_proxy"] == "example.com,localhost,127.0.0.1,::1"


def test_failing_program_is_logged_with_its_code(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "logs" / "step.log"
    done = process.run([sys.executable, "-c", "print('said'); raise SystemExit(3)"], log, tmp_path, {})
    assert (done.code, done.output) == (3, "said\n")
    assert "said" in log.read_text()


@pytest.mark.parametrize(("latest", "result"), [(None, "passed"), (60, "passed"), (-1, "not run")])
def test_a_late_step_is_loudly_not_run(capsys: pytest.CaptureFixture[str], latest: int | None, result: str) -> None:
    step = steps.Step("sample", "a sample", lambda _log: Tally(passed=1), latest=latest)
    assert main.in_time(step, time.monotonic()).result == result
    assert ("NOT RUN" in capsys.readouterr().out) is (result == "not run")


def test_first_wanted_python_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "available", lambda: {(3, 12): pathlib.Path("b"), (3, 11): pathlib.Path("a")})
    assert pythons.pick(((3, 13), (3, 11), (3, 12))) == ((3, 11), pathlib.Path("a"))
    assert pythons.pick(((3, 10),)) is None


def test_without_a_browser_the_report_is_loudly_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = steps.report(tmp_path / "log")
    assert (result.passed, result.failed) == (0, 0)
    assert "NOT RUN: Chromium is not on this machine" in result.notes[0]
    assert "apt-get install" in result.notes[0]
    # in CI there is always one
    assert "chromium" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize(
    ("said", "version"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_392"', 1), ("no Java", 0)],
)
def test_version_of_java_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, said: str, version: int
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert steps._java() == version


def test_without_java_rulebooks_are_loudly_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    result = steps.events(tmp_path / "log")
    assert (result.passed, result.failed) == (0, 0)
    assert "NOT RUN: Java 17 or newer is not on this machine" in result.notes[0]
    # in CI there is always one
    assert "openjdk-17-jre-headless" in (ROOT / ".ci/run").read_text()


def test_a_busy_machine_is_quiet_again_in_the_end() -> None:
    with load.busy(2) as hogs:
        for pid in hogs:
            os.kill(pid, 0)
    for pid in hogs:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize(
    ("lines", "lock", "good"),
    [
        (["COPY _build/locks/requirements.lock /tmp/", "RUN $PYCMD -m pip install --require-hashes -r x"], True, True),
        (["COPY _build/locks/requirements.lock /tmp/", "RUN $PYCMD -m pip install -r x"], True, False),
        (["RUN $PYCMD -m pip install --require-hashes -r x"], True, False),
        (
            ["COPY _build/locks/requirements.lock /tmp/", "RUN $PYCMD -m pip install --require-hashes -r x"],
            False,
            False,
        ),
        (
            [
                "COPY _build/locks/requirements.lock /tmp/",
                "RUN $PYCMD -m pip install --require-hashes -r x",
                "RUN dnf install gcc",
            ],
            True,
            False,
        ),
    ],
    ids=["as it should be", "no hashes", "no lock", "another lock", "a compiler"],
)
def test_context_of_a_container_is_judged(tmp_path: pathlib.Path, lines: list[str], lock: bool, good: bool) -> None:
    (tmp_path / "Containerfile").write_text("\n".join(lines))
    (tmp_path / "_build/locks").mkdir(parents=True)
    text = (ROOT / "meta/ee/requirements.lock").read_text() if lock else "requests\n"
    (tmp_path / "_build/locks/requirements.lock").write_text(text)
    (tmp_path / "_build/requirements.yml").write_text("ansible-collection-vmware-encryption.git awx.awx")
    judged = steps._context(tmp_path)
    assert (judged.passed, judged.failed) == ((1, 0) if good else (0, 1)), judged.notes


def test_tests_can_press_ctrl_c_in_the_background() -> None:
    """`make test &` in a script: what runs below has ctrl-C ignored unless the tools take that back."""
    pressed = 'import os, signal; os.kill(os.getpid(), signal.SIGINT); print("ignored")'
    tools = f"""
        import subprocess, sys
        from {main.__name__} import _heed_interrupts
        {{heed}}
        print(subprocess.run([sys.executable, "-c", {pressed!r}], capture_output=True, text=True).stdout)
    """
    said = {}
    for heed in ("_heed_interrupts()", "pass"):
        script = textwrap.dedent(tools).format(heed=heed)
        command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c", script]
        said[heed] = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert said == {"_heed_interrupts()": "", "pass": "ignored"}


def test_steps_beside_the_others_lose_no_result(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "results/rows.json"
    rows = [Row("docs", Tally(passed=3, notes=["  ok"]), 1.5, 2.5), Row("package", Tally(failed=1), 1.0, 0.5)]
    beside.write(rows, file)
    assert beside.read(["docs", "package"], file) == rows
    *known, lost = beside.read(["docs", "package", "sanity"], file)
    assert (known, lost.result, len(lost.tally.notes)) == (rows, "FAILED", 1)
    assert [row.result for row in beside.read(["docs"], tmp_path / "none.json")] == ["FAILED"]


def test_a_step_whose_program_is_missing_fails_alone(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(log: pathlib.Path) -> Tally:
        done = process.run(["no-such-program"], log, tmp_path, {})
        return Tally(passed=done.code)

    row = main.perform(steps.Step("missing", "a program that nobody has", missing))
    assert (row.result, row.tally.failed) == ("FAILED", 1)
    assert "no-such-program" in capsys.readouterr().out
