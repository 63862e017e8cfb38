# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs whole modules in this process and playbooks in a child, against the lab, judged by what Ansible sees."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import importlib
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import typing as t

import yaml
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as ansible_warnings

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import UNEXPECTED
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import warm

if (
    t.TYPE_CHECKING
):  # the processes of a test that run one module need no lab of their own, and loading it takes a second
    from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

COLLECTION = "ansible_collections.ovhcloud.vmware_encryption"
ROOT = pathlib.Path(__file__).resolve().parents[2]
GROUPS: dict[str, list[str]] = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
# the variables that a module would take its connection from
CONNECTION_PREFIXES = ("OVH_", "VMWARE_", "KMIP_", "VAULT_")
# those that do not change what Ansible is, but what a play finds
PLAY_PREFIXES = (*CONNECTION_PREFIXES, "LAB_")
# that the labs of one process use in turn; a lab that is tested uses a few
RSA_KEYS = 24

_LONGEST, _LOOK = 300.0, 0.02  # seconds that a play may take, and between two looks at it


@dataclasses.dataclass(frozen=True)
class ModuleResult:
    """What a module printed."""

    data: dict[str, t.Any]
    output: str

    def __getitem__(self, key: str) -> t.Any:
        return self.data[key]

    @property
    def changed(self) -> bool:
        return bool(self.data.get("changed"))

    @property
    def failed(self) -> bool:
        return bool(self.data.get("failed"))

    @property
    def msg(self) -> str:
        return str(self.data.get("msg", ""))

    @property
    def diff(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.data.get("diff", {}))

    @property
    def warnings(self) -> list[str]:
        """The texts; from 2.19 on, ansible-core wraps them in a summary."""
        found = self.data.get("warnings", [])
        return [str(warning["event"]["msg"] if isinstance(warning, dict) else warning) for warning in found]


class UnexpectedEndError(AssertionError):
    """A module came upon something that its code did not foresee."""

    def __init__(self, result: ModuleResult) -> None:
        super().__init__(f"{result.msg}\n{result.data.get('exception')}")
        self.result = result


def group_of(module: str) -> str:
    """The action group that the module belongs to."""
    return next(group for group, modules in GROUPS.items() if module in modules)


def connection(lab: Lab, group: str) -> dict[str, t.Any]:
    """Connection options of an action group for the lab."""
    if group == "ovhcloud":
        return {
            "endpoint": lab.ovh_endpoint,
            "application_key": lab.application_key,
            "application_secret": lab.application_secret,
            "consumer_key": lab.consumer_key,
            "ca_path": str(lab.ca_path),
        }
    if group == "vsphere":
        return {
            "hostname": lab.vcenter_hostname,
            "port": lab.vcenter_port,
            "username": lab.vcenter_username,
            "password": lab.vcenter_password,
            "ca_path": str(lab.ca_path),
        }
    if group == "vault":
        return {"url": lab.vault.url, "token": lab.vault.token, "ca_path": str(lab.ca_path)}
    return {}


@contextlib.contextmanager
def _arguments(arguments: dict[str, t.Any]) -> t.Iterator[None]:
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # ansible-core before 2.19
        old = basic._ANSIBLE_ARGS
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        try:
            yield
        finally:
            basic._ANSIBLE_ARGS = old
    else:
        with patch_module_args(arguments):
            yield


def run_module(module: str, /, check: bool = False, diff: bool = True, **options: t.Any) -> ModuleResult:
    """Run main() of a module with these options and return what it printed."""
    arguments = {key: value for key, value in options.items() if value is not None}
    arguments.update(_ansible_check_mode=check, _ansible_diff=diff)
    ansible_warnings._global_warnings.clear()  # they pile up over the modules of one process
    loaded = importlib.import_module(f"{COLLECTION}.plugins.modules.{module}")
    output = io.StringIO()
    with _arguments(arguments), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        loaded.main()
    result = ModuleResult(json.loads(output.getvalue().strip().splitlines()[-1]), output.getvalue())
    if (result.data.get("failure") or {}).get("kind") == UNEXPECTED:
        raise UnexpectedEndError(result)  # one clear line for users, and a fault for us
    if not result.failed:
        unknown = undocumented({key: value for key, value in result.data.items() if key not in OF_ANSIBLE}, module)
        assert not unknown, f"{module} returns what its RETURN does not document: {unknown}"
    return result


# what the runner or Ansible itself adds to each result
OF_ANSIBLE = frozenset({"changed", "diff", "invocation", "warnings", "deprecations"})


def undocumented(result: t.Any, module: str) -> list[str]:
    """Keys of a result, also of those within, that the module's RETURN does not name."""
    return list(_unknown(result, _returned(module), ""))


@functools.cache
def _returned(module: str) -> dict[str, t.Any]:
    text = importlib.import_module(f"{COLLECTION}.plugins.modules.{module}").RETURN
    return t.cast("dict[str, t.Any]", yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def _unknown(value: t.Any, entries: dict[str, t.Any], where: str) -> t.Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _unknown(one, entries, where)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in entries:
                yield f"{where}{key}"
            elif "contains" in entries[key]:
                yield from _unknown(one, entries[key]["contains"], f"{where}{key}.")


@dataclasses.dataclass(frozen=True)
class PlayResult:
    """What ansible-playbook did: its exit code, its screen, per host the numbers of the recap, and its artifacts."""

    code: int
    screen: str
    stats: dict[str, dict[str, int]]
    artifacts: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def facts(self, role: str) -> dict[str, t.Any]:
        """What that role tells the next node of a workflow."""
        return t.cast("dict[str, t.Any]", self.artifacts[f"encryption_facts_{role}"])

    @property
    def changed(self) -> int:
        return sum(row["changed"] for row in self.stats.values())

    @property
    def failed(self) -> int:
        return sum(row["failures"] + row["unreachable"] for row in self.stats.values())


def collections_path() -> str:
    """The folder that holds `ansible_collections`, as this test run was started with."""
    return next(path for path in sys.path if (pathlib.Path(path) / "ansible_collections/ovhcloud").is_dir())


def ansible_environment(home: pathlib.Path) -> dict[str, str]:
    """The settings of all plays, without any connection of the person who runs the tests."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(CONNECTION_PREFIXES)},
        "ANSIBLE_COLLECTIONS_PATH": collections_path(),
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/functional/callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "recap_file,kill_after",
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "LAB_RECAP_FILE": str(home / "stats.json"),
    }


@functools.cache
def warm_process() -> warm.WarmProcess:
    """The one of this test process; it ends with it."""
    folder = tempfile.TemporaryDirectory(prefix="vmware-encryption-warm-")
    process = warm.WarmProcess(ansible_environment(pathlib.Path(folder.name)))
    atexit.register(folder.cleanup)
    atexit.register(process.close)
    return process


def _real_play(
    arguments: t.Sequence[str],
    directory: pathlib.Path,
    connections: t.Mapping[str, str],
    kill_when: t.Callable[[], bool] | None,
) -> tuple[int, str]:
    """Exit code and screen of an ansible-playbook of its own."""
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), *arguments]
    with subprocess.Popen(
        command,
        env={**ansible_environment(directory), **connections},
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        screen = _followed(process, kill_when)
    return process.returncode, screen


def run_playbook(
    lab: Lab,
    playbook: str,
    directory: pathlib.Path,
    check: bool = False,
    verbosity: int = 0,
    environment: t.Mapping[str, str] | None = None,
    kill_when: t.Callable[[], bool] | None = None,
    kill_after: int = 0,
    inventory: pathlib.Path | None = None,
    **variables: t.Any,
) -> PlayResult:
    """Run `ovhcloud.vmware_encryption.<playbook>` (or a playbook's path) as a user would, with the lab's variables.

    The play and all that it has started are killed as soon as `kill_when` says so, or after so many tasks.
    Ordinary plays run in forks of a warm process.
    """
    name = playbook if playbook.endswith(".yml") else f"ovhcloud.vmware_encryption.{playbook}"
    stats_file = directory / "stats.json"
    if lab.clock.offset:
        # the lab's clock was moved, which the clock of the control node cannot follow
        variables.setdefault("preflight_max_clock_difference", 60 + abs(lab.clock.offset))
    arguments = [name, "--diff"]
    if variables:
        (directory / "variables.json").write_text(json.dumps(variables))
        arguments += ["-e", f"@{directory / 'variables.json'}"]
    arguments += ["-i", str(inventory)] if inventory else []
    arguments += ["--check"] if check else []
    arguments += ["-" + "v" * verbosity] if verbosity else []
    stats_file.unlink(missing_ok=True)
    connections = {**lab.environment(), "LAB_RECAP_FILE": str(stats_file), **(environment or {})}
    connections["LAB_KILL_AFTER"] = str(kill_after)
    # what a play says in detail, and settings of Ansible itself, are those of a real ansible-playbook
    ordinary = all(key.startswith(PLAY_PREFIXES) for key in environment or {})
    if ordinary and not verbosity and kill_when is None:
        home = {"HOME": os.environ.get("HOME", "")}
        code, screen = warm_process().play(arguments, directory, {**connections, **home})
    else:
        code, screen = _real_play(arguments, directory, connections, kill_when)
    left = json.loads(stats_file.read_text()) if stats_file.exists() else {"hosts": {}, "artifacts": {}}
    handed = json.dumps(left["artifacts"])
    assert not [secret for secret in lab.secrets() if secret in handed], "a secret is among the facts for workflows"
    return PlayResult(code, screen, left["hosts"], left["artifacts"])


def _followed(process: subprocess.Popen[str], kill_when: t.Callable[[], bool] | None) -> str:
    """What a play has shown until its end."""
    began = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=_LOOK if kill_when else _LONGEST)[0]
        except subprocess.TimeoutExpired:
            late = time.monotonic() - began > _LONGEST
            if not (late or (kill_when and kill_when())):
                continue
            for pid in [process.pid, *descendants(process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if late:
                raise


def descendants(ancestor: int) -> list[int]:
    """The processes that a process has started, and those that these have started (Linux)."""
    children: dict[int, list[int]] = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            # "pid (name) state parent ...", and the name may have anything in it
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        started = children.get(waiting.pop(), [])
        found += started
        waiting += started
    return found
