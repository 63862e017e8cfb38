# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: /me, payment methods, mails, local users and groups, service accounts."""

from __future__ import annotations

import typing as t

from .core import Area, Call, serves, stamp
from .errors import conflict, not_found
from .state import Mail, PaymentMethod

_EMPTY_FIELDS = [
    "address",
    "area",
    "birthCity",
    "birthDay",
    "city",
    "companyNationalIdentificationNumber",
    "complementaryAddress",
    "corporationType",
    "fax",
    "firstname",
    "italianSDI",
    "name",
    "nationalIdentificationNumber",
    "organisation",
    "phone",
    "phoneCountry",
    "phoneType",
    "purposeOfPurchase",
    "sex",
    "spareEmail",
    "vat",
    "zip",
]


class AccountArea(Area):
    """Calls under /me, without the orders."""

    @serves("GET /me")
    def me(self, call: Call) -> dict[str, t.Any]:
        """The customer."""
        account, settings = self.state.account, self.core.settings
        return {
            **dict.fromkeys(_EMPTY_FIELDS),
            "country": "FR",
            "currency": {"code": account.currency, "symbol": account.symbol},
            "customerCode": "1234-5678-90",
            "email": account.email,
            "kycValidated": False,
            "language": "fr_FR",
            "legalform": "corporation",
            "nichandle": account.nichandle,
            "ovhCompany": "ovh",
            "ovhSubsidiary": settings.subsidiary,
            "state": settings.account_state,
        }

    # --- payment methods

    def default_method(self) -> PaymentMethod | None:
        """The valid default payment method."""
        return next(
            (item for item in self.state.payment_methods.values() if item.default and item.status == "VALID"), None
        )

    @serves("GET /me/payment/method")
    def methods(self, call: Call) -> list[int]:
        """Ids of payment methods."""
        wanted_default, status = call.query.get("default"), call.query.get("status")
        kind = call.query.get("paymentType", "CREDIT_CARD")
        return [
            item.method_id
            for item in self.state.payment_methods.values()
            if wanted_default in (None, item.default) and status in (None, item.status) and kind == "CREDIT_CARD"
        ]

    @serves("GET /me/payment/method/{paymentMethodId}")
    def method(self, call: Call) -> dict[str, t.Any]:
        """One payment method."""
        item = self.state.payment_methods.get(call.params["paymentMethodId"])
        if item is None:
            raise not_found("payment method")
        return {
            "billingContactId": 55,
            "creationDate": stamp(item.created),
            "default": item.default,
            "description": None,
            "expirationDate": None,
            "formSessionId": None,
            "icon": {"data": None, "name": "visa", "url": None},
            "integration": "IFRAME_VANTIV",
            "label": "4xxxxxxxxxxx1111",
            "lastUpdate": stamp(item.created),
            "merchantId": None,
            "oneclick": True,
            "paymentMeanId": 99,
            "paymentMethodId": item.method_id,
            "paymentSubType": "VISA",
            "paymentType": "CREDIT_CARD",
            "status": item.status,
        }

    # --- mails

    def send_mail(self, subject: str, body: str) -> Mail:
        """Put a mail into the history."""
        mail = Mail(self.core.number("mail", 7001), self.core.now(), subject, body)
        self.state.mails[mail.mail_id] = mail
        return mail

    @serves("GET /me/notification/email/history")
    def mails(self, call: Call) -> list[int]:
        """Ids of mails sent."""
        return list(self.state.mails)

    @serves("GET /me/notification/email/history/{id}")
    def mail(self, call: Call) -> dict[str, t.Any]:
        """One mail."""
        mail = self.state.mails.get(call.params["id"])
        if mail is None:
            raise not_found("email")
        return {"body": mail.body, "date": stamp(mail.date), "id": mail.mail_id, "subject": mail.subject}

    # --- identities

    def add_user(self, login: str, group: str = "DEFAULT", description: str = "", email: str | None = None) -> str:
        """A local user; returns its URN."""
        now = stamp(self.core.now())
        urn = f"urn:v1:eu:identity:user:{self.state.account.nichandle}/{login}"
        self.state.account.users[login] = {
            "creation": now,
            "description": description,
            "email": email,
            "group": group,
            "groups": [group],
            "lastUpdate": now,
            "login": login,
            "passwordLastUpdate": now,
            "status": "OK",
            "type": "USER",
            "urn": urn,
        }
        return urn

    def add_group(self, name: str, role: str) -> None:
        """A group of local users."""
        now = stamp(self.core.now())
        self.state.account.groups[name] = {
            "creation": now,
            "defaultGroup": name in ("ADMIN", "DEFAULT", "UNPRIVILEGED"),
            "description": None,
            "lastUpdate": now,
            "name": name,
            "role": role,
            "urn": f"urn:v1:eu:identity:group:{self.state.account.nichandle}/{name}",
        }

    @serves("GET /me/identity/user")
    def users(self, call: Call) -> list[str]:
        """Logins of local users."""
        return list(self.state.account.users)

    @serves("POST /me/identity/user")
    def create_user(self, call: Call) -> None:
        """Add a local user."""
        login = call.body["login"]
        if login in self.state.account.users:
            raise conflict("This login already exists")
        group = call.body.get("group") or "DEFAULT"
        if group not in self.state.account.groups:
            raise not_found(f"group {group}")
        self.add_user(login, group, call.body.get("description") or "", call.body.get("email"))

    @serves("GET /me/identity/user/{user}")
    def user(self, call: Call) -> dict[str, t.Any]:
        """One local user."""
        found = self.state.account.users.get(call.params["user"])
        if found is None:
            raise not_found(f"user {call.params['user']}")
        return found

    @serves("DELETE /me/identity/user/{user}")
    def delete_user(self, call: Call) -> None:
        """Remove a local user."""
        if self.state.account.users.pop(call.params["user"], None) is None:
            raise not_found(f"user {call.params['user']}")

    @serves("GET /me/identity/group")
    def groups(self, call: Call) -> list[str]:
        """Names of groups."""
        return list(self.state.account.groups)

    @serves("GET /me/identity/group/{group}")
    def group(self, call: Call) -> dict[str, t.Any]:
        """One group."""
        found = self.state.account.groups.get(call.params["group"])
        if found is None:
            raise not_found(f"group {call.params['group']}")
        return found

    @serves("GET /me/api/oauth2/client")
    def service_accounts(self, call: Call) -> list[str]:
        """Client ids of service accounts."""
        return list(self.state.service_accounts)

    @serves("GET /me/api/oauth2/client/{clientId}")
    def service_account(self, call: Call) -> dict[str, t.Any]:
        """One service account."""
        found = self.state.service_accounts.get(call.params["clientId"])
        if found is None:
            raise not_found(f"client {call.params['clientId']}")
        return {
            "callbackUrls": [],
            "clientId": found.client_id,
            "createdAt": stamp(found.created),
            "description": found.name,
            "flow": "CLIENT_CREDENTIALS",
            "identity": found.identity.urn,
            "name": found.name,
        }
