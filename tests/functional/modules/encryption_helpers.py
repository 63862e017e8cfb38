# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of hosts, locked VMs and vSAN share: providers that work, and keys in them."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER, Run
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import Identity, KmipServer, Provider


def add_standard(lab: Lab, name: str = PROVIDER, default: bool = True) -> Provider:
    """A provider on the external KMS, trusted both ways, as if made before."""
    certificate, key = lab.external_client_pair()
    servers = {}
    for number, kms in enumerate(lab.external_kms):
        address, port = kms.address
        servers[f"kms-{number}"] = KmipServer(f"kms-{number}", address, port)
    provider = Provider(
        name,
        servers=servers,
        trusted=[lab.external_authority.certificate_pem],
        identity=Identity(certificate, key),
    )
    lab.vcenter.crypto.providers[name] = provider
    if default:
        lab.vcenter.crypto.default = name
    return provider


def add_native(lab: Lab, name: str = "vnkp", default: bool = False, **options: t.Any) -> Provider:
    """A native provider, backed up unless told otherwise."""
    provider = lab.vcenter.crypto.add_native(name, **{"has_backup": True, **options})
    if default:
        lab.vcenter.crypto.default = name
    return provider


def runner_in(lab: Lab) -> Run:
    """Modules in a lab that the test itself started."""

    def call(module: str, /, **options: t.Any) -> harness.ModuleResult:
        return harness.run_module(module, **{**harness.connection(lab, harness.group_of(module)), **options})

    return functools.partial(call)


def without(lab: Lab, *privileges: str) -> None:
    """The user has everything but these, from the next login on."""
    given = lab.vcenter.authenticate

    def authenticate(login: str, password: str) -> t.Iterable[str] | None:
        found = given(login, password)
        return None if found is None else set(found) - set(privileges)

    lab.vcenter.authenticate = authenticate


def refused(lab: Lab, run: Run, kind: str, **options: t.Any) -> str:
    """The message of a refusal that wrote nothing, on one line, the same in check mode."""
    messages = []
    for check in (True, False):
        mark = lab.journal.mark()
        result = run(check=check, **options)
        assert result.failed, result.output
        assert result["failure"]["kind"] == kind, result.output
        assert lab.journal.writes(mark, "vcenter") == []
        assert "\n" not in result.msg
        assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in result.output] == []
        messages.append(result.msg)
    assert messages[0] == messages[1]
    return messages[0]
