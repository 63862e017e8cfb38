# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of `make test`, fast to slow: each runs its programs and says how many checks passed and failed."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

from . import process, pythons, tally, trees, venvs
from .paths import CACHE, COPY_TREE, IN_TREE, LOCK, RESULTS, ROOT, shown
from .tally import Tally
from .venvs import Venv

SETTINGS = ROOT / "tests" / "nox"
EVENTS = "extensions/eda"
FLOOR = (3, 9)
FAULT_SAMPLE = 61
SSH_PROGRAMS, SBIN = ("sshd", "ssh", "sftp", "ssh-keygen"), "/usr/sbin:/usr/local/sbin"
LATE = 80 * 60  # seconds; CI ends a run after 90 minutes, and then all results are lost
JAVA = 17  # the oldest that the rule engine of ansible-rulebook runs on
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclasses.dataclass(frozen=True)
class Step:
    """A name to type, a line to read, what to do, and whether it keeps only one processor busy.

    `latest`: seconds after the start of the run from which on it does not begin any more, None for no limit.
    """

    name: str
    title: str
    do: Callable[[pathlib.Path], Tally]
    single: bool = False
    latest: int | None = None


@dataclasses.dataclass(frozen=True)
class Bench:
    """Where the programs of a step run: their log, folder and environment."""

    log: pathlib.Path
    folder: pathlib.Path
    environment: Mapping[str, str]

    def check(self, name: str, *command: str | os.PathLike[str]) -> Tally:
        """One program as one counted check."""
        done = process.run(command, self.log, self.folder, self.environment)
        if done.code == 0:
            return Tally(passed=1).note(f"  ok      {name}")
        return Tally(failed=1).note(_failure(name, done, self.log))


def _failure(name: str, done: process.Finished, log: pathlib.Path, lines: int = 60) -> str:
    return f"  FAILED  {name} (exit {done.code}; all of it: {shown(log)})\n{process.tail(done.output, lines)}"


def _pytest(venv: Venv, name: str, folders: Sequence[str], log: pathlib.Path, *more: str) -> Tally:
    """Pytest on three processes, because each waits for its lab half of the time; no test at all is a failure.

    A process that has no test left takes some from another: else the last one runs alone for minutes.
    """
    venv.ensure()
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-n", "3", "--dist", "worksteal", "-p", "no:cacheprovider", f"--junitxml={report}", *more]
    environment = trees.environment(venv, trees.link())
    done = process.run(["python", "-m", "pytest", *options, *folders], log, ROOT, environment)
    result = tally.junit([report]) if report.exists() else Tally()
    if done.code or not result.passed:
        result.failed = result.failed or 1
        result.note(_failure("pytest", done, log, 200))
    return result.note(f"  {_versions(venv)}")


def _versions(venv: Venv) -> str:
    version = venv.interpreter()[0]
    core = next(venv.folder.glob("lib/python3*/site-packages/ansible_core-*.dist-info")).name.split("-")[1]
    return f"ansible-core {core.removesuffix('.dist')} on Python {pythons.text(version)}"


def lint(log: pathlib.Path) -> Tally:
    """The form of Python and YAML, code that nobody uses, and the licence of every file."""
    venv = venvs.LINT.ensure()
    bench = Bench(log, ROOT, trees.environment(venv, trees.link()))
    ruff = ("--no-cache", "--config", SETTINGS / "ruff.toml", ".")
    result = bench.check("ruff check", "ruff", "check", *ruff)
    result += bench.check("ruff format", "ruff", "format", "--check", *ruff)
    result += bench.check("yamllint", "yamllint", "--strict", "-c", SETTINGS / "yamllint.yml", ".")
    vulture = ("vulture", "--config", SETTINGS / "vulture.toml", _names_used_elsewhere(), "plugins", EVENTS)
    result += bench.check("vulture: plugins without their tests", *vulture)
    result += bench.check("vulture", *vulture, "tests")
    result += bench.check("reuse", "reuse", "lint", "--lines")
    return result


def _names_used_elsewhere() -> pathlib.Path:
    """A file that uses in Python what vulture cannot see used: names in the templates of the audit's page, and fields
    of dataclasses that become the keys of results."""
    page = [path.read_text(encoding="utf-8") for path in (ROOT / "plugins/plugin_utils").rglob("*.j2")]
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "plugins/module_utils").rglob("*.py")]
    names = {name for text in page for name in re.findall(r"\b(?:svg|view|words)\.(\w+)", text)}
    returned = {name for text in code for name in re.findall(r"\b(?:as_result|fields_of)\((\w+)", text)}
    for text in code:
        if "._core.results import" in text or any(f"class {name}:" in text for name in returned):
            names.update(re.findall(r"^    (\w+): ", text, re.MULTILINE))
    made = CACHE / "names_used_elsewhere.py"
    made.write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    return made


def types(log: pathlib.Path) -> Tally:
    """Types, seen in the collection's tree so that absolute imports are found."""
    venv = venvs.LINT.ensure()
    tree = trees.link()
    bench = Bench(log, tree, trees.environment(venv, tree))
    mypy = ("mypy", "--config-file", SETTINGS / "mypy.ini", "--cache-dir", CACHE / "mypy")
    result = bench.check("mypy plugins", *mypy, IN_TREE / "plugins")
    result += bench.check("mypy extensions", *mypy, IN_TREE / EVENTS)
    result += bench.check("mypy tests", *mypy, IN_TREE / "tests")
    return result


def unit(log: pathlib.Path) -> Tally:
    """Pure layers, and what holds for the sources, on the newest ansible-core that this computer's Pythons allow."""
    return _pytest(venvs.NEWEST, "unit", ["tests/unit", "tests/static"], log)


def fuzz(log: pathlib.Path) -> Tally:
    """A seeded share of `make fuzz`: the inputs that once crashed, and a few dozen for each target."""
    return _pytest(venvs.NEWEST, "fuzz", ["tests/fuzz"], log)


def lab(log: pathlib.Path) -> Tally:
    """The lab by itself: it keeps to the published contracts, whatever our modules send."""
    return _pytest(venvs.NEWEST, "lab", ["tests/lab_tests"], log)


def functional(log: pathlib.Path) -> Tally:
    """Modules, roles and playbooks against the lab on the newest ansible-core."""
    return _pytest(venvs.NEWEST, "functional", ["tests/functional"], log)


# What an older ansible-core can change: what a module's options, files and results go through, and filters in Jinja.
OLD_UNITS = ("tests/unit/plugins/module_utils/_core", "tests/unit/plugins/filter")


def oldest(log: pathlib.Path) -> Tally:
    """What depends on Ansible, on the oldest ansible-core that we support; the marks are checked by the step unit."""
    result = _pytest(venvs.OLDEST, "oldest", OLD_UNITS, log)
    result += _pytest(venvs.OLDEST, "oldest-functional", ["tests/functional"], log, "-m", "oldest")
    result += _pytest(venvs.OLDEST, "oldest-packages", ["tests/lowest"], log)
    return result


def faults(log: pathlib.Path) -> Tally:
    """A fixed sample of `make faults`, spread over all scenarios; an odd distance makes kinds of faults alternate."""
    venv = venvs.NEWEST.ensure()
    tree = trees.link()
    module = ".".join([*IN_TREE.parts, "tests", "faults"])
    command = ["python", "-m", module, "--every", str(FAULT_SAMPLE)]
    done = process.run(command, log, ROOT, trees.environment(venv, tree))
    result = tally.plain(done.output)
    if done.code or not result.passed:
        result.failed = result.failed or 1
        result.note(_failure("faults", done, log, 100))
    for line in done.output.splitlines():
        if line.startswith("NOT RUN"):
            result.note(f"  {line}")
    return result.note(f"  every {FAULT_SAMPLE}th injection of `make faults`; {_versions(venv)}")


def sanity(log: pathlib.Path) -> Tally:
    """`ansible-test sanity`; what depends on Python on every other one of modules that is here, too.

    Those between are not between: only Python 3.11 refuses a default of a dataclass that 3.10 and 3.12 take.
    """
    venv = venvs.SANITY.ensure()
    controller, place = venv.interpreter()[0], trees.copy()
    runs: dict[pythons.Version, tuple[str, ...]] = {controller: ()}
    for version in venvs.MODULES:
        if version in pythons.available():
            runs.setdefault(version, ("--test", "compile", "--test", "import"))
    result = Tally()
    for version, tests in runs.items():
        result += _sanity(venv, place, log, "--python", pythons.text(version), *tests)
    return result.note(f"  {_versions(venv)}, targets {', '.join(map(pythons.text, runs))}")


def _sanity(venv: Venv, place: pathlib.Path, log: pathlib.Path, *words: str) -> Tally:
    command = ["ansible-test", "sanity", "--local", "--color", "no", *words]
    done = process.run(command, log, place, trees.ansible_test_environment(venv))
    result = tally.sanity(done.output)
    if done.code or not result.passed:
        result.failed = result.failed or 1
        said = re.findall(r"^(?:ERROR|FATAL): .*(?:\n[\w-]+(?: --python [\d.]+)?$)*", done.output, re.MULTILINE)
        result.note(_failure("ansible-test sanity", dataclasses.replace(done, output="\n".join(said)), log, 200))
    return result


def units(log: pathlib.Path) -> Tally:
    """`ansible-test units` on the oldest Python that modules may have; on the controller's, unit has run the same."""
    venv = venvs.SANITY.ensure()
    if FLOOR in pythons.available():
        return _units(venv, pythons.text(FLOOR), log)
    result = _units(venv, pythons.text(venv.interpreter()[0]), log)
    return result.note(f"  not run: Python {pythons.text(FLOOR)}, an extra, is not on this machine")


def _units(venv: Venv, version: str, log: pathlib.Path) -> Tally:
    place = trees.copy()
    command = ["ansible-test", "units", "--venv", "--requirements", "--python", version, "--color", "no"]
    done = process.run(command, log, place, trees.ansible_test_environment(venv))
    result = tally.junit(sorted((place / "tests" / "output" / "junit").glob("*.xml")))
    text = f"Python {version}: {result.passed} passed, {result.failed} failed"
    if done.code == 0 and result.passed:
        return result.note(f"  ok      {text}")
    result.failed = result.failed or 1
    return result.note(_failure(text, done, log, 100))


def report(log: pathlib.Path) -> Tally:
    """The audit's page in headless Chromium: `.ci/run` installs it, `make test` does not install browsers."""
    if not any(map(shutil.which, BROWSERS)):
        return Tally().note(
            "  NOT RUN: Chromium is not on this machine, so nobody has looked at the report of the audit. Install it,\n"
            "           for example with: apt-get install --no-install-recommends chromium; then: make report"
        )
    result = _pytest(venvs.NEWEST, "report", ["tests/report"], log, "-n", "0")
    return result.note("  screenshots and the print are in .cache/report")


def ssh(log: pathlib.Path) -> Tally:
    """Copies of a backup on hosts reached by OpenSSH's server: `.ci/run` installs it, `make test` does not."""
    if absent := [name for name in SSH_PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:{SBIN}")]:
        return Tally().note(
            f"  NOT RUN: {', '.join(absent)} of OpenSSH not on this machine, so no copy of a backup has left by ssh.\n"
            "           Install it, for example with: apt-get install --no-install-recommends openssh-server\n"
            "           openssh-client; then: make ssh"
        )
    result = _pytest(venvs.NEWEST, "ssh", ["tests/ssh"], log)
    result += _pytest(venvs.OLDEST, "oldest-ssh", ["tests/ssh"], log, "-m", "oldest")
    return result


def _java() -> int:
    """Version of the Java that ansible-rulebook would find; 0 without one."""
    home = os.environ.get("JAVA_HOME", "")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr if java else ""
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def events(log: pathlib.Path) -> Tally:
    """Rulebooks in ansible-rulebook, which needs Java: `.ci/run` installs it, `make test` does not."""
    if _java() < JAVA:
        return Tally().note(
            f"  NOT RUN: Java {JAVA} or newer is not on this machine, so no rulebook has run. Install it, for example\n"
            "           with: apt-get install --no-install-recommends openjdk-17-jre-headless; then: make events"
        )
    return _pytest(venvs.EVENTS, "events", ["tests/events"], log)


def awx(log: pathlib.Path) -> Tally:
    """The definitions for AWX, and a sample of what `make awx-check` does with them."""
    return _pytest(venvs.AWX, "awx", ["tests/awx"], log, "-m", "not whole")


def awx_check(log: pathlib.Path) -> Tally:
    """All of it; `make test` runs a sample."""
    return _pytest(venvs.AWX, "awx-check", ["tests/awx"], log)


def docs(log: pathlib.Path) -> Tally:
    """What people read: plugin documentation, guides, changelog, and the YAML of roles and playbooks."""
    venv = venvs.TOOLS.ensure()
    bench = Bench(log, trees.copy(), trees.environment(venv, COPY_TREE))
    rules = ("--plugin-docs", "--validate-collection-refs", "self", "--check-extra-docs-refs")
    result = bench.check("antsibull-docs", "antsibull-docs", "lint-collection-docs", *rules, ".")
    result += bench.check("antsibull-changelog", "antsibull-changelog", "lint")
    result += bench.check("ansible-lint (production)", "ansible-lint", "--strict")
    return result


def package(log: pathlib.Path) -> Tally:
    """What users get: the collection as a file, judged by Galaxy's importer, installed, and used from there."""
    venv = venvs.TOOLS.ensure()
    place = trees.copy()
    built, installed = CACHE / "build", CACHE / "installed"
    for folder in (built, installed):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    bench = Bench(log, built, trees.environment(venv, COPY_TREE))
    collection = ("ansible-galaxy", "collection")
    result = bench.check("ansible-galaxy collection build", *collection, "build", "--output-path", built, place)
    for file in built.glob("*.tar.gz"):
        result += bench.check("galaxy-importer", venv.python, "-m", "galaxy_importer.main", file)
    user = Bench(log, built, trees.environment(venvs.NEWEST.ensure(), installed))
    for file in built.glob("*.tar.gz"):
        result += user.check("install from the file", *collection, "install", "--offline", "-p", installed, file)
    needs = built / "python.txt"
    result += bench.check(
        "ansible-builder introspect", "ansible-builder", "introspect", "--write-pip", needs, installed
    )
    result += bench.check("packages of the execution environment", "grep", "-q", "pyvmomi", needs)
    definition = place / "meta" / "ee" / "execution-environment.yml"
    made = ("--file", definition, "--context", built / "context", "--output-filename", "Containerfile")
    result += bench.check("definition of an execution environment", "ansible-builder", "create", *made)
    result += _context(built / "context")
    smoke = ROOT / "tests" / "ee" / "all.yml"
    for venv in (venvs.EE_NEWEST.ensure(), venvs.EE_OLDEST.ensure()):
        clean = Bench(log, built, trees.environment(venv, installed))
        what = f"smoke test with what the definition names, {_versions(venv)}"
        result += clean.check(what, "ansible-playbook", "-i", "localhost,", smoke)
    return result


def _context(folder: pathlib.Path) -> Tally:
    """What a container engine would build: the packages by their hashes, and nothing that needs a compiler."""
    text = (folder / "Containerfile").read_text(encoding="utf-8") if folder.is_dir() else ""
    build = folder / "_build"
    copied = re.search(r"^COPY _build/locks/requirements\.lock ", text, re.MULTILINE)
    hashes = re.search(r"^RUN \$PYCMD -m pip install .*--require-hashes", text, re.MULTILINE)
    lock = build / "locks" / "requirements.lock"
    same = lock.is_file() and lock.read_bytes() == LOCK.read_bytes()
    system = (build / "bindep.txt").read_text(encoding="utf-8") if (build / "bindep.txt").is_file() else ""
    compilers = re.search(r"gcc|g\+\+|-devel|-dev\b|python3?-dev", system + text)
    listed = (build / "requirements.yml").read_text(encoding="utf-8") if (build / "requirements.yml").is_file() else ""
    names = "ansible-collection-vmware-encryption" in listed and "awx.awx" in listed
    if copied and hashes and same and names and not compilers:
        return Tally(passed=1).note("  ok      context of the container: lock copied and verified, no compiler")
    found = f"COPY {bool(copied)}, pip {bool(hashes)}, lock {same}, collections {names}, compiler {bool(compilers)}"
    return Tally(failed=1).note(f"  FAILED  context of the container: {found}; see {shown(folder)}")


STEPS = (
    Step("lint", "ruff, yamllint, vulture, reuse: form, dead code and licences of every file", lint),
    Step("types", "mypy: strict for plugins, every signature for the lab and the tools", types),
    Step("unit", "pure layers, import rules, specs equal docs: newest ansible-core", unit),
    Step("fuzz", "inputs that nobody expects, for each parser and reader of answers: a share of make fuzz", fuzz),
    Step("lab", "the lab by itself, without our modules", lab),
    Step("functional", "modules, roles and playbooks against the lab: newest ansible-core", functional),
    Step("report", "the page of the audit in headless Chromium, at three widths, in the dark, on paper", report),
    Step(
        "ssh",
        "copies of a backup on a host that only a real sshd leads to: newest ansible-core, and some on 2.16",
        ssh,
        latest=LATE,
    ),
    Step(
        "awx",
        "the definitions for AWX, and templates of them run by ansible-runner: a sample of make awx-check",
        awx,
        latest=LATE,
    ),
    Step(
        "events",
        "rulebooks of the collection in ansible-rulebook, which start playbooks and templates",
        events,
        latest=LATE,
    ),
    Step(
        "oldest",
        "what depends on Ansible, and some tests of each module and role, on ansible-core 2.16",
        oldest,
        latest=LATE - 8 * 60,
    ),
    Step(
        "faults",
        "requests that fail or lose their answer, plays that are killed: a sample of make faults",
        faults,
        latest=LATE - 20 * 60,
    ),
    Step("units", "ansible-test units: the pure layers on the oldest Python for modules", units, single=True),
    Step("docs", "ansible-lint, antsibull-docs, antsibull-changelog", docs, single=True),
    Step("package", "build, Galaxy's importer, execution environment, install and use", package, single=True),
    Step(
        "sanity", "ansible-test sanity, on each other Python for modules too where that can differ", sanity, single=True
    ),
)

# what only its own target runs
LONG = (Step("awx-check", "the definitions for AWX, every template and workflow, the role awx", awx_check),)
