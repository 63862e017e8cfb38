# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is assumed of the OVHcloud API and of OKMS, beyond the lives in test_assumptions.py: run with every value."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import socket
import threading

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import runner_in
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import lab_with, ok, twice
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value

IP, SHA1, OTHER_SHA1 = "198.51.100.7", "AB:" * 19 + "AB", "CD:" * 19 + "CD"


@every_value
def test_many_domains_and_their_credentials(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    """Lists of several pages, and calls that are signed by a clock that is a little off."""
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        made = [lab.ovhcloud.new_okms(lab.region, f"kms-{number}") for number in range(7)]
        shown = ok(run("okms_info"))["okms_domains"]
        assert {one["id"] for one in shown} == {domain.okms_id for domain in made}
        for number in range(5):
            options = {"okms_id": made[0].okms_id, "name": f"vcenter-{number}", **providers.FAST}
            twice(run, "okms_credential", **options, private_key_path=str(tmp_path / f"{number}.key"))
        listed = ok(run("okms_credential_info", okms_id=made[0].okms_id))["credentials"]
        assert len(listed) == 5


@every_value
def test_kms_entry_and_its_tasks(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        lab.ovhcloud.vcenter_trusts = lambda _ip: True
        entry = {"service_name": lab.private_cloud, "host": IP, **providers.FAST}
        twice(run, "private_cloud_kms", **entry, thumbprint=SHA1, wait_for="delivered")
        twice(run, "private_cloud_kms", **entry, thumbprint=OTHER_SHA1)
        twice(run, "private_cloud_kms", **entry, state="absent", confirm_host=IP)


@every_value
def test_change_that_the_state_of_an_entry_does_not_allow(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        entry = {"service_name": lab.private_cloud, "host": IP, "thumbprint": SHA1, **providers.FAST}
        ok(run("private_cloud_kms", **entry))
        (kept,) = lab.ovhcloud.state.pccs[lab.private_cloud].kms.values()
        kept.state = "updating"
        failed = run("private_cloud_kms", **{**entry, "thumbprint": OTHER_SHA1, "wait_timeout": 1})
        assert failed.failed and "\n" not in failed.msg, failed.output
        assert kept.thumbprint == SHA1


@every_value
def test_kms_entry_that_waits_for_vcenter(assumed: Assumed) -> None:
    """The flow is open: a new thumbprint comes after vCenter, whether OVHcloud would take it earlier or not."""
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        entry = {"service_name": lab.private_cloud, "host": IP, "thumbprint": SHA1, **providers.FAST}
        ok(run("private_cloud_kms", **entry))
        (kept,) = lab.ovhcloud.state.pccs[lab.private_cloud].kms.values()
        assert kept.state == "creating"
        early = ok(run("private_cloud_kms", **{**entry, "thumbprint": OTHER_SHA1}))
        assert not early.changed and "once vCenter uses the KMS" in early.output, early.output
        lab.ovhcloud.vcenter_trusts = lambda _ip: True
        twice(run, "private_cloud_kms", **{**entry, "thumbprint": OTHER_SHA1, "wait_for": "delivered"})
        assert (kept.state, kept.thumbprint) == ("delivered", OTHER_SHA1)


@every_value
def test_endpoint_that_was_presumed_for_a_region(assumed: Assumed) -> None:
    """Before the order check mode presumes; afterwards what the domain tells counts."""
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        region = lab.ovhcloud.core.regions[lab.region]
        place = (region.ecdsa.host, 5697)
        if assumed.value == "other-host":
            place = ("rsa-" + region.ecdsa.host, 5697)
            rsa = dataclasses.replace(region.rsa or region.ecdsa, host=place[0])
            lab.ovhcloud.core.regions[lab.region] = dataclasses.replace(region, rsa=rsa)
        elif assumed.value == "none":
            lab.ovhcloud.settings.rsa_endpoint, place = "null", (region.ecdsa.host, 5696)
        order = {"display_name": "kms-prod", "region": lab.region, "allow_order": True, **providers.FAST}
        foretold = ok(run("okms", **order, check=True))["okms"]["kmip_for_vcenter"]
        assert (foretold["host"], foretold["port"]) == (region.ecdsa.host, 5697)
        told = twice(run, "okms", **order)["okms"]["kmip_for_vcenter"]
        assert (told["host"], told["port"]) == place


@every_value
def test_kms_entry_on_a_certified_cloud(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        lab.ovhcloud.settings.advanced_security = True
        entry = {"service_name": lab.private_cloud, "host": IP, "thumbprint": SHA1, **providers.FAST}
        result = runner_in(lab)("private_cloud_kms", **{**entry, "wait_timeout": 1})
        if assumed.value:
            assert result.failed and "token validator" in result.msg, result.output
        else:
            assert ok(result).changed


@every_value
def test_certificate_that_okms_issued(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    """The test of a KMS works with fewer rights; after its revocation the certificate opens nothing."""
    with lab_with(assumed) as lab:
        run = runner_in(lab)
        domain = lab.ovhcloud.new_okms(lab.region, "kms-prod")
        key = tmp_path / "vcenter.key"
        credential = {"okms_id": domain.okms_id, "name": "vcenter", **providers.FAST}
        made = ok(run("okms_credential", **credential, private_key_path=str(key)))["credential"]
        host, port = lab.okms_kmip.host, lab.okms_kmip.address[1]
        client = {"client_certificate": made["certificate"], "client_private_key_path": str(key)}
        where = {"host": host, "port": port, "ca": lab.okms_public_ca, **client}
        tested = ok(run("kmip_server_test", **where))["kmip_server_test"]
        assert tested["passed"], tested
        assert lab.okms_kmip.object_count() == 0
        ok(run("okms_credential", **credential, state="absent", confirm_name="vcenter"))
        assert run("kmip_server_test", **where)["failure"]["kind"] == "client_certificate_rejected"


def hang_up(listener: socket.socket) -> None:
    """Answer nothing: read what the client says first, and close."""
    while True:
        try:
            raw, _peer = listener.accept()
        except OSError:  # the test is over
            return
        with raw:
            raw.recv(4096)


@every_value
def test_client_certificate_that_a_kms_refuses(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    """However the KMS says it: one line, a kind, and nothing left behind."""
    with lab_with(assumed) as lab, contextlib.closing(socket.create_server((lab.okms_kmip.address[0], 0))) as listener:
        host, port = lab.okms_kmip.host, lab.okms_kmip.address[1]
        certificate, key = lab.client_files("an-okms-id", tmp_path)
        if assumed.value == "unknown_ca":
            for name, text in zip((certificate, key), lab.external_client_pair()):
                pathlib.Path(name).write_text(text)
        elif assumed.value == "bad_certificate":
            lab.okms_kmip.admits = lambda _certificate, _address: False
        else:
            port = listener.getsockname()[1]
            threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        client = {"client_certificate_path": certificate, "client_private_key_path": key, "ca": lab.okms_public_ca}
        refused = runner_in(lab)("kmip_server_test", host=host, port=port, timeout=5, **client)
        kind = "connection_lost" if assumed.value == "hang_up" else "client_certificate_rejected"
        assert refused["failure"]["kind"] == kind, refused.output
        assert "\n" not in refused.msg and lab.okms_kmip.object_count() == 0


@every_value
def test_people_who_log_in_with_a_vsphere_role(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        run, cloud = runner_in(lab), lab.private_cloud
        ok(run("private_cloud_iam", service_name=cloud, **providers.FAST))
        wish = {"name": "people", "identities": ["user:alice"], "allow": ["pccVMware:vSphere:assumeRole?iam-admin"]}
        alice, may = "urn:v1:eu:identity:user:ab12345-ovh/alice", lab.ovhcloud.rights.may_assume
        # what an earlier version of the collection wrote, which the next run completes
        ok(run("iam_policy", **wish, resources=[f"private_cloud:{cloud}"]))
        assert may(alice, cloud, "iam-admin") is not assumed.value
        twice(run, "iam_policy", **wish, resources=[f"private_cloud:{cloud}", f"service_pack:{cloud}"])
        assert may(alice, cloud, "iam-admin") and not may(alice, cloud, "iam-auditor")
