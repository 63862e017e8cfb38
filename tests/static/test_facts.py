# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of the services have one source: docs, roles, samples and code say the same ports and KMIP actions."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.checks import CLAUSES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import (
    KMIP_ACTIONS,
    KMIP_OPTIONAL,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP, OKMS_RSA
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.client import NEEDED
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.spec import connection

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.ovhcloud.vmware_encryption"
TEXTS = sorted(
    path
    for pattern in (
        "README.md",
        "docs/docsite/rst/guide_*.rst",
        "roles/*/README.md",
        "roles/*/meta/argument_specs.yml",
        "roles/*/defaults/main.yml",
        "plugins/modules/*.py",
        "plugins/filter/*.py",
        "plugins/doc_fragments/*.py",
    )
    for path in ROOT.glob(pattern)
)
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
OKMS_HOST = re.compile(r"\bokms\.ovh\.net\b")
PORT = re.compile(r"(?<![\d-])569\d(?!\d)")
# what may stand beside the port that is not for vCenter
NOT_FOR_VCENTER = re.compile(r"ECDSA|ecdsa|kmip_endpoint|kmip_port|earlier version|new one gets", re.IGNORECASE)
# pages and options about a KMS of one's own
OWN_KMS = re.compile(r"external_kms|kms\.example\.com")


def wrong_ports(text: str, name: str = "") -> list[str]:
    """Lines that give OKMS another port than the one of its endpoint for vCenter, or the endpoints each other's."""
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        for port in map(int, PORT.findall(line)):
            around = " ".join(lines[max(0, number - 2) : number + 2])
            if port not in (KMIP, OKMS_RSA):
                found.append(f"{name}:{number + 1}: {port} is no port of KMIP")
            elif port == OKMS_RSA and re.search(rf"\bECDSA\b[^.,;|]*{port}", line):
                found.append(f"{name}:{number + 1}: {port} is said to be the ECDSA endpoint")
            elif port == KMIP and re.search(rf"\bRSA\b[^.,;|]*{port}", line):
                found.append(f"{name}:{number + 1}: {port} is said to be the RSA endpoint")
            elif port == KMIP and _about_okms(around, name) and not NOT_FOR_VCENTER.search(around):
                found.append(f"{name}:{number + 1}: OKMS with port {port}")
    return found


def _about_okms(around: str, name: str) -> bool:
    if OWN_KMS.search(around) or OWN_KMS.search(name):
        return False
    return "okms" in f"{around} {name}".lower()


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_give_okms_its_port_for_vcenter(path: pathlib.Path) -> None:
    name = str(path.relative_to(ROOT))
    assert wrong_ports(path.read_text(encoding="utf-8"), name) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("address: eu-west-rbx.okms.ovh.net\nport: 5696", True),
        ("address: eu-west-rbx.okms.ovh.net\nport: 5697", False),
        ("address: kms.example.com\nport: 5696", False),
        ("OKMS answers on port 5696", True),
        ("OKMS: the ECDSA endpoint on port 5696", False),
        ("OKMS: the RSA endpoint on port 5696", True),
        ("OKMS: the ECDSA endpoint on port 5697", True),
        ("OKMS on port 5698", True),
    ],
)
def test_wrong_ports_are_found(text: str, wrong: bool) -> None:
    assert bool(wrong_ports(text)) is wrong


def _samples(node: t.Any, where: str) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Dictionaries of samples: those of `contains`, and samples that are dictionaries themselves."""
    if not isinstance(node, dict):
        return
    fields = node.get("contains") or {}
    if fields:
        yield where, {key: value.get("sample") for key, value in fields.items() if isinstance(value, dict)}
    for key, value in fields.items():
        yield from _samples(value, f"{where}.{key}")
    sample = node.get("sample")
    for one in sample if isinstance(sample, list) else [sample]:
        if isinstance(one, dict):
            yield where, one


@pytest.mark.parametrize("name", MODULES)
def test_samples_of_results_show_okms_with_its_port_for_vcenter(name: str) -> None:
    module = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
    wrong = []
    for key, value in (yaml.safe_load(module.RETURN) or {}).items():
        for where, sample in _samples(value, key):
            host = str(sample.get("host") or sample.get("address") or "")
            if OKMS_HOST.search(host) and sample.get("port") is not None:
                expected = KMIP if sample.get("kind") == "ecdsa" else OKMS_RSA
                wrong += [where] if sample["port"] != expected else []
    assert wrong == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_name_the_port_of_okms(name: str) -> None:
    module = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
    tasks = yaml.safe_load(module.EXAMPLES) or []
    wrong = []
    for task in tasks:
        options = task.get(f"ovhcloud.vmware_encryption.{name}") or {}
        places = [options, *(options.get("servers") or [])] if isinstance(options, dict) else []
        for place in places:
            host = str(place.get("host") or place.get("address") or "")
            # the KMS entry of OVHcloud needs none
            if (
                OKMS_HOST.search(host)
                and place.get("port", OKMS_RSA if name == "private_cloud_kms" else KMIP) != OKMS_RSA
            ):
                wrong.append(task["name"])
    assert wrong == []


def test_the_port_of_kmip_is_the_default_of_the_modules() -> None:
    assert connection().options["port"]["default"] == KMIP


def test_role_defaults_are_the_kmip_actions_that_vcenter_needs() -> None:
    defaults = yaml.safe_load((ROOT / "roles/okms/defaults/main.yml").read_text(encoding="utf-8"))
    given = set(defaults["okms_iam_kmip_actions"])
    assert set(KMIP_ACTIONS) - set(KMIP_OPTIONAL) <= given <= set(KMIP_ACTIONS)


def test_the_guide_names_the_kmip_actions_that_vcenter_needs() -> None:
    text = (ROOT / "docs/docsite/rst/guide_okms.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"``(\w+)``", text))
    assert {action.rpartition(":")[2] for action in set(KMIP_ACTIONS) - set(KMIP_OPTIONAL)} <= named


def test_operations_that_vcenter_uses_have_their_action() -> None:
    def action(operation: str) -> str:
        head, *rest = operation.lower().split("_")
        return "okms:kmip:" + head + "".join(word.capitalize() for word in rest)

    assert {action(operation) for operation in NEEDED} <= set(KMIP_ACTIONS)


def test_actions_that_are_named_anywhere_exist() -> None:
    known = {*KMIP_ACTIONS, "okms:kmip:*", "okms:kmip:"}
    for path in TEXTS:
        named = set(re.findall(r"okms:kmip:[A-Za-z]*\*?", path.read_text(encoding="utf-8")))
        assert named <= known, path


def test_guide_on_the_audit_names_the_clauses_of_the_checks() -> None:
    text = (ROOT / "docs/docsite/rst/guide_audit.rst").read_text(encoding="utf-8")
    said = re.search(r"ISO/IEC 27001:2022 A\.8\.24.*?This\s+does not prove compliance", text, re.DOTALL)
    assert said
    numbers = {
        number for clauses in CLAUSES.values() for one in clauses for number in re.findall(r"\d+(?:\.\d+)+", one)
    }
    versions = {"4.0.1", "3.2"}
    assert set(re.findall(r"\d+(?:\.\d+)+", said[0])) == numbers and numbers > versions
