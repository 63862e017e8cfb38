# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader of the pages: a user who is not root, with a home of their own, who types one command after the other."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import pwd
import shlex
import shutil
import subprocess
import sys
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import warm
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import CONNECTION_PREFIXES
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.ssh_host import SshHost

NOBODY = "nobody"
TYPED = "a password that the reader types\n"  # what `read` gets
COLD = "PAGES_COLD"  # with this variable every playbook is an ansible-playbook of its own
PLAYS = ("ansible-playbook", "ansible")
PROGRAMS = pathlib.Path(sys.executable).parent
_LONGEST = 600.0


@functools.cache
def drop() -> tuple[str, ...]:
    """Words before a command that make it run as somebody else than root; none for those who are not root.

    Where that user cannot reach this Python, as below /root, one capability lets it read, and only read, everything.
    """
    if os.geteuid() != 0:
        return ()
    identity = ["setpriv", f"--reuid={NOBODY}", f"--regid={pwd.getpwnam(NOBODY).pw_gid}", "--clear-groups"]
    plain = [*identity, "--inh-caps=-all", "--bounding-set=-all", "--"]
    reading = [*identity, "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    reading += ["--bounding-set=-all,+dac_read_search", "--"]
    look = [sys.executable, "-c", "import os, ssl, ansible, sys; sys.exit(os.geteuid() == 0)"]
    for words in (plain, reading):
        if subprocess.run([*words, *look], cwd="/", stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return tuple(words)
    raise AssertionError(f"{NOBODY} cannot run {sys.executable}: run the tests as a user who is not root")


def give(path: str | os.PathLike[str]) -> None:
    """Make a folder and all that is in it the reader's."""
    if drop():
        for folder, _folders, files in os.walk(path):
            for one in (folder, *(os.path.join(folder, name) for name in files)):
                shutil.chown(one, NOBODY)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command did."""

    command: str
    code: int
    screen: str


class Reader:
    """Keeps the folder and the variables from one command to the next, as a shell does."""

    def __init__(self, home: pathlib.Path, environment: t.Mapping[str, str], folder: str = "work") -> None:
        self.home, self.folder = home, home / folder
        self.folder.mkdir(parents=True)
        self.environment = {
            **{key: value for key, value in os.environ.items() if self._kept(key)},
            **environment,
            "HOME": str(home),
            "PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_REMOTE_TMP": str(home / ".ansible/tmp"),  # the home of nobody exists nowhere
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        give(self.folder)

    @staticmethod
    def _kept(name: str) -> bool:
        foreign = ("ANSIBLE_", "PYTEST_", *CONNECTION_PREFIXES, "PYTHONPATH", "XDG_", "PIP_REQUIRE")
        return not name.startswith(foreign) and name not in ("HOME", "PATH", "USER", "LOGNAME", "MAIL", "PWD")

    def write(self, name: str, text: str) -> None:
        """A file in the folder where the reader is."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        if drop():
            shutil.chown(path, NOBODY)

    def knows(self, host: SshHost, name: str) -> None:
        """Let ssh reach a host under a name; it looks for settings in the home of the account, not in HOME."""
        folder = self.home / ".ssh"
        folder.mkdir(mode=0o700)
        for one in (host.private_key, host.folder / "known_hosts"):
            shutil.copy(one, folder / one.name)
        (folder / "config").write_text(
            f"Host {name}\nHostName 127.0.0.1\nPort {host.port}\nUser {host.user}\nIdentityFile {folder}/user_key\n"
            f"UserKnownHostsFile {folder}/known_hosts\n",
            encoding="ascii",
        )
        give(folder)
        self.environment["ANSIBLE_SSH_ARGS"] = f"-F {folder}/config"

    def type(self, command: str) -> Answer:
        """Run a command in a shell of its own that begins where the last one ended."""
        ended = self.home / ".ended"
        ended.unlink(missing_ok=True)
        script = f"{command}\ncode=$?; {{ pwd; env -0; }} > {shlex.quote(str(ended))}; exit $code"
        done = subprocess.run(
            [*drop(), "bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            input=TYPED,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
        if ended.exists():
            folder, _line, variables = ended.read_text(encoding="utf-8").partition("\n")
            self.folder = pathlib.Path(folder)
            pairs = (row.partition("=") for row in variables.split("\0") if row)
            self.environment = {name: value for name, _is, value in pairs if name not in ("_", "SHLVL")}
        return Answer(command, done.returncode, done.stdout)


class Library:
    """A home with an installed collection, and a warm process that has it loaded, for one reader after the other."""

    def __init__(self, home: pathlib.Path) -> None:
        self.home = home
        self._process: warm.WarmProcess | None = None
        self._readers = 0

    def reader(self, environment: t.Mapping[str, str]) -> WarmReader:
        """Another reader, in a folder of their own."""
        self._readers += 1
        return WarmReader(self, environment, f"work{self._readers}")

    def play(self, program: str, words: list[str], reader: Reader) -> tuple[int, str]:
        """Run one of Ansible's programs in a fork of the warm process."""
        if self._process is None:
            self._process = warm.WarmProcess(reader.environment, drop())
        screen = self.home / "screen.txt"
        return self._process.play(words, reader.folder, reader.environment, screen=screen, program=program)

    def close(self) -> None:
        """End the warm process."""
        if self._process is not None:
            self._process.close()


class WarmReader(Reader):
    """Runs Ansible's programs in forks of the library's process; `cold` of them first as users have them."""

    def __init__(self, library: Library, environment: t.Mapping[str, str], folder: str = "work", cold: int = 0) -> None:
        super().__init__(library.home, environment, folder)
        self._library, self._cold = library, cold

    def type(self, command: str) -> Answer:
        words = self._words(command)
        if words[0] not in PLAYS or os.environ.get(COLD):
            return super().type(command)
        if self._cold:
            self._cold -= 1
            return super().type(command)
        return Answer(command, *self._library.play(words[0], words[1:], self))

    def _words(self, command: str) -> list[str]:
        """The words of a command as a shell expands them; only the first one of what is no single command."""
        if command.split()[0] not in PLAYS:
            return command.split()[:1]
        script = f"words() {{ printf '%s\\0' \"$@\"; }}; words {command}"
        told = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, check=True, capture_output=True
        )
        return told.stdout.decode().split("\0")[:-1]
