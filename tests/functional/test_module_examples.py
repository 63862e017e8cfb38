# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples of modules that use each other's results, run as they stand there, but for names of the lab."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, examples

CONNECTION = ("hostname", "username", "password")
DOMAIN = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"  # of the examples
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """With all that examples name."""
    examples.furnish(open_up(lab))
    return lab


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Runs the examples of a module, up to so many, with the connection that the environment names."""

    def call(module: str, names: dict[str, str], most: int | None = None, check: bool = False) -> harness.PlayResult:
        text = importlib.import_module(f"{harness.COLLECTION}.plugins.modules.{module}").EXAMPLES
        for theirs, ours in {"pcc-198-51-100-10": lab.private_cloud, **names}.items():
            text = text.replace(theirs, ours)
        tasks = yaml.safe_load(text)[:most]
        for task in tasks:
            for key in [key for key in task if key.startswith("ovhcloud.vmware_encryption.")]:
                of_vcenter = harness.group_of(key.rpartition(".")[2]) == "vsphere"
                task[key] = {
                    name: one for name, one in (task[key] or {}).items() if not of_vcenter or name not in CONNECTION
                }
        path = tmp_path / "play.yml"
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        done = harness.run_playbook(lab, str(path), tmp_path, check=check)
        assert done.code == 0, done.screen
        return done

    return call


def encrypted(lab: Lab, name: str, provider: str) -> str:
    """Encrypt a VM; its id."""
    result = runner_in(lab)("vm_encryption", selection={"names": [name]}, provider=provider, **FAST)
    assert not result.failed, result.msg
    return str(result["virtual_machines"][0]["moid"])


def test_key_info_takes_the_keys_of_a_folder(lab: Lab, play: Play) -> None:
    add_standard(lab, "okms-prod")
    encrypted(lab, "app-01", "okms-prod")
    play("encryption_key_info", {})
    lab.vcenter.crypto.providers.clear()  # as in another vCenter
    with pytest.raises(AssertionError, match="Fail if it cannot get one of them"):
        play("encryption_key_info", {})


def test_campaign_state_resumes_what_a_killed_run_left(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    add_standard(lab, "okms-prod")
    machine = next(one for one in lab.vcenter.inventory.vms if one.name == "db-01")
    done = play("campaign_state", {"vm-42": machine.reference._moId, "/var/lib/encryption": str(tmp_path)})
    assert done.changed == 3
    assert (machine.power_state, bool(machine.crypto_keys())) == ("poweredOn", True)
    assert not (tmp_path / "state.json").exists()


def test_a_move_takes_the_vms_of_the_old_provider(lab: Lab, play: Play) -> None:
    add_standard(lab, "okms-prod")
    add_standard(lab, "nkp-prod", default=False)
    encrypted(lab, "app-01", "okms-prod")
    play("vm_encryption", {"tags: [backup:proxy]": "tags: [backup:proxy]\n      names: [db-01]"}, most=3)
    (moved,) = [one for one in lab.vcenter.inventory.vms if one.name == "app-01"]
    assert {key.provider for key in moved.crypto_keys()} == {"nkp-prod"}


def test_a_certificate_is_signed_once(lab: Lab, play: Play) -> None:
    okms_id = providers.okms(lab, "okms-eu-west-rbx")
    lab.vcenter.crypto.providers["okms-eu-west-rbx"].identity = None
    names = {DOMAIN: okms_id}
    play("iam_policy", names, most=1)
    first = play("key_provider_client_certificate", names, most=3)
    second = play("key_provider_client_certificate", names, most=3)
    assert (first.changed, second.changed) == (3, 0)


def test_kmip_endpoint_of_a_domain_is_judged_by_its_ca(lab: Lab, play: Play) -> None:
    lab.ovhcloud.new_okms("eu-west-par", "kms-prod-par")
    done = play("private_cloud_kms", {}, most=3)
    assert "127." in done.screen and done.changed == 1
