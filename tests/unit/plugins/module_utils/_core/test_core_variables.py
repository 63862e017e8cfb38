# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of a module in the words of the role that runs it."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.variables import Words, connection_of

ROLE = "allow_order=okms_allow_order wait_timeout=okms_wait_timeout force=okms_force other.confirm_name=okms_confirm"
OPTIONS = ("allow_order", "wait_timeout", "force", "purge", "state", "name", "credential_id", "confirm_name")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("set allow_order=true to allow it", "set okms_allow_order=true to allow it"),
        ("or raise wait_timeout", "or raise okms_wait_timeout"),
        ("argument 'allow_order' is of type str", "argument 'okms_allow_order' is of type str"),
        ("say force: true to replace it", "say okms_force: true to replace it"),
        ("force: it is no boolean", "okms_force: it is no boolean"),
        # words of English, and parts of other names
        ("by force, whatever its name or state", "by force, whatever its name or state"),
        ("okms_allow_order, /x/allow_order, allow_orders", "okms_allow_order, /x/allow_order, allow_orders"),
        ("name: is empty", "name: is empty"),
        (
            "revoke it (state=absent with credential_id) and run again",
            "revoke it (state=absent with credential_id) and run again. "
            "(state and credential_id are options of the module okms, not of the role)",
        ),
        ("or purge: true", "or purge: true. (purge is an option of the module okms, not of the role)"),
    ],
)  # fmt: skip
def test_options_become_the_variables_of_the_role(message: str, expected: str) -> None:
    assert Words(ROLE, "okms", OPTIONS).of(message) == expected
    # without a role everything stays
    assert Words("", "okms", OPTIONS).of(message) == message


def test_a_pair_can_be_for_one_module() -> None:
    assert Words(ROLE, "other", OPTIONS).of("give confirm_name") == "give okms_confirm"
    assert "confirm_name is an option of the module okms" in Words(ROLE, "okms", OPTIONS).of("give confirm_name")


def test_only_texts_for_people_change_in_results() -> None:
    row = {"name": "allow_order", "obstacles": [{"code": "allow_order", "next_step": "allow allow_order"}]}
    said = Words(ROLE, "okms", OPTIONS).in_data({"rows": [row], "reasons": ["no allow_order"], "problem": None})
    assert said == {
        "rows": [
            {"name": "allow_order", "obstacles": [{"code": "allow_order", "next_step": "allow okms_allow_order"}]}
        ],
        "reasons": ["no okms_allow_order"],
        "problem": None,
    }


VSPHERE = {"hostname", "ca_path", "request_timeout", "validate_certs", "name"}
OVHCLOUD = {"endpoint", "ca_path", "timeout", "validate_certs", "service_name"}


@pytest.mark.parametrize(
    ("options", "message", "expected"),
    [
        (VSPHERE, "ca_path: /x is no file", "vcenter_ca_path: /x is no file"),
        (VSPHERE, "raise request_timeout", "raise vcenter_request_timeout"),
        (OVHCLOUD, "raise timeout=10 or see ca_path", "raise ovhcloud_timeout=10 or see ovhcloud_ca_path"),
        # a module without a connection has options of these names for other things
        ({"timeout", "path"}, "raise timeout=10", "raise timeout=10"),
    ],
)  # fmt: skip
def test_a_playbook_names_its_connection_variables(options: set[str], message: str, expected: str) -> None:
    assert Words("", "any", options, in_playbook=True).of(message) == expected
    # a play of a user gives the connection by module_defaults, so the option is what was typed
    assert Words("", "any", options).of(message) == message


def test_a_play_of_a_user_keeps_connection_options_in_a_role() -> None:
    assert Words(ROLE, "okms", {*OPTIONS, "hostname", "ca_path"}).of("see ca_path") == "see ca_path"


def test_only_options_of_a_connection_get_such_variables() -> None:
    assert connection_of(VSPHERE) == {name: f"vcenter_{name}" for name in VSPHERE - {"name"}}
    assert connection_of({"path", "timeout"}) == {}
