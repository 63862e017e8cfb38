# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every guide, done as it says, by a user who is not root, in an empty folder, from an installed collection."""

from __future__ import annotations

import contextlib
import json
import pathlib
import shutil
import tempfile
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import ssh_host
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.pages import documents, reader, site
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.providers import okms
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, examples

Work = t.Callable[[str], site.Page]


@pytest.fixture(scope="module")
def library() -> t.Iterator[reader.Library]:
    """An installed collection, loaded once for all guides."""
    with tempfile.TemporaryDirectory(prefix="vmware-encryption-reader-") as folder:
        home = pathlib.Path(folder)
        site.copied(home / site.INSTALLED / "ovhcloud/vmware_encryption")
        reader.give(home)
        with contextlib.closing(reader.Library(home)) as made:
            yield made


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """With all that the examples name; its files are the reader's."""
    examples.furnish(lab)
    assert lab.external_kms
    return lab


@pytest.fixture
def who(lab: Lab, library: reader.Library, tmp_path: pathlib.Path) -> t.Iterator[reader.Reader]:
    """A reader in an empty folder, who has brought the files of the KMS's owners."""
    certificate, key = lab.external_ca_files(lab.directory)
    reader.give(lab.directory)
    made = library.reader(lab.environment())
    for name, path in {
        "kms-ca.pem": lab.external_ca_path,
        "clients-ca.pem": certificate,
        "clients-ca.key": key,
    }.items():
        made.write(name, pathlib.Path(path).read_text(encoding="ascii"))
    yield made
    shutil.rmtree(made.folder)


@pytest.fixture
def work(who: reader.Reader, library: reader.Library) -> t.Iterator[Work]:
    """Works a guide through; nothing is written where the collection lies."""
    collection = library.home / site.INSTALLED
    before = site.listing(collection)

    def through(guide: str) -> site.Page:
        page = site.Page(documents.GUIDES / f"{guide}.rst", who)
        page.until()
        return page

    yield through
    assert site.listing(collection) == before, "a file was written into the installed collection"


@pytest.fixture
def green(lab: Lab) -> Lab:
    """With a default key provider that works."""
    add_standard(open_up(lab), "okms-prod")
    return lab


def encrypted(lab: Lab, provider: str) -> None:
    """Encrypt two VMs with keys of a provider."""
    result = runner_in(lab)("vm_encryption", selection={"names": ["app-01", "vm1"]}, provider=provider, **FAST)
    assert not result.failed, result.msg


def providers(lab: Lab) -> set[str]:
    """Key providers of which something uses keys."""
    return {key.provider for machine in lab.vcenter.inventory.vms for key in machine.crypto_keys()}


@pytest.mark.oldest("guides", "first hour")
@pytest.mark.parametrize("guide", ["guide_getting_started", "guide_connect", "guide_troubleshooting", "guide_keys"])
def test_guides_for_the_first_hour_write_nothing(lab: Lab, work: Work, guide: str) -> None:
    if guide in ("guide_troubleshooting", "guide_keys"):  # for those with a key provider, and the right to look at it
        open_up(lab)
    mark = lab.journal.mark()
    work(guide)
    assert lab.journal.writes(mark) == []


@pytest.mark.oldest("guides", "preflight")
def test_guide_on_preflight(lab: Lab, work: Work) -> None:
    page = work("guide_preflight")
    assert lab.journal.writes() == []
    assert "would" in page.screen("grant.yml") or "changed" in page.screen("grant.yml")


def test_guide_on_okms(lab: Lab, work: Work) -> None:
    work("guide_okms")
    assert lab.vcenter.crypto.default == "okms" and lab.vcenter.provider_is_green_at("eu-west-par.okms.ovh.net")


@pytest.mark.oldest("guides", "external KMS")
def test_guide_on_external_kms(lab: Lab, work: Work) -> None:
    work("guide_external_kms")
    assert lab.vcenter.crypto.default == "team-kms"


def test_guides_on_native_key_provider_and_recovery(
    lab: Lab, who: reader.Reader, work: Work, tmp_path: pathlib.Path
) -> None:
    """What the first one leaves, a backup, its copy and a dossier, the second one works with."""
    if ssh_host.missing():
        pytest.skip("OpenSSH is not on this machine")
    (tmp_path / "srv/backup").mkdir(parents=True, mode=0o700)
    with ssh_host.SshHost(srv=tmp_path / "srv") as host:
        who.knows(host, "backup1.example.com")
        work("guide_native_key_provider")
        assert lab.vcenter.crypto.default == "nkp-prod"
        assert (tmp_path / "srv/backup/nkp-prod.p12").read_bytes() == (who.folder / "backup/nkp-prod.p12").read_bytes()
        lab.vcenter.lose_providers()
        work("guide_recovery")
        assert set(lab.vcenter.crypto.providers) == {"nkp-prod"}


@pytest.mark.oldest("guides", "places for backups")
def test_guide_on_places_for_backups(lab: Lab, who: reader.Reader, work: Work) -> None:
    open_up(lab)
    domain = lab.ovhcloud.new_okms(lab.region, "backups")
    vault = {"VAULT_ADDR": lab.vault.url, "VAULT_TOKEN": lab.vault.token, "VAULT_CACERT": lab.ca_path}
    keys = dict.fromkeys(("OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"), "")
    secrets = {"OKMS_ID": domain.okms_id, "NKP_BACKUP_PASSWORD": "a password"}
    who.environment |= {**keys, **vault, **secrets, **lab.environment(service_account=True)}
    work("guide_backup_places")
    assert lab.vcenter.crypto.default == "nkp-prod"
    backup = (who.folder / "backup/nkp-prod.p12").read_bytes()
    assert (who.folder / "nkp-old.p12").read_bytes() == backup
    stores = (domain.secrets, lab.vault.store)
    assert all(list(store.secrets["vmware/nkp-prod"].versions) == [1] for store in stores)


def test_guide_on_renewal_writes_nothing_while_nothing_is_due(lab: Lab, work: Work) -> None:
    okms(lab)
    mark = lab.journal.mark()
    work("guide_renewal")
    assert lab.journal.writes(mark) == []


def test_guide_on_decommissioning(lab: Lab, who: reader.Reader, work: Work) -> None:
    identity = lab.ovhcloud.state.account.users["vcenter-kmip"]["urn"]
    options = {
        "private_cloud": lab.private_cloud,
        "region": lab.region,
        "vsphere_user": "admin",
        "identity_urns": [identity],
        "provider": "okms-old",
        "dossier_path": "dossier.json",
        "allow_order": True,
    }
    who.write("before.json", json.dumps({f"okms_{name}": value for name, value in options.items()}))
    made = who.type("ansible-playbook ovhcloud.vmware_encryption.okms -e @before.json")
    assert made.code == 0 and set(lab.vcenter.crypto.providers) == {"okms-old"}, made.screen
    add_native(lab, "nkp-prod", default=True)
    work("guide_decommission")
    assert set(lab.vcenter.crypto.providers) == {"nkp-prod"}


def test_guide_on_leaving_encryption(green: Lab, who: reader.Reader, work: Work) -> None:
    encrypted(green, "okms-prod")
    work("guide_exit")
    assert providers(green) == set()
    # hosts keep their keys until they are restarted
    assert json.loads((who.folder / "exit/encryption-exit.json").read_text())["left"][0]["kind"] == "host"


@pytest.mark.oldest("guides", "encrypting")
def test_guide_on_encrypting(green: Lab, work: Work) -> None:
    work("guide_encrypt")
    machines = {machine.name: machine for machine in green.vcenter.inventory.vms}
    assert machines["app-01"].crypto_key and machines["db-01"].crypto_key
    assert not machines["fw-01"].crypto_key and machines["db-01"].power_state == "poweredOn"
    assert machines["db-01"].tpm and not machines["fw-01"].tpm


@pytest.mark.oldest("guides", "rotation")
def test_guide_on_rotation(green: Lab, work: Work) -> None:
    encrypted(green, "okms-prod")
    before = green.vcenter.inventory.vm("vm1").crypto_key
    work("guide_rotate")
    assert green.vcenter.inventory.vm("vm1").crypto_key != before


@pytest.mark.oldest("guides", "audit")
def test_guide_on_the_audit(lab: Lab, who: reader.Reader, work: Work) -> None:
    open_up(lab)
    work("guide_audit")
    assert sorted(path.name for path in (who.folder / "audit/pcc-192-0-2-10").iterdir()) == [
        f"encryption-audit.{kind}" for kind in ("csv", "html", "json")
    ]


def test_guide_on_drift(lab: Lab, who: reader.Reader, work: Work) -> None:
    lab.give_encryption_right()
    options = {
        "name": "nkp-prod",
        "backup_path": "nkp.p12",
        "backup_password": "planted backup password",
        "backup_allow_ephemeral": True,
        "dossier_path": "dossier.json",
    }
    who.write("before.json", json.dumps({f"native_key_provider_{name}": value for name, value in options.items()}))
    made = who.type("ansible-playbook ovhcloud.vmware_encryption.native_key_provider -e @before.json")
    assert made.code == 0, made.screen
    mark = lab.journal.mark()
    work("guide_drift")
    assert lab.journal.writes(mark) == []
    assert sorted(path.name for path in (who.folder / "drift").iterdir()) == ["report.json", "vmware.prom"]


def test_guide_on_the_field_check(lab: Lab, who: reader.Reader, work: Work) -> None:
    mark = lab.journal.mark()
    work("guide_field_check")
    assert lab.journal.writes(mark) == []
    assert json.loads((who.folder / "field.json").read_text())["counts"]["different"] == 0


def test_guide_on_vsan(green: Lab, work: Work) -> None:
    work("guide_vsan")
    assert green.vcenter.inventory.cluster("cluster-1").vsan_encryption == "okms-prod"


@pytest.mark.oldest("guides", "hosts")
def test_guide_on_hosts(green: Lab, work: Work) -> None:
    page = work("guide_hosts")
    assert "is incapable: ready, not enabled" in page.screen("hosts.yml --check")
    hosts = green.vcenter.inventory.cluster("cluster-1").children
    assert {host.crypto_state for host in hosts if hasattr(host, "crypto_state")} == {"safe"}


def test_guide_on_inventories(green: Lab, work: Work) -> None:
    encrypted(green, "okms-prod")
    page = work("guide_inventory")
    assert "@location_rbx2a:" in page.screen("my.private_clouds.yml --graph")
    assert f"ok: [{green.private_cloud}]" in page.screen("ovhcloud.vmware_encryption.preflight")
    assert "@provider_okms_prod:" in page.screen("my.encrypted_vms.yml --graph")


@pytest.mark.oldest("guides", "migration")
def test_guide_on_migration(green: Lab, work: Work) -> None:
    add_native(green, "nkp-prod", default=True)
    encrypted(green, "nkp-prod")
    work("guide_migrate")
    assert providers(green) == {"okms-prod"} and green.vcenter.crypto.default == "okms-prod"


@pytest.mark.oldest("guides", "locked machines")
def test_guide_on_locked_machines(green: Lab, work: Work) -> None:
    encrypted(green, "okms-prod")
    for host in green.vcenter.inventory.hosts:
        green.vcenter.lock_machines(host)
    work("guide_unlock")
    assert not any(machine.locked for machine in green.vcenter.inventory.vms)


@pytest.mark.parametrize("page", ["guide_architecture", "guide_development", "guide_awx", "guide_events"])
def test_guides_for_other_places_are_marked_as_a_whole(page: str) -> None:
    found = documents.blocks(documents.GUIDES / f"{page}.rst")
    assert found and all(block.reason for block in found)
