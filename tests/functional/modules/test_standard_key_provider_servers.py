# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module standard_key_provider against the lab: one server of a provider goes, by its name."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import without
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

UNKNOWN = ("status", "connections")


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "standard_key_provider", name=PROVIDER, **FAST)


@pytest.fixture
def two(lab, run, run_module):
    """A green provider with two servers, and a VM that is encrypted with a key of it."""
    client = make_green(lab, run_module)
    servers = [server_of(lab.external_kms[0]), server_of(lab.external_kms[1], "kms-b")]
    assert not run(servers=servers, server_ca=lab.external_authority.certificate_pem).failed
    machine = {"selection": {"names": ["vm1"]}, "provider": PROVIDER, "wait_interval": 0.01}
    assert run_module("vm_encryption", **machine).changed
    return client


def names(result):
    return [server["name"] for server in result["key_provider"]["servers"]]


@pytest.mark.parametrize("name", ["kms-a", "kms-b"])
def test_one_server_is_removed_by_its_name(lab, run, two, name):
    result = converge(lab, run, "key_provider", UNKNOWN, remove_servers=[name, "never-there"])
    assert names(result) == [({"kms-a", "kms-b"} - {name}).pop()]
    assert result["key_provider"]["status"] == "green"
    assert [server["name"] for server in result.diff["before"]["servers"]] == ["kms-a", "kms-b"]
    assert [server["name"] for server in result.diff["after"]["servers"]] == names(result)
    assert result.warnings == []


def test_a_list_as_one_text_removes_all_its_servers(lab, run, two):
    refused = run(servers=[server_of(lab.external_kms[0])], remove_servers="never-there, kms-a")
    assert refused.failed and "kms-a is also in servers" in refused.msg
    result = converge(lab, run, "key_provider", UNKNOWN, remove_servers="never-there, kms-b")
    assert names(result) == ["kms-a"]


def test_one_comes_and_one_goes_in_one_run(lab, run, two):
    result, writes = Writes(lab).of(
        lambda: run(
            servers=[server_of(lab.external_kms[1], "kms-c")],
            server_ca=lab.external_authority.certificate_pem,
            remove_servers=["kms-a"],
        )
    )
    assert names(result) == ["kms-b", "kms-c"]
    # what is there stays until what comes is trusted
    assert writes[0] == "RegisterKmipServer" and writes[-1] == "RemoveKmipServer"


def test_changed_servers_are_named(lab, run, run_module):
    """The same in check mode, and nothing the second time."""
    ca = lab.external_authority.certificate_pem
    one, two = server_of(lab.external_kms[0]), server_of(lab.external_kms[1], "kms-b")
    secret = {**two, "username": "vcenter", "password": "kms-password-of-the-team"}
    for options, expected in [
        ({"servers": [one, two], "server_ca": ca}, (["kms-a", "kms-b"], [], [])),
        ({"servers": [{**one, "timeout": 20}]}, ([], ["kms-a"], [])),
        ({"servers": [secret], "update_password": "always"}, ([], ["kms-b"], [])),
        ({"servers": [{**one, "name": "kms-c"}], "remove_servers": ["kms-b"]}, (["kms-c"], [], ["kms-b"])),
        ({"state": "absent"}, ([], [], ["kms-a", "kms-c"])),
    ]:
        lab.vcenter.crypto.default = None
        checked, done, again = run(check=True, **options), run(**options), run(**options)
        assert tuple(done["server_changes"][key] for key in ("added", "modified", "removed")) == expected
        assert checked["server_changes"] == done["server_changes"]
        if "update_password" not in options:
            assert again["server_changes"] == {"added": [], "modified": [], "removed": []}


def test_a_place_is_trusted_by_whatever_name_it_has(lab, run):
    """Servers that swap their names, and a second name for one of them: vCenter trusts what they present."""
    one, two = server_of(lab.external_kms[0]), server_of(lab.external_kms[1], "kms-b")
    assert run(servers=[one, two], server_ca=lab.external_authority.certificate_pem).changed
    swapped = [{**two, "name": "kms-a"}, {**one, "name": "kms-b"}]
    for servers in (swapped, [{**one, "name": "kms-c"}]):
        made = converge(lab, run, "key_provider", UNKNOWN, servers=servers)
        assert all(server["trusted"] for server in made["key_provider"]["servers"])
        assert made.warnings == []


SETTINGS = {
    "protocol": "KMIP1",
    "reconnect": 1,
    "nbio": 0,
    "timeout": 20,
    "proxy_address": "p.test",
    "proxy_port": 3128,
}


def test_settings_of_a_server_are_set_kept_and_cleared(lab, run, run_module):
    """What is not given stays as somebody has set it; what is given is compared, and shown by the info module."""
    server = server_of(lab.external_kms[0])
    place = lab.vcenter.crypto.providers
    made = converge(lab, run, "key_provider", (*UNKNOWN, "default"), servers=[{**server, **SETTINGS}])
    shown = made["key_provider"]["servers"][0]
    assert {key: shown[key] for key in SETTINGS} == SETTINGS
    info = run_module("key_provider_info", check_status=False)["key_providers"][0]["servers"][0]
    assert {key: info[key] for key in SETTINGS} == SETTINGS
    assert not run(servers=[server]).changed

    place[PROVIDER].servers["kms-a"].reconnect = 5  # somebody else's setting
    changed = converge(lab, run, "key_provider", UNKNOWN, servers=[{**server, "nbio": 1}])
    assert changed["server_changes"]["modified"] == ["kms-a"]
    assert (place[PROVIDER].servers["kms-a"].reconnect, place[PROVIDER].servers["kms-a"].protocol) == (5, "KMIP1")

    clear = dict.fromkeys(SETTINGS, -1) | {"protocol": "", "proxy_address": ""}
    cleared = converge(lab, run, "key_provider", UNKNOWN, servers=[{**server, **clear}])
    assert {cleared["key_provider"]["servers"][0][key] for key in SETTINGS} == {None}


def test_new_server_without_settings_gets_none(lab, run):
    run(servers=[server_of(lab.external_kms[0])])
    kept = lab.vcenter.crypto.providers[PROVIDER].servers["kms-a"]
    assert {kept.protocol, kept.reconnect, kept.nbio, kept.timeout, kept.proxy_address, kept.proxy_port} == {None}


@pytest.mark.parametrize("check", [True, False])
def test_last_server_stays(lab, run, two, check):
    refused, writes = Writes(lab).of(lambda: run(check=check, remove_servers=["kms-a", "kms-b"], confirm_name=PROVIDER))
    assert refused.failed and writes == []
    assert "with its last server; say state: absent" in refused.msg and "\n" not in refused.msg


@pytest.mark.parametrize("options", [{"remove_servers": ["kms-a"]}, {"purge_servers": True}])
def test_no_key_in_use_depends_on_servers_that_are_down(lab, run, two, options):
    """A provider that something uses keeps a server that gives keys, unless its name is typed again."""
    lab.external_kms[1].stop()
    options = {"servers": [server_of(lab.external_kms[1], "kms-b")] if "purge_servers" in options else None, **options}
    for check in (True, False):
        refused, writes = Writes(lab).of(lambda: run(check=check, **options))  # noqa: B023
        assert refused.failed and writes == []
        assert refused["failure"]["kind"] == "refused_by_guard" and refused["failure"]["in_use_by"]
        assert "no server that stays is green (kms-b: vCenter cannot reach it" in refused.msg
        assert "confirm_name" in refused.msg and "\n" not in refused.msg
    wrong, writes = Writes(lab).of(lambda: run(confirm_name="team", **options))
    assert wrong.failed and writes == [] and "confirm_name is team" in wrong.msg
    assert names(run(confirm_name=PROVIDER, **options)) == ["kms-b"]


def test_unused_provider_needs_no_working_server(lab, run, run_module):
    servers = [server_of(lab.external_kms[0]), server_of(lab.external_kms[1], "kms-b")]
    make_provider(lab, run_module, servers=servers)
    lab.vcenter.crypto.default = None
    assert names(run(remove_servers=["kms-a"])) == ["kms-b"]


def other_keys(lab, run, client):
    """A third server that lets vCenter in, but has none of the keys; the second one goes first."""
    okms = lab.okms_kmip
    okms.trust_client_certificate(client)
    pins = [sha256_of(lab.external_kms[0].server_certificate_pem), sha256_of(okms.server_certificate_pem)]
    servers = [server_of(lab.external_kms[0]), server_of(okms, "kms-c")]
    result = run(servers=servers, server_thumbprints=pins, remove_servers=["kms-b"])
    assert not result.failed and result["key_provider"]["status"] == "green", result.output


def test_server_is_put_back_when_the_others_lack_its_keys(lab, run, two):
    other_keys(lab, run, two)
    before = lab.vcenter.crypto.providers[PROVIDER].servers["kms-a"]
    failed, writes = Writes(lab).of(lambda: run(remove_servers=["kms-a"]))
    assert failed.failed and writes == ["RemoveKmipServer", "RegisterKmipServer"]
    assert failed["failure"]["kind"] == "conflict" and failed["changed"] is False
    assert (
        "no longer gets 2 keys in use of the key provider team-kms (1, 2)" in failed.msg
        and "it was added again" in failed.msg
        and "\n" not in failed.msg
    )
    assert lab.vcenter.crypto.providers[PROVIDER].servers["kms-a"] == before
    assert names(run(remove_servers=["kms-a"], confirm_name=PROVIDER)) == ["kms-c"]


def test_server_that_cannot_be_put_back_is_told_with_its_address(lab, run, two):
    other_keys(lab, run, two)
    lab.faults.add("refuse", system="vcenter", operation="RegisterKmipServer")
    failed = run(remove_servers=["kms-a"])
    address, port = lab.external_kms[0].address
    assert failed.failed and failed["changed"] is True
    assert f"address {address}, port {port}" in failed.msg and "could not be added again" in failed.msg


def test_key_beyond_the_first_hundred_counts_too(lab, run, two):
    other_keys(lab, run, two)
    machine = lab.vcenter.inventory.vm("vm2")
    for number in range(110):
        lab.vcenter.inventory.add_disk(machine)
        lab.vcenter.inventory.encrypt_disk(machine, number, PROVIDER, f"0-{number:03}")
    failed, writes = Writes(lab).of(lambda: run(remove_servers=["kms-a"]))
    assert failed.failed and writes == ["RemoveKmipServer", "RegisterKmipServer"]
    assert "no longer gets 2 keys in use of the key provider team-kms (1, 2)" in failed.msg


def test_keys_are_looked_at_when_the_answer_to_a_removal_is_lost(lab, run, two):
    other_keys(lab, run, two)
    lab.faults.add("drop_after", system="vcenter", operation="RemoveKmipServer")
    failed, writes = Writes(lab).of(lambda: run(remove_servers=["kms-a"]))
    assert failed.failed and writes == ["RemoveKmipServer", "RegisterKmipServer"]
    assert "no longer gets 2 keys in use" in failed.msg and "it was added again" in failed.msg
    lab.faults.add("drop_before", system="vcenter", operation="RemoveKmipServer")
    kept, writes = Writes(lab).of(lambda: run(remove_servers=["kms-a"]))
    assert kept.failed and writes == ["RemoveKmipServer"] and "could not remove the KMS kms-a" in kept.msg
    assert set(lab.vcenter.crypto.providers[PROVIDER].servers) == {"kms-a", "kms-c"}


def test_lost_answer_to_a_harmless_removal_is_success(lab, run, two):
    lab.faults.add("drop_after", system="vcenter", operation="RemoveKmipServer")
    removed = run(remove_servers=["kms-a"])
    assert not removed.failed and removed.changed and names(removed) == ["kms-b"], removed.msg


def test_removal_of_unknown_outcome_is_told_with_the_address(lab, run, two):
    lab.faults.add("drop_after", system="vcenter", operation="RemoveKmipServer")
    looks = lab.journal.count("vcenter", operation="ListKmsClusters")
    run(check=True, remove_servers=["kms-a"])
    looks = lab.journal.count("vcenter", operation="ListKmsClusters") - looks
    lab.faults.add("drop_after", system="vcenter", operation="ListKmsClusters", skip=looks, times=100)
    unknown = run(remove_servers=["kms-a"])
    address, port = lab.external_kms[0].address
    assert unknown.failed and "Whether it was removed is unknown" in unknown.msg and "\n" not in unknown.msg
    assert f"address {address}, port {port}" in unknown.msg and "check_keys" in unknown.msg


@pytest.mark.parametrize("operation", ["ListKeys", "QueryCryptoKeyStatus"])
def test_server_is_put_back_when_nobody_can_tell_of_the_keys(lab, run, two, operation):
    lab.faults.add("status", system="vcenter", operation=operation, skip=1, times=5)
    failed, writes = Writes(lab).of(lambda: run(remove_servers=["kms-a"]))
    assert failed.failed and writes == ["RemoveKmipServer", "RegisterKmipServer"], failed.msg
    assert "without the KMS kms-a is unknown" in failed.msg and "\n" not in failed.msg
    assert failed["changed"] is False
    lab.faults.clear()
    assert names(run(remove_servers=["kms-a"])) == ["kms-b"]


def test_missing_privilege_for_keys_is_warned_of(lab, run, two):
    without(lab, "Cryptographer.ManageKeys")
    removed = run(remove_servers=["kms-a"])
    assert names(removed) == ["kms-b"]
    assert any("Cryptographer.ManageKeys" in warning for warning in removed.warnings)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"remove_servers": [" "]}, "none can be empty"),
        ({"servers": [{"name": "a", "address": "x", "proxy_port": 99999}]}, "invalid proxy_port 99999"),
        ({"servers": [{"name": "a", "address": "x", "nbio": -5}]}, "nbio of a is -5"),
        ({"remove_servers": ["a"], "servers": [{"name": "a", "address": "x"}]}, "a is also in servers"),
    ],
)
def test_bad_input(lab, run, options, words):
    mark = lab.journal.mark()
    result = run(**options)
    assert result["failure"]["kind"] == "invalid_input" and words in result.msg and "\n" not in result.msg
    assert lab.journal.entries(since=mark) == []


def test_removal_asks_for_the_keys_only_when_a_server_goes(lab, run, two):
    mark = lab.journal.mark()
    assert not run(remove_servers=["never-there"]).changed
    assert lab.journal.count("vcenter", operation="ListKeys", since=mark) == 0
    mark = lab.journal.mark()
    assert run(remove_servers=["kms-b"]).changed
    assert lab.journal.count("vcenter", operation="QueryCryptoKeyStatus", since=mark) == 2


@pytest.mark.parametrize("kind", [("keyId", "kek-1"), ("rotationInterval", 90)], ids=["one key", "rotated"])
def test_servers_of_wrapped_keys_are_of_one_kind(kind):
    """RegisterKmipServer from 9.0 on: a further server has the kind of keys of the others, one that is put back too."""
    with Lab(LabSettings(vcenter_version="9.0")) as lab:
        run_module = functools.partial(harness.run_module, **harness.connection(open_up(lab), "vsphere"))
        run = functools.partial(run_module, "standard_key_provider", name=PROVIDER, **FAST)
        client = make_green(lab, run_module)
        provider = lab.vcenter.crypto.providers[PROVIDER]
        provider.default_key_type, provider.key_spec = "wrappedKey", kind
        servers = [server_of(lab.external_kms[0]), server_of(lab.external_kms[1], "kms-b")]
        added = run(servers=servers, server_ca=lab.external_authority.certificate_pem)
        assert names(added) == ["kms-a", "kms-b"], added.msg
        assert run_module("vm_encryption", selection={"names": ["vm1"]}, provider=PROVIDER, wait_interval=0.01).changed
        other_keys(lab, run, client)
        failed = run(remove_servers=["kms-a"])
        assert failed.failed and "it was added again" in failed.msg, failed.msg
        assert set(provider.servers) == {"kms-a", "kms-c"} and provider.key_spec == kind
