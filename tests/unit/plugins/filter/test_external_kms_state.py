# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter external_kms_state: servers, entries, certificate of vCenter, and what waits for somebody."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.external_kms_state import FilterModule
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.thumbprints import thumbprint_of

external_kms_state = FilterModule().filters()["external_kms_state"]
OPTIONS = {"identity": "key_pair", "renew_before": 30, "csr_path": "/srv/my kms.csr", "certificate_path": "/srv/a.pem"}
PEM = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(b'a certificate').decode()}\n-----END CERTIFICATE-----"


def answer(name: str, *addresses: str, host: str = "") -> dict[str, t.Any]:
    """What a server that answers gave in the loop."""
    server = {"host": host or f"{name}.example.com", "addresses": list(addresses), "sha1": f"sha1 of {name}"}
    return {"item": name, "kmip_server": server}


def flows(**by_host: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """Registered KMS entries; hosts without their domain."""
    return {
        "results": [{"item": f"{name}.example.com", "kms_entries": entries} for name, entries in by_host.items()]
        + [{"item": "skipped.example.com", "skipped": True}]
    }


def provider(accepts: bool = True, trusts: bool = True, days: int | None = 90, **changes: t.Any) -> dict[str, t.Any]:
    """A result of key_provider_info with one provider, which has two servers."""
    connections = [
        {"name": "a", "status": "green", "vcenter_trusts_server": trusts, "server_trusts_vcenter": accepts},
        {"name": "b", "status": "red", "vcenter_trusts_server": False, "server_trusts_vcenter": False},
    ]
    certificate = {"sha256": "AA", "days_left": days, "not_after": "2027-01-01T00:00:00Z"}
    own = {"name": "team", "connections": connections, "client_certificate": certificate, **changes}
    return {"key_providers": [own]}


def state(options: t.Any = None, **read: t.Any) -> dict[str, t.Any]:
    """The state for what was read."""
    return t.cast("dict[str, t.Any]", external_kms_state({"servers": {}, **read}, {**OPTIONS, **(options or {})}))


def test_before_anything_was_read_nothing_is_known() -> None:
    known = {key: value for key, value in state(providers=[{}, {"skipped": True}]).items() if value}
    # a provider without a certificate cannot wait
    assert known == {"pressing": True, "starts": True}


def test_servers_are_told_apart_by_their_answers() -> None:
    silent = {"item": "c", "failed": True, "msg": "no answer"}
    servers = {
        "results": [
            answer("a", "192.0.2.1", "2001:db8::1"),
            answer("b", "192.0.2.1", "192.0.2.2"),
            answer("v6", "2001:db8::2"),
            silent,
        ]
    }
    found = state(servers=servers)
    assert (found["answering"], found["silent"]) == (["a", "b", "v6"], ["no answer"])
    # entries have IPv4 addresses; at one that two servers share, the first counts
    assert found["hosts"] == ["a.example.com", "b.example.com"]
    assert found["thumbprints"] == {"192.0.2.1": "sha1 of a", "192.0.2.2": "sha1 of b"}


@pytest.mark.parametrize(
    ("entries", "unopened", "undelivered"),
    [
        ({}, False, []),
        ({"a": [{"id": 1, "state": "delivered"}]}, False, []),
        ({"a": [{"id": 1, "state": "creating"}, {"id": 2, "state": "delivered"}]}, False, ["a.example.com"]),
        # nobody waits for the entry of a server that does not work
        ({"b": [{"id": 1, "state": "creating"}]}, False, []),
        ({"a": [{"id": None, "state": "delivered"}]}, True, []),
    ],
)
def test_entries_of_green_servers_are_waited_for(entries: t.Any, unopened: bool, undelivered: list[str]) -> None:
    servers = {"results": [answer("a", "192.0.2.1"), answer("b", "192.0.2.2")]}
    found = state(servers=servers, entries=flows(**entries), providers=[provider()])
    assert (found["unopened"], found["undelivered"]) == (unopened, undelivered)
    assert len(found["entries"]) == sum(map(len, entries.values()))


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([{}, {}, {}], ""),
        ([{}, provider(), {}], "team"),
        ([provider(name="new"), provider(), {}], "new"),
        ([{"key_providers": []}, {"failed": True}, provider()], "team"),
    ],
)
def test_provider_that_was_read_last_counts(results: list[t.Any], expected: str) -> None:
    assert state(providers=results)["provider"].get("name", "") == expected
    assert state(providers=results)["end"].get("name", "") == expected
    assert state(providers=results, finished=provider(name="end"))["end"]["name"] == "end"


@pytest.mark.parametrize(
    ("seen", "accepted", "fresh", "usable"),
    [
        (provider(), True, True, True),
        (provider(days=30), True, False, True),
        (provider(days=None), True, False, True),
        (provider(accepts=False), False, True, False),
        (provider(trusts=False), True, True, False),
        (provider(connections=None), False, True, False),
        (provider(client_certificate=None), True, False, True),
    ],
)
def test_certificate_is_settled_when_accepted_and_lasting(
    seen: t.Any, accepted: bool, fresh: bool, usable: bool
) -> None:
    found = state({"renew_before": "30"}, providers=[seen])
    settled = accepted and fresh
    assert (found["accepted"], found["fresh"], found["settled"], found["usable"]) == (accepted, fresh, settled, usable)


@pytest.mark.parametrize(
    ("seen", "given", "pressing"),
    [
        (provider(days=30), None, False),
        (provider(days=29), None, True),
        (provider(days=90), "91", True),
        (provider(days=1), 0, False),
        (provider(accepts=False), None, True),
        (provider(client_certificate=None), None, True),
    ],
)
def test_somebody_is_pressed_when_no_certificate_lasts(seen: t.Any, given: t.Any, pressing: bool) -> None:
    assert state({"fail_below": given}, providers=[seen])["pressing"] is pressing


def made(waiting: str = "", certificate: str = "") -> dict[str, t.Any]:
    """A self-signed certificate."""
    return {"changed": True, "client_certificate": {"waiting": waiting or None, "certificate": certificate}}


@pytest.mark.parametrize(
    ("self_signed", "accepts", "to_import"),
    [
        ({}, True, ""),
        (made(waiting=PEM), True, PEM),
        (made(certificate="first"), False, "first"),
        (made(certificate="first"), True, ""),
        (made(PEM, "first"), False, PEM),
    ],
)
def test_certificate_that_the_kms_does_not_know_is_imported(self_signed: t.Any, accepts: bool, to_import: str) -> None:
    assert state(made=self_signed, providers=[provider(accepts)])["to_import"] == to_import


@pytest.mark.parametrize(
    ("seen", "starts"),
    [
        (provider(client_certificate=None, connections=None), True),
        # the first one
        (provider(accepts=False, days=90), True),
        # a successor waits for the KMS, which may refuse vCenter for a moment
        (provider(accepts=False, days=10), False),
        (provider(accepts=False, days=0), False),
        (provider(accepts=False, days=None), False),
        (provider(accepts=False, days=-1), True),
        # a KMS that does not look at the end
        (provider(days=-1), False),
        (provider(days=10), False),
    ],
)
def test_a_refusal_alone_brings_no_successor_into_use(seen: t.Any, starts: bool) -> None:
    assert state(providers=[seen])["starts"] is starts


@pytest.mark.parametrize(
    ("self_signed", "imported", "confirmed"),
    [
        (made(waiting=PEM), thumbprint_of(PEM), True),
        (made(waiting=PEM), thumbprint_of(PEM).replace(":", "").lower(), True),
        (made(waiting=PEM), f"sha256 Fingerprint={thumbprint_of(PEM)}", True),
        (made(waiting=PEM), "AA", False),
        (made(waiting=PEM), "", False),
        (made(waiting=PEM), None, False),
        # what is in use already has no successor to activate
        (made(certificate=PEM), thumbprint_of(PEM), False),
        ({}, "", False),
    ],
)
@pytest.mark.parametrize("accepts", [True, False])
def test_a_successor_comes_into_use_when_it_is_confirmed(
    self_signed: t.Any, imported: str | None, confirmed: bool, accepts: bool
) -> None:
    found = state({"imported": imported}, made=self_signed, providers=[provider(accepts)])
    assert found["confirmed"] is confirmed


def test_first_way_that_changed_something_is_told() -> None:
    assert state(activated={"changed": False}, made={"skipped": True})["given"] == {}
    both = {"activated": {"changed": True, "n": 2}, "made": {"changed": True, "n": 1}}
    assert (state(made=both["made"])["given"]["n"], state(**both)["given"]["n"]) == (1, 2)
    assert state(activated={"changed": False}, made=both["made"])["given"]["n"] == 1


@pytest.mark.parametrize(
    ("seen", "given", "answers"),
    [
        (provider(), "", False),
        (provider(), "AA", False),
        (provider(), "BB", True),
        (provider(accepts=False), "AA", True),
        ({}, "BB", False),
    ],
)
def test_a_given_certificate_is_put_to_use_unless_it_works(seen: t.Any, given: str, answers: bool) -> None:
    assert state({"given": given}, providers=[seen])["answers"] is answers


ENDS = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("identity", "read", "words"),
    [
        ("key_pair", {"providers": [{}]}, ()),
        ("key_pair", {"providers": [provider()]}, ()),
        (
            "key_pair",
            {"providers": [provider(accepts=False)]},
            ("accepts no certificate of vCenter yet: run again with",),
        ),
        ("key_pair", {"providers": [provider(days=10)]}, (f"expires on {ENDS}", "external_kms_private_key_file")),
        ("key_pair", {"providers": [provider(days=10)], "activated": {"changed": True}}, ()),
        ("csr", {"providers": [provider()]}, ()),
        ("csr", {"providers": [provider()], "csr": {"csr": {"pending": False}}}, ()),
        (
            "csr",
            {"providers": [provider()], "csr": {"csr": {"pending": True}}},
            (
                "request in /srv/my kms.csr",
                "-in '/srv/my kms.csr'",
                "-out '/srv/my kms.pem'",
                "the request stays the same",
            ),
        ),
        ("ca", {"providers": [provider(accepts=False)]}, ()),
        ("self_signed", {"providers": [provider()]}, ()),
        ("self_signed", {"providers": [provider(accepts=False)], "made": made(certificate=PEM)}, ("in /srv/a.pem",)),
        (
            "self_signed",
            {"providers": [provider()], "made": made(waiting=PEM)},
            (f"external_kms_imported_thumbprint={thumbprint_of(PEM)}", f"it expires on {ENDS}"),
        ),
        ("self_signed", {"providers": [provider()], "made": made(waiting=PEM), "activated": {"changed": True}}, ()),
        (
            "self_signed",
            {"providers": [provider(accepts=False)], "made": made(waiting=PEM), "finished": provider()},
            (f"external_kms_imported_thumbprint={thumbprint_of(PEM)}",),
        ),
        (
            "self_signed",
            {"providers": [provider(accepts=False)], "made": made(certificate=PEM), "finished": provider()},
            (),
        ),
    ],
)
def test_what_waits_for_somebody_is_said(identity: str, read: t.Any, words: tuple[str, ...]) -> None:
    said = state({"identity": identity}, **read)["waits_for"]
    assert bool(said) is bool(words)
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize("read", ["text", {}, {"servers": "text"}, {"servers": {"results": [{"kmip_server": {}}]}}])
def test_what_the_role_has_not_read_is_refused(read: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="external_kms_state"):
        external_kms_state(read, OPTIONS)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=vcenter", "vcenter"),
        ("C=US,OU=VMware Engineering,O=VMware,CN=vcenter.example.com", "vcenter.example.com"),
        (r"O=a\,CN=no,CN=KMS\, team \+ more", "KMS, team + more"),
        ("CN=a+O=b", "a"),
        ("O=VMware", ""),
        (None, ""),
    ],
)
def test_common_name_of_the_certificate_in_use(subject: str | None, name: str) -> None:
    found = provider(client_certificate={"subject": subject})
    assert state(providers=[found])["common_name"] == name
    # what the dossier keeps is that of the certificate which this run has given
    given = provider(client_certificate={"subject": "CN=given"})
    assert state(providers=[found], finished=given)["name_at_end"] == "given"
    assert state(providers=[found])["name_at_end"] == name
    assert state(providers=[provider(accepts=False, client_certificate={"subject": subject})])["name_at_end"] == ""
    # one that no server accepts needs no successor of the same name
    assert state(providers=[provider(accepts=False, client_certificate={"subject": subject})])["common_name"] == ""
