# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audit logs of an OKMS domain: their kinds, and subscriptions that send them to streams of Logs Data Platform."""

from __future__ import annotations

import typing as t

from .core import Area, Call, new_uuid, serves, stamp
from .errors import conflict, error, not_found
from .okms import usable
from .state import Countdown, LogSubscription, Okms

_LOG = "/v2/okms/resource/{okmsId}/log"
# guide kms-logs: the fields of both kinds, those of one kind
_BOTH = ["domain_id", "request_id", "log_level", "client_ip", "tls_cert_id", "res_urn", "region", "iam_operation"]
_KMIP = ["kmip_operation", "kmip_reason"]
_REST = ["type", "http_path", "http_status", "http_method", "err_category"]
Data = dict[str, t.Any]


class LogArea(Area):
    """Calls under /v2/okms/resource/{okmsId}/log."""

    # --- kinds

    @serves(f"GET {_LOG}/kind")
    def kinds(self, call: Call) -> list[Data]:
        """The kinds of logs that a domain has."""
        domain = usable(self, call)
        return [self._kind(domain, name) for name in self.core.settings.log_kinds]

    @serves(f"GET {_LOG}/kind/{{name}}")
    def kind(self, call: Call) -> Data:
        """One kind."""
        domain, name = usable(self, call), call.params["name"]
        if name not in self.core.settings.log_kinds:
            raise not_found(f"log kind {name}")
        return self._kind(domain, name)

    def _kind(self, domain: Okms, name: str) -> Data:
        made = stamp(self.state.services[domain.service_id].created)
        own = _KMIP if "kmip" in name.lower() else _REST
        return {
            "additionalReturnedFields": [*_BOTH, "iam_identities", *own],
            "createdAt": made,
            "displayName": f"OKMS {name} audit",
            "kindId": new_uuid(),
            "name": name,
            "updatedAt": made,
        }

    # --- subscriptions

    @serves(f"GET {_LOG}/subscription")
    def subscriptions(self, call: Call) -> list[Data]:
        """All of a domain that can be seen, or those of one kind."""
        domain, kind = usable(self, call), call.query.get("kind")
        found = [one for one in list(domain.log_subscriptions.values()) if self._seen(domain, one)]
        return [self._shown(domain, one) for one in found if kind in (None, one.kind)]

    @serves(f"GET {_LOG}/subscription/{{subscriptionId}}")
    def subscription(self, call: Call) -> Data:
        """One subscription."""
        domain = usable(self, call)
        found = self._subscription(domain, call)
        if not self._seen(domain, found):
            raise not_found(f"log subscription {found.subscription_id}")
        return self._shown(domain, found)

    @serves(f"POST {_LOG}/subscription")
    def subscribe(self, call: Call) -> Data:
        """Send a kind of logs to a stream: an operation of Logs Data Platform, which is answered at once."""
        domain, kind, stream = usable(self, call), call.body["kind"], call.body["streamId"]
        settings = self.core.settings
        if kind not in settings.log_kinds:
            raise not_found(f"log kind {kind}")
        if stream not in self.state.streams:
            raise error(settings.log_stream_refused, f"Stream {stream} is unknown")
        same = [one for one in domain.log_subscriptions.values() if (one.kind, one.stream_id) == (kind, stream)]
        if same and settings.log_subscription_once:
            raise conflict("This stream is already subscribed to these logs")
        self.add(domain, kind, stream).window = Countdown(settings.log_subscription_reads)
        return self._operation(stream)

    @serves(f"DELETE {_LOG}/subscription/{{subscriptionId}}")
    def unsubscribe(self, call: Call) -> Data:
        """End a subscription: again an operation. Lines that are in the stream stay there."""
        domain = usable(self, call)
        found = self._subscription(domain, call)
        found.leaving = Countdown(self.core.settings.log_subscription_reads)
        if found.leaving.left == 0:
            del domain.log_subscriptions[found.subscription_id]
        return self._operation(found.stream_id)

    def add(self, domain: Okms, kind: str, stream: str) -> LogSubscription:
        """A subscription that is there at once."""
        made = LogSubscription(new_uuid(), kind, stream, self.core.now())
        domain.log_subscriptions[made.subscription_id] = made
        return made

    # --- parts

    @staticmethod
    def _subscription(domain: Okms, call: Call) -> LogSubscription:
        found = domain.log_subscriptions.get(call.params["subscriptionId"])
        if found is None:
            raise not_found(f"log subscription {call.params['subscriptionId']}")
        return found

    @staticmethod
    def _seen(domain: Okms, one: LogSubscription) -> bool:
        """One read: what was asked for comes nearer."""
        if one.leaving is not None and one.leaving.tick():
            del domain.log_subscriptions[one.subscription_id]
            return False
        return one.window.tick()

    def _operation(self, stream: str) -> Data:
        return {"operationId": new_uuid(), "serviceName": self.state.streams.get(stream, "")}

    def _shown(self, domain: Okms, one: LogSubscription) -> Data:
        return {
            "createdAt": stamp(one.created),
            "kind": one.kind,
            "resource": {"name": domain.okms_id, "type": "okms"},
            "serviceName": self.state.streams.get(one.stream_id, ""),
            "streamId": one.stream_id,
            "subscriptionId": one.subscription_id,
            "updatedAt": stamp(one.created),
        }
