# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that read certificates, requests and keys from files, and write them there."""

from __future__ import annotations

import pathlib
import stat
import typing as t

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_okms_credential import URN, make_csr
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    make_green,
    make_provider,
    open_up,
    server_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import key_pem

Options = dict[str, t.Any]


@pytest.fixture
def files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The folder in which the modules run: relative paths begin there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mode_of(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_provider_becomes_green_from_files_only(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    """No text of a certificate, a request or a key is an option of any module."""
    open_up(lab)
    (files / "ca.pem").write_text(lab.external_authority.certificate_pem)
    (files / "clients.pem").write_text(lab.external_clients.certificate_pem)
    (files / "clients.key").write_text(key_pem(lab.external_clients.key))
    servers = [server_of(lab.external_kms[0])]
    steps: list[tuple[str, Options]] = [
        ("standard_key_provider", {"name": PROVIDER, "servers": servers, "server_ca_path": "ca.pem", **FAST}),
        ("key_provider_csr", {"provider": PROVIDER, "output_path": "vcenter.csr"}),
        (
            "signed_certificate",
            {
                "csr_path": "vcenter.csr",
                "ca_certificate_path": "clients.pem",
                "ca_private_key_path": "clients.key",
                "path": str(files / "vcenter.pem"),
            },
        ),
        ("key_provider_client_certificate", {"provider": PROVIDER, "certificate_path": "vcenter.pem", **FAST}),
    ]
    for module, options in steps:
        before = sorted(files.iterdir())
        mark = lab.journal.mark()
        checked = run_module(module, check=True, **options)
        assert (checked.failed, checked.changed, lab.journal.writes(mark)) == (False, True, []), checked.output
        assert sorted(files.iterdir()) == before
        done, again = run_module(module, **options), run_module(module, **options)
        assert (done.failed, done.changed, again.failed, again.changed) == (False, True, False, False), again.output
    assert again["client_certificate"]["status"] == "green"
    assert mode_of(files / "vcenter.csr") == 0o644


def test_pair_and_chain_from_files(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    certificate, key = lab.external_client_pair()
    (files / "pair.pem").write_text(key + certificate)  # as some KMS hands it over
    (files / "vcenter.pem").write_text(certificate)
    (files / "vcenter.key").write_text(key)
    (files / "chain.pem").write_text(lab.external_authority.certificate_pem * 2)
    make_provider(open_up(lab), run_module, server_chain_path="chain.pem")
    options: Options = {"provider": PROVIDER, "private_key_path": "vcenter.key", **FAST}
    refused = run_module("key_provider_client_certificate", certificate_path="pair.pem", **options)
    assert refused.failed and "certificate_path: pair.pem: block 1 (PRIVATE KEY) is not a CERTIFICATE" in refused.msg
    done = run_module("key_provider_client_certificate", certificate_path="vcenter.pem", **options)
    assert done.changed and done["client_certificate"]["status"] == "green", done.output
    assert key.splitlines()[1] not in done.output


def test_removal_needs_no_files(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    make_provider(open_up(lab), run_module)
    options: Options = {"name": PROVIDER, "server_ca_path": "gone.pem", "server_chain_path": "gone.pem"}
    gone = run_module("standard_key_provider", state="absent", confirm_name=PROVIDER, **options)
    assert gone.changed and not gone.failed, gone.msg


def test_request_in_a_file_follows_the_pending_one(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    make_provider(open_up(lab), run_module)
    path = files / "vcenter.csr"
    options: Options = {"provider": PROVIDER, "output_path": str(path)}
    first = run_module("key_provider_csr", **options)
    assert path.read_text() == first["csr"]["csr"] and first["csr"]["saved"] is True
    path.write_text(make_csr())  # of somebody else
    checked, writes = Writes(lab).of(lambda: run_module("key_provider_csr", check=True, **options))
    done, wrote = Writes(lab).of(lambda: run_module("key_provider_csr", **options))
    assert checked["csr"] == done["csr"] == first["csr"] and checked.changed and done.changed
    # vCenter's request stays the same: only the file was wrong
    assert writes == wrote == [] and path.read_text() == first["csr"]["csr"]
    assert done.diff == {"before": {"saved": False}, "after": {"saved": True}}
    assert run_module("key_provider_csr", provider=PROVIDER)["csr"]["saved"] is None


def test_no_request_is_needed_and_no_file_is_written(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    make_green(open_up(lab), run_module)
    result = run_module("key_provider_csr", provider=PROVIDER, output_path="vcenter.csr")
    assert (result.changed, result["csr"]["pending"], result["csr"]["saved"]) == (False, False, None)
    assert list(files.iterdir()) == []


@pytest.mark.parametrize("content", ["root:x:0:0\n", None])
def test_other_file_is_not_overwritten_by_a_request(
    lab: Lab, run_module: RunModule, files: pathlib.Path, content: str | None
) -> None:
    make_provider(open_up(lab), run_module)
    (files / "kept").write_text(content or lab.external_authority.certificate_pem)
    before = (files / "kept").read_text()
    for check in (True, False):
        mark = lab.journal.mark()
        refused = run_module("key_provider_csr", check=check, provider=PROVIDER, output_path="kept")
        assert refused["failure"]["kind"] == "invalid_input" and "never overwritten" in refused.msg
        assert "\n" not in refused.msg and lab.journal.entries(since=mark) == []
    assert (files / "kept").read_text() == before


def test_credential_from_a_request_in_a_file(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    (files / "client.csr").write_text(make_csr())
    path = files / "client.pem"
    options: Options = {"okms_id": okms_id, "name": "backup", "identity_urns": [URN], "wait_interval": 0.01}
    options.update(csr_path="client.csr", certificate_path=str(path))
    checked = run_module("okms_credential", check=True, **options)
    assert checked.changed and not path.exists() and lab.journal.writes() == []
    done, again = run_module("okms_credential", **options), run_module("okms_credential", **options)
    assert (done.changed, again.changed) == (True, False), again.output
    assert checked["credential"]["certificate_path"] == done["credential"]["certificate_path"] == str(path)
    assert path.read_text().split() == done["credential"]["certificate"].split() and mode_of(path) == 0o644

    path.unlink()  # only the file comes back
    for check in (True, False):
        mark = lab.journal.mark()
        mended = run_module("okms_credential", check=check, **options)
        assert mended.changed and lab.journal.writes(mark) == []
        assert mended.diff == {"before": {}, "after": {"certificate_path": str(path)}}
    assert path.exists() and not run_module("okms_credential", **options).changed

    path.write_text("notes of somebody\n")
    mark = lab.journal.mark()
    refused = run_module("okms_credential", **options)
    assert refused.failed and "never overwritten" in refused.msg and lab.journal.entries(since=mark) == []
    # what is not wanted any more is none of the file's business
    gone = run_module("okms_credential", okms_id=okms_id, name="backup", state="absent", certificate_path=str(path))
    assert gone.changed and path.read_text() == "notes of somebody\n"


def test_key_of_okms_and_its_certificate_in_files(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    options: Options = {"okms_id": okms_id, "name": "backup", "identity_urns": [URN], "wait_interval": 0.01}
    options.update(private_key_path=str(files / "client.key"), certificate_path=str(files / "client.pem"))
    assert run_module("okms_credential", **options).changed
    assert (mode_of(files / "client.key"), mode_of(files / "client.pem")) == (0o600, 0o644)
    assert not run_module("okms_credential", **options).changed


def test_key_and_certificate_need_a_file_each(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    """Told before the credential is issued, however the two paths are written."""
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    options: Options = {"okms_id": okms_id, "name": "backup", "identity_urns": [URN], "wait_interval": 0.01}
    (files / "link").symlink_to(files)
    for check, path in ((True, "client.pem"), (False, "client.pem"), (False, "link/client.pem")):
        same: Options = {"private_key_path": str(files / "client.pem"), "certificate_path": path}
        refused = run_module("okms_credential", check=check, **options, **same)
        assert refused.failed and "are the same file" in refused.msg and lab.journal.entries() == []


def test_request_that_does_not_exist_yet_has_a_blank_path(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    options: Options = {"okms_id": okms_id, "name": "backup", "identity_urns": [URN], "csr_path": ""}
    assert run_module("okms_credential", check=True, **options).changed
    refused = run_module("okms_credential", **options)
    assert refused["failure"]["kind"] == "invalid_input" and "csr" in refused.msg and lab.journal.writes() == []
    options["private_key_path"] = str(files / "client.key")
    assert run_module("okms_credential", **options, wait_interval=0.01).changed


def test_service_key_from_a_file(lab: Lab, run_module: RunModule, files: pathlib.Path) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    secret = key_pem(ec.generate_private_key(ec.SECP256R1()))
    (files / "service.key").write_text(secret)
    options: Options = {"okms_id": okms_id, "name": "sign", "type": "EC", "operations": ["sign", "verify"]}
    made = run_module("okms_service_key", **options, key_path="service.key")
    again = run_module("okms_service_key", **options, key_path="service.key")
    assert (made.failed, made.changed, again.failed, again.changed) == (False, True, False, False), made.output
    for line in secret.splitlines()[1:-1]:
        assert line not in made.output + again.output
    (files / "service.key").unlink()
    gone: Options = {"state": "absent", "confirm_name": "sign", "key_path": "service.key"}
    for state in ({"state": "deactivated", "key_path": None}, gone, gone):
        ended = run_module("okms_service_key", **{**options, **state})
        assert not ended.failed, ended.output


# a module with what it needs beside its file, and the options that take a file
READERS: dict[str, tuple[Options, list[str]]] = {
    "standard_key_provider": (
        {"name": PROVIDER, "servers": [{"name": "a", "address": "192.0.2.1"}]},
        ["server_ca", "server_chain"],
    ),
    "key_provider_client_certificate": ({"provider": PROVIDER}, ["certificate"]),
    "signed_certificate": ({"path": "made.pem", "ca_certificate": "x", "ca_private_key": "no-key-of-a-ca"}, ["csr"]),
    "okms_credential": ({"okms_id": "x", "name": "backup", "identity_urns": [URN]}, ["csr"]),
    "okms_service_key": ({"okms_id": "x", "name": "k", "type": "EC", "operations": ["sign"]}, ["key"]),
}


@pytest.mark.parametrize(("module", "option"), [(name, one) for name, told in READERS.items() for one in told[1]])
def test_unusable_file_stops_before_any_request(
    lab: Lab, run_module: RunModule, files: pathlib.Path, module: str, option: str
) -> None:
    (files / "empty").touch()
    (files / "huge").write_bytes(b"x" * (1024 * 1024 + 1))
    (files / "binary").write_bytes(bytes(range(256)))
    (files / "words").write_text("planted words!\n")
    text: t.Any = ["x"] if option == "server_chain" else "x"
    cases: list[tuple[Options, str]] = [
        ({f"{option}_path": "missing"}, "No such file"),
        ({f"{option}_path": "."}, "is a directory"),
        ({f"{option}_path": "empty"}, "is empty"),
        ({f"{option}_path": "huge"}, "is larger than"),
        ({f"{option}_path": "binary"}, "is not a text file"),
        ({f"{option}_path": "words"}, "words"),
        ({f"{option}_path": "words", option: text}, f"{option} and {option}_path are both given"),
    ]
    for more, words in cases:
        mark = lab.journal.mark()
        result = run_module(module, **{**READERS[module][0], **more})
        assert result.failed and result["failure"]["kind"] == "invalid_input", result.output
        assert words in result.msg and f"{option}_path" in result.msg and "\n" not in result.msg, result.msg
        assert "planted" not in result.msg and lab.journal.entries(since=mark) == []
    assert not (files / "made.pem").exists()
