# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter certificate_renewal_plan: what is due, who can renew it, and what fails the job."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.certificate_renewal_plan import FilterModule

certificate_renewal_plan = FilterModule().filters()["certificate_renewal_plan"]
DOMAIN = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
Facts = dict[str, t.Any]


def certificate(left: int = 300, subject: str = "CN=vcenter", sha256: str = "AA", days: int = 365) -> Facts:
    """vCenter's, or a server's."""
    ends = {365: "2027-01-01T00:00:00Z", 90: "2026-04-01T00:00:00Z"}[days]
    return {
        **{"subject": subject, "sha256": sha256, "days_left": left},
        **{"not_before": "2026-01-01T00:00:00Z", "not_after": ends},
    }


def connection(trusts: bool = True, accepts: bool = True, status: str = "green", left: int | None = 60) -> Facts:
    """Between vCenter and the server kms-a; without days the server was not reached."""
    return {
        **{"name": "kms-a", "status": status, "vcenter_trusts_server": trusts, "server_trusts_vcenter": accepts},
        "certificate": None if left is None else certificate(left, days=90),
    }


def provider(name: str = "team", **more: t.Any) -> Facts:
    """As key_provider_info returns it."""
    servers = [{"name": "kms-a", "address": "kms.example.com", "port": 5696}]
    return {
        **{"name": name, "type": "standard", "servers": servers, "connections": [connection()]},
        **{"client_certificate": certificate(), **more},
    }


EXTERNAL = {"told": True, "provider": "team", "private_cloud": "pcc-1", "identity": "ca", "given": ""}
OWN_OKMS = {"told": True, "provider": "team", "private_cloud": "pcc-1", "id": "", "given": ""}
IN_DOSSIER = {"providers": {"team": {"role": "okms", "okms": {"id": DOMAIN}, "variables": {"okms_private_cloud": "p"}}}}
BY_OKMS = certificate(subject=f"CN={DOMAIN}")
LISTED = {"results": [{"item": DOMAIN, "credentials": [{"id": "c", "certificate_sha256": "AA", "status": "READY"}]}]}


def plan(*providers: Facts, options: Facts | None = None, **read: t.Any) -> Facts:
    """The plan for these."""
    found = {"info": {"key_providers": list(providers)}, **read}
    return t.cast(Facts, certificate_renewal_plan(found, options or {}))


def row(*providers: Facts, options: Facts | None = None, **read: t.Any) -> Facts:
    """The only row of the plan."""
    (found,) = plan(*providers, options=options, **read)["providers"]
    return t.cast(Facts, found)


@pytest.mark.parametrize(
    ("found", "read", "expected"),
    [
        (provider(), {}, ("", "", "")),
        (provider(), {"external_kms": EXTERNAL}, ("external_kms", "variables", "pcc-1")),
        (provider(), {"external_kms": {**EXTERNAL, "told": False}}, ("", "", "")),
        (provider("other"), {"external_kms": EXTERNAL}, ("", "", "")),
        (provider(), {"okms": OWN_OKMS}, ("okms", "variables", "pcc-1")),
        (provider(), {"dossier": IN_DOSSIER}, ("okms", "dossier", "p")),
        # what somebody types now counts more than what was written down
        (provider(), {"dossier": IN_DOSSIER, "external_kms": EXTERNAL}, ("external_kms", "variables", "pcc-1")),
        (provider(), {"dossier": IN_DOSSIER, "okms": {**OWN_OKMS, "named": "team"}}, ("okms", "variables", "pcc-1")),
        (provider(), {"dossier": IN_DOSSIER, "okms": OWN_OKMS}, ("okms", "dossier", "p")),
        (provider(client_certificate=BY_OKMS), {"credentials": LISTED}, ("okms", "certificate", "")),
        # a KMS of one's own may have such names too
        (provider(client_certificate=BY_OKMS), {}, ("", "", "")),
        (provider(), {"dossier": {"providers": {"team": {"role": "native_key_provider"}}}}, ("", "", "")),
    ],
)
def test_who_knows_how_it_is_renewed(found: Facts, read: Facts, expected: tuple[str, str, str]) -> None:
    way = row(found, **read)
    assert (way["role"], way["source"], way["private_cloud"]) == expected
    # the option of the role counts more than what others say
    assert row(found, options={"private_cloud": "mine"}, **read)["private_cloud"] == "mine"


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({}, []),
        ({"client_certificate": certificate(121)}, []),
        ({"client_certificate": certificate(120)}, ["expires on 2027-01-01T00:00:00Z, in 120 days"]),
        ({"client_certificate": None}, ["no certificate"]),
        ({"connections": [connection(accepts=False, status="red")]}, ["kms-a refuses"]),
        ({"connections": [connection(trusts=False, accepts=False, status="red")]}, ["does not trust"]),
        # a renewal does not repair a server that is down
        ({"connections": [connection(False, False, "red", left=None)]}, []),
        ({"connections": None}, []),
    ],
)
def test_what_is_due_between_vcenter_and_its_kms(change: Facts, due: list[str]) -> None:
    found = row(provider(**change), external_kms=EXTERNAL)
    assert len(found["due"]) == len(due) and all(word in said for word, said in zip(due, found["due"]))
    assert (found["renewable"], found["waits"]) == (True, "")


@pytest.mark.parametrize(
    ("thumbprint", "address", "due"),
    [("SHA1", "192.0.2.1", 0), ("OLD", "192.0.2.1", 1), ("OLD", "192.0.2.9", 0)],
)
def test_kms_entries_are_compared_by_address(thumbprint: str, address: str, due: int) -> None:
    seen = {"host": "kms.example.com", "port": 5696, "by_address": [{"address": "192.0.2.1", "sha1": "SHA1"}]}
    silent = {"failure": {"kind": "unreachable"}, "msg": "kms-b does not answer"}
    entry = {"ip": address, "thumbprint": thumbprint}
    read: Facts = {
        "servers": {"results": [{"kmip_server": seen}, {"kmip_server": {**seen, "port": 1}}, silent]},
        "clouds": {"results": [{"item": "pcc-1", "private_clouds": [{"encryption": {"kms": [entry]}}]}]},
    }
    found = plan(provider(), external_kms=EXTERNAL, **read)
    assert len(found["providers"][0]["due"]) == due
    assert found["remaining"] == ["not compared with its KMS entries: kms-b does not answer"]
    assert found["failures"] == []


@pytest.mark.parametrize(
    ("read", "options", "renewable", "words"),
    [
        ({}, {}, False, "nobody says how"),
        ({"okms": {**OWN_OKMS, "private_cloud": ""}}, {}, False, "certificate_renewal_private_cloud"),
        ({"okms": OWN_OKMS}, {}, False, "names no OKMS domain"),
        ({"okms": {**OWN_OKMS, "id": DOMAIN}}, {}, True, ""),
        ({"external_kms": EXTERNAL}, {}, True, ""),
        ({"external_kms": {**EXTERNAL, "identity": "csr"}}, {}, True, "external_kms_certificate_file"),
        ({"external_kms": {**EXTERNAL, "identity": "key_pair"}}, {}, True, "external_kms_private_key_file"),
        ({"external_kms": {**EXTERNAL, "identity": "self_signed"}}, {}, True, "external_kms_imported_thumbprint"),
    ],
)
def test_what_somebody_has_to_do_is_told(read: Facts, options: Facts, renewable: bool, words: str) -> None:
    found = plan(provider(client_certificate=certificate(100)), options=options, **read)
    (only,) = found["providers"]
    assert (only["renewable"], bool(only["waits"])) == (renewable, bool(words)) and words in only["waits"]
    assert len(found["remaining"]) == bool(words)
    # nobody is asked before something is due
    assert row(provider(), options=options, **read)["waits"] == ""


@pytest.mark.parametrize(
    ("given", "identity", "due"),
    [("BB", "csr", 1), ("BB", "key_pair", 1), ("AA", "csr", 0), ("", "csr", 0), ("BB", "ca", 0)],
)
def test_a_given_certificate_that_is_not_in_use_is_due(given: str, identity: str, due: int) -> None:
    told = {**EXTERNAL, "identity": identity, "given": given}
    assert len(row(provider(), external_kms=told)["due"]) == due


def in_dossier(**identities: str) -> Facts:
    """A dossier with key providers on a KMS of one's own, each with its identity."""
    held = {
        name: {"role": "external_kms", "variables": {"external_kms_identity": how}} for name, how in identities.items()
    }
    return {"providers": held}


UNNAMED = {"told": False, "provider": "external-kms", "named": "", "given": "BB"}
SERVERS = {**UNNAMED, "told": True, "given": ""}


@pytest.mark.parametrize(
    ("told", "identities", "due", "mixed"),
    [
        (UNNAMED, {"team": "key_pair"}, {"team"}, set()),
        # whose certificate it is, nobody knows
        (UNNAMED, {"team": "key_pair", "other": "csr"}, set(), {"team", "other"}),
        (UNNAMED, {"team": "key_pair", "other": "ca"}, {"team"}, set()),
        ({**UNNAMED, "named": "team"}, {"team": "key_pair", "other": "csr"}, {"team"}, {"other"}),
        ({**UNNAMED, "given": ""}, {"team": "key_pair", "other": "csr"}, set(), set()),
        (SERVERS, {"team": "ca"}, set(), set()),
        (SERVERS, {"team": "ca", "other": "ca"}, set(), {"team", "other"}),
        ({**SERVERS, "named": "other"}, {"team": "ca", "other": "ca"}, set(), {"team"}),
    ],
)
def test_variables_of_one_kms_do_not_reach_another(
    told: Facts, identities: Facts, due: set[str], mixed: set[str]
) -> None:
    found = plan(*map(provider, identities), dossier=in_dossier(**identities), external_kms=told)
    assert {one["name"] for one in found["providers"] if one["due"]} == due
    assert {one["name"] for one in found["providers"] if one["mixed"]} == mixed
    assert all("certificate_renewal_providers" in one["mixed"] for one in found["providers"] if one["mixed"])
    unknown = bool(told["given"] and mixed and not told["named"])
    assert [("may be for team or other" in said) for said in found["remaining"]] == [True] * unknown
    # one at a time, it is clear
    one = row(
        *map(provider, identities), dossier=in_dossier(**identities), external_kms=told, options={"providers": ["team"]}
    )
    assert (one["mixed"] == "") == (told["named"] in ("", "team"))


@pytest.mark.parametrize(
    ("option", "paths", "identities", "mixed"),
    [
        ("csr_output_path", ("/a.csr", "/a.csr"), {"team": "csr", "other": "csr", "third": "ca"}, {"team", "other"}),
        ("csr_output_path", ("/one.csr", "/another.csr"), {"team": "csr", "other": "csr"}, set()),
        ("csr_output_path", ("", ""), {"team": "csr", "other": "csr"}, set()),
        ("csr_output_path", ("/a.csr", "/a.csr"), {"team": "csr", "other": "ca"}, set()),
        ("certificate_output_path", ("/a.pem", "/a.pem"), {"team": "self_signed", "other": "ca"}, {"team", "other"}),
        ("certificate_output_path", ("/a.pem", "/a.pem"), {"team": "key_pair", "other": "key_pair"}, set()),
    ],
)
def test_one_file_does_not_hold_what_is_for_two(
    option: str, paths: tuple[str, str], identities: Facts, mixed: set[str]
) -> None:
    told = {**UNNAMED, "given": "", "outputs": [{option: path} for path in paths]}
    read = {"dossier": in_dossier(**identities), "external_kms": told}
    found = plan(*map(provider, identities), **read)["providers"]
    assert {one["name"] for one in found if one["mixed"]} == mixed
    assert all(f"external_kms_{option} is one file, {paths[0]}" in one["mixed"] for one in found if one["mixed"])
    assert row(*map(provider, identities), options={"providers": ["team"]}, **read)["mixed"] == ""


@pytest.mark.parametrize(("okms_id", "mixed"), [("", False), (DOMAIN, False), ("another-domain", True)])
def test_the_domain_of_one_provider_does_not_reach_another(okms_id: str, mixed: bool) -> None:
    found = row(provider(), dossier=IN_DOSSIER, okms={"told": False, "named": "", "id": okms_id})
    assert (found["okms_id"], bool(found["mixed"])) == (DOMAIN, mixed)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {}, []),
        ({"client_certificate": certificate(30)}, {}, []),
        (
            {"client_certificate": certificate(29)},
            {},
            ["vCenter's certificate expires on 2027-01-01T00:00:00Z, in 29 days"],
        ),
        ({"client_certificate": certificate(29)}, {"fail_below": "10"}, []),
        ({"client_certificate": certificate(100)}, {"fail_below": 101}, ["in 100 days"]),
        # a tenth of the 90 days of the server's certificate, whatever the role is told
        ({"connections": [connection(left=9)]}, {"fail_below": 0}, []),
        ({"connections": [connection(left=8)]}, {"fail_below": 0}, ["kms-a has a certificate that expires on"]),
        ({"client_certificate": None}, {}, []),
        ({"client_certificate": None, "connections": [connection(status="red")]}, {}, ["no certificate"]),
    ],
)
def test_what_ends_soon_fails_the_job(change: Facts, options: Facts, words: list[str]) -> None:
    alarms = plan(provider(**change), options=options, external_kms=EXTERNAL)["alarms"]
    assert len(alarms) == len(words) and all(word in said for word, said in zip(words, alarms))


@pytest.mark.parametrize(
    ("asked", "lost", "alarm", "told"),
    [
        (0, [], "", ""),
        (2, [], "", ""),
        (2, ["1: refused", "2: refused"], "team: vCenter gets none of the 2 keys in use, such as 1: refused", ""),
        # of many keys, one may be lost for good; the certificate works
        (2, ["1: gone"], "", "team: vCenter does not get 1 of 2 keys in use, such as 1: gone"),
    ],
)
def test_keys_in_use_that_vcenter_does_not_get(asked: int, lost: list[str], alarm: str, told: str) -> None:
    found = plan(provider(keys_in_use={"asked": asked, "unavailable": lost}), external_kms=EXTERNAL)
    assert (found["alarms"], found["remaining"]) == ([alarm] if alarm else [], [told] if told else [])


@pytest.mark.parametrize(
    ("connections", "alarm"),
    [
        ([connection(accepts=False, status="red")], "the KMIP server kms-a refuses vCenter's certificate"),
        ([connection(), connection(accepts=False, status="red")], "refuses"),
        ([connection(False, False, "red")], "vCenter does not trust the certificate of the KMIP server kms-a"),
        # a run that follows corrects the trust; until then the other server gives the keys
        ([connection(), connection(False, False, "red")], ""),
        ([connection(), connection(False, False, "red", left=None)], ""),
    ],
)
def test_what_does_not_work_now_fails_the_job(connections: list[Facts], alarm: str) -> None:
    found = provider(connections=connections)
    for read in ({}, {"external_kms": EXTERNAL}):
        alarms = plan(found, **read)["alarms"]
        assert len(alarms) == bool(alarm) and alarm in "".join(alarms)
    # in check mode, what a run would repair is to do
    assert plan(found, options={"check": True}, external_kms=EXTERNAL)["alarms"] == []
    assert len(plan(found, options={"check": True})["alarms"]) == bool(alarm)


@pytest.mark.parametrize("kind", ["credentials", "clouds"])
def test_a_module_that_ends_without_an_answer_is_told(kind: str) -> None:
    crashed = {"results": [{"item": DOMAIN, "msg": "MODULE FAILURE", "failed": False}]}
    assert plan(provider(), **{kind: crashed})["failures"] == ["MODULE FAILURE"]


def test_a_private_cloud_that_is_not_there_is_told() -> None:
    found = plan(provider(), clouds={"results": [{"item": "pcc-typo", "private_clouds": []}]})["failures"]
    assert len(found) == 1 and "no private cloud pcc-typo" in found[0]


def test_other_kinds_and_unwanted_ones_are_left_out() -> None:
    native = {"name": "nkp", "type": "native"}
    everything = plan(provider(), provider("other"), native)
    assert [one["name"] for one in everything["providers"]] == ["team", "other"]
    some = plan(provider(), provider("other"), native, options={"providers": ["other", "nkp", "gone"]})
    assert ([one["name"] for one in some["providers"]], some["missing"]) == (["other"], ["nkp", "gone"])
    assert everything["servers"] == [{"host": "kms.example.com", "port": 5696}]


def test_what_is_read_next_follows_from_the_providers() -> None:
    found = plan(provider(client_certificate=BY_OKMS), provider("b"), options={"private_cloud": "pcc-1"})
    assert (found["domains"], found["clouds"]) == ([DOMAIN], ["pcc-1"])
    # a KMS of one's own is no domain, whatever its certificates are called
    assert plan(provider(client_certificate=BY_OKMS), external_kms=EXTERNAL)["domains"] == []


def test_results_become_steps_and_failures() -> None:
    results = {"team": {"renewed": {"changed": True}, "corrected": {"changed": False}, "failure": ""}}
    found = plan(provider(), external_kms=EXTERNAL, results=results)
    assert [step["result"] for step in found["steps"]] == [{"changed": True}, {"changed": False}]
    failed = {"team": {"renewed": {"failed": True}, "failure": "the KMS said no"}}
    refused = {"results": [{"item": DOMAIN, "failure": {"kind": "forbidden"}, "msg": "no right"}]}
    found = plan(provider(client_certificate=BY_OKMS), results=failed, credentials=refused)
    assert found["failures"] == ["no right", "team: the KMS said no"]
    unknown = {"results": [{"item": DOMAIN, "failure": {"kind": "not_found"}, "msg": "no such domain"}]}
    assert plan(provider(client_certificate=BY_OKMS), credentials=unknown)["failures"] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"description": "by hand"}, True),
        ({"description": None}, True),
        ({"from_csr": False}, True),
        ({}, False),  # the role revokes it
        ({"description": "by hand", "status": "DELETING"}, False),
        ({"description": "by hand", "id": "other"}, False),
    ],
)
def test_a_replaced_credential_of_somebody_else_is_told(change: Facts, told: bool) -> None:
    purpose = "vCenter of p, key provider team"
    new = {"id": "c", "certificate_sha256": "AA", "status": "READY", "description": f"{purpose}, replaces old"}
    old = {
        "id": "old",
        "certificate_sha256": "B",
        "status": "READY",
        "from_csr": True,
        "description": purpose,
        **change,
    }
    listed = {"results": [{"item": DOMAIN, "credentials": [new, old]}]}
    found = plan(provider(), dossier=IN_DOSSIER, credentials=listed)
    assert [("old was replaced" in said, "okms_credential" in said) for said in found["remaining"]] == [
        (True, True)
    ] * told


def test_what_waits_is_not_done() -> None:
    told = {**EXTERNAL, "identity": "csr"}
    results = {"team": {"renewed": {"changed": False}}}
    found = plan(provider(client_certificate=certificate(100)), external_kms=told, results=results)
    assert (found["steps"][0]["result"], found["steps"][0]["idle"]) == ({}, found["providers"][0]["waits"])


def test_input_without_providers_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="no info"):
        certificate_renewal_plan({}, {})
