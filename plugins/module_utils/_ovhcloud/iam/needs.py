# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which calls and IAM actions each encryption option needs, and the consumer-key rules and policies for them: pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import (
    EXTERNAL,
    KMIP_ACTIONS,
    KMIP_OPTIONAL,
    OKMS,
    OPTIONS,
)

# each profile contains the ones before it
PROFILES = ("read_only", "operate", "order")
FEATURES = ("iam", "kmip_policy", "logs", "service_keys", "termination", "users")
ACCOUNT, DOMAIN, CLOUD, STREAMS = "account", "okms", "pccVMware", "ldp"


@dataclasses.dataclass(frozen=True)
class Need:
    """One call, or an IAM action without a call (method empty). `resource` is the kind that the action is asked on.

    What is `optional` is not needed to set the option up and to keep it.
    """

    method: str
    path: str
    action: str
    resource: str
    profile: str
    options: tuple[str, ...] = OPTIONS
    feature: str = ""
    optional: bool = False


@dataclasses.dataclass(frozen=True)
class Scope:
    """Names that fill the paths and URNs; what is not known becomes `*`. `api` is the part of URNs: eu, ca or us."""

    account: str = "*"
    api: str = "eu"
    service_name: str = "*"
    okms_id: str = "*"

    def path(self, template: str) -> str:
        """A path of the catalogue with these names."""
        return template.replace("{pcc}", self.service_name).replace("{okms}", self.okms_id).replace("{id}", "*")

    def urn(self, resource: str) -> str:
        """URN of the resource of a kind."""
        # the id of a stream does not tell to which service of Logs Data Platform it belongs
        name = {ACCOUNT: self.account, DOMAIN: self.okms_id, CLOUD: self.service_name, STREAMS: "*"}[resource]
        return f"urn:v1:{self.api}:resource:{resource}:{name}"


def _needs(profile: str, resource: str, prefix: str, rows: str, **more: t.Any) -> list[Need]:
    """Rows of `METHOD path action`; the action is completed by the prefix, `-` stands for none."""
    found = []
    for row in rows.strip().splitlines():
        method, path, action = row.split()
        named = "" if action == "-" else prefix + action
        found.append(Need(method, path, named, resource if named else "", profile, **more))
    return found


_PCC, _DOMAINS = "/dedicatedCloud/{pcc}", "/v2/okms/resource"
_KMS = {"options": (OKMS, EXTERNAL)}
_ONLY = {"options": (OKMS,)}
_IAM_READ = f"""
    GET {_PCC}/iam iam/get
    GET {_PCC}/iam/canBeEnabled iam/canBeEnabled/get
"""
_POLICIES = """
    GET /v2/iam/policy get
    GET /v2/iam/policy/{id} get
    POST /v2/iam/policy create
    PUT /v2/iam/policy/{id} edit
"""
CATALOGUE: tuple[Need, ...] = (
    *_needs(
        "read_only",
        ACCOUNT,
        "",
        """
        GET /auth/details -
        GET /auth/currentCredential -
        POST /v2/iam/authorization/check -
        """,
    ),
    *_needs(
        "read_only",
        CLOUD,
        "pccVMware:apiovh:",
        f"""
        GET /dedicatedCloud get
        GET {_PCC} get
        GET {_PCC}/task task/get
        GET {_PCC}/task/{{id}} task/get
        GET {_PCC}/user user/get
        GET {_PCC}/user/{{id}} user/get
        GET {_PCC}/vmEncryption vmEncryption/get
        """,
    ),
    *_needs("read_only", CLOUD, "pccVMware:apiovh:", _IAM_READ, optional=True),
    *_needs("read_only", CLOUD, "pccVMware:apiovh:", _IAM_READ, feature="iam"),
    *_needs(
        "read_only",
        CLOUD,
        "pccVMware:apiovh:",
        f"""
        GET {_PCC}/allowedNetwork allowedNetwork/get
        GET {_PCC}/allowedNetwork/{{id}} allowedNetwork/get
        """,
        optional=True,
    ),
    *_needs(
        "read_only",
        CLOUD,
        "pccVMware:apiovh:datacenter/",
        f"""
        GET {_PCC}/datacenter get
        GET {_PCC}/datacenter/{{id}} get
        GET {_PCC}/datacenter/{{id}}/disasterRecovery/zerto/status disasterRecovery/zerto/status/get
        """,
        optional=True,  # Zerto, which cannot replicate encrypted VMs, and end dates of hosts
    ),
    *_needs(
        "read_only",
        CLOUD,
        "pccVMware:apiovh:vmEncryption/kms/",
        f"""
        GET {_PCC}/vmEncryption/kms get
        GET {_PCC}/vmEncryption/kms/{{id}} get
        """,
        **_KMS,
    ),
    *_needs(
        "read_only",
        DOMAIN,
        "okms:apiovh:",
        f"""
        GET /v2/okms/reference/regions -
        GET {_DOMAINS} resource/get
        GET {_DOMAINS}/{{okms}} resource/get
        GET {_DOMAINS}/{{okms}}/credential credential/get
        GET {_DOMAINS}/{{okms}}/credential/{{id}} credential/get
        """,
        **_ONLY,
    ),
    *_needs(
        "read_only",
        ACCOUNT,
        "account:apiovh:me/",
        """
        GET /me get
        GET /order/catalog/public/okms -
        """,
        optional=True,  # for what a domain costs a month
        **_ONLY,
    ),
    *_needs("operate", CLOUD, "pccVMware:apiovh:", f"POST {_PCC}/user/{{id}}/changeProperties user/changeProperties"),
    # an earlier change that is still underway
    *_needs("operate", CLOUD, "pccVMware:apiovh:", f"GET {_PCC}/user/{{id}}/task user/task/get", optional=True),
    *_needs(
        "operate",
        CLOUD,
        "pccVMware:apiovh:vmEncryption/kms/",
        f"""
        POST {_PCC}/vmEncryption/kms create
        POST {_PCC}/vmEncryption/kms/{{id}}/changeProperties changeProperties
        DELETE {_PCC}/vmEncryption/kms/{{id}} delete
        """,
        **_KMS,
    ),
    *_needs(
        "operate",
        DOMAIN,
        "okms:apiovh:credential/",
        f"POST {_DOMAINS}/{{okms}}/credential create",
        **_ONLY,
    ),
    *_needs(
        "operate",
        DOMAIN,
        "okms:apiovh:credential/",
        f"DELETE {_DOMAINS}/{{okms}}/credential/{{id}} delete",
        optional=True,
        **_ONLY,
    ),
    *_needs(
        "operate",
        ACCOUNT,
        "account:apiovh:services/",
        """
        GET /services get
        GET /services/{id} get
        PUT /services/{id} edit
        """,
        **_ONLY,
    ),
    *_needs(
        "order",
        ACCOUNT,
        "account:apiovh:me/",
        """
        GET /me get
        GET /me/order order/get
        GET /me/order/{id} order/get
        GET /me/order/{id}/status order/status/get
        GET /me/order/{id}/details order/details/get
        GET /me/order/{id}/details/{id} order/details/get
        GET /me/order/{id}/details/{id}/extension order/details/extension/get
        GET /me/payment/method payment/method/get
        POST /me/order/{id}/pay order/pay
        POST /me/order/{id}/payWithRegisteredPaymentMean order/payWithRegisteredPaymentMean
        """,
        **_ONLY,
    ),
    *_needs(
        "order",
        ACCOUNT,
        "order:apiovh:cart/",
        """
        GET /order/catalog/public/okms -
        GET /order/cart get
        POST /order/cart -
        GET /order/cart/{id} -
        DELETE /order/cart/{id} delete
        POST /order/cart/{id}/assign assign
        POST /order/cart/{id}/okms -
        GET /order/cart/{id}/item/{id}/requiredConfiguration -
        POST /order/cart/{id}/item/{id}/configuration -
        GET /order/cart/{id}/checkout checkout/simulate
        POST /order/cart/{id}/checkout checkout/execute
        """,
        **_ONLY,
    ),
    *_needs(
        "operate",
        CLOUD,
        "pccVMware:apiovh:iam/",
        f"""
        POST {_PCC}/iam/enable enable
        POST {_PCC}/iam/addRole addRole
        """,
        feature="iam",
    ),
    *_needs("operate", ACCOUNT, "account:apiovh:iam/policy/", _POLICIES, feature="iam"),
    *_needs("operate", ACCOUNT, "account:apiovh:iam/policy/", _POLICIES, feature="kmip_policy", **_ONLY),
    *_needs(
        "read_only",
        DOMAIN,
        "okms:apiovh:log/",
        f"""
        GET {_DOMAINS}/{{okms}}/log/kind kind/get
        GET {_DOMAINS}/{{okms}}/log/subscription subscription/get
        """,
        feature="logs",
        **_ONLY,
    ),
    *_needs(
        "operate",
        DOMAIN,
        "okms:apiovh:log/subscription/",
        f"POST {_DOMAINS}/{{okms}}/log/subscription create",
        feature="logs",
        **_ONLY,
    ),
    *_needs(
        "operate",
        DOMAIN,
        "okms:apiovh:log/subscription/",
        f"DELETE {_DOMAINS}/{{okms}}/log/subscription/{{id}} delete",
        feature="logs",
        optional=True,
        **_ONLY,
    ),
    Need("", "", "ldp:apiovh:output/graylog/stream/forwardTo", STREAMS, "operate", (OKMS,), "logs"),
    *_needs(
        "read_only",
        DOMAIN,
        "okms:apiovh:serviceKey/",
        f"""
        GET /v2/okms/reference/serviceKey -
        GET {_DOMAINS}/{{okms}}/serviceKey get
        GET {_DOMAINS}/{{okms}}/serviceKey/{{id}} get
        """,
        feature="service_keys",
        **_ONLY,
    ),
    *_needs(
        "operate",
        DOMAIN,
        "okms:apiovh:serviceKey/",
        f"""
        POST {_DOMAINS}/{{okms}}/serviceKey create
        PUT {_DOMAINS}/{{okms}}/serviceKey/{{id}} update
        DELETE {_DOMAINS}/{{okms}}/serviceKey/{{id}} delete
        """,
        feature="service_keys",
        **_ONLY,
    ),
    *(
        Need("", "", f"okms:apiovh:serviceKey/{name}", DOMAIN, "operate", (OKMS,), "service_keys")
        for name in ("activate", "deactivate", "import")
    ),
    *_needs(
        "order",
        ACCOUNT,
        "account:apiovh:",
        """
        GET /me/notification/email/history me/notification/email/history/get
        GET /me/notification/email/history/{id} me/notification/email/history/get
        POST /services/{id}/terminate services/terminate
        POST /services/{id}/terminate/confirm services/terminate/confirm
        DELETE /services/{id} services/terminateWithoutConfirmation
        """,
        feature="termination",
        **_ONLY,
    ),
    *_needs(
        "order",
        ACCOUNT,
        "account:apiovh:iam/policy/",
        """
        GET /v2/iam/policy get
        DELETE /v2/iam/policy/{id} delete
        """,
        feature="termination",
        optional=True,
        **_ONLY,
    ),
    *_needs(
        "operate",
        CLOUD,
        "pccVMware:apiovh:user/",
        f"""
        POST {_PCC}/user create
        DELETE {_PCC}/user/{{id}} delete
        """,
        feature="users",
    ),
    *_needs(
        "operate",
        ACCOUNT,
        "account:apiovh:me/identity/",
        """
        GET /me/identity/user/{id} user/get
        GET /me/identity/group/{id} group/get
        """,
        feature="kmip",
        optional=True,
        **_ONLY,
    ),
    *(Need("", "", action, DOMAIN, "operate", (OKMS,), "kmip") for action in KMIP_ACTIONS),
    *(Need("", "", action, DOMAIN, "operate", (OKMS,), "kmip", optional=True) for action in KMIP_OPTIONAL),
)


def needs_of(option: str, profile: str, features: t.Collection[str] = ()) -> list[Need]:
    """What an option needs in a profile, with the wanted extra features."""
    reached = PROFILES[: PROFILES.index(profile) + 1]
    found = [
        need
        for need in CATALOGUE
        if option in need.options and need.profile in reached and (not need.feature or need.feature in features)
    ]
    # a feature may need what is optional without it, and two features the same
    needed = {(need.method, need.path, need.action) for need in found if not need.optional}
    kept = [need for need in found if not (need.optional and (need.method, need.path, need.action) in needed)]
    return list({(need.method, need.path, need.action): need for need in kept}.values())


def access_rules(needs: t.Iterable[Need], scope: Scope) -> list[dict[str, str]]:
    """Rules for POST /auth/credential: frozen when the consumer key is made, so all of them are named at once."""
    pairs = {(scope.path(need.path), need.method) for need in needs if need.method}
    return [{"method": method, "path": path} for path, method in sorted(pairs)]


def iam_policy(name: str, identities: t.Sequence[str], needs: t.Sequence[Need], scope: Scope) -> dict[str, t.Any]:
    """The body for POST /v2/iam/policy that grants these needs and nothing else."""
    kinds = sorted({need.resource for need in needs if need.action})
    urns = [scope.urn(kind) for kind in kinds]
    actions = sorted({need.action for need in needs if need.action})
    return {
        "name": name,
        "description": "Made by api_rights_info of the Ansible collection ovhcloud.vmware_encryption",
        "identities": list(identities),
        "resources": [{"urn": urn} for urn in sorted(urns)],
        "permissions": {"allow": [{"action": action} for action in actions]},
    }
