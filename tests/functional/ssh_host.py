# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that Ansible reaches by ssh: OpenSSH's server on loopback, with its own port, keys and Python."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import typing as t

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/sbin")
PROGRAMS = ("sshd", "ssh", "ssh-keygen", "sftp")
GO, _END = "go", "end"
# a fault of the lab: 255 is also what ssh itself says of a connection that broke
_PYTHON = """echo python > {at}/ask
read action < {at}/answer
case $action in
drop_before) exit 255 ;;
drop_after) {python} "$@" > /dev/null 2>&1; exit 255 ;;
*) exec {python} "$@" ;;
esac"""
# a server that is root's gives its unprivileged part this folder (sshd(8), FILES); without it, it does not start
_SEPARATION = pathlib.Path("/run/sshd")


def program(name: str) -> str | None:
    """Where it is; the server is in no ordinary user's PATH."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(_PLACES))


def missing() -> list[str]:
    """The programs of OpenSSH that are not on this computer."""
    return [name for name in PROGRAMS if program(name) is None]


def own_srv(folder: pathlib.Path) -> list[str]:
    """Words before a command that let it see a folder as /srv, with a table of mounts of its own."""
    rights = [] if os.geteuid() == 0 else ["--map-current-user", "--keep-caps"]
    shell = f'mount --bind {shlex.quote(str(folder))} /srv && exec "$@"'
    return ["unshare", "--mount", *rights, "sh", "-c", shell, "sh"]


class SshHost:
    """Listens on 127.0.0.1 in a thread and gives each connection to an `sshd -i`, which ends with it.

    Nothing is left when this process ends, whatever ends it. Who may log in is the user who runs the tests. `heard` is
    told of each start of the host's Python, and says what becomes of it: GO, or a fault as the lab has them. With `srv`
    the host has that folder as its /srv, and a home of its own.
    """

    def __init__(
        self, name: str = "backup1", heard: t.Callable[[str], str] | None = None, srv: pathlib.Path | None = None
    ) -> None:
        self.name, self.heard, self._srv = name, heard, srv
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self._made = tempfile.TemporaryDirectory(prefix="vmware-encryption-ssh-")
        self.folder = pathlib.Path(self._made.name)
        self._pipes = self._asking()
        self.python = self._program("remote-python", _PYTHON.format(python=shlex.quote(sys.executable), at=self.folder))
        # takes the place of sudo: what it is asked for begins with the shell
        self.sudo = self._program("sudo", 'while [ "$1" != /bin/sh ]; do shift; done; exec "$@"')
        self.private_key, self._config = self._keys(), self.folder / "sshd_config"
        self._config.write_text(self._settings())
        self._servers: list[subprocess.Popen[bytes]] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        (self.folder / "known_hosts").write_text(
            f"[127.0.0.1]:{self.port} {(self.folder / 'host_key.pub').read_text()}"
        )
        self._threads = [threading.Thread(target=task, daemon=True) for task in (self._serve, self._answer)]
        for thread in self._threads:
            thread.start()

    def _program(self, name: str, does: str) -> pathlib.Path:
        """A program that notes by which ssh connection it was started."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$SSH_CONNECTION" >> {self.folder}/{name}.log\n{does}\n')
        path.chmod(0o755)
        return path

    def _asking(self) -> tuple[int, int]:
        """Pipes by which a program of the host asks this process. Both ways are open here, so nobody waits for us."""
        for name in ("ask", "answer"):
            os.mkfifo(self.folder / name)
        return os.open(self.folder / "ask", os.O_RDWR), os.open(self.folder / "answer", os.O_RDWR)

    def _answer(self) -> None:
        with (
            os.fdopen(self._pipes[0], "r+b", buffering=0) as asked,
            os.fdopen(self._pipes[1], "r+b", buffering=0) as answer,
        ):
            while (question := asked.readline().decode().strip()) != _END:
                answer.write(f"{self.heard(question) if self.heard else GO}\n".encode())

    def uses(self, name: str) -> list[str]:
        """The connections that have started `remote-python` or `sudo`; an empty line is none by ssh."""
        log = self.folder / f"{name}.log"
        return log.read_text().splitlines() if log.exists() else []

    def _keys(self) -> pathlib.Path:
        for name in ("host_key", "user_key"):
            command = [str(program("ssh-keygen")), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]
            subprocess.run(command, cwd=self.folder, check=True)
        return self.folder / "user_key"

    def _settings(self) -> str:
        if os.geteuid() == 0:
            _SEPARATION.mkdir(mode=0o755, exist_ok=True)
        lines = [
            f"HostKey {self.folder}/host_key",
            f"AuthorizedKeysFile {self.folder}/user_key.pub",
            f"AllowUsers {self.user}",
            "AuthenticationMethods publickey",
            "PermitRootLogin prohibit-password",
            "StrictModes no",  # the folder of the keys is below /tmp
            "UsePAM no",
            "PrintMotd no",
            "Subsystem sftp internal-sftp",
            *([f"SetEnv HOME={self.folder}"] if self._srv else []),
        ]
        return "\n".join([*lines, ""])

    def _serve(self) -> None:
        before = own_srv(self._srv) if self._srv else []
        command = [*before, str(program("sshd")), "-i", "-e", "-f", str(self._config)]
        log = (self.folder / "sshd.log").open("ab")
        with contextlib.suppress(OSError), log:  # the door is closed in the end
            while True:
                caller = self._door.accept()[0]
                with caller:
                    self._servers.append(
                        subprocess.Popen(command, stdin=caller.fileno(), stdout=caller.fileno(), stderr=log)
                    )

    def variables(self) -> dict[str, t.Any]:
        """What an inventory says of this host."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_ssh_private_key_file": str(self.private_key),
            "ansible_ssh_common_args": f"-F /dev/null -o UserKnownHostsFile={self.folder}/known_hosts",
            "ansible_control_path_dir": str(self.folder / "cp"),
            "ansible_remote_tmp": str(self.folder / "remote_tmp"),
            "ansible_python_interpreter": str(self.python),
            "ansible_pipelining": True,  # one connection for each module instead of five
        }

    def log(self) -> str:
        """What the servers have said."""
        return (self.folder / "sshd.log").read_text()

    def close(self) -> None:
        """Close the door and what came through it."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        (self.folder / "ask").write_text(f"{_END}\n")
        for thread in self._threads:
            thread.join(10)
        for server in self._servers:
            server.terminate()
            server.wait(10)
        self._made.cleanup()

    def __enter__(self) -> SshHost:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
