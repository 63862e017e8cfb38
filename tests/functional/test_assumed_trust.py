# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is assumed of vCenter's trust in KMIP servers, run with every value."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import runner_in
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, server_of
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import lab_with, ok, twice
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value

NAME = "team-kms"


@every_value
def test_server_that_becomes_trusted(assumed: Assumed) -> None:
    """Trust that never shows ends in one line, and the next run goes on; a server that moves is trusted before."""
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        ca = lab.external_authority.certificate_pem
        options = {"name": NAME, "server_ca": ca, "servers": [server_of(lab.external_kms[0])], **FAST}
        if assumed.value == 1000:
            failed = run("standard_key_provider", **{**options, "wait_timeout": 1})
            assert failed.failed and "not trusted although" in failed.msg and "\n" not in failed.msg, failed.output
            lab.vcenter.settings.trust_told_late = lab.vcenter.crypto.providers[NAME].trust_late = 0
            ok(run("standard_key_provider", **options))
        else:
            twice(run, "standard_key_provider", **options)
        moved = {**options, "servers": [server_of(lab.external_kms[1])]}
        done = twice(run, "standard_key_provider", **moved)
        assert done["server_trust"][0]["trusted_by"] == ["ca"], done.output
        trusted = lab.vcenter.crypto.providers[NAME].trusted
        assert ca.strip() in [pem.strip() for pem in trusted]
