# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup and restore of native key providers in the lab's vCenter."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
import requests
from cryptography.hazmat.primitives.serialization import pkcs12
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    USER,
    RestClient,
    VCenterSite,
    provider_id,
)

PROVIDERS = "/api/vcenter/crypto-manager/kms/providers"
EXPORT, IMPORT = PROVIDERS + "?action=export", PROVIDERS + "?action=import"


@pytest.fixture
def site():
    made = VCenterSite(native_settling_reads=0)
    yield made
    made.close()


@pytest.fixture
def rest(site, tmp_path):
    client = RestClient(site, tmp_path)
    yield client
    client.close()


@pytest.fixture
def native(site):
    return site.vcenter.crypto.add_native("nkp", tpm_required=True)


def error(answer):
    return answer.status_code, answer.json()["error_type"]


def export(rest, password=None, provider="nkp"):
    answer = rest("POST", EXPORT, {"provider": provider, **({"password": password} if password else {})})
    assert answer.status_code == 200
    assert answer.json()["type"] == "LOCATION"
    return answer.json()["location"]


def fetch(rest, location, method="GET"):
    token = location["download_token"]["token"]
    path = urllib.parse.urlsplit(location["url"]).path
    headers = {"Authorization": f"Bearer {token}", "vmware-api-session-id": None}
    return rest(method, path, headers=headers)


def backup(rest, password=None):
    return fetch(rest, export(rest, password)).content


def restore(rest, content, password=None, **fields):
    body = {"config": base64.b64encode(content).decode(), **fields}
    return rest("POST", IMPORT, {**body, "password": password} if password else body)


# backup


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_download_is_what_makes_it_backed_up(site, rest, native, method):
    mark = site.journal.mark()
    location = export(rest, "a password")
    assert rest("GET", PROVIDERS + "/nkp").json()["health"] == "ERROR"
    assert location["download_token"]["expiry"].endswith(".000Z")
    answer = fetch(rest, location, method)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nkp.p12"'
    one = rest("GET", PROVIDERS + "/nkp").json()
    assert (one["health"], one["details"]) == ("OK", [])
    assert site.connect().content.cryptoManager.ListKmsClusters()[0].hasBackup is True
    writes = [(entry.operation, entry.actor) for entry in site.journal.writes(mark)]
    assert writes == [(f"POST {EXPORT}", USER), (f"{method} /cryptomanager/kms/{{provider}}", USER)]


def test_file_with_and_without_password(site, rest, native):
    locked = backup(rest, "a password")
    assert pkcs12.load_pkcs12(locked, b"a password").key is not None
    for wrong in (b"another", None):
        with pytest.raises((ValueError, TypeError)):
            pkcs12.load_pkcs12(locked, wrong)
    assert pkcs12.load_pkcs12(backup(rest), None).key is not None
    assert {"a password", base64.b64encode(native.derivation_key).decode()} <= set(site.vcenter.secrets())


def test_token_is_good_once(site, rest, native):
    location = export(rest)
    assert fetch(rest, location).status_code == 200
    assert error(fetch(rest, location)) == (401, "UNAUTHENTICATED")
    assert site.journal.entries()[-1].status == "401"


def test_token_gets_old(site, rest, native):
    location = export(rest)
    site.clock.advance(200)
    assert fetch(rest, location).status_code == 401
    assert native.has_backup is False


def test_token_is_for_one_provider(site, rest, native):
    site.vcenter.crypto.add_native("other")
    location = export(rest)
    location["url"] = location["url"].replace("nkp", "other")
    assert fetch(rest, location).status_code == 401
    location["url"] = location["url"].replace("other", "nkp")
    location["download_token"]["token"] += "x"
    assert fetch(rest, location).status_code == 401
    assert rest("GET", "/cryptomanager/kms/nkp").status_code == 401


def test_method_that_is_not_served(site, rest, native):
    site.vcenter.settings.download_methods = ("POST",)
    location = export(rest)
    assert fetch(rest, location).status_code == 405
    assert fetch(rest, location, "POST").status_code == 200


@pytest.mark.parametrize(
    ("host", "wanted"), [("localhost", "localhost"), ("vc.internal", "vc.internal"), ("", "localhost:{}")]
)
def test_address_of_the_backup(site, rest, host, wanted):
    site.vcenter.crypto.add_native("nkp ü")
    site.vcenter.settings.download_host = host
    url = export(rest, provider="nkp ü")["url"]
    assert url == f"https://{wanted.format(site.port)}/cryptomanager/kms/nkp%20%C3%BC"


def test_wrong_exports(rest):
    assert error(rest("POST", EXPORT, {"provider": "nkp"})) == (404, "NOT_FOUND")
    assert error(rest("POST", EXPORT, {"provider": ""})) == (400, "INVALID_ARGUMENT")


def test_lost_answer_uses_the_token_up(site, rest, native):
    location = export(rest)
    site.faults.add("drop_after", system="vcenter_rest", operation="GET /cryptomanager/*")
    with pytest.raises(OSError):  # requests' errors are OSErrors
        fetch(rest, location)
    assert fetch(rest, location).status_code == 401
    assert native.has_backup is True


# restore


def test_restore_gives_the_same_provider(site, rest, native):
    key_id = native.key_id
    content = backup(rest, "a password")
    site.vcenter.lose_providers()
    mark = site.journal.mark()
    tried = restore(rest, content, "a password", dry_run=True)
    assert (tried.status_code, site.journal.writes(mark), rest("GET", PROVIDERS).json()) == (200, [], [])
    done = restore(rest, content, "a password")
    assert done.json() == tried.json()
    assert done.json()["provider"] == "nkp"
    assert done.json()["native_info"] == {"key_id": key_id}
    assert done.json()["constraints"] == {"tpm_required": True}
    assert done.json()["export_time"].endswith(".000Z")
    assert rest("GET", PROVIDERS + "/nkp").json()["native_info"] == {"key_id": key_id}
    assert [entry.operation for entry in site.journal.writes(mark)] == [f"POST {IMPORT}"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_restore_that_fails(site, rest, native, dry_run):
    content, clear = backup(rest, "a password"), backup(rest)
    assert error(restore(rest, content, "a password", dry_run=dry_run)) == (400, "ALREADY_EXISTS")
    site.vcenter.lose_providers()
    for answer in (
        restore(rest, content, "wrong", dry_run=dry_run),
        restore(rest, content, dry_run=dry_run),
        restore(rest, content[:-20], "a password", dry_run=dry_run),
        restore(rest, b"no file", dry_run=dry_run),
        restore(rest, clear[:100], dry_run=dry_run),
        rest("POST", IMPORT, {"config": "%%", "dry_run": dry_run}),
        rest("POST", IMPORT, {"dry_run": dry_run}),
    ):
        assert error(answer) == (400, "INVALID_ARGUMENT")
    assert site.vcenter.crypto.providers == {}


def test_dry_run_beside_the_living_provider(site, rest, native):
    content = backup(rest)
    site.vcenter.settings.dry_run_refuses_existing = False
    assert restore(rest, content, dry_run=True).status_code == 200
    assert error(restore(rest, content)) == (400, "ALREADY_EXISTS")


def test_other_answers_to_what_is_unknown(site, rest, native):
    content = backup(rest)
    site.vcenter.settings.imported_is_backed_up = False
    site.vcenter.settings.backup_keeps_constraints = False
    site.vcenter.lose_providers()
    assert "constraints" not in restore(rest, content).json()
    assert rest("GET", PROVIDERS + "/nkp").json()["health"] == "ERROR"
    site.vcenter.lose_providers()
    assert restore(rest, content, constraints={"tpm_required": False}).json()["constraints"] == {"tpm_required": False}


def test_warning_right_after_an_import(site, rest, native):
    content = backup(rest)
    site.vcenter.lose_providers()
    site.vcenter.settings.native_settling_reads = 2
    restore(rest, content)
    seen = [rest("GET", PROVIDERS + "/nkp").json()["health"] for _reading in range(3)]
    assert seen == ["WARNING", "WARNING", "OK"]


def test_encrypted_machines_open_again(site, rest, native):
    inventory = site.vcenter.inventory
    off, on, clear = inventory.vm("vm1"), inventory.vm("vm2"), inventory.vm("vm3")
    inventory.encrypt(off, "nkp", "k-1")
    inventory.encrypt(on, "nkp", "k-2")
    on.power_state = "poweredOn"
    content = backup(rest)
    manager = site.connect().content.cryptoManager

    def available():
        key = vim.encryption.CryptoKeyId(keyId="k-1", providerId=provider_id("nkp"))
        return manager.QueryCryptoKeyStatus([key], 1)[0].keyAvailable

    assert available() is True
    rest("DELETE", PROVIDERS + "/nkp")
    assert [one.locked for one in (off, on, clear)] == [True, False, False]
    assert available() is False
    rest("POST", PROVIDERS, {"provider": "nkp"})  # the same name is not the same key
    assert (off.locked, available()) == (True, False)
    rest("DELETE", PROVIDERS + "/nkp")
    assert json.loads(restore(rest, content).content)["provider"] == "nkp"
    assert (off.locked, available()) == (False, True)


# in the whole lab


def test_leaks_can_be_looked_for():
    with Lab() as lab:
        lab.give_encryption_right()
        lab.vcenter.settings.native_settling_reads = 0
        base = f"https://{lab.vcenter_hostname}:{lab.vcenter_port}"
        with requests.Session() as client:
            client.trust_env, client.verify = False, lab.ca_path
            login = (lab.vcenter_username, lab.vcenter_password)
            session_id = client.post(base + "/api/session", auth=login, timeout=60).json()
            client.headers["vmware-api-session-id"] = session_id
            assert client.post(base + PROVIDERS, json={"provider": "nkp"}, timeout=60).status_code == 204
            answer = client.post(base + EXPORT, json={"provider": "nkp", "password": "of the file"}, timeout=60)
            token = answer.json()["location"]["download_token"]["token"]
            client.delete(base + "/api/session", timeout=60)
        key = base64.b64encode(lab.vcenter.crypto.providers["nkp"].derivation_key).decode()
        assert {session_id, token, "of the file", key} <= set(lab.secrets())
        assert lab.journal.summary()["vcenter_rest"]["write"] == 2
