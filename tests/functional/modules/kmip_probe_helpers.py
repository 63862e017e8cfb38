# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for the tests of kmip_server_test: the external KMS with a client certificate, and the rows of a result."""

from __future__ import annotations

import json
import pathlib

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.probe_record import STEPS
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness

LOGIN = ("vcenter", "kms word of the lab")


NAMES = [step.name for step in STEPS]


class Bench:
    """The external KMS with a certificate that it takes."""

    def __init__(self, lab):
        self.lab = lab
        self.server = lab.external_kms[0]
        self.host, self.port = self.server.address
        certificate, key = lab.external_client_pair()
        self.pair = {"client_certificate": certificate, "client_private_key": key}

    def test(self, check=False, **options):
        """The module's result; no key material may be in it, and its message is one line."""
        given = {"host": self.host, "port": self.port, "ca_path": self.lab.external_ca_path, "timeout": 60}
        result = harness.run_module("kmip_server_test", check, **{**given, **self.pair, **options})
        assert "\n" not in result.msg
        shown = json.dumps({name: value for name, value in result.data.items() if name != "invocation"})
        for secret in (*self.pair["client_private_key"].splitlines()[1:-1], LOGIN[1]):
            assert secret not in shown
        return result

    def allow_all_but(self, *operations):
        """Refuse these operations to everybody."""
        self.server.allowed = lambda subject, serial, operation: operation not in operations

    @property
    def writes(self):
        return [entry.operation for entry in self.lab.journal.writes(system="external_kms")]


def steps(result):
    """{name: row}; always all of them, in their order."""
    rows = result["kmip_server_test"]["steps"]
    assert [row["step"] for row in rows] == NAMES
    return {row["step"]: row for row in rows}


def not_done(result):
    """Names of the steps that failed or were not tried."""
    return [name for name, row in steps(result).items() if not row["ok"]]


def okms_options(lab, okms_id, identity):
    """Connection to the lab's OKMS with a credential that the API has issued."""
    key = pathlib.Path(lab.directory, "issued.key")
    issued = harness.run_module(
        "okms_credential",
        **harness.connection(lab, "ovhcloud"),
        okms_id=okms_id,
        name="vcenter",
        identity_urns=[identity],
        private_key_path=str(key),
        wait_interval=0.01,
    )
    assert not issued.failed, issued.msg
    host, port = lab.okms_kmip.host, lab.okms_kmip.address[1]
    return {
        "host": host,
        "port": port,
        "ca": lab.okms_public_ca,
        "client_certificate": issued["credential"]["certificate"],
        "client_private_key_path": str(key),
    }
