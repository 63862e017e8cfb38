# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules okms_service_key and okms_service_key_info against the lab."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NOBODY = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
PATH = "/v2/okms/resource/{okmsId}/serviceKey"
SYMMETRIC = bytes(range(32))


@pytest.fixture
def okms_id(lab: Lab) -> str:
    """A domain."""
    return lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id


@pytest.fixture
def wanted(okms_id: str) -> dict[str, t.Any]:
    """Options of a key."""
    return {"okms_id": okms_id, "name": "billing"}


def writes(lab: Lab, since: int = 0) -> list[str]:
    """Operations that may have changed something."""
    return [entry.operation for entry in lab.journal.writes(since)]


def known(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """The values that a prediction knows."""
    return {key: value for key, value in state.items() if value is not None}


def pem_of(key: t.Any) -> str:
    """A private key as a file would hold it."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def coded(value: int) -> str:
    """A number as a JWK writes it."""
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


@pytest.mark.oldest("okms_service_key", "life")
def test_life_of_a_key(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    foreseen = run_module("okms_service_key", check=True, **wanted, state="active")
    assert foreseen.changed, foreseen.msg
    assert writes(lab) == []
    made = run_module("okms_service_key", **wanted, state="active")
    assert made.changed, made.msg
    key = made["service_key"]
    assert known(foreseen["service_key"]).items() <= key.items()
    assert (key["type"], key["size"], key["state"], key["public_key"]) == ("oct", 256, "ACTIVE", None)
    assert key["operations"] == ["decrypt", "encrypt"]
    assert key["urn"].endswith(f"/serviceKey/{key['id']}")

    mark = lab.journal.mark()
    for options in ({}, {"type": "oct", "size": 256}, {"operations": ["encrypt", "decrypt"]}, {"state": "active"}):
        assert not run_module("okms_service_key", **wanted, **options).changed
    assert writes(lab, mark) == []

    ending = {**wanted, "state": "deactivated", "deactivation_reason": "superseded"}
    foreseen = run_module("okms_service_key", check=True, **ending)
    ended = run_module("okms_service_key", **ending)
    assert ended.changed
    assert foreseen["service_key"] == ended["service_key"]
    assert ended.diff == {"before": {"state": "ACTIVE"}, "after": {"state": "DEACTIVATED"}}
    assert not run_module("okms_service_key", **{**ending, "deactivation_reason": "unspecified"}).changed
    assert not run_module("okms_service_key", **wanted).changed  # present leaves the state alone
    assert run_module("okms_service_key", **wanted, state="active").changed
    assert run_module("okms_service_key", **ending).changed

    mark = lab.journal.mark()
    deleting = {**wanted, "state": "absent", "confirm_name": "billing"}
    assert run_module("okms_service_key", check=True, **deleting).changed
    assert writes(lab, mark) == []
    gone = run_module("okms_service_key", **deleting)
    assert gone.changed, gone.msg
    assert gone["service_key"] == {}
    assert not run_module("okms_service_key", **deleting).changed
    assert not run_module("okms_service_key", **{**deleting, "key_id": key["id"]}).changed
    assert writes(lab, mark) == [f"DELETE {PATH}/{{keyId}}"]


def test_a_compromise_is_a_state_of_its_own(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    run_module("okms_service_key", **wanted)
    for reason, state, changed in (
        ("unspecified", "DEACTIVATED", True),
        ("key_compromise", "COMPROMISED", True),
        ("ca_compromise", "COMPROMISED", False),
        ("superseded", "COMPROMISED", False),
    ):
        ended = run_module("okms_service_key", **wanted, state="deactivated", deactivation_reason=reason)
        assert (ended.changed, ended["service_key"]["state"]) == (changed, state), ended.msg
    assert run_module("okms_service_key", **wanted, state="absent", confirm_name="billing").changed


def test_asymmetric_keys_show_their_public_part(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    made = run_module("okms_service_key", **{**wanted, "type": "EC", "curve": "P-384", "state": "active"})
    shown = made["service_key"]
    assert (shown["curve"], shown["size"], shown["operations"]) == ("P-384", None, ["sign", "verify"])
    assert shown["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    renamed = run_module("okms_service_key", okms_id=wanted["okms_id"], key_id=shown["id"], name="signing")
    assert renamed.diff == {"before": {"name": "billing"}, "after": {"name": "signing"}}
    assert renamed["service_key"] == {**shown, "name": "signing"}
    # another key may have the same name when its type is another
    assert run_module("okms_service_key", **{**wanted, "name": "signing", "type": "oct"}).changed


def test_a_key_that_is_not_active_at_first(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    lab.ovhcloud.settings.service_key_state = "PRE_ACTIVE"
    assert run_module("okms_service_key", **wanted)["service_key"]["state"] == "PRE_ACTIVE"
    assert run_module("okms_service_key", **wanted, state="active")["service_key"]["state"] == "ACTIVE"
    other = run_module("okms_service_key", **{**wanted, "name": "other", "state": "active"})
    assert other["service_key"]["state"] == "ACTIVE"


def test_destroyed_keys_do_not_count(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    lab.ovhcloud.settings.destroyed_keys_stay = True
    first = run_module("okms_service_key", **wanted)["service_key"]
    run_module("okms_service_key", **wanted, state="deactivated")
    assert run_module("okms_service_key", **wanted, state="absent", confirm_name="billing").changed
    assert run_module("okms_service_key_info")["service_keys"] == []
    by_id = {"okms_id": wanted["okms_id"], "key_id": first["id"]}
    assert not run_module("okms_service_key", **by_id, state="absent", confirm_name="billing").changed
    assert run_module("okms_service_key", **by_id)["failure"]["kind"] == "not_found"
    second = run_module("okms_service_key", **wanted)
    assert second.changed
    assert second["service_key"]["id"] != first["id"]


def given_keys() -> list[tuple[str, str, str, list[str]]]:
    """Kind, text of the key, expected type, and what no output may show."""
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP521R1())
    numbers = rsa_key.private_numbers()
    pem, ec_pem = pem_of(rsa_key), pem_of(ec_key)
    raw = base64.b64encode(SYMMETRIC).decode()
    url = base64.urlsafe_b64encode(SYMMETRIC).rstrip(b"=").decode()
    jwk = {"kty": "oct", "k": url, "key_ops": ["encrypt", "decrypt"], "kid": "mine", "alg": None}
    return [
        ("RSA in PEM", pem, "RSA", [*pem.splitlines()[1:-1], coded(numbers.d), coded(numbers.p)]),
        ("EC in PEM", ec_pem.replace("\n", "\\n"), "EC", ec_pem.splitlines()[1:-1]),
        ("symmetric in base64", raw, "oct", [raw, url]),
        ("symmetric as JWK", json.dumps(jwk), "oct", [url]),
    ]


def test_import(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    for title, text, kind, secrets in given_keys():
        options = {**wanted, "name": title, "key": text, "state": "active"}
        foreseen = run_module("okms_service_key", check=True, **options)
        made = run_module("okms_service_key", **options)
        assert made.changed, made.msg
        key = made["service_key"]
        assert known(foreseen["service_key"]).items() <= key.items()
        assert (key["type"], key["public_key_sha256"] is None) == (kind, kind == "oct")
        mark = lab.journal.mark()
        again = run_module("okms_service_key", **options)
        assert not again.changed
        assert writes(lab, mark) == []
        for output in (foreseen.output, made.output, again.output):
            assert not any(secret in output for secret in secrets), title


def test_another_key_of_that_name_is_an_error(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    made = run_module("okms_service_key", **wanted, key=pem_of(ec.generate_private_key(ec.SECP256R1())))
    mark = lab.journal.mark()
    other: dict[str, t.Any] = {**wanted, "key": pem_of(ec.generate_private_key(ec.SECP256R1()))}
    for options, word in ((other, "public_key_sha256"), ({**wanted, "curve": "P-521"}, "curve is P-256 and not P-521")):
        refused = run_module("okms_service_key", **options)
        assert refused["failure"]["kind"] == "conflict"
        assert refused["failure"]["key_id"] == made["service_key"]["id"]
        assert word in refused.msg
    assert writes(lab, mark) == []


def test_deletion_is_guarded(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    run_module("okms_service_key", **wanted)
    mark = lab.journal.mark()
    for name, text in (("billing", "Deactivate it first"), ("other", "confirm_name is other")):
        for check in (True, False):
            refused = run_module("okms_service_key", check=check, **wanted, state="absent", confirm_name=name)
            assert refused["failure"]["kind"] == "refused_by_guard"
            assert text in refused.msg
    assert "confirm_name" in run_module("okms_service_key", **wanted, state="absent").msg
    assert writes(lab, mark) == []


def test_several_keys_of_one_name(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    first = run_module("okms_service_key", **wanted)["service_key"]["id"]
    second = run_module("okms_service_key", **{**wanted, "name": "later"})["service_key"]["id"]
    run_module("okms_service_key", okms_id=wanted["okms_id"], key_id=second, name="billing")
    stopped = run_module("okms_service_key", **wanted)
    assert stopped["failure"]["kind"] == "ambiguous"
    assert sorted(stopped["failure"]["key_ids"]) == sorted([first, second])
    by_id: dict[str, t.Any] = {"okms_id": wanted["okms_id"], "key_id": first, "state": "deactivated"}
    assert run_module("okms_service_key", **by_id).changed
    found = run_module("okms_service_key", **wanted)
    assert (found.changed, found["service_key"]["id"]) == (False, second)
    assert run_module("okms_service_key", **wanted, state="deactivated")["failure"]["kind"] == "ambiguous"


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "truncate", "status"])
@pytest.mark.parametrize("operation", [f"GET {PATH}", f"POST {PATH}", f"PUT {PATH}/{{keyId}}", f"GET {PATH}/{{keyId}}"])
def test_bad_days_never_make_two_keys(
    lab: Lab, run_module: RunModule, wanted: dict[str, t.Any], operation: str, action: str
) -> None:
    lab.ovhcloud.settings.service_key_state = "PRE_ACTIVE"
    lab.faults.add(action, operation=operation)
    first = run_module("okms_service_key", **wanted, state="active")
    done = run_module("okms_service_key", **wanted, state="active") if first.failed else first
    assert not done.failed, done.msg
    assert done["service_key"]["state"] == "ACTIVE"
    assert not run_module("okms_service_key", **wanted, state="active").changed
    assert len(lab.ovhcloud.state.okms[wanted["okms_id"]].service_keys) == 1


def test_bad_days_of_the_end(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    run_module("okms_service_key", **wanted)
    steps: list[tuple[str, dict[str, t.Any]]] = [
        (f"PUT {PATH}/{{keyId}}", {"state": "deactivated"}),
        (f"DELETE {PATH}/{{keyId}}", {"state": "absent", "confirm_name": "billing"}),
    ]
    for operation, options in steps:
        for action in ("drop_before", "drop_after"):
            lab.faults.add(action, operation=operation)
            assert run_module("okms_service_key", **wanted, **options).failed
        assert not run_module("okms_service_key", **wanted, **options).failed
        lab.faults.clear()
    assert lab.ovhcloud.state.okms[wanted["okms_id"]].service_keys == {}


@pytest.mark.oldest("okms_service_key", "refusal")
def test_bad_input(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public_pem = public.public_bytes(serialization.Encoding.PEM, form).decode()
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"name": "x" * 33}, "32 characters"),
        ({"name": "clé"}, "ASCII"),
        ({"context": "x" * 65}, "64 characters"),
        ({"type": "oct", "size": 2048}, "size of a key of type oct can be 256, 192, 128, not 2048"),
        ({"type": "oct", "curve": "P-256"}, "cannot be chosen"),
        ({"type": "EC", "operations": ["encrypt"]}, "sign, verify"),
        ({"key": public_pem}, "key"),
        ({"key": "{nonsense"}, "not complete JSON"),
        ({"key": '{"kty": "oct"}'}, "lacks k"),
        ({"key": '{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "d": "AAAA"}'}, "not a valid EC key"),
        ({"key": "not base64!"}, "not base64"),
        ({"key": "AAAA", "size": 128}, "size and curve cannot go with key"),
        ({"deactivation_reason": "superseded"}, "only for state=deactivated"),
        ({"state": "deactivated"}, "nothing to deactivate"),
        ({"okms_id": NOBODY}, "does not exist"),
        ({"okms_id": ""}, "without a domain; give its id, as okms_info returns it"),
        ({"key_id": NOBODY}, "does not exist"),
    ]
    for more, text in cases:
        refused = run_module("okms_service_key", **{**wanted, **more})
        assert refused.failed, more
        assert text in refused.msg
        assert "\n" not in refused.msg
    assert writes(lab) == []
    api = run_module("okms_service_key", **wanted, key="AAAA")  # 24 bits: only the API knows that this is too short
    assert "ServiceKeyKInvalidFormat" in api.msg
    assert "AAAA" not in api.output


def test_the_plan_of_an_empty_account(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    foreseen = run_module("okms_service_key", check=True, **{**wanted, "okms_id": "", "type": "oct"})
    assert foreseen.changed, foreseen.msg
    assert (foreseen["service_key"]["type"], foreseen["service_key"]["size"]) == ("oct", None)
    assert not run_module(
        "okms_service_key", **{**wanted, "okms_id": NOBODY, "state": "absent", "confirm_name": "billing"}
    ).changed
    assert writes(lab) == []


def test_a_missing_right_is_named(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    reader = ["okms:apiovh:resource/get", "okms:apiovh:serviceKey/get"]
    key = lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("reader", reader))
    refused = run_module("okms_service_key", **wanted, consumer_key=key)
    assert refused["failure"]["kind"] == "forbidden"
    assert "okms:apiovh:serviceKey/create" in refused["failure"]["unauthorized_actions"]


@pytest.mark.oldest("okms_service_key_info", "life")
def test_the_information_module(lab: Lab, run_module: RunModule, okms_id: str) -> None:
    assert run_module("okms_service_key_info")["service_keys"] == []
    other = lab.ovhcloud.new_okms("eu-west-sbg", "kms-two").okms_id
    for number in range(4):  # more than one page
        run_module("okms_service_key", okms_id=okms_id, name=f"k{number}", type="oct")
    run_module("okms_service_key", okms_id=other, name="k0", type="EC")
    run_module("okms_service_key", okms_id=okms_id, name="k1", state="deactivated")

    def names(**options: t.Any) -> list[str]:
        return [state["name"] for state in run_module("okms_service_key_info", **options)["service_keys"]]

    assert sorted(names()) == ["k0", "k0", "k1", "k2", "k3"]
    assert names(okms_id=okms_id) == ["k0", "k1", "k2", "k3"]
    assert names(states=["DEACTIVATED", "COMPROMISED"]) == ["k1"]
    assert names(type="EC") == ["k0"]
    assert names(okms_id=NOBODY) == []
    found = run_module("okms_service_key_info", okms_id=other, public_keys=True)["service_keys"][0]
    assert found["okms_id"] == other
    assert found["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert names(key_id=found["id"]) == ["k0"]
    mark = lab.journal.mark()
    names()
    assert writes(lab, mark) == []
