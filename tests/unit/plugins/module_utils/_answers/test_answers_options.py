# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of each role: blank ones, wrong ones, unknown ones, and tags that leave everything out."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers import options
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

ROLES = sorted(path for path in (pathlib.Path(__file__).resolve().parents[5] / "roles").iterdir() if path.is_dir())
SPECS: dict[str, dict[str, t.Any]] = {
    path.name: yaml.safe_load((path / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    for path in ROLES
}
PIN = "AB:" * 31 + "AB"
URN = "urn:v1:eu:identity:user:ab1-ovh/bob"
# of required options, those for which not any text will do
NEEDED: dict[str, dict[str, t.Any]] = {
    "encryption_exit": {"mode": "decrypt"},
    "external_kms": {"servers": [{"name": "kms1", "address": "kms.example.com"}], "identity": "csr"},
    "key_rotation": {"selection": {"all": True}},
    "vm_encryption": {"selection": {"names": ["vm1"]}},
}


def answers(role: str, partial: bool = False, **changes: t.Any) -> dict[str, t.Any]:
    """The options that a role gets from what is needed, with changes."""
    needed = {name[len(role) + 1 :]: "x" for name, spec in SPECS[role].items() if spec.get("required")}
    given = {} if partial else {**needed, **NEEDED.get(role, {})}
    values = {f"{role}_{name}": value for name, value in {**given, **changes}.items()}
    return options.answered(role, SPECS[role], values, partial)


@pytest.mark.parametrize("blank", [None, "", " \n"])
@pytest.mark.parametrize("role", sorted(SPECS))
def test_every_optional_option_of_a_role_can_be_blank(role: str, blank: t.Any) -> None:
    optional = [name[len(role) + 1 :] for name, spec in SPECS[role].items() if not spec.get("required")]
    found = answers(role, **dict.fromkeys(optional, blank))
    assert {name: found[name] for name in optional} == {
        name: SPECS[role][f"{role}_{name}"].get("default") for name in optional
    }


@pytest.mark.parametrize("blank", [None, "", [], {}])
@pytest.mark.parametrize(
    ("role", "name"),
    [(role, name) for role, specs in SPECS.items() for name, spec in specs.items() if spec.get("required")],
)
def test_a_required_option_that_is_blank_is_named(role: str, name: str, blank: t.Any) -> None:
    with pytest.raises(InvalidInputError, match=f"role {role} are invalid, nothing was changed: {name}: "):
        answers(role, **{name[len(role) + 1 :]: blank})


@pytest.mark.parametrize(
    ("role", "change", "words"),
    [
        ("okms", {"validity": 366}, "okms_validity: 366 is more than the 365 days that OKMS allows"),
        ("okms", {"validity": 0}, "okms_validity: 0 is less than 2"),
        ("okms", {"validity": 30, "renew_before": 30}, "okms_validity: 30 days is less than 32, two more than renew_"),
        ("okms", {"validity": 31, "renew_before": 30}, "okms_validity: 31 days is less than 32, two more than renew_"),
        ("okms", {"max_price": "-1"}, "okms_max_price: -1.0 is less than 0"),
        ("okms", {"server_thumbprints": "AB:CD"}, "okms_server_thumbprints: 'AB:CD' is not a SHA-256 thumbprint"),
        ("okms", {"identity_urns": "me"}, "okms_identity_urns: 'me' is not the URN of an identity"),
        ("okms", {"identity_urns": [f"{URN}{n}" for n in range(26)]}, "okms_identity_urns: 26 are more than the 25"),
        ("okms", {"identity_urns": f"{URN}, {URN}2\n{URN}3"}, "okms_identity_urns: a text of"),
        ("okms", {"identity_urns": f"{URN} {URN}2"}, "is not the URN of an identity"),
        ("preflight", {"identity_urns": "urn:v1:eu:resource:okms:x"}, "preflight_identity_urns: 'urn:v1:eu:"),
        ("okms", {"iam_policy": "ovh-mine"}, "okms_iam_policy: names that start with ovh- are reserved for OVHcloud"),
        ("okms", {"iam_users": "bob"}, "okms_iam_users: 'bob' is neither a URN"),
        ("okms", {"credential_name": "x" * 51}, "okms_credential_name: it has more than 50 characters"),
        ("external_kms", {"server_ca": "kms-ca.pem"}, "external_kms_server_ca: the text is not a certificate in PEM"),
        ("external_kms", {"private_key": "k.pem"}, "external_kms_private_key: the text is not a private key in PEM"),
        ("external_kms", {"validity": 20, "identity": "ca", "renew_before": 20}, "external_kms_validity: 20"),
        ("external_kms", {"servers": [{"name": "a", "address": "b"}] * 2}, "external_kms_servers: 'a' is given twice"),
        ("external_kms", {"servers": [{"name": "a", "address": "b", "port": 0}]}, "has the port 0"),
        ("external_kms", {"servers": [{"name": "a", "address": "https://b"}]}, "external_kms_servers: 'https://b'"),
        ("external_kms", {"servers": [{"name": "a", "address": "b", "thumbprint": "c"}]}, "thumbprint of 'a' is no"),
        ("preflight", {"kms_servers": [{"name": "a", "address": "b c"}]}, "preflight_kms_servers: 'b c'"),
        ("native_key_provider", {"name": "a/b"}, "native_key_provider_name: the name"),
        ("native_key_provider", {"backup_copies": [{"host": "b", "path": "/k/p12"}], "backup_places": [
            {"vault": "https://v", "path": "/k/p12"}, {"host": "b", "path": "/k//p12"}]}, "'b:/k/p12' is also in"),
        ("native_key_provider", {"vsphere_user": "admin"}, "native_key_provider_private_cloud: it is required with"),
        ("vm_encryption", {"selection": {"names": []}}, "vm_encryption_selection: it selects no VM"),
        ("vm_encryption", {"create_policy": "yes"}, "vm_encryption_policy: it is required with create_policy"),
        ("vm_encryption", {"max_parallel": 0}, "vm_encryption_max_parallel: 0 is less than 1"),
        ("key_rotation", {"selection": {"all": False}}, "key_rotation_selection: it selects no VM"),
        ("encryption_audit", {"mode": "0999"}, "encryption_audit_mode: '0999' is not a file mode"),
        ("encryption_audit", {"metrics_mode": "0999"}, "encryption_audit_metrics_mode: '0999' is not a file mode"),
        ("drift_check", {"metrics_mode": "u=rw"}, "drift_check_metrics_mode: 'u=rw' is not a file mode"),
        ("okms", {"display_name": "okms\0"}, "okms_display_name contains an invalid character"),
        ("okms", {"dossier_path": "a\0b"}, "okms_dossier_path contains an invalid character"),
        ("vm_encryption", {"selection": {"names": ["a\ud800"]}}, "vm_encryption_selection"),
    ],
)  # fmt: skip
def test_what_a_later_step_would_refuse_is_told_first(role: str, change: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        answers(role, **change)
    assert words in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("role", "change"),
    [
        ("okms", {"server_thumbprints": [PIN, PIN.replace(":", "").lower(), f"SHA256 Fingerprint={PIN}"]}),
        ("okms", {"iam_users": ["account", "group:encryption", "urn:v1:eu:identity:user:ab1-ovh/bob"]}),
        ("external_kms", {"servers": [{"name": "a", "address": "[2001:db8::1]", "thumbprint": PIN}]}),
        ("external_kms", {"identity": "self_signed", "renew_before": 400}),
        ("okms", {"validity": 20}),
        (
            "okms",
            {"identity_urns": f"{URN}\nurn:v1:eu:identity:group:ab1-ovh/of two words"},
        ),
        ("encryption_audit", {"mode": "u=rw"}),
        ("vm_encryption", {"selection": '{"all": true}', "canary": 0, "wave_max_failures": 0}),
    ],
)
def test_what_a_later_step_takes_is_not_refused(role: str, change: dict[str, t.Any]) -> None:
    assert answers(role, **change)


def test_a_confirmation_is_taken_exactly() -> None:
    found = answers("decommission", confirm="okms ", provider=" okms ")
    assert (found["confirm"], found["provider"]) == ("okms ", "okms")


def test_a_number_for_the_mode_of_files_is_octal() -> None:
    assert answers("encryption_audit", mode=0o640)["mode"] == "0640"


def test_json_that_ansible_has_read_is_text_again() -> None:
    servers = [{"name": "kms1", "address": "kms1.example.com"}]
    assert json.loads(answers("awx", kms_servers=servers)["kms_servers"]) == servers
    assert answers("awx", kms_servers='[{"name": 1}]')["kms_servers"] == '[{"name": 1}]'


def test_a_long_list_of_problems_is_cut() -> None:
    numbers = [name for name in SPECS["vm_encryption"] if SPECS["vm_encryption"][name].get("type") == "int"]
    wrong: dict[str, t.Any] = {name[len("vm_encryption_") :]: "x" for name in numbers}
    with pytest.raises(InvalidInputError, match=r"; and 1 more$"):
        answers("vm_encryption", **wrong)


# those whose options other roles look at
@pytest.mark.parametrize("role", ["external_kms", "native_key_provider", "okms", "vm_encryption"])
def test_partial_options_are_judged_without_the_rest(role: str) -> None:
    assert answers(role, partial=True)
    with pytest.raises(InvalidInputError, match=f"{role}_wait_timeout: 'x' is not a whole number"):
        answers(role, partial=True, wait_timeout="x")


def test_unknown_variables_are_named_with_what_is_meant() -> None:
    every = {name for specs in SPECS.values() for name in specs}
    variables: dict[str, t.Any] = {
        "recovery_fil": "x",
        "recovery_hosts": "all",
        "recovery_file": "x",
        "recovery_dossier_path": "x",
        "recovery_done": {"changed": False},
        "recoveries": 1,
        "native_key_provider_tpm_requird": True,
    }
    assert options.unknown("recovery", variables, every, variables.__getitem__) == [
        "recovery_fil, did you mean recovery_file?"
    ]
    assert options.unknown("native_key_provider", variables, every, variables.__getitem__) == [
        "native_key_provider_tpm_requird, did you mean native_key_provider_tpm_required?"
    ]
    report = {"preflight_report": {}, "preflight_qqqq": 1}
    assert options.unknown("preflight", report, every, report.__getitem__) == ["preflight_qqqq"]
    # AWX gives these to each job
    job = {
        "awx_job_id": 7,
        "awx_user_name": "x",
        "awx_workflow_job_id": 8,
        "awx_project_revision": "y",
        "awx_imag": "z",
    }
    assert options.unknown("awx", job, every, job.__getitem__) == ["awx_imag, did you mean awx_image?"]


AWX = {"awx_private_cloud": "pcc-192-0-2-10", "awx_image": "ee:1"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (AWX, ""),
        ({**AWX, "awx_daily_option": "external_kms"}, "awx_kms_servers: required"),
        ({**AWX, "awx_state": "absent"}, "awx_confirm: type the name of the organization, 'VMware encryption'"),
        ({**AWX, "awx_state": "absent", "awx_confirm": "VMware encryption "}, "awx_confirm: type the name"),
        ({**AWX, "awx_state": "absent", "awx_confirm": "VMware encryption"}, ""),
        ({**AWX, "awx_state": "absent", "awx_organization": "A", "awx_confirm": "A"}, ""),
    ],
)
def test_awx_wants_what_it_needs_and_a_typed_name(given: dict[str, str], said: str) -> None:
    if not said:
        options.answered("awx", SPECS["awx"], given)
        return
    with pytest.raises(InvalidInputError, match=said):
        options.answered("awx", SPECS["awx"], given)


@pytest.mark.parametrize(
    ("tags", "only", "skipped", "expected"),
    [
        ([], ["all"], [], False),
        ([], ["okms"], [], True),
        (["okms"], ["okms"], [], False),
        (["okms"], ["tagged"], [], False),
        ([], ["tagged"], [], True),
        ([], ["untagged"], [], False),
        (["okms"], ["untagged"], [], True),
        (["okms"], ["all"], ["okms"], True),
        ([], ["all"], ["untagged"], True),
        (["okms"], ["all"], ["tagged"], True),
        (["always"], ["x"], [], False),
        (["always"], ["x"], ["always"], True),
        (["always"], ["x"], ["all"], False),
    ],
)
def test_tags_that_leave_the_role_out_are_recognised(
    tags: list[str], only: list[str], skipped: list[str], expected: bool
) -> None:
    assert options.left_out(tags, only, skipped) is expected
