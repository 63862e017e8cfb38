# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for tasks, the KMS entry, users and facts of private clouds."""

from __future__ import annotations

import socket
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    ApiError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud import (
    facts,
    kms_entries,
    users,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import (
    Observation,
    Task,
    task_of,
)

SHA1 = ":".join(["0A"] * 20)


def entry(**more: t.Any) -> dict[str, t.Any]:
    base = {"id": 1, "ip": "203.0.113.20", "port": 5696, "thumbprint": SHA1, "description": "", "state": "delivered"}
    return {**base, **more}


# --- tasks


@pytest.mark.parametrize(
    ("state", "description", "done", "failed", "not_started", "waiting"),
    [
        ("todo", None, False, False, True, False),
        ("todo", "Waiting for customer to configure the KMS Server...", False, False, True, True),
        ("doing", "  WAITING FOR CUSTOMER", False, False, False, True),
        ("doing", "Opening the flow", False, False, False, False),
        ("waitingTodo", None, False, False, True, False),
        ("done", "Waiting for customer to configure the KMS Server...", True, False, False, False),
        ("canceled", None, False, True, False, False),
        ("error", None, False, True, False, False),
        ("fixing", None, False, False, False, False),
        ("toCancel", None, False, False, False, False),
        ("unknown", None, False, False, False, False),
    ],
)
def test_classes_of_task_states(
    state: str, description: str | None, done: bool, failed: bool, not_started: bool, waiting: bool
) -> None:
    task = task_of({"taskId": 7, "state": state, "description": description, "name": "anything"})
    assert (task.done, task.failed, task.not_started, task.waiting_for_vcenter) == (done, failed, not_started, waiting)


@pytest.mark.parametrize("answer", [None, [], "x", {"state": "done"}])
def test_an_answer_that_is_no_task_is_an_error(answer: t.Any) -> None:
    with pytest.raises(ApiError, match="not a task"):
        task_of(answer)


def test_a_task_names_itself_on_one_line() -> None:
    assert str(Task(7, "doing", "half way")) == "task 7 in state doing (half way)"
    assert str(Task(7, "error", "")) == "task 7 in state error"


# --- addresses and entries


def answers(*addresses: str) -> t.Callable[..., t.Any]:
    return lambda *_args, **_options: [(socket.AF_INET, 1, 6, "", (address, 0)) for address in addresses]


@pytest.mark.parametrize(
    ("host", "addresses", "expected"),
    [
        ("203.0.113.20", (), ["203.0.113.20"]),
        (" 203.0.113.20 ", (), ["203.0.113.20"]),
        ("kms.example.net", ("203.0.113.21", "203.0.113.20", "203.0.113.21"), ["203.0.113.20", "203.0.113.21"]),
    ],
)
def test_hosts_become_ipv4_addresses(host: str, addresses: tuple[str, ...], expected: list[str]) -> None:
    assert kms_entries.resolve(host, answers(*addresses)) == expected


@pytest.mark.parametrize(
    "host",
    [
        *("2001:db8::1", "[2001:db8::1]", "kms.example.net:5696", "https://kms.example.net", " "),
        *("kms..example.net", "kms example", f"{'a' * 64}.example.net"),
    ],
)
def test_hosts_that_cannot_be_meant_are_named(host: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^host[: ]"):
        kms_entries.resolve(host, answers("203.0.113.20"))


def test_an_unknown_host_name_is_one_clear_line() -> None:
    def unknown(*_args: t.Any, **_options: t.Any) -> t.Any:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(UnreachableError, match=r"kms.example.net has no IPv4 address here: .*not known"):
        kms_entries.resolve("kms.example.net", unknown)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("0a" * 20, SHA1), (SHA1.lower(), SHA1), (SHA1, SHA1), ("no thumbprint", "no thumbprint"), ("", "")],
)
def test_thumbprints_of_entries_are_canonical_or_left_alone(raw: str, expected: str) -> None:
    answer = {"kmsId": 1, "ip": "203.0.113.20", "kmsTcpPort": 5696, "sslThumbprint": raw, "state": "delivered"}
    assert kms_entries.entry_state({**answer, "description": ""}) == entry(thumbprint=expected)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([entry(ip="203.0.113.99")], None),
        ([entry()], 1),
        ([entry(state="deleting"), entry(id=2, state="creating")], 2),
        ([entry(state="toDelete")], 1),
    ],
)
def test_entries_match_by_address_and_those_that_stay_win(
    entries: list[dict[str, t.Any]], expected: int | None
) -> None:
    found = kms_entries.by_address(entries, ["203.0.113.20", "203.0.113.21"])
    assert [chosen["id"] for chosen in found.values()] == ([expected] if expected else [])


def test_two_entries_of_one_address_are_listed() -> None:
    both = [entry(), entry(id=2, state="creating")]
    with pytest.raises(AmbiguousError, match=r"KMS entry 1 .203.0.113.20. in state delivered and KMS entry 2"):
        kms_entries.by_address(both, ["203.0.113.20"])


def test_each_address_has_its_entry() -> None:
    both = [entry(id=2, ip="203.0.113.21"), entry()]
    found = kms_entries.by_address(both, ["203.0.113.20", "203.0.113.21", "203.0.113.22"])
    assert {ip: chosen["id"] for ip, chosen in found.items()} == {"203.0.113.20": 1, "203.0.113.21": 2}


@pytest.mark.parametrize(
    ("description", "host", "own"),
    [
        ("OVHcloud KMS, managed by Ansible: kms.example.net", "kms.example.net", True),
        ("kms.example.net", "KMS.example.net.", True),
        ("okms (kms.example.net)", "kms.example.net", True),
        ("kms.example.net of the other team", "kms.example.net", False),
        ("OVHcloud KMS, managed by Ansible: other.example.net", "kms.example.net", False),
        ("not kms.example.net2", "kms.example.net", False),
        ("my-kms.example.net", "kms.example.net", False),
        ("", "kms.example.net", False),
        ("KMS 203.0.113.20", "203.0.113.20", False),
    ],
)
def test_own_entries_are_told_by_the_end_of_their_description(description: str, host: str, own: bool) -> None:
    found = kms_entries.own_elsewhere([entry(description=description)], host, ["203.0.113.21"])
    assert bool(found) is own
    assert kms_entries.own_elsewhere([entry(description=description)], host, ["203.0.113.20"]) == []
    assert kms_entries.own_elsewhere([entry(description=description, state="deleting")], host, []) == []


@pytest.mark.parametrize(
    ("description", "shared"),
    [("okms kms.example.net", False), ("okms b.example.net", True), ("okms", False), ("okms 203.0.113.20", False)],
)
def test_an_address_with_two_names_keeps_one_description(description: str, shared: bool) -> None:
    lookup = answers("203.0.113.20")
    assert kms_entries.shares_address(entry(description=description), "kms.example.net", lookup) is shared
    assert not kms_entries.shares_address(entry(ip="203.0.113.9", description=description), "kms.example.net", lookup)


def test_thumbprints_are_per_address_where_given() -> None:
    other = ":".join(["B1"] * 32)
    single = {"203.0.113.21": other.lower(), "203.0.113.99": "ignored"}
    wanted = kms_entries.thumbprints_of(["203.0.113.20", "203.0.113.21"], SHA1, single)
    assert wanted == {"203.0.113.20": SHA1, "203.0.113.21": other}
    with pytest.raises(InvalidInputError, match=r"no thumbprint for 203.0.113.20, and thumbprint is not given"):
        kms_entries.thumbprints_of(["203.0.113.20", "203.0.113.21"], None, single)


@pytest.mark.parametrize(("port", "wrong"), [(5697, ["203.0.113.20"]), (5696, []), (None, [])])
def test_a_port_is_compared_when_one_is_expected(port: int | None, wrong: list[str]) -> None:
    found = kms_entries.wrong_ports([entry(), entry(ip="203.0.113.21", port=None)], port)
    assert [item["ip"] for item in found] == wrong
    if port and found:
        assert "confirm_host: 203.0.113.20" in kms_entries.port_warning(found, port, "pcc-1")


WAITING = Task(7, "doing", "Waiting for customer to configure the KMS Server...")
DOING = Task(7, "doing", "")
DONE = Task(7, "done", "")


@pytest.mark.parametrize(
    ("item", "task", "is_open", "is_delivered"),
    [
        (None, None, False, False),
        (None, WAITING, False, False),
        (entry(state="toCreate"), DOING, False, False),
        (entry(state="creating"), WAITING, True, False),
        (entry(state="creating"), DONE, True, False),
        (entry(state="creating"), None, False, False),
        (entry(state="creating", waiting_for_vcenter=True), None, True, False),
        (entry(), WAITING, True, True),
        (entry(), DOING, True, True),
        (entry(), Task(7, "canceled", ""), True, True),
        (entry(), DONE, True, True),
        (entry(), None, True, True),
    ],
)
def test_when_a_flow_is_open_and_when_delivered(
    item: t.Any, task: Task | None, is_open: bool, is_delivered: bool
) -> None:
    seen: Observation[t.Any] = Observation(item, task)
    assert (kms_entries.is_open(seen), kms_entries.is_delivered(seen)) == (is_open, is_delivered)


def test_an_entry_in_error_ends_the_wait() -> None:
    with pytest.raises(ApiError, match=r"KMS entry 1 \(203.0.113.20\) in state error"):
        kms_entries.is_open(Observation(entry(state="error"), DONE))


@pytest.mark.parametrize(
    ("state", "encryption", "used"),
    [
        ("delivered", "enabled", True),
        ("delivered", None, True),
        ("delivered", "unknown", True),
        ("delivered", "disabled", False),
        ("updating", "enabled", True),
        ("creating", "enabling", False),
        ("error", "enabled", False),
    ],
)
def test_entries_that_a_live_provider_may_need(state: str, encryption: str | None, used: bool) -> None:
    assert kms_entries.in_use(entry(state=state), encryption) is used


# --- users


def raw_user(**more: t.Any) -> dict[str, t.Any]:
    rights = "encryptionRight canManageRights canManageNetwork canManageIpFailOvers nsxRight fullAdminRo receiveAlerts"
    return {
        **dict.fromkeys(rights.split(), False),
        "userId": 1201,
        "name": "admin",
        "login": "admin@pcc.ovh.test",
        "isTokenValidator": True,
        "firstName": None,
        "lastName": "",
        "email": "ops@example.net",
        "phoneNumber": "+33.612345678",
        "state": "delivered",
        "activationState": "enabled",
        "type": "user",
        "identityProviderType": None,
        **more,
    }


def test_users_have_every_field_in_our_words() -> None:
    state = users.user_state(raw_user())
    assert set(state) == set(users.USER_FIELDS)
    assert (state["token_validator"], state["last_name"], state["id"]) == (True, None, 1201)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {}),
        ({"encryption_right": False}, {"encryption_right": False}),
        ({"email": " "}, {"email": None}),
        ({"first_name": ""}, {"first_name": None}),
        ({"phone_number": "+33 6 12 34 56 78"}, {"phone_number": "+33.612345678"}),
        ({"phone_number": "+33.600000000"}, {"phone_number": "+33.600000000"}),
    ],
)
def test_named_values_are_normalised(params: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    assert users.wanted_values(params, users.user_state(raw_user())) == expected


def test_writing_uses_the_names_of_the_api() -> None:
    changes = {"token_validator": True, "can_manage_ip_fail_overs": False, "email": None, "name": "x"}
    assert users.user_body(changes) == {"tokenValidator": True, "canManageIpFailOvers": False, "email": ""}


@pytest.mark.parametrize(
    ("name", "expected"), [("admin", 1), ("admin2", 2), ("admin@b", 3), ("adm", None), ("ADMIN", None)]
)
def test_users_are_chosen_exactly(name: str, expected: int | None) -> None:
    listed = [
        {"id": 1, "name": "admin", "login": "admin@a", "type": "user"},
        {"id": 2, "name": "admin2", "login": "admin2@a", "type": "user"},
        {"id": 3, "name": "other", "login": "admin@b", "type": "user"},
    ]
    found = users.user_named(listed, name)
    assert (found["id"] if found else None) == expected


def test_two_users_of_one_name_are_listed() -> None:
    listed = [{"id": number, "name": "ops", "login": f"ops@{number}", "type": "user"} for number in (1, 2)]
    with pytest.raises(AmbiguousError, match=r"ops@1 .id 1, user., ops@2"):
        users.user_named(listed, "ops")


# --- facts


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://pcc-198-51-100-10.ovh.com/", "pcc-198-51-100-10.ovh.com"),
        ("https://localhost:8443/ui", "localhost"),
        ("pcc-198-51-100-10.ovh.us", "pcc-198-51-100-10.ovh.us"),
        ("", None),
        (None, None),
    ],
)
def test_the_host_of_vcenter_is_read_from_its_address(url: str | None, host: str | None) -> None:
    assert facts.vcenter_host(url) == host


@pytest.mark.parametrize(
    ("name", "expected"),
    [("canAddUser", "can_add_user"), ("nexus1000vStatus", "nexus1000v_status"), ("state", "state")],
)
def test_keys_are_spelled_our_way(name: str, expected: str) -> None:
    assert facts.snake_case(name) == expected


def test_a_service_with_gaps_has_every_field() -> None:
    state = facts.service_state({"serviceName": "pcc-198-51-100-10", "iam": None, "version": None})
    assert set(state) == set(facts.SERVICE_FIELDS)
    assert state["urn"] is None and state["version"] == {"major": None, "minor": None, "build": None}
