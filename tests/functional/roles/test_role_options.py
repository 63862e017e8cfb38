# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action role_options in a play: what Ansible hands over, and what nobody may see."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

SECRET, VAULT_PASSWORD = "Geheim-12345", "for-the-vault"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
# what else a role needs, so that its secrets are read
NEEDED: dict[str, dict[str, t.Any]] = {
    "certificate_renewal": {},
    "decommission": {"provider": "okms"},
    "external_kms": {"identity": "key_pair"},
    "native_key_provider": {"name": "nkp", "backup_path": "nkp.p12"},
    "recovery": {"file": "dossier.json"},
}
Read = t.Callable[..., harness.PlayResult]


def _play(role: str, that: t.Sequence[str], vars_file: str = "", **variables: t.Any) -> dict[str, t.Any]:
    """A play that reads the options of a role and asserts what came out."""
    return {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {f"{role}_{name}": value for name, value in variables.items()},
        "vars_files": [vars_file] if vars_file else [],
        "tasks": [
            {"ovhcloud.vmware_encryption.role_options": {"role": role}, "register": "found", "tags": ["always"]},
            {"ansible.builtin.assert": {"that": list(that)}},
        ],
    }


@pytest.fixture
def read(lab: Lab, tmp_path: pathlib.Path) -> Read:
    """Runs plays; `extra` are variables as with -e."""

    def run(*plays: dict[str, t.Any], text: str = "", **options: t.Any) -> harness.PlayResult:
        (tmp_path / "play.yml").write_text(text or yaml.safe_dump(list(plays)))
        return harness.run_playbook(lab, str(tmp_path / "play.yml"), tmp_path, **options)

    return run


def _secret_options() -> dict[str, list[str]]:
    """Of each role, the secret options at its top, from what it documents."""
    found: dict[str, list[str]] = {}
    for role in sorted(path.name for path in (harness.ROOT / "roles").iterdir() if path.is_dir()):
        text = (harness.ROOT / "roles" / role / "meta/argument_specs.yml").read_text()
        specs = yaml.safe_load(text)["argument_specs"]["main"]["options"]
        found[role] = [name[len(role) + 1 :] for name, spec in specs.items() if spec.get("no_log")]
    return {role: names for role, names in found.items() if names}


@pytest.mark.oldest("role native_key_provider", "vault")
def test_inline_vault_values_work_for_every_secret_option(read: Read, tmp_path: pathlib.Path) -> None:
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))])
    (tmp_path / "vault-password").write_text(VAULT_PASSWORD)

    def inline(text: str) -> str:
        return "!vault |\n          " + vault.encrypt(text.encode()).decode().strip().replace("\n", "\n          ")

    plays = []
    assert set(_secret_options()) == set(NEEDED)
    for role, names in _secret_options().items():
        lines, that = [], []
        for name in names:
            if name == "server_secrets":
                lines.append(f"{role}_{name}:\n  kms1:\n    password: {inline(SECRET)}")
                that.append("found.server_secrets.kms1.password == planted")
            else:
                is_key = name.endswith("private_key")
                lines.append(f"{role}_{name}: {inline(KEY if is_key else SECRET)}")
                that.append(f"found.{name} == {'key' if is_key else 'planted'}")
        if role == "external_kms":
            server = f"{role}_servers:\n  - name: kms1\n    address: kms1.example.com\n    password: {inline(SECRET)}"
            lines.append(server)
            that.append("found.servers[0].password == planted")
        (tmp_path / f"{role}.yml").write_text("\n".join(lines) + "\n")
        plays.append(_play(role, that, str(tmp_path / f"{role}.yml"), **NEEDED[role]))
        plays[-1]["vars"].update(planted=SECRET, key=KEY)
        plays[-1]["tasks"][-1]["no_log"] = True
    environment = {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "vault-password")}
    result = read(*plays, environment=environment, verbosity=4)
    assert result.code == 0, result.screen
    assert SECRET not in result.screen


@pytest.mark.oldest("role okms", "values as typed")
def test_values_arrive_as_typed_and_defaults_fill_the_rest(read: Read) -> None:
    text = yaml.safe_dump(
        [
            _play(
                "okms",
                [
                    "found.provider == 'okms'",
                    "found.allow_order is sameas true",
                    "found.validity == 90",
                    "found.region == 'eu-west-rbx'",
                    "found.iam_users == ['account', 'group:encryption']",
                    "found.display_name == braces",
                    "found.iam_kmip_actions | length == 10",
                    "found.vsphere_user == ''",
                    "found.server == ''",
                ],
                private_cloud="{{ cloud }}",
                server="{{ nothing | default(omit) }}",
                display_name="SURVEY",
            )
        ]
    )
    # as AWX marks the answers of a survey: never taken for a template
    text = text.replace("SURVEY", "!unsafe '{{ 7 * 7 }}'").replace("vars:", "vars:\n    braces: !unsafe '{{ 7 * 7 }}'")
    answers = {"okms_provider": "", "okms_vsphere_user": None, "okms_allow_order": "true", "okms_validity": "90"}
    lists = {"okms_iam_users": "account\ngroup:encryption", "okms_region": " eu-west-rbx"}
    result = read(text=text, cloud="pcc-192-0-2-10", **answers, **lists)
    assert result.code == 0, result.screen


@pytest.mark.oldest("role okms", "refused values")
def test_an_option_that_cannot_be_read_is_named(read: Read) -> None:
    result = read(_play("okms", [], private_cloud="{{ nobody_has_set_this }}"))
    assert result.code != 0
    screen = " ".join(result.screen.split())
    assert "options cannot be read, nothing was changed: okms_private_cloud: " in screen
    assert "'nobody_has_set_this' is undefined" in screen


@pytest.mark.oldest("role native_key_provider", "secrets")
def test_secret_that_is_like_a_template_is_not_shown(read: Read) -> None:
    said = "native_key_provider_backup_password: Ansible takes the value for a template, and cannot evaluate it"
    for text, why in (
        ("Geheim{{ 12345", ";"),
        ("Geheim{{ Geheim }}", ";"),
        ("Geheim{% raw", ";"),
        ("{{ key }}", " ('key'"),
    ):
        result = read(_play("native_key_provider", [], backup_password=text, **NEEDED["native_key_provider"]))
        assert result.code != 0 and "Geheim" not in result.screen, result.screen
        assert said + why in " ".join(result.screen.split()), result.screen
    source = {"password": "Geheim{{ 12345", "hostname": "vcenter.example.com"}
    result = read(_play("encryption_exit", [], mode="prepare_target", source=source))
    assert "encryption_exit_source: Ansible takes" in result.screen and "Geheim" not in result.screen


@pytest.mark.oldest("role okms", "unknown variables")
def test_unknown_variables_of_the_role_are_a_warning(read: Read) -> None:
    typed = {"okms_tpm_requird": True, "okms_provder": "x", "okms_hosts": "all", "other_okms": 1}
    result = read(_play("okms", ["found is not failed"], private_cloud="pcc-192-0-2-10", **{"region": "x"}), **typed)
    screen = " ".join(result.screen.split())
    assert result.code == 0, screen
    assert "okms_provder, did you mean okms_provider?: the role okms has no such option, it is ignored" in screen
    assert "okms_tpm_requird: the role okms has no such option" in screen
    assert "okms_hosts" not in screen
    assert "other_okms" not in screen


@pytest.mark.oldest("role okms", "former names")
def test_former_name_of_an_option_works_with_a_warning(read: Read) -> None:
    play = _play("okms", ["found.entry_description == 'ours'"], private_cloud="pcc-192-0-2-10", region="eu-west-rbx")
    result = read(play, okms_flow_description="ours")
    screen = " ".join(result.screen.split())
    assert result.code == 0, screen
    assert "okms_flow_description is now okms_entry_description" in screen and "2.0.0" in screen
    assert "no such option" not in screen


def test_option_under_both_its_names_is_refused(read: Read) -> None:
    result = read(_play("okms", []), okms_flow_description="ours", okms_entry_description="other")
    assert result.code != 0
    assert (
        "okms_entry_description and its former name okms_flow_description are both given, nothing was changed; keep "
        "the new name only"
    ) in " ".join(result.screen.split())


@pytest.mark.oldest("role okms", "handed over")
def test_value_handed_over_beats_a_former_name(read: Read) -> None:
    play = _play("okms", ["found.entry_description == 'outer'"], private_cloud="pcc-192-0-2-10", region="eu-west-rbx")
    # as an including role does it, which has judged its own options and made its first changes
    play["tasks"] = [{"block": play["tasks"], "vars": {"okms_entry_description": "outer"}}]
    result = read(play, okms_flow_description="of the inventory")
    screen = " ".join(result.screen.split())
    assert result.code == 0, screen
    assert "is ignored here because the calling role sets okms_entry_description" in screen


@pytest.mark.oldest("role okms", "tags")
@pytest.mark.parametrize("settings", [{"ANSIBLE_RUN_TAGS": "flow"}, {"ANSIBLE_SKIP_TAGS": "untagged"}])
def test_tags_that_leave_out_every_step_are_a_warning(
    lab: Lab, tmp_path: pathlib.Path, settings: dict[str, str]
) -> None:
    result = harness.run_playbook(lab, "okms", tmp_path, environment=settings)
    assert result.code == 0, result.screen
    assert "exclude every step of the role okms: nothing was checked or changed" in " ".join(result.screen.split())
    assert lab.journal.entries() == []


def test_roles_with_a_tag_of_the_user_run_under_it(lab: Lab, tmp_path: pathlib.Path) -> None:
    play = {"hosts": "localhost", "gather_facts": False, "connection": "local"}
    role = {"role": "ovhcloud.vmware_encryption.recovery_dossier", "tags": ["dossier"]}
    entry = {"type": "native", "role": "native_key_provider", "variables": {}}
    variables = {"path": str(tmp_path / "d.json"), "provider": "nkp", "entry": entry, "vcenter": "vc.example.com"}
    given = {f"recovery_dossier_{name}": value for name, value in variables.items()}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{**play, "roles": [{**role, **given}]}]))
    environment = {"ANSIBLE_RUN_TAGS": "dossier"}
    result = harness.run_playbook(lab, str(tmp_path / "play.yml"), tmp_path, environment=environment)
    assert (result.code, result.changed) == (0, 1), result.screen
    assert "leave out" not in result.screen


def test_a_mode_without_quotes_is_octal(read: Read) -> None:
    text = yaml.safe_dump([_play("encryption_audit", ["found.mode == '0640'"], directory="audit", mode="MODE")])
    result = read(text=text.replace("encryption_audit_mode: MODE", "encryption_audit_mode: 0640"))
    assert result.code == 0, result.screen


def test_lists_as_text_reach_the_roles_as_lists(read: Read) -> None:
    """Letters were taken for items before: `n, k, p`."""
    plays = [
        _play("recovery", ["found.providers == ['nkp-prod']"], file="dossier.json"),
        _play("encryption_audit", ["found.fail_on == ['critical', 'warning']"], directory="audit"),
        _play("vm_encryption", ["found.vsan_clusters == ['C0', 'C1']"], selection="{}", exclude='{"tags": "role:dc"}'),
    ]
    lists = {"recovery_providers": "nkp-prod", "encryption_audit_fail_on": "critical,warning"}
    result = read(*plays, **lists, vm_encryption_vsan_clusters='["C0", "C1"]', vm_encryption_selection='{"all": true}')
    assert result.code == 0, result.screen


@pytest.mark.parametrize("check", [True, False])
def test_preflight_refuses_what_the_run_would_refuse(lab: Lab, tmp_path: pathlib.Path, check: bool) -> None:
    variables: dict[str, t.Any] = {
        "preflight_private_cloud": lab.private_cloud,
        "okms_validity": 400,
        "okms_renew_before": "soon",
    }
    for role in ("preflight", "okms"):
        result = harness.run_playbook(lab, role, tmp_path, check, **variables, okms_private_cloud=lab.private_cloud)
        screen = " ".join(result.screen.split())
        assert result.code != 0
        assert "role okms are invalid, nothing was changed: okms_renew_before: 'soon' is not a whole number" in screen
    assert lab.journal.entries() == []


def test_unknown_vsan_cluster_is_refused_before_any_write(lab: Lab, tmp_path: pathlib.Path) -> None:
    providers.native(lab, tmp_path)
    before = lab.journal.mark()
    variables: dict[str, t.Any] = {"selection": {"names": ["vm1"]}, "provider": "nkp-prod", "vsan_clusters": "C0,C9"}
    lab.vcenter.inventory.clusters[0].vsan = True
    given = {f"vm_encryption_{name}": value for name, value in variables.items()}
    result = harness.run_playbook(lab, "vm_encryption", tmp_path, **given)
    assert result.code != 0
    # a loop itself only says that one of its items failed
    assert mentioned(summary_of(result)["blocked_by"], "C9"), result.screen
    assert lab.journal.writes(before) == []


def test_unknown_key_provider_is_refused_before_policy_creation(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.give_encryption_right()
    before = lab.journal.mark()
    variables: dict[str, t.Any] = {"selection": {"names": ["vm1"]}, "provider": "nkp-prd", "policy": "Gold"}
    given = {f"vm_encryption_{name}": value for name, value in {**variables, "create_policy": "yes"}.items()}
    result = harness.run_playbook(lab, "vm_encryption", tmp_path, **given)
    assert result.code != 0
    assert "nkp-prd" in result.screen, result.screen
    assert lab.journal.writes(before) == []


def test_included_roles_options_are_checked_before_any_write(lab: Lab, tmp_path: pathlib.Path) -> None:
    providers.external(lab, "team-kms")
    providers.native(lab, tmp_path)
    lab.vcenter.crypto.default = "team-kms"
    before = lab.journal.mark()
    variables: dict[str, t.Any] = {"source": "team-kms", "target": "nkp-prod"}
    given = {f"key_provider_migration_{name}": value for name, value in variables.items()}
    result = harness.run_playbook(lab, "key_provider_migration", tmp_path, **given, vm_encryption_zerto="perhaps")
    assert result.code != 0
    assert "vm_encryption_zerto: 'perhaps' is not one of warn, block" in " ".join(result.screen.split())
    assert lab.journal.writes(before) == []


@pytest.mark.oldest("role recovery_dossier", "blank and handed over")
@pytest.mark.parametrize(
    ("value", "counts"), [(None, "nkp-prod"), ("", "nkp-prod"), ("other", "other")], ids=["null", "blank", "other"]
)
def test_a_playbook_hands_over_what_minus_e_does_not_say(
    lab: Lab, tmp_path: pathlib.Path, value: t.Any, counts: str
) -> None:
    """A blank one hides nothing, and any other one wins, as everywhere in Ansible; roles decide for themselves."""
    path, entry = tmp_path / "dossier.json", {"type": "native", "role": "native_key_provider", "variables": {}}
    handed = {
        "path": str(path),
        "provider": "{{ name }}",
        "entry": entry,
        "vcenter": "vc.example.com",
        "vcenter_id": "1",
    }
    include = {"name": "ovhcloud.vmware_encryption.recovery_dossier"}
    given = {f"recovery_dossier_{name}": one for name, one in handed.items()}
    task = {"ansible.builtin.include_role": include, "vars": {**given, "name": "nkp-prod"}}
    play = {"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    result = harness.run_playbook(lab, str(tmp_path / "play.yml"), tmp_path, recovery_dossier_provider=value)
    assert result.code == 0, result.screen
    assert f'"{counts}"' in path.read_text()
