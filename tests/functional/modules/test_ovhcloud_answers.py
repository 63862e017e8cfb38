# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer that the modules of group ovhcloud read: null, missing, new words and fields, and wrong shapes.

The answers are made from the contracts, and changed in one place at a time. No module ends in a traceback; what the
contract allows, or a newer one may bring, ends no run that does not depend on it.
"""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection import (
    client as client_module,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.facts import SUBSETS
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import answers, harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.answers import ID, URN, Mutation

CLOUD = "pcc-192-0-2-10"
CONNECTION: dict[str, t.Any] = {"endpoint": "https://localhost/1.0", "access_token": "not-used"}
ONCE: dict[str, t.Any] = {"wait": False, "wait_interval": 0.001, "wait_timeout": 1}
PACE: dict[str, t.Any] = {"wait_interval": 0.001, "wait_timeout": 1}
NEW_LOG: dict[str, t.Any] = {"okms_id": ID, "stream_id": ID, "kinds": ["other"]}
NEW_KEY: dict[str, t.Any] = {"okms_id": ID, "name": "billing", "type": "oct"}
ORDER = {"display_name": "new", "region": "ap-south-mum"}
TEXT = {"okms_id": ID, "name": "text"}
ACTIONS = ["okms:kmip:get"]
THUMBPRINT = "AA:" * 19 + "AA"
CATALOGUE = "GET /order/catalog/public/okms"
DOMAINS, KEY = "GET /v2/okms/resource", "GET /v2/okms/resource/{okmsId}/serviceKey"
NO_KEY: dict[str, t.Any] = {KEY: [], "type": "oct", "default": True}
EXTRACTABLE: dict[str, t.Any] = {"type": "oct", "attributes": {"extractable": False}}


LINE = {
    "order": {
        "action": "installation",
        "configurations": [{"label": "region", "value": "ap-south-mum"}],
        "plan": {
            "code": "okms",
            "duration": "P1M",
            "pricingMode": "default",
            "product": {"name": "okms"},
            "quantity": 1,
        },
        "type": "plan",
    }
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One module with its options. `fitting`: values of fields, and whole answers of operations."""

    name: str
    module: str
    options: dict[str, t.Any]
    fitting: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    check: bool = False
    skip: tuple[str, ...] = ()  # what another case changes already


def _private_key() -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(*form).decode()


CASES = [
    Case("account", "account_info", {}),
    Case("domains", "okms_info", {"costs": True, "include_regions": True}),
    Case("domain", "okms_info", {"okms_id": ID}),
    Case("credentials", "okms_credential_info", {"okms_id": ID}),
    Case("keys", "okms_service_key_info", {"okms_id": ID, "public_keys": True}, {"type": "EC"}),
    Case(
        "cloud",
        "private_cloud_info",
        {"service_name": CLOUD, "gather": list(SUBSETS)},
        {"serviceName": CLOUD},
    ),
    Case("clouds", "private_cloud_info", {"gather": []}, {"GET /dedicatedCloud": [CLOUD]}),
    Case("rights", "api_rights_info", {"option": "okms", "service_name": CLOUD, "okms_id": ID}, {"account": "x"}),
    Case("policies", "iam_policy_info", {}),
    Case("field", "ovhcloud_field_info", {"service_name": CLOUD}, {"account": "x", "GET /dedicatedCloud": [CLOUD]}),
    Case("an order foreseen", "okms", ORDER, {DOMAINS: []}, True, (CATALOGUE,)),
    Case(
        "an order",
        "okms",
        {"display_name": "kms-prod", "region": "ap-south-mum", "allow_order": True, "max_price": 9, **ONCE},
        {
            DOMAINS: [],
            "GET /me/order": [],
            "GET /me/order/{orderId}/status": "delivered",
            "GET /me/order/{orderId}/details/{orderDetailId}/extension": LINE,
            "domain": ID,
            "required": False,
            "region": "ap-south-mum",
        },
        skip=(CATALOGUE,),
    ),
    Case("a name", "okms", {"okms_id": ID, "display_name": "other", **ONCE}),
    Case("an end", "okms", {"okms_id": ID, "state": "absent", "confirm_name": "kms-prod", **ONCE}, {
        "serviceKeyCount": 0, "kmipObjectCount": 0, "secretCount": 0, "state": "OK",
    }),
    Case(
        "a credential",
        "okms_credential",
        {"okms_id": ID, "name": "vcenter", "identity_urns": [URN], "private_key_path": "key.pem", **ONCE},
        {"status": "CREATING", "name": "other", "privateKeyPEM": _private_key(), "certificatePEM": None},
    ),
    Case("a revocation", "okms_credential", {**TEXT, "state": "absent", **ONCE}, {"status": "READY"}),
    Case("logs", "okms_log_subscription_info", {"okms_id": ID, "include_kinds": True}),
    Case("a log", "okms_log_subscription", {"okms_id": ID, "stream_id": ID, **PACE}, {"streamId": ID}),
    Case("a new log", "okms_log_subscription", {**NEW_LOG, **PACE}, {"name": "other"}, True),
    Case("a new key", "okms_service_key", NEW_KEY, NO_KEY),
    Case("a key", "okms_service_key", {**TEXT, "state": "deactivated"}, {"type": "oct", "state": "ACTIVE"}),
    Case("a kms", "private_cloud_kms", {"service_name": CLOUD, "host": "192.0.2.10", "thumbprint": THUMBPRINT, **ONCE}),
    Case("a new key there", "okms_service_key", {**NEW_KEY, "extractable": True}, NO_KEY),
    Case("a key there", "okms_service_key", {**TEXT, "extractable": True}, EXTRACTABLE),
    Case("keys there", "okms_service_key_info", {"okms_id": ID, "regional_api": True}),
    Case(
        "a new kms",
        "private_cloud_kms",
        {"service_name": CLOUD, "host": "192.0.2.11", "thumbprint": THUMBPRINT, **ONCE},
        {"state": "delivered"},
    ),
    Case("a user", "private_cloud_user", {"service_name": CLOUD, "name": "admin", "encryption_right": True, **ONCE}, {
        "name": "admin", "encryptionRight": False, "state": "delivered",
    }),
    Case("iam", "private_cloud_iam", {"service_name": CLOUD, "state": "enabled", **ONCE}, {"state": "disabled"}),
    Case("a policy", "iam_policy", {"name": "text", "identities": [URN], "allow": ACTIONS, "allow_widening": True}),
    Case("a new policy", "iam_policy", {
        "name": "new", "identities": [URN], "resources": [f"okms:{ID}"], "allow": ACTIONS,
    }),
]  # fmt: skip
# what a run depends on although the contract lets it be null: it says so
DEPENDS = {
    ("an order foreseen", "id"),  # of a region
    ("an order", "id"),
    ("an order", "orderId"),
    ("a credential", "privateKeyPEM"),
    ("a credential", "status"),
    ("a new key", "type"),
    ("a new key there", "type"),
    ("an end", "displayName"),
    ("an end", "iam"),
}


@dataclasses.dataclass
class Answer:
    """What the client wants to know of a response."""

    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    status_code: int = 200


class Service:
    """Answers from the contracts in place of the network; one operation can be changed."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.asked: dict[str, t.Any] = {}
        self.changed: tuple[str, Mutation] | None = None

    def send(self, method: str, call_path: str, *_more: t.Any, **_named: t.Any) -> t.Any:
        """In place of Client._send."""
        operation = answers.operation_of(method, call_path)
        value = answers.NOW if operation.template == "/auth/time" else answers.answer_of(operation, self._case.fitting)
        self.asked[operation.name] = (operation, value)
        if self.changed is not None and self.changed[0] == operation.name:
            value = self.changed[1].apply(value)
        return value, Answer()

    def run(self, changed: tuple[str, Mutation] | None = None) -> harness.ModuleResult:
        """The module on these answers."""
        self.changed = changed
        for left in pathlib.Path().glob("key.pem*"):
            left.unlink()
        return harness.run_module(self._case.module, self._case.check, **CONNECTION, **self._case.options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_answer_ends_in_a_traceback(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> None:
    monkeypatch.chdir(tmp_path)
    service = Service(case)
    monkeypatch.setattr(client_module.Client, "_send", service.send)
    usual = service.run()
    assert not usual.failed, usual.msg
    wrong, tried = [], 0
    for name, (operation, value) in list(service.asked.items()):
        if name in case.skip:
            continue
        for mutation in answers.mutations(operation, value):
            tried += 1
            told = _judged(case, service, name, mutation)
            if told:
                wrong.append(f"{name}: {mutation}: {told}")
    assert tried > 20
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong[:40])


def _judged(case: Case, service: Service, name: str, mutation: Mutation) -> str:
    """What is wrong with the end of a run; empty when it is right."""
    try:
        result = service.run((name, mutation))
    except Exception as error:  # whatever it is, the user would see a traceback
        return f"{type(error).__name__}: {error}"
    if not result.failed:
        return ""
    if "\n" in result.msg or len(result.msg) > 900:
        return f"not one line: {result.msg!r}"
    if mutation.harmless and (case.name, mutation.field) not in DEPENDS and mutation.kind != "all nulls":
        return f"a run that does not depend on it failed: {result.msg}"
    return ""
