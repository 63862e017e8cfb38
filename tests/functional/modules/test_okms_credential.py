# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules okms_credential and okms_credential_info against the lab."""

from __future__ import annotations

import pathlib
import stat
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

URN = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"
DAY = 86400.0


def make_csr() -> str:
    """A request with a key of its own."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vcenter")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return (
        request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


@pytest.fixture
def okms_id(lab: Lab) -> str:
    """A domain."""
    return lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id


@pytest.fixture
def wanted(okms_id: str) -> dict[str, t.Any]:
    """Options of a credential that is still without request or key file."""
    return {"okms_id": okms_id, "name": "vcenter", "identity_urns": [URN], "wait_interval": 0.01, "wait_timeout": 60}


def writes(lab: Lab, since: int = 0) -> list[str]:
    """Operations that may have changed something."""
    return [entry.operation for entry in lab.journal.writes(since)]


def known(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """The values that a prediction knows."""
    return {key: value for key, value in state.items() if value is not None}


@pytest.mark.oldest("okms_credential", "life")
def test_life_with_a_request(lab: Lab, run_module: RunModule, okms_id: str, wanted: dict[str, t.Any]) -> None:
    options = {**wanted, "csr": make_csr(), "description": "for vCenter"}
    foreseen = run_module("okms_credential", check=True, **options)
    assert foreseen.changed, foreseen.msg
    assert writes(lab) == []

    made = run_module("okms_credential", **options)
    assert made.changed, made.msg
    credential = made["credential"]
    assert known(foreseen["credential"]).items() <= credential.items()
    assert credential["status"] == "READY"
    assert credential["days_left"] in (364, 365)
    assert (
        x509.load_pem_x509_certificate(credential["certificate"].encode()).subject.rfc4514_string() == f"CN={okms_id}"
    )
    assert credential["private_key_path"] is None

    mark = lab.journal.mark()
    again = run_module("okms_credential", **{**options, "csr": options["csr"].replace("\n", "\\n")})
    assert not again.changed, again.msg
    # days are counted down from the moment of the signature
    assert {**again["credential"], "days_left": credential["days_left"]} == credential
    assert again["replaced"] == []
    assert writes(lab, mark) == []

    revoking: dict[str, t.Any] = {"okms_id": okms_id, "name": "vcenter", "state": "absent", "wait_interval": 0.01}
    assert run_module("okms_credential", check=True, **revoking).changed
    assert writes(lab, mark) == []
    gone = run_module("okms_credential", **revoking)
    assert gone.changed, gone.msg
    assert gone["credential"] == {}
    assert not run_module("okms_credential", **revoking).changed
    by_id: dict[str, t.Any] = {"okms_id": okms_id, "credential_id": credential["id"], "state": "absent"}
    assert not run_module("okms_credential", **by_id).changed


def test_renewal_touches_nothing_old(lab: Lab, run_module: RunModule, okms_id: str, wanted: dict[str, t.Any]) -> None:
    first = run_module("okms_credential", **wanted, csr=make_csr())["credential"]
    csr = make_csr()
    lab.clock.advance(250 * DAY)
    renewal = {**wanted, "csr": csr, "renew_before": 120}
    second = run_module("okms_credential", **renewal)
    assert second.changed
    assert second["replaced"] == [first["id"]]
    assert second["credential"]["days_left"] >= 364
    unchanged = run_module("okms_credential", **renewal)
    assert not unchanged.changed
    assert unchanged["replaced"] == [first["id"]]
    ambiguous = run_module("okms_credential", okms_id=okms_id, name="vcenter", state="absent")
    assert ambiguous["failure"]["kind"] == "ambiguous"
    revoked = run_module(
        "okms_credential", okms_id=okms_id, credential_id=first["id"], state="absent", wait_interval=0.01
    )
    assert revoked.changed
    assert run_module("okms_credential", **renewal)["replaced"] == []


def test_days_are_counted_on_the_clock_of_the_api(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    options = {**wanted, "csr": make_csr()}
    first = run_module("okms_credential", **options)["credential"]
    lab.clock.advance(240 * DAY)
    assert not run_module("okms_credential", **options).changed
    lab.clock.advance(10 * DAY)
    second = run_module("okms_credential", **options)
    assert second.changed
    assert second["replaced"] == [first["id"]]


def test_life_with_a_key_made_by_okms(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, wanted: dict[str, t.Any]
) -> None:
    path = tmp_path / "okms.key"
    options = {**wanted, "private_key_path": str(path)}
    foreseen = run_module("okms_credential", check=True, **options)
    assert foreseen.changed
    assert not path.exists()
    made = run_module("okms_credential", **options)
    assert made.changed, made.msg
    assert known(foreseen["credential"]).items() <= made["credential"].items()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(made["credential"]["certificate"].encode())
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    assert key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)
    assert "PRIVATE KEY" not in made.output
    assert not run_module("okms_credential", **options).changed

    path.unlink()
    other = run_module("okms_credential", **options)
    assert other.changed
    assert made["credential"]["id"] in " ".join(other.warnings)
    assert other["replaced"] == [made["credential"]["id"]]


def test_the_key_in_use_is_kept(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, wanted: dict[str, t.Any]
) -> None:
    path = tmp_path / "okms.key"
    options = {**wanted, "private_key_path": str(path), "renew_before": 120}
    run_module("okms_credential", **options)
    first = path.read_text()
    lab.clock.advance(300 * DAY)
    assert run_module("okms_credential", **options).changed
    previous = tmp_path / "okms.key.previous"
    assert previous.read_text() == first
    assert stat.S_IMODE(previous.stat().st_mode) == 0o600
    assert path.read_text() != first


def test_a_credential_on_its_way_is_gone_on_with(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, wanted: dict[str, t.Any]
) -> None:
    lab.ovhcloud.settings.credential_reads = 6
    for more in ({"csr": make_csr()}, {"private_key_path": str(tmp_path / "key"), "name": "other"}):
        options = {**wanted, **more}
        started = run_module("okms_credential", **options, wait=False)
        assert started["credential"]["status"] == "CREATING"
        assert started["credential"]["certificate"] is None
        foreseen = run_module("okms_credential", check=True, **options)
        assert foreseen.changed
        finished = run_module("okms_credential", **options)
        assert finished.changed, finished.msg
        assert finished["credential"]["id"] == started["credential"]["id"]
        assert finished["credential"]["status"] == foreseen["credential"]["status"] == "READY"
    assert lab.journal.count(operation="POST /v2/okms/resource/{okmsId}/credential") == 2


def test_short_credential_lasts_until_its_last_day(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    for number, short in enumerate(({"validity": 2}, {"validity": 32, "renew_before": 30})):
        options = {**wanted, "name": f"short-{number}", "csr": make_csr(), **short}
        assert run_module("okms_credential", **options).changed
        assert not run_module("okms_credential", **options).changed
        lab.clock.advance(DAY + 60)
        assert run_module("okms_credential", **options).changed


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "truncate", "status"])
@pytest.mark.parametrize(
    "operation",
    [
        "GET /v2/okms/resource/{okmsId}/credential",
        "POST /v2/okms/resource/{okmsId}/credential",
        "GET /v2/okms/resource/{okmsId}/credential/{credentialId}",
    ],
)
def test_bad_days_with_a_request(
    lab: Lab, run_module: RunModule, okms_id: str, wanted: dict[str, t.Any], operation: str, action: str
) -> None:
    options = {**wanted, "csr": make_csr()}
    lab.faults.add(action, operation=operation)
    first = run_module("okms_credential", **options)
    done = run_module("okms_credential", **options) if first.failed else first
    assert not done.failed, done.msg
    assert done["credential"]["status"] == "READY"
    assert len(lab.ovhcloud.state.okms[okms_id].credentials) == 1


def test_a_key_lost_with_the_answer(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, okms_id: str, wanted: dict[str, t.Any]
) -> None:
    options = {**wanted, "private_key_path": str(tmp_path / "key")}
    lab.faults.add("drop_after", operation="POST /v2/okms/resource/{okmsId}/credential")
    lost = run_module("okms_credential", **options)
    assert lost.failed
    orphan = next(iter(lab.ovhcloud.state.okms[okms_id].credentials))
    assert lost["failure"]["orphan_credential_ids"] == [orphan]
    assert orphan in lost.msg
    lab.faults.add("drop_before", operation="POST /v2/okms/resource/{okmsId}/credential")
    nothing = run_module("okms_credential", **options)
    assert nothing.failed
    assert "rerun" in nothing.msg
    made = run_module("okms_credential", **options)
    assert made.changed, made.msg
    assert made["replaced"] == [orphan]


def test_a_credential_that_fails(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    lab.ovhcloud.settings.credential_outcome = "ERROR"
    options = {**wanted, "csr": make_csr()}
    failed = run_module("okms_credential", **options)
    assert failed["failure"]["credential_id"] in failed.msg
    lab.ovhcloud.settings.credential_outcome = "READY"
    assert run_module("okms_credential", **options).changed


@pytest.mark.oldest("okms_credential", "refusal")
def test_bad_input(lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, wanted: dict[str, t.Any]) -> None:
    csr = make_csr()
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"csr": csr, "name": "x" * 51}, "50 characters"),
        ({"csr": csr, "description": "x" * 201}, "200 characters"),
        ({"csr": csr, "identity_urns": []}, "1 to 25"),
        ({"csr": csr, "identity_urns": [f"{URN}{number}" for number in range(26)]}, "1 to 25"),
        ({"csr": csr, "identity_urns": ["vcenter"]}, "not a URN"),
        ({"csr": csr, "validity": 366}, "2 to 365"),
        ({"csr": csr, "validity": 1}, "2 to 365"),
        ({"csr": csr, "validity": 21, "renew_before": 20}, "renew_before"),
        ({"csr": csr, "certificate_type": "RSA"}, "certificate_type"),
        ({"csr": csr, "private_key_path": str(tmp_path / "key")}, "private_key_path"),
        ({"csr": csr[: len(csr) // 2]}, "csr"),
        ({"csr": "nonsense"}, "csr"),
        ({"csr": csr, "credential_id": "x"}, "credential_id"),
        ({}, "csr, csr_path, private_key_path"),
        ({"private_key_path": "/nowhere/at/all/key"}, "/nowhere/at/all"),
        ({"csr": csr, "okms_id": "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"}, "does not exist"),
        ({"csr": "", "okms_id": "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"}, "does not exist"),
        (
            {"csr": csr, "okms_id": ""},
            "okms_id is empty: a credential cannot be issued without it; give the id of a domain",
        ),
        ({"csr": ""}, "key_provider_csr returns one only while it is pending"),
    ]
    for more, text in cases:
        refused = run_module("okms_credential", **{**wanted, **more})
        assert refused.failed, more
        assert text in refused.msg
        assert "\n" not in refused.msg
    (tmp_path / "key").write_text("no key at all")
    garbage = run_module("okms_credential", **wanted, private_key_path=str(tmp_path / "key"))
    assert "private_key_path" in garbage.msg
    assert "no key at all" not in garbage.msg
    assert writes(lab) == []


def test_the_plan_of_an_empty_account(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    foreseen = run_module("okms_credential", check=True, **{**wanted, "okms_id": "", "csr": ""})
    assert foreseen.changed, foreseen.msg
    assert foreseen["credential"]["name"] == "vcenter"
    assert foreseen["credential"]["certificate"] is None
    assert writes(lab) == []


def test_without_identities_it_acts_as_the_caller(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    options = {**{key: value for key, value in wanted.items() if key != "identity_urns"}, "csr": make_csr()}
    made = run_module("okms_credential", **options)
    assert made["credential"]["identity_urns"] == ["urn:v1:eu:identity:account:ab12345-ovh"], made.msg
    assert any("account itself" in warning for warning in made.warnings)
    assert not run_module("okms_credential", **options).changed


@pytest.mark.parametrize(
    ("group", "allowed", "lacks"),
    [
        ("DEFAULT", ["*:apiovh:*"], True),
        ("DEFAULT", ["*:apiovh:*", "okms:kmip:*"], False),
        ("ADMIN", ["*:apiovh:*"], False),
        ("ADMIN", ["okms:*"], False),
        ("DEFAULT", ["okms:apiovh:*"], None),  # it may not look at its groups
    ],
)
def test_a_caller_without_a_policy_for_kmip_is_told(
    lab: Lab, run_module: RunModule, wanted: dict[str, t.Any], group: str, allowed: list[str], lacks: bool | None
) -> None:
    robot = lab.ovhcloud.add_identity("robot", allowed)
    lab.ovhcloud.state.account.users["robot"].update(group=group, groups=[group])
    key = lab.ovhcloud.add_consumer_key(robot)
    options = {**wanted, "identity_urns": None, "csr": make_csr(), "consumer_key": key}
    made = run_module("okms_credential", **options)
    assert made.changed and made["credential"]["identity_urns"] == [robot.urn]
    assert made["lacks_policy"] is lacks
    assert any("no IAM policy with the okms:kmip" in warning for warning in made.warnings) is bool(lacks)
    named = run_module("okms_credential", **{**options, "identity_urns": [robot.urn]})
    assert not named.changed and named["lacks_policy"] is None and not named.warnings


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "truncate", "status"])
def test_bad_days_of_a_revocation(
    lab: Lab, run_module: RunModule, okms_id: str, wanted: dict[str, t.Any], action: str
) -> None:
    issued = run_module("okms_credential", **wanted, csr=make_csr())["credential"]["id"]
    other = run_module("okms_credential", **{**wanted, "name": "other"}, csr=make_csr())["credential"]["id"]
    gone: dict[str, t.Any] = {"okms_id": okms_id, "name": "vcenter", "state": "absent", "wait_interval": 0.01}
    operation = "DELETE /v2/okms/resource/{okmsId}/credential/{credentialId}"
    lab.faults.add(action, operation=operation)
    assert run_module("okms_credential", **gone).failed
    again = run_module("okms_credential", **gone)
    assert not again.failed, again.msg
    assert not run_module("okms_credential", **gone).changed
    left = run_module("okms_credential_info", okms_id=okms_id)["credentials"]
    assert [state["id"] for state in left if state["status"] == "READY"] == [other] != [issued]


def test_credentials_end_with_their_domain(
    lab: Lab, run_module: RunModule, okms_id: str, wanted: dict[str, t.Any]
) -> None:
    issued = run_module("okms_credential", **wanted, csr=make_csr())["credential"]["id"]
    lab.ovhcloud.settings.retention_reads = 2
    lab.ovhcloud.okms.suspend(lab.ovhcloud.state.okms[okms_id])
    mark = lab.journal.mark()
    for which in ({"name": "vcenter"}, {"credential_id": issued}):
        for domain in (okms_id, "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31", ""):  # suspended, unknown, not ordered yet
            gone = run_module("okms_credential", okms_id=domain, state="absent", **which)
            assert not gone.failed, gone.msg
            assert not gone.changed
    assert writes(lab, mark) == []
    assert run_module("okms_credential", **wanted, csr=make_csr()).failed


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "truncate", "status"])
def test_bad_days_of_a_renewal_leave_the_old_one_in_use(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, okms_id: str, wanted: dict[str, t.Any], action: str
) -> None:
    path = tmp_path / "okms.key"
    options = {**wanted, "private_key_path": str(path), "renew_before": 120}
    old = run_module("okms_credential", **options)["credential"]
    old_key = path.read_text()
    lab.clock.advance(300 * DAY)
    lab.faults.add(action, operation="POST /v2/okms/resource/{okmsId}/credential")
    first = run_module("okms_credential", **options)
    assert path.read_text() == old_key if first.failed else path.read_text() != old_key
    done = run_module("okms_credential", **options) if first.failed else first
    assert done.changed, done.msg
    assert (tmp_path / "okms.key.previous").read_text() == old_key
    assert old["id"] in done["replaced"]
    orphans = first.data.get("failure", {}).get("orphan_credential_ids", [])
    assert set(done["replaced"]) == {old["id"], *orphans}
    certificate = x509.load_pem_x509_certificate(done["credential"]["certificate"].encode())
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert certificate.public_key() == key.public_key()
    for credential_id in done["replaced"]:
        revoked = run_module(
            "okms_credential", okms_id=okms_id, credential_id=credential_id, state="absent", wait_interval=0.01
        )
        assert revoked.changed
    assert run_module("okms_credential", **options)["replaced"] == []


def test_other_identities_need_another_credential(
    lab: Lab, run_module: RunModule, okms_id: str, wanted: dict[str, t.Any]
) -> None:
    csr = make_csr()
    first = run_module("okms_credential", **wanted, csr=csr)["credential"]["id"]
    changed = {**wanted, "identity_urns": [URN, "urn:v1:eu:identity:user:ab12345-ovh/automation"]}
    second = run_module("okms_credential", **changed, csr=csr)
    assert second.changed
    assert second["replaced"] == [first]
    assert not run_module(
        "okms_credential", **{**changed, "identity_urns": changed["identity_urns"][::-1]}, csr=csr
    ).changed
