# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin private_clouds, in an ansible-inventory of its own against the lab."""

from __future__ import annotations

import concurrent.futures
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.inventory.inventory_helpers import (
    CLOUDS,
    Listed,
    cached,
    inventory,
    source,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value

CLOUD = "pcc-192-0-2-10"
NONE: dict[str, str] = {}  # no variables: what is used comes from the file


def requests(lab: Lab, since: int) -> list[str]:
    return [entry.operation for entry in lab.journal.entries("ovhcloud", since=since)]


def add_clouds(lab: Lab, count: int) -> list[str]:
    """So many private clouds in all; their names."""
    for number in range(1, count):
        lab.ovhcloud.add_private_cloud(f"pcc-198-51-100-{number}")
    return sorted(lab.ovhcloud.state.pccs)


def account(lab: Lab, name: str, **options: t.Any) -> dict[str, t.Any]:
    """An account of the file, by its service account."""
    client = {"client_id": lab.client_id, "client_secret": lab.client_secret, "token_url": lab.token_url}
    return {"name": name, "endpoint": lab.ovh_endpoint, "ca_path": str(lab.ca_path), **client, **options}


def without_secrets(lab: Lab, listed: Listed, folder: pathlib.Path) -> None:
    """No secret is in what was shown or kept."""
    kept = "".join(path.read_text() for path in (folder / "cache").glob("**/*") if path.is_file())
    shown = listed.output + listed.said + kept
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in shown] == []


@pytest.mark.oldest("inventory private_clouds", "life")
def test_facts_of_one_account_in_few_requests(lab: Lab, tmp_path: pathlib.Path) -> None:
    domain = lab.ovhcloud.new_okms(lab.region, "kms-prod")
    lab.give_encryption_right()
    lab.ovhcloud.state.pccs[CLOUD].datacenter_range = "ESSENTIALS"
    file = source(
        tmp_path,
        CLOUDS,
        keyed_groups=[{"key": "private_cloud.location", "prefix": "location"}],
        groups={"with_rights": "private_cloud.encryption_users | length > 0", "none": "false"},
        compose={"release": "private_cloud.version.major"},
        strict=True,
    )
    mark = lab.journal.mark()
    listed = inventory(lab, file)
    assert (listed.code, listed.said) == (0, "")
    assert len(requests(lab, mark)) == 4 + 1 + 4  # clock, account, names, domains; the service; its parts
    cloud = listed.hosts[CLOUD]["private_cloud"]
    assert (cloud["vcenter_host"], cloud["vcenter_port"]) == (lab.vcenter_hostname, lab.vcenter_port)
    assert cloud["account"] == cloud["account_name"] == lab.ovhcloud.state.account.nichandle
    assert (cloud["location"], cloud["commercial_range"], cloud["version"]["major"]) == ("rbx2a", "2020", "8.0")
    assert cloud["encryption"] == {"state": "disabled", "kms": []}
    assert cloud["encryption_users"] == [lab.vcenter_username]
    assert [one["commercial_name"] for one in cloud["datacenters"]] == ["ESSENTIALS"]
    assert cloud["end_of_support"] == "2027-06-30"
    assert [one["id"] for one in cloud["okms_domains"]] == [domain.okms_id]
    assert listed.group("location_rbx2a") == listed.group("with_rights") == [CLOUD]
    assert listed.hosts[CLOUD]["release"] == "8.0"
    assert listed.hosts[CLOUD]["preflight_private_cloud"] == CLOUD
    without_secrets(lab, listed, tmp_path)


def test_graph_shows_the_groups(lab: Lab, tmp_path: pathlib.Path) -> None:
    file = source(tmp_path, CLOUDS, keyed_groups=[{"key": "private_cloud.location", "prefix": "location"}])
    shown = inventory(lab, file, "--graph")
    assert shown.code == 0
    assert shown.output.split() == ["@all:", "|--@ungrouped:", "|--@location_rbx2a:", "|", f"|--{CLOUD}"]


def test_source_for_awx_lists_the_account(lab: Lab, tmp_path: pathlib.Path) -> None:
    # AWX copies the project, and gives the credential as variables
    file = tmp_path / "private_clouds.yml"
    file.write_text((harness.ROOT / "extensions/awx/private_clouds.yml").read_text())
    listed = inventory(lab, file)
    assert listed.code == 0, listed.said
    cloud = listed.hosts[CLOUD]["private_cloud"]
    assert listed.group(f"location_{cloud['location']}") == [CLOUD]
    assert listed.group(f"encryption_{cloud['encryption']['state']}") == [CLOUD]


def test_200_private_clouds_in_pages_then_from_cache(lab: Lab, tmp_path: pathlib.Path) -> None:
    names = add_clouds(lab, 200)
    for number in range(3):
        lab.ovhcloud.new_okms(lab.region, f"kms-{number}")
    file = source(tmp_path, CLOUDS, **cached(tmp_path))
    mark = lab.journal.mark()
    listed = inventory(lab, file)
    asked = requests(lab, mark)
    assert sorted(listed.hosts) == names
    assert asked.count("GET /dedicatedCloud") == 1 + 2  # the names, and two pages of objects
    assert asked.count("GET /dedicatedCloud/{serviceName}") == 0
    assert len(asked) == 3 + 2 + 1 + 4 * 200
    mark = lab.journal.mark()
    again = inventory(lab, file)
    assert requests(lab, mark) == []
    assert again.data == listed.data
    without_secrets(lab, again, tmp_path)


def test_services_alone_cost_six_requests(lab: Lab, tmp_path: pathlib.Path) -> None:
    names = add_clouds(lab, 150)
    mark = lab.journal.mark()
    listed = inventory(lab, source(tmp_path, CLOUDS, gather=[]))
    assert sorted(listed.hosts) == names
    assert len(requests(lab, mark)) == 3 + 2
    assert listed.hosts[CLOUD]["private_cloud"]["encryption"] is None


def test_flushed_or_other_options_read_again(lab: Lab, tmp_path: pathlib.Path) -> None:
    file = source(tmp_path, CLOUDS, **cached(tmp_path))
    inventory(lab, file)
    lab.ovhcloud.add_private_cloud("pcc-198-51-100-1")
    assert sorted(inventory(lab, file).hosts) == [CLOUD]
    assert len(inventory(lab, file, "--list", "--flush-cache").hosts) == 2
    mark = lab.journal.mark()
    other = source(tmp_path, CLOUDS, gather=["users"], **cached(tmp_path))
    assert inventory(lab, other).hosts[CLOUD]["private_cloud"]["datacenters"] is None
    assert requests(lab, mark)


def test_slices_of_the_cache_are_all_hosts_once(lab: Lab, tmp_path: pathlib.Path) -> None:
    names = add_clouds(lab, 20)
    file = source(tmp_path, CLOUDS, **cached(tmp_path))
    inventory(lab, file)
    mark = lab.journal.mark()
    slices = [inventory(lab, file, "--list", "--limit", ",".join(names[start::4])).hosts for start in range(4)]
    assert sorted(name for one in slices for name in one) == names
    assert requests(lab, mark) == []


def test_two_at_once_share_a_cache(lab: Lab, tmp_path: pathlib.Path) -> None:
    names = add_clouds(lab, 20)
    file = source(tmp_path, CLOUDS, **cached(tmp_path))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _number: inventory(lab, file), range(2)))
    assert [sorted(one.hosts) for one in both] == [names, names]
    mark = lab.journal.mark()
    assert sorted(inventory(lab, file).hosts) == names
    assert requests(lab, mark) == []


@every_value
def test_account_whose_lists_are_not_known(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    """Ids instead of objects, and an identity that may not read all of them."""
    with Lab(assumed.put(LabSettings())) as lab:
        add_clouds(lab, 4)
        lab.ovhcloud.state.pccs["pcc-198-51-100-3"].expired = True
        urn = lab.ovhcloud.core.urn("pccVMware", CLOUD)
        client_id, secret = lab.ovhcloud.add_service_account("reader", ["pccVMware:apiovh:*", "okms:apiovh:*"])
        identity = lab.ovhcloud.state.service_accounts[client_id].identity
        lab.ovhcloud.state.policies["1"] = denial(identity.urn, urn)
        one = account(lab, "prod", client_id=client_id, client_secret=secret)
        listed = inventory(lab, source(tmp_path, CLOUDS, accounts=[one]), environment=NONE)
        assert listed.code == 0, listed.said
        assert len(listed.hosts) == 3
        assert listed.tells("account prod: pcc-198-51-100-3 is missing from the inventory: GET /dedicatedCloud/pcc-")
        assert listed.hosts[CLOUD]["private_cloud"]["encryption_users"] is None
        assert listed.tells("account prod: pcc-192-0-2-10: a part cannot be read and is null")
        assert listed.hosts["pcc-198-51-100-1"]["private_cloud"]["encryption_users"] == []
        assert lab.ovhcloud.contract_errors == []


def denial(identity: str, urn: str) -> dict[str, t.Any]:
    """A policy that keeps the vSphere users of a private cloud from somebody."""
    return {
        "id": "1",
        "name": "no users",
        "identities": [identity],
        "resources": [{"urn": urn}],
        "permissions": {"allow": [], "deny": [{"action": "pccVMware:apiovh:user/get"}], "except": []},
        "permissionsGroups": [],
        "expiredAt": None,
    }


@pytest.mark.oldest("inventory private_clouds", "refusal")
def test_forbidden_account_is_told_others_are_served(lab: Lab, tmp_path: pathlib.Path) -> None:
    with Lab() as other:
        other.ovhcloud.add_private_cloud("pcc-203-0-113-1")
        nobody = dict(zip(("client_id", "client_secret"), other.ovhcloud.add_service_account("nobody", [])))
        accounts = [account(lab, "prod"), account(other, "lab", **nobody)]
        file = source(
            tmp_path,
            CLOUDS,
            accounts=accounts,
            keyed_groups=[{"key": "private_cloud.account_name", "prefix": "account"}],
            **cached(tmp_path),
        )
        first = inventory(lab, file, environment=NONE)
        assert list(first.hosts) == [CLOUD]
        assert first.tells(
            "account lab is missing from the inventory: GET /dedicatedCloud failed: OVHcloud answered 403"
        )
        assert first.tells("pccVMware:apiovh:get")
        del other.ovhcloud.state.pccs[CLOUD]
        other.ovhcloud.state.service_accounts[nobody["client_id"]].identity.allowed = None
        mark, elsewhere = lab.journal.mark(), other.journal.mark()
        second = inventory(lab, file, environment=NONE)
        assert requests(lab, mark) == []
        assert requests(other, elsewhere)
        assert second.group("account_prod") == [CLOUD]
        assert second.group("account_lab") == ["pcc-203-0-113-1"]
        without_secrets(lab, second, tmp_path)
        without_secrets(other, second, tmp_path)


def test_accounts_by_section_variables_and_template(lab: Lab, tmp_path: pathlib.Path) -> None:
    (tmp_path / "ovh.conf").write_text(
        f"[team-a]\nendpoint={lab.ovh_endpoint}\nclient_id={lab.client_id}\nclient_secret={lab.client_secret}\n"
        f"token_url={lab.token_url}\n"
    )
    reader = lab.ovhcloud.add_service_account("reader", None)
    environment = {"OVH_B_CLIENT_ID": reader[0], "OVH_B_CLIENT_SECRET": reader[1], "OVH_B_TOKEN_URL": lab.token_url}
    environment |= {"SECRET_OF_C": lab.ovhcloud.keys.access_token, "OVH_CLIENT_ID": "of nobody"}
    accounts = [
        {"name": "a", "conf_section": "team-a"},
        {"name": "b", "env_prefix": "OVH_B"},
        {"name": "c", "access_token": "{{ lookup('ansible.builtin.env', 'SECRET_OF_C') }}"},
    ]
    for one in accounts:
        file = source(tmp_path, CLOUDS, accounts=[one], endpoint=lab.ovh_endpoint, ca_path=str(lab.ca_path))
        listed = inventory(lab, file, environment=environment)
        assert (listed.code, listed.said) == (0, ""), listed.said
        assert listed.hosts[CLOUD]["private_cloud"]["account_name"] == one["name"]
        without_secrets(lab, listed, tmp_path)


def test_vaulted_secret_is_decrypted(lab: Lab, tmp_path: pathlib.Path) -> None:
    from ansible.parsing.vault import VaultLib, VaultSecret

    (tmp_path / "password").write_text("open sesame")
    secret = VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt(lab.client_secret)
    text = "client_secret: !vault |\n" + "".join(f"  {line}\n" for line in secret.decode().splitlines())
    options = account(lab, "-")
    for name in ("name", "client_secret"):
        del options[name]
    file = source(tmp_path, CLOUDS, text, **options, **cached(tmp_path))
    listed = inventory(lab, file, "--list", "--vault-password-file", str(tmp_path / "password"), environment=NONE)
    assert listed.code == 0, listed.said
    assert list(listed.hosts) == [CLOUD]
    without_secrets(lab, listed, tmp_path)


def test_hostile_names_are_never_templates(lab: Lab, tmp_path: pathlib.Path) -> None:
    evil = "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path / "pwned") + "') }}"
    for name in ("all", evil):
        lab.ovhcloud.add_private_cloud(name)
    for cloud in lab.ovhcloud.state.pccs.values():
        cloud.properties["description"] = evil
    compose = {"copied": "private_cloud.description ~ '!'", "named": "inventory_hostname | default('-')"}
    groups = [{"key": "private_cloud.description", "prefix": "d"}]
    file = source(tmp_path, CLOUDS, compose=compose, keyed_groups=groups, gather=[], **cached(tmp_path))
    for _again in range(2):  # the second time from the cache
        listed = inventory(lab, file)
        assert listed.code == 0, listed.said
        assert sorted(listed.hosts) == sorted([CLOUD, "all_private_cloud", evil])
        assert listed.hosts[CLOUD]["private_cloud"]["description"] == evil
        assert listed.hosts[evil]["copied"] == f"{evil}!"
        assert {name: facts["okms_private_cloud"] for name, facts in listed.hosts.items()} == {
            CLOUD: CLOUD,
            "all_private_cloud": "all",
            evil: evil,
        }
        play = tmp_path / "play.yml"
        play.write_text(
            "- hosts: all\n  connection: local\n  gather_facts: false\n  tasks:\n"
            "    - ansible.builtin.debug: {msg: '{{ private_cloud.description ~ copied ~ inventory_hostname }}'}\n"
        )
        shown = inventory(lab, file, str(play), command="ansible-playbook")
        assert shown.code == 0, shown.output
    assert not (tmp_path / "pwned").exists()


def test_filters_choose_hosts(lab: Lab, tmp_path: pathlib.Path) -> None:
    add_clouds(lab, 4)
    lab.ovhcloud.state.pccs["pcc-198-51-100-2"].location = "gra1a"
    lab.ovhcloud.state.pccs["pcc-198-51-100-3"].location = "bhs1a"
    chosen = [
        {"include": "private_cloud.location.startswith('gra')"},
        {"exclude": "private_cloud.unknown.part"},
        {"exclude": "private_cloud.location == 'rbx2a'"},
    ]
    listed = inventory(lab, source(tmp_path, CLOUDS, filters=chosen, names=["pcc-198-*"], gather=[]))
    assert sorted(listed.hosts) == ["pcc-198-51-100-2", "pcc-198-51-100-3"]
    only = [chosen[0], {"exclude": True}]
    assert list(inventory(lab, source(tmp_path, CLOUDS, filters=only, gather=[])).hosts) == ["pcc-198-51-100-2"]
    strict = inventory(lab, source(tmp_path, CLOUDS, filters=chosen, gather=[], strict=True))
    assert strict.code != 0
    assert strict.tells("filters: cannot judge pcc-")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"acounts": []}, "unknown options: acounts."),
        ({"gather": ["everything"]}, "everything"),
        ({"accounts": [{"client_id": "x"}]}, "missing required arguments: name found in accounts"),
        ({"accounts": [{"name": "a"}]}, "account a: no OVHcloud credentials: give client_id"),
        ({"accounts": [{"name": "a"}, {"name": "a"}]}, "accounts: each needs a name of its own, 'a'"),
        ({"accounts": [{"name": "a"}], "client_secret": "s3cr3t-x"}, "client_secret: with accounts, credentials"),
        ({"accounts": [{"name": "a", "env_prefix": "NONE"}]}, "account a: no variable NONE_CLIENT_ID"),
        ({"conf_section": "nowhere"}, "conf_section: no section 'nowhere' in"),
        ({"endpoint": "mars"}, "endpoint"),
        ({"filters": [{"include": "a", "exclude": "b"}]}, "mutually exclusive"),
        ({"client_secret": "{{ lookup('ansible.builtin.file', '/s3cr3t-x') }}"}, "client_secret: cannot evaluate"),
    ],
)
def test_bad_input_is_told_on_one_line(
    lab: Lab, tmp_path: pathlib.Path, options: dict[str, t.Any], expected: str
) -> None:
    mark = lab.journal.mark()
    listed = inventory(lab, source(tmp_path, CLOUDS, **options), environment=NONE)
    assert listed.code != 0
    assert listed.tells(expected)
    assert "s3cr3t-x" not in listed.said
    assert "Traceback" not in listed.said
    assert requests(lab, mark) == []


def test_file_of_another_name_is_not_read(lab: Lab, tmp_path: pathlib.Path) -> None:
    file = source(tmp_path, CLOUDS).rename(tmp_path / "clouds.yml")
    mark = lab.journal.mark()
    assert inventory(lab, file).code != 0
    assert requests(lab, mark) == []


def test_only_account_that_fails_is_an_error(lab: Lab, tmp_path: pathlib.Path) -> None:
    nobody = dict(zip(("client_id", "client_secret"), lab.ovhcloud.add_service_account("nobody", [])))
    for accounts in ([account(lab, "prod", **nobody)], [account(lab, "prod", client_secret="wr0ng-secret")]):
        listed = inventory(lab, source(tmp_path, CLOUDS, accounts=accounts, **cached(tmp_path)), environment=NONE)
        assert listed.code != 0
        assert listed.tells("account prod is missing from the inventory")
        assert "wr0ng-secret" not in listed.said


def test_expired_private_cloud_is_left_out(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.ovhcloud.state.pccs[CLOUD].expired = True
    listed = inventory(lab, source(tmp_path, CLOUDS))
    assert listed.hosts == {}
    assert listed.tells("pcc-192-0-2-10 is missing from the inventory")
