# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import what: the layers of the collection, checked on the source."""

from __future__ import annotations

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREFIX = "ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils."
PLUGIN_UTILS = "ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils"
PAGE, IN_PROCESS = f"{PLUGIN_UTILS}._audit_page", f"{PLUGIN_UTILS}._in_process"
BYTECODE = f"{PLUGIN_UTILS}.bytecode"
SOURCE, EVENT_SOURCE = f"{PLUGIN_UTILS}.inventory_source", f"{PLUGIN_UTILS}.event_source"
INVENTORIES = {
    "ansible.errors",
    "ansible.module_utils.common.arg_spec",
    "ansible.module_utils.errors",
    "ansible.plugins.inventory",
    "ansible.utils.unsafe_proxy",
}
BACK_ENDS = ("_ovhcloud", "_vsphere", "_kmip", "_vault")
PACKAGES = (
    "_core", "_facts", "_causes", "_answers", "_certificates", "_http", "_kv", "_audit", "_drift", "_metrics",
    "_preflight", "_doctor", "_exit", "_field", "_records", "_renewal", "_workflow", *BACK_ENDS,
)  # fmt: skip
# layer -> packages of the collection it may import, and third-party packages it may import
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "_core": ({"_core"}, {"ansible.module_utils"}),
    "_certificates": ({"_core", "_certificates"}, {"cryptography"}),
    "_facts": (set(), set()),
    "_causes": ({"_causes"}, set()),
    "_http": ({"_core", "_http"}, {"requests"}),
    "_kv": ({"_core", "_kv"}, set()),
    "_answers": ({"_core", "_facts", "_answers"}, {"ansible.module_utils", "yaml"}),
    "_audit": ({"_core", "_facts", "_audit"}, set()),
    "_preflight": ({"_core", "_facts", "_preflight"}, set()),
    "_drift": ({"_core", "_facts", "_audit", "_metrics", "_drift"}, set()),
    "_doctor": ({"_core", "_causes", "_doctor"}, set()),
    "_metrics": ({"_metrics"}, set()),
    "_exit": ({"_core", "_facts", "_audit", "_exit"}, set()),
    "_field": ({"_core", "_field"}, set()),
    "_records": ({"_core", "_records"}, set()),
    "_renewal": ({"_core", "_renewal"}, set()),
    "_workflow": ({"_core", "_audit", "_workflow"}, set()),
    "_ovhcloud": ({"_core", "_facts", "_certificates", "_http", "_kv", "_ovhcloud"}, {"requests", "urllib3"}),
    "_vsphere": (
        {"_core", "_facts", "_causes", "_certificates", "_http", "_vsphere"},
        {"pyVmomi", "pyVim", "requests"},
    ),
    "_vault": ({"_core", "_http", "_kv", "_vault"}, {"requests"}),
    "_kmip": ({"_core", "_facts", "_certificates", "_kmip"}, {"kmip"}),
    "modules": ({"_core", "_facts", "_certificates", "_kv", "_records", *BACK_ENDS}, set()),
    "action": (
        {"_core", "_answers", "_workflow"},
        {
            "ansible.constants",
            "ansible.errors",
            "ansible.module_utils",
            "ansible.plugins",
            "ansible.utils",
            BYTECODE,
            IN_PROCESS,
        },
    ),
    # on the control node only: HTML by Jinja, beside its templates, which no module would be sent; the process of a run
    "plugin_utils": (
        {"_core", "_audit", "_vsphere"},
        {"ansible.constants", "jinja2", "markupsafe", PAGE, *INVENTORIES},
    ),
    # thin like modules: one back end each
    "inventory": ({"_core", *BACK_ENDS}, {BYTECODE, SOURCE}),
    # thin like roles: what an event source reads can be in two systems, and each reader knows one
    "event_source": ({"_core", "_records", "_ovhcloud", "_vsphere"}, {EVENT_SOURCE}),
    # ansible-rulebook runs it by its path
    "event_filter": (set(), set()),
    # how a module runs inside Ansible: the only place that knows Ansible from within
    "_in_process": (
        {"_core"},
        {"ansible", "atexit", "gc", "mmap", "pkgutil", "runpy", "selectors", "shlex", "site", PLUGIN_UTILS},
    ),
    # a filter runs on the control node: it knows the settings of Ansible, and what a variable that is not defined is
    "filter": (
        {
            "_core",
            "_facts",
            "_audit",
            "_doctor",
            "_drift",
            "_kv",
            "_metrics",
            "_preflight",
            "_exit",
            "_field",
            "_renewal",
            "_workflow",
        },
        {"ansible.constants", "ansible.context", "ansible.errors", "ansible.module_utils", "jinja2", PAGE},
    ),
    "doc_fragments": (set(), set()),
}
STDLIB = {
    "__future__", "abc", "ast", "asyncio", "atexit", "base64", "binascii", "collections", "configparser", "contextlib",
    "copy", "csv", "dataclasses", "datetime", "difflib", "email", "enum", "errno", "fcntl", "fnmatch",
    "functools", "getpass", "hashlib", "hmac", "html", "http", "importlib", "io", "ipaddress", "itertools",
    "json", "logging", "math", "multiprocessing", "operator", "os", "pathlib", "posixpath", "random", "re",
    "secrets", "select", "shlex", "shutil", "signal", "socket", "ssl", "stat", "string", "struct", "sys", "tempfile",
    "textwrap", "threading", "time", "traceback", "types", "typing", "urllib", "uuid", "warnings", "xml",
    "zlib",
}  # fmt: skip


def _files() -> list[tuple[str, pathlib.Path]]:
    found = [("modules", path) for path in (ROOT / "plugins/modules").glob("*.py")]
    found += [("action", path) for path in (ROOT / "plugins/action").glob("*.py")]
    found += [("filter", path) for path in (ROOT / "plugins/filter").glob("*.py")]
    for path in (ROOT / "plugins/plugin_utils").rglob("*.py"):
        found.append((path.parent.name if path.parent.name in ALLOWED else "plugin_utils", path))
    found += [("inventory", path) for path in (ROOT / "plugins/inventory").glob("*.py")]
    for kind in ("event_source", "event_filter"):
        found += [(kind, path) for path in (ROOT / "extensions/eda/plugins" / kind).glob("*.py")]
    found += [("doc_fragments", path) for path in (ROOT / "plugins/doc_fragments").glob("*.py")]
    for package in PACKAGES:
        found += [(package, path) for path in (ROOT / "plugins/module_utils" / package).rglob("*.py")]
    return sorted(found)


def imports_of(path: pathlib.Path) -> set[str]:
    """Modules that a file imports, in full."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            package = node.module or ""
            of_modules = package in ("ansible", PLUGIN_UTILS)
            names.update([f"{package}.{alias.name}" for alias in node.names] if of_modules else [package])
    return names


def violations(layer: str, imports: set[str]) -> list[str]:
    """Imports that the layer may not have, in words."""
    own, foreign = ALLOWED[layer]
    bad = []
    packages = {name[len(PREFIX) :].split(".")[0] for name in imports if name.startswith(PREFIX)}
    bad += [f"imports {package}" for package in sorted(packages - own)]
    if layer in ("modules", "inventory") and len(packages & set(BACK_ENDS)) > 1:
        bad.append(f"imports {len(packages & set(BACK_ENDS))} back ends")
    for name in sorted(imports):
        known = name.startswith(PREFIX) or name.split(".")[0] in STDLIB
        if not known and not any(name == one or name.startswith(one + ".") for one in foreign):
            bad.append(f"imports {name}")
    return bad


@pytest.mark.parametrize(("layer", "path"), _files(), ids=lambda value: getattr(value, "stem", value))
def test_layer_imports_only_what_its_row_allows(layer: str, path: pathlib.Path) -> None:
    assert violations(layer, imports_of(path)) == []


@pytest.mark.parametrize(
    ("layer", "imports", "expected"),
    [
        ("_core", {"os", "requests"}, ["imports requests"]),
        ("_kmip", {PREFIX + "_vsphere.connection.session"}, ["imports _vsphere"]),
        ("modules", {PREFIX + "_kmip.client", PREFIX + "_ovhcloud.connection.client"}, ["imports 2 back ends"]),
        ("modules", {"ansible.module_utils.basic"}, ["imports ansible.module_utils.basic"]),
        ("modules", {PREFIX + "_core.runner", PREFIX + "_kmip.client"}, []),
    ],
)
def test_the_check_itself_finds_breaches(layer: str, imports: set[str], expected: list[str]) -> None:
    assert violations(layer, imports) == expected


def test_only_the_runner_ends_a_module() -> None:
    words = ("AnsibleModule(", "exit_json(", "fail_json(", ".check_mode", "module.warn(")
    guilty = [
        str(path.relative_to(ROOT))
        for _layer, path in _files()
        if path.name != "runner.py" and any(word in path.read_text(encoding="utf-8") for word in words)
    ]
    assert guilty == []
