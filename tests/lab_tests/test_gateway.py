# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the lab's addresses and names, and of the gateway between its vCenter and its KMIP servers."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, names
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import every_value
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.key_servers import REGIONS
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.network import Network
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import KmsEntry
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import Identity, KmipServer, Provider

PARIS = "eu-west-par.okms.ovh.net"


@pytest.fixture
def lab():
    with Lab() as running:
        running.give_encryption_right()
        yield running


def addresses(host):
    rows = socket.getaddrinfo(host, 5697, type=socket.SOCK_STREAM)
    assert {row[4][1] for row in rows} == {5697}
    return [row[4][0] for row in rows]


def test_each_server_has_addresses_of_its_own(lab):
    places = [address for region in REGIONS for address in lab.okms_addresses(region)]
    places += [server.address[0] for server in lab.external_kms]
    assert len(set(places)) == len(places) == sum(REGIONS.values()) + 2
    assert (len(lab.okms_addresses("eu-west-par")), len(lab.okms_addresses("ap-southeast-sgp"))) == (3, 2)
    assert all(place.startswith("127.") and not place.startswith("127.0.") for place in places)
    assert (lab.okms_ecdsa.port, lab.okms_rsa.port, lab.external_kms[0].address[1]) == (5696, 5697, 5696)
    for place in lab.okms_addresses("eu-west-par"):
        for port in (5696, 5697):
            socket.create_connection((place, port), 5).close()


def test_names_resolve_while_the_lab_runs(lab):
    paris = lab.okms_addresses("eu-west-par")
    assert addresses(PARIS) == addresses(f"{PARIS.upper()}.") == paris
    assert socket.gethostbyname(PARIS) == paris[0] and socket.gethostbyname_ex(PARIS) == (PARIS, [], paris)
    assert addresses("localhost")
    lab.network.change(PARIS, paris[1:])
    assert addresses(PARIS) == paris[1:] == lab.vcenter.resolve(PARIS)
    lab.stop()
    assert names.VARIABLE not in os.environ


@pytest.mark.parametrize("host", ["eu-west-gra.okms.ovh.net", "kms9.kms.example.net"])
def test_other_names_of_these_domains_do_not_exist(lab, host):
    assert lab.external_kms
    for look_up in (socket.gethostbyname, socket.gethostbyname_ex, lambda name: socket.getaddrinfo(name, 443)):
        with pytest.raises(socket.gaierror, match=host):
            look_up(host)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(PARIS, 443, socket.AF_INET6)


def test_programs_of_the_environment_know_the_names(lab):
    if not list(pathlib.Path(sys.prefix).glob("lib/python3*/site-packages/encryption_lab_names.pth")):
        pytest.fail("run make once: it lets the Pythons of its environments look up the lab's names")
    program = f"import socket; print(socket.gethostbyname_ex({PARIS!r})[2])"
    variables = {"PATH": os.environ["PATH"], names.VARIABLE: lab.environment()[names.VARIABLE]}
    said = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(lab.okms_addresses("eu-west-par"))


def test_two_labs_run_side_by_side_and_the_newest_has_the_names(lab):
    outer = addresses(PARIS)
    with Lab() as other:
        assert addresses(PARIS) == other.okms_addresses("eu-west-par") != outer
        assert lab.vcenter.resolve(PARIS) == outer
    assert addresses(PARIS) == outer


def test_a_block_that_is_taken_is_drawn_again(tmp_path, monkeypatch):
    picks = [7, 7, 7, 7, 8, 8]
    monkeypatch.setattr("random.SystemRandom.randrange", lambda self, *limits: picks.pop(0))
    first = Network(str(tmp_path))
    second = Network(str(tmp_path))
    assert (first.spare(), second.spare()) == ("127.7.7.1", "127.8.8.1")
    first.close()
    second.close()


def test_a_machine_without_such_addresses_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr("random.SystemRandom.randrange", lambda self, *limits: 300)
    with pytest.raises(OSError, match=r"needs addresses such as 127\.300\.300\.1|not known"):
        Network(str(tmp_path))


# --- the gateway


def provider(lab, host=PARIS, port=5697):
    """A provider that lacks nothing but the way to its servers."""
    made = Provider(
        "okms-prod",
        servers={"okms": KmipServer("okms", host, port)},
        trusted=[lab.okms_rsa_servers.root.certificate_pem, lab.okms_servers.root.certificate_pem],
        identity=Identity(*lab.okms_users.leaf("an-okms-id", "client")),
    )
    lab.vcenter.crypto.providers["okms-prod"] = made
    return made


def entry(lab, ip, port=5697, state="delivered"):
    made = KmsEntry(int(ip.split(".")[-1]), ip, "0A" * 20, "", port, state, flow_open=True)
    lab.ovhcloud.state.pccs[lab.private_cloud].kms[made.kms_id] = made
    return made


def green(lab):
    made = lab.vcenter.crypto.providers["okms-prod"]
    return lab.vcenter._connections.probe(made, made.servers["okms"]).green


def test_each_address_of_a_name_needs_an_entry(lab):
    provider(lab)
    for ip in lab.okms_addresses("eu-west-par"):
        assert not green(lab)
        with pytest.raises(RuntimeError, match="Cannot connect to the key server"):
            lab.generate_key("okms-prod")
        entry(lab, ip)
    assert green(lab) and lab.generate_key("okms-prod") in lab.okms_kmip.keys()  # noqa: SIM118
    lab.network.change(PARIS, [*lab.okms_addresses("eu-west-par"), lab.network.spare()])
    assert not green(lab)


@every_value
def test_flow_is_open_for_the_port_of_the_entry(assumed):
    with Lab(assumed.put(LabSettings())) as lab:
        lab.give_encryption_right()
        lab.vcenter.settings.ecdsa_endpoint = "works"  # what counts here is the way to it
        host = "eu-west-rbx.okms.ovh.net"
        made = entry(lab, lab.okms_addresses("eu-west-rbx")[0], port=5696)
        provider(lab, host, 5697)
        assert green(lab) != assumed.value
        provider(lab, host, 5696)
        assert green(lab)
        made.port = 5697
        assert green(lab) != assumed.value


def test_entries_of_another_private_cloud_open_nothing(lab):
    provider(lab, "eu-west-rbx.okms.ovh.net")
    made = entry(lab, lab.okms_addresses("eu-west-rbx")[0])
    assert green(lab)
    other = lab.ovhcloud.add_private_cloud("pcc-192-0-2-11")
    other.kms, lab.ovhcloud.state.pccs[lab.private_cloud].kms = {made.kms_id: made}, {}
    assert not green(lab)


def test_port_of_a_new_entry_follows_its_address(lab):
    callbacks = lab.ovhcloud.callbacks
    assert {callbacks.kms_port(ip) for ip in lab.okms_addresses("eu-west-par")} == {5697}
    assert callbacks.kms_port(lab.external_kms[0].address[0]) == callbacks.kms_port("192.0.2.7") == 5696


@every_value
def test_entry_with_an_old_thumbprint_is_mended(assumed):
    with Lab(assumed.put(LabSettings())) as lab:
        lab.give_encryption_right()
        provider(lab)
        flow = {"service_name": lab.private_cloud, "host": PARIS, "wait_interval": 0.01, "wait_timeout": 20}

        def keep(wait_for="firewall_open"):
            pin = thumbprints(lab.okms_rsa.certificate_pem)["sha1"]
            options = {**harness.connection(lab, "ovhcloud"), **flow, "thumbprint": pin, "wait_for": wait_for}
            done = harness.run_module("private_cloud_kms", **options)
            assert not done.failed, done.msg
            return done.changed

        assert keep() and green(lab)
        keep("delivered")
        lab.okms_kmip.replace_server_certificate()
        assert green(lab) != assumed.value
        assert keep("delivered") and green(lab) and not keep("delivered")
