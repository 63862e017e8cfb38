# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A field check of labs whose settings are turned at random: what was turned is different, and nothing else is."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import random
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._field.report import report
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import field_scene, harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import without
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, assumptions
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud import contract_shapes
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

SEED, ROUNDS = 20261129, 5
OLD = 2  # rounds with a vCenter 7
SEEN = [entry for entry in assumptions() if entry.seen_by and entry.setting]
# the role sees it, see test_role_field_check.py; the region's endpoint has no setting
ELSEWHERE = {"okms-maximum-tls", "region-rsa-endpoint"}
# reading shows only one of the two answers, which the catalogue says
ONLY_OTHER = {"csr-after-use", "default-client-certificate", "destroyed-keys-stay", "empty-provider-remains"}
ONLY_OTHER |= {"policy-users-told"}
ONLY_ASSUMED = {("mixed-keys", False), ("native-unsaved-usable", False), ("finished-tasks-vanish", "at_once")}
# of a user who lacks the privileges
UNPRIVILEGED = {"kmip-servers-privilege", "pbm-permission-fault"}
Turned = dict[str, Assumed]


def deal() -> list[Turned]:
    """The other values of all entries in random rounds, each value once, an entry once a round."""
    source = random.Random(SEED)
    rounds: list[Turned] = [{} for _number in range(ROUNDS)]
    for entry in SEEN:
        places = list(range(ROUNDS))
        if entry.id.startswith("ecdsa-endpoint"):
            places = places[:OLD] if entry.id.endswith("7") else places[OLD:]
        source.shuffle(places)
        for place, value in zip(places, entry.alternatives):
            rounds[place][entry.id] = Assumed(entry.id, entry.setting, value)
    return rounds


DEAL = deal()


def version_of(number: int) -> str:
    return "7.0.2" if number < OLD else "8.0.3"


def settings_of(number: int) -> LabSettings:
    settings = LabSettings(vcenter=VCenterSettings(version=version_of(number)))
    for assumed in DEAL[number].values():
        assumed.put(settings)
    return settings


def invisible(turned: Turned, old: bool) -> set[str]:
    """What this estate cannot show, and why: every other entry must be seen."""
    hidden = {one for one in ONLY_OTHER if one not in turned}
    hidden |= {name for name, value in ONLY_ASSUMED if name in turned and turned[name].value == value}
    hidden.add("ecdsa-endpoint" if old else "ecdsa-endpoint-of-vcenter-7")
    if "object-lists" in turned:
        hidden.add("object-list-refused")
    if "policy-query-limit" in turned:  # the question for all users is refused
        hidden.add("policy-users-told")
    for name in ("ecdsa-endpoint", "ecdsa-endpoint-of-vcenter-7"):
        if name in turned and turned[name].value == "certificate" and "connection-texts" in turned:
            hidden.add(name)  # without a word it could be the firewall
    return hidden


def token(lab: Lab) -> dict[str, t.Any]:
    """The connection of the account without an application key."""
    own = harness.connection(lab, "ovhcloud")
    return {"endpoint": own["endpoint"], "ca_path": own["ca_path"], "access_token": lab.ovhcloud.keys.access_token}


def ask(lab: Lab, module: str, **options: t.Any) -> dict[str, t.Any]:
    """The result of a module that must not have written."""
    mark = lab.journal.mark()
    result = harness.run_module(module, **options)
    assert not result.failed and not result.changed, result.output
    assert lab.journal.writes(mark) == []
    assert "planted" not in result.output and "pcc-" not in result.output, result.output
    assert [secret for secret in lab.secrets() if secret in result.output] == []
    return t.cast("dict[str, t.Any]", result["field"])


def contracts() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(contract_shapes.FILE.read_text(encoding="utf-8")))


def joined(*fields: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """What several runs have seen, as different users or with different credentials."""
    found: dict[str, dict[str, t.Any]] = {}
    for field in fields:
        for one in field["sightings"]:
            if one["fits"] is not None or one["id"] not in found:
                found[one["id"]] = one
    return list(found.values())


def judged(lab: Lab) -> dict[str, dict[str, t.Any]]:
    """The rows of all that can be seen, of users with and without privileges, with and without an application key."""
    vsphere, ovhcloud = harness.connection(lab, "vsphere"), harness.connection(lab, "ovhcloud")
    first = ask(lab, "vcenter_field_info", **vsphere)
    keyed = ask(lab, "ovhcloud_field_info", contracts=contracts(), **ovhcloud)
    with_token = ask(lab, "ovhcloud_field_info", **token(lab))
    without(lab, "Cryptographer.ManageKeyServers", "Cryptographer.ReadKeyServersInfo", "StorageProfile.View")
    second = ask(lab, "vcenter_field_info", **vsphere)
    second["sightings"] = [one for one in second["sightings"] if one["id"] in UNPRIVILEGED]
    catalogue = [dataclasses.asdict(entry) for entry in assumptions()]
    for entry in catalogue:  # as YAML has them
        entry["default"] = list(entry["default"]) if isinstance(entry["default"], tuple) else entry["default"]
    facts = {
        "catalogue": catalogue,
        "vcenter": {"field": {**first, "sightings": joined(first, second)}},
        "ovhcloud": {"field": {**keyed, "sightings": joined(keyed, with_token)}},
    }
    text = report(facts, datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc))["text"]
    return {row["id"]: row for row in json.loads(text)["assumptions"]}


def plain(value: t.Any) -> t.Any:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("number", range(ROUNDS))
def test_what_was_turned_is_different_and_nothing_else(number: int, tmp_path: pathlib.Path) -> None:
    turned = DEAL[number]
    with Lab(settings_of(number)) as lab:
        rows = judged(field_scene.furnish(lab, tmp_path))
    hidden = invisible(turned, number < OLD) | ELSEWHERE
    seen = {entry.id for entry in SEEN} - hidden
    different = {name for name, row in rows.items() if row["state"] == "different"}
    wrong = {name: (rows[name], turned.get(name)) for name in different ^ (set(turned) & seen)}
    assert wrong == {}
    assert {name for name, row in rows.items() if row["state"] == "as_assumed"} - ELSEWHERE == seen - set(turned)
    for name in different:
        assert rows[name]["found"] == [plain(turned[name].value)], rows[name]
    assert all(row["why"] for row in rows.values() if row["state"] == "not_seen")


def test_every_other_value_is_dealt_once() -> None:
    dealt = sorted((one.id, str(one.value)) for turned in DEAL for one in turned.values())
    assert dealt == sorted((entry.id, str(value)) for entry in SEEN for value in entry.alternatives)


def test_the_catalogue_and_the_modules_know_the_same(lab: Lab) -> None:
    """An empty estate: each entry that can be seen has a sighting, seen or not."""
    fields = [ask(lab, "vcenter_field_info", **harness.connection(lab, "vsphere"))]
    fields.append(ask(lab, "ovhcloud_field_info", **harness.connection(lab, "ovhcloud")))
    told = {one["id"] for one in joined(*fields)} | {"okms-maximum-tls"}
    assert told == {entry.id for entry in assumptions() if entry.seen_by}
    assert all(one["fits"] or one["reason"] for one in joined(*fields))
