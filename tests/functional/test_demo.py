# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: plan and summary on the screen, everything in the log, and on the screen too when asked for."""

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.demo import screen
from ansible_collections.ovhcloud.vmware_encryption.tests.demo.__main__ import CHAPTERS
from ansible_collections.ovhcloud.vmware_encryption.tests.demo.demo import Demo

PLAY = """
- hosts: localhost
  gather_facts: false
  connection: local
  tasks:
    - name: Plan
      ansible.builtin.debug:
        msg: [selected 6, encrypt 5]
    - name: Look closely
      ansible.builtin.debug:
        msg: a detail that only the log has
    - name: Take in a role, as the playbooks do
      ansible.builtin.include_role:
        name: speaker
    - name: Do what fails
      ansible.builtin.fail:
        msg: "the KMS\\nis down"
      when: failing | default(false)
"""
ROLE = """
- name: Summary of the work
  ansible.builtin.debug:
    msg: {done: [one, two], changed: [key provider okms-prod], to_do: [], blocked_by: []}
"""


class QuietLab:
    """What the demonstration asks the lab for its table of requests."""

    environment: t.ClassVar[dict[str, str]] = {}

    def ask(self, path: str) -> t.Any:
        """No requests were made."""
        return {"mark": 0, "summary": {}}


@pytest.fixture
def demo(tmp_path: pathlib.Path) -> t.Callable[[bool], Demo]:
    """A demonstration of one small play."""
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    (tmp_path / "roles/speaker/tasks").mkdir(parents=True)
    (tmp_path / "roles/speaker/tasks/main.yml").write_text(ROLE, encoding="utf-8")
    return lambda verbose: Demo(t.cast("t.Any", QuietLab()), tmp_path, tmp_path / "log/ansible.log", verbose)


@pytest.mark.parametrize("verbose", [False, True])
def test_screen_has_plan_and_summary_and_log_everything(
    demo: t.Callable[[bool], Demo], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    made = demo(verbose)
    recap = made.play("first run", str(tmp_path / "play.yml"), {"failing": verbose}, "--check")
    shown, log = capsys.readouterr().out, made.log.read_text(encoding="utf-8")
    assert recap["code"] == (2 if verbose else 0)
    assert "  $ ansible-playbook play.yml --check" in shown
    plan = ["  plan", "    selected 6", "    encrypt 5"]
    summary = ["  summary", "    done        2 steps", "    changed     key provider okms-prod"]
    assert "\n".join([*plan, *summary]) in shown
    assert ("  failed: the KMS is down" in shown) == verbose
    assert "TASK [Look closely]" in log and "PLAY RECAP" in log
    assert ("a detail that only the log has" in shown) == verbose


def test_contents_number_the_chapters_and_add_their_times() -> None:
    chapter = types.SimpleNamespace
    lines = screen.contents(
        t.cast("list[screen.Chapter]", [chapter(title="A", seconds=50), chapter(title="B", seconds=75)])
    )
    assert [line.split() for line in lines[1:]] == [
        ["1.", "A", "50", "s"],
        ["2.", "B", "1", "min", "15", "s"],
        ["all", "of", "it", "2", "min", "05", "s"],
    ]


def test_chapters_show_every_part_of_the_work() -> None:
    shown = [chapter.show.__name__.strip("_") for chapter in CHAPTERS]
    assert shown == ["okms", "keys", "encrypt", "native", "recovery", "external", "migrate", "rotate", "audit", "move"]
    assert all(chapter.sentence.endswith(".") and chapter.sentence.count(". ") == 0 for chapter in CHAPTERS)
