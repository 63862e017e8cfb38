# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options selection and exclude: every kind, their combinations, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.doc_fragments._selection import ModuleDocFragment
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import selection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import (
    KINDS,
    PLACES,
    Known,
    MachineFacts,
    Place,
    Tag,
    apply_selection,
    check_given,
    unmatched_patterns,
    wants_tags,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.static.test_agreement import disagreements

PROD, TEST, GOLD = Tag("env", "prod"), Tag("env", "test"), Tag("tier", "prod")
PLACES_HERE = {
    "folders": [
        Place("group-v3", "vm", "DC0/vm"),
        Place("group-v4", "prod", "DC0/vm/prod"),
        Place("group-v5", "db", "DC0/vm/prod/db"),
        Place("group-v6", "db", "DC0/vm/test/db"),
        Place("group-v7", "a%2fb", "DC0/vm/a%2fb"),
    ],
    "clusters": [Place("domain-c1", "C0", "DC0/host/C0"), Place("domain-c2", "C1", "DC0/host/C1")],
    "resource_pools": [
        Place("resgroup-1", "Resources", "DC0/host/C0/Resources"),
        Place("resgroup-2", "gold", "DC0/host/C0/Resources/gold"),
        Place("resgroup-3", "Resources", "DC0/host/C1/Resources"),
    ],
    "vapps": [
        Place("resgroup-v1", "shop", "DC0/host/C0/Resources/shop", "DC0/vm/prod/shop"),
        Place("resgroup-v2", "cart", "DC0/host/C0/Resources/shop/cart", "DC0/vm/prod/shop/cart"),
        Place("resgroup-v3", "cart", "DC0/host/C1/Resources/cart", "DC0/vm/cart"),
    ],
    "hosts": [Place("host-1", "esx1", "DC0/host/C0/esx1"), Place("host-2", "esx2", "DC0/host/C1/esx2")],
    "datastores": [Place("datastore-1", "ds1", "DC0/datastore/ds1"), Place("datastore-2", "ds2", "DC0/datastore/ds2")],
}
WEB = MachineFacts(
    "vm-1", "web-1", "5000AAAA-1", ["group-v4", "group-v3"], ["domain-c1"], ["resgroup-2", "resgroup-1"],
    ["host-1"], ["datastore-1"], {PROD}, ["resgroup-v2", "resgroup-v1"],
)  # fmt: skip
DB = MachineFacts(
    "vm-2", "db-1", "5000aaaa-2", ["group-v5", "group-v4", "group-v3"], ["domain-c1"], ["resgroup-1"],
    ["host-1"], ["datastore-1", "datastore-2"], {PROD, GOLD},
)  # fmt: skip
DB_TEST = MachineFacts(
    "vm-3", "db-2", "5000aaaa-3", ["group-v6", "group-v3"], ["domain-c2"], ["resgroup-3"],
    ["host-2"], ["datastore-2"], {TEST}, ["resgroup-v3"],
)  # fmt: skip
TWIN_A = MachineFacts("vm-4", "twin", "5000aaaa-4", ["group-v3"])
TWIN_B = MachineFacts("vm-5", "twin", "5000aaaa-5", ["group-v7", "group-v3"])
SLASH = MachineFacts("vm-6", "x%2fy%25", "")
KNOWN = Known([WEB, DB, DB_TEST, TWIN_A, TWIN_B, SLASH], PLACES_HERE, [PROD, TEST, GOLD, Tag("env", "none")])
ALL = ["vm-1", "vm-2", "vm-3", "vm-4", "vm-5", "vm-6"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, ALL),
        ({}, ALL),
        ({"all": True}, ALL),
        ({"names": ["web-1", "db-1"]}, ["vm-1", "vm-2"]),
        ({"names": ["DC0/vm/prod/web-1"]}, ["vm-1"]),
        ({"names": ["/DC0/vm/twin", "DC0/vm/prod/db/db-1/"]}, ["vm-2", "vm-4"]),
        ({"names": ["x/y%"]}, ["vm-6"]),
        ({"names": ["x%2fy%25"]}, ["vm-6"]),
        ({"patterns": ["db-*"]}, ["vm-2", "vm-3"]),
        ({"patterns": ["DB-*", "nothing*"]}, []),
        ({"patterns": ["db-[2-9]", "?eb-1"]}, ["vm-1", "vm-3"]),
        ({"patterns": ["twin"]}, ["vm-4", "vm-5"]),
        ({"patterns": ["web-*", " db-*"]}, ["vm-1", "vm-2", "vm-3"]),
        ({"ids": ["vm-5", "5000aaaa-1", " 5000AAAA-2 "]}, ["vm-1", "vm-2", "vm-5"]),
        ({"names": ["web-1"], "patterns": ["db-*"], "ids": ["vm-4"]}, ["vm-1", "vm-2", "vm-3", "vm-4"]),
        ({"folders": ["vm"]}, ["vm-1", "vm-2", "vm-3", "vm-4", "vm-5"]),
        ({"folders": ["prod"]}, ["vm-1", "vm-2"]),
        ({"folders": ["DC0/vm/prod/db"]}, ["vm-2"]),
        ({"folders": ["/DC0/vm/test/db/"]}, ["vm-3"]),
        ({"folders": ["a/b"]}, ["vm-5"]),
        ({"clusters": ["C1"]}, ["vm-3"]),
        ({"clusters": ["DC0/host/C0"]}, ["vm-1", "vm-2"]),
        ({"resource_pools": ["gold"]}, ["vm-1"]),
        ({"resource_pools": ["DC0/host/C0/Resources"]}, ["vm-1", "vm-2"]),
        ({"vapps": ["shop"]}, ["vm-1"]),
        ({"vapps": ["DC0/vm/prod/shop/cart"]}, ["vm-1"]),
        ({"vapps": ["/DC0/host/C1/Resources/cart/", "shop"]}, ["vm-1", "vm-3"]),
        ({"vapps": ["shop"], "tags": ["test"]}, []),
        ({"vapps": []}, []),
        ({"hosts": ["esx2"]}, ["vm-3"]),
        ({"datastores": ["ds2"]}, ["vm-2", "vm-3"]),
        ({"tags": ["env:prod"]}, ["vm-1", "vm-2"]),
        ({"tags": ["prod"]}, ["vm-1", "vm-2"]),
        ({"tags": ["tier:prod", "test"]}, ["vm-2", "vm-3"]),
        ({"tags": ["none"]}, []),
        # every kind that is given must match
        ({"tags": ["env:prod"], "patterns": ["db*"]}, ["vm-2"]),
        ({"clusters": ["C0"], "datastores": ["ds2"], "folders": ["prod"]}, ["vm-2"]),
        ({"clusters": ["C1"], "tags": ["env:prod"]}, []),
        # of two VMs with one name other criteria leave one, or none
        ({"names": ["twin", "web-1"], "folders": ["a/b"]}, ["vm-5"]),
        ({"names": ["twin"], "clusters": ["C0"]}, []),
        ({"all": True, "hosts": ["esx1"]}, ["vm-1", "vm-2"]),
        # an empty list matches nothing, null is not given
        ({"names": []}, []),
        ({"folders": [], "all": True}, []),
        ({"names": [], "ids": ["vm-1"]}, ["vm-1"]),
        ({"names": None, "folders": None, "all": None}, ALL),
    ],
)
def test_selection(options, expected):
    assert apply_selection(KNOWN, options, None).selected == expected


@pytest.mark.parametrize(
    ("options", "excluded"),
    [
        ({}, []),
        ({"infrastructure": True}, []),
        ({"names": ["twin"]}, ["vm-4", "vm-5"]),
        ({"names": ["DC0/vm/twin"]}, ["vm-4"]),
        ({"folders": ["db"]}, ["vm-2", "vm-3"]),
        ({"resource_pools": ["Resources"]}, ["vm-1", "vm-2", "vm-3"]),
        ({"vapps": ["cart"]}, ["vm-1", "vm-3"]),
        ({"names": []}, []),
        # a list as one text has blanks in it
        ({"patterns": ["web-*", " db-*"]}, ["vm-1", "vm-2", "vm-3"]),
        # one match is enough
        ({"patterns": ["web*"], "tags": ["test"], "ids": ["vm-6"]}, ["vm-1", "vm-3", "vm-6"]),
        ({"clusters": ["C0"], "hosts": ["esx2"], "datastores": ["ds1"]}, ["vm-1", "vm-2", "vm-3"]),
    ],
)
def test_exclusion(options, excluded):
    choice = apply_selection(KNOWN, None, options)
    assert choice.excluded == excluded
    assert sorted(choice.selected + choice.excluded) == ALL


def test_exclusion_leaves_one_of_two_with_the_same_name():
    choice = apply_selection(KNOWN, {"names": ["twin"]}, {"ids": ["vm-4"]})
    assert (choice.selected, choice.excluded) == (["vm-5"], ["vm-4"])


def test_excluded_are_only_those_that_were_selected():
    choice = apply_selection(KNOWN, {"clusters": ["C0"]}, {"patterns": ["db-*"]})
    assert (choice.selected, choice.excluded) == (["vm-1"], ["vm-2"])


@pytest.mark.parametrize("where", ["selection", "exclude"])
@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"names": ["web-1", "web-9", "WEB-1"]}, ["VM web-9", "VM WEB-1"]),
        ({"names": [""], "ids": [""]}, ["VM ", "VM id "]),
        ({"ids": ["vm-99"]}, ["VM id vm-99"]),
        ({"folders": ["nowhere", "DC0/vm/nowhere"]}, ["folder nowhere", "folder DC0/vm/nowhere"]),
        ({"clusters": ["C9"]}, ["cluster C9"]),
        ({"resource_pools": ["silver"]}, ["resource pool silver"]),
        ({"vapps": ["checkout"]}, ["vApp checkout"]),
        ({"hosts": ["esx9"]}, ["host esx9"]),
        ({"datastores": ["ds9"]}, ["datastore ds9"]),
        ({"tags": ["env:gold", "gold"]}, ["tag env:gold", "tag gold"]),
        ({"names": ["no"], "hosts": ["no"], "tags": ["no"]}, ["VM no", "host no", "tag no"]),
    ],
)
def test_what_does_not_exist_is_named(where, options, absent):
    with pytest.raises(NotFoundError) as caught:
        apply_selection(KNOWN, options if where == "selection" else None, options if where == "exclude" else None)
    assert caught.value.details == {"not_found": absent}
    assert (
        caught.value.message.startswith(f"{where} names objects that do not exist") and "\n" not in caught.value.message
    )


@pytest.mark.parametrize(
    ("options", "unclear"),
    [
        ({"names": ["twin"]}, ["VM twin (vm-4 at DC0/vm/twin, vm-5 at DC0/vm/a%2fb/twin)"]),
        ({"names": ["twin"], "folders": ["vm"]}, ["VM twin (vm-4 at DC0/vm/twin, vm-5 at DC0/vm/a%2fb/twin)"]),
        ({"folders": ["db"]}, ["folder db (DC0/vm/prod/db, DC0/vm/test/db)"]),
        (
            {"resource_pools": ["Resources"]},
            ["resource pool Resources (DC0/host/C0/Resources, DC0/host/C1/Resources)"],
        ),
    ],
)
def test_what_is_not_clear_is_named(options, unclear):
    with pytest.raises(AmbiguousError) as caught:
        apply_selection(KNOWN, options, None)
    assert caught.value.details == {"ambiguous": unclear}
    assert unclear[0] in caught.value.message


@pytest.mark.parametrize("options", [None, {}, {"all": False}, dict.fromkeys(KINDS)])
def test_nothing_given_is_refused(options):
    with pytest.raises(InvalidInputError, match="all: true"):
        check_given(options)


@pytest.mark.parametrize("options", [{"all": True}, *({kind: []} for kind in KINDS)])
def test_something_given_is_accepted(options):
    check_given(options)


def test_tags_are_only_read_when_asked_for():
    assert not wants_tags(None, None)
    assert not wants_tags({"names": ["a"], "tags": []}, {"tags": None})
    assert wants_tags({"tags": ["a"]}, None) and wants_tags(None, {"tags": ["a"]})


@pytest.mark.parametrize(("options", "spared"), [(None, True), ({}, True), ({"infrastructure": False}, False)])
def test_infrastructure_is_spared_unless_told_otherwise(options, spared):
    assert selection.spares_infrastructure(options) is spared


def test_the_documentation_fragment_mirrors_the_options():
    spec = {**selection.selection().options, **selection.exclude().options}
    assert disagreements(spec, yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]) == []
    assert set(spec["selection"]["options"]) == {"all", *KINDS} and set(PLACES) < set(KINDS)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, []),
        ({"patterns": None}, []),
        ({"patterns": ["db-*", " web-1"]}, []),
        ({"patterns": ["web-1, db-1", "db-*", "DB-*"]}, ["web-1, db-1", "DB-*"]),
    ],
)
def test_patterns_that_no_vm_matches_are_known(options: t.Any, expected: list[str]) -> None:
    assert unmatched_patterns(KNOWN, options) == expected
