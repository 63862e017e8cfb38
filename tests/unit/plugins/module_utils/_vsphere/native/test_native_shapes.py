# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Native key providers: health, hosts, names, lost answers and containers, without a vCenter."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    GuardError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.job_container import (
    Surroundings,
    parse_mounts,
    vanishes,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import write_surely
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.tpm import tpm_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.api import (
    checked_name,
    native_health_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.hosts import (
    HostFacts,
    check_tpm,
    host_warnings,
)

NOT_BACKED_UP = {
    "id": "com.vmware.vim.vpxd.encryption.keyProviderNotBackedUp",
    "default_message": "Key provider vnkp requires backup.",
    "args": [],
    "params": {"keyProviderId": {"s": "vnkp"}},
}
FAST = Patience(timeout=1.0, interval=0.0)


@pytest.mark.parametrize(
    ("answer", "settled", "reasons"),
    [
        ({"health": "OK", "details": []}, True, []),
        ({"health": "OK"}, True, []),
        ({"health": "NONE", "details": []}, False, []),
        ({}, False, []),
        ({"health": "WARNING", "details": []}, False, []),
        ({"health": "WARNING", "details": [NOT_BACKED_UP]}, True, ["it was never backed up"]),
        ({"health": "ERROR", "details": [NOT_BACKED_UP]}, True, ["it was never backed up"]),
        (
            {"health": "ERROR", "details": [{"id": "x.y", "default_message": "Host a\n is down."}]},
            True,
            ["Host a is down."],
        ),
        ({"health": "ERROR", "details": [{"id": "x.y", "localized": "Aus."}]}, True, ["Aus."]),
        ({"health": "ERROR", "details": [{}]}, True, ["vCenter gives no reason"]),
    ],
)
def test_health(answer, settled, reasons):
    found = native_health_of(answer)
    assert found.settled is settled
    assert len(found.reasons) == len(reasons)
    assert all(seen.startswith(wanted) for seen, wanted in zip(found.reasons, reasons))


def test_health_in_words():
    assert str(native_health_of({"health": "WARNING", "details": [{"id": "x", "default_message": "Down."}]})) == (
        "WARNING (Down.)"
    )


@pytest.mark.parametrize("name", ["", "  ", "a/b", "/"])
def test_names_that_cannot_be(name):
    with pytest.raises(InvalidInputError, match="name:"):
        checked_name(name)


def test_name_without_its_blanks():
    assert checked_name(" my vnkp ") == "my vnkp"


@pytest.mark.parametrize(
    ("supported", "version", "expected"),
    [
        (None, None, None),
        (False, None, False),
        (True, None, True),
        (True, "2.0", True),
        (True, "1.2", False),
        (False, "2.0", False),
    ],
)
def test_tpm_of_a_host(supported, version, expected):
    values = {"capability.tpmSupported": supported, "capability.tpmVersion": version}
    assert tpm_of(Found(None, {key: value for key, value in values.items() if value is not None})) is expected


def hosts(*facts):
    return [HostFacts(f"host-{number}", f"esx{number}", cluster, tpm) for number, (cluster, tpm) in enumerate(facts, 1)]


def test_hosts_without_tpm_are_counted_and_named():
    found = hosts(("C0", False), ("C0", True), ("C1", False), ("C1", False), ("C1", True), (None, False))
    with pytest.raises(GuardError) as caught:
        check_tpm(found)
    assert caught.value.message.startswith("3 of 5 hosts have no TPM 2.0: esx1, esx3, esx4. With tpm_required: true")
    assert caught.value.details == {"hosts": ["esx1", "esx3", "esx4"]}


def test_many_hosts_are_only_counted():
    with pytest.raises(GuardError, match=r"12 of 12 hosts have no TPM 2.0: esx1, .*esx10 and 2 more\."):
        check_tpm(hosts(*[("C0", False)] * 12))


def test_hosts_that_are_told_or_not():
    found = hosts(("C0", True), ("C0", None), (None, None))
    check_tpm(found)
    assert [line.rpartition(": ")[2] for line in host_warnings(found, True)] == ["esx3", "esx2"]
    assert [line.rpartition(": ")[2] for line in host_warnings(found, False)] == ["esx3"]
    assert host_warnings(found[:1], True) == []


MOUNTS = [
    "22 1 0:21 / / rw,relatime - overlay overlay rw",
    "23 22 0:22 / /proc rw - proc proc rw",
    "24 22 0:23 / /dev/shm rw - tmpfs shm rw",
    "25 22 259:1 /srv /srv/my\\040backups rw shared:1 - ext4 /dev/vda rw",
    "26 22 259:1 /x /runner rw - ext4 /dev/vda rw",
    "a broken line",
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/me/vnkp.p12", True),
        ("/dev/shm/vnkp.p12", True),
        ("/runner/vnkp.p12", True),
        ("/srv/my backups/vnkp.p12", False),
        ("/srv/my backups two/vnkp.p12", True),
    ],
)
def test_files_in_a_container(path, expected):
    around = Surroundings(["JOB_ID"], parse_mounts(MOUNTS))
    assert vanishes(path, around) is expected
    assert vanishes(path, Surroundings([], around.mounts)) is False


def test_container_whose_mounts_cannot_be_read():
    assert vanishes("/srv/vnkp.p12", Surroundings(["JOB_ID"], []))


@pytest.mark.parametrize(
    ("error", "looks"),
    [
        (UnreachableError("lost", maybe_done=True), 1),
        (ApiError("broken", http_status=500), 1),
        (UnreachableError("never sent", maybe_done=False), 0),
        (ApiError("refused", http_status=400), 0),
    ],
)
def test_write_whose_answer_is_lost(error, looks):
    seen = []

    def write():
        raise error

    def took_effect():
        seen.append(1)
        return True

    if looks:
        write_surely(write, took_effect, FAST)
    else:
        with pytest.raises(type(error)) as caught:
            write_surely(write, took_effect, FAST)
        assert caught.value is error
    assert len(seen) == looks


def test_write_that_had_no_effect_tells_its_error():
    error = UnreachableError("lost", maybe_done=True)

    def write():
        raise error

    with pytest.raises(UnreachableError) as caught:
        write_surely(write, lambda: False, FAST)
    assert caught.value is error
