# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README, done as it says: cloned, installed and used by a user who is not root, against the lab of `make lab`."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.demo.lab_process import LabProcess
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import ssh_host
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import collections_path
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.pages import documents, reader, site


@pytest.fixture
def home() -> t.Iterator[pathlib.Path]:
    """Outside of pytest's own folders, which only their owner may enter."""
    with tempfile.TemporaryDirectory(prefix="vmware-encryption-reader-") as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def lab(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[LabProcess]:
    """The lab as `make lab` starts it; its files are the reader's."""
    monkeypatch.setenv("PYTHONPATH", collections_path())
    with LabProcess(tmp_path) as running:
        reader.give(os.path.dirname(running.state["ca_path"]))
        yield running


@pytest.fixture
def backup_host(tmp_path: pathlib.Path) -> t.Iterator[ssh_host.SshHost | None]:
    """The host that the page copies the backup to, with a folder /srv/backup."""
    folder = tmp_path / "srv/backup"
    folder.mkdir(parents=True, mode=0o700)
    if ssh_host.missing():
        yield None
        return
    with ssh_host.SshHost(srv=folder.parent) as host:
        yield host


def bring(lab: LabProcess, who: reader.Reader) -> None:
    """The files that a reader has from elsewhere: the CA of the KMS, and the one that signs its clients."""
    signer = lab.state["external_client_ca"]
    for name, path in {
        "kms-ca.pem": lab.state["external_kms"][0]["ca_path"],
        "clients-ca.pem": signer["certificate_path"],
        "clients-ca.key": signer["key_path"],
    }.items():
        who.write(name, pathlib.Path(path).read_text(encoding="ascii"))


def first_playbook(log: pathlib.Path) -> str:
    """What `make lab` tells to begin with."""
    lines = log.read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.lstrip().startswith("ansible-playbook"))


@pytest.mark.oldest("guides", "README")
def test_readme_works_as_it_stands(
    lab: LabProcess, home: pathlib.Path, tmp_path: pathlib.Path, backup_host: ssh_host.SshHost | None
) -> None:
    """Every command and every file of the page, in its order."""
    with contextlib.closing(reader.Library(home)) as library:
        who = reader.WarmReader(library, site.sources(home), cold=1)
        reader.give(home)
        page = site.Page(documents.README, who)
        page.until("mkdir ~/encryption")
        collection = home / site.INSTALLED / "ovhcloud/vmware_encryption"
        before = site.listing(collection)
        assert before, "nothing was installed"
        page.until("export ANSIBLE_")
        assert list(who.folder.iterdir()) == [], "the folder is not empty"
        assert who.type(f". {lab.state['variables_path']}").code == 0
        first = who.type(first_playbook(tmp_path / "lab.log"))
        assert first.code == 0, first.screen
        bring(lab, who)
        if backup_host:
            who.knows(backup_host, "backup1.example.com")
        else:
            page.leave_out("nkp")
        page.until()
    assert site.listing(collection) == before, "a file was written into the installed collection"
    if not backup_host:
        pytest.skip("all but option 3 was run: OpenSSH is not on this machine")
    copied = tmp_path / "srv/backup/nkp-prod.p12"
    assert copied.read_bytes() == (who.folder / "backup/nkp-prod.p12").read_bytes()
