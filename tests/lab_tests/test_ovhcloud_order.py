# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the cart to the domain, and back: orders, payment, billing services, termination."""

from __future__ import annotations

import re

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.ovhcloud_site import Site

PLAN = {"planCode": "okms", "duration": "P1M", "pricingMode": "default", "quantity": 1}
BOTH = {"autoPayWithPreferredPaymentMethod": True, "waiveRetractationPeriod": True}


@pytest.fixture
def site():
    made = Site()
    yield made
    made.stop()


def _cart(site, region="eu-west-rbx"):
    cart = f"/order/cart/{site.call('POST', '/order/cart', {'ovhSubsidiary': 'FR', 'description': 'mark'})['cartId']}"
    site.call("POST", f"{cart}/assign")
    item = f"{cart}/item/{site.call('POST', f'{cart}/okms', PLAN)['itemId']}"
    if region:
        site.call("POST", f"{item}/configuration", {"label": "region", "value": region})
    return cart, item


def _ordered(site, **flags):
    return site.call("POST", f"{_cart(site)[0]}/checkout", {**BOTH, **flags})["orderId"]


def _statuses(site, order, count):
    return [site.call("GET", f"/me/order/{order}/status") for _look in range(count)]


def _delivered(site):
    order = _ordered(site)
    assert _statuses(site, order, 4)[-1] == "delivered"
    return order, site.state.orders[order].domain


def test_catalogue_is_public_and_names_prices(site):
    url = f"{site.url}/1.0/order/catalog/public/okms"
    catalogue = site.session.get(url, params={"ovhSubsidiary": "FR"}, timeout=60).json()
    assert [(plan["planCode"], plan["pricings"][0]["price"]) for plan in catalogue["plans"]] == [("okms", 0)]
    region = catalogue["plans"][0]["configurations"][0]
    assert (region["name"], region["isMandatory"], region["values"]) == ("region", True, ["eu-west-rbx", "eu-west-sbg"])
    codes = {addon["planCode"] for addon in catalogue["addons"] if addon["pricings"][0]["price"] > 0}
    kinds = ("servicekey", "kmip", "secret")
    assert codes == {f"okms-{kind}-monthly-consumption" for kind in kinds}


def test_cart_without_login(site):
    made = site.session.post(f"{site.url}/1.0/order/cart", json={"ovhSubsidiary": "FR"}, timeout=60).json()
    url = f"{site.url}/1.0/order/cart/{made['cartId']}"
    assert site.session.get(url, timeout=60).json()["readOnly"] is False
    assert site.session.get(f"{url}/okms", timeout=60).json()[0]["planCode"] == "okms"
    assert site.session.post(f"{url}/checkout", json=BOTH, timeout=60).status_code == 401
    assert site.call("GET", "/order/cart") == []


def test_cart_items_and_configuration(site):
    cart, item = _cart(site, region=None)
    assert site.call("GET", f"{item}/requiredConfiguration")[0]["label"] == "region"
    assert site.refused("POST", f"{item}/configuration", {"label": "region", "value": "mars"})[0] == 400
    assert site.refused("POST", f"{item}/configuration", {"label": "colour", "value": "red"})[0] == 400
    made = site.call("POST", f"{item}/configuration", {"label": "region", "value": "eu-west-sbg"})
    assert site.call("GET", f"{item}/configuration") == [made["id"]]
    assert site.call("GET", f"{item}/configuration/{made['id']}") == made
    assert site.call("DELETE", f"{item}/configuration/{made['id']}") is None
    assert site.call("GET", f"{item}/configuration") == []
    assert site.call("GET", cart)["items"] == site.call("GET", f"{cart}/item")
    assert site.call("DELETE", item) is None
    assert site.call("GET", f"{cart}/item") == []
    assert site.call("GET", "/order/cart", params={"description": "mark"}) == [cart.rsplit("/", 1)[1]]
    assert site.call("GET", "/order/cart", params={"description": "other"}) == []
    assert site.call("PUT", cart, {"description": "other"})["description"] == "other"
    site.call("DELETE", cart)
    assert site.refused("GET", cart) == (404, "Client::NotFound")


def test_simulation_makes_no_order(site):
    cart, _item = _cart(site)
    preview = site.call("GET", f"{cart}/checkout")
    assert (preview["orderId"], preview["url"], preview["prices"]["withTax"]["value"]) == (None, None, 0)
    assert site.call("GET", f"{cart}/summary") == preview
    assert site.call("GET", "/me/order") == []


def test_checkout_refusals(site):
    cart = site.call("POST", "/order/cart", {"ovhSubsidiary": "FR"})["cartId"]
    assert site.refused("POST", f"/order/cart/{cart}/checkout", BOTH)[0] == 400  # not assigned
    assert site.refused("POST", f"{_cart(site, region=None)[0]}/checkout", BOTH)[0] == 400
    cart = _cart(site)[0]
    site.call("POST", f"{cart}/checkout", BOTH)
    assert site.refused("POST", f"{cart}/checkout", BOTH) == (409, "Client::Conflict")
    assert site.call("GET", cart)["readOnly"] is True
    site.settings.account_state = "incomplete"
    assert site.refused("POST", f"{_cart(site)[0]}/checkout", BOTH)[0] == 403


def test_full_order(site):
    order = _ordered(site)
    path = f"/me/order/{order}"
    detail = f"{path}/details/{site.call('GET', f'{path}/details')[0]}"
    assert site.call("GET", detail)["domain"] == "*001"
    extension = site.call("GET", f"{detail}/extension")["order"]
    assert (extension["plan"]["code"], extension["configurations"]) == (
        "okms",
        [{"label": "region", "value": "eu-west-rbx"}],
    )
    assert _statuses(site, order, 4) == ["checking", "delivering", "delivering", "delivered"]
    okms_id = site.call("GET", detail)["domain"]
    assert [row["status"] for row in site.call("GET", f"{path}/followUp")] == ["DONE"] * 4
    assert site.refused("GET", f"/v2/okms/resource/{okms_id}") == (404, "Client::NotFound")
    domain = site.call("GET", f"/v2/okms/resource/{okms_id}", params={"publicCA": "true"})
    assert (domain["region"], domain["iam"]["displayName"]) == ("eu-west-rbx", okms_id)
    assert domain["publicCA"].startswith("-----BEGIN CERTIFICATE-----")
    assert site.call("GET", f"/v2/okms/resource/{okms_id}")["publicCA"] is None
    services = [site.call("GET", "/services", params={"resourceName": okms_id}) for _look in range(2)]
    assert services[0] == [] and len(services[1]) == 1
    urns = [item["urn"] for item in site.pages("/v2/iam/resource")]
    assert f"urn:v1:eu:resource:okms:{okms_id}" in urns


def test_order_dates(site):
    order = _ordered(site)
    assert site.call("GET", "/me/order", params={"date.from": "2020-01-01T00:00:00Z"}) == [order]
    assert site.call("GET", "/me/order", params={"date.to": "2020-01-01T00:00:00Z"}) == []
    assert site.call("GET", f"/me/order/{order}")["password"] in site.app.secrets()


@pytest.mark.parametrize("outcome, last", [("cancelled", "cancelled"), ("documentsRequested", "documentsRequested")])
def test_orders_that_fail(site, outcome, last):
    site.settings.order_outcome = outcome
    order = _ordered(site)
    assert _statuses(site, order, 4)[-1] == last
    site.call("GET", f"/me/order/{order}/followUp")
    assert not site.state.okms


def test_an_order_that_hangs(site):
    site.settings.order_outcome = "stuck"
    assert set(_statuses(site, _ordered(site), 9)[2:]) == {"delivering"}


def test_everything_at_once():
    site = Site(order_checking_reads=0, order_delivering_reads=0, okms_window_reads=0, services_window_reads=0)
    try:
        order = _ordered(site)
        assert _statuses(site, order, 1) == ["delivered"]
        assert len(site.pages("/v2/okms/resource")) == 1
    finally:
        site.stop()


def test_payment_after_checkout(site):
    method = site.call("GET", "/me/payment/method", params={"default": "true", "status": "VALID"})[0]
    assert site.call("GET", f"/me/payment/method/{method}")["default"] is True
    order = _ordered(site, autoPayWithPreferredPaymentMethod=False)
    assert _statuses(site, order, 2) == ["notPaid", "notPaid"]
    assert site.refused("POST", f"/me/order/{order}/pay", {"paymentMethod": {"id": 5}})[0] == 400
    assert site.call("POST", f"/me/order/{order}/pay", {"paymentMethod": {"id": method}}) is None
    assert site.refused("POST", f"/me/order/{order}/pay", {"paymentMethod": {"id": method}})[0] == 409
    assert _statuses(site, order, 4)[-1] == "delivered"


def test_without_a_payment_method():
    site = Site(payment_method=False)
    try:
        assert site.call("GET", "/me/payment/method") == []
        order = _ordered(site)
        assert _statuses(site, order, 1) == ["notPaid"]
        assert site.call("GET", f"/me/order/{order}/availableRegisteredPaymentMean") == [
            {"paymentMean": "fidelityAccount"}
        ]
        path, body = f"/me/order/{order}/payWithRegisteredPaymentMean", {"paymentMean": "fidelityAccount"}
        assert site.refused("POST", path, {"paymentMean": "paypal"})[0] == 400
        assert site.call("POST", path, body) is None
        assert _statuses(site, order, 1) == ["checking"]
        site.settings.order_price = 12.5
        order = _ordered(site)
        assert site.call("GET", f"/me/order/{order}")["priceWithTax"]["value"] == 15.0
        assert site.refused("POST", f"/me/order/{order}/payWithRegisteredPaymentMean", body)[0] == 400
    finally:
        site.stop()


def test_rename_through_the_billing_service(site):
    okms_id = _delivered(site)[1]
    for _look in range(2):
        found = site.call("GET", "/services", params={"resourceName": okms_id})
    assert site.call("PUT", f"/services/{found[0]}", {"displayName": "kms-prod"}) is None
    names = [site.signed("GET", f"/v2/okms/resource/{okms_id}") for _look in range(3)]
    assert [answer.status_code for answer in names] == [404, 200, 200]
    assert [answer.json()["iam"]["displayName"] for answer in names[1:]] == [okms_id, "kms-prod"]
    service = site.call("GET", f"/services/{found[0]}")
    assert (service["resource"]["displayName"], service["route"]["path"]) == ("kms-prod", "/okms/resource/{okmsId}")


def test_termination_by_mail(site):
    domain = site.app.new_okms("eu-west-rbx", "kms")
    service = f"/services/{site.call('GET', '/services', params={'resourceName': domain.okms_id})[0]}"
    assert site.call("GET", "/me/notification/email/history") == []
    assert site.refused("POST", f"{service}/terminate/confirm", {"token": "x"})[0] == 400
    site.call("POST", f"{service}/terminate")
    mail = site.call("GET", f"/me/notification/email/history/{site.call('GET', '/me/notification/email/history')[0]}")
    token = re.findall(r"/billing/confirmTerminate\?id=[A-Za-z0-9]+&token=([A-Za-z0-9]+)", mail["body"])[0]
    assert domain.okms_id in mail["body"] and token in site.app.secrets()
    assert site.call("GET", f"/v2/okms/resource/{domain.okms_id}")["iam"]["state"] == "OK"
    site.call("POST", f"{service}/terminate/confirm", {"token": token})
    path = f"/v2/okms/resource/{domain.okms_id}"
    assert site.refused("GET", f"{path}/credential") == (400, "Client::BadRequest::OKMSExpired")
    assert site.refused("POST", f"{service}/terminate") == (460, "Client::ServiceExpired")
    assert site.call("GET", path)["iam"]["state"] == "SUSPENDED"
    assert [site.signed("GET", path).status_code for _look in range(3)] == [200, 404, 404]
    assert site.call("GET", "/services", params={"resourceName": domain.okms_id}) == []


def test_termination_without_mail(site):
    domain = site.app.new_okms("eu-west-rbx", "kms")
    service = f"/services/{domain.service_id}"
    assert site.refused("POST", f"{service}/terminate/skipRetentionPeriod")[0] == 409
    site.settings.direct_termination = False
    assert site.refused("DELETE", service)[0] == 403
    site.settings.direct_termination = True
    assert "message" in site.call("DELETE", service)
    assert site.call("POST", f"{service}/terminate/skipRetentionPeriod") is None
    assert site.refused("GET", f"/v2/okms/resource/{domain.okms_id}")[0] == 404


def test_unpaid_orders_end_by_themselves(site):
    order = _ordered(site, autoPayWithPreferredPaymentMethod=False)
    site.clock.advance(14 * 86400 + 1)
    assert _statuses(site, order, 1) == ["cancelled"]
