# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments, made on first use and made anew when their requirements or interpreter change."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import os
import pathlib
import shutil
import sys
import time

from . import process, pythons
from .paths import (
    LAB_NAMES,
    LOCK,
    LOGS,
    LOWEST_REQUIREMENTS,
    REQUIREMENTS,
    ROOT,
    RUNTIME_REQUIREMENTS,
    VENVS,
    shown,
)
from .pythons import Version

LAB_MODULE, LAB_VARIABLE = "encryption_lab_names", "ENCRYPTION_LAB_HOSTS"


class InterpreterError(Exception):
    """None of the Python versions that an environment may have is on this computer."""


def _own_first(versions: tuple[Version, ...]) -> tuple[Version, ...]:
    own = (sys.version_info[0], sys.version_info[1])
    return tuple(sorted(versions, key=lambda version: version != own))


@dataclasses.dataclass(frozen=True)
class Venv:
    """One environment: its name, the Pythons it may have (best first), its requirement files."""

    name: str
    versions: tuple[Version, ...]
    files: tuple[pathlib.Path, ...]

    @property
    def folder(self) -> pathlib.Path:
        return VENVS / self.name

    @property
    def bin(self) -> pathlib.Path:
        return self.folder / "bin"

    @property
    def python(self) -> pathlib.Path:
        return self.bin / "python"

    def interpreter(self) -> tuple[Version, pathlib.Path]:
        """The version and the interpreter that the environment is made from."""
        picked = pythons.pick(self.versions)
        if picked is None:
            wanted = ", ".join(map(pythons.text, sorted(self.versions)))
            raise InterpreterError(f"needs one of Python {wanted} with the modules venv and ensurepip; none was found")
        return picked

    def ensure(self) -> Venv:
        """Make it if it is missing or out of date; two callers at once wait for each other."""
        VENVS.mkdir(parents=True, exist_ok=True)
        version, interpreter = self.interpreter()
        wanted = hashlib.sha256(
            b"\0".join([str(interpreter).encode(), *(file.read_bytes() for file in self.files)])
        ).hexdigest()
        with (VENVS / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = self.folder / "stamp"
            if not stamp.exists() or stamp.read_text() != wanted:
                self._make(version, interpreter)
                stamp.write_text(wanted)
            self._install_names()
        return self

    def _install_names(self) -> None:
        """Let Python look up the names of a lab that a variable names (tests/lab/names.py); other Pythons cannot."""
        source = LAB_NAMES.read_text(encoding="utf-8")
        start = f"import os; os.environ.get({LAB_VARIABLE!r}) and __import__({LAB_MODULE!r}).install()\n"
        for packages in self.folder.glob("lib/python3*/site-packages"):
            for name, text in ((f"{LAB_MODULE}.py", source), (f"{LAB_MODULE}.pth", start)):
                file = packages / name
                if not file.exists() or file.read_text(encoding="utf-8") != text:
                    half = packages / f"{name}.{os.getpid()}.part"
                    half.write_text(text, encoding="utf-8")
                    half.replace(file)

    def _make(self, version: Version, interpreter: pathlib.Path) -> None:
        started, log = time.monotonic(), LOGS / f"venv-{self.name}.log"
        print(f"  environment {self.name}: installing on Python {pythons.text(version)} ...", end=" ", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        log.unlink(missing_ok=True)
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        # pip verifies the hashes of a lock only when each package of the command has some
        locks = [[*pip, "--require-hashes", "-r", str(file)] for file in self.files if file.suffix == ".lock"]
        others = [word for file in self.files if file.suffix != ".lock" for word in ("-r", str(file))]
        for command in ([str(interpreter), "-m", "venv", str(self.folder)], [*pip, *others], *locks):
            done = process.run(command, log, ROOT, process.clean_environment())
            if done.code:
                print("failed")
                raise process.ProgramError(f"environment {self.name} ({shown(log)}):\n{process.tail(done.output)}")
        print(f"{time.monotonic() - started:.0f} s")


# ansible-core 2.20 and 2.21 run on 3.12 to 3.14, 2.19 on 3.11 to 3.13, 2.16 on 3.10 to 3.12; pip takes the newest core.
NEWEST_CORE: tuple[Version, ...] = ((3, 13), (3, 14), (3, 12), (3, 11))
OLDEST_CORE: tuple[Version, ...] = ((3, 10), (3, 11), (3, 12))
MODULES: tuple[Version, ...] = tuple((3, minor) for minor in range(pythons.OLDEST[1], pythons.NEWEST[1] + 1))

_CORE = REQUIREMENTS / "core-newest.txt"
_LAB = (RUNTIME_REQUIREMENTS, REQUIREMENTS / "lab.txt")
_TEST = (*_LAB, REQUIREMENTS / "lab-check.txt", REQUIREMENTS / "test.txt")

RUN = Venv("run", _own_first(NEWEST_CORE), (_CORE, *_LAB, REQUIREMENTS / "lab-check.txt"))
# the vendor's SDK is large, and nothing else needs it
LAB_CHECK = Venv("lab-check", RUN.versions, (*RUN.files, REQUIREMENTS / "lab-check-sdk.txt"))
# what vmware.vmware and community.vmware need beside; the bench compares with them
PEERS = Venv("peers", RUN.versions, (*RUN.files, REQUIREMENTS / "lab-check-sdk.txt"))
LINT = Venv("lint", NEWEST_CORE, (_CORE, REQUIREMENTS / "lint.txt", *_TEST))
NEWEST = Venv("newest", NEWEST_CORE, (_CORE, *_TEST, REQUIREMENTS / "fuzz.txt"))
# as AWX starts jobs
AWX = Venv("awx", NEWEST_CORE, (_CORE, *_TEST, REQUIREMENTS / "awx.txt"))
# as somebody runs rulebooks: the event source needs what modules need, in the Python of ansible-rulebook
EVENTS = Venv("events", NEWEST_CORE, (_CORE, *_TEST, REQUIREMENTS / "events.txt"))
OLDEST = Venv("oldest", OLDEST_CORE, (REQUIREMENTS / "core-oldest.txt", *_TEST))
# for modules alone; their tests run elsewhere
LOWEST = Venv("lowest", MODULES, (LOWEST_REQUIREMENTS,))
SANITY = Venv("sanity", NEWEST_CORE, (_CORE,))
TOOLS = Venv("tools", NEWEST_CORE, (_CORE, REQUIREMENTS / "tools.txt"))
# what the definition of an execution environment names, and an ansible-core of either end
EE_NEWEST = Venv("ee-newest", NEWEST_CORE, (_CORE, LOCK))
EE_OLDEST = Venv("ee-oldest", ((3, 11), (3, 12)), (REQUIREMENTS / "core-oldest.txt", LOCK))
