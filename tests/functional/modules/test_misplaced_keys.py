# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private key in an option that is made for something else is in nothing that a module returns or logs."""

from __future__ import annotations

import importlib
import typing as t

import pytest
from ansible.module_utils import basic

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

MODULES = [module for modules in harness.GROUPS.values() for module in modules]
BODY = "MIIEvPlantedKeyBody/7"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}=\n-----END PRIVATE KEY-----"
OLD_KEY = (
    f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{BODY}\n"
    "-----END RSA PRIVATE KEY-----"
)
# what the controller asks newer modules for: the options beside the result
RETURNED: dict[str, t.Any] = {"_ansible_inject_invocation": True}
PASTED = [CERTIFICATE + KEY, f"{KEY}\n{CERTIFICATE}", KEY.replace("\n", "\\n"), f"  {KEY[:80]}", OLD_KEY, KEY[30:]]


def planted(options: dict[str, t.Any], pem: str, lines: bool) -> dict[str, t.Any]:
    """The text in every option that takes one."""
    found: dict[str, t.Any] = {}
    for name, option in options.items():
        inner = option.get("options")
        if inner is not None:
            value: t.Any = planted(inner, pem, lines)
            found[name] = [value] if option["type"] == "list" else value
        elif option["type"] == "list":
            found[name] = pem.splitlines() if lines else pem
        elif option["type"] in ("str", "path", "dict"):
            found[name] = {"pem": pem} if option["type"] == "dict" else pem
    return found


@pytest.mark.parametrize("pem", PASTED, ids=["combined", "key first", "escaped", "cut", "with headers", "end only"])
@pytest.mark.parametrize("module", MODULES)
def test_key_in_any_option_is_never_returned(monkeypatch: pytest.MonkeyPatch, module: str, pem: str) -> None:
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda self, text: logged.append(str(text)))
    options = importlib.import_module(f"{harness.COLLECTION}.plugins.modules.{module}").SPEC.options
    for lines in (False, True):
        for extra in ({}, {"no_such_option": pem}):
            given = {**planted(options, pem, lines), **extra}
            given = {name: value for name, value in given.items() if extra or not options[name].get("choices")}
            refused = harness.run_module(module, **RETURNED, **given)
            assert refused.failed
            assert BODY not in refused.output and BODY not in str(logged)


@pytest.mark.parametrize(
    ("module", "option", "more"),
    [
        ("key_provider_client_certificate", "certificate", {"provider": "p"}),
        ("standard_key_provider", "server_ca", {"name": "p", "servers": [{"name": "a", "address": "192.0.2.1"}]}),
        ("kmip_server_info", "ca", {"host": "localhost"}),
        ("kmip_server_info", "client_certificate", {"host": "localhost", "client_private_key": "x"}),
    ],
)
def test_combined_pem_is_refused_without_its_key(
    lab: Lab, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, module: str, option: str, more: dict[str, t.Any]
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda self, text: logged.append(str(text)))
    refused = run_module(module, **{**RETURNED, **more, option: CERTIFICATE + KEY})
    assert refused.failed and option in refused.msg and "\n" not in refused.msg
    assert "-----BEGIN CERTIFICATE-----" in refused["invocation"]["module_args"][option]
    assert BODY not in refused.output and BODY not in str(logged)
    assert lab.journal.writes() == []
