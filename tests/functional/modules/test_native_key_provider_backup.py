# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module native_key_provider_backup against the lab."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import subprocess

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.native_helpers import (
    NAME,
    PASSWORD,
    backup_runner,
    converge,
    ok,
    provider_runner,
    refused,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    Proxy,
    make_provider,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

NEW = ("sha256", "size", "created_at")
DOWNLOAD = "/cryptomanager/kms/*"


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(lab, run_module, tmp_path):
    made = provider_runner(run_module)()
    assert not made.failed, made.output
    return backup_runner(run_module, tmp_path)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "vnkp.p12"


def mode_of(file):
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.oldest("native_key_provider_backup", "life")
def test_first_backup(lab, run, file):
    made = converge(lab, run, "backup", NEW)["backup"]
    content = file.read_bytes()
    assert (made["sha256"], made["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (made["encrypted"], made["opened"], made["has_backup"], made["mode"]) == (True, True, True, "0600")
    assert made["previous_path"] is None
    assert mode_of(file) == 0o600
    assert lab.vcenter.crypto.providers[NAME].has_backup
    assert os.listdir(file.parent) == ["vnkp.p12"]


def test_other_program_opens_the_file(run, file):
    ok(run())
    command = ["openssl", "pkcs12", "-in", str(file), "-noout", "-passin", "env:BACKUP_PASSWORD"]
    good = subprocess.run(command, env={**os.environ, "BACKUP_PASSWORD": PASSWORD}, capture_output=True, check=False)
    bad = subprocess.run(command, env={**os.environ, "BACKUP_PASSWORD": "x"}, capture_output=True, check=False)
    assert (good.returncode, bad.returncode != 0) == (0, True)


def test_good_backup_costs_one_session(lab, run):
    ok(run())
    mark = lab.journal.mark()
    assert not ok(run()).changed
    assert lab.journal.count("vcenter_rest", "login", since=mark) == 0


def test_force_keeps_the_old_file(lab, run, file):
    first = ok(run())["backup"]
    old = file.read_bytes()
    checked, writes = watched(lab, lambda: run(check=True, force=True))
    assert (checked.changed, writes) == (True, [])
    again = ok(run(force=True))
    assert again.changed
    kept = again["backup"]["previous_path"]
    assert kept == checked["backup"]["previous_path"] == f"{file}.until-{first['sha256'][:12]}"
    with open(kept, "rb") as kept_file:
        assert kept_file.read() == old
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    assert file.read_bytes() != old


def test_lost_file_is_made_again(lab, run, file):
    ok(run())
    file.unlink()
    converge(lab, run, "backup", NEW)


def test_provider_made_anew_does_not_destroy_the_old_backup(lab, run, run_module, file):
    ok(run())
    old = file.read_bytes()
    lab.vcenter.lose_providers()
    ok(provider_runner(run_module)())
    again = ok(run())
    assert again.changed
    with open(again["backup"]["previous_path"], "rb") as kept:
        assert kept.read() == old
    assert file.read_bytes() != old
    assert not ok(run()).changed


def test_mode_is_put_right(lab, run, file):
    ok(run())
    file.chmod(0o644)
    checked, writes = watched(lab, lambda: run(check=True))
    assert (checked.changed, checked["backup"]["mode"], writes) == (True, "0600", [])
    assert mode_of(file) == 0o644
    done, writes = watched(lab, run)
    assert (done.changed, done["backup"]["mode"], writes) == (True, "0600", [])
    assert mode_of(file) == 0o600


def test_file_that_does_not_open_is_left_alone(lab, run, file):
    ok(run())
    old = file.read_bytes()
    message = refused(lab, run, "refused_by_guard", backup_password="another password")
    assert "this password does not open" in message
    assert file.read_bytes() == old
    done = ok(run(backup_password="another password", force=True))
    assert done["backup"]["opened"] is True
    with open(done["backup"]["previous_path"], "rb") as kept:
        assert kept.read() == old
    file.write_text("something else")
    refused(lab, run, "refused_by_guard")
    assert file.read_text() == "something else"


def test_without_a_password(lab, run):
    message = refused(lab, run, "refused_by_guard", backup_password="")
    assert "unencrypted" in message
    made = converge(lab, run, "backup", NEW, backup_password="", allow_unencrypted=True)
    assert (made["backup"]["encrypted"], made["backup"]["opened"]) == (False, True)
    assert "does not open" in refused(lab, run, "refused_by_guard")


def test_file_in_the_container_of_the_job(lab, run, monkeypatch):
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    os_folder = "/runner/artifacts"
    message = refused(lab, run, "invalid_input", allow_ephemeral=False, path=os_folder + "/vnkp.p12")
    assert "must name a file in an existing folder" in message
    message = refused(lab, run, "refused_by_guard", allow_ephemeral=False, path="/dev/shm/vnkp.p12")
    assert "vanishes with it" in message
    assert "AWX_HOST" in message


@pytest.mark.oldest("native_key_provider_backup", "refusal")
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"name": "a/b"}, "invalid_input", "no / in it"),
        ({"name": "nobody"}, "not_found", "no key provider nobody"),
        ({"path": "/nowhere/at/all.p12"}, "invalid_input", "in an existing folder"),
        ({"path": "/tmp"}, "invalid_input", "is a folder; name a file in it"),
    ],
)
def test_bad_input(lab, run, options, kind, words):
    assert words in refused(lab, run, kind, **options)


def test_standard_provider(lab, run, run_module):
    make_provider(lab, run_module, "team-kms")
    assert "is of type standard, not native" in refused(lab, run, "conflict", name="team-kms")


@pytest.mark.parametrize(
    "settings",
    [
        {"download_host": ""},
        {"download_host": "appliance.internal:5480"},
        {"download_methods": ("POST",)},
        {"native_unsaved_health": "WARNING"},
        {"version": "7.0.2"},
        {"version": "9.0"},
    ],
    ids=str,
)
def test_what_is_not_known_of_vcenter(settings, tmp_path):
    with Lab(LabSettings(vcenter=VCenterSettings(**settings))) as lab:
        open_up(lab)

        def module(name, /, **options):
            return harness.run_module(name, **{**harness.connection(lab, "vsphere"), **options})

        made = ok(provider_runner(module)())
        assert made["key_provider"]["has_backup"] is False
        converge(lab, backup_runner(module, tmp_path), "backup", NEW)


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "drop_before", "operation": f"GET {DOWNLOAD}"},
        {"action": "drop_after", "operation": f"GET {DOWNLOAD}"},
        {"action": "status", "operation": f"GET {DOWNLOAD}", "status": 503},
        {"action": "drop_after", "operation": "POST *?action=export"},
    ],
    ids=str,
)
def test_download_that_breaks_off_is_started_anew(lab, run, file, fault):
    action = fault["action"]
    lab.faults.add(action, system="vcenter_rest", **{key: fault[key] for key in fault if key != "action"})
    made = ok(run())
    assert made["backup"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert os.listdir(file.parent) == ["vnkp.p12"]


def test_download_that_never_works_can_be_repeated(lab, run, file):
    lab.faults.add("status", system="vcenter_rest", operation=f"GET {DOWNLOAD}", status=503, times=99)
    result, _writes = watched(lab, run)
    assert result.failed
    assert "could not download the backup" in result.msg
    assert not file.exists()
    lab.faults.clear()
    assert ok(run()).changed


def test_expired_token(lab, run, file):
    lab.vcenter.settings.download_token_lifetime = -1.0
    result, _writes = watched(lab, run)
    assert result["failure"]["kind"] == "authentication"
    assert not file.exists()


@pytest.mark.parametrize("action", ["html", "truncate"])
def test_wrong_file_is_found_out(lab, run, file, action):
    lab.faults.add(action, system="vcenter_rest", operation=f"GET {DOWNLOAD}", status=200)
    result, _writes = watched(lab, run)
    assert "this password does not open it as PKCS#12; nothing was written" in result.msg
    assert not file.exists()
    assert ok(run()).changed


def test_through_a_proxy(lab, run):
    with Proxy() as proxy:
        assert ok(run(proxy_host="127.0.0.1", proxy_port=proxy.port)).changed
    assert set(proxy.targets) == {f"{lab.vcenter_hostname}:{lab.vcenter_port}"}


def test_server_with_another_ca(lab, run, tmp_path):
    bundle = tmp_path / "other.pem"
    bundle.write_text(lab.external_authority.certificate_pem)
    message = refused(lab, functools.partial(run, ca_path=str(bundle)), "unreachable")
    assert "not trusted" in message
