# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options each of several accounts has."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.accounts import (
    accounts_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    ServiceAccount,
    load,
)

COMMON: dict[str, t.Any] = {"endpoint": "ovh-ca", "ca_path": "/ca.pem", "validate_certs": True, "timeout": 9}


def test_without_accounts_the_file_is_the_only_one() -> None:
    assert accounts_of([], {**COMMON, "client_id": "x"}) == [{**COMMON, "client_id": "x", "name": None}]


def test_account_takes_shared_options_but_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVH_CLIENT_ID", "of the environment")
    (made,) = accounts_of([{"name": "a", "timeout": 3}], {**COMMON, "client_id": "of the environment"})
    assert (made["endpoint"], made["ca_path"], made["timeout"]) == ("ovh-ca", "/ca.pem", 3)
    assert made.get("client_id") is None


def test_section_brings_its_own_endpoint() -> None:
    (made,) = accounts_of([{"name": "a", "conf_section": "s"}], COMMON)
    assert made.get("endpoint") is None
    assert made["ca_path"] == "/ca.pem"


def test_variables_complete_what_the_file_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_CLIENT_ID", "variable")
    monkeypatch.setenv("A_CLIENT_SECRET", "hush")
    (made,) = accounts_of([{"name": "a", "env_prefix": "A_", "client_id": "file"}], COMMON)
    assert (made["client_id"], made["client_secret"]) == ("file", "hush")


@pytest.mark.parametrize(
    ("accounts", "common", "expected"),
    [
        ([{"name": "a"}, {"name": " a "}], {}, "name of its own, 'a'"),
        ([{"name": " "}], {}, "one has none"),
        ([{"name": "a", "env_prefix": "NO"}], {}, "no variable NO_CLIENT_ID"),
        ([{"name": "a"}], {"access_token": "hush"}, "access_token: with accounts"),
        ([{"name": "a"}], {"conf_section": "s"}, "conf_section: with accounts"),
    ],
)
def test_what_contradicts_itself_is_refused(
    accounts: list[dict[str, t.Any]], common: dict[str, t.Any], expected: str
) -> None:
    with pytest.raises(InvalidInputError, match=expected) as refused:
        accounts_of(accounts, {**COMMON, **common})
    assert "hush" not in refused.value.message


CONF = """
[team]
endpoint = ovh-ca
client_id = team-id
client_secret = hush

[ovh-us]
client_id = us-id
client_secret = hush
"""


@pytest.mark.parametrize(("section", "host", "client"), [("team", "ca.", "team-id"), ("ovh-us", "api.us.", "us-id")])
def test_section_holds_credentials_and_endpoint(tmp_path: pathlib.Path, section: str, host: str, client: str) -> None:
    file = tmp_path / "ovh.conf"
    file.write_text(CONF)
    found = load({"conf_section": section}, [str(file)])
    assert found.base_url.startswith(f"https://{host}")
    assert isinstance(found.credentials, ServiceAccount)
    assert found.credentials.client_id == client
    with pytest.raises(InvalidInputError, match="no section 'nowhere' in"):
        load({"conf_section": "nowhere"}, [str(file)])
