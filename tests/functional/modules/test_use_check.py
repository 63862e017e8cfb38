# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No provider is taken away from those who need it: each kind of user alone, in every version, and on both sides."""

from __future__ import annotations

import functools
import ssl
import typing as t

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
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import KeyRecord
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef

VERSIONS = ("7.0.2", "8.0.3", "9.0")
KEY_PARTS = (PROVIDER, "key-1")
KEY = KeyRef(*KEY_PARTS)
CLOUD = "pcc-192-0-2-10"
KMS_IP = "203.0.113.20"


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "standard_key_provider", name=PROVIDER, **FAST)


@pytest.fixture
def read(run_module):
    """Facts of the provider with its users, and the whole result."""

    def call(**options):
        result = run_module("key_provider_info", name=PROVIDER, users=True, check_status=False, **options)
        assert not result.failed, result.msg
        return result["key_providers"][0], result

    return call


# the six kinds of users, and more: how to make one, its line, and how the summary names it


def home(lab):
    lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm("vm1"), *KEY_PARTS, disks=False)


def one_disk(lab):
    lab.vcenter.inventory.encrypt_disk(lab.vcenter.inventory.vm("vm2"), 1, *KEY_PARTS)


def vtpm(lab):
    lab.vcenter.inventory.give_tpm(lab.vcenter.inventory.vm("vm3"), *KEY_PARTS)


def host_key(lab):
    lab.vcenter.inventory.give_host_key(lab.vcenter.inventory.host("esx2"), *KEY_PARTS)


def vsan(lab):
    lab.vcenter.inventory.cluster("C0").vsan_encryption = PROVIDER


def cluster_default(lab):
    lab.vcenter.crypto.entity_defaults["domain-c20"] = PROVIDER


def system_default(lab):
    lab.vcenter.crypto.default = PROVIDER


def third_party(lab):
    lab.vcenter.crypto.keys[KEY] = KeyRecord(KEY, generated=False)
    lab.vcenter.crypto.references[KEY] = ["backup product"]


USERS = {
    "home": (home, "VM vm1 (home)", "1 VM (vm1)"),
    "disk": (one_disk, "VM vm2 (Hard disk 2)", "1 VM (vm2 (disks only))"),
    "vtpm": (vtpm, "VM vm3 (vTPM only)", "1 VM (vm3 (vTPM only))"),
    "host": (host_key, "host esx2.lab.test", "host esx2.lab.test"),
    "vsan": (vsan, "vSAN of cluster C0", "vSAN of cluster C0"),
    "cluster default": (cluster_default, "default of cluster C0", "default of cluster C0"),
    "system default": (system_default, "system default", "system default"),
    "third party": (third_party, "third party backup product", "third party backup product"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", USERS)
def test_each_user_alone_refuses(kind, version):
    make, line, words = USERS[kind]
    with Lab(LabSettings(vcenter_version=version)) as lab:
        run_module = functools.partial(harness.run_module, **harness.connection(open_up(lab), "vsphere"))
        make_provider(lab, run_module)
        lab.vcenter.crypto.default = None  # vCenter may make the first provider the default
        make(lab)
        replaced = {"servers": [server_of(lab.external_kms[0], "kms-z")], "purge_servers": True}
        for options in ({"state": "absent"}, {"state": "absent", "check": True}, replaced):
            refused, writes = Writes(lab).of(
                lambda: run_module("standard_key_provider", name=PROVIDER, **FAST, **options)  # noqa: B023
            )
            assert refused.failed and writes == []
            assert refused["failure"]["kind"] == "refused_by_guard"
            assert f"is used by {words}; nothing was changed" in refused.msg and "\n" not in refused.msg
            assert refused["failure"]["in_use_by"] == [line]
        (facts,) = run_module("key_provider_info", name=PROVIDER, users=True)["key_providers"]
        assert facts["in_use_by"] == [line]
        removed = run_module("standard_key_provider", name=PROVIDER, state="absent", confirm_name=PROVIDER, **FAST)
        assert removed.changed, removed.msg


@pytest.mark.parametrize("confirmed", ["team", PROVIDER.upper(), f"{PROVIDER} "])
def test_only_the_exact_name_overrides(lab, run, run_module, confirmed):
    make_provider(lab, run_module)
    home(lab)
    refused, writes = Writes(lab).of(lambda: run(state="absent", confirm_name=confirmed))
    assert refused.failed and writes == []
    assert "confirm_name" in refused.msg


def test_users_of_other_providers_do_not_count(lab, run, run_module):
    make_provider(lab, run_module, default=True)
    for make in (home, one_disk, vtpm, host_key, vsan, cluster_default):
        make(lab)
    make_provider(lab, run_module, "second")
    removed = run_module("standard_key_provider", name="second", state="absent", **FAST)
    assert removed.changed, removed.msg
    mixed = run(state="absent")
    assert mixed.failed
    assert (
        "used by 3 VMs (vm1, vm2 (disks only), vm3 (vTPM only)), host esx2.lab.test, vSAN of cluster C0, "
        "default of cluster C0, system default"
    ) in mixed.msg


def test_one_server_of_several_may_go_while_another_works(lab, run, run_module):
    servers = [server_of(lab.external_kms[0]), server_of(lab.external_kms[0], "kms-b")]
    make_provider(lab, run_module, servers=servers)
    home(lab)
    refused = run(servers=servers[:1], purge_servers=True)
    assert refused.failed and "no server that stays is green" in refused.msg
    make_green(lab, run_module)
    assert run(servers=servers[:1], purge_servers=True).changed


def test_used_provider_without_servers_can_be_mended(lab, run, run_module):
    make_provider(lab, run_module)
    home(lab)
    lab.vcenter.crypto.providers[PROVIDER].servers.clear()
    assert run(state="absent").failed
    mended = run(servers=[server_of(lab.external_kms[0])], server_ca=lab.external_authority.certificate_pem)
    assert mended.changed, mended.msg


def test_unseen_vm_and_host_are_reported_by_their_keys(lab, run, run_module, read):
    make_provider(lab, run_module)
    inventory = lab.vcenter.inventory
    machine, host = inventory.vm("vm4"), inventory.host("esx3")
    inventory.encrypt(machine, *KEY_PARTS)
    inventory.give_host_key(host, *KEY_PARTS)
    for hidden in (machine, host):
        hidden.parent.children.remove(hidden)
    expected = [
        "VM vm4 (known from its key's status)",
        "host esx3.lab.test (known from its key's status)",
    ]
    facts, _result = read()
    assert facts["users"]["others"] == facts["in_use_by"] == expected
    refused, writes = Writes(lab).of(lambda: run(state="absent"))
    assert refused.failed and writes == []
    assert expected[0] in refused.msg and expected[1] in refused.msg


@pytest.mark.parametrize("operation", ["ListKeys", "QueryCryptoKeyStatus"])
def test_missing_right_to_ask_for_keys_counts_as_use(lab, run, run_module, read, operation):
    make_provider(lab, run_module)
    home(lab)
    lab.faults.add("refuse", system="vcenter", operation=operation, times=-1)
    facts, result = read()
    assert facts["in_use_by"][0] == "VM vm1 (home)" and len(facts["in_use_by"]) == 2
    assert (
        facts["in_use_by"][1].startswith("users that could not be read (") and facts["needed_by"] == facts["in_use_by"]
    )
    assert "Cryptographer.ManageKeys" in facts["users"]["not_read"] and facts["users"]["others"] == []
    assert len(result.warnings) == 1 and "Cryptographer.ManageKeys" in result.warnings[0]
    refused = run(state="absent")
    assert refused.failed and "1 VM (vm1)" in refused.msg
    lab.vcenter.inventory.decrypt(lab.vcenter.inventory.vm("vm1"))
    if operation == "ListKeys":  # no key is known then of which to ask more
        doubted, writes = Writes(lab).of(lambda: run(state="absent"))
        assert doubted.failed and writes == []
        assert "Cryptographer.ManageKeys" in doubted.msg and "set confirm_name" in doubted.msg
        assert run(state="absent", confirm_name=PROVIDER).changed


def test_many_keys_on_many_pages(lab, run_module, read):
    make_provider(lab, run_module)
    lab.vcenter.settings.page_size = 10
    inventory = lab.vcenter.inventory
    for number in range(230):
        inventory.encrypt(inventory.add_vm(f"many{number:03}"), PROVIDER, f"k{number}")
    lab.vcenter.crypto.references[KeyRef(PROVIDER, "k99")] = ["backup product"]
    mark = lab.journal.mark()
    facts, _result = read()
    assert len(facts["users"]["virtual_machines"]) == 230
    assert facts["users"]["others"] == ["third party backup product"]
    questions = [entry for entry in lab.journal.entries(since=mark) if entry.operation == "QueryCryptoKeyStatus"]
    assert len(questions) == 3
    assert lab.journal.count("vcenter", "login", since=mark) == 1


def test_without_keys_none_is_asked_for(lab, run_module, read):
    make_provider(lab, run_module)
    mark = lab.journal.mark()
    facts, _result = read()
    assert facts["in_use_by"] == []
    assert [entry for entry in lab.journal.entries(since=mark) if entry.operation == "QueryCryptoKeyStatus"] == []


def test_users_are_not_looked_for_unasked(lab, run_module):
    make_provider(lab, run_module)
    home(lab)
    mark = lab.journal.mark()
    (facts,) = run_module("key_provider_info", check_status=False)["key_providers"]
    assert (facts["users"], facts["in_use_by"]) == (None, None)
    asked = {entry.operation for entry in lab.journal.entries(since=mark)}
    assert not asked & {"CreateContainerView", "QueryCryptoKeyStatus", "VsanClusterGetConfig", "ListKeys"}


# vSAN


def test_vcenter_without_vsan(lab, run, run_module):
    make_provider(lab, run_module)
    lab.faults.add("status", system="vcenter", operation="VsanClusterGetConfig", status=404)
    removed = run(state="absent")
    assert removed.changed, removed.msg
    assert removed.warnings == []


@pytest.mark.parametrize("action", ["html", "truncate", "drop_before", "status"])
def test_vsan_that_cannot_be_read_counts_as_user(lab, run, run_module, action):
    make_provider(lab, run_module)
    lab.faults.add(action, system="vcenter", operation="VsanClusterGetConfig", status=503)
    refused, writes = Writes(lab).of(lambda: run(state="absent"))
    assert refused.failed and writes == []
    assert "used by vSAN of cluster C0 (could not read" in refused.msg and "\n" not in refused.msg


def test_tls_stays_verified_for_vsan_and_everything_else(lab, run_module, read):
    make_provider(lab, run_module)
    vsan(lab)
    before = ssl._create_default_https_context
    facts, _result = read()
    assert facts["users"]["vsan_clusters"] == ["C0"]
    assert ssl._create_default_https_context is before


# default of the system and of clusters


@pytest.mark.parametrize("version", VERSIONS)
def test_defaults_are_set_changed_and_cleared_and_shown(version):
    with Lab(LabSettings(vcenter_version=version)) as lab:
        lab.vcenter.inventory.add_cluster()
        lab.vcenter.inventory.add_cluster()
        run_module = functools.partial(harness.run_module, **harness.connection(open_up(lab), "vsphere"))
        run = functools.partial(run_module, "standard_key_provider", name=PROVIDER, **FAST)
        make_provider(lab, run_module, "other", default=True, default_clusters=["C2"])
        make_provider(lab, run_module)

        untouched, writes = Writes(lab).of(run)
        assert (untouched.changed, writes) == (False, [])
        assert untouched["key_provider"]["default"] is False and untouched["key_provider"]["default_clusters"] == []

        unknown = ("status", "connections")
        steps: list[tuple[dict[str, t.Any], dict[str, t.Any], dict[str, t.Any]]] = [
            ({"default": True}, {"default": False}, {"default": True}),
            ({"default_clusters": ["C1", "C0", "C0"]}, {"default_clusters": []}, {"default_clusters": ["C0", "C1"]}),
            (
                {"default_clusters": ["C2", "C1"]},
                {"default_clusters": ["C0", "C1"]},
                {"default_clusters": ["C1", "C2"]},
            ),
            ({"default_clusters": []}, {"default_clusters": ["C1", "C2"]}, {"default_clusters": []}),
            ({"default": False}, {"default": True}, {"default": False}),
        ]
        for options, before, after in steps:
            changed = converge(lab, run, "key_provider", unknown, **options)
            assert changed.diff == {"before": before, "after": after}
        assert (lab.vcenter.crypto.default, lab.vcenter.crypto.entity_defaults) == (None, {})


# the side of OVHcloud: what it cannot see is given as data


def make_flow(lab, run_module):
    result = run_module(
        "private_cloud_kms",
        service_name=CLOUD,
        host=KMS_IP,
        thumbprint=":".join(["0A"] * 20),
        wait_interval=0.01,
    )
    assert result.changed, result.msg
    return "private_cloud_kms", {"service_name": CLOUD, "host": KMS_IP}, {"confirm_host": KMS_IP}


def make_credential(lab, run_module):
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    options = {"okms_id": okms_id, "name": "vcenter"}
    result = run_module(
        "okms_credential",
        **options,
        identity_urns=["urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"],
        private_key_path="vcenter.key",
        **FAST,
    )
    assert result.changed, result.msg
    return "okms_credential", options, {"confirm_name": "vcenter"}


@pytest.mark.parametrize("make", [make_flow, make_credential])
def test_flow_and_credential_of_a_used_provider_stay(lab, run_module, read, make):
    make_provider(lab, run_module)
    home(lab)
    vsan(lab)
    facts, _result = read()
    module, options, confirmed = make(lab, run_module)
    remove = functools.partial(run_module, module, **options, state="absent", wait_interval=0.01)
    mark = lab.journal.mark()
    for check in (True, False):
        refused = remove(check=check, in_use_by=facts["in_use_by"])
        assert refused.failed and "\n" not in refused.msg
        assert refused["failure"]["kind"] == "refused_by_guard"
        assert "is in use by VM vm1 (home), vSAN of cluster C0; nothing was changed" in refused.msg
        (option,) = confirmed
        assert f"{option}: {confirmed[option]}" in refused.msg
        assert refused["failure"]["in_use_by"] == facts["in_use_by"]
    wrong = remove(in_use_by=facts["in_use_by"], **dict.fromkeys(confirmed, "another"))
    assert wrong.failed and "another" in wrong.msg
    assert lab.journal.writes(mark) == []
    removed = remove(in_use_by=facts["in_use_by"], **confirmed)
    assert removed.changed, removed.msg
    gone = remove(in_use_by=facts["in_use_by"])
    assert (gone.failed, gone.changed) == (False, False)


@pytest.mark.parametrize("make", [make_flow, make_credential])
@pytest.mark.parametrize("users", [None, [], ["", " "]])
def test_flow_and_credential_of_an_unused_provider_go(lab, run_module, make, users):
    module, options, _confirmed = make(lab, run_module)
    assert run_module(module, **options, state="absent", in_use_by=users, wait_interval=0.01).changed
