# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook field_check: only reads, says what differs, and neither file nor screen has a name in it."""

from __future__ import annotations

import json
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import field_scene, harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_field_check import ROUNDS, settings_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.like import like

Report = dict[str, t.Any]


class Checked:
    """Runs of the playbook against one lab."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self.folder = lab, folder
        self.path = folder / "reports/field.json"

    def play(self, check: bool = False, **options: t.Any) -> harness.PlayResult:
        """One run, which must not write anywhere but to its file."""
        mark = self.lab.journal.mark()
        given = {f"field_check_{key}": value for key, value in {"report_path": str(self.path), **options}.items()}
        done = harness.run_playbook(self.lab, "field_check", self.folder, check, **given)
        assert self.lab.journal.writes(mark) == []
        return done

    @property
    def report(self) -> Report:
        return t.cast("Report", json.loads(self.path.read_text()))

    def states(self) -> dict[str, str]:
        return {row["id"]: row["state"] for row in self.report["assumptions"]}


def names_in(lab: Lab) -> list[str]:
    """Everything that a customer would call a name, an address or an id."""
    state, inventory = lab.ovhcloud.state, lab.vcenter.inventory
    clouds = state.pccs.values()
    found = ["planted", *state.pccs, *state.okms, *lab.secrets(), lab.vcenter.settings.instance_uuid]
    found += [state.account.nichandle, lab.vcenter_username, lab.vsphere_user_name + "@", "vcenter-kmip"]
    found += [one.name for one in (*inventory.vms, *inventory.hosts)]
    found += [str(order) for order in state.orders] + [str(number) for cloud in clouds for number in cloud.tasks]
    found += [entry.ip for cloud in clouds for entry in cloud.kms.values()]
    found += lab.okms_addresses(lab.region)
    found += [key for domain in state.okms.values() for key in (*domain.service_keys, *domain.credentials)]
    return [one for one in found if len(one) > 3]


@pytest.mark.oldest("role field_check", "check", "first", "second")
def test_field_check_of_an_estate(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Checked(field_scene.furnish(lab, tmp_path), tmp_path)
    planned = site.play(check=True)
    assert (planned.code, planned.failed, site.path.exists()) == (0, 0, False), planned.screen
    first = site.play()
    assert (first.code, first.failed) == (0, 0) and first.changed > 0, first.screen
    found = site.report
    assert stat.S_IMODE(site.path.stat().st_mode) == 0o600
    table = [line for line in first.screen.splitlines() if "as assumed " in line or "not seen " in line]
    assert len(table) >= len(found["assumptions"]) and all(line in planned.screen for line in table)
    assert found["counts"]["different"] == 0, found["assumptions"]
    assert first.facts("field_check")["counts"] == found["counts"]
    ports = {row["kind"]: row["port"] for row in found["servers"] if row["port"]}
    assert ports == {"okms_rsa": 5697, "okms_ecdsa": 5696}
    assert all(row["reached"] and row["certificates"] == 2 for row in found["servers"] if row["port"]), found["servers"]
    assert site.states()["okms-maximum-tls"] == "as_assumed"
    for text in (site.path.read_text(), first.screen, planned.screen, json.dumps(first.artifacts)):
        seen = text.replace(str(site.path), "")  # the user typed it
        assert [name for name in names_in(lab) if name in seen] == []
    again = site.play()
    assert (again.code, again.changed) == (0, 0), again.screen
    assert site.report == found
    checked = site.play(check=True)
    assert (checked.code, checked.changed) == (0, 0), checked.screen


def test_one_private_cloud_and_another_tls(tmp_path: pathlib.Path) -> None:
    with Lab(LabSettings(okms_maximum_tls="TLSv1_2")) as lab:
        site = Checked(field_scene.furnish(lab, tmp_path), tmp_path)
        lab.ovhcloud.newer["GET /dedicatedCloud/{serviceName}"] = lambda answer: {**answer, "planetName": "planted"}
        done = site.play(private_cloud=lab.private_cloud)
        assert done.code == 0, done.screen
        assert {name for name, state in site.states().items() if state == "different"} == {"okms-maximum-tls"}
        (row,) = [row for row in site.report["shapes"] if row["route"] == "/dedicatedCloud/{}"]
        assert row["unknown_fields"] == ["planetName"] and "planetName" in done.screen
        assert "planted" not in site.path.read_text() and lab.private_cloud not in site.path.read_text()


def test_a_system_that_cannot_be_read_is_not_seen(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Checked(lab, tmp_path)
    real = lab.vcenter.authenticate
    lab.vcenter.authenticate = lambda _login, _password: None
    done = site.play()
    assert done.code == 0 and "vCenter was not read (authentication)" in done.screen, done.screen
    rows = {row["id"]: row for row in site.report["assumptions"]}
    row = rows["native-status"]
    assert (row["state"], row["why"]) == ("not_seen", "vCenter was not read (authentication)")
    assert rows["object-lists"]["state"] == "as_assumed"
    lab.vcenter.authenticate = real
    done = site.play(private_cloud="pcc-203-0-113-9")
    assert done.code == 0 and site.report["counts"]["different"] == 0
    names: dict[str, t.Any] = {"ovhcloud_application_key": "wr0ng", "vcenter_password": "wr0ng"}
    refused = harness.run_playbook(lab, "field_check", tmp_path, **names)
    assert refused.code != 0 and "neither vCenter nor OVHcloud can be read" in " ".join(refused.screen.split())
    assert refused.facts("field_check")["outcome"] == "failed"


def test_a_lab_like_a_file_says_the_same(tmp_path: pathlib.Path) -> None:
    """Twice around: what was seen of one lab is what is seen of another one that was made from the file."""
    number = ROUNDS - 1
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    with Lab(settings_of(number)) as lab:
        one = Checked(field_scene.furnish(lab, tmp_path / "first"), tmp_path / "first")
        assert one.play().code == 0
        found = one.report
    assert found["counts"]["different"] > 5
    made = like(one.path)
    assert made.left == []
    with Lab(made.settings) as lab:
        other = Checked(field_scene.furnish(lab, tmp_path / "second"), tmp_path / "second")
        assert other.play().code == 0
        assert {**other.report, "generated_at": ""} == {**found, "generated_at": ""}
