# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module standard_key_provider against the lab."""

from __future__ import annotations

import functools
import socket

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    converge,
    make_green,
    make_provider,
    open_up,
    server_of,
    sha256_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef, VirtualMachine
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

UNKNOWN = ("status", "connections")


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "standard_key_provider", name=PROVIDER, **FAST)


@pytest.fixture
def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


def trusted(result):
    return {server["name"]: server["trusted"] for server in result["key_provider"]["servers"]}


def providers(run_module):
    return [item["name"] for item in run_module("key_provider_info", check_status=False)["key_providers"]]


@pytest.mark.oldest("standard_key_provider", "life")
def test_life_of_a_provider_verified_by_its_ca(lab, run, run_module):
    options = {"servers": [server_of(lab.external_kms[0])], "server_ca": lab.external_authority.certificate_pem}
    made = converge(lab, run, "key_provider", (*UNKNOWN, "default"), **options)
    assert trusted(made) == {"kms-a": True}
    assert made["key_provider"]["type"] == "standard"
    assert made["key_provider"]["servers"][0]["username"] is None

    options["servers"][0].update(timeout=20, username="vcenter")
    changed = converge(lab, run, "key_provider", UNKNOWN, **options)
    assert changed.diff["before"]["servers"][0]["timeout"] is None
    assert changed.diff["after"]["servers"][0]["timeout"] == 20

    options["servers"][0].update(timeout=-1, username="")
    converge(lab, run, "key_provider", UNKNOWN, **options)

    gone = converge(lab, run, "key_provider", state="absent")
    assert gone["key_provider"] == {}
    assert providers(run_module) == []


@pytest.mark.parametrize("version", ["7.0.2", "9.0"])
def test_life_in_other_versions(version):
    with Lab(LabSettings(vcenter_version=version)) as lab:
        connection = harness.connection(open_up(lab), "vsphere")
        run = functools.partial(harness.run_module, "standard_key_provider", name=PROVIDER, **FAST, **connection)
        options = {"servers": [server_of(lab.external_kms[0])], "server_ca": lab.external_authority.certificate_pem}
        made = converge(lab, run, "key_provider", (*UNKNOWN, "default"), **options)
        assert trusted(made) == {"kms-a": True}
        converge(lab, run, "key_provider", state="absent")


@pytest.mark.parametrize(
    "unknown",
    [
        {"server_certificates_accumulate": False},
        {"server_certificate_chain": True},
        {"false_trust_unset": True},
        {"empty_provider_remains": True},
        {"argument_fault": "RuntimeFault"},
        {"task_polls": 2},
        {"page_size": 1},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_life_whatever_is_not_documented(unknown):
    with Lab(LabSettings(vcenter=VCenterSettings(**unknown))) as lab:
        connection = harness.connection(open_up(lab), "vsphere")
        run = functools.partial(harness.run_module, "standard_key_provider", name=PROVIDER, **FAST, **connection)
        servers = [server_of(lab.external_kms[0]), server_of(lab.okms_kmip, "kms-b")]
        pins = [sha256_of(kms.server_certificate_pem) for kms in (lab.external_kms[0], lab.okms_kmip)]
        made = converge(lab, run, "key_provider", (*UNKNOWN, "default"), servers=servers, server_thumbprints=pins)
        assert trusted(made) == {"kms-a": True, "kms-b": True}
        converge(lab, run, "key_provider", state="absent")


def test_wrong_pin_stops_before_anything_is_written(lab, run, run_module):
    expected, presented = "AB:" * 31 + "AB", sha256_of(lab.external_kms[0].server_certificate_pem)
    for check in (True, False):
        result, writes = Writes(lab).of(
            lambda: run(check=check, servers=[server_of(lab.external_kms[0])], server_thumbprints=[expected])  # noqa: B023
        )
        assert result.failed and writes == []
        assert expected in result.msg and presented in result.msg and "nothing was changed" in result.msg
        assert "\n" not in result.msg
        assert result["failure"]["kind"] == "refused_by_guard"
    assert providers(run_module) == []


def test_ca_that_did_not_sign_stops_before_anything_is_written(lab, run):
    ca = lab.okms_servers.certificate_pem
    result, writes = Writes(lab).of(lambda: run(servers=[server_of(lab.external_kms[0])], server_ca=ca))
    assert result.failed and writes == []
    assert "the given CA did not sign" in result.msg


def test_pin_and_ca_must_both_hold(lab, run):
    options = {"servers": [server_of(lab.external_kms[0])], "server_thumbprints": ["CD" * 32]}
    assert run(server_ca=lab.external_authority.certificate_pem, **options).failed
    options["server_thumbprints"] = [sha256_of(lab.external_kms[0].server_certificate_pem)]
    assert run(server_ca=lab.okms_servers.certificate_pem, **options).failed
    assert run(server_ca=lab.external_authority.certificate_pem, **options).changed


def test_replaced_server_certificate_fails_pin_and_passes_ca(lab, run):
    options = {"servers": [server_of(lab.external_kms[0])]}
    pin = [sha256_of(lab.external_kms[0].server_certificate_pem)]
    ca = lab.external_authority.certificate_pem
    assert run(server_ca=ca, server_thumbprints=pin, **options).changed
    lab.external_kms[0].replace_server_certificate()
    drift, writes = Writes(lab).of(lambda: run(server_thumbprints=pin, **options))
    assert drift.failed and writes == []
    assert pin[0] in drift.msg
    renewed, writes = Writes(lab).of(lambda: run(server_ca=ca, **options))
    assert (renewed.failed, renewed.changed, writes) == (False, False, [])


def test_missing_trust_options_register_servers_with_a_warning(lab, run):
    options = {"servers": [server_of(lab.external_kms[0])]}
    made = converge(lab, run, "key_provider", (*UNKNOWN, "default"), **options)
    assert trusted(made) == {"kms-a": False}
    assert any("does not trust" in warning for warning in made.warnings)
    later = converge(lab, run, "key_provider", UNKNOWN, server_ca=lab.external_authority.certificate_pem, **options)
    assert trusted(later) == {"kms-a": True}


def test_trust_on_first_use_shows_whom_it_trusts(lab, run):
    made = converge(
        lab,
        run,
        "key_provider",
        (*UNKNOWN, "default"),
        servers=[server_of(lab.external_kms[0])],
        trust_on_first_use=True,
    )
    assert trusted(made) == {"kms-a": True}
    assert any(sha256_of(lab.external_kms[0].server_certificate_pem) in warning for warning in made.warnings)


def test_unreachable_server_is_waited_for_and_named(lab, run, closed_port):
    options = {
        "servers": [{"name": "kms-a", "address": "127.0.0.1", "port": closed_port}],
        "server_ca": lab.external_authority.certificate_pem,
    }
    checked, writes = Writes(lab).of(lambda: run(check=True, **options))
    assert (checked.failed, checked.changed, writes) == (False, True, [])
    assert any("cannot connect" in warning for warning in checked.warnings)
    for wait in (True, False):
        result, writes = Writes(lab).of(lambda: run(**{**options, "wait": wait, "wait_timeout": 0}))  # noqa: B023
        assert result.failed and writes == []
        assert f"127.0.0.1:{closed_port}" in result.msg
        assert "KMS entry" in result.msg


def test_one_server_of_two_is_down(lab, run, closed_port):
    servers = [server_of(lab.external_kms[0]), {"name": "kms-b", "address": "127.0.0.1", "port": closed_port}]
    options = {"servers": servers, "server_ca": lab.external_authority.certificate_pem}
    made = converge(lab, run, "key_provider", (*UNKNOWN, "default"), **options)
    assert trusted(made) == {"kms-a": True, "kms-b": False}
    assert any("kms-b" in warning for warning in made.warnings)


def test_servers_are_added_and_purged(lab, run):
    one, two = server_of(lab.external_kms[0]), server_of(lab.external_kms[0], "kms-b")
    ca = lab.external_authority.certificate_pem
    converge(lab, run, "key_provider", (*UNKNOWN, "default"), servers=[one], server_ca=ca)
    added = converge(lab, run, "key_provider", UNKNOWN, servers=[two], server_ca=ca)
    assert trusted(added) == {"kms-a": True, "kms-b": True}
    purged = converge(lab, run, "key_provider", UNKNOWN, servers=[two], server_ca=ca, purge_servers=True)
    assert trusted(purged) == {"kms-b": True}
    emptied, writes = Writes(lab).of(lambda: run(servers=[], purge_servers=True))
    assert emptied.failed and writes == []
    assert "state: absent" in emptied.msg


def test_default_of_the_system_is_changed_only_when_asked(lab, run, run_module):
    make_provider(lab, run_module, "other", default=True)
    make_provider(lab, run_module)
    assert run()["key_provider"]["default"] is False
    moved = converge(lab, run, "key_provider", UNKNOWN, default=True)
    assert moved["key_provider"]["default"] is True
    assert run()["key_provider"]["default"] is True
    found = {item["name"]: item["default"] for item in run_module("key_provider_info")["key_providers"]}
    assert found == {"other": False, PROVIDER: True}
    converge(lab, run, "key_provider", UNKNOWN, default=False)


def test_default_of_clusters(lab, run, run_module):
    make_provider(lab, run_module)
    unknown = run(default_clusters=["no-such-cluster"])
    assert unknown.failed
    name = unknown.msg.rsplit("there are: ", maxsplit=1)[1].split(", ")[0]
    made = converge(lab, run, "key_provider", UNKNOWN, default_clusters=[name])
    assert made["key_provider"]["default_clusters"] == [name]
    assert run()["key_provider"]["default_clusters"] == [name]
    refused = run(state="absent")
    assert refused.failed and f"default of cluster {name}" in refused.msg
    converge(lab, run, "key_provider", UNKNOWN, default_clusters=[])


def test_used_provider_is_removed_only_with_its_name_typed_again(lab, run, run_module):
    make_provider(lab, run_module, default=True)
    for check in (True, False):
        refused, writes = Writes(lab).of(lambda: run(check=check, state="absent"))  # noqa: B023
        assert refused.failed and writes == []
        assert "system default" in refused.msg and "confirm_name" in refused.msg
        assert refused["failure"]["users"]["system_default"] is True
        assert refused["failure"]["in_use_by"] == ["system default"]
    wrong = run(state="absent", confirm_name="team")
    assert wrong.failed and "confirm_name" in wrong.msg
    replaced = run(servers=[server_of(lab.external_kms[0], "kms-z")], purge_servers=True)
    assert replaced.failed and "used by" in replaced.msg
    assert run(state="absent", confirm_name=PROVIDER).changed
    assert providers(run_module) == []


def test_password_is_sent_on_create_or_always_and_never_shown(lab, run):
    secret = "kms-password-of-the-team"
    server = {**server_of(lab.external_kms[0]), "username": "vcenter", "password": secret}
    made = converge(lab, run, "key_provider", (*UNKNOWN, "default"), servers=[server])
    assert made["key_provider"]["passwords_set"] == ["kms-a"]
    for _turn in range(2):
        always, writes = Writes(lab).of(lambda: run(servers=[server], update_password="always"))
        assert always.changed and writes == ["UpdateKmipServer"]
        assert always.diff == {"before": {"passwords_set": []}, "after": {"passwords_set": ["kms-a"]}}
        assert secret not in always.output
    assert secret not in made.output


@pytest.mark.oldest("standard_key_provider", "refusal")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"servers": []}, "its first server creates it"),
        ({"servers": [{"name": "a", "address": ""}]}, "not empty"),
        ({"servers": [{"name": "a", "address": "x"}], "server_ca": "-----BEGIN CERTIFICATE-----\nAAAA"}, "server_ca"),
        ({"servers": [{"name": "a", "address": "x"}], "server_thumbprints": ["AB" * 20]}, "SHA-1"),
        (
            {"servers": [{"name": "a", "address": "x"}], "server_thumbprints": ["AB" * 32], "trust_on_first_use": True},
            "contradicts",
        ),
        ({"name": " ", "servers": [{"name": "a", "address": "x"}]}, "name"),
    ],
)
def test_bad_input(lab, run_module, options, words):
    mark = lab.journal.mark()
    result = run_module("standard_key_provider", **{"name": PROVIDER, **FAST, **options})
    assert result.failed and words in result.msg
    assert "\n" not in result.msg
    assert lab.journal.writes(mark) == []


@pytest.mark.parametrize("address", ["kms..example.com", "https://kms.example.com", "kms.example.com:5697"])
def test_malformed_address_is_told_before_anything_is_made(lab, run, address):
    servers = [{**server_of(lab.external_kms[0]), "address": address}]
    mark = lab.journal.mark()
    result = run(servers=servers)
    assert result["failure"]["kind"] == "invalid_input" and lab.journal.entries(since=mark) == []
    assert result.msg.startswith(f"servers: the address of kms-a: '{address}' is not a host name or address")


def test_bad_days_of_the_connection(lab, run, closed_port, tmp_path):
    servers = [server_of(lab.external_kms[0])]
    other_ca = tmp_path / "other.pem"
    other_ca.write_text(lab.okms_servers.certificate_pem)
    for options, kind, words in [
        ({"password": "wrong-password"}, "authentication", "user name or password"),
        ({"port": closed_port}, "unreachable", "refused"),
        ({"ca_path": str(other_ca)}, "unreachable", "not trusted"),
        ({"hostname": ""}, "invalid_input", "VMWARE_HOST"),
        ({"hostname": "vcenter.invalid"}, "unreachable", "vcenter.invalid"),
        ({"proxy_host": "localhost", "proxy_port": closed_port}, "unreachable", "through the proxy"),
    ]:
        mark = lab.journal.mark()
        result = run(servers=servers, **options)
        assert result.failed, options
        assert result["failure"]["kind"] == kind, result.msg
        assert words in result.msg
        assert "\n" not in result.msg and "wrong-password" not in result.output
        assert lab.journal.writes(mark) == []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_name_of_a_native_provider(lab, run, state):
    lab.vcenter.crypto.add_native(PROVIDER)
    result, writes = Writes(lab).of(lambda: run(state=state, servers=[server_of(lab.external_kms[0])]))
    assert result.failed and writes == []
    assert "of type native" in result.msg


def test_provider_used_by_machines(lab, run, run_module):
    make_provider(lab, run_module)
    machine = next(entity for entity in lab.vcenter.inventory if isinstance(entity, VirtualMachine))
    machine.crypto_key = KeyRef(PROVIDER, "1")
    refused, writes = Writes(lab).of(lambda: run(state="absent"))
    assert refused.failed and writes == []
    assert f"used by 1 VM ({machine.name})" in refused.msg
    assert refused["failure"]["in_use_by"] == [f"VM {machine.name} (home)"]


def test_green_provider_is_not_called_hopeless(lab, run, run_module):
    """A second server of the same CA is trusted as soon as it is there."""
    make_green(lab, run_module)
    servers = [server_of(lab.external_kms[0]), server_of(lab.external_kms[1], "kms-b")]
    checked, done = run(check=True, servers=servers), run(servers=servers)
    assert checked["key_provider"]["servers"] == done["key_provider"]["servers"]
    assert done["key_provider"]["status"] == "green" and done.warnings == checked.warnings == []


def test_server_that_vcenter_does_not_trust_is_warned_of(lab, run, run_module):
    pin = sha256_of(lab.external_kms[0].server_certificate_pem)
    make_provider(lab, run_module, server_ca=None, server_thumbprints=[pin])
    result = run(servers=[server_of(lab.external_kms[0]), server_of(lab.external_kms[1], "kms-b")])
    assert [server["trusted"] for server in result["key_provider"]["servers"]] == [True, False]
    assert result["key_provider"]["status"] == "red"
    assert any("cannot become green" in warning for warning in result.warnings)


def test_a_kms_that_is_a_machine_of_this_vcenter_is_warned_of(lab, run):
    options = {"servers": [server_of(lab.external_kms[0])], "server_ca": lab.external_authority.certificate_pem}
    lab.vcenter.inventory.vm("vm1").ip_addresses = ["192.0.2.99", lab.external_kms[0].address[0]]
    for check in (True, False):
        warnings = run(check=check, **options).warnings
        assert any("is the VM vm1 of this vCenter" in warning for warning in warnings), warnings
    mark = lab.journal.mark()
    assert run(**options).warnings == []
    assert lab.journal.count("vcenter", operation="CreateContainerView", since=mark) == 0
    more = [*options["servers"], server_of(lab.external_kms[1], "kms-b")]
    lab.vcenter.inventory.vm("vm1").ip_addresses = []
    assert run(**{**options, "servers": more}).warnings == []


def test_a_kms_that_needs_its_own_keys_is_refused(lab, run, run_module):
    """OVHcloud's overview of VM encryption warns of this loop: after a shutdown nothing could start any more."""
    make_green(lab, run_module)
    machine, second = lab.vcenter.inventory.vm("vm1"), server_of(lab.external_kms[1], "kms-b")
    machine.ip_addresses, machine.crypto_key = [second["address"]], KeyRef(PROVIDER, "1")
    mark = lab.journal.mark()
    for check in (True, False):
        refused = run(check=check, servers=[second])
        assert refused.failed and refused["failure"]["kind"] == "refused_by_guard", refused.msg
        assert "is the VM vm1 of this vCenter, and it is encrypted with a key of this key provider" in refused.msg
    assert lab.journal.writes(mark, "vcenter") == []
    machine.crypto_key = KeyRef("nkp-prod", "1")
    assert "never encrypt it with this key provider" in "".join(run(check=True, servers=[second]).warnings)
    machine.crypto_key = KeyRef(PROVIDER, "1")
    assert not run(servers=[second], confirm_name=PROVIDER).failed
    # a rebuilt vCenter has to get its provider back from just such a KMS
    machine.crypto_key = KeyRef("lost", "1")
    assert "never encrypt it" in "".join(run_module("standard_key_provider", name="lost", servers=[second]).warnings)
