# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of vCenter that pyVmomi cannot read: one clear line, and `changed` stays true to what was done."""

from __future__ import annotations

import functools
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import ModuleResult
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    is_encrypted,
    outcomes,
    prepare,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    open_up,
    server_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

Rewrite = t.Callable[[bytes], bytes]


def new_type(body: bytes) -> bytes:
    """A data object of a type that pyVmomi does not know, wherever the answer has room for one."""
    return re.sub(rb"(<\w+Response [^>]*>)", rb'\1<returnval xsi:type="TypeOfTomorrow"><a>1</a></returnval>', body)


def new_field(body: bytes) -> bytes:
    """A field that pyVmomi does not know, in the first object of the answer."""
    return re.sub(rb"(<returnval[^>]*>)(?=<)", rb"\1<fieldOfTomorrow>1</fieldOfTomorrow>", body, count=1)


def new_value(body: bytes) -> bytes:
    """A value of an enum that pyVmomi does not know."""
    return body.replace(b">poweredOff<", b">hibernated<").replace(b">green<", b">turquoise<")


def odd_bool(body: bytes) -> bytes:
    """A truth value of another kind."""
    return re.sub(rb">(true|false)<", b">perhaps<", body)


NEWS: dict[str, Rewrite] = {"type": new_type, "field": new_field, "value": new_value, "bool": odd_bool}
READS = {
    "type": "ListKmsClusters",
    "field": "ListKmsClusters",
    "value": "RetrievePropertiesEx",
    "bool": "ListKmsClusters",
}


def assert_one_line(lab: Lab, result: ModuleResult) -> None:
    """The message says what was tried, on which host, and what it can mean."""
    assert result.failed and "Traceback" not in result.output, result.output
    assert "\n" not in result.msg
    assert result.msg.startswith("could not ")
    assert " on localhost" in result.msg or "vCenter localhost" in result.msg
    assert "it may have taken effect" in result.msg
    assert result["failure"]["kind"] == "api"


@pytest.fixture
def provider(lab: Lab, run_module: RunModule) -> t.Callable[..., ModuleResult]:
    open_up(lab)
    return functools.partial(
        run_module,
        "standard_key_provider",
        name=PROVIDER,
        servers=[server_of(lab.external_kms[0])],
        server_ca=lab.external_authority.certificate_pem,
        **FAST,
    )


@pytest.mark.parametrize("news", NEWS)
def test_news_in_a_read_are_one_line(lab: Lab, run_module: RunModule, news: str) -> None:
    prepare(lab)
    lab.faults.add("rewrite", system="vcenter", operation=READS[news], rewrite=NEWS[news])
    mark = lab.journal.mark()
    result = run_module("vm_encryption", selection={"all": True}, provider=NATIVE)
    assert_one_line(lab, result)
    assert "pyVmomi cannot read the answer" in result.msg and "update the Python package pyvmomi" in result.msg
    assert lab.journal.writes(mark, "vcenter") == []


@pytest.mark.parametrize("operation", ["RegisterKmipServer", "UploadKmipServerCert", "MarkDefault"])
def test_unreadable_answer_to_a_write_counts_as_changed(
    lab: Lab, provider: t.Callable[..., ModuleResult], operation: str
) -> None:
    lab.faults.add("rewrite", system="vcenter", operation=operation, rewrite=new_type)
    result = provider(default=True)
    assert_one_line(lab, result)
    assert result.changed and lab.vcenter.crypto.providers[PROVIDER].servers
    assert not provider(default=True).failed
    assert provider(default=True).changed is False


def test_page_of_a_proxy_instead_of_a_write_is_no_change(lab: Lab, provider: t.Callable[..., ModuleResult]) -> None:
    lab.faults.add("html", system="vcenter", operation="RegisterKmipServer", status=200)
    result = provider()
    assert_one_line(lab, result)
    assert "not SOAP but text/html" in result.msg
    assert not result.changed and not lab.vcenter.crypto.providers
    assert provider().changed


@pytest.mark.parametrize(
    "operation", ["RetrieveServiceContent", "Login", "CreateContainerView", "RetrievePropertiesEx"]
)
def test_page_of_a_proxy_is_never_an_empty_answer(lab: Lab, run_module: RunModule, operation: str) -> None:
    lab.faults.add("html", system="vcenter", operation=operation, status=200)
    assert_one_line(lab, run_module("vm_encryption_info", selection={"all": True}))


@pytest.mark.parametrize("action", ["rewrite", "truncate", "drop_after"])
def test_unreadable_start_of_a_task_is_followed_all_the_same(lab: Lab, run_module: RunModule, action: str) -> None:
    prepare(lab)
    lab.vcenter.settings.reconfigure_polls = 3
    lab.faults.add(action, system="vcenter", operation="ReconfigVM_Task", rewrite=new_type, skip=1)
    result, writes = watched(lab, runner(run_module, provider=NATIVE))
    assert not result.failed and result.changed, result.msg
    assert set(outcomes(result).values()) == {"done"}
    assert len(writes) == len(outcomes(result))
    assert all(is_encrypted(machine, NATIVE) for machine in lab.vcenter.inventory.vms)


def test_unreadable_error_of_one_task_does_not_hide_the_others(lab: Lab, run_module: RunModule) -> None:
    """A fault of a newer vCenter: that VM has failed, the others are done."""
    prepare(lab)
    lab.vcenter.machine_faults.add("vm2", "error")

    def news(body: bytes) -> bytes:
        return body.replace(b'xsi:type="SystemError"', b'xsi:type="FaultOfTomorrow"')

    for operation in ("WaitForUpdatesEx", "RetrievePropertiesEx"):
        lab.faults.add("rewrite", system="vcenter", operation=operation, rewrite=news, times=99)
    result, writes = watched(lab, runner(run_module, provider=NATIVE, max_failures=9))
    assert result.failed and result.changed and "Traceback" not in result.output
    ends = outcomes(result)
    assert ends.pop("vm2") == "failed" and set(ends.values()) == {"done"}
    assert "vCenter's reason cannot be read" in result.msg and "\n" not in result.msg
    assert len(writes) == len(ends) + 1


@pytest.mark.parametrize("encoding", ["hex", "euc-jp", "idna", "no-such-code"])
def test_version_file_in_an_odd_encoding_is_one_line(lab: Lab, run_module: RunModule, encoding: str) -> None:
    def rewrite(body: bytes) -> bytes:
        return body.replace(b"UTF-8", encoding.encode())

    lab.faults.add("rewrite", system="vcenter", operation="GET /sdk/*", rewrite=rewrite)
    result = run_module("host_encryption_info")
    assert result.failed and "Traceback" not in result.output
    assert result.msg.startswith("could not connect to vCenter localhost") and "\n" not in result.msg
    assert result["failure"]["kind"] == "unreachable"
