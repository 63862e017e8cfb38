# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Billing services: naming, termination with a mailed token, retention."""

from __future__ import annotations

import datetime
import typing as t

from .account import AccountArea
from .core import Area, Call, Core, serves, stamp
from .errors import bad_request, conflict, error, not_found
from .okms import OkmsArea
from .state import Countdown, Okms, Service

_MONTH = datetime.timedelta(days=30)
_ROUTES = {"okms": ("/okms/resource/{okmsId}", "okmsId"), "pccVMware": ("/dedicatedCloud/{serviceName}", "serviceName")}


class ServiceArea(Area):
    """Calls under /services."""

    def __init__(self, core: Core, account: AccountArea, okms: OkmsArea) -> None:
        super().__init__(core)
        self._account = account
        self._okms = okms

    def _domain(self, service: Service) -> Okms | None:
        return self.state.okms.get(service.resource_name) if service.product == "okms" else None

    def _service(self, call: Call) -> Service:
        service = self.state.services.get(call.params["serviceId"])
        domain = self._domain(service) if service else None
        if service is None or (domain and (domain.gone or domain.services_window.left > 0)):
            raise not_found("service")
        return service

    @serves("GET /services")
    def ids(self, call: Call) -> list[int]:
        """Ids of services; a service just delivered is not there yet."""
        found = []
        for service in self.state.services.values():
            if call.query.get("resourceName", service.resource_name) != service.resource_name:
                continue
            if call.query.get("routes", _ROUTES[service.product][0]) != _ROUTES[service.product][0]:
                continue
            domain = self._domain(service)
            if domain and (domain.gone or not domain.services_window.tick()):
                continue
            found.append(service.service_id)
        return found

    @serves("GET /services/{serviceId}")
    def get(self, call: Call) -> dict[str, t.Any]:
        """One service."""
        service = self._service(call)
        path, variable = _ROUTES[service.product]
        name = "OVHcloud KMS" if service.product == "okms" else "VMware on OVHcloud"
        contact = self.state.account.nichandle
        kinds = ("administrator", "technical", "billing")
        return {
            "billing": self._billing(service, name),
            "customer": {"contacts": [{"customerCode": contact, "type": kind} for kind in kinds]},
            "parentServiceId": None,
            "resource": {
                "displayName": service.display_name,
                "name": service.resource_name,
                "product": {"description": name, "name": service.product},
                "resellingProvider": None,
                "state": "active" if service.state == "active" else "suspended",
            },
            "route": {
                "path": path,
                "url": path.replace("{" + variable + "}", service.resource_name),
                "vars": [{"key": variable, "value": service.resource_name}],
            },
            "serviceId": service.service_id,
            "tags": [],
        }

    def _billing(self, service: Service, invoice_name: str) -> dict[str, t.Any]:
        end = stamp(service.created + _MONTH)
        pricing = {
            "capacities": ["renew"],
            "description": "Monthly fees",
            "duration": "P1M",
            "engagementConfiguration": None,
            "interval": 1,
            "maximumQuantity": 1,
            "maximumRepeat": None,
            "minimumQuantity": 1,
            "minimumRepeat": 1,
            "price": self.core.price(self.core.settings.order_price),
            "priceInUcents": round(self.core.settings.order_price * 100_000_000),
            "pricingMode": "default",
            "pricingType": "rental",
        }
        pending = [service.policy] if service.policy != "empty" else []
        return {
            "engagement": None,
            "engagementRequest": None,
            "expirationDate": end,
            "group": None,
            "lifecycle": {
                "capacities": {"actions": ["terminate", "terminateAtExpirationDate"]},
                "current": {
                    "creationDate": stamp(service.created),
                    "pendingActions": pending,
                    "state": service.state,
                    "terminationDate": None,
                },
            },
            "nextBillingDate": end,
            "plan": {"code": service.product, "invoiceName": invoice_name},
            "pricing": pricing,
            "renew": {
                "capacities": {"mode": ["automatic", "manual"]},
                "current": {"mode": service.renew_mode, "nextDate": end, "period": service.renew_period},
            },
        }

    @serves("PUT /services/{serviceId}")
    def update(self, call: Call) -> None:
        """Rename, change renewal; the new name reaches the resource after some reads."""
        service, body = self._service(call), call.body
        if body.get("displayName") is not None:
            service.display_name = body["displayName"]
            domain = self._domain(service)
            if domain:
                domain.new_name = (body["displayName"], Countdown(self.core.settings.rename_reads))
        if body.get("renew") is not None:
            service.renew_mode = body["renew"].get("mode", service.renew_mode)
            service.renew_period = body["renew"].get("period", service.renew_period)
        if body.get("terminationPolicy") is not None:
            service.policy = body["terminationPolicy"]

    # --- termination

    def _terminable(self, call: Call) -> Service:
        service = self._service(call)
        if service.state == "terminated":
            raise error(460)
        return service

    def _terminate(self, service: Service) -> None:
        service.state, service.token = "terminated", ""
        domain = self._domain(service)
        if domain:
            self._okms.suspend(domain)

    @serves("POST /services/{serviceId}/terminate")
    def ask(self, call: Call) -> dict[str, str]:
        """Ask for the termination: a mail brings the token."""
        service = self._terminable(call)
        service.token = self.core.secret(24)
        link = f"https://www.ovh.test/manager/#/billing/confirmTerminate?id={service.service_id}&token={service.token}"
        text = f"You asked to terminate your service {service.resource_name}.\nTo confirm, follow this link:\n{link}\n"
        self._account.send_mail(f"Termination of {service.resource_name}", text)
        return {"message": "A mail with a confirmation token was sent to the administrator contact"}

    @serves("POST /services/{serviceId}/terminate/confirm")
    def confirm(self, call: Call) -> dict[str, str]:
        """Confirm with the token."""
        service = self._terminable(call)
        if not service.token or call.body["token"] != service.token:
            raise bad_request("This token is not valid")
        self._terminate(service)
        return {"message": "The termination is confirmed"}

    @serves("DELETE /services/{serviceId}")
    def delete(self, call: Call) -> dict[str, str]:
        """Terminate without a token, where the account may."""
        service = self._terminable(call)
        if not self.core.settings.direct_termination:
            raise error(403, "This account has to confirm terminations by mail")
        self._terminate(service)
        return {"message": "The service is terminated"}

    @serves("POST /services/{serviceId}/terminate/skipRetentionPeriod")
    def skip_retention(self, call: Call) -> None:
        """Free the resources of a terminated service now."""
        service = self._service(call)
        if service.state != "terminated":
            raise conflict("This service is not terminated")
        domain = self._domain(service)
        if domain:
            domain.gone = True
