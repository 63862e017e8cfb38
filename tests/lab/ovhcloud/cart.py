# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order tunnel up to the checkout, and the public catalogue of OKMS."""

from __future__ import annotations

import datetime
import typing as t

from .account import AccountArea
from .core import Area, Call, Core, new_uuid, serves, stamp
from .errors import bad_request, conflict, error, not_found
from .orders import OrderArea
from .state import Cart, CartItem

PLAN, DURATION, MODE = "okms", "P1M", "default"
TAX_RATE = 0.2
# one object for one month, in ucents: the fixtures of ovh/manager; the live prices are not known
USAGE_PRICES = {
    "okms-servicekey-monthly-consumption": 6_000_000,
    "okms-kmip-monthly-consumption": 6_000_000,
    "okms-secret-monthly-consumption": 3_000_000,
}


class CartArea(Area):
    """Carts and catalogue."""

    def __init__(self, core: Core, account: AccountArea, orders: OrderArea) -> None:
        super().__init__(core)
        self._account = account
        self._orders = orders

    # --- carts

    def _cart(self, call: Call, writable: bool = False) -> Cart:
        cart = self.state.carts.get(call.params["cartId"])
        if cart is None or cart.expires <= self.core.now():
            raise not_found("cart")
        if writable and cart.read_only:
            raise conflict("This cart is read only")
        return cart

    def _item(self, call: Call, writable: bool = False) -> tuple[Cart, CartItem]:
        cart = self._cart(call, writable)
        item = cart.items.get(call.params["itemId"])
        if item is None:
            raise not_found("item")
        return cart, item

    @staticmethod
    def _shown(cart: Cart) -> dict[str, t.Any]:
        return {
            "cartId": cart.cart_id,
            "description": cart.description,
            "expire": stamp(cart.expires),
            "items": list(cart.items),
            "readOnly": cart.read_only,
        }

    @serves("GET /order/cart")
    def carts(self, call: Call) -> list[str]:
        """Ids of the account's carts."""
        wanted = call.query.get("description")
        return [
            cart.cart_id
            for cart in self.state.carts.values()
            if cart.owner and wanted in (None, cart.description) and cart.expires > self.core.now()
        ]

    @serves("POST /order/cart")
    def create(self, call: Call) -> dict[str, t.Any]:
        """A new cart, for a day unless told otherwise."""
        expires = self.core.now() + datetime.timedelta(days=1)
        if "expire" in call.body:
            expires = _moment(call.body["expire"])
        owner = self.state.account.nichandle if call.identity else ""
        description, subsidiary = call.body.get("description", ""), call.body["ovhSubsidiary"]
        cart = Cart(new_uuid(), description, expires, subsidiary, owner)
        self.state.carts[cart.cart_id] = cart
        return self._shown(cart)

    @serves("GET /order/cart/{cartId}")
    def get(self, call: Call) -> dict[str, t.Any]:
        """One cart."""
        return self._shown(self._cart(call))

    @serves("PUT /order/cart/{cartId}")
    def update(self, call: Call) -> dict[str, t.Any]:
        """Change description or expiry."""
        cart = self._cart(call, writable=True)
        cart.description = call.body.get("description", cart.description)
        if "expire" in call.body:
            cart.expires = _moment(call.body["expire"])
        return self._shown(cart)

    @serves("DELETE /order/cart/{cartId}")
    def delete(self, call: Call) -> None:
        """Throw a cart away."""
        del self.state.carts[self._cart(call).cart_id]

    @serves("POST /order/cart/{cartId}/assign")
    def assign(self, call: Call) -> None:
        """The cart becomes the account's."""
        cart = self._cart(call, writable=True)
        cart.assigned, cart.owner = True, self.state.account.nichandle

    # --- products

    @serves("GET /order/cart/{cartId}/okms")
    def offers(self, call: Call) -> list[dict[str, t.Any]]:
        """What of OKMS can be put in the cart."""
        self._cart(call)
        pricing = {
            "capacities": ["installation", "renew"],
            "description": "Monthly fees",
            "duration": DURATION,
            "interval": 1,
            "maximumQuantity": 1,
            "maximumRepeat": None,
            "minimumQuantity": 1,
            "minimumRepeat": 1,
            "price": self.core.price(self.core.settings.order_price),
            "priceInUcents": round(self.core.settings.order_price * 100_000_000),
            "pricingMode": MODE,
            "pricingType": "rental",
        }
        return [{"planCode": PLAN, "prices": [pricing], "productName": "okms", "productType": "cloud_service"}]

    @serves("POST /order/cart/{cartId}/okms")
    def add(self, call: Call) -> dict[str, t.Any]:
        """Put an OKMS in the cart."""
        cart, body = self._cart(call, writable=True), call.body
        if (body["planCode"], body["duration"], body["pricingMode"]) != (PLAN, DURATION, MODE):
            raise bad_request("No such plan, duration and pricing mode")
        if body["quantity"] != 1:
            raise bad_request("The quantity of this plan has to be 1")
        number = self.core.number("item", 412345678)
        item = CartItem(number, body["duration"], body["planCode"], body["pricingMode"], body["quantity"])
        cart.items[item.item_id] = item
        return self._item_shown(cart, item)

    def _item_shown(self, cart: Cart, item: CartItem) -> dict[str, t.Any]:
        total = self.core.price(self.core.settings.order_price)
        return {
            "cartId": cart.cart_id,
            "configurations": list(item.configurations),
            "duration": item.duration,
            "itemId": item.item_id,
            "offerId": None,
            "options": [],
            "parentItemId": None,
            "prices": [{"label": "TOTAL", "price": total, "promotions": []}],
            "productId": "okms",
            "settings": {"planCode": item.plan_code, "pricingMode": item.pricing_mode, "quantity": item.quantity},
        }

    @serves("GET /order/cart/{cartId}/item")
    def items(self, call: Call) -> list[int]:
        """Ids of the products in the cart."""
        return list(self._cart(call).items)

    @serves("GET /order/cart/{cartId}/item/{itemId}")
    def item(self, call: Call) -> dict[str, t.Any]:
        """One product in the cart."""
        return self._item_shown(*self._item(call))

    @serves("DELETE /order/cart/{cartId}/item/{itemId}")
    def delete_item(self, call: Call) -> None:
        """Take a product out."""
        cart, item = self._item(call, writable=True)
        del cart.items[item.item_id]

    # --- configuration

    @serves("GET /order/cart/{cartId}/item/{itemId}/requiredConfiguration")
    def required(self, call: Call) -> list[dict[str, t.Any]]:
        """What has to be configured."""
        self._item(call)
        return [{"fields": [], "label": "region", "required": True, "type": "String"}]

    @serves("GET /order/cart/{cartId}/item/{itemId}/configuration")
    def configurations(self, call: Call) -> list[int]:
        """Ids of configurations."""
        item, wanted = self._item(call)[1], call.query.get("label")
        return [number for number, (label, _value) in item.configurations.items() if wanted in (None, label)]

    @serves("POST /order/cart/{cartId}/item/{itemId}/configuration")
    def configure(self, call: Call) -> dict[str, t.Any]:
        """Set the region."""
        item = self._item(call, writable=True)[1]
        label, value = call.body["label"], call.body["value"]
        if label != "region":
            raise bad_request(f"Unknown configuration {label}")
        if value not in self.core.regions:
            raise bad_request(f"Invalid value for the configuration {label}")
        if item.configured(label) is not None:
            raise bad_request(f"The configuration {label} is already set")
        number = self.core.number("configuration", 512345678)
        item.configurations[number] = (label, value)
        return {"id": number, "label": label, "value": value}

    @serves("GET /order/cart/{cartId}/item/{itemId}/configuration/{configurationId}")
    def configuration(self, call: Call) -> dict[str, t.Any]:
        """One configuration."""
        item, number = self._item(call)[1], call.params["configurationId"]
        if number not in item.configurations:
            raise not_found("configuration")
        label, value = item.configurations[number]
        return {"id": number, "label": label, "value": value}

    @serves("DELETE /order/cart/{cartId}/item/{itemId}/configuration/{configurationId}")
    def delete_configuration(self, call: Call) -> None:
        """Take a configuration back."""
        item = self._item(call, writable=True)[1]
        if item.configurations.pop(call.params["configurationId"], None) is None:
            raise not_found("configuration")

    # --- checkout

    @serves("GET /order/cart/{cartId}/summary")
    def summary(self, call: Call) -> dict[str, t.Any]:
        """What the order would be."""
        return self._preview(self._cart(call))

    @serves("GET /order/cart/{cartId}/checkout")
    def simulate(self, call: Call) -> dict[str, t.Any]:
        """The order, without making it."""
        cart = self._cart(call)
        self._complete(cart)
        return self._preview(cart)

    @serves("POST /order/cart/{cartId}/checkout")
    def execute(self, call: Call) -> dict[str, t.Any]:
        """Make the order."""
        cart = self._cart(call)
        if cart.read_only:
            raise conflict("This cart was already validated")
        self._complete(cart)
        if self.core.settings.account_state != "complete":
            raise error(403, "Your account is incomplete and may not order")
        cart.read_only = True
        preview = self._preview(cart)
        order = self._orders.create(next(iter(cart.items.values())), self.core.settings.order_price)
        order.waived = call.body.get("waiveRetractationPeriod", False)
        method = self._account.default_method()
        asked = call.body.get("autoPayWithPreferredPaymentMethod", False)
        if asked and method and self.core.settings.autopay_honoured:
            self._orders.paid(order, f"method {method.method_id}")
        return {**preview, "orderId": order.order_id, "url": self._orders.url(order)}

    @staticmethod
    def _complete(cart: Cart) -> None:
        if not cart.assigned:
            raise bad_request("This cart is not assigned to your account")
        if not cart.items:
            raise bad_request("This cart is empty")
        if len(cart.items) > 1:
            raise bad_request("The lab sells one OKMS in one cart")
        for item in cart.items.values():
            if item.configured("region") is None:
                raise bad_request(f"Missing required configuration region on item {item.item_id}")

    def _preview(self, cart: Cart) -> dict[str, t.Any]:
        price = self.core.price
        value = self.core.settings.order_price
        tax = round(value * TAX_RATE, 2)
        lines = [
            {
                "cartItemID": item.item_id,
                "description": "OVHcloud KMS",
                "detailType": "INSTALLATION",
                "domain": "*001",
                "originalTotalPrice": price(value),
                "quantity": item.quantity,
                "reductionTotalPrice": price(0.0),
                "reductions": [],
                "totalPrice": price(value),
                "unitPrice": price(value),
            }
            for item in cart.items.values()
        ]
        total = value * len(lines)
        return {
            "contracts": [
                {"content": "Terms", "name": "Terms of service", "url": "https://contract.ovh.test/terms.pdf"}
            ],
            "details": lines,
            "orderId": None,
            "prices": {
                "originalWithoutTax": price(total),
                "reduction": price(0.0),
                "tax": price(tax * len(lines)),
                "withTax": price(total + tax * len(lines)),
                "withoutTax": price(total),
            },
            "url": None,
        }

    # --- catalogue

    @serves("GET /order/catalog/public/okms")
    def catalogue(self, call: Call) -> dict[str, t.Any]:
        """Plans and prices, without login."""
        region = {"isCustom": False, "isMandatory": True, "name": "region", "values": list(self.core.regions)}
        ucents = round(self.core.settings.order_price * 100_000_000)
        capacities = ["installation", "renew"]
        plan = _plan(PLAN, "OVHcloud KMS", "okms", _pricing(capacities, ucents, "rental"), [region])
        if self.core.settings.usage_in_addon_families:
            family = {"default": None, "exclusive": False, "mandatory": False, "name": "consumption"}
            plan["addonFamilies"] = [{**family, "addons": list(USAGE_PRICES)}]
        addons = []
        for code, usage in USAGE_PRICES.items():
            product = code.removesuffix("-monthly-consumption")
            # the month stands in the plan code only (fixtures of ovh/manager)
            pricing = {**_pricing(["consumption"], usage, "consumption"), "interval": 0, "intervalUnit": "none"}
            addon = _plan(code, product, product, pricing, [])
            addon["consumptionConfiguration"] = {
                "billingStrategy": "max",
                "pingEndPolicy": None,
                "prorataUnit": "month",
            }
            addons.append(addon)
        names = ["okms", *(addon["product"] for addon in addons)]
        return {
            "addons": addons,
            "catalogId": 6001,
            "locale": {
                "currencyCode": self.state.account.currency,
                "subsidiary": call.query["ovhSubsidiary"],
                "taxRate": TAX_RATE * 100,
            },
            "planFamilies": [],
            "plans": [plan],
            "products": [
                {"blobs": None, "configurations": [region] if name == "okms" else [], "description": name, "name": name}
                for name in names
            ],
        }


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _pricing(capacities: list[str], ucents: int, kind: str) -> dict[str, t.Any]:
    return {
        "capacities": capacities,
        "commitment": 0,
        "description": "Monthly fees",
        "engagementConfiguration": None,
        "interval": 1,
        "intervalUnit": "month",
        "mode": MODE,
        "mustBeCompleted": False,
        "phase": 1,
        "price": ucents,
        "promotions": [],
        "quantity": {"max": None, "min": 1},
        "repeat": {"max": None, "min": 1},
        "strategy": "tiered",
        "tax": round(ucents * TAX_RATE),
        "type": kind,
    }


def _plan(
    code: str, invoice_name: str, product: str, pricing: dict[str, t.Any], configurations: list[dict[str, t.Any]]
) -> dict[str, t.Any]:
    return {
        "addonFamilies": [],
        "blobs": None,
        "configurations": configurations,
        "consumptionConfiguration": None,
        "family": None,
        "invoiceName": invoice_name,
        "planCode": code,
        "pricingType": pricing["type"],
        "pricings": [pricing],
        "product": product,
    }
