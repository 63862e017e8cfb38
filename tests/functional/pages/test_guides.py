# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every guide, done as it says, by a user who is not root, in an empty folder, from an installed collection."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import tempfile
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.pages import documents, reader, site
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


@pytest.mark.parametrize("guide", ["guide_getting_started", "guide_connect", "guide_troubleshooting"])
def test_guides_for_the_first_hour_write_nothing(lab: Lab, work: Work, guide: str) -> None:
    if guide == "guide_troubleshooting":  # for those who have a key provider, and the right to look at it
        open_up(lab)
    mark = lab.journal.mark()
    work(guide)
    assert lab.journal.writes(mark) == []


def test_guide_on_preflight(lab: Lab, work: Work) -> None:
    page = work("guide_preflight")
    assert lab.journal.writes() == []
    assert "would" in page.screen("grant.yml") or "changed" in page.screen("grant.yml")


def test_guide_on_vsan(green: Lab, work: Work) -> None:
    work("guide_vsan")
    assert green.vcenter.inventory.cluster("cluster-1").vsan_encryption == "okms-prod"


@pytest.mark.oldest("guides", "hosts")
def test_guide_on_hosts(green: Lab, work: Work) -> None:
    page = work("guide_hosts")
    assert "is incapable: ready, not enabled" in page.screen("hosts.yml --check")
    hosts = green.vcenter.inventory.cluster("cluster-1").children
    assert {host.crypto_state for host in hosts if hasattr(host, "crypto_state")} == {"safe"}


def test_guide_on_migration(green: Lab, work: Work) -> None:
    add_native(green, "nkp-prod", default=True)
    encrypted(green, "nkp-prod")
    work("guide_migrate")
    assert providers(green) == {"okms-prod"} and green.vcenter.crypto.default == "okms-prod"


def test_guide_on_locked_machines(green: Lab, work: Work) -> None:
    encrypted(green, "okms-prod")
    for host in green.vcenter.inventory.hosts:
        green.vcenter.lock_machines(host)
    work("guide_unlock")
    assert not any(machine.locked for machine in green.vcenter.inventory.vms)


@pytest.mark.parametrize("page", ["guide_development", "guide_awx"])
def test_guides_for_other_places_are_marked_as_a_whole(page: str) -> None:
    found = documents.blocks(documents.GUIDES / f"{page}.rst")
    assert found and all(block.reason for block in found)
