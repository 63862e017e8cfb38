# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role native_key_provider with places for its backup: a host, Secret Manager of OKMS, Vault; each is a way back."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sys
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.secret_helpers import PATH, stored
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kv import KvStore

PASSWORD = "planted backup password"
NAME = "nkp-prod"
NEW_KEY_ID = "7c3f2d10-5f0e-4a51-9d4b-2f6f0a6d7c12"
KINDS = ("host", "okms_secret", "vault")


class Site:
    """A vCenter, and one place of each kind outside of it."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self.folder = lab, folder
        lab.give_encryption_right()
        self.backup, self.vault_file = folder / "backup.p12", folder / "vault.p12"
        self.dossier = folder / "dossier.json"
        self.domain = lab.ovhcloud.new_okms(lab.region, "backups")
        self.inventory = folder / "hosts.yml"
        # on the oldest core, the search for a Python can find one that does not start
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        self.inventory.write_text(json.dumps({"all": {"hosts": {"vault1": host}}}))
        self.stores: dict[str, KvStore] = {"okms_secret": self.domain.secrets, "vault": lab.vault.store}
        self.places: dict[str, dict[str, t.Any]] = {
            "host": {"host": "vault1", "path": str(self.vault_file)},
            "okms_secret": {"okms_secret": self.domain.okms_id, "path": PATH},
            "vault": {"vault": lab.vault.url, "path": PATH},
        }

    def play(self, kinds: t.Sequence[str] = KINDS, **options: t.Any) -> harness.PlayResult:
        """The playbook, with a service account for OVHcloud."""
        variables = {
            "native_key_provider_name": NAME,
            "native_key_provider_preflight": False,
            "native_key_provider_backup_path": str(self.backup),
            "native_key_provider_backup_password": PASSWORD,
            "native_key_provider_backup_places": [self.places[kind] for kind in kinds],
            "native_key_provider_dossier_path": str(self.dossier),
            "native_key_provider_wait_interval": 0.01,
            "native_key_provider_wait_timeout": 120,
        }
        return self.run("native_key_provider", **{**variables, **options})

    def run(self, name: str, **variables: t.Any) -> harness.PlayResult:
        """A playbook."""
        check, verbosity = variables.pop("check", False), variables.pop("verbosity", 0)
        token = {"OVH_ACCESS_TOKEN": self.lab.ovhcloud.keys.access_token}
        keys = dict.fromkeys(("OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"), "")
        return harness.run_playbook(
            self.lab, name, self.folder, check, verbosity, {**keys, **token}, inventory=self.inventory, **variables
        )

    def lose(self, kind: str) -> None:
        """That place is gone."""
        if kind == "host":
            self.vault_file.unlink()
        else:
            self.stores[kind].secrets.clear()

    def contents(self, kind: str) -> list[t.Any]:
        """The versions that a secret holds."""
        return [version.data for version in self.stores[kind].secrets[PATH].versions.values()]

    def kept(self, content: bytes) -> pathlib.Path:
        """Where the host keeps that backup after a newer one took its place."""
        return self.vault_file.with_name(f"{self.vault_file.name}.until-{hashlib.sha256(content).hexdigest()[:12]}")

    @property
    def key_id(self) -> str:
        """Of the provider in vCenter."""
        return str(self.lab.vcenter.crypto.providers[NAME].key_id)


@pytest.fixture
def site(lab: Lab, tmp_path: pathlib.Path) -> Site:
    return Site(lab, tmp_path)


@pytest.mark.oldest("role native_key_provider", "places")
def test_backup_is_in_all_places_before_the_default(site: Site) -> None:
    checked = site.play(check=True)
    assert (checked.code, site.lab.journal.writes()) == (0, []), checked.screen
    first = site.play(verbosity=4)
    assert (first.code, first.failed) == (0, 0), first.screen
    content = site.backup.read_bytes()
    assert site.vault_file.read_bytes() == content
    assert [site.contents(kind) for kind in ("okms_secret", "vault")] == [[stored(content)]] * 2
    order = [entry.operation for entry in site.lab.journal.writes()]
    default = min(index for index, name in enumerate(order) if name in ("MarkDefault", "SetDefaultKmsCluster"))
    assert max(index for index, name in enumerate(order) if "/data/{path}" in name) < default
    planted = [*site.lab.secrets(), PASSWORD, stored(content)["content_base64"]]
    assert [secret for secret in planted if secret in first.screen] == []
    assert PASSWORD not in str(site.contents("okms_secret")) and PASSWORD not in site.dossier.read_text()

    mark = site.lab.journal.mark()
    again = site.play()
    assert (again.code, again.changed, site.lab.journal.writes(mark)) == (0, 0, []), again.screen
    forced = site.play(native_key_provider_backup_force=True)
    assert forced.code == 0, forced.screen
    assert [len(site.contents(kind)) for kind in ("okms_secret", "vault")] == [2, 2]


@pytest.mark.parametrize("left", KINDS)
def test_provider_is_restored_from_each_place_alone(site: Site, left: str) -> None:
    assert site.play().code == 0
    key_id, content = site.key_id, site.backup.read_bytes()
    site.lab.vcenter.lose_providers()
    site.backup.unlink()
    for kind in KINDS:
        if kind != left:
            site.lose(kind)
    site.lab.vault.sealed = left != "vault"
    restoring: dict[str, t.Any] = {
        "native_key_provider_restore_from": str(site.backup),
        "native_key_provider_backup_places_required": 1,
    }
    mark = site.lab.journal.mark()
    checked = site.play(check=True, **restoring)
    assert (checked.code, site.lab.journal.writes(mark)) == (0, []), checked.screen
    restored = site.play(**restoring)
    assert (restored.code, restored.failed) == (0, 0), restored.screen
    assert (site.key_id, site.backup.read_bytes()) == (key_id, content)
    assert os.stat(site.backup).st_mode & 0o777 == 0o600
    assert site.lab.vcenter.crypto.default == NAME
    assert not list(site.folder.glob(".*fetched-*"))


def test_newest_backup_of_all_places_is_restored(site: Site) -> None:
    """A host that was away keeps an older backup, of an older key; a secret has the newer one."""
    assert site.play().code == 0
    older, store = site.backup.read_bytes(), site.stores["vault"]
    site.lab.clock.advance(3600)
    forced = site.play(["okms_secret"], native_key_provider_backup_force=True)
    assert forced.code == 0, forced.screen
    newer = site.backup.read_bytes()
    assert newer != older and [site.vault_file.read_bytes(), store.secrets[PATH].versions[1].data] == [
        older,
        stored(older),
    ]
    site.backup.unlink()
    site.lab.vcenter.lose_providers()
    restored = site.play(native_key_provider_restore_from=str(site.backup))
    assert (restored.code, site.backup.read_bytes()) == (0, newer), restored.screen
    # and the others have caught up
    assert site.vault_file.read_bytes() == newer and len(site.contents("vault")) == 2


def test_place_that_fails_keeps_the_provider_from_being_default(site: Site) -> None:
    site.lab.faults.add("refuse", system="vault", operation="POST *data/{path}")
    stopped = site.play()
    assert stopped.code != 0 and site.lab.vcenter.crypto.default != NAME, stopped.screen
    said = " ".join(stopped.screen.split())
    assert f"was not copied to secret {PATH} of {site.lab.vault.url} (secret)" in said
    assert "the capability create on secret/data" in said
    done = site.play()
    assert (done.code, site.lab.vcenter.crypto.default) == (0, NAME), done.screen


def test_two_of_three_places_are_enough_when_asked_for(site: Site) -> None:
    site.lab.vault.sealed = True
    refused = site.play()
    assert refused.code != 0 and "Nothing was changed" in refused.screen, refused.screen
    assert NAME not in site.lab.vcenter.crypto.providers
    enough = site.play(native_key_provider_backup_places_required=2)
    assert (enough.code, site.lab.vcenter.crypto.default) == (0, NAME), enough.screen
    assert "WARNING: the backup was not copied to secret" in " ".join(enough.screen.split())
    assert mentioned(summary_of(enough)["changed"], "Backup copied to")
    site.lab.vault.sealed = False
    caught_up = site.play(native_key_provider_backup_places_required=2)
    assert (caught_up.code, len(site.contents("vault"))) == (0, 1), caught_up.screen


def test_copy_on_the_control_node_alone_is_not_enough(site: Site) -> None:
    options: dict[str, t.Any] = {"native_key_provider_backup_places_required": 1}
    site.lab.vault.sealed = True
    mark = site.lab.journal.mark()
    refused = site.play(["host", "vault"], **options)
    said = " ".join(refused.screen.split())
    assert refused.code != 0 and "one of them outside the control node. Nothing was changed" in said, refused.screen
    assert site.lab.journal.writes(mark) == []
    # one that answers, but takes no copy
    site.lab.vault.sealed = False
    site.lab.faults.add("refuse", system="vault", operation="POST *data/{path}")
    stopped = site.play(["host", "vault"], **options)
    assert stopped.code != 0 and site.lab.vcenter.crypto.default != NAME, stopped.screen
    assert "and one of them outside the control node" in " ".join(stopped.screen.split())
    done = site.play(["host", "vault"], **options)
    assert (done.code, site.lab.vcenter.crypto.default) == (0, NAME), done.screen


def test_full_secret_is_told_and_keeps_its_versions(site: Site) -> None:
    site.places["okms_secret"]["max_versions"] = 1
    assert site.play(["okms_secret"]).code == 0
    before = site.contents("okms_secret")
    full = site.play(["okms_secret"], native_key_provider_backup_force=True)
    assert full.code != 0 and "is full: it keeps 1 versions" in " ".join(full.screen.split()), full.screen
    assert site.contents("okms_secret") == before
    site.places["okms_secret"]["max_versions"] = 10
    assert site.play(["okms_secret"]).code == 0
    assert len(site.contents("okms_secret")) == 2


def test_secret_with_a_password_beside_is_refused_first(site: Site) -> None:
    site.stores["vault"].write(PATH, {**stored(b"backup"), "password": PASSWORD}, 0)
    mark = site.lab.journal.mark()
    refused = site.play(["vault"])
    assert refused.code != 0 and site.lab.journal.writes(mark) == [], refused.screen
    said = " ".join(refused.screen.split())
    assert "least of all with its password" in said and PASSWORD not in said


def test_place_that_cannot_be_is_refused_before_anything(site: Site) -> None:
    mark = site.lab.journal.mark()
    place = {"vault": site.lab.vault.url, "host": "vault1", "path": PATH}
    refused = site.play(native_key_provider_backup_places=[place])
    assert refused.code != 0 and site.lab.journal.writes(mark) == [], refused.screen
    assert "native_key_provider_backup_places: host and vault are given" in " ".join(refused.screen.split())
    few = site.play(native_key_provider_backup_places_required=4)
    assert few.code != 0 and "4 is more than the 3 places" in " ".join(few.screen.split()), few.screen


def test_drill_and_recovery_take_the_backup_from_a_secret(site: Site) -> None:
    assert site.play(["okms_secret", "vault"]).code == 0
    key_id = site.key_id
    recovery: dict[str, t.Any] = {
        "recovery_file": str(site.dossier),
        "recovery_backup_password": PASSWORD,
        "recovery_wait_interval": 0.01,
        "native_key_provider_preflight": False,
    }
    site.backup.unlink()
    mark = site.lab.journal.mark()
    drill = site.run("recovery", **recovery, recovery_drill=True)
    assert (drill.code, drill.changed, site.lab.journal.writes(mark)) == (0, 0, []), drill.screen
    # a place whose copy is not the proven one fails the drill
    site.stores["vault"].write(PATH, stored(b"another file"), 1)
    spoiled = site.run("recovery", **recovery, recovery_drill=True)
    assert spoiled.code != 0 and f"secret {PATH} of {site.lab.vault.url}" in " ".join(spoiled.screen.split())
    site.lose("vault")
    site.lab.vcenter.lose_providers()
    recovered = site.run("recovery", **recovery)
    assert (recovered.code, site.key_id) == (0, key_id), recovered.screen
    assert len(site.contents("vault")) == 1


def test_recovery_imports_no_backup_of_an_older_key_id(site: Site, run_module: RunModule) -> None:
    """The control node and a host kept K1; the dossier and a secret know K2."""
    kinds = ["host", "okms_secret"]
    made = site.play(kinds)
    assert made.code == 0, made.screen
    older, first = site.backup.read_bytes(), site.key_id
    changed = run_module("native_key_provider", name=NAME, key_id=NEW_KEY_ID, confirm_name=NAME)
    assert changed.changed and site.key_id == NEW_KEY_ID != first
    forced = site.play(kinds, native_key_provider_backup_force=True)
    assert forced.code == 0, forced.screen
    newer = site.backup.read_bytes()
    kept = site.kept(older)
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (older, 0o600)
    site.lab.vcenter.lose_providers()
    recovery: dict[str, t.Any] = {
        "recovery_file": str(site.dossier),
        "recovery_backup_password": PASSWORD,
        "recovery_wait_interval": 0.01,
        "native_key_provider_preflight": False,
    }
    site.backup.write_bytes(older)
    mark = site.lab.journal.mark()
    refused = site.run("recovery", **recovery)
    assert refused.code != 0 and NAME not in site.lab.vcenter.crypto.providers, refused.screen
    assert f"holds the key id {first}, but key_id is {NEW_KEY_ID}" in " ".join(refused.screen.split())
    assert [entry.operation for entry in site.lab.journal.writes(mark) if "/data/{path}" in entry.operation] == []
    assert (site.vault_file.read_bytes(), len(site.contents("okms_secret"))) == (newer, 2)
    # a newer file with the older key does not come before the proven copy
    site.backup.unlink()
    site.vault_file.write_bytes(older)
    os.utime(site.vault_file, (4e9, 4e9))
    recovered = site.run("recovery", **recovery)
    assert (recovered.code, site.key_id, site.backup.read_bytes()) == (0, NEW_KEY_ID, newer), recovered.screen
    assert (site.vault_file.read_bytes(), kept.read_bytes()) == (newer, older)


def test_copy_that_cannot_be_kept_is_not_replaced(site: Site) -> None:
    site.vault_file = site.folder / ("v" * 245)  # no room in the name for what is kept beside it
    site.places["host"]["path"] = str(site.vault_file)
    assert site.play(["host"]).code == 0
    older = site.vault_file.read_bytes()
    forced = site.play(["host"], native_key_provider_backup_force=True)
    assert forced.code != 0 and "was not copied to vault1" in " ".join(forced.screen.split()), forced.screen
    assert site.vault_file.read_bytes() == older != site.backup.read_bytes()


def test_copy_of_another_key_never_lies_where_the_backup_belongs(site: Site, run_module: RunModule) -> None:
    """The newest copy is of an older key; one place after the other is tried, and none that is wrong stays."""
    kinds = ["host", "okms_secret"]
    assert site.play(kinds).code == 0
    older, first = site.backup.read_bytes(), site.key_id
    assert run_module("native_key_provider", name=NAME, key_id=NEW_KEY_ID, confirm_name=NAME).changed
    assert site.play(kinds, native_key_provider_backup_force=True).code == 0
    newer = site.backup.read_bytes()
    site.lab.vcenter.lose_providers()
    site.backup.unlink()
    site.vault_file.write_bytes(older)
    os.utime(site.vault_file, (4e9, 4e9))
    recovery: dict[str, t.Any] = {
        "recovery_file": str(site.dossier),
        "recovery_backup_password": PASSWORD,
        "recovery_wait_interval": 0.01,
        "native_key_provider_preflight": False,
        "native_key_provider_backup_path": str(site.backup),
    }
    store, domain = site.stores["okms_secret"], dict(site.stores["okms_secret"].secrets)
    store.secrets.clear()
    mark = site.lab.journal.mark()
    refused = site.run("recovery", **recovery)
    said = " ".join(refused.screen.split())
    assert refused.code != 0 and NAME not in site.lab.vcenter.crypto.providers, refused.screen
    assert f"vault1:{site.vault_file} (on the control node)" in said
    assert f"the copy holds the key id {first}, but key_id is {NEW_KEY_ID}" in said, refused.screen
    assert not site.backup.exists() and not list(site.folder.glob(".*fetched-*"))
    assert [one for one in site.lab.journal.writes(mark) if one.system == "vcenter"] == []
    # another password opens none of them
    store.secrets.update(domain)
    wrong = site.run("recovery", **{**recovery, "recovery_backup_password": "another planted password"})
    assert wrong.code != 0 and "the password may be wrong" in " ".join(wrong.screen.split()), wrong.screen
    assert not site.backup.exists() and "another planted password" not in wrong.screen
    # where no place has the proven file itself, the wrong copy comes first, and the right one is found all the same
    known = json.loads(site.dossier.read_text())
    for section in known["vcenters"]:
        section["providers"][NAME]["backup"]["sha256"] = "0" * 64
    site.dossier.write_text(json.dumps(known))
    recovered = site.run("recovery", **recovery)
    assert recovered.code == 0, recovered.screen
    assert (site.key_id, site.backup.read_bytes()) == (NEW_KEY_ID, newer)


def test_a_later_job_takes_no_copy_of_another_key(site: Site, run_module: RunModule) -> None:
    """Nothing is restored: the newest copy would take the place of the right one everywhere."""
    kinds = ["host", "okms_secret"]
    assert site.play(kinds).code == 0
    older = site.backup.read_bytes()
    assert run_module("native_key_provider", name=NAME, key_id=NEW_KEY_ID, confirm_name=NAME).changed
    assert site.play(kinds, native_key_provider_backup_force=True).code == 0
    newer = site.backup.read_bytes()
    site.backup.unlink()
    for wrong in (older, b"damaged"):
        site.vault_file.write_bytes(wrong)
        os.utime(site.vault_file, (4e9, 4e9))
        again = site.play(kinds)
        assert again.code == 0, again.screen
        assert site.backup.read_bytes() == site.vault_file.read_bytes() == newer
        assert site.kept(wrong).read_bytes() == wrong and len(site.contents("okms_secret")) == 2
        site.backup.unlink()
    site.vault_file.write_bytes(older)
    held = site.play(["host"])
    said = " ".join(held.screen.split())
    assert held.code != 0 and "set native_key_provider_backup_force: true" in said, held.screen
    assert site.vault_file.read_bytes() == older and not site.backup.exists()
