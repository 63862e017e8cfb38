# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official Python library of OVHcloud against the lab's API, with both ways to authenticate."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
import unittest.mock

import ovh
import ovh.client

from ..lab import Lab
from ..lab.pki import thumbprints
from .checks import Checks
from .requests_for import certificate_request


@dataclasses.dataclass(frozen=True)
class Issued:
    """An access certificate whose key OKMS made, and its path in the API."""

    okms_id: str
    certificate: str
    private_key: str
    path: str


def client(lab: Lab, oauth2: bool = False, **wrong: str) -> t.Any:
    """A stock client; only its table of addresses learns the lab's."""
    if oauth2:
        return ovh.Client("lab", client_id=lab.client_id, client_secret=wrong.get("client_secret", lab.client_secret))
    return ovh.Client(
        "lab",
        application_key=lab.application_key,
        application_secret=wrong.get("application_secret", lab.application_secret),
        consumer_key=lab.consumer_key,
    )


@contextlib.contextmanager
def pointed_at(lab: Lab) -> t.Iterator[None]:
    """The library's own tables of addresses, and the CA that requests trusts, lead to the lab."""
    environment = {"REQUESTS_CA_BUNDLE": str(lab.ca_path), "OVH_ENDPOINT": ""}
    with (
        unittest.mock.patch.dict(ovh.client.ENDPOINTS, {"lab": f"{lab.ovh_endpoint}/1.0"}),
        unittest.mock.patch.dict(ovh.client.OAUTH2_TOKEN_URLS, {"lab": lab.token_url}),
        unittest.mock.patch.dict("os.environ", environment),
    ):
        yield


def check(lab: Lab, checks: Checks) -> Issued:
    """Run all checks, return an access certificate of the OKMS domain that was ordered."""
    _whoami(lab, checks)
    okms_id = _order(lab, checks, client(lab))
    issued = _credential(lab, checks, client(lab), okms_id)
    _flow(lab, checks, client(lab))
    _paging(lab, checks, client(lab))
    _errors(lab, checks)
    return issued


def revoke(lab: Lab, issued: Issued) -> None:
    """Withdraw the access certificate."""
    client(lab).delete(issued.path)


def _whoami(lab: Lab, checks: Checks) -> None:
    for oauth2 in (False, True):
        api, way = client(lab, oauth2), "OAuth2" if oauth2 else "signature"
        checks.that("account" in api.get("/auth/details"), f"ovh, {way}: /auth/details")
        checks.that(api.get("/me")["state"] == "complete", f"ovh, {way}: /me")
    checks.that(abs(client(lab).time_delta) < 5, "ovh: clock delta from /auth/time")


def _order(lab: Lab, checks: Checks, api: t.Any) -> str:
    catalog = api.get("/order/catalog/public/okms", _need_auth=False, ovhSubsidiary="FR")
    checks.that("okms" in [plan["planCode"] for plan in catalog["plans"]], "ovh: public catalogue lists the plan okms")
    cart = api.post("/order/cart", ovhSubsidiary="FR", description="lab-check", _need_auth=False)["cartId"]
    api.post(f"/order/cart/{cart}/assign")
    item = api.post(f"/order/cart/{cart}/okms", planCode="okms", duration="P1M", pricingMode="default", quantity=1)[
        "itemId"
    ]
    labels = [row["label"] for row in api.get(f"/order/cart/{cart}/item/{item}/requiredConfiguration")]
    checks.that(labels == ["region"], "ovh: the item asks for its region")
    checks.raises(
        ovh.exceptions.APIError, lambda: api.post(f"/order/cart/{cart}/checkout"), "ovh: checkout without region"
    )
    api.post(f"/order/cart/{cart}/item/{item}/configuration", label="region", value=lab.region)
    checks.that(api.get(f"/order/cart/{cart}/checkout")["orderId"] is None, "ovh: GET checkout makes no order")
    order = api.post(
        f"/order/cart/{cart}/checkout", autoPayWithPreferredPaymentMethod=False, waiveRetractationPeriod=True
    )["orderId"]
    checks.raises(ovh.exceptions.APIError, lambda: api.post(f"/order/cart/{cart}/checkout"), "ovh: second checkout")
    checks.that(api.get(f"/me/order/{order}/status") == "notPaid", "ovh: the order waits for its payment")
    detail = api.get(f"/me/order/{order}/details")[0]
    checks.that(
        api.get(f"/me/order/{order}/details/{detail}")["domain"].startswith("*"), "ovh: no domain before delivery"
    )
    method = api.get("/me/payment/method", default=True)[0]
    api.post(f"/me/order/{order}/pay", paymentMethod={"id": method})
    statuses = [api.get(f"/me/order/{order}/status") for _look in range(20)]
    checks.that(statuses[-1] == "delivered", f"ovh: order is delivered ({', '.join(dict.fromkeys(statuses))})")
    extension = api.get(f"/me/order/{order}/details/{detail}/extension")["order"]
    checks.that(extension["plan"]["code"] == "okms", "ovh: the order's extension names its plan")
    return str(api.get(f"/me/order/{order}/details/{detail}")["domain"])


def _until(api: t.Any, path: str, good: t.Callable[[t.Any], bool]) -> t.Any:
    for _look in range(20):
        try:
            found = api.get(path)
        except ovh.exceptions.ResourceNotFoundError:
            continue
        if good(found):
            break
    return found


def _credential(lab: Lab, checks: Checks, api: t.Any, okms_id: str) -> Issued:
    domain = _until(api, f"/v2/okms/resource/{okms_id}?publicCA=true", lambda found: found["id"] == okms_id)
    checks.that("BEGIN CERTIFICATE" in domain["publicCA"], "ovh: the OKMS domain and its public CA")
    checks.that(okms_id in [row["id"] for row in api.get("/v2/okms/resource")], "ovh: the domain is listed")
    identity = api.get("/auth/details")["identities"]
    path = f"/v2/okms/resource/{okms_id}/credential"
    made = api.post(path, name="lab-check", identityURNs=identity, csr=certificate_request())
    checks.that(
        made["status"] == "CREATING" and made["privateKeyPEM"] is None, "ovh: credential from a CSR, no private key"
    )
    ready = _until(api, f"{path}/{made['id']}", lambda found: found["status"] == "READY")
    checks.that("BEGIN CERTIFICATE" in ready["certificatePEM"], "ovh: the certificate is signed")
    gone = api.delete(f"{path}/{made['id']}")
    checks.that(gone["status"] == "DELETING", "ovh: credential revoked")
    service = _until(api, f"/services?resourceName={okms_id}", bool)[0]
    api.put(f"/services/{service}", displayName="lab-check")
    renamed = _until(api, f"/v2/okms/resource/{okms_id}", lambda found: found["iam"]["displayName"] == "lab-check")
    checks.that(renamed["iam"]["displayName"] == "lab-check", "ovh: the domain is renamed through /services")
    own = api.post(path, name="lab-check-2", identityURNs=identity)
    own_ready = _until(api, f"{path}/{own['id']}", lambda found: found["status"] == "READY")
    checks.that("PRIVATE KEY" in own["privateKeyPEM"], "ovh: credential whose key OKMS made")
    return Issued(okms_id, own_ready["certificatePEM"], own["privateKeyPEM"], f"{path}/{own['id']}")


def _flow(lab: Lab, checks: Checks, api: t.Any) -> None:
    path = f"/dedicatedCloud/{lab.private_cloud}"
    checks.that(api.get(path)["state"] == "delivered", "ovh: the private cloud")
    address, thumbprint = lab.okms_kmip.address[0], thumbprints(lab.okms_kmip.server_certificate_pem)["sha1"]
    task = api.post(f"{path}/vmEncryption/kms", ip=address, sslThumbprint=thumbprint, description="lab-check")
    seen = [api.get(f"{path}/task/{task['taskId']}") for _look in range(6)][-1]
    waiting = seen["state"] in ("todo", "doing") and seen["description"].lower().startswith("waiting for customer")
    checks.that(waiting, f"ovh: the KMS task waits for vCenter ({seen['description']})")
    entry = api.get(f"{path}/vmEncryption/kms")[0]
    checks.that(api.get(f"{path}/vmEncryption/kms/{entry}")["ip"] == address, "ovh: the KMS entry")


def _paging(lab: Lab, checks: Checks, api: t.Any) -> None:
    wanted = {str(lab.ovhcloud.new_okms(lab.region, f"page-{number}").okms_id) for number in range(5)}
    seen: list[str] = []
    headers: dict[str, str] = {"X-Pagination-Size": "2"}
    pages = 0
    while True:
        answer = api.raw_call("GET", "/v2/okms/resource", headers=dict(headers))
        seen += [row["id"] for row in answer.json()]
        pages += 1
        cursor = answer.headers.get("X-Pagination-Cursor-Next")
        if not cursor:
            break
        headers["X-Pagination-Cursor"] = cursor
    checks.that(
        wanted <= set(seen) and len(seen) == len(set(seen)) and pages > 2, f"ovh: {len(seen)} domains on {pages} pages"
    )


def _errors(lab: Lab, checks: Checks) -> None:
    checks.raises(
        ovh.exceptions.BadParametersError,
        lambda: client(lab, application_secret="wrong").get("/me"),
        "ovh: wrong signature",
    )
    checks.raises(
        ovh.exceptions.OAuth2FailureError,
        lambda: client(lab, True, client_secret="wrong").get("/me"),
        "ovh: wrong secret",
    )
    missing = "/v2/okms/resource/00000000-0000-4000-8000-000000000000"
    error = checks.raises(ovh.exceptions.ResourceNotFoundError, lambda: client(lab).get(missing), "ovh: unknown domain")
    checks.that("EU.ext" in str(error), "ovh: the error carries a query id")
    checks.raises(
        ovh.exceptions.APIError,
        lambda: client(lab).put("/services/1", noSuchField=True),
        "ovh: unknown field or service",
    )
