# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module key_provider_info against the lab."""

from __future__ import annotations

import functools

import pytest
from cryptography import x509

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    PROVIDER,
    Writes,
    make_green,
    make_provider,
    open_up,
    server_of,
    sha256_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import VCenterSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import Host, KeyRef, VirtualMachine


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "key_provider_info")


@pytest.fixture
def read(run):
    """Facts of the one provider."""

    def call(**options):
        result = run(name=PROVIDER, **options)
        assert not result.failed, result.msg
        assert result.changed is False
        (facts,) = result["key_providers"]
        return facts

    return call


def test_nothing_there(lab, run):
    for options in ({}, {"name": "nobody"}):
        result, writes = Writes(lab).of(lambda: run(**options))  # noqa: B023
        assert (result.failed, result.changed, result["key_providers"], writes) == (False, False, [], [])


@pytest.mark.oldest("key_provider_info", "life")
def test_green_provider(lab, read, run_module):
    certificate = make_green(lab, run_module)
    mark = lab.journal.mark()
    facts = read()
    assert (facts["type"], facts["status"], facts["reasons"], facts["users"]) == ("standard", "green", [], None)
    assert facts["servers"] == [
        {
            **server_of(lab.external_kms[0]),
            "username": None,
            "proxy_address": None,
            "proxy_port": None,
            "protocol": None,
            "reconnect": None,
            "nbio": None,
            "timeout": None,
        }
    ]
    (connection,) = facts["connections"]
    assert connection["vcenter_trusts_server"] and connection["server_trusts_vcenter"]
    assert connection["certificate"]["sha256"] == sha256_of(lab.external_kms[0].server_certificate_pem)
    assert connection["certificate"]["issuer"] == "CN=Key servers of the team"
    assert 360 <= connection["certificate"]["days_left"] <= 366
    assert facts["client_certificate"]["sha256"] == sha256_of(certificate)
    assert facts["client_certificate"]["days_left"] == 364
    # nobody renews it yet, so vCenter is not asked for a CSR
    assert (facts["csr_pending"], lab.journal.count(operation="RetrieveClientCsr", since=mark)) == (None, 0)
    assert read(check_status=False)["csr_pending"] is False
    assert lab.journal.count(operation="RetrieveClientCsr", since=mark) == 1


def test_why_it_is_not_green(lab, read, run_module):
    run_module("standard_key_provider", name=PROVIDER, servers=[server_of(lab.external_kms[0])])
    assert "vCenter does not trust the server's certificate" in read()["reasons"][0]
    make_provider(lab, run_module)
    facts = read()
    assert facts["status"] == "red"
    assert "does not accept vCenter's client certificate" in facts["reasons"][0]
    lab.external_kms.stop()
    facts = read()
    assert "cannot reach" in facts["reasons"][0]
    assert facts["connections"][0]["certificate"] is None


def test_revoked_client_certificate(lab, read, run_module):
    serial = x509.load_pem_x509_certificate(make_green(lab, run_module).encode()).serial_number
    lab.external_clients.revoke(serial)
    lab.external_kms.refresh_revocations()
    facts = read()
    assert facts["status"] == "red"
    assert "revoked" in facts["reasons"][0]


def test_expired_client_certificate(lab, read, run_module):
    make_green(lab, run_module)
    lab.clock.advance(400 * 86400)
    facts = read()
    assert facts["client_certificate"]["days_left"] < 0
    assert any("vCenter's client certificate expired on" in reason for reason in facts["reasons"])


def test_without_status_no_server_is_asked(lab, read, run_module):
    make_green(lab, run_module)
    mark = lab.journal.mark()
    facts = read(check_status=False)
    assert (facts["status"], facts["connections"], facts["reasons"]) == (None, None, [])
    assert facts["client_certificate"] is not None
    assert lab.journal.count("external_kms", since=mark) == 0


@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_all_kinds_in_all_versions(version):
    with Lab(LabSettings(vcenter_version=version)) as lab:
        run_module = functools.partial(harness.run_module, **harness.connection(open_up(lab), "vsphere"))
        make_green(lab, run_module)
        lab.vcenter.crypto.add_native("native", has_backup=False)
        found = {item["name"]: item for item in run_module("key_provider_info")["key_providers"]}
        assert found[PROVIDER]["status"] == "green"
        assert found["native"]["type"] == "native"
        assert found["native"]["has_backup"] is False
        assert found["native"]["client_certificate"] is None
        assert found["native"]["reasons"] == ["the native key provider was never backed up"]


@pytest.mark.parametrize("soap", ["gray", "green"])
@pytest.mark.parametrize(
    ("saved", "unsaved", "colour", "reasons"),
    [
        (True, "ERROR", "green", []),
        (False, "ERROR", "red", ["the native key provider was never backed up"]),
        (False, "WARNING", "yellow", ["the native key provider was never backed up"]),
    ],
)
def test_health_of_a_native_provider_is_that_of_rest(lab, run, soap, saved, unsaved, colour, reasons):
    lab.vcenter.settings.native_status, lab.vcenter.settings.native_unsaved_health = soap, unsaved
    lab.vcenter.crypto.add_native("native", has_backup=saved)
    mark = lab.journal.mark()
    (facts,) = run()["key_providers"]
    assert (facts["status"], facts["reasons"]) == (colour, reasons)
    assert lab.journal.count("vcenter_rest", "login", since=mark) == 1
    assert lab.journal.count("vcenter_rest", "logout", since=mark) == 1
    mark = lab.journal.mark()
    assert run(check_status=False)["key_providers"][0]["status"] is None
    assert lab.journal.count("vcenter_rest", since=mark) == 0


def test_types_narrow_the_report_and_its_requests(lab, run, run_module):
    make_provider(lab, run_module)
    lab.vcenter.crypto.add_native("native", has_backup=True)
    home, lost = lab.vcenter.inventory.vm("vm1"), lab.vcenter.inventory.vm("vm2")
    lab.vcenter.inventory.encrypt(home, PROVIDER, "1")
    lab.vcenter.inventory.encrypt(lost, "gone", "2")
    for types, expected in [
        ([], [["native", "native"], [PROVIDER, "standard"]]),
        (["native"], [["native", "native"]]),
        ("standard", [[PROVIDER, "standard"]]),
        (["trusted"], []),
    ]:
        mark = lab.journal.mark()
        result = run(types=types, users=True, check_keys=True)
        assert [[one["name"], one["type"]] for one in result["key_providers"]] == expected
        # what vCenter does not have has no type
        assert [one["name"] for one in result["missing_key_providers"]] == ["gone"]
        native = any(kind == "native" for _name, kind in expected)
        assert lab.journal.count("vcenter_rest", "login", since=mark) == int(native)
        standard = any(kind == "standard" for _name, kind in expected)
        assert lab.journal.count("vcenter", operation="RetrieveKmipServerCert", since=mark) == int(standard)
    assert run(name=PROVIDER, types=["native"])["key_providers"] == []
    wrong = run(types=["foreign"])
    assert wrong.failed and "value of types must be one or more of" in wrong.msg and "\n" not in wrong.msg


def test_native_provider_without_rest_is_what_soap_says(lab, run):
    lab.vcenter.settings.native_status = "gray"
    lab.vcenter.crypto.add_native("native", has_backup=True)
    lab.faults.add("refuse", system="vcenter_rest", operation="GET *")
    result = run()
    assert not result.failed and result["key_providers"][0]["status"] == "gray"
    assert len(result.warnings) == 1 and "comes from the SOAP interface" in result.warnings[0]


def test_provider_without_any_client_certificate():
    settings = VCenterSettings(default_client_certificate=False, false_trust_unset=True, connection_texts=False)
    with Lab(LabSettings(vcenter=settings)) as lab:
        run_module = functools.partial(harness.run_module, **harness.connection(open_up(lab), "vsphere"))
        make_provider(lab, run_module)
        (facts,) = run_module("key_provider_info")["key_providers"]
        assert facts["client_certificate"] is None
        assert facts["status"] == "red"
        assert "does not accept" in facts["reasons"][0]


def test_users_in_one_read_of_many_pages(lab, read, run_module):
    make_provider(lab, run_module, default=True)
    lab.vcenter.settings.page_size = 2
    machine = next(entity for entity in lab.vcenter.inventory if isinstance(entity, VirtualMachine))
    lab.vcenter.inventory.encrypt(machine, PROVIDER, "1")
    host = next(entity for entity in lab.vcenter.inventory if isinstance(entity, Host))
    host.crypto_key = KeyRef(PROVIDER, "2")
    facts = read(users=True, check_status=False)
    labels = [f"Hard disk {number + 1}" for number in range(len(machine.disks))]
    assert facts["users"] == {
        "virtual_machines": [
            {"name": machine.name, "moid": "vm-1", "home": True, "disks": labels, "vtpm": False},
        ],
        "hosts": [host.name],
        "clusters_default": [],
        "system_default": True,
        "vsan_clusters": [],
        "others": [],
        "key_ids": ["1", "2"],
        "not_read": None,
    }
    needs = [f"VM vm1 (home, {', '.join(labels)})", f"host {host.name}"]
    assert (facts["in_use_by"], facts["needed_by"]) == ([*needs, "system default"], needs)


def test_providers_that_are_needed_but_lost_are_told(lab, run_module):
    inventory = lab.vcenter.inventory
    inventory.encrypt_disk(inventory.vm("vm2"), 1, "lost-kms", "1")
    inventory.cluster("C0").vsan_encryption = "lost-vsan"
    lines = {"lost-kms": ["VM vm2 (Hard disk 2)"], "lost-vsan": ["vSAN of cluster C0"]}

    def missing(**options):
        found = run_module("key_provider_info", users=True, **options)
        assert not found.failed, found.msg
        return {one["name"]: one["in_use_by"] for one in found["missing_key_providers"]}

    assert missing() == lines
    make_provider(lab, run_module)
    assert missing() == lines
    assert missing(name="lost-kms") == {"lost-kms": lines["lost-kms"]}
    assert missing(name=PROVIDER) == {}
    assert run_module("key_provider_info")["missing_key_providers"] == []


def test_round_trips_do_not_grow_with_the_inventory(lab, read, run_module):
    make_green(lab, run_module)
    mark = lab.journal.mark()
    read(users=True)
    assert lab.journal.count("vcenter", since=mark) <= 16


def test_keys_in_use_are_fetched_on_request(lab, read, run_module):
    make_green(lab, run_module)
    inventory = lab.vcenter.inventory
    assert read()["keys_in_use"] is None
    assert read(check_keys=True)["keys_in_use"] == {"asked": 0, "unavailable": []}
    good = lab.generate_key(PROVIDER)
    lab.vcenter._connections.use_key(lab.vcenter.crypto.providers[PROVIDER], good)
    inventory.encrypt(inventory.vm("vm1"), PROVIDER, good)
    assert read(check_keys=True)["keys_in_use"] == {"asked": 1, "unavailable": []}
    inventory.encrypt(inventory.vm("vm2"), PROVIDER, "key-that-the-kms-lost")
    keys = read(check_keys=True)["keys_in_use"]
    assert (keys["asked"], len(keys["unavailable"])) == (2, 1)
    assert keys["unavailable"][0].startswith("key-that-the-kms-lost: ")
