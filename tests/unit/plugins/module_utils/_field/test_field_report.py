# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a field check from facts: states, values that are alike, names that never get in."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import Sightings, same
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._field.report import FORMAT, report, shown
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._field.servers import (
    rows_of,
    see_tls,
    servers_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.shapes import Shapes
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.field.policies import limit_of

NOW = datetime.datetime(2026, 11, 29, 12, tzinfo=datetime.timezone.utc)


def facts(entry: dict[str, t.Any], **sighting: t.Any) -> dict[str, t.Any]:
    found = [{"id": "one", "reason": "", **sighting}] if sighting else []
    return {
        "catalogue": [{"id": "one", "default": True, "alternatives": [False], "seen_by": "look", **entry}],
        "vcenter": {"field": {"version": "8.0.3", "build": "1", "api_version": "8.0.3.0", "sightings": found}},
        "ovhcloud": {"field": {"sightings": [], "shapes": []}},
    }


@pytest.mark.parametrize(
    ("entry", "sighting", "state", "words"),
    [
        ({}, {"fits": [True]}, "as_assumed", "yes"),
        ({}, {"fits": [False]}, "different", "assumed yes, found no"),
        ({}, {"fits": [1]}, "different", "found 1"),
        ({}, {"fits": []}, "different", "none of the known values"),
        ({}, {"fits": [True, False]}, "not_seen", "fits yes and no"),
        ({}, {"fits": None, "reason": "nothing is there"}, "not_seen", "nothing is there"),
        ({}, {}, "not_seen", "it was not looked at"),
        ({"seen_by": "", "not_seen_because": "it takes a change"}, {"fits": [False]}, "not_seen", "takes a change"),
        ({"default": 30.0}, {"fits": [30]}, "as_assumed", "30.0"),
        ({"default": None}, {"fits": [None]}, "as_assumed", "null"),
        ({"default": ["/a", "/b"]}, {"fits": [["/a"]]}, "different", "assumed /a, /b, found /a"),
    ],
    ids=str,
)
def test_state_of_an_assumption(entry: dict[str, t.Any], sighting: dict[str, t.Any], state: str, words: str) -> None:
    made = report(facts(entry, **sighting), NOW)
    (row,) = json.loads(made["text"])["assumptions"]
    assert row["state"] == state and words in made["lines"][0], made["lines"]
    assert made["counts"][state] == 1


def test_what_was_not_read_is_said_without_its_text() -> None:
    given = {**facts({}), "vcenter": {"msg": "no answer from secret-name", "failure": {"kind": "unreachable"}}}
    made = report(given, NOW)
    assert "vCenter was not read (unreachable)" in made["message"] and "secret-name" not in str(made)
    assert report({**given, "ovhcloud": {}}, NOW)["read"] == []


def test_names_that_pyvmomi_does_not_know_are_a_row() -> None:
    given = facts({}, fits=[True])
    given["vcenter"]["field"]["unknown_names"] = ["fieldOfTomorrow"]
    made = report(given, NOW)
    assert "shape       vCenter (SOAP): unknown names fieldOfTomorrow" in made["lines"]
    assert json.loads(made["text"])["shapes"] == [{"route": "vCenter (SOAP)", "unknown_names": ["fieldOfTomorrow"]}]


def test_a_name_that_got_in_is_hidden() -> None:
    given = facts({}, fits=None, reason="as Planted-Name says")
    made = report({**given, "names": ["planted-name", "as", ""]}, NOW)
    assert "(hidden)" in made["text"] and "lanted" not in str(made) and "as (hidden)" in made["text"]


@pytest.mark.parametrize("name", ["vcenter", "true", "null", "field", "counts", "okms_rsa", "after_vcenter", "8.0.3"])
def test_a_name_that_is_a_word_of_the_report_breaks_nothing(name: str) -> None:
    """A vCenter can have the short name vcenter."""
    given = {**facts({"default": "after_vcenter"}, fits=["after_vcenter"]), "names": [name]}
    first = report(given, NOW)["text"]
    found = json.loads(first)
    assert found["format"] == FORMAT and set(found["vcenter"]) == {"version", "build", "api_version"}
    assert found["assumptions"][0]["found"] == ["after_vcenter"]
    assert report(given, NOW + datetime.timedelta(days=1), first)["text"] == first


def test_the_same_report_keeps_its_time() -> None:
    first = report(facts({}, fits=[True]), NOW)["text"]
    later = NOW + datetime.timedelta(days=1)
    assert report(facts({}, fits=[True]), later, first)["text"] == first
    assert "2026-11-30" in report(facts({}, fits=[False]), later, first)["text"]
    assert "2026-11-30" in report(facts({}, fits=[True]), later, "[1")["text"]


def test_no_text_of_the_report_is_a_template() -> None:
    given = facts({}, fits=["{{ lookup('env', 'HOME') }}"])
    assert "{{" not in report(given, NOW)["text"]
    assert json.loads(report(given, NOW)["text"])["assumptions"][0]["found"][0].startswith("{{")


def test_values_that_are_alike() -> None:
    assert same(30, 30.0) and same("a", "a") and same(None, None)
    assert not same(True, 1) and not same(0, False) and not same("1", 1)
    assert list(map(shown, [True, None, "", [], ["/a"], 3])) == ["yes", "null", "empty", "nothing", "/a", "3"]


def test_several_readings_leave_what_fits_all() -> None:
    seen = Sightings()
    seen.miss("one", "nothing yet")
    seen.see("one", ["by_backup", "green"])
    seen.see("one", ["green", "red"])
    seen.miss("one", "too late")
    with seen.reading("one", "two"):
        raise NotFoundError("planted is not there")
    assert seen.results() == [
        {"id": "one", "fits": ["green"], "reason": ""},
        {"id": "two", "fits": None, "reason": "it could not be read (not_found)"},
    ]


@pytest.mark.parametrize(
    ("limit", "most", "expected"),
    [(None, 500, [0]), (3, 500, [3]), (1, 500, [1]), (100, 500, []), (None, 3, None), (None, 0, None), (2, 500, [])],
)
def test_limit_of_a_question(limit: int | None, most: int, expected: list[int] | None) -> None:
    assert limit_of(lambda number: limit is None or number <= limit, most, (1, 3)) == expected


def test_servers_of_domains_and_of_a_region() -> None:
    rsa = {"kind": "rsa", "host": "a.example.net", "port": 5697, "ca": "PEM"}
    domain = {"kmip_endpoints": {"rsa": rsa, "ecdsa": None}, "rest_endpoint": "https://a.example.net:8443"}
    known = servers_of([domain, domain], [{"kmip_endpoints": {}, "rest_endpoint": "https://b.example.net"}])
    assert [(one["kind"], one["port"]) for one in known] == [("okms_rsa", 5697), ("okms_rest", 8443)]
    assert servers_of([], [{"rest_endpoint": "https://b.example.net"}])[0]["port"] == 443
    answer = {
        "kmip_server": {"tls_version": "TLSv1.2", "key_type": "RSA 2048", "chain": [1, 2], "chain_complete": True}
    }
    rows = rows_of(known, [answer, {"msg": "no answer"}])
    assert [(row["kind"], row["port"], row["reached"]) for row in rows] == [
        ("okms_rest", None, False), ("okms_rsa", 5697, True),
    ]  # fmt: skip
    assert "example" not in str(rows)
    seen = Sightings()
    see_tls(rows, seen)
    assert seen.results()[0]["fits"] == ["TLSv1_2"]


CONTRACTS = {
    "routes": {"/x": "box", "/list": "box[]"},
    "models": {"box": {"state": "word", "tags": "map[string]string", "inner": "box", "count": "long"}, "word": ["on"]},
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"state": "on", "tags": {"customer": "x"}, "inner": None, "count": 1}, {}),
        ({"state": "off_line", "tags": {}, "inner": None, "count": 1}, {"unknown_words": ["state: off_line"]}),
        ({"state": "on 10.0.0.1", "tags": {}, "inner": None, "count": 1}, {"unknown_words": ["state: (not shown)"]}),
        ({"state": "on", "tags": [], "inner": "x", "count": True}, {
            "other_types": ["count: true or false", "inner: text", "tags: a list"],
        }),
        ({"state": "on", "tags": {}, "inner": {"pcc-192": 1}, "count": 1}, {
            "unknown_fields": ["inner.(not shown)"],
            "missing_fields": ["inner.count", "inner.inner", "inner.state", "inner.tags"],
        }),
        ("x", {"other_types": ["the answer: text"]}),
    ],
    ids=str,
)  # fmt: skip
def test_shape_of_an_answer(answer: t.Any, expected: dict[str, list[str]]) -> None:
    for route, given in (("/x", answer), ("/list", [answer, answer])):
        shapes = Shapes(CONTRACTS)
        shapes.add(route, given)
        shapes.add("/unknown", given)
        found = [{kind: words for kind, words in row.items() if words and kind != "route"} for row in shapes.results()]
        assert found == ([expected] if expected else [])
