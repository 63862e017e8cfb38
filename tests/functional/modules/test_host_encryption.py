# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules host_encryption and host_encryption_info against the lab."""

from __future__ import annotations

import copy
import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    refused,
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings

HOSTS = ["esx1.lab.test", "esx2.lab.test", "esx3.lab.test"]
KEY = "host_encryption"


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, KEY, **FAST)


@pytest.fixture
def info(run_module):
    def call(**options):
        result = run_module("host_encryption_info", **options)
        assert not result.failed, result.msg
        return result

    return call


def ok(result):
    assert not result.failed, result.output
    return result


def states(result):
    return [row["state"] for row in result[KEY]["hosts"]]


def converge(lab, run, fresh=(), **options):
    """Check mode, do it, do it again; the keys of the hosts in `fresh` are not known before."""
    count = Writes(lab)
    checked, writes = count.of(lambda: run(check=True, **options))
    assert (checked.failed, writes) == (False, []), checked.output
    done, writes = count.of(lambda: run(**options))
    assert not done.failed, done.output
    assert checked.changed and done.changed and writes
    predicted = copy.deepcopy(checked[KEY])
    for row, real in zip(predicted["hosts"], done[KEY]["hosts"]):
        if row["name"] in fresh:
            assert row["key_id"] is None
            assert real["key_id"]
            row["key_id"] = real["key_id"]
    assert predicted == done[KEY]
    again, none = count.of(lambda: run(**options))
    assert (again.failed, again.changed, none) == (False, False, []), again.output
    assert again[KEY] == done[KEY]
    return done, writes


@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_cluster_in_all_versions(version):
    with Lab(LabSettings(vcenter_version=version)) as lab:
        add_standard(open_up(lab))
        run = functools.partial(runner_in(lab), KEY, **FAST)
        done, writes = converge(lab, run, HOSTS, clusters=["C0"], cluster_mode="force_enable")
        assert writes == ["ConfigureCryptoKey"] * 3 + ["SetCryptoMode"]
        found = done[KEY]
        assert {row["provider"] for row in found["hosts"]} == {PROVIDER}
        assert {row["key_id"] for row in found["hosts"]} == set(lab.external_kms.keys())
        assert {key["state"] for key in lab.external_kms.keys().values()} == {"Active"}
        assert found["clusters"] == [{"name": "C0", "mode": "force_enable"}]
        assert found["summary"] == {"hosts": 3, "incapable": 0, "prepared": 0, "safe": 3, "pending_incapable": 0}
        assert [row["state"] for row in done.diff["before"]["hosts"]] == ["incapable"] * 3


def test_old_vcenter(lab):
    with Lab(LabSettings(vcenter_version="7.0.1")) as old:
        run = functools.partial(runner_in(open_up(old)), KEY, **FAST)
        assert "needs vCenter 7.0.2 or newer" in refused(old, run, "unsupported", all=True)


@pytest.mark.oldest("host_encryption", "life")
def test_named_hosts_then_the_rest(lab, run):
    add_standard(lab)
    done, _writes = converge(lab, run, HOSTS, hosts=["esx1.lab.test"])
    assert [row["name"] for row in done[KEY]["hosts"]] == ["esx1.lab.test"]
    assert done[KEY]["clusters"] == []
    rest, writes = converge(lab, run, HOSTS[1:], all=True)
    assert writes == ["ConfigureCryptoKey"] * 2
    assert states(rest) == ["safe"] * 3


def test_keys_of_another_provider(lab, run):
    """The hosts of a cluster share a key; one that joins gets it too."""
    add_standard(lab, default=False)
    add_native(lab, default=True)
    inventory = lab.vcenter.inventory
    converge(lab, run, HOSTS, all=True)
    done, writes = converge(lab, run, HOSTS, all=True, provider=PROVIDER)
    assert writes == ["GenerateKey", *["ConfigureCryptoKey"] * 3]
    (key,) = {row["key_id"] for row in done[KEY]["hosts"]}
    assert {row["provider"] for row in done[KEY]["hosts"]} == {PROVIDER} and states(done) == ["safe"] * 3
    joined = inventory.add_host(inventory.clusters[0])
    grown, writes = converge(lab, run, [joined.name], all=True, provider=PROVIDER)
    assert writes == ["ConfigureCryptoKey"]
    assert {row["key_id"] for row in grown[KEY]["hosts"]} == {key}
    # without a name the keys stay, and with it they come back
    assert not ok(run(all=True)).changed
    back, writes = converge(lab, run, [*HOSTS, joined.name], all=True, provider="vnkp")
    assert writes == ["ConfigureCryptoKey"] * 4
    assert {row["provider"] for row in back[KEY]["hosts"]} == {"vnkp"}


def test_keys_of_a_provider_that_cannot_give_them(lab, run):
    add_native(lab, default=True)
    ok(run(all=True))
    assert "no key provider other" in refused(lab, run, "not_found", all=True, provider="other")
    add_standard(lab, default=False)
    lab.external_kms.stop()
    assert f"{PROVIDER} gives no keys now" in refused(lab, run, "key_refused", all=True, provider=PROVIDER)
    lab.external_kms.start()
    lab.vcenter.inventory.host("esx2").connection_state = "notResponding"
    words = "esx2.lab.test (the host is not connected (notResponding); connect it again)"
    assert words in refused(lab, run, "refused_by_guard", hosts=["esx2.lab.test"], provider=PROVIDER)


def test_mode_of_the_cluster_alone_and_back(lab, run):
    add_native(lab, default=True)
    converge(lab, run, HOSTS, clusters=["C0"])
    _done, writes = converge(lab, run, clusters=["C0"], cluster_mode="force_enable")
    assert writes == ["SetCryptoMode"]
    _done, writes = converge(lab, run, all=True, cluster_mode="on_demand")
    assert writes == ["SetCryptoMode"]


def test_default_of_the_cluster_counts(lab, run):
    add_standard(lab)
    add_native(lab)
    lab.vcenter.crypto.entity_defaults["domain-c20"] = "vnkp"
    done, _writes = converge(lab, run, HOSTS, all=True)
    assert {row["provider"] for row in done[KEY]["hosts"]} == {"vnkp"}


def test_default_of_the_folder_counts(lab, run):
    add_standard(lab)
    add_native(lab)
    lab.vcenter.crypto.entity_defaults["group-h4"] = "vnkp"
    done, _writes = converge(lab, run, HOSTS, all=True)
    assert {row["provider"] for row in done[KEY]["hosts"]} == {"vnkp"}


def test_host_that_started_without_its_key(lab, run, info):
    add_standard(lab)
    ok(run(all=True))
    keys = lab.external_kms.keys()
    machine = lab.vcenter.inventory.vm("vm1")
    lab.vcenter.inventory.encrypt(machine, PROVIDER, next(iter(keys)))
    lab.external_kms.stop()
    lab.vcenter.lock_machines("esx1")
    row = info()["hosts"][0]
    assert (row["state"], row["key_id"]) == ("prepared", next(iter(keys)))
    assert row["reason"].startswith("the host started without its key")
    assert "vCenter cannot reach it" in refused(lab, run, "key_refused", hosts=HOSTS[:1])
    lab.external_kms.start()
    converge(lab, run, all=True)
    assert not machine.locked
    assert lab.external_kms.keys() == keys


@pytest.mark.oldest("host_encryption_info", "life")
def test_readiness(lab, info):
    hosts = lab.vcenter.inventory.hosts
    hosts[0].crypto_supported = False
    hosts[1].connection_state = "notResponding"
    found = info()
    assert [row["reason"] for row in found["hosts"]] == [
        "the host does not support encryption",
        "the host is not connected (notResponding); connect it again",
        "there is no default key provider for the cluster C0; make one the default",
    ]
    assert found["hosts"][0]["supported"] is False
    hosts[2].crypto_state = "pendingIncapable"
    assert "next restart" in info(hosts=HOSTS[2:])["hosts"][0]["reason"]
    assert info()["summary"]["pending_incapable"] == 1
    assert info(clusters=["C0"])["clusters"] == [{"name": "C0", "mode": "on_demand"}]
    assert info(hosts=HOSTS[:1])["clusters"] == []


def test_readiness_without_the_right_to_read_providers(lab, info):
    without(lab, "Cryptographer.ManageKeyServers")
    found = info()
    assert found["hosts"][0]["reason"] is None
    assert "Cryptographer.ManageKeyServers" in found.warnings[0]


def test_requests_do_not_grow_with_the_hosts(lab, info):
    def requests():
        mark = lab.journal.mark()
        info()
        return lab.journal.count("vcenter", since=mark)

    before = requests()
    for number in range(3, 60):
        lab.vcenter.inventory._host(number)
    assert requests() == before


def test_hosts_that_cannot(lab, run):
    add_standard(lab)
    lab.vcenter.inventory.hosts[0].crypto_supported = False
    lab.vcenter.inventory.hosts[1].connection_state = "disconnected"
    message = refused(lab, run, "refused_by_guard", hosts=HOSTS)
    assert "esx1.lab.test (the host does not support encryption), esx2.lab.test (the host is not connected" in message
    done, writes = converge(lab, run, HOSTS[2:], clusters=["C0"])
    assert writes == ["ConfigureCryptoKey"]
    assert states(done) == ["incapable", "incapable", "safe"]
    assert len(done.warnings) == 2
    assert "esx1.lab.test stays unchanged" in done.warnings[0]
    failed = run(clusters=["C0"], cluster_mode="force_enable")
    assert failed.failed
    assert "encryption mode force_enable of the cluster C0" in failed.msg


def test_no_provider(lab, run):
    message = refused(lab, run, "refused_by_guard", all=True)
    assert "no default key provider gives a key to esx1.lab.test, esx2.lab.test, esx3.lab.test" in message
    assert "native_key_provider" in message


def test_native_provider_without_a_backup(lab, run):
    add_native(lab, default=True, has_backup=False)
    assert "native_key_provider_backup" in refused(lab, run, "refused_by_guard", all=True)


def test_native_provider_that_asks_for_a_tpm(lab, run):
    add_native(lab, default=True, tpm_required=True)
    lab.vcenter.inventory.hosts[1].tpm = False
    failed = run(all=True)
    assert failed["failure"]["next_step"] == "use a key provider with tpm_required: false for this cluster"
    assert failed["failure"]["hosts"] == HOSTS[1:]
    assert (failed.changed, states(failed)) == (True, ["safe", "incapable", "incapable"])


def test_key_server_out_of_reach(lab, run):
    add_standard(lab)
    lab.external_kms.stop()
    message = refused(lab, run, "key_refused", all=True)
    assert f"the key provider {PROVIDER} gives no keys now" in message
    assert "vCenter cannot reach it" in message


def test_key_server_that_makes_no_keys(lab, run):
    """Broadcom KB 435158: vCenter gets in, the connection is green, and still there is no key."""
    add_standard(lab)
    lab.external_kms.allowed = lambda _subject, _serial, operation: operation in ("DiscoverVersions", "Query")
    mark = lab.journal.mark()
    failed = run(all=True)
    assert failed["failure"]["cause"].startswith("the KMS lets vCenter in, but does not create keys")
    assert "kmip_server_test" in failed.msg
    assert "\n" not in failed.msg
    assert (failed.changed, states(failed)) == (False, ["incapable"] * 3)
    assert [entry.operation for entry in lab.journal.writes(mark, "vcenter")] == ["ConfigureCryptoKey"]
    lab.external_kms.allowed = lambda *_who: True
    converge(lab, run, HOSTS, all=True)


def test_one_cluster_fails_the_other_is_done(lab, run):
    add_standard(lab)
    second = lab.vcenter.inventory.add_cluster()
    host = lab.vcenter.inventory.hosts[2]
    host.parent.children.remove(host)
    host.parent = second
    second.children.append(host)
    lab.vcenter.inventory.give_host_key(host, PROVIDER, "no such key")
    host.crypto_state = "prepared"
    failed = run(all=True)
    assert states(failed) == ["safe", "safe", "prepared"]
    assert failed["failure"]["cause"] == "the key no longer exists in its key provider"


@pytest.mark.parametrize("privilege", ["Cryptographer.RegisterHost", "Cryptographer.ManageKeyServers"])
def test_missing_privilege(lab, run, privilege):
    add_standard(lab)
    without(lab, privilege)
    failed = run(all=True)
    assert failed["failure"]["kind"] == "forbidden"
    assert failed["failure"]["privilege"] == privilege
    assert "encryption_right" in failed.msg


@pytest.mark.oldest("host_encryption", "refusal")
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({}, "invalid_input", "no hosts selected"),
        ({"hosts": HOSTS, "cluster_mode": "on_demand"}, "invalid_input", "cluster_mode needs clusters"),
        ({"hosts": ["esx9"]}, "not_found", "no host esx9; there are: esx1.lab.test, esx2"),
        ({"clusters": ["C9"]}, "not_found", "no cluster C9; there are: C0"),
    ],
)
def test_bad_input(lab, run, options, kind, words):
    add_standard(lab)
    assert words in refused(lab, run, kind, **options)


def test_name_of_two_hosts(lab, run):
    lab.vcenter.inventory.hosts[1].name = HOSTS[0]
    message = refused(lab, run, "ambiguous", hosts=HOSTS[:1])
    assert "vim.HostSystem:host-1, vim.HostSystem:host-2" in message


def test_answer_that_cannot_be_read_is_one_line(lab, run):
    add_standard(lab)
    lab.faults.add("truncate", system="vcenter", operation="ConfigureCryptoKey")
    failed = run(all=True)
    assert failed["failure"]["kind"] == "api" and "\n" not in failed.msg
    assert failed.msg.count("it may have taken effect") == 1
    assert failed["failure"]["hosts"] == HOSTS[1:]


def apart(lab, host):
    """Move a host to a cluster of its own."""
    cluster = lab.vcenter.inventory.add_cluster()
    host.parent.children.remove(host)
    host.parent = cluster
    cluster.children.append(host)


def test_refused_privilege_keeps_the_earlier_failures(lab, run):
    add_standard(lab)
    hosts = lab.vcenter.inventory.hosts
    apart(lab, hosts[1])
    apart(lab, hosts[2])
    lab.vcenter.inventory.give_host_key(hosts[1], PROVIDER, "no such key")
    hosts[1].crypto_state = "prepared"
    lab.faults.add("refuse", system="vcenter", operation="ConfigureCryptoKey", skip=2)
    failed = run(all=True)
    assert failed["failure"]["cause"] == "the key no longer exists in its key provider"
    assert "the user lacks the privilege Cryptographer.RegisterHost" in failed.msg and "\n" not in failed.msg
    assert failed["failure"]["hosts"] == HOSTS[1:]
    assert (failed.changed, states(failed)) == (True, ["safe", "prepared", "incapable"])


def test_lost_answers_to_call_and_reading_keep_the_first(lab, run):
    add_standard(lab)
    lab.faults.add("drop_before", system="vcenter", operation="ConfigureCryptoKey")
    lab.faults.add("drop_before", system="vcenter", operation="CreateContainerView", skip=1)
    failed = run(all=True)
    assert failed["failure"]["kind"] == "unreachable"
    assert "could not turn on encryption mode of esx1.lab.test" in failed.msg


@pytest.mark.parametrize(
    ("action", "skip", "unused"),
    # esx1 and esx2 share a key, esx3 has a cluster of its own; a refused privilege ends the run
    [("refuse", 0, 1), ("refuse", 1, 0), ("refuse", 2, 1), ("status", 0, 1), ("drop_before", 2, 0)],
)
def test_new_key_that_no_host_took_is_told(lab, run, action, skip, unused):
    add_standard(lab)
    apart(lab, lab.vcenter.inventory.hosts[2])
    lab.faults.add(action, system="vcenter", operation="ConfigureCryptoKey", skip=skip)
    failed = run(all=True, provider=PROVIDER)
    assert failed.failed
    taken = {row["key_id"] for row in failed[KEY]["hosts"]}
    left = sorted(set(lab.external_kms.keys()) - taken)
    told = [f"1 key was made and not used, and left in the KMS: {left[0]}"] if unused else []
    assert [text for text in failed.warnings if "not used" in text] == told
