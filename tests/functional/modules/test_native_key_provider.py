# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module native_key_provider against the lab."""

from __future__ import annotations

import base64
import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.native_helpers import (
    NAME,
    backup_runner,
    converge,
    ok,
    provider_runner,
    refused,
    run_in,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    Proxy,
    make_provider,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

KEY_ID = "4d3b1f70-8a53-4f0e-9f8d-0f6a0d6a7c11"
OTHER_KEY_ID = "11111111-2222-3333-4444-555555555555"
KEY = base64.b64encode(b"k" * 32).decode()
NEW = ("health", "reasons", "key_id", "default", "hosts")
PROVIDERS = "/api/vcenter/crypto-manager/kms/providers"


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return provider_runner(run_module)


@pytest.fixture
def back_up(run_module, tmp_path):
    return backup_runner(run_module, tmp_path)


@pytest.mark.oldest("native_key_provider", "life")
def test_life_of_a_provider(lab, run, back_up):
    made = converge(lab, run, "key_provider", NEW)["key_provider"]
    assert (made["type"], made["tpm_required"], made["has_backup"], made["health"]) == ("native", True, False, "ERROR")
    assert made["reasons"] == ["it was never backed up (native_key_provider_backup does it)"]

    ok(back_up())
    default = converge(lab, run, "key_provider", ("hosts",), default=True, default_clusters=["C0"])
    assert default["key_provider"]["health"] == "OK"
    assert default["key_provider"]["default_clusters"] == ["C0"]
    assert default.diff["before"] == {"default": False, "default_clusters": []}

    converge(lab, run, "key_provider", ("hosts",), default=False, default_clusters=[])
    gone = converge(lab, run, "key_provider", state="absent")
    assert gone["key_provider"] == {}


@pytest.mark.parametrize("version", ["7.0.2", "9.0"])
def test_life_in_other_versions(version, tmp_path):
    with Lab(LabSettings(vcenter_version=version)) as lab:
        open_up(lab)
        module = functools.partial(run_in, lab)
        run, back_up = provider_runner(module), backup_runner(module, tmp_path)
        converge(lab, run, "key_provider", NEW, tpm_required=False)
        ok(back_up())
        converge(lab, run, "key_provider", ("hosts",), tpm_required=False, default=True)
        converge(lab, run, "key_provider", state="absent", confirm_name=NAME)


def test_version_without_native_providers():
    with Lab(LabSettings(vcenter_version="7.0.1")) as lab:
        message = refused(lab, provider_runner(functools.partial(run_in, lab)), "unsupported")
    assert "needs vCenter 7.0.2 or newer" in message
    assert "7.0.1" in message


@pytest.mark.parametrize("status", [200, 201])
def test_other_codes_of_success(status, tmp_path):
    with Lab(LabSettings(vcenter=VCenterSettings(rest_write_status=status))) as lab:
        run = provider_runner(functools.partial(run_in, open_up(lab)))
        converge(lab, run, "key_provider", ("health", "reasons", "default", "hosts"), key_id=KEY_ID)
        converge(lab, run, "key_provider", state="absent")


def test_nothing_more_than_needed_is_asked(lab, run):
    _result, _writes = watched(lab, lambda: run(state="absent"))
    assert lab.journal.count("vcenter_rest", "login") == 0


def test_default_waits_for_the_backup(lab, run, back_up):
    assert "before it is backed up" in refused(lab, run, "refused_by_guard", default=True)
    ok(run())
    assert "native_key_provider_backup" in refused(lab, run, "refused_by_guard", default=True)
    assert "before it is backed up" in refused(lab, run, "refused_by_guard", default_clusters=["C0"])
    ok(run(default=False, default_clusters=[]))
    ok(back_up())
    assert run(default=True)["key_provider"]["default"] is True


def test_hosts_without_tpm(lab, run):
    lab.vcenter.inventory.hosts[0].tpm = False
    lab.vcenter.inventory.hosts[1].tpm_version = "1.2"
    message = refused(lab, run, "refused_by_guard")
    assert message.startswith("2 of 3 hosts have no TPM 2.0: esx1.lab.test, esx2.lab.test")
    assert "tpm_required: false" in message
    converge(lab, run, "key_provider", NEW, tpm_required=False)
    message = refused(lab, run, "conflict")
    assert "tpm_required: false, which cannot change later" in message


def test_hosts_in_no_cluster_are_told(lab, run):
    host = lab.vcenter.inventory.hosts[2]
    host.tpm = False  # does not count: it cannot use the provider anyway
    host.parent.children.remove(host)
    host.parent = lab.vcenter.inventory.host_folder
    host.parent.children.append(host)
    made = ok(run())
    assert ["in no cluster: esx3.lab.test" in warning for warning in made.warnings] == [True]
    assert ok(run()).warnings == []


def test_health_of_each_host(lab, run):
    lab.vcenter.inventory.hosts[2].connection_state = "disconnected"
    made = ok(run(check_hosts=True))["key_provider"]["hosts"]
    assert [(host["name"], host["cluster"], host["tpm"]) for host in made] == [
        (f"esx{number}.lab.test", "C0", True) for number in (1, 2, 3)
    ]
    assert [host["health"] for host in made] == ["ERROR", "ERROR", None]


def test_key_id_and_key(lab, run, back_up):
    wanted = {"key_id": KEY_ID.upper(), "key_derivation_key": KEY}
    made = converge(lab, run, "key_provider", ("health", "reasons", "default", "hosts"), **wanted)
    assert made["key_provider"]["key_id"] == KEY_ID
    assert KEY not in made.output
    assert lab.vcenter.crypto.providers[NAME].derivation_key == b"k" * 32

    ok(back_up())
    unknown = ("health", "reasons", "hosts", "has_backup")
    warned = run(check=True, key_id=OTHER_KEY_ID).warnings
    changed = converge(lab, run, "key_provider", unknown, key_id=OTHER_KEY_ID)
    assert warned == changed.warnings and "backups made before do not have it" in warned[0]
    assert changed["key_provider"]["has_backup"] is False
    message = refused(lab, run, "refused_by_guard", key_id=KEY_ID, default=True)
    assert "before it is backed up" in message


def test_key_id_in_use(lab, run, back_up):
    ok(run(key_id=KEY_ID))
    ok(back_up())
    ok(run(default=True))
    lab.vcenter.inventory.vms[0].crypto_key = KeyRef(NAME, KEY_ID)
    message = refused(lab, run, "refused_by_guard", key_id=OTHER_KEY_ID)
    assert "vm1" in message
    assert "default" not in message
    assert "confirm_name is other" in refused(lab, run, "refused_by_guard", key_id=OTHER_KEY_ID, confirm_name="other")
    assert ok(run(key_id=OTHER_KEY_ID, confirm_name=NAME))["key_provider"]["key_id"] == OTHER_KEY_ID


def test_removal_is_guarded(lab, run):
    ok(run())
    lab.vcenter.inventory.vms[0].crypto_key = KeyRef(NAME, "key")
    assert "vm1" in refused(lab, run, "refused_by_guard", state="absent")
    assert "confirm_name is vm1" in refused(lab, run, "refused_by_guard", state="absent", confirm_name="vm1")
    assert ok(run(state="absent", confirm_name=NAME)).changed


def test_name_of_another_kind(lab, run, run_module):
    make_provider(lab, run_module, NAME)
    assert "is of type standard, not native" in refused(lab, run, "conflict")
    assert "is of type standard, not native" in refused(lab, run, "conflict", state="absent")


@pytest.mark.oldest("native_key_provider", "refusal")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a/b"}, "no / in it"),
        ({"name": " "}, "not empty"),
        ({"key_id": "abc"}, "key_id: abc is no UUID"),
        ({"key_derivation_key": "not base64!"}, "key_derivation_key: this is not base64"),
        ({"hostname": ""}, "missing connection options: hostname"),
    ],
)
def test_bad_input(lab, run_module, options, words):
    run = functools.partial(run_module, "native_key_provider", **{"name": NAME, **options})
    assert words in refused(lab, run, "invalid_input")


def test_unknown_cluster(lab, run, back_up):
    ok(run())
    ok(back_up())
    assert "no cluster nowhere" in refused(lab, run, "not_found", default_clusters=["nowhere"])


def test_missing_right(lab, run):
    lab.faults.add("refuse", system="vcenter_rest", operation=f"POST {PROVIDERS}")
    result = run()
    assert result["failure"]["kind"] == "forbidden"
    assert "UNAUTHORIZED" in result.msg
    assert "encryption_right" in result.msg


@pytest.mark.parametrize("action", ["drop_after", "truncate"])
def test_lost_answer_of_a_write(lab, run, action):
    """A truncated empty answer is whole; both ways the provider is there once."""
    lab.faults.add(action, system="vcenter_rest", operation=f"POST {PROVIDERS}")
    mark = lab.journal.mark()
    assert ok(run()).changed
    assert [entry.operation for entry in lab.journal.writes(mark, "vcenter_rest")] == [f"POST {PROVIDERS}"]
    lab.faults.add("drop_after", system="vcenter_rest", operation=f"DELETE {PROVIDERS}*")
    assert ok(run(state="absent")).changed
    assert not ok(run(state="absent")).changed


def test_write_that_never_arrived(lab, run):
    lab.faults.add("drop_before", system="vcenter_rest", operation=f"POST {PROVIDERS}")
    result = run()
    assert result["failure"]["kind"] == "unreachable"
    assert lab.vcenter.crypto.providers == {}
    assert ok(run()).changed


@pytest.mark.parametrize("action", ["drop_before", "status", "html"])
def test_reads_are_repeated(lab, run, action):
    ok(run())
    lab.faults.add(action, system="vcenter_rest", operation=f"GET {PROVIDERS}/*", status=503)
    assert not ok(run()).changed


def test_wrong_password_of_the_session(lab, run):
    lab.faults.add("status", system="vcenter_rest", operation="POST /api/session", status=401)
    result = run()
    assert result["failure"]["kind"] == "authentication"
    assert lab.vcenter_password not in result.output


def test_wait_false_and_then_settle(lab, run):
    lab.vcenter.settings.native_settling_reads = 4
    first = ok(run(wait=False))
    assert first["key_provider"]["health"] == "NONE"
    second = ok(run())
    assert (second.changed, second["key_provider"]["health"]) == (False, "ERROR")


def test_health_that_never_comes(lab, run):
    lab.vcenter.settings.native_settling_reads = 10**6
    result = run(wait_timeout=0)
    assert result["failure"]["kind"] == "timeout"


def test_ca_of_the_environment_does_not_count(lab, run, monkeypatch, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(lab.external_authority.certificate_pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert ok(run()).changed


def test_proxy_for_both_interfaces(lab, run):
    with Proxy() as proxy:
        assert ok(run(proxy_host="127.0.0.1", proxy_port=proxy.port)).changed
    assert set(proxy.targets) == {f"{lab.vcenter_hostname}:{lab.vcenter_port}"}


def test_unverified_certificate(lab, run):
    assert ok(run(ca_path=None, validate_certs=False)).changed


def test_health_that_cannot_be_read(lab, run):
    ok(run())
    lab.faults.add("status", system="vcenter_rest", operation=f"GET {PROVIDERS}/*", status=400)
    message = refused_once(lab, run)
    assert message.startswith(f"could not read the key provider {NAME} on {lab.vcenter_hostname}: ")
    assert "(HTTP 400 INVALID_ARGUMENT)" in message


def refused_once(lab, run):
    result, writes = watched(lab, run)
    assert (result.failed, writes) == (True, [])
    return result.msg
